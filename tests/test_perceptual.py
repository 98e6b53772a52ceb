"""The content term: maps by hand, the gradient through Lab to the generator, weights and what happens without them."""

import logging

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional
from torchvision.models import VGG16_Weights, resnet18
from torchvision.models.vgg import cfgs, make_layers

from colorlib.color import lab_to_rgb
from colorlib.color.spaces import COLOR_SPACES, LAB
from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.losses import Prediction
from colorlib.losses.objective import objective
from colorlib.losses.perceptual import on_screen, read_layers
from colorlib.model import Model
from colorlib.models.features import feature_network
from colorlib.models.heads import ColorHead
from colorlib.models.resnet import IMAGENET_MEAN, IMAGENET_STD, gray_resnet18
from colorlib.recipes import get
from colorlib.systems import build_system
from colorlib.training.choices import change
from colorlib.training.plan import plan
from colorlib.training.stages import fit

ENGINE = Engine("cpu", "fp32")


@pytest.fixture(scope="module")
def vgg():
    """Torchvision's own VGG16, with random weights, and its file."""
    torch.manual_seed(0)
    return make_layers(cfgs["D"]).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def vgg_file(vgg, tmp_path_factory):
    file = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    torch.save(vgg.state_dict(prefix="features.") | {"classifier.0.bias": torch.zeros(3)}, file)
    return file


