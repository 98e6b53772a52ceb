"""Any photo comes out colorized, at its own size, with its own lightness; folders that don't fit are named."""

import json
import resource

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2lab
from torch.nn import functional

from colorlib import photos
from colorlib.colorizer import Colorizer, ColorizerError, upsample_rows
from colorlib.config import Config
from colorlib.models import build_generator


def make_colorizer(**settings):
    """Untrained, but with loud colors, so that the gamut has something to do."""
    torch.manual_seed(0)
    config = Config(widths=(8, 16, 32), **settings)
    generator = build_generator(config)
    torch.nn.init.normal_(generator.to_color.weight, std=0.5)
    return Colorizer(generator, config)


@pytest.fixture
def colorizer():
    return make_colorizer()


@pytest.fixture
def photo():
    return photos.read_rgb(photos.bundled_photos()[5]).resize((773, 511))


def lightness(image):
    return rgb2lab(np.asarray(image.convert("RGB")))[..., 0]


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
def test_any_mode_keeps_size_and_lightness(colorizer, photo, mode):
    if mode == "I;16":
        given = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    else:
        given = photo.convert(mode)
    result = colorizer.colorize(given)
    assert result.size == (773, 511)
    assert result.mode == ("RGBA" if "A" in mode else "RGB")
    difference = np.abs(lightness(result) - lightness(photos.to_rgb(given)[0]))
    assert np.median(difference) < 0.2 and difference.max() < 1
    if mode != "1":
        assert np.abs(rgb2lab(np.asarray(result.convert("RGB")))[..., 1:]).mean() > 5


@pytest.mark.parametrize("space", ["lab", "lab_unit", "lab_3", "yuv"])
def test_any_color_space_keeps_lightness(photo, space):
    result = make_colorizer(color_space=space).colorize(photo)
    assert np.abs(lightness(result) - lightness(photo)).max() < 1


def test_alpha_is_kept(colorizer, photo):
    alpha = Image.linear_gradient("L").resize(photo.size)
    photo.putalpha(alpha)
    assert np.array_equal(colorizer.colorize(photo).getchannel("A"), alpha)


def test_exif_rotation_is_applied(colorizer, photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save(tmp_path / "turned.jpg", exif=exif)
    assert colorizer.colorize(Image.open(tmp_path / "turned.jpg")).size == (511, 773)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((9, 7), np.uint8),
        np.zeros((9, 7, 1), np.uint8),
        np.ones((9, 7, 3), np.float32),
        np.zeros((9, 7, 4), np.uint8),
        np.full((9, 7), 65535, np.uint16),
    ],
)
def test_arrays(colorizer, array):
    result = colorizer.colorize(array)
    assert result.size == (7, 9)
    bright = array.max() >= 1
    assert np.abs(lightness(result) - (100 if bright else 0)).max() < 1


@pytest.mark.parametrize(
    "array, words",
    [
        (np.zeros((4, 4, 5), np.uint8), r"\(4, 4, 5\)"),
        (np.full((4, 4), 3.0), r"\[3, 3\]"),
        (np.zeros((4, 4), np.int64), "int64"),
    ],
)
def test_arrays_that_are_no_photos(colorizer, array, words):
    with pytest.raises(ValueError, match=words):
        colorizer.colorize(array)


def test_many_photos_of_different_sizes_as_one_by_one(colorizer, photo):
    given = [photo, photo.resize((40, 90)), photo.resize((1, 1)).convert("L"), photo.crop((0, 0, 300, 300))] * 2
    together = list(colorizer.colorize_many(given, batch_size=3))
    for one, many in zip(given, together, strict=True):
        difference = np.abs(np.asarray(colorizer.colorize(one)).astype(int) - np.asarray(many))
        assert difference.max() <= 1


def test_strips_are_the_whole(photo):
    color = torch.rand(1, 2, 32, 32)
    whole = functional.interpolate(color, (511, 773), mode="bilinear", align_corners=False)
    rows = torch.cat([upsample_rows(color, 511, 773, top, min(100, 511 - top)) for top in range(0, 511, 100)], dim=2)
    assert (rows - whole).abs().max() < 1e-4


def test_24_megapixels_in_bounded_memory(colorizer, photo):
    large = photo.resize((6000, 4000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert colorizer.colorize(large).size == (6000, 4000)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert more < 1024, f"{more:.0f} MiB more for a photo of 69 MiB"


def test_folder_round_trip(colorizer, photo, tmp_path):
    colorizer.save(tmp_path / "folder")
    assert sorted(p.name for p in (tmp_path / "folder").iterdir()) == ["config.json", "model.safetensors"]
    loaded = Colorizer.load(tmp_path / "folder")
    assert loaded.config == colorizer.config
    assert np.array_equal(loaded.colorize(photo), colorizer.colorize(photo))


def test_a_training_folder_opens_its_best(colorizer, tmp_path):
    colorizer.save(tmp_path / "best")
    assert Colorizer.load(tmp_path).config == colorizer.config


def test_an_interrupted_save_leaves_the_old_folder(colorizer, tmp_path, monkeypatch):
    colorizer.save(tmp_path)
    before = (tmp_path / "model.safetensors").read_bytes()

    def interrupted(weights, path, metadata):
        with open(path, "wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("colorlib.colorizer.save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_colorizer().save(tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.json", "model.safetensors"]


def test_folders_that_do_not_fit_are_named(colorizer, tmp_path):
    with pytest.raises(ColorizerError, match="no colorizer here"):
        Colorizer.load(tmp_path)
    colorizer.save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for change, words in (({"widths": [4, 8]}, "don't fit"), ({"magic": 1}, "magic"), ({"lr": -1}, "--lr")):
        (tmp_path / "config.json").write_text(json.dumps(config | change))
        with pytest.raises(ColorizerError, match=words):
            Colorizer.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config | {"color_space": "lab_unit"}))
    with pytest.raises(ColorizerError, match="isn't the one that these weights were saved with"):
        Colorizer.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config | {"lr": "fast"}))
    with pytest.raises(ColorizerError, match="config.json: not a configuration"):
        Colorizer.load(tmp_path)
    (tmp_path / "config.json").write_text("not json")
    with pytest.raises(ColorizerError, match="config.json: not a configuration"):
        Colorizer.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ColorizerError, match="model.safetensors: not readable"):
        Colorizer.load(tmp_path)
