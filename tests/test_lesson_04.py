"""What lesson 4 writes by hand is what colorlib, torchvision and torch do; what its text says of them is so."""

import ast
import copy
import json
from itertools import chain, islice, repeat
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tool import ROOT, load_tool
from torch import nn
from torch.utils.data import DataLoader
from torchvision.models import resnet18

from colorlib.checks import notebook_04 as check
from colorlib.color.spaces import LAB
from colorlib.models.pretrained import importing_fastai
from colorlib.models.resnet import IMAGENET_MEAN, IMAGENET_STD, fold_stem, gray_resnet18
from colorlib.plots import encoder as drawn
from colorlib.training.fastai_training import GrayColorBatches, make_learner

with importing_fastai():
    from fastai.callback.core import Callback

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "04_pretrained_resnet18_generator.ipynb"


@pytest.fixture(scope="module")
def lesson():
    """The names that the lesson's cells with definitions give."""
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]
    names = {"torch": torch, "nn": nn, "F": F, "Path": Path, "copy": copy, "make_learner": make_learner, "LAB": LAB}
    names |= {"way_back": check.finished_decoder, "keep": check.finished_freeze, "device": torch.device("cpu")}
    names |= {"DataLoader": DataLoader, "GrayColorBatches": GrayColorBatches, "batch_size": 4, "islice": islice}
    names |= {"chain": chain, "repeat": repeat, "Callback": Callback, "train_rgb": torch.rand(8, 3, 32, 32)}
    names["valid_rgb"] = names["train_rgb"][:4]
    starts = "def levels", "class Up", "class ResNetUNet", "def pairs", "def learner_of", "def turn_of_d"
    for start in ("class Block", *starts, "def train_gan", "def predict", "def spread"):
        (cell,) = [cell for cell in cells if f"\n{start}" in f"\n{cell}"]
        defined = [one for one in ast.parse(cell).body if isinstance(one, (ast.FunctionDef, ast.ClassDef))]
        exec(compile(ast.Module(defined, []), start, "exec"), names)
    return names


@pytest.fixture(scope="module")
def resnet():
    torch.manual_seed(0)
    return gray_resnet18(10).eval()


@pytest.mark.parametrize(("group", "stride"), [("layer1", 1), ("layer3", 2)])
def test_the_block_is_torchvisions(lesson, resnet, group, stride):
    theirs = getattr(resnet, group)[0]
    channels = theirs.conv1.in_channels
    ours = lesson["Block"](channels, theirs.conv1.out_channels, stride).eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.rand(2, channels, 9, 8)
    assert torch.allclose(ours(x), theirs(x), atol=1e-5)


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (70, 45)])
def test_the_maps_end_in_the_networks_own_answers(lesson, resnet, size):
    gray = torch.rand(2, 1, *size) * 2 - 1
    with torch.no_grad():
        maps = lesson["levels"](resnet, gray)
        assert torch.allclose(resnet.fc(maps[-1].mean(dim=(2, 3))), resnet(gray), atol=1e-5)
    assert [one.shape[1] for one in maps] == [64, 64, 128, 256, 512]


@pytest.mark.parametrize("size", [(32, 32), (70, 45)])
def test_the_generator_takes_every_size_and_starts_gray(lesson, size):
    network = lesson["ResNetUNet"](gray_resnet18(10))
    color = network.eval()(torch.rand(2, 1, *size))
    assert color.shape == (2, 2, *size) and not color.any()


def test_every_map_reaches_the_color(lesson, resnet):
    network = lesson["ResNetUNet"](copy.deepcopy(resnet)).train()
    nn.init.normal_(network.to_color.weight)
    network(torch.rand(4, 1, 32, 32)).square().sum().backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert without == ["encoder.fc.weight", "encoder.fc.bias"]


