"""The generator on a ResNet18: its stem, its weights, its encoder that learns slower or not at all."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import ResNet18_Weights, resnet18, resnet34

from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.model import Model
from colorlib.models import build_generator
from colorlib.models.resnet import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    course_encoder,
    encoder_weights,
    fold_stem,
    gray_classifier,
    gray_resnet18,
)
from colorlib.recipes import get
from colorlib.systems import build_system
from colorlib.systems.optimizers import parameter_groups
from colorlib.training.plan import plan
from colorlib.training.stages import fit

MODEL = Model(generator="resnet18")


@pytest.fixture(scope="module")
def usual():
    """Torchvision's ResNet18, which sees RGB, with statistics of batch norm as a trained one has."""
    torch.manual_seed(0)
    network = resnet18(weights=None).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.3)
            module.running_var.uniform_(0.5, 2)
    return network


@pytest.fixture(scope="module")
def generator():
    made = build_generator(MODEL)
    torch.manual_seed(0)
    made.initialize()
    return made


def same(state, other):
    return all(torch.equal(state[name], other[name]) for name in state)


def test_a_folded_stem_answers_to_gray_photos_as_the_usual_one(usual):
    value = torch.rand(2, 1, 96, 96)  # R = G = B = v in [0, 1], and gray = 2 v - 1
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    gray = gray_resnet18().eval()
    gray.load_state_dict(fold_stem(usual.state_dict()))
    with torch.no_grad():
        before = usual.bn1(usual.conv1((value.expand(-1, 3, -1, -1) - mean) / std))
        after = gray.bn1(gray.conv1(2 * value - 1))
    # Beyond the border both see zeros, which are the mean color for the one and medium gray for the other.
    torch.testing.assert_close(after[..., 2:-2, 2:-2], before[..., 2:-2, 2:-2], atol=1e-5, rtol=1e-4)
    assert same(fold_stem(gray.state_dict()), gray.state_dict())  # it sees gray already


def test_an_older_file_that_does_not_count_batches_will_do(usual, tmp_path):
    """As torchvision's own may be, which is older than these counts."""
    older = {name: value for name, value in usual.state_dict().items() if "num_batches_tracked" not in name}
    torch.save(older, tmp_path / "older.pth")
    made = build_generator(MODEL)
    made.initialize()
    made.load_encoder(encoder_weights(str(tmp_path / "older.pth")))
    assert torch.equal(made.encoder[7][1].conv2.weight, usual.layer4[1].conv2.weight)


