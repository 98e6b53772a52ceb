"""The page that colors photos: its JavaScript says what colorlib says, on the same numbers, in node."""

import json
import logging
import shutil
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from tool import ROOT, load_tool

from colorlib.color import join_lightness, lightness_of
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS
from colorlib.model import Model
from colorlib.models import build_generator
from colorlib.moving import move_photo, reach
from colorlib.photos import bundled_photos, read_rgb

page = load_tool("colorizer_page")
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node isn't installed")
CARD = {"photo_size": 64, "multiple": 32, "longest": 4, "sharpen": 100}
SCRIPT = """\
import fs from "node:fs";
import * as lab from "./lab.js";
import * as moving from "./moving.js";
import * as photo from "./photo.js";
import * as resize from "./resize.js";

const given = JSON.parse(fs.readFileSync(process.argv[2]));
if (given.picture) given.picture.data = Uint8ClampedArray.from(given.picture.data);
const result = (() => { %s })();
console.log(JSON.stringify(result, (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)));
"""


@pytest.fixture
def in_node(tmp_path):
    """A function that runs lines of JavaScript, which see `given`, and gives what they return."""
    for module in (ROOT / "site" / "colorizer").glob("*.js"):
        shutil.copy(module, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')

    def run(lines: str, **given):
        (tmp_path / "script.js").write_text(SCRIPT % lines)
        (tmp_path / "given.json").write_text(json.dumps(given))
        command = [NODE, tmp_path / "script.js", tmp_path / "given.json"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def as_canvas(image: Image.Image) -> dict:
    """A picture as a canvas holds it."""
    return {"width": image.width, "height": image.height, "data": np.asarray(image.convert("RGBA")).ravel().tolist()}


def as_color(ab: torch.Tensor) -> dict:
    """ab `(2, H, W)` as the page has it."""
    return {"width": ab.shape[2], "height": ab.shape[1], "a": ab[0].ravel().tolist(), "b": ab[1].ravel().tolist()}


def pixels(picture: dict) -> np.ndarray:
    """A canvas's picture as RGB `(H, W, 3)`, to be subtracted."""
    return np.array(picture["data"]).reshape(picture["height"], picture["width"], 4)[..., :3]


@pytest.fixture(scope="module")
def cat():
    return read_rgb(bundled_photos()[1])


@needs_node
def test_lightness_and_join(in_node):
    """Of all kinds of colors, half of them outside the gamut, black and white among them."""
    generator = np.random.default_rng(0)
    levels = generator.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    levels[0], levels[1] = 0, 255
    ab = torch.from_numpy(generator.normal(0, 45, (2, 40, 50))).float()
    picture = Image.fromarray(levels)
    lines = """
      const lightness = lab.lightnessOf(given.picture.data);
      lab.join(lightness, given.color.a, given.color.b, given.picture.data);
      return { lightness, joined: given.picture };
    """
    found = in_node(lines, picture=as_canvas(picture), color=as_color(ab))
    lightness = lightness_of(torch.from_numpy(levels).permute(2, 0, 1)[None] / 255)
    assert np.abs(np.array(found["lightness"]) - lightness.numpy().ravel()).max() < 1e-3
    joined = (join_lightness(lightness, ab[None]) * 255).round()[0].permute(1, 2, 0).numpy()
    apart = np.abs(pixels(found["joined"]) - joined)
    assert apart.max() <= 1 and (apart > 0).mean() < 0.005


@needs_node
@pytest.mark.parametrize("size", [(96, 64), (64, 64), (67, 301), (500, 320)])
def test_a_photo_is_made_small_as_by_pillow(size, cat, in_node):
    """To the level: by whole blocks and the filter, along one side alone, and larger."""
    lines = "const small = resize.resize(given.picture, ...given.size); return [small, resize.sharpen(small, 100)];"
    small, sharp = in_node(lines, picture=as_canvas(cat), size=size)
    expected = cat.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
    assert np.array_equal(pixels(small), np.asarray(expected))
    assert np.array_equal(
        pixels(sharp), np.asarray(expected.filter(ImageFilter.UnsharpMask(radius=1, percent=100, threshold=0)))
    )


@pytest.fixture(scope="module")
def colorizer():
    """Like `starter`, but for what it has learned."""
    model = Model(image_size=64, photo_sharpen=100, widths=(4, 4, 4, 4, 4), stem_stride=2, upsampling="resize")
    return Colorizer(build_generator(model).eval(), model, "fp32")


@needs_node
def test_the_network_sees_photos_at_the_same_size(colorizer, in_node):
    sizes = [(451, 300), (300, 451), (80, 64), (64, 80), (100, 100), (4000, 30), (1, 1), (640, 427), (112, 64), (3, 2)]
    found = in_node("return given.sizes.map(([w, h]) => photo.seenSize(w, h, given.card));", sizes=sizes, card=CARD)
    assert [tuple(size) for size in found] == [colorizer._seen_size(Image.new("L", size), 64) for size in sizes]


@needs_node
def test_the_network_sees_the_same(cat, colorizer, in_node):
    found = in_node("return photo.seen(given.picture, given.card);", picture=as_canvas(cat), card=CARD)
    assert np.array_equal(pixels(found), np.asarray(colorizer._seen(cat, 64)))


def two_colors(height=64, width=96):
    """Brown turning blue, as a network might answer."""
    x = torch.linspace(0, 1, width).expand(height, width)
    return torch.stack([18 - 20 * x, 26 - 45 * x])


@needs_node
def test_a_photo_is_painted(cat, colorizer, in_node):
    ab = two_colors()
    found = in_node("return photo.paint(given.picture, given.color);", picture=as_canvas(cat), color=as_color(ab))
    apart = np.abs(pixels(found) - colorizer._join(np.asarray(cat), ab).astype(int))
    assert apart.max() <= 1 and (apart > 0).mean() < 0.005


MOVE = "return moving.move(new moving.Small(given.picture), given.color, given.targets);"


@needs_node
@pytest.mark.parametrize("targets", [{"saturation": 0.45}, {"hue": 0.6}, {"saturation": 0.2, "hue": 0.9}], ids=str)
def test_color_is_moved_to_targets(targets, cat, in_node):
    ab = two_colors()
    found = in_node(MOVE, picture=as_canvas(cat), color=as_color(ab), targets=targets)
    assert found["missed"] == []
    for name, target in targets.items():
        assert CONTROLS[name].distance(torch.tensor(found["has"][name]), target) < 0.001
    moved, expected = np.array([found["color"]["a"], found["color"]["b"]]), move_photo(cat, ab, targets).numpy()
    assert np.abs(moved - expected.reshape(2, -1)).max() < 0.3  # in Lab units, of up to 60


@needs_node
def test_what_can_not_be_met_is_said(cat, in_node, caplog):
    ab = two_colors()
    found = in_node(MOVE, picture=as_canvas(cat), color=as_color(ab), targets={"saturation": 1})
    with caplog.at_level(logging.WARNING, logger="colorlib"):
        expected = move_photo(cat, ab, {"saturation": 1.0}).numpy()
    assert found["missed"] == ["saturation"] and "saturation 1 can't be met" in caplog.text
    assert np.abs(np.array(found["color"]["a"]) - expected[0].ravel()).max() < 0.3
    small = cat.resize((289, 192), Image.Resampling.NEAREST)
    lightness = lightness_of(torch.from_numpy(np.array(small)).permute(2, 0, 1)[None] / 255)
    wide = torch.nn.functional.interpolate(ab[None], (192, 289), mode="bilinear")
    low, high = reach(lightness, wide, "saturation")
    assert found["reach"] == pytest.approx([low.item(), high.item()], abs=0.002)


@needs_node
def test_a_gray_answer_stays_gray(cat, in_node):
    nothing = torch.zeros(2, 64, 96)
    found = in_node(MOVE, picture=as_canvas(cat), color=as_color(nothing), targets={"saturation": 0.5, "hue": 0.3})
    assert found["missed"] == ["saturation", "hue"] and found["has"]["saturation"] < 0.001


def test_another_package_is_refused(tmp_path):
    with pytest.raises(page.PageError, match="checksum"):
        page.unpack(b"something else", tmp_path / "files")
    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize("found", [None, "/bin/false"], ids=["no npm", "no network"])
def test_without_the_runtime_the_page_is_left_out(found, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(page.shutil, "which", lambda name: found)
    site = load_tool("build_site")
    assert site.add_colorizer(ROOT, tmp_path) is False
    said = capsys.readouterr().out
    assert "left out" in said and "npm" in said and said.count("\n") == 1
    assert not (tmp_path / "_static").exists()
