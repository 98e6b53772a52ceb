"""The residual generators of *coco*: sizes, shapes, what reaches what, errors."""

import pytest
import torch

from colorlib.colorizer import Colorizer
from colorlib.errors import ConfigError
from colorlib.model import Model
from colorlib.models import build_generator, count_parameters
from colorlib.models.residual import Residual, ResidualBlock, ResidualUNet, ResidualUNet2x
from colorlib.recipes import get

SMALL = {"residual": (8, 8), "residual_unet": (8, 16, 32), "residual_unet_2x": (8, 16, 32)}


@pytest.mark.parametrize("name, millions", [("coco-4", 0.68), ("coco-5", 77.38), ("coco-6", 77.45)])
def test_sizes_of_the_recipes(name, millions):
    with torch.device("meta"):
        generator = build_generator(get(name, "full")[0].model)
    assert count_parameters(generator) / 1e6 == pytest.approx(millions, abs=0.005)


@pytest.mark.parametrize("name", SMALL)
def test_shapes_ranges_and_gradients(name):
    torch.manual_seed(0)
    for space, channels, low in (("lab", 2, -1), ("yuv", 2, 0), ("lab_3", 3, -1)):
        model = build_generator(Model(generator=name, widths=SMALL[name], color_space=space))
        model.initialize()
        color = model(torch.rand(2, 1, 32, 48) * 2 - 1)
        assert color.shape == (2, channels, 32, 48)
        assert low <= color.min() and color.max() <= 1
        color.square().mean().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_starts_near_gray_from_its_seed_and_is_opened_again(name, tmp_path):
    model, made = Model(generator=name, widths=SMALL[name]), []
    for _ in range(2):
        torch.manual_seed(0)
        made.append(build_generator(model))
        made[-1].initialize()
    states = [generator.state_dict() for generator in made]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    gray = torch.rand(4, 1, 32, 32) * 2 - 1
    assert made[0](gray).abs().mean() < 0.1
    Colorizer(made[0], model).save(tmp_path / "it")
    opened = Colorizer.load(tmp_path / "it").generator
    with torch.no_grad():
        torch.testing.assert_close(opened.eval()(gray), made[0].eval()(gray))


def test_a_block_adds_what_came_in():
    """With its convolutions silenced, it is a ReLU; where the shape changes, a 1x1 convolution brings it along."""
    block, x = ResidualBlock(4, 4).eval(), torch.randn(2, 4, 8, 8)
    torch.nn.init.zeros_(block.convolutions[-1].weight)
    torch.testing.assert_close(block(x), torch.relu(x))
    assert ResidualBlock(4, 6, stride=2)(x).shape == (2, 6, 4, 4)


def test_without_downsampling_a_color_depends_on_49x49_pixels_with_nine_blocks():
    model = Residual((2,) * 9, activation="none").eval()
    for parameter in model.parameters():
        parameter.data.fill_(0.1)
    gray = torch.rand(1, 1, 64, 64, requires_grad=True)
    model(gray)[0, 0, 32, 32].backward()
    rows = gray.grad[0, 0].abs().sum(dim=1).nonzero()
    assert rows.max() - rows.min() + 1 == 49
    assert not any(layer.stride != (1, 1) for layer in model.modules() if isinstance(layer, torch.nn.Conv2d))


def test_every_level_of_the_u_net_is_a_block_and_skips_return():
    model, shapes = ResidualUNet((4, 8, 16)), []
    for level in (*model.encoder, *model.decoder):
        level.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape[1:])))
        assert sum(isinstance(part, ResidualBlock) for part in level.modules()) == 1
    model(torch.zeros(2, 1, 16, 16))
    assert shapes == [(4, 16, 16), (8, 8, 8), (16, 4, 4), (8, 8, 8), (4, 16, 16)]
    model.eval()
    for parameter in model.encoder[-1].parameters():  # cut the path through the bottom: detail comes by the skips
        torch.nn.init.zeros_(parameter)
    assert model(torch.randn(1, 1, 16, 16)).std() > 1e-3


def test_the_added_layer_doubles_the_picture_before_colors_are_averaged():
    model, shapes = ResidualUNet2x((4, 8, 16)).eval(), []
    model.to_color.register_forward_hook(lambda module, inputs, output: shapes.append(output))
    color = model(torch.randn(1, 1, 16, 16))
    (fine,) = shapes
    assert fine.shape == (1, 2, 32, 32)
    means = torch.tanh(fine).unflatten(2, (16, 2)).unflatten(4, (16, 2)).mean(dim=(3, 5))
    torch.testing.assert_close(color, means)


def test_a_u_net_of_blocks_listens_resizes_and_classifies_as_a_u_net():
    model = Model(generator="residual_unet", widths=(8, 16), upsampling="resize", conditions=("saturation",))
    generator = build_generator(model)
    generator.initialize()
    torch.nn.init.normal_(generator.film.to_levels.weight)
    gray = torch.rand(2, 1, 16, 16)
    low, high = (generator.eval()(gray, {"saturation": torch.full((2,), target)}) for target in (0.1, 0.9))
    assert (low - high).abs().max() > 1e-4
    bins = Model(generator="residual_unet", widths=(8, 16), stem_stride=2, head="bins")
    assert build_generator(bins)(gray).shape[-2:] == (8, 8)


def test_what_can_not_be_is_named():
    for name in ("residual", "residual_unet_2x"):
        with pytest.raises(ConfigError, match=f"--generator {name} answers at full size, and --head bins wants less"):
            build_generator(Model(generator=name, stem_stride=2, head="bins"))
    with pytest.raises(ConfigError, match="listens to none"):
        build_generator(Model(generator="residual", conditions=("hue",)))
    with pytest.raises(ConfigError, match="--image-size 30: with 4 levels, sides must be multiples of 8"):
        build_generator(Model(generator="residual_unet", image_size=30))