def test_the_folded_stem_is_colorlibs():
    """The solution's kernel and constant are what `fold_stem` makes; away from the rim both stems are equal."""
    torch.manual_seed(0)
    theirs = resnet18(weights=None).eval()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    kernel = theirs.conv1.weight.detach()
    folded = fold_stem(theirs.state_dict())
    constant = (kernel * (0.5 - mean) / std).sum(dim=(1, 2, 3))
    assert torch.allclose(folded["conv1.weight"], (kernel / (2 * std)).sum(dim=1, keepdim=True))
    assert torch.allclose(theirs.state_dict()["bn1.running_mean"] - folded["bn1.running_mean"], constant, atol=1e-6)
    gray = torch.rand(1, 1, 64, 64) * 2 - 1
    seen = (((gray + 1) / 2).expand(-1, 3, -1, -1) - mean) / std
    apart = F.conv2d(seen, kernel, stride=2, padding=3) - constant.view(1, 64, 1, 1)
    apart = (apart - F.conv2d(gray, folded["conv1.weight"], stride=2, padding=3)).abs().amax(dim=(0, 1))
    assert apart[2:-2, 2:-2].max() < 1e-4
    assert apart.max() > 1e-3


def test_the_network_for_color_photos_folds(resnet):
    """Made of one for gray photos, it answers a gray photo as its folded twin does, but for the rim; not without b."""
    network, mean, std = check.color_network(resnet)
    gray = torch.rand(2, 1, 64, 64) * 2 - 1
    seen = (((gray + 1) / 2).expand(-1, 3, -1, -1) - mean) / std
    folded = gray_resnet18(10).eval()
    folded.load_state_dict(fold_stem(network.state_dict()))
    without = copy.deepcopy(folded)
    without.bn1.running_mean.copy_(network.bn1.running_mean)
    with torch.no_grad():
        true, ours, shifted = (one.bn1(one.conv1(x)) for one, x in ((network, seen), (folded, gray), (without, gray)))
    inside = (slice(None), slice(None), slice(2, -2), slice(2, -2))
    assert torch.allclose(true[inside], ours[inside], atol=1e-4)
    assert (true - shifted)[inside].abs().max() > 0.01


def test_batches_come_in_a_new_order_each_time(lesson):
    rgb = torch.arange(12.0).view(12, 1, 1, 1).expand(-1, 3, 2, 2) / 12
    ours = lesson["pairs"](rgb, seed=1)
    first, second = ([gray.mean().item() for gray, _ in ours] for _ in range(2))
    assert len(ours) == len(first) == 3 and first != second
    assert [gray.mean().item() for gray, _ in lesson["pairs"](rgb, seed=1)] == first


def test_the_learner_leaves_a_frozen_encoder_alone(lesson, tmp_path, monkeypatch):
    """One cycle of a Learner changes the decoder, and no number that the encoder stores; unfrozen, its weights too."""
    monkeypatch.chdir(tmp_path)
    for prepare, moves in ((check.finished_freeze, False), (lambda encoder: encoder.requires_grad_(True), True)):
        network = lesson["ResNetUNet"](gray_resnet18(10))
        before = copy.deepcopy(network.state_dict())
        learner = lesson["learner_of"](network, 0, prepare)
        with learner.no_bar(), learner.no_logging():
            learner.fit_one_cycle(1, 1e-2)
        moved = {name for name, value in network.state_dict().items() if not torch.equal(before[name], value)}
        assert any(name.startswith("encoder") for name in moved) == moves
        assert {"to_color.weight", "ups.0.norm.running_mean"} <= moved


def test_a_spread_names_mean_and_range(lesson):
    assert lesson["spread"]([1.0, 2.0, 6.0], 1) == "3.0 (1.0 to 6.0)"
    assert lesson["spread"]([0.5], 2) == "0.50"


def test_the_gan_leaves_the_encoder_alone(lesson):
    """Stage 2 trains the decoder: no number that the encoder stores changes, be it a weight or batch norm's."""
    network = lesson["ResNetUNet"](gray_resnet18(10))
    first = copy.deepcopy(network)
    lesson["train_gan"](network, 2, 1.0)
    for name, value in network.encoder.state_dict().items():
        assert torch.equal(value, first.encoder.state_dict()[name]), name
    assert not torch.equal(network.to_color.weight, first.to_color.weight)


