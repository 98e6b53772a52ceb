"""Photos of every kind are read rightly."""

import io
import itertools
import struct

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from colorlib import errors, photos
from colorlib.color import linear_to_srgb


@pytest.fixture
def original():
    return photos.read_rgb(photos.bundled_photos()[2]).resize((90, 60))


def difference(image, original):
    return np.abs(np.asarray(image).astype(int) - np.asarray(original)).mean()


@pytest.mark.parametrize(
    "mode, ending", [("RGB", "png"), ("RGBA", "png"), ("P", "png"), ("CMYK", "jpg"), ("CMYK", "tif")]
)
def test_modes(tmp_path, original, mode, ending):
    path = tmp_path / f"photo.{ending}"
    stored = original.quantize(256) if mode == "P" else original.convert(mode)
    stored.save(path, **({"quality": 95} if ending == "jpg" else {}))
    image = photos.read_rgb(path)
    assert image.mode == "RGB" and image.size == original.size
    assert difference(image, original) < 4


def test_16_bit_gray_is_scaled_not_cut(tmp_path, original):
    gray = np.asarray(original.convert("L"))
    for path in (tmp_path / "deep.png", tmp_path / "deep.tif"):
        Image.fromarray(gray.astype(np.uint16) * 257).save(path)
        assert difference(photos.read_rgb(path).getchannel("G"), gray) == 0


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N", "I"])
def test_a_dark_photo_of_16_bits_stays_dark(mode):
    """Its white is 65535, however dark its brightest pixel is."""
    for level, shown in ((0, 0), (1, 0), (255, 1), (256, 1), (12 * 257, 12), (65535, 255)):
        rgb, alpha = photos.to_rgb(Image.new(mode, (2, 2), level))
        assert rgb.mode == "RGB" and alpha is None
        assert np.asarray(rgb).tolist() == [[[shown] * 3] * 2] * 2


def test_pgm_with_16_bits(tmp_path):
    (tmp_path / "deep.pgm").write_bytes(b"P5 3 1 65535\n" + struct.pack(">HHH", 100 * 257, 200, 65535))
    assert photos.open_photo(tmp_path / "deep.pgm").mode == "I"
    assert np.asarray(photos.read_rgb(tmp_path / "deep.pgm"))[0, :, 0].tolist() == [100, 1, 255]


def test_floats_from_0_to_1_are_scaled(tmp_path, original):
    gray = np.asarray(original.convert("L"))
    Image.fromarray(gray.astype(np.float32) / 255).save(tmp_path / "float.tif")
    assert difference(photos.read_rgb(tmp_path / "float.tif").getchannel("G"), gray) == 0
    assert np.asarray(photos.to_rgb(Image.fromarray(np.float32([[0, 1]])))[0])[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    "values, said",
    [
        (np.float32([0, 255]), r"from 0 to 255; scale them to \[0, 1\]"),
        (np.float32([-0.5, 1]), "from -0.5 to 1"),
        (np.float32([np.nan, 1]), "nan"),
        (np.int32([0, 70000]), r"from 0 to 70000; scale them to \[0, 65535\]"),
        (np.int32([-1, 5]), "from -1 to 5"),
    ],
)
def test_32_bit_gray_of_unknown_white_is_refused(tmp_path, values, said):
    Image.fromarray(values[None]).save(tmp_path / "deep.tif")
    with pytest.raises(errors.PhotoError, match=f"deep.tif.*{said}"):
        photos.open_photo(tmp_path / "deep.tif")
    with pytest.raises(errors.PhotoError, match=said):  # in memory, too
        photos.to_rgb(Image.fromarray(values[None]))


def test_transparency_lies_over_white(tmp_path, original):
    image = original.convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    image.save(tmp_path / "clear.png")
    assert np.asarray(photos.read_rgb(tmp_path / "clear.png")).min() == 255


