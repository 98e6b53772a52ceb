"""The decoded cache: what is kept, and what is never kept. For several processes see tests/test_cache_processes.py."""

import errno
import shutil

import numpy as np
import pytest
from made_photos import make_photos
from PIL import Image

from colorlib import photos
from colorlib.data import cache, photo_kinds, photo_sets
from colorlib.errors import DataError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    return make_photos(tmp_path / "set", 5)


def load(folder, size=32):
    return cache.load(photo_sets.find(str(folder)), size, progress=False)


def kept(home):
    """The folders of decoded pictures, whole or not."""
    return sorted(path.name for path in home.glob("*/*"))


def refuse_to_decode(monkeypatch):
    monkeypatch.setattr(photos, "read_rgb", lambda path: pytest.fail("decoded again"))


# ---------------------------------------------------------------- what is in it


def test_squares_in_the_order_of_the_set(folder):
    found, decoded = photo_sets.find(str(folder)), load(folder)
    assert decoded.images.dtype == np.uint8 and isinstance(decoded.images, np.memmap)
    for i in range(5):
        np.testing.assert_array_equal(decoded.images[i], photos.square(found.read(i), 32))
    assert list(decoded.number) == [0, 1, 2, 3, 4]
    assert list(decoded.key) == [photo_kinds.content_key(found.read(i)) for i in range(5)]
    assert decoded.skipped == []


def test_the_key_of_a_tile_is_its_area(monkeypatch):
    monkeypatch.setattr(photos, "bundled_photos", lambda real=photos.bundled_photos: real()[1:2])
    tiles = photo_sets.find("bundled", size=64)
    assert list(cache.load(tiles, 64, progress=False).key) == tiles.area


@pytest.mark.parametrize(
    "colored, difference, gray", [(0, 0, True), (100, 4, True), (100, 5, False), (1, 255, True), (2, 255, False)]
)
def test_gray_photos_are_known(colored, difference, gray):
    """A picture of 10x10 pixels, of which some are this far from gray."""
    rgb = np.zeros((1, 100, 3), np.uint8)
    rgb[0, :colored, 1] = difference
    assert cache.is_gray(rgb.reshape(1, 10, 10, 3)).tolist() == [gray]


def test_gray_photos_are_kept_in_order(folder):
    Image.linear_gradient("L").save(folder / "002.png")
    for _ in "decoded", "opened":
        assert load(folder).gray.tolist() == [False, False, True, False, False]


# ---------------------------------------------------------------- when it is used


def test_the_second_time_nothing_is_decoded(folder, monkeypatch):
    first = load(folder)
    refuse_to_decode(monkeypatch)
    again = load(folder)
    np.testing.assert_array_equal(again.images, first.images)
    assert again.key.tolist() == first.key.tolist()


def test_a_changed_file_rebuilds_and_the_old_goes(folder, home):
    before = load(folder).images.copy()
    Image.new("RGB", (40, 40), "red").save(folder / "001.png")
    after = load(folder)
    assert (after.images[1] == [255, 0, 0]).all() and not (before[1] == after.images[1]).all()
    assert len(kept(home)) == 1
    make_photos(folder, 6, seed=1)
    assert len(load(folder).images) == 6
    assert len(kept(home)) == 1


def test_sizes_are_kept_side_by_side(folder, monkeypatch):
    load(folder, 32)
    expected = photos.square(photos.read_rgb(folder / "004.png"), 16)
    np.testing.assert_array_equal(load(folder, 16).images[4], expected)
    refuse_to_decode(monkeypatch)
    assert load(folder, 32).images.shape == (5, 32, 32, 3)


def test_a_changed_decoder_never_reads_an_old_cache(folder, home, monkeypatch):
    before = load(folder).images.copy()
    monkeypatch.setattr(photos, "square", lambda image, size: np.full((size, size, 3), 7, np.uint8))
    np.testing.assert_array_equal(load(folder).images, before)
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    assert (load(folder).images == 7).all()
    assert len(kept(home)) == 1