def test_imagenet_is_the_file_that_torchvision_downloads_wherever_it_comes_from(usual, tmp_path, monkeypatch):
    """Here it was put in place by hand; with internet torchvision puts it there."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    place = tmp_path / "checkpoints" / ResNet18_Weights.IMAGENET1K_V1.url.rsplit("/", 1)[1]
    place.parent.mkdir()
    torch.save(usual.state_dict(), place)
    assert same(encoder_weights("imagenet"), fold_stem(usual.state_dict()))
    network, classes = gray_classifier("imagenet")
    assert len(classes) == 1000 and "goldfish" in classes and not network.training
    stages = [stage.replace(checkpoints_path=str(tmp_path / "run")) for stage in get("coco-7", "smoke")]
    assert stages[0].encoder_weights == "imagenet" and len(plan(stages)) == 2


def test_without_internet_it_says_what_was_asked_where_to_put_it_and_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def offline(*arguments, **settings):
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(ConfigError) as said:
        fit([stage.replace(checkpoints_path=str(tmp_path / "run")) for stage in get("coco-7", "smoke")], progress=False)
    for words in (
        "imagenet",
        "no route to host",
        str(tmp_path / "checkpoints" / "resnet18-"),
        "pretrain-encoder",
        "none",
    ):
        assert words in str(said.value)
    assert not (tmp_path / "run").exists() and "\n" not in str(said.value)


def torch_file(state, folder) -> Path:
    torch.save(state, folder / "whole.pth")
    return folder / "whole.pth"


def test_what_is_no_resnet18_is_refused_in_a_line(usual, tmp_path):
    good = usual.state_dict()
    files = {
        "nothing.pth": b"",
        "text.pth": b"weights",
        "short.safetensors": b"1234",
        "list.pth": [1, 2],
        "other.pth": {"weight": torch.zeros(3)},
        "wide.pth": good | {"layer1.0.conv1.weight": torch.zeros(128, 64, 3, 3)},
        "resnet34.pth": resnet34(weights=None).state_dict(),
        "cut.pth": Path(torch_file(good, tmp_path)).read_bytes()[:-1000],
        "nan.pth": good | {"layer4.1.bn2.weight": torch.full((512,), torch.nan)},
    }
    for name, content in files.items():
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path)
        with pytest.raises(ConfigError, match=rf"^--encoder-weights .*{name}: ") as said:
            encoder_weights(str(path))
        assert "\n" not in str(said.value) and len(str(said.value)) < 300
    with pytest.raises(ConfigError, match="no such file; give imagenet, none"):
        encoder_weights(str(tmp_path / "missing.pth"))
    torch.save(good, tmp_path / "good.pth")
    with pytest.raises(ConfigError, match="its classes have no names"):
        gray_classifier(str(tmp_path / "good.pth"))
    assert gray_classifier(course_encoder())[1][0] == "goldfish"


def test_the_encoder_gets_the_weights_of_a_file(generator, usual, tmp_path):
    file = tmp_path / "encoder.safetensors"
    save_file({name: value.contiguous() for name, value in usual.half().state_dict().items()}, file)
    usual.float()
    made = copy.deepcopy(generator)
    made.load_encoder(encoder_weights(str(file)))
    weights = fold_stem(usual.state_dict())
    torch.testing.assert_close(made.encoder[0].weight, weights["conv1.weight"], atol=1e-3, rtol=1e-2)
    torch.testing.assert_close(made.encoder[7][1].conv2.weight, weights["layer4.1.conv2.weight"], atol=1e-4, rtol=1e-2)
    assert not same(made.encoder.state_dict(), generator.encoder.state_dict())
    assert same(made.unet.layers[4].state_dict(), generator.unet.layers[4].state_dict())  # the decoder's own


def test_pictures_of_any_size_and_every_color_space(generator):
    generator.eval()
    for height, width in ((32, 32), (33, 47), (8, 64), (100, 30)):
        with torch.no_grad():
            color = generator(torch.rand(1, 1, height, width) * 2 - 1)
        assert color.shape == (1, 2, height, width) and color.abs().max() <= 1
    other = build_generator(Model(generator="resnet18", color_space="yuv"))  # whose gray is in [0, 1]
    other.load_state_dict(generator.state_dict())
    gray, other.activation = torch.rand(1, 1, 32, 32), torch.nn.Tanh()
    with torch.no_grad():
        torch.testing.assert_close(other.eval()(gray), generator(2 * gray - 1))
    assert build_generator(Model(generator="resnet18", color_space="lab_3")).unet.layers[-2][0].out_channels == 3
    with pytest.raises(ConfigError, match="resnet18 answers at full size, and --head bins wants less"):
        build_generator(Model(generator="resnet18", head="bins"))
    with pytest.raises(ConfigError, match="resnet18 listens to none"):
        build_generator(Model(generator="resnet18", conditions=("hue",)))


def test_the_first_weights_follow_from_the_seed_and_its_first_color_is_nearly_gray(generator):
    again = build_generator(MODEL)
    torch.manual_seed(0)
    again.initialize()
    assert same(again.state_dict(), generator.state_dict())
    with torch.no_grad():
        assert generator.eval()(torch.rand(2, 1, 32, 32)).abs().mean() < 0.2


def test_it_is_saved_opened_and_colors(generator, tmp_path):
    Colorizer(generator, MODEL).save(tmp_path / "it")
    opened = Colorizer.load(tmp_path / "it")
    assert same(opened.generator.state_dict(), generator.state_dict())
    rgb = torch.rand(2, 3, 40, 56)
    with torch.no_grad():
        torch.testing.assert_close(opened.colorize_batch(rgb), Colorizer(generator, MODEL).colorize_batch(rgb))


def supervised(**changes):
    config = Config(MODEL, dataset="bundled", batch_size=4).replace(**changes)
    return build_system(config, Engine("cpu", "fp32"))


def test_an_encoder_that_is_frozen_stays_as_it_is(generator):
    system = supervised(encoder_lr=0.0)
    network = system.generator.train()
    before = copy.deepcopy(network.state_dict())
    system.step(torch.rand(4, 3, 32, 32))
    convolutions = {name: weight for name, weight in network.state_dict().items() if weight.ndim == 4}
    changed = {name.split(".")[2] for name, weight in convolutions.items() if not torch.equal(weight, before[name])}
    assert "0" not in changed and {"3", "4", "12"} <= changed  # layers of DynamicUnet; the first is the encoder
    statistics = "unet.layers.0.1.running_mean"
    assert not torch.equal(network.state_dict()[statistics], before[statistics])  # which follow the pictures


def test_an_encoder_that_learns_slower(generator):
    groups = parameter_groups(generator, 0.01, generator.encoder_parameters(), 0.1)
    assert [group["lr"] for group in groups] == [0.01, pytest.approx(0.001)]
    sizes = [sum(weight.numel() for weight in group["params"]) for group in groups]
    assert sizes[1] == sum(weight.numel() for weight in generator.encoder.parameters())
    assert sum(sizes) == sum(weight.numel() for weight in generator.parameters())
    system = supervised(encoder_lr=0.1, lr=1e-3, optimizer="adam")
    assert [group["lr"] for group in system.optimizer.param_groups] == [1e-3, pytest.approx(1e-4)]
    plain = build_generator(Model(widths=(8, 16)))  # which has an encoder, too, but none that was trained before
    assert len(parameter_groups(plain, 0.01, plain.encoder_parameters(), 0.1)) == 1


def test_what_has_no_effect_is_refused(tmp_path):
    folder = {"checkpoints_path": str(tmp_path / "run")}
    for config, words in (
        (Config(encoder_lr=0.1, **folder), "--encoder-lr 0.1 has no effect with --generator unet"),
        (
            Config(encoder_weights="imagenet", **folder),
            "--encoder-weights imagenet has no effect with --generator unet",
        ),
        (Config(MODEL, encoder_weights="imagenet", start_from="starter", **folder), "no effect with --start-from"),
        (Config(Model(generator="resnet18", stem_stride=2), **folder), "--stem-stride 2 has no effect"),
    ):
        with pytest.raises(ConfigError, match=words):
            plan([config])


def test_colorlib_and_its_command_line_do_not_import_fastai():
    code = (
        "import sys, json, colorlib; from colorlib import Colorizer, Config, fit, evaluate\n"
        "from colorlib.cli import commands\nfrom colorlib.training import fastai_training, encoder\n"
        "Colorizer.load('starter')\n"
        "print(json.dumps([name for name in sys.modules if name.split('.')[0] in ('fastai', 'fastcore')]))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == []
