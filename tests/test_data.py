"""Sources, cache, splits, loaders."""

import logging
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from colorlib import data, photos, sources
from colorlib.data import DataError, load_photos


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))


def make_photos(folder, count, size=(40, 40), seed=0):
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.fromarray(random.integers(0, 255, (*size, 3), dtype=np.uint8)).save(folder / f"{i:03d}.png")
    return folder


def test_bundled_tiles_of_different_parts_share_no_pixel():
    source = sources.TileSource(photos.bundled_photos(), 32)
    photo_set = load_photos("bundled", size=32, progress=False)
    parts = photo_set.split("80/10/10", seed=3)
    covered = {}
    for part in ("train", "valid", "test"):
        assert len(parts[part])
        for i in parts[part]:
            left, top, right, bottom = source.boxes[i]
            seen = covered.setdefault(source.paths[i], np.zeros((800, 800), dtype="U5"))
            area = seen[top:bottom, left:right]
            assert np.isin(area, ["", part]).all()
            area[...] = part


@pytest.mark.parametrize("splits, sizes", [("80/20", (80, 20, 20)), ("80/10/10", (80, 10, 10)), ("own", (80, 10, 10))])
def test_splits_by_seed(tmp_path, splits, sizes):
    photo_set = load_photos(str(make_photos(tmp_path / "set", 100)), size=32, progress=False)
    parts = photo_set.split(splits, seed=1)
    assert tuple(len(parts[p]) for p in ("train", "valid", "test")) == sizes
    assert not set(parts["train"]) & (set(parts["valid"]) | set(parts["test"]))
    again, other = photo_set.split(splits, seed=1), photo_set.split(splits, seed=2)
    assert all(np.array_equal(parts[p], again[p]) for p in parts)
    assert not np.array_equal(parts["train"], other["train"])


@pytest.mark.parametrize("bad", ["80", "80/30", "a/b", "120/-20"])
def test_bad_splits(bad):
    with pytest.raises(DataError, match="percentages"):
        data.parse_splits(bad)


def test_duplicates_stay_in_one_part(tmp_path):
    folder = make_photos(tmp_path / "set", 20)
    for i in range(20):
        (folder / f"copy-{i:03d}.png").write_bytes((folder / f"{i:03d}.png").read_bytes())
    photo_set = load_photos(str(folder), size=32, progress=False)
    parts = photo_set.split("50/50")
    digests = {part: {photo_set.images[i].tobytes() for i in parts[part]} for part in ("train", "valid")}
    assert not digests["train"] & digests["valid"]


def test_cifar10_in_both_layouts(tmp_path):
    random = np.random.default_rng(0)
    pictures = random.integers(0, 255, (12, 32, 32, 3), dtype=np.uint8)
    for i, picture in enumerate(pictures):
        path = tmp_path / "folder" / ("train" if i < 8 else "test") / ("cat" if i % 2 else "dog") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    folder = load_photos("cifar10", tmp_path / "folder", progress=False)
    assert list(folder.own_part) == ["train"] * 8 + ["test"] * 4
    assert len(folder.split()["test"]) == 4
    assert {p.tobytes() for p in folder.images} == {p.tobytes() for p in pictures}


def test_cifar10_from_its_original_files(tmp_path, monkeypatch):
    """torchvision reads the pickled batches; only its check of the files' sums is passed over here."""
    import torchvision

    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    pictures = np.random.default_rng(0).integers(0, 255, (6, 32, 32, 3), dtype=np.uint8)
    for n, name in enumerate(
        ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]
    ):
        content = {"data": pictures[n : n + 1].transpose(0, 3, 1, 2).reshape(1, -1), "labels": [0]}
        (batches / name).write_bytes(pickle.dumps(content))
    (batches / "batches.meta").write_bytes(pickle.dumps({"label_names": ["cat"]}))
    monkeypatch.setattr(torchvision.datasets.cifar, "check_integrity", lambda *a: True)
    for path in (tmp_path, batches):
        photo_set = load_photos("cifar10", path, progress=False)
        assert list(photo_set.own_part) == ["train"] * 5 + ["test"]
        np.testing.assert_array_equal(photo_set.images, pictures)


def test_cifar10_that_cannot_be_had(tmp_path, monkeypatch):
    import torchvision

    def fail(root, **kwargs):
        root.mkdir()
        raise OSError("no route to host")

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", fail)
    with pytest.raises(DataError, match="train/CLASS.*no route to host.*--dataset-path"):
        load_photos("cifar10", tmp_path / "new", progress=False)
    assert not (tmp_path / "new").exists()


def test_npz(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "set.npz", images=pictures)
    np.testing.assert_array_equal(load_photos(str(tmp_path / "set.npz"), progress=False).images, pictures)
    np.savez(tmp_path / "other.npz", pixels=pictures)
    np.savez(tmp_path / "floats.npz", images=pictures / 255)
    (tmp_path / "broken.npz").write_bytes(b"no")
    for name in ("other", "floats", "broken"):
        with pytest.raises(DataError, match="images"):
            load_photos(str(tmp_path / f"{name}.npz"), progress=False)