def test_an_array_is_known_by_its_content_wherever_it_lies(tmp_path, home, monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=pictures)
    load(tmp_path / "a.npz")
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "a.npz", tmp_path / "elsewhere" / "b.npz")
    with monkeypatch.context() as patch:
        patch.setattr(photos, "square", lambda image, size: pytest.fail("decoded again"))
        np.testing.assert_array_equal(load(tmp_path / "elsewhere" / "b.npz").images, pictures)
    np.savez(tmp_path / "a.npz", images=pictures[::-1])  # another content in the old place
    np.testing.assert_array_equal(load(tmp_path / "a.npz").images, pictures[::-1])


# ---------------------------------------------------------------- what is never kept


def test_interrupted_decoding_leaves_nothing(tmp_path, home, monkeypatch):
    folder = make_photos(tmp_path / "many", 600, size=(8, 8))
    real, calls = photos.square, []

    def interrupted(image, size):
        calls.append(1)
        if len(calls) == 400:
            raise KeyboardInterrupt
        return real(image, size)

    monkeypatch.setattr(photos, "square", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load(folder, 8)
    assert kept(home) == []
    monkeypatch.setattr(photos, "square", real)
    assert len(load(folder, 8).images) == 600


@pytest.mark.parametrize("damage", ["short pixels", "no pixels", "half an index", "no index"])
def test_a_half_written_cache_is_not_used(folder, home, damage):
    """As a power cut can leave it."""
    whole = load(folder).images.copy()
    (made,) = home.glob("*/*")
    file = made / ("pixels" if "pixels" in damage else "index.json")
    if damage.startswith("no"):
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    np.testing.assert_array_equal(load(folder).images, whole)
    assert kept(home) == [made.name]


def test_an_error_of_the_moment_is_not_kept(folder, home, monkeypatch):
    read_bytes = type(folder).read_bytes

    def fail_once(path):
        if path.name == "003.png":
            raise OSError(errno.EMFILE, "Too many open files")
        return read_bytes(path)

    monkeypatch.setattr(type(folder), "read_bytes", fail_once)
    with pytest.raises(DataError, match="003.png can't be read now .Too many open files"):
        load(folder)
    assert kept(home) == []
    monkeypatch.setattr(type(folder), "read_bytes", read_bytes)
    assert len(load(folder).images) == 5


def test_damage_is_remembered_until_the_file_changes(folder, monkeypatch):
    whole = (folder / "002.png").read_bytes()
    (folder / "002.png").write_bytes(b"no photo")
    with monkeypatch.context() as patch:
        for _ in "decoded", "opened":
            decoded = load(folder)
            assert list(decoded.number) == [0, 1, 3, 4] and len(decoded.images) == len(decoded.key) == 4
            (reason,) = decoded.skipped
            assert "002.png" in reason
            refuse_to_decode(patch)
    (folder / "002.png").write_bytes(whole)
    assert len(load(folder).images) == 5


def test_a_block_of_damaged_photos(folder, monkeypatch):
    monkeypatch.setattr(cache, "BLOCK", 2)
    for name in ("002.png", "003.png"):
        (folder / name).write_bytes(b"no photo")
    assert list(load(folder).number) == [0, 1, 4]


def test_nothing_but_damaged_photos(tmp_path, home):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.png").write_bytes(b"no photo")
    with pytest.raises(DataError, match="none of the 1 photos can be read; the first: .*a.png"):
        load(tmp_path / "set")
    assert kept(home) == []


def test_a_cache_that_cannot_be_written(folder, home):
    home.write_text("a file stands where the folder should be")
    with pytest.raises(DataError, match="COLORLIB_CACHE"):
        load(folder)


@pytest.mark.parametrize("text", ["{}", "[]", '{"number": 3}', "null"])
def test_an_index_that_is_another_one_is_made_anew(tmp_path, monkeypatch, text):
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    folder = make_photos(tmp_path / "set", 3)
    load(folder)
    (index,) = (tmp_path / "cache").glob("*/*/index.json")
    index.write_text(text)
    assert len(load(folder).images) == 3


def test_two_views_of_a_folder_keep_both_their_pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    make_photos(tmp_path / "set" / "train" / "a", 3)
    make_photos(tmp_path / "set" / "val", 2, seed=1)
    views = [("tiny-imagenet", tmp_path / "set"), (str(tmp_path / "set"), None)]
    for dataset, path in views * 2:
        cache.load(photo_sets.find(dataset, path), 16, progress=False)
    made = {index.stat().st_mtime_ns for index in (tmp_path / "cache").glob("*/*/index.json")}
    assert len(made) == 2