def test_exif_rotation(tmp_path, original):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter clockwise
    original.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    image = photos.read_rgb(tmp_path / "turned.jpg")
    assert image.size == (60, 90)
    assert difference(image, original.transpose(Image.Transpose.ROTATE_270)) < 4


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of some
def test_damaged_exif_costs_the_exif_and_not_the_photo(tmp_path, original):
    """Every byte of the EXIF data is broken twice; the picture stays, turned if its orientation can still be read."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "camera", 6
    buffer = io.BytesIO()
    original.save(buffer, "JPEG", exif=exif)
    whole, stored = buffer.getvalue(), np.asarray(Image.open(buffer))
    start, length = whole.index(b"Exif"), len(exif.tobytes())
    for place, byte in itertools.product(range(start + 6, start + length), (b"\x00", b"\xff")):
        (tmp_path / "a.jpg").write_bytes(whole[:place] + byte + whole[place + 1 :])
        image = photos.open_photo(tmp_path / "a.jpg")
        assert isinstance(photos.exif_bytes(image), bytes)
        shown = np.asarray(photos.to_rgb(image)[0])
        assert np.array_equal(shown, stored) or np.array_equal(shown, np.rot90(stored, -1))


def test_an_embedded_profile_is_converted(original):
    """In a profile whose red and green primaries are exchanged, a stored red is a shown green."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    red, green, blue = original.split()
    for stored, icc in ((original, profile), (Image.merge("RGB", (green, red, blue)), exchanged)):
        buffer = io.BytesIO()
        stored.save(buffer, format="PNG", icc_profile=icc)
        assert difference(photos.read_rgb(buffer), original) < 1


def linear_profile(space: str) -> bytes:
    """An ICC profile in which values are proportional to light, as scanners write them; space is "GRAY" or "RGB "."""

    def numbers(*values):
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    def point(*xyz):
        return b"XYZ " + bytes(4) + numbers(*xyz)

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 256) + bytes(2)  # one number: gamma 1.0, in 256ths
    name = b"desc" + bytes(4) + struct.pack(">I", 7) + b"linear\0" + bytes(79)
    tags = {b"desc": name, b"cprt": b"text" + bytes(4) + b"none" + bytes(4), b"wtpt": point(0.9642, 1, 0.8249)}
    if space == "GRAY":
        tags[b"kTRC"] = curve
    else:  # the primaries of sRGB
        tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve, b"rXYZ": point(0.43607, 0.22249, 0.01392)}
        tags |= {b"gXYZ": point(0.38515, 0.71687, 0.09708), b"bXYZ": point(0.14307, 0.06061, 0.71410)}
    table, data = struct.pack(">I", len(tags)), b""
    for tag, body in tags.items():
        table += tag + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    size = 128 + len(table) + len(data)
    header = struct.pack(">I4xI4s4s4s12x4s28x", size, 0x02100000, b"scnr", space.encode(), b"XYZ ", b"acsp")
    return (header + numbers(0.9642, 1, 0.8249)).ljust(128, b"\0") + table + data


def shown_of_linear(light):
    """What a screen shows of an intensity in [0, 1]: 0 to 255."""
    return 255 * linear_to_srgb(torch.tensor(light, dtype=torch.float64)).numpy()


RAMP = np.arange(256, dtype=np.uint8).reshape(4, 64)


@pytest.mark.parametrize("space", ["GRAY", "RGB "])  # some programs leave a color profile in a gray photo
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_linear_gray_is_converted(tmp_path, ending, space):
    Image.fromarray(RAMP).save(tmp_path / f"scan.{ending}", icc_profile=linear_profile(space))
    rgb = np.asarray(photos.read_rgb(tmp_path / f"scan.{ending}"))
    assert np.abs(rgb - shown_of_linear(RAMP / 255)[..., None]).max() < 1


