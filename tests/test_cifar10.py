"""CIFAR-10: a folder in either layout, a download, or a clear error."""

import pickle

import numpy as np
import pytest
import torchvision
from PIL import Image

from colorlib import photos
from colorlib.data import photo_sets
from colorlib.errors import DataError

PICTURES = np.random.default_rng(0).integers(0, 255, (12, 32, 32, 3), dtype=np.uint8)


def pixels(pictures):
    return [np.asarray(pictures.read(i)).tobytes() for i in range(len(pictures))]


def write_cifar10_folders(root):
    for i, picture in enumerate(PICTURES):
        path = root / ("train" if i < 8 else "test") / ("cat" if i % 2 else "dog") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)


def write_cifar10_batches(root, names=("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")):
    batches = root / "cifar-10-batches-py"
    batches.mkdir(parents=True)
    for n, name in enumerate((*names, "test_batch")):
        content = {"data": PICTURES[n : n + 1].transpose(0, 3, 1, 2).reshape(1, -1), "labels": [0]}
        (batches / name).write_bytes(pickle.dumps(content))
    (batches / "batches.meta").write_bytes(pickle.dumps({"label_names": ["cat"]}))


def test_cifar10_in_folders(tmp_path):
    write_cifar10_folders(tmp_path)
    Image.fromarray(PICTURES[0]).save(tmp_path / "overview.png")  # neither in train/ nor in test/
    found = photo_sets.find("cifar10", tmp_path)
    by_content = dict(zip(pixels(found), found.part, strict=True))
    assert by_content == {p.tobytes(): "train" if i < 8 else "test" for i, p in enumerate(PICTURES)}


@pytest.mark.parametrize("empty", ["train", "test"])
def test_cifar10_in_folders_without_photos(tmp_path, empty):
    write_cifar10_folders(tmp_path)
    for photo in photos.find_photos(tmp_path / empty):
        photo.unlink()
    with pytest.raises(DataError, match="must both have photos"):
        photo_sets.find("cifar10", tmp_path)


def test_cifar10_from_its_original_files(tmp_path, monkeypatch):
    """torchvision reads the pickled batches; only its check of the files' sums is passed over here."""
    write_cifar10_batches(tmp_path)
    monkeypatch.setattr(torchvision.datasets.cifar, "check_integrity", lambda *a: True)
    for path in (tmp_path, tmp_path / "cifar-10-batches-py"):
        found = photo_sets.find("cifar10", path)
        assert found.part == ["train"] * 5 + ["test"]
        assert pixels(found) == [p.tobytes() for p in PICTURES[:6]]


def test_cifar10_is_downloaded_where_it_is_missing_or_damaged(tmp_path, monkeypatch):
    (tmp_path / "cifar-10-batches-py").mkdir()  # an unpacking that was broken off
    asked = []

    class Downloads:
        def __init__(self, root, train=True, download=False):
            asked.append(download)
            if True not in asked:
                raise RuntimeError("Dataset not found or corrupted")
            self.data = PICTURES[:8] if train else PICTURES[8:]
            self.targets, self.classes = [1] * len(self.data), ["airplane", "automobile"]

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Downloads)
    assert photo_sets.find("cifar10", tmp_path).part == ["train"] * 8 + ["test"] * 4
    assert asked == [False, True, False, False]


def test_cifar10_that_cannot_be_had(tmp_path, monkeypatch):
    def fail(root, train=True, download=False):
        if not download:
            raise RuntimeError("Dataset not found or corrupted")
        root.mkdir()
        raise OSError("no route to host")

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", fail)
    with pytest.raises(DataError, match="train/CLASS.*no route to host.*--dataset-path"):
        photo_sets.find("cifar10", tmp_path / "new")
    assert not (tmp_path / "new").exists()