def test_bundled_photos_that_cannot_be(tmp_path):
    with pytest.raises(DataError, match="no pictures of 1024 pixels"):
        load_photos("bundled", size=1024, progress=False)
    with pytest.raises(DataError, match="take no --dataset-path"):
        load_photos("bundled", tmp_path, progress=False)


def test_the_second_time_nothing_is_decoded(tmp_path, monkeypatch):
    folder = make_photos(tmp_path / "set", 5)
    first = load_photos(str(folder), size=32, progress=False).images.copy()
    monkeypatch.setattr(photos, "read_rgb", lambda path: pytest.fail("decoded again"))
    np.testing.assert_array_equal(load_photos(str(folder), size=32, progress=False).images, first)


def test_a_changed_file_or_size_rebuilds(tmp_path):
    folder = make_photos(tmp_path / "set", 3)
    before = load_photos(str(folder), size=32, progress=False).images.copy()
    assert load_photos(str(folder), size=16, progress=False).images.shape == (3, 16, 16, 3)
    Image.new("RGB", (40, 40), "red").save(folder / "001.png")
    after = load_photos(str(folder), size=32, progress=False).images
    assert (after[1] == [255, 0, 0]).all() and not (before[1] == after[1]).all()
    make_photos(folder, 4, seed=1)
    assert len(load_photos(str(folder), size=32, progress=False)) == 4


def test_interrupted_cache_writing_leaves_no_half_cache(tmp_path, monkeypatch):
    folder = make_photos(tmp_path / "set", 600, size=(8, 8))
    real, calls = photos.square, []

    def interrupted(image, size):
        calls.append(1)
        if len(calls) == 400:
            raise KeyboardInterrupt
        return real(image, size)

    monkeypatch.setattr(photos, "square", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_photos(str(folder), size=8, progress=False)
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    monkeypatch.setattr(photos, "square", real)
    assert len(load_photos(str(folder), size=8, progress=False)) == 600


def test_broken_photos_are_named_and_left_out(tmp_path, caplog):
    folder = make_photos(tmp_path / "set", 4)
    (folder / "002.png").write_bytes(b"not a picture")
    with caplog.at_level(logging.WARNING, logger="colorlib"):
        photo_set = load_photos(str(folder), size=32, progress=False)
    assert len(photo_set) == 3 and "002.png" in caplog.text
    assert "1 unreadable" in photo_set.summary


@pytest.mark.parametrize(
    "content, words", [(None, "neither a data set"), ("empty", "no photos in it"), ("broken", "none of its")]
)
def test_folders_without_usable_photos(tmp_path, content, words):
    folder = tmp_path / "set"
    if content:
        folder.mkdir()
    if content == "broken":
        (folder / "a.png").write_bytes(b"no")
    with pytest.raises(DataError, match=words):
        load_photos(str(folder), progress=False)


def test_gray_photos_are_known(tmp_path):
    folder = make_photos(tmp_path / "set", 2)
    Image.linear_gradient("L").save(folder / "gray.png")
    assert list(load_photos(str(folder), size=32, progress=False).gray) == [False, False, True]


def test_loader_yields_rgb_uint8_in_an_order_of_seed_and_epoch(tmp_path):
    photo_set = load_photos(str(make_photos(tmp_path / "set", 10)), size=32, progress=False)
    batches = data.loader(photo_set, np.arange(10), 4, seed=5)

    def epoch(number):
        batches.sampler.epoch = number
        return torch.cat(list(batches))

    first = epoch(0)
    assert first.dtype == torch.uint8 and first.shape == (8, 3, 32, 32)  # the last small batch is left out
    assert torch.equal(first, epoch(0)) and not torch.equal(first, epoch(1))
    in_order = torch.cat(list(data.loader(photo_set, np.arange(10), 4, shuffle=False)))
    np.testing.assert_array_equal(in_order.permute(0, 2, 3, 1), photo_set.images)


def test_augment_moves_whole_pixels_and_keeps_the_type():
    rgb = torch.arange(2 * 3 * 16 * 16, dtype=torch.int32).view(2, 3, 16, 16)
    seen = set()
    for seed in range(20):
        moved = data.augment(rgb, torch.Generator().manual_seed(seed))
        assert moved.dtype == rgb.dtype and moved.shape == rgb.shape
        assert torch.equal(moved[:, 1] - moved[:, 0], rgb[:, 1] - rgb[:, 0])  # channels move together
        row = moved[0, 0, 8].tolist()
        seen.add(row[9] - row[8])
        assert torch.isin(moved[0], rgb[0]).all()
    assert seen == {1, -1}  # some flipped, some not


def test_spread_covers_the_whole():
    assert list(data.spread(np.arange(100), 3)) == [0, 50, 99] or list(data.spread(np.arange(100), 3))[1] in (49, 50)
    assert list(data.spread(np.arange(5), None)) == [0, 1, 2, 3, 4]