@pytest.fixture(scope="module")
def gray_file(tmp_path_factory):
    """A ResNet18 that sees gray, as `pretrain-encoder` writes it."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("gray") / "encoder.safetensors"
    save_file({name: value.contiguous() for name, value in gray_resnet18(5).half().state_dict().items()}, file)
    return file


def content(weights="none", precision="fp32", **options):
    """The term, ready."""
    config = Config(loss={"content": {"weight": 2.0, **options}}, content_weights=str(weights))
    (term,) = objective(config.loss)
    term.prepare(Engine("cpu", precision), config)
    return term


def pictures(side=32):
    torch.manual_seed(1)
    rgb = functional.interpolate(torch.rand(2, 3, 8, 8), (side, side), mode="bilinear")
    gray, color = LAB.split(rgb)
    return rgb, gray, color


def normalized(rgb):
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (rgb - mean) / std


# ------------------------------------------------------------ the value


def test_it_is_the_mean_squared_difference_of_torchvisions_maps(vgg, vgg_file):
    """*coco*'s formula, with torchvision's layers counted by hand: relu1_2 is the fourth, relu2_2 the ninth."""
    rgb, gray, color = pictures()
    predicted = 0.5 * color
    seen = lab_to_rgb(torch.cat([50 * gray + 50, 110 * predicted], dim=1))
    for layer, last in (("relu1_2", 4), ("relu2_2", 9), ("relu3_3", 16), ("relu5_3", 30)):
        true_map, map_ = vgg[:last](normalized(rgb)), vgg[:last](normalized(seen))
        channels, height, width = true_map.shape[1:]
        by_hand = ((true_map - map_) ** 2).sum(dim=(1, 2, 3)) / (channels * height * width)
        given = Prediction(ColorHead(LAB), gray, color, predicted)
        torch.testing.assert_close(content(vgg_file, layer=layer)(given), 2 * by_hand.mean(), rtol=1e-3, atol=1e-7)


def test_the_usual_layer_is_relu2_2_and_several_are_a_weighted_sum(vgg_file):
    _, gray, color = pictures()
    given = Prediction(ColorHead(LAB), gray, color, 0 * color)
    values = {layer: content(vgg_file, layer=layer)(given) for layer in ("relu2_2", "relu3_3", "0.5*relu2_2+3*relu3_3")}
    assert torch.equal(content(vgg_file)(given), values["relu2_2"])
    both = 0.5 * values["relu2_2"] + 3 * values["relu3_3"]
    torch.testing.assert_close(values["0.5*relu2_2+3*relu3_3"], both)


def test_at_another_size(vgg, vgg_file):
    rgb, gray, color = pictures(48)
    term = content(vgg_file, size=32.0, layer="relu1_1")
    small = functional.interpolate(rgb, (32, 32), mode="bilinear", antialias=True)
    torch.testing.assert_close(term.function.maps(rgb)["relu1_1"], vgg[:2](normalized(small)))
    assert term(Prediction(ColorHead(LAB), gray, color, 0 * color)) > 0


@pytest.mark.parametrize("space", COLOR_SPACES.values(), ids=list(COLOR_SPACES))
def test_a_true_prediction_costs_nothing_in_every_color_space(space):
    rgb = pictures()[0]
    gray, color = space.split(rgb)
    term = content()
    right, wrong = (
        term(Prediction(ColorHead(space), gray, color, given)) for given in (color, color.mean() + 0 * color)
    )
    assert right < 1e-3 * wrong


def test_the_gray_encoder_is_shown_each_channel_and_so_it_sees_color(gray_file):
    rgb, gray, color = pictures()
    term, network = content(gray_file), gray_resnet18(5).eval()
    torch.manual_seed(0)
    network.load_state_dict(gray_resnet18(5).half().float().state_dict())

    def layer1(channel):
        x = network.relu(network.bn1(network.conv1(2 * channel - 1)))
        return network.layer1(network.maxpool(x))

    maps = torch.stack([layer1(rgb[:, [number]]) for number in range(3)], dim=1).flatten(0, 1)
    torch.testing.assert_close(term.function.maps(rgb)["layer1"], maps, atol=1e-4, rtol=1e-3)
    turned = term(Prediction(ColorHead(LAB), gray, color, color.flip(1)))  # the lightness is the same
    assert turned > 1e-3 and term(Prediction(ColorHead(LAB), gray, color, color)) < 1e-4 * turned


def test_a_resnet18_that_sees_rgb_sees_it_as_imagenets(tmp_path):
    torch.manual_seed(0)
    network = resnet18(weights=None).eval()
    torch.save(network.state_dict(), tmp_path / "resnet18.pth")
    rgb = pictures()[0]
    maps = content(tmp_path / "resnet18.pth", layer="relu").function.maps(rgb)["relu"]
    torch.testing.assert_close(maps, network.relu(network.bn1(network.conv1(normalized(rgb)))))


# ------------------------------------------------------------ the gradient


def test_the_gradient_is_that_of_the_value(vgg_file):
    """Through the network, RGB and Lab, against finite differences."""
    rgb = 0.3 + 0.4 * torch.rand(1, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    gray, color = LAB.split(rgb)
    term = content(vgg_file, "fp64", layer="relu1_2")

    def value(predicted):
        return term(Prediction(ColorHead(LAB), gray, color, predicted))

    assert torch.autograd.gradcheck(value, (0.8 * color).requires_grad_(), eps=1e-6, atol=1e-5)


def test_it_teaches_the_generator_and_its_network_does_not_learn(tmp_path):
    """The challenge that *coco* names: a picture made by numpy, or detached, would give the generator no gradient."""
    config = Config(Model(widths=(8, 16)), loss={"content": 10.0}, content_weights="none", batch_size=4)
    system = build_system(config, ENGINE)
    network = system.terms[0].function.network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(0)
    prediction = system.predict(torch.rand(4, 3, 32, 32))
    system.weigh(prediction)["loss_G"].backward()
    gradients = [weight.grad for weight in system.generator.parameters()]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)
    system.step(torch.rand(4, 3, 32, 32))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not network.training and not any(weight.requires_grad for weight in network.parameters())
    assert set(system.parts().networks) == {"generator"}  # neither saved nor trained


def test_outside_the_gamut_it_sees_the_screen_and_keeps_its_gradient():
    rgb = torch.tensor([1.4, 0.5, -0.3]).view(1, 3, 1, 1).requires_grad_()
    seen = on_screen(rgb)
    torch.testing.assert_close(seen.flatten(), torch.tensor([1.0, 0.5, 0.0]))
    (seen * torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)).sum().backward()
    assert rgb.grad.flatten().tolist() == [1, 2, 3]
    _, gray, color = pictures()
    predicted = (5 * color).requires_grad_()  # far outside
    given = Prediction(ColorHead(LAB), gray, color, predicted)
    assert given.rgb.max() > 1.2
    content()(given).backward()
    assert predicted.grad.isfinite().all() and (predicted.grad.abs().amax(dim=1) > 0).all()


def test_in_half_precision():
    _, gray, color = pictures()
    predicted = (0.5 * color).requires_grad_()
    given = Prediction(ColorHead(LAB), gray, color, predicted)
    half, whole = content(precision="bf16"), content()
    assert half.function.maps(given.true_rgb)["relu2_2"].dtype == torch.bfloat16
    value = half(given)
    assert value.dtype == torch.float32 and value.item() == pytest.approx(whole(given).item(), rel=0.05)
    value.backward()
    assert predicted.grad.abs().sum() > 0


# ------------------------------------------------------------ weights


def test_imagenet_is_the_file_that_torchvision_downloads_wherever_it_comes_from(vgg, vgg_file, tmp_path, monkeypatch):
    """Here it was put in place by hand; with internet torchvision puts it there."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    place = tmp_path / "checkpoints" / VGG16_Weights.IMAGENET1K_V1.url.rsplit("/", 1)[1]
    place.parent.mkdir()
    place.write_bytes(vgg_file.read_bytes())
    rgb = pictures()[0]
    torch.testing.assert_close(content("imagenet").function.maps(rgb)["relu2_2"], vgg[:9](normalized(rgb)))
    stages = [stage.replace(checkpoints_path=str(tmp_path / "run")) for stage in get("coco-3", "smoke")]
    assert stages[0].content_weights == "imagenet"
    assert fit([stages[0].replace(max_steps=1)], progress=False).history


