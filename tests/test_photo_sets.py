"""What a data set's name or path means, and the errors of the moment."""

import errno
import os
import sys

import numpy as np
import pytest
from made_photos import make_photos
from PIL import Image

from colorlib import photos
from colorlib.data import photo_kinds, photo_sets
from colorlib.data.named_sets import NAMED, NamedSet
from colorlib.errors import DataError

PICTURES = np.random.default_rng(0).integers(0, 255, (12, 32, 32, 3), dtype=np.uint8)


def pixels(pictures):
    return [np.asarray(pictures.read(i)).tobytes() for i in range(len(pictures))]


# ---------------------------------------------------------------- content


def test_the_content_key_is_of_the_picture_and_not_of_its_file(tmp_path):
    image = Image.linear_gradient("L").convert("RGB")
    for name, options in {"a.png": {"compress_level": 0}, "b.png": {"compress_level": 9}, "c.bmp": {}}.items():
        image.save(tmp_path / name, **options)
    found = photo_sets.find(str(tmp_path))
    assert len({path.stat().st_size for path in found.paths}) == 3
    assert {photo_kinds.content_key(found.read(i)) for i in range(3)} == {photo_kinds.content_key(image)}


def test_the_content_key_knows_every_value_and_the_size():
    changed = PICTURES[0].copy()
    changed[31, 31, 2] ^= 1
    images = [PICTURES[0], changed, PICTURES[0].reshape(16, 64, 3), PICTURES[0].reshape(64, 16, 3)]
    assert len({photo_kinds.content_key(Image.fromarray(image)) for image in images}) == 4


def test_the_content_key_of_today_is_that_of_yesterday():
    """Another key moves every picture to another part, and published results to other test pictures."""
    image = Image.fromarray(np.arange(36, dtype=np.uint8).reshape(3, 4, 3))
    assert photo_kinds.content_key(image) == "3e7b4d959e30b262b20feb17"


# ---------------------------------------------------------------- files


def test_the_fingerprint_changes_with_the_files(tmp_path):
    folder = make_photos(tmp_path / "set", 3)
    seen = [photo_sets.find(str(folder)).fingerprint]
    assert photo_sets.find(str(folder)).fingerprint == seen[0]
    Image.new("RGB", (40, 40)).save(folder / "001.png")
    seen.append(photo_sets.find(str(folder)).fingerprint)
    (folder / "000.png").rename(folder / "009.png")
    seen.append(photo_sets.find(str(folder)).fingerprint)
    (folder / "002.png").unlink()
    seen.append(photo_sets.find(str(folder)).fingerprint)
    assert len(set(seen)) == 4


def test_folders_of_the_same_name_have_different_places(tmp_path):
    places = {photo_sets.find(str(make_photos(tmp_path / parent / "set", 1))).place for parent in "ab"}
    assert len(places) == 2 and all(place.startswith("set-") for place in places)


def test_a_damaged_photo_is_a_photo_error_that_names_the_file(tmp_path):
    make_photos(tmp_path, 2)
    (tmp_path / "001.png").write_bytes((tmp_path / "001.png").read_bytes()[:1000])
    (tmp_path / "002.png").write_bytes(b"no photo")
    found = photo_sets.find(str(tmp_path))
    assert found.read(0).size == (40, 40)
    for i in (1, 2):
        with pytest.raises(photos.PhotoError, match=f"{tmp_path}.00{i}.png: "):
            found.read(i)


@pytest.mark.parametrize(
    "error, words",
    [
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (MemoryError(), "MemoryError"),
    ],
)
@pytest.mark.parametrize("while_", ["reading", "decoding"])
def test_an_error_of_the_moment_is_no_damage(tmp_path, monkeypatch, while_, error, words):
    found = photo_sets.find(str(make_photos(tmp_path, 1)))

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(*((type(tmp_path), "read_bytes") if while_ == "reading" else (Image, "open")), fail)
    with pytest.raises(DataError, match=rf"000\.png can't be read now \({words}\)"):
        found.read(0)


