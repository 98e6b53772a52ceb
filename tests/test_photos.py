"""Photos of every kind are read rightly."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageCms

from colorlib import photos


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
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert difference(photos.read_rgb(tmp_path / "deep.png").getchannel("G"), gray) == 0
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / "deep.tif")
    assert difference(photos.read_rgb(tmp_path / "deep.tif").getchannel("G"), gray) == 0


def test_floats_from_0_to_1_are_scaled(tmp_path, original):
    gray = np.asarray(original.convert("L"))
    Image.fromarray(gray.astype(np.float32) / 255).save(tmp_path / "float.tif")
    assert difference(photos.read_rgb(tmp_path / "float.tif").getchannel("G"), gray) == 0


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