def test_without_internet_it_says_what_was_asked_where_to_put_it_and_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def offline(*arguments, **settings):
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(ConfigError) as said:
        fit([stage.replace(checkpoints_path=str(tmp_path / "run")) for stage in get("coco-2", "smoke")], progress=False)
    place = str(tmp_path / "checkpoints" / "vgg16-")
    for words in ("--content-weights imagenet", "no route to host", place, "pretrain-encoder", "none for random"):
        assert words in str(said.value)
    assert not (tmp_path / "run").exists() and "\n" not in str(said.value)


def test_random_weights_are_said_and_always_the_same(caplog):
    torch.manual_seed(5)
    with caplog.at_level(logging.WARNING, "colorlib"):
        one = content("none").function.network
    assert "--content-weights none" in caplog.text and "random" in caplog.text
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), drawn)  # the draws of a training stay its own
    two = content("none").function.network
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert one.steps["relu2_2"][0].weight.std() > 0


def test_layers_up_to_the_one_asked_for_are_enough(vgg, tmp_path):
    weights = {name: value for name, value in vgg.state_dict(prefix="features.").items() if int(name.split(".")[1]) < 9}
    save_file(weights, tmp_path / "first.safetensors")
    network = feature_network(str(tmp_path / "first.safetensors"), asked="it")
    assert list(network.steps) == ["relu1_1", "relu1_2", "relu2_1", "relu2_2"]
    with pytest.raises(ConfigError, match="^it: not a VGG16: features.10.weight is missing"):
        feature_network(str(tmp_path / "first.safetensors"), ("relu3_3",), "it")