def test_a_photo_that_vanishes_is_no_damage(tmp_path, monkeypatch):
    found = photo_sets.find(str(make_photos(tmp_path, 2)))
    (tmp_path / "001.png").unlink()
    with pytest.raises(DataError, match="001.png can't be read now"):
        found.read(1)
    monkeypatch.setattr(photos, "find_photos", lambda folder: found.paths)
    with pytest.raises(DataError, match="001.png can't be read now"):
        photo_sets.find(str(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_file_name_that_is_no_text(tmp_path):
    make_photos(tmp_path, 1)
    os.rename(tmp_path / "000.png", os.fsencode(tmp_path) + b"/caf\xe9.png")
    assert photo_sets.find(str(tmp_path)).read(0).size == (40, 40)


# ---------------------------------------------------------------- arrays


def test_npz(tmp_path):
    np.savez(tmp_path / "set.npz", images=PICTURES)
    assert pixels(photo_sets.find(str(tmp_path / "set.npz"))) == [p.tobytes() for p in PICTURES]


@pytest.mark.parametrize(
    "arrays",
    [
        {"pixels": PICTURES},
        {"images": PICTURES / 255},
        {"images": PICTURES[0]},
        {"images": PICTURES[..., :2]},
        {"images": PICTURES[:0]},
        None,
    ],
)
def test_npz_that_cannot_be(tmp_path, arrays):
    if arrays is None:
        (tmp_path / "set.npz").write_bytes(b"no")
    else:
        np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(DataError, match="set.npz.*images"):
        photo_sets.find(str(tmp_path / "set.npz"))


def test_arrays_are_known_by_their_content(tmp_path):
    def names(images, name):
        np.savez(tmp_path / name, images=images)
        found = photo_sets.find(str(tmp_path / name))
        return found.place, found.fingerprint

    assert names(PICTURES, "a.npz") == names(PICTURES, "b.npz")
    assert names(PICTURES[::-1], "a.npz") != names(PICTURES, "a.npz") != names(PICTURES.reshape(12, 64, 16, 3), "a.npz")


# ---------------------------------------------------------------- tiles


@pytest.mark.parametrize("size", [32, 64, 200])
def test_tiles_lie_in_their_area(size):
    found = photo_sets.find("bundled", size=size)
    keys, areas = [photo_kinds.content_key(image) for image in found.images], {}
    for i, (number, (left, top, right, bottom)) in enumerate(found.tiles):
        photo, box = found.area[i].split()
        outer = tuple(map(int, box.split(",")))
        assert photo == keys[number]
        assert outer[0] <= left and outer[1] <= top and right <= outer[2] and bottom <= outer[3]
        assert right - left == bottom - top >= size
        assert found.read(i).size == (right - left, right - left)
        areas.setdefault(number, set()).add(outer)
    for number, boxes in areas.items():  # disjoint, and within the photo
        covered = np.zeros(found.images[number].size, int)
        for left, top, right, bottom in boxes:
            covered[left:right, top:bottom] += 1
        assert covered.sum() == sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
        assert covered.max() == 1


def test_the_areas_do_not_depend_on_a_small_size():
    assert len({tuple(sorted(set(photo_sets.find("bundled", size=size).area))) for size in (16, 32, 64, 128)}) == 1


def test_bundled_photos_that_cannot_be(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="1024 pixels.* at most 512"):
        photo_sets.find("bundled", size=1024)
    with pytest.raises(DataError, match="take no --dataset-path"):
        photo_sets.find("bundled", tmp_path)
    monkeypatch.setattr(photos, "bundled_photos", lambda: [tmp_path / "astronaut.png"])
    with pytest.raises(DataError, match="astronaut.png.*install"):
        photo_sets.find("bundled")


# ---------------------------------------------------------------- names


def test_a_name_is_known_by_its_entry(tmp_path, monkeypatch):
    given = []
    mine = photo_kinds.PhotoArray(PICTURES)
    entry = NamedSet("mine", "pictures", "none", lambda *root_and_size: given.append(root_and_size) or mine)
    monkeypatch.setitem(NAMED, "mine", entry)
    assert len(photo_sets.find("mine", tmp_path, 64)) == 12 and given == [(tmp_path, 64)]
    with pytest.raises(DataError, match="bundled, cifar10, .*mine"):
        photo_sets.find("yours", tmp_path)


def test_what_is_no_set(tmp_path):
    with pytest.raises(DataError, match="neither a data set"):
        photo_sets.find(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="neither a data set"):
        photo_sets.find(str(tmp_path / "nowhere.npz"))
    with pytest.raises(DataError, match="no photos in it"):
        photo_sets.find(str(tmp_path))