def test_linear_gray_with_transparency_is_converted_and_keeps_it(tmp_path):
    alpha = Image.fromarray(RAMP[::-1].copy())
    Image.merge("LA", (Image.fromarray(RAMP), alpha)).save(tmp_path / "a.png", icc_profile=linear_profile("GRAY"))
    rgb, kept = photos.to_rgb(photos.open_photo(tmp_path / "a.png"))
    assert np.abs(np.asarray(rgb) - shown_of_linear(RAMP / 255)[..., None]).max() < 1
    assert np.array_equal(kept, alpha)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_linear_gray_of_16_bits_keeps_its_dark_tones(tmp_path, ending):
    """Half of what a screen shows lies below a fifth of the light: cut to 8 bits first, most of it would be lost."""
    light = np.linspace(0, 0.2, 4096)
    deep = (65535 * light).round().astype(np.uint16).reshape(64, 64)
    Image.fromarray(deep).save(tmp_path / f"scan.{ending}", icc_profile=linear_profile("GRAY"))
    shown = np.asarray(photos.read_rgb(tmp_path / f"scan.{ending}"))[..., 0]
    assert np.abs(shown - shown_of_linear(deep / 65535)).max() < 1.5
    assert len(np.unique(shown)) > 120  # of 124; the 52 of 256 values below 0.2 would give 52


def test_linear_floats_are_converted(tmp_path):
    Image.fromarray((RAMP / 255).astype(np.float32)).save(tmp_path / "a.tif", icc_profile=linear_profile("GRAY"))
    rgb = np.asarray(photos.read_rgb(tmp_path / "a.tif"))
    assert np.abs(rgb - shown_of_linear(RAMP / 255)[..., None]).max() < 1


def test_linear_colors_are_converted_in_a_palette_too(original):
    few = original.quantize(64)
    expected = shown_of_linear(np.asarray(few.convert("RGB")) / 255)
    for stored in (few, few.convert("RGB"), few.convert("RGBA")):
        buffer = io.BytesIO()
        stored.save(buffer, format="PNG", icc_profile=linear_profile("RGB "))
        assert np.abs(np.asarray(photos.read_rgb(buffer)) - expected).max() < 2


@pytest.mark.parametrize("mode", ["L", "I;16", "RGB"])
@pytest.mark.parametrize("profile", [b"no profile", linear_profile("GRAY")[:200], linear_profile("CMYK")])
def test_a_broken_profile_or_one_of_another_kind_is_passed_over(mode, profile):
    gray = Image.fromarray(RAMP if mode != "I;16" else RAMP.astype(np.uint16) * 257)
    buffer = io.BytesIO()
    (gray if mode != "RGB" else gray.convert("RGB")).save(buffer, format="PNG", icc_profile=profile)
    assert np.array_equal(np.asarray(photos.read_rgb(buffer))[..., 1], RAMP)


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"]
)
def test_every_mode_becomes_rgb(mode):
    image = Image.new("RGBA", (4, 4), "white")
    for step in {"La": ("LA", "La"), "RGBa": ("RGBa",), "HSV": ("RGB", "HSV"), "PA": ("P", "PA")}.get(mode, (mode,)):
        image = image.convert(step)
    assert image.mode == mode
    rgb, alpha = photos.to_rgb(image)
    assert rgb.mode == "RGB" and np.asarray(rgb).min() > 250
    assert (alpha is None) == (mode not in ("LA", "La", "PA", "RGBA", "RGBa"))


def test_broken_files_are_named(tmp_path, original):
    broken = tmp_path / "broken.jpg"
    original.save(broken)
    broken.write_bytes(broken.read_bytes()[:400])
    with pytest.raises(photos.PhotoError, match="broken.jpg"):
        photos.open_photo(broken)
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(photos.PhotoError, match="text.png: not a photo"):
        photos.open_photo(tmp_path / "text.png")
    with pytest.raises(photos.PhotoError, match="no such file"):
        photos.open_photo(tmp_path / "missing.png")


def test_find_photos_nested_sorted_visible(tmp_path, original):
    for name in ("b/2.JPG", "a/1.png", "3.jpeg", ".hidden/4.png", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        original.save(path, format="PNG")
    names = [str(p.relative_to(tmp_path)) for p in photos.find_photos(tmp_path)]
    assert names == ["3.jpeg", "a/1.png", "b/2.JPG"]


def test_square_is_the_center(original):
    square = photos.square(original, 30)
    assert square.shape == (30, 30, 3)
    expected = original.crop((15, 0, 75, 60)).resize((30, 30), Image.Resampling.LANCZOS)
    assert difference(square, expected) < 2