def test_what_is_no_such_network_is_refused_in_a_line_before_anything_is_written(vgg, tmp_path):
    good = vgg.state_dict(prefix="features.")
    files = {
        "text.pth": (b"weights", "no file of weights"),
        "other.pth": ({"weight": torch.zeros(3)}, "neither a VGG16 nor a ResNet18"),
        "vgg19.pth": (make_layers(cfgs["E"]).state_dict(prefix="features."), "not a VGG16: it has features.16.bias"),
        "wide.pth": (good | {"features.2.weight": torch.zeros(9, 64, 3, 3)}, r"features.2.weight is \(9, 64, 3, 3\)"),
        "nan.pth": (good | {"features.0.bias": torch.full((64,), torch.nan)}, "broken; features.0.bias"),
    }
    for name, (given, words) in files.items():
        file, run = tmp_path / name, tmp_path / "run"
        if isinstance(given, bytes):
            file.write_bytes(given)
        else:
            torch.save(given, file)
        config = Config(loss={"content": 1.0}, content_weights=str(file), checkpoints_path=str(run))
        with pytest.raises(ConfigError, match=f"^--content-weights .*{name}: .*{words}") as said:
            fit(config, progress=False)
        assert "\n" not in str(said.value) and not run.exists()
    with pytest.raises(ConfigError, match="no such file; give imagenet, none, or a file of VGG16's"):
        fit(config.replace(content_weights="missing.pth"), progress=False)
    assert not run.exists()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"layer": "relu9_9"}, "VGG16 has no layer 'relu9_9'; it has relu1_1, relu1_2"),
        ({"layer": "layer1"}, "VGG16 has no layer 'layer1'"),
        ({"layer": ""}, "layer is ''; it takes one, or several"),
        ({"layer": "relu1_1+relu1_1"}, "it takes one, or several"),
        ({"layer": "0*relu1_1"}, "it takes one, or several"),
        ({"layer": "big*relu1_1"}, "it takes one, or several"),
        ({"size": 2}, "size is 2; it takes pixels"),
        ({"size": "large"}, "size is 'large'"),
        ({"size": 8, "layer": "relu5_1"}, "8 pixels are too few for relu5_1; give an earlier layer"),
        ({"depth": 2}, "no option 'depth'; it takes layer, size"),
    ],
)
def test_options_that_can_not_be_are_named(options, words):
    loss = {"content": {"weight": 1.0, **options}}
    with pytest.raises(ConfigError, match=f"^--loss content: .*{words}"):
        build_system(Config(loss=loss, content_weights="none"), ENGINE)


def test_layers_are_read():
    assert read_layers("relu2_2") == {"relu2_2": 1.0}
    assert read_layers("0.5*relu1_2+relu3_3") == {"relu1_2": 0.5, "relu3_3": 1.0}


def test_weights_without_the_term_are_refused_and_change_the_stages_that_have_it():
    with pytest.raises(ConfigError, match="--content-weights none has no effect with a --loss without content"):
        plan([Config(content_weights="none")])
    (stage,) = change(get("coco-2", "smoke"), {"content_weights": "none"})
    assert stage.content_weights == "none"
    with pytest.raises(ConfigError, match="no effect with a --loss without content"):
        change(get("coco-1", "smoke"), {"content_weights": "none"})


# ------------------------------------------------------------ a run


def test_a_run_needs_the_weights_to_go_on_and_its_colorizer_does_not(gray_file, tmp_path):
    weights = tmp_path / "encoder.safetensors"
    weights.write_bytes(gray_file.read_bytes())
    folder = {"checkpoints_path": str(tmp_path / "run"), "content_weights": str(weights)}
    stages = [stage.replace(max_steps=2, **folder) for stage in get("coco-3", "smoke")]
    run = fit(stages, progress=False)
    assert {"loss_G_content", "loss_G_L1", "loss_G_GAN"} <= set(run.history[0])
    assert run.history[0]["loss_G_content"] > 0
    weights.rename(tmp_path / "moved.safetensors")
    longer = [stage.replace(max_steps=4) for stage in stages]
    with pytest.raises(ConfigError, match="^--content-weights .*encoder.safetensors: no such file"):
        fit(longer, resume=True, progress=False)
    moved = [stage.replace(content_weights=str(tmp_path / "moved.safetensors")) for stage in longer]
    assert fit(moved, resume=True, progress=False).history[-1]["step"] == 4
    (tmp_path / "moved.safetensors").unlink()
    assert run.colorizer().colorize_batch(torch.rand(1, 3, 32, 32)).shape == (1, 3, 32, 32)
    assert "content" not in (run.folder / "best" / "config.json").read_text()
