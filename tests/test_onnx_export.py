"""A colorizer as an ONNX file: the same color from onnxruntime as from torch, at any size, whatever is asked."""

import json
import math
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from colorlib.cli import main
from colorlib.colorizer import LONGEST, Colorizer
from colorlib.colorizer.onnx_export import HALVED, gray_scale, halve
from colorlib.model import Model
from colorlib.models import build_generator

# The kind that `starter` is, but small, and told what to come near to.
MODEL = Model(
    image_size=32,
    photo_size=48,
    photo_sharpen=100,
    widths=(16, 24, 32),
    stem_stride=2,
    upsampling="resize",
    conditions=("saturation", "hue"),
    head="bins",
)
CLOSE = 1e-3 * 220  # a thousandth of the range of a and b
SIZES = [(8, 40), (56, 16), (32, 32)]  # the export has seen none of them
ASKED = [[math.nan, math.nan], [0.7, math.nan], [0.1, 0.6]]


@pytest.fixture(scope="module")
def colorizer():
    torch.manual_seed(0)
    generator = build_generator(MODEL)
    generator.initialize()
    torch.nn.init.normal_(generator.film.to_levels.weight, std=0.2)  # it listens
    torch.nn.init.normal_(generator.to_color.weight, std=0.5)  # and has an opinion
    return Colorizer(generator.eval(), MODEL, "fp32")


@pytest.fixture(scope="module")
def file(colorizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    colorizer.save(folder / "colorizer")
    assert main(["export", str(folder / "colorizer"), "--onnx", str(folder / "small.onnx")]) == 0
    return folder / "small.onnx"


def farthest(colorizer, graph: bytes) -> float:
    """The largest difference of ab between a graph and the colorizer that it came from, over sizes and targets."""
    session = onnxruntime.InferenceSession(graph)
    differences, colors = [], []
    for height, width in SIZES:
        rgb = torch.rand(len(ASKED), 3, height, width)
        gray, _ = colorizer.head.space.split(rgb)
        (ab,) = session.run(["ab"], {"gray": gray.numpy(), "asked": np.array(ASKED, np.float32)})
        for number, asked in enumerate(ASKED):
            targets = {name: value for name, value in zip(MODEL.conditions, asked, strict=True) if value == value}
            expected = colorizer.predict_ab(rgb[number : number + 1], targets)[0].numpy()
            differences.append(np.abs(ab[number] - expected).max())
            colors.append(expected)
    assert np.std([color.mean() for color in colors]) > 0.1  # what is asked makes a difference
    return max(differences)


def test_it_is_the_same_network(colorizer, file):
    assert farthest(colorizer, file.read_bytes()) < CLOSE / 100


def test_half_precision_is_in_the_file_alone(colorizer, file):
    graph = onnx.load(file)
    halve(graph)
    kept = {weight.data_type for weight in graph.graph.initializer if np.prod(weight.dims) >= HALVED}
    assert kept == {onnx.TensorProto.FLOAT16}
    assert len(graph.SerializeToString()) < 0.7 * file.stat().st_size
    assert farthest(colorizer, graph.SerializeToString()) < CLOSE


def test_the_card_says_what_a_page_needs(file):
    card = json.loads(file.with_suffix(".json").read_text())
    (inside,) = [prop.value for prop in onnx.load(file).metadata_props if prop.key == "colorlib"]
    assert json.loads(inside) == card
    assert card["photo_size"] == 48 and card["multiple"] == 8 and card["longest"] == LONGEST and card["sharpen"] == 100
    assert [one["name"] for one in card["conditions"]] == ["saturation", "hue"]
    assert card["conditions"][1] == {"name": "hue", "low": 0.0, "high": 1.0, "is_angle": True, "unit": ""}


@pytest.mark.parametrize("space", ["lab", "lab_unit", "yuv"])
def test_gray_is_made_as_the_card_says(space):
    from colorlib.color import lightness_of, rgb_to_yuv
    from colorlib.color.spaces import COLOR_SPACES

    rgb = torch.rand(1, 3, 8, 8)
    scale = gray_scale(COLOR_SPACES[space])
    of = {"L": lightness_of, "Y": lambda rgb: rgb_to_yuv(rgb)[:, :1]}[scale["of"]]
    gray, _ = COLOR_SPACES[space].split(rgb)
    assert torch.allclose(of(rgb) / scale["scale"] - scale["shift"], gray, atol=1e-5)


def refused(capsys, *words) -> str:
    assert main(["export", *map(str, words)]) == 2
    text = capsys.readouterr().err.strip()
    assert "\n" not in text
    return text


def test_what_can_not_be_exported_is_named(tmp_path, capsys):
    model = Model(generator="gray_fed", widths=(8, 8), color_space="yuv", image_size=16)
    Colorizer(build_generator(model), model).save(tmp_path / "church")
    assert "gray_fed" in refused(capsys, tmp_path / "church", "--onnx", tmp_path / "church.onnx")
    assert ".onnx" in refused(capsys, "starter", "--onnx", tmp_path / "starter.pt")
    assert "nowhere" in refused(capsys, "starter", "--onnx", tmp_path / "nowhere" / "starter.onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["church"]


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_a_missing_package_is_named(package, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    assert f"{package} is needed: pip install" in refused(capsys, "starter", "--onnx", tmp_path / "starter.onnx")