def test_the_decoder_trained_for_longer_fits(lesson, resnet):
    """tools/longer_decoder.py trains the lesson's network, and what it stores is the lesson's decoder."""
    tool = load_tool("longer_decoder")
    theirs, ours = tool.ResNetUNet(copy.deepcopy(resnet)), lesson["ResNetUNet"](copy.deepcopy(resnet))
    stored = load_file(ROOT / "results" / "encoder" / "decoder.safetensors")
    assert set(stored) == {name for name in ours.state_dict() if not name.startswith("encoder.")}
    for network in (theirs, ours):
        assert not network.load_state_dict(stored, strict=False).unexpected_keys
    gray = torch.rand(2, 1, 40, 32) * 2 - 1
    assert torch.equal(theirs.eval()(gray), ours.eval()(gray))
    theirs.train()
    assert not any(layer.training for layer in theirs.encoder.modules()) and theirs.ups.training


def test_the_discriminator_gives_a_verdict_for_each_patch(lesson):
    D = lesson["patch_discriminator"]()
    assert D(torch.rand(2, 3, 32, 32)).shape == (2, 1, 4, 4)


def test_the_turn_of_d_leaves_g_alone(lesson):
    G, D = nn.Conv2d(1, 2, 3, padding=1), lesson["patch_discriminator"]((3, 4, 4, 4))
    adams = torch.optim.SGD(G.parameters(), 0.0), torch.optim.SGD(D.parameters(), 0.0)
    gray, true = torch.rand(2, 1, 32, 32), torch.rand(2, 2, 32, 32)
    lesson["both_turns"](G, D, *adams, gray, true, w=3.0)
    made = torch.cat([gray, G(gray)], dim=1)
    cost = 3.0 * F.binary_cross_entropy_with_logits(D(made), torch.ones(2, 1, 4, 4))
    cost = cost + 100 * (G(gray) - true).abs().mean()
    expected = torch.autograd.grad(cost, list(G.parameters()))
    for weight, gradient in zip(G.parameters(), expected, strict=True):
        assert torch.allclose(weight.grad, gradient, rtol=1e-4, atol=1e-6)


def test_unets_are_drawn_with_their_skips():
    """Five skips each: every map of the encoder but the deepest meets the first decoder map of its size."""
    down = [(1, 64), (64, 32), (64, 16), (128, 8), (256, 4), (512, 2)]
    networks = {"ours": (down, [(128, 4), (64, 8), (64, 16), (32, 32), (32, 64)], "")}
    networks["theirs"] = (down, [(512, 2), (512, 4), (384, 8), (256, 16), (96, 32), (97, 64)], "")
    figure = drawn.unets(networks, 64)
    assert [sum(line.get_marker() == "v" for line in axis.get_lines()) for axis in figure.axes] == [5, 5]


def test_maps_are_those_that_vary_most():
    values = torch.zeros(1, 4, 2, 2)
    values[0, 2] = torch.tensor([[0.0, 5.0], [5.0, 0.0]])
    figure = drawn.maps(torch.zeros(1, 1, 8, 8), {"level": values}, count=1)
    assert figure.axes[1].images[0].get_array().max() == 5


def test_kernels_are_drawn_about_a_middle_gray():
    values = torch.zeros(3, 3, 7, 7)
    values[1, 0, 0, 0] = -2.0
    figure = drawn.kernels(values + 1e-9, values.sum(dim=1, keepdim=True) + 1e-9, count=2)
    shown = [axis.images[0].get_array() for axis in figure.axes]
    reddish = min(shown[:2], key=lambda one: one[0, 0, 0])
    assert reddish[0, 0].tolist() == pytest.approx([0.0, 0.5, 0.5], abs=0.01) and reddish[3, 3, 0] == pytest.approx(0.5)


def test_who_learns_says_a_word_for_each_part_and_stage():
    parts = {"encoder": ["learns", "frozen"], "decoder": ["", "learns"]}
    figure = drawn.who_learns({"before": "names", "after": "L1"}, parts)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert words.count("learns") == 2 and words.count("frozen") == 1 and {"encoder", "before", "L1"} <= set(words)
