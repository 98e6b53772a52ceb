"""The U-Net: published size, shapes, errors."""

import pytest
import torch

from colorlib.model import Model
from colorlib.models import build_generator, count_parameters
from colorlib.models.unet import UNet, Up
from colorlib.recipes import get


def test_published_size_for_32x32():
    """64-128-256-512-512 at 32x32 (Nazeri et al. 2018) has about 16.7 M parameters."""
    assert round(count_parameters(UNet((64, 128, 256, 512, 512))) / 1e6, 1) == 16.7


def test_size_for_256x256():
    model = build_generator(get("unet-l2", "full")[0].model)
    assert model.size_multiple == 256
    assert round(count_parameters(model) / 1e6) == 55


@pytest.mark.parametrize("stem_stride", [1, 2])
@pytest.mark.parametrize("channels", [2, 3])
def test_shapes_and_ranges(stem_stride, channels):
    gray = torch.rand(2, 1, 32, 48) * 2 - 1
    for activation, low in (("tanh", -1), ("sigmoid", 0)):
        color = UNet((8, 16, 32), channels, stem_stride, activation)(gray)
        assert color.shape == (2, channels, 32, 48)
        assert low <= color.min() and color.max() <= 1


def test_levels_halve_and_skips_return():
    model, shapes = UNet((4, 8, 16)), []
    for level in (*model.encoder, *model.decoder):
        level.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape[1:])))
    model(torch.zeros(2, 1, 16, 16))
    assert shapes == [(4, 16, 16), (8, 8, 8), (16, 4, 4), (16, 8, 8), (8, 16, 16)]


def test_skip_connections_carry_detail():
    """With the path through the bottom cut, the output still depends on the picture, through the skips."""
    model = UNet((4, 8, 16)).eval()
    for parameter in model.encoder[-1].parameters():
        torch.nn.init.zeros_(parameter)
    torch.nn.init.normal_(model.to_color.weight)
    assert model(torch.randn(1, 1, 16, 16)).std() > 0.01


def test_starts_near_gray():
    torch.manual_seed(0)
    model = UNet()
    model.initialize()
    assert model(torch.rand(4, 1, 32, 32)).abs().mean() < 0.1  # of 1; with torch's own weights 0.2


def test_every_parameter_gets_a_gradient():
    model = UNet((4, 8, 16), stem_stride=2)
    model(torch.randn(2, 1, 16, 16)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match="multiples of 4, got 30x32"):
        UNet((4, 8, 16))(torch.zeros(1, 1, 30, 32))


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_only_a_transposed_convolution_makes_checkerboards(upsampling):
    """Fed the same value everywhere, an untrained level's output differs from pixel to pixel, or doesn't."""
    torch.manual_seed(0)
    level = Up(4, 8, skip=0, upsampling=upsampling)
    inside = level.conv(torch.ones(1, 4, 8, 8))[..., 4:12, 4:12]  # the border's zeros don't reach there
    assert inside.shape == (1, 8, 8, 8)
    flat = (inside - inside[..., :1, :1]).abs().max() < 1e-5
    assert flat == (upsampling == "resize")


def test_every_upsampling_gives_the_same_shapes():
    gray = torch.rand(2, 1, 32, 48)
    for upsampling in ("transposed", "resize"):
        model = Model(widths=(8, 16, 32), upsampling=upsampling)
        assert build_generator(model)(gray).shape == (2, 2, 32, 48)
