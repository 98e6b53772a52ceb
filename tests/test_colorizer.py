"""Any photo comes out colorized, at its own size, with its own lightness; folders that don't fit are named."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from skimage.color import rgb2lab
from torch.nn import functional

from colorlib import colorizer as colorizer_module
from colorlib import photos
from colorlib.colorizer import Colorizer, interpolate_rows
from colorlib.colorizer import folder as colorizer_folder
from colorlib.errors import ColorizerError, ConfigError
from colorlib.model import Model
from colorlib.models import GENERATORS, build_generator, evaluating, generate

FIXTURES = Path(__file__).parent / "fixtures"


def make_colorizer(precision="auto", **settings):
    """Untrained, but with loud colors, so that the gamut has something to do."""
    torch.manual_seed(0)
    model = Model(widths=(8, 16, 32), **settings)
    generator = build_generator(model)
    torch.nn.init.normal_(generator.to_color.weight, std=0.5)
    return Colorizer(generator, model, precision)


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
        (np.full((4, 4), np.nan), r"\[nan, nan\]"),
        (np.zeros((0, 5)), "must have pixels"),
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
    wide = functional.interpolate(color, (32, 773), mode="bilinear", align_corners=False)
    rows = torch.cat([interpolate_rows(wide, 511, top, min(100, 511 - top)) for top in range(0, 511, 100)], dim=2)
    assert (rows - whole).abs().max() < 1e-4


LARGE = """
import resource, sys, numpy as np
from PIL import Image
from colorlib.colorizer import Colorizer
colorizer = Colorizer.load(sys.argv[1])
colorizer.colorize(np.zeros((64, 64, 3), np.uint8))
large = Image.effect_noise((6000, 4000), 80).convert("RGB")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert colorizer.colorize(large).size == (6000, 4000)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no module `resource`")
def test_24_megapixels_in_bounded_memory(colorizer, tmp_path):
    """In a process of its own: the most memory that a process ever held would hide what comes after."""
    colorizer.save(tmp_path)
    done = subprocess.run([sys.executable, "-c", LARGE, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1024, f"{done.stdout} MiB more for a photo of 69 MiB"


def test_folder_round_trip(colorizer, photo, tmp_path):
    colorizer.save(tmp_path / "folder")
    assert sorted(p.name for p in (tmp_path / "folder").iterdir()) == ["config.json", "model.safetensors"]
    loaded = Colorizer.load(tmp_path / "folder")
    assert loaded.model == colorizer.model and not loaded.generator.training
    weights = loaded.generator.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in colorizer.generator.state_dict().items())
    # Weights that lie otherwise in memory are added up in another order, which may move a value to the next level.
    ours, opened = (np.asarray(one.colorize(photo)).astype(int) for one in (colorizer, loaded))
    assert np.abs(ours - opened).max() <= 1


def test_a_training_folder_opens_its_best(colorizer, tmp_path):
    colorizer.save(tmp_path / "best")
    assert Colorizer.load(tmp_path).model == colorizer.model


def test_an_interrupted_save_leaves_the_old_folder(colorizer, tmp_path, monkeypatch):
    colorizer.save(tmp_path)
    before = (tmp_path / "model.safetensors").read_bytes()

    def interrupted(weights, path, metadata):
        with open(path, "wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("colorlib.colorizer.folder.save_file", interrupted)
    other = make_colorizer(color_space="yuv")
    with pytest.raises(KeyboardInterrupt):
        other.save(tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    # config.json is the other's already, and the folder opens as the old colorizer all the same.
    assert Model.load(tmp_path / "config.json") == other.model
    opened = Colorizer.load(tmp_path)
    assert opened.model == colorizer.model
    weights = opened.generator.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in colorizer.generator.state_dict().items())


def test_a_model_is_changed_by_hand_only_where_the_weights_still_fit(colorizer, tmp_path, caplog):
    colorizer.save(tmp_path)
    text = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(text.replace('"photo_size": null', '"photo_size": 64'))
    assert Colorizer.load(tmp_path).model.photo_size == 64 and not caplog.messages
    (tmp_path / "config.json").write_text(text.replace('"lab"', '"yuv"'))
    assert Colorizer.load(tmp_path).model.color_space == "lab"
    assert "config.json is of another model" in caplog.text


def test_a_precision_that_the_device_has_not_is_refused_before_anything_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr("colorlib.colorizer.choose_device", lambda name: torch.device("mps"))
    with pytest.raises(ConfigError, match="no double precision"):
        Colorizer.load("starter", "mps", "fp64")


def test_folders_that_do_not_fit_are_named(colorizer, tmp_path):
    with pytest.raises(ColorizerError, match="no colorizer here"):
        Colorizer.load(tmp_path)
    colorizer.save(tmp_path)
    save_file(load_file(tmp_path / "model.safetensors"), tmp_path / "model.safetensors")  # as before, without a model
    model = json.loads((tmp_path / "config.json").read_text())
    for change, words in (
        ({"widths": [4, 8]}, "don't fit"),
        ({"color_space": "lab_3"}, "don't fit"),
        ({"magic": 1}, "magic"),
        ({"format": 2}, "newer colorlib"),
        ({"image_size": 30}, "--image-size 30"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(model | change))
        with pytest.raises(ColorizerError, match=words):
            Colorizer.load(tmp_path)
    (tmp_path / "config.json").write_text("not json")
    with pytest.raises(ColorizerError, match="config.json: not the config.json of a colorizer"):
        Colorizer.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(model))
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ColorizerError, match="model.safetensors: not readable"):
        Colorizer.load(tmp_path)


def test_weights_of_a_strange_type_are_named(colorizer, tmp_path):
    colorizer.save(tmp_path)
    for strange in (torch.float8_e4m3fn, torch.complex64):
        weights = load_file(tmp_path / "model.safetensors")
        save_file(weights | {"to_color.bias": torch.zeros(2).to(strange)}, tmp_path / "model.safetensors")
        with pytest.raises(ColorizerError, match="to_color.bias has numbers of the type"):
            Colorizer.load(tmp_path)
        save_file(weights, tmp_path / "model.safetensors")


def test_color_that_is_not_finite_is_no_photo(colorizer, photo):
    colorizer.generator.encoder[0][1].running_var.fill_(-5.0)
    with pytest.raises(ColorizerError, match="predicted color isn't finite"):
        colorizer.colorize(photo)


def test_weights_that_are_not_finite_are_named(colorizer, tmp_path):
    torch.nn.init.constant_(colorizer.generator.to_color.weight, float("nan"))
    colorizer.save(tmp_path)
    with pytest.raises(ColorizerError, match="to_color.weight holds values that are not finite"):
        Colorizer.load(tmp_path)


def test_a_buffer_that_is_not_saved_is_named(colorizer, tmp_path, monkeypatch):
    """Built without memory, a generator has only what its file has."""
    colorizer.save(tmp_path)
    real = colorizer_folder.build_generator

    def forgetful(model):
        generator = real(model)
        generator.register_buffer("grid", torch.zeros(1), persistent=False)
        return generator

    monkeypatch.setattr(colorizer_folder, "build_generator", forgetful)
    with pytest.raises(ColorizerError, match="lacks grid; buffers of a generator must be saved with it"):
        Colorizer.load(tmp_path)


@pytest.mark.parametrize("name, usual", [("format-0-unet", 1.0), ("format-0-gray_fed", 0.5)])
def test_a_folder_from_before_the_format_number_opens(name, usual, monkeypatch):
    """As colorlib 0.1 wrote it, with all of its training's settings; it colorizes as it did then.

    Then, a network saw each photo as a square. And YUV's colors outside the gamut, of which these loud weights make
    many, now keep their hue.
    """
    monkeypatch.setattr(colorizer_module, "LONGEST", 1)
    given, expected = (Image.open(path) for path in (FIXTURES / "photo.png", FIXTURES / name / "expected.png"))
    result = Colorizer.load(FIXTURES / name, precision="fp32").colorize(given)
    difference = np.abs(np.asarray(result).astype(int) - np.asarray(expected)).max(axis=2)
    assert (difference <= 1).mean() >= usual


def test_a_runs_settings_never_make_its_colorizers_unreadable(colorizer, tmp_path):
    colorizer.save(tmp_path / "best")
    for text in ('{"model": 7}', "", '{"epochs": "all"}'):
        (tmp_path / "config.json").write_text(text)
        assert Colorizer.load(tmp_path).model == colorizer.model


@pytest.mark.parametrize(
    "config",
    [
        "[" * 100_000,
        '{"format": 1, "image_size": 1099511627776}',
        '{"format": 1, "widths": [10000000000000000000, 2]}',
        '{"format": 1, "widths": [1, 1e400]}',
    ],
)
def test_hostile_settings_are_one_sentence(colorizer, tmp_path, config):
    colorizer.save(tmp_path)
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(ColorizerError, match="config.json"):
        Colorizer.load(tmp_path)


def test_a_mistyped_path_is_not_asked_for_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("colorlib.colorizer.folder.download", lambda name: pytest.fail("asked the hub"))
    (tmp_path / "runs").mkdir()
    with pytest.raises(ColorizerError, match="no colorizer here"):
        Colorizer.load("runs/bset")


def test_opening_draws_no_random_number(colorizer, tmp_path, monkeypatch):
    """Building is apart from initializing: weights that are read from a file aren't drawn first."""
    for generator in GENERATORS.values():
        monkeypatch.setattr(generator, "initialize", lambda self: pytest.fail("initialized"))
    colorizer.save(tmp_path)
    torch.manual_seed(5)
    Colorizer.load(tmp_path)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))


def test_the_networks_mode_is_as_before(colorizer, photo):
    generator = colorizer.generator
    generator.train()
    generator.decoder[0].eval()  # one part of it frozen
    modes = [module.training for module in generator.modules()]
    statistics = generator.encoder[0][1].running_mean.clone()
    colorizer.colorize(photo)
    assert [module.training for module in generator.modules()] == modes
    assert torch.equal(generator.encoder[0][1].running_mean, statistics)
    with pytest.raises(ZeroDivisionError), evaluating(generator):
        assert not any(module.training for module in generator.modules())
        raise ZeroDivisionError
    assert [module.training for module in generator.modules()] == modes


def test_half_precision_is_nearly_the_same(photo):
    full, half = make_colorizer("fp32"), make_colorizer("bf16")
    seen = []
    half.generator.encoder[0][0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    rgb = torch.rand(2, 3, 32, 32)
    difference = (full.predict_ab(rgb) - half.predict_ab(rgb)).abs()
    assert seen == [torch.bfloat16] and half.predict_ab(rgb).dtype == torch.float32
    assert 0 < difference.mean() < 0.5 and difference.max() < 5  # of about 110


def test_everything_moves_to_the_generators_device():
    """No GPU is needed to see it: on the device `meta` tensors have shapes alone, and mixing devices is an error."""
    colorizer = make_colorizer("fp32")
    colorizer.generator.to("meta")
    assert colorizer.predict_ab(torch.rand(2, 3, 32, 32)).device.type == "meta"
    assert generate(colorizer.generator, torch.zeros(2, 1, 32, 32)).device.type == "meta"


def test_sizes_that_do_not_fit_are_named(colorizer, photo):
    with pytest.raises(ColorizerError, match="--size 30: with 3 levels, sides must be multiples of 4"):
        colorizer.colorize(photo, size=30)
    gray_fed = Colorizer.load(FIXTURES / "format-0-gray_fed")
    with pytest.raises(ColorizerError, match="takes 16x16 alone"):
        gray_fed.colorize(photo, size=32)


def test_a_photo_keeps_its_proportions_before_the_network(colorizer, photo):
    """The short side is the size that is asked for, or the model's; sides are multiples of what the levels need."""
    seen = []
    real = colorizer.generator.forward
    colorizer.generator.forward = lambda gray: seen.append(tuple(gray.shape[2:])) or real(gray)
    for size, picture in (
        (None, photo),
        (16, photo),
        (None, photo.rotate(90, expand=True)),
        (16, photo.crop((0, 0, 700, 10))),
    ):
        colorizer.colorize(picture, size)
    own = colorizer.model.image_size
    long = round(own * 773 / 511 / 4) * 4
    assert seen == [(own, long), (16, 24), (long, own), (16, 64)]
    colorizer.model = dataclasses.replace(colorizer.model, photo_size=24)
    colorizer.colorize(photo)
    assert seen[-1] == (24, 36)


def test_color_lies_where_it_belongs_in_a_wide_photo(colorizer):
    """A network that says "red" where it is light: the right half of a wide photo, to the pixel or two."""

    class Red(torch.nn.Module):
        size_multiple = 4

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def check_size(self, height, width):
            pass

        def forward(self, gray):
            return torch.cat([(gray > 0.2).float() * 0.5, torch.zeros_like(gray)], dim=1)

    halves = np.full((40, 120, 3), 60, np.uint8)
    halves[:, 60:] = 200
    red = np.asarray(Colorizer(Red(), colorizer.model, "fp32").colorize(halves)).astype(int)
    chroma = red[20, :, 0] - red[20, :, 1]
    assert (chroma[:56] < 8).all() and (chroma[64:] > 30).all()


@pytest.mark.parametrize("size, most", [(32, 16), (256, 4), (512, 1), (1024, 1)])
def test_a_generator_sees_so_many_pixels_at_once_and_no_more(colorizer, photo, size, most, monkeypatch):
    seen = []

    def predict_ab(rgb, targets):
        seen.append(len(rgb))
        return torch.zeros(len(rgb), 2, 4, 4)

    monkeypatch.setattr(colorizer, "predict_ab", predict_ab)
    assert len(list(colorizer.colorize_many([photo.resize((64, 64))] * 16, size))) == 16
    assert max(seen) == most and sum(seen) == 16


def test_a_photo_is_sharpened_once_it_is_small(colorizer, photo, monkeypatch):
    """As the training pictures were; the photo itself, and a flat one's color, stay what they are."""
    seen = []

    def predict_ab(rgb, targets):
        seen.append(rgb)
        return torch.zeros(len(rgb), 2, *rgb.shape[2:])

    monkeypatch.setattr(colorizer, "predict_ab", predict_ab)
    plain = colorizer.colorize(photo)
    colorizer.model = dataclasses.replace(colorizer.model, photo_sharpen=100)
    sharp = colorizer.colorize(photo)
    assert np.array_equal(np.asarray(plain), np.asarray(sharp))
    slopes = [(rgb[..., 1:] - rgb[..., :-1]).abs().mean() for rgb in seen]
    assert slopes[1] > 1.2 * slopes[0]
    colorizer.colorize(Image.new("RGB", (64, 64), (90, 90, 90)))
    assert (seen[2] - 90 / 255).abs().max() < 1e-6


def test_photos_of_so_many_pixels_are_held_at_once_and_no_more(colorizer, monkeypatch):
    """A folder of large photographs doesn't fill the memory: the next one is opened when those before are done."""
    monkeypatch.setattr(colorizer_module, "BATCH_PIXELS", 3 * 64 * 64)
    opened, open_at_once = [], []

    def folder():
        for number in range(12):
            opened.append(number)
            yield Image.new("RGB", (64, 64), (number, 90, 90))

    for done, _ in enumerate(colorizer.colorize_many(folder(), 32)):
        open_at_once.append(len(opened) - done)
    assert max(open_at_once) == 4 and len(opened) == 12


def test_double_precision_is_double(colorizer, tmp_path):
    colorizer.save(tmp_path)
    opened = Colorizer.load(tmp_path, precision="fp64")
    assert next(opened.generator.parameters()).dtype == torch.float64
    assert opened.predict_ab(torch.rand(1, 3, 16, 16)).shape == (1, 2, 16, 16)


def test_the_device_is_chosen_as_everywhere(colorizer, tmp_path):
    colorizer.save(tmp_path)
    assert Colorizer.load(tmp_path, "auto").device.type in ("cpu", "cuda", "mps")
    with pytest.raises(ConfigError, match="--device cuda:77 can't be used here"):
        Colorizer.load(tmp_path, "cuda:77")
