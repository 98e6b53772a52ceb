"""Data sets by name: a copy in a folder, a download, or one clear line. No test reaches the internet."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torchvision
from made_photos import make_photos
from PIL import Image

from colorlib.cli import main
from colorlib.data import load_photos, photo_sets
from colorlib.data.photo_sets import NAMED, find
from colorlib.errors import DataError


@pytest.fixture
def offline(monkeypatch):
    """Downloads fail as they do without internet."""

    def refuse(*arguments, **options):
        raise OSError("Name or service not known")

    monkeypatch.setattr(torchvision.datasets.utils, "download_and_extract_archive", refuse)
    monkeypatch.setattr(torchvision.datasets, "CelebA", refuse)
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", refuse)
    monkeypatch.setitem(sys.modules, "fastai.data.external", types.SimpleNamespace(URLs=None, untar_data=refuse))


@pytest.mark.parametrize("name", sorted(set(NAMED) - {"bundled"}))
def test_one_line_where_neither_copy_nor_internet_is_there(name, tmp_path, offline):
    with pytest.raises(DataError, match="is not in .*looked for .*--dataset-path") as caught:
        find(name, tmp_path / "nothing")
    assert "\n" not in str(caught.value) and not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("name", ["tiny-imagenet", "coco", "celeba", "church"])
def test_a_copy_in_a_folder_will_do(name, tmp_path, offline):
    make_photos(tmp_path / "train" / "n01", 6)
    found = find(name, tmp_path)
    assert len(found) == 6 and found.part is None and found.read(0).size == (40, 40)


@pytest.mark.parametrize("below", ["", "tiny-imagenet-200"])
def test_tiny_imagenet_keeps_its_own_validation_part(tmp_path, below):
    root = tmp_path / below
    make_photos(root / "train" / "n01" / "images", 5)
    make_photos(root / "val" / "images", 3, seed=1)
    make_photos(root / "test" / "images", 2, seed=2)  # without labels: its authors keep them
    found = find("tiny-imagenet", tmp_path)
    assert found.part == ["train"] * 5 + ["valid"] * 3


def test_tiny_imagenet_is_downloaded_and_unpacked(tmp_path, monkeypatch):
    asked = []

    def unpack(url, root, md5):
        make_photos(Path(root) / "tiny-imagenet-200" / "train" / "n01", 4)
        asked.append(url)
        if len(asked) == 1:
            raise KeyboardInterrupt  # half of it is unpacked

    monkeypatch.setattr(torchvision.datasets.utils, "download_and_extract_archive", unpack)
    with pytest.raises(KeyboardInterrupt):
        find("tiny-imagenet", tmp_path / "new")
    assert len(find("tiny-imagenet", tmp_path / "new")) == len(find("tiny-imagenet", tmp_path / "new")) == 4
    assert asked == [photo_sets.TINY_IMAGENET] * 2  # no third time


def test_coco_is_downloaded_by_fastai(tmp_path, monkeypatch):
    fastai = types.SimpleNamespace(
        URLs=types.SimpleNamespace(COCO_SAMPLE="the sample"),
        untar_data=lambda url: make_photos(tmp_path / "fastai" / url, 3),
    )
    monkeypatch.setitem(sys.modules, "fastai.data.external", fastai)
    assert len(find("coco", tmp_path / "nothing")) == 3


def test_celeba_is_downloaded_to_where_it_was_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(
        torchvision.datasets,
        "CelebA",
        lambda root, download: make_photos(Path(root) / "celeba" / "img_align_celeba", 3),
    )
    assert len(find("celeba", tmp_path / "faces")) == 3
    monkeypatch.setattr(torchvision.datasets, "CelebA", None)
    assert len(find("celeba", tmp_path / "faces")) == 3  # there now
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


def test_celeba_is_divided_by_its_authors_table(tmp_path):
    make_photos(tmp_path / "img_align_celeba", 4)
    (tmp_path / "list_eval_partition.txt").write_text("000.png 0\n001.png 1\n\n002.png 2\n003.png 0\n\n")
    assert find("celeba", tmp_path).part == ["train", "valid", "test", "train"]


def test_church_is_read_from_its_database(tmp_path, monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 255, (3, 20, 30, 3), dtype=np.uint8)

    class Database:
        def __init__(self, root, classes):
            self.pictures = pictures if classes == ["church_outdoor_train"] else pictures[:1]

        def __len__(self):
            return len(self.pictures)

        def __getitem__(self, i):
            return Image.fromarray(self.pictures[i]), 0

    monkeypatch.setattr(torchvision.datasets, "LSUN", Database)
    fingerprints = set()
    for part in ("train", "val"):
        (tmp_path / f"church_outdoor_{part}_lmdb").mkdir()
        (tmp_path / f"church_outdoor_{part}_lmdb" / "data.mdb").write_bytes(b"x")
        fingerprints.add(find("church", tmp_path).fingerprint)
    assert len(fingerprints) == 2
    found = find("church", tmp_path)
    assert found.part == ["train"] * 3 + ["valid"] and np.array_equal(np.asarray(found.read(1)), pictures[1])


def test_church_says_which_package_it_takes(tmp_path, monkeypatch):
    (tmp_path / "church_outdoor_train_lmdb").mkdir()
    monkeypatch.setitem(sys.modules, "lmdb", None)  # as if it weren't installed
    with pytest.raises(DataError, match="`pip install lmdb` and try again"):
        find("church", tmp_path)


def test_a_damaged_picture_of_the_database_is_left_out(tmp_path, monkeypatch):
    class Database:
        def __init__(self, root, classes):
            pass

        def __len__(self):
            return 3

        def __getitem__(self, i):
            if i == 1:
                raise OSError("image file is truncated (3 bytes not processed)")
            return Image.new("RGB", (20, 20), (i, 90, 9)), 0

    monkeypatch.setattr(torchvision.datasets, "LSUN", Database)
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "church_outdoor_train_lmdb").mkdir()
    (tmp_path / "church_outdoor_train_lmdb" / "data.mdb").write_bytes(b"x")
    photo_set = load_photos("church", tmp_path, size=16, progress=False)
    assert len(photo_set) == 2 and "truncated" in photo_set.skipped[0]


@pytest.mark.parametrize("line", ["000.png 3", "000.png", "000.png train", "000.png 12", ""])
def test_celebas_table_has_to_say_it_of_every_photo(tmp_path, line):
    make_photos(tmp_path / "img_align_celeba", 2)
    (tmp_path / "list_eval_partition.txt").write_text(f"{line}\n001.png 1\n")
    with pytest.raises(DataError, match="doesn't say which part 000.png is of"):
        find("celeba", tmp_path)


def test_data_says_what_is_there(tmp_path, capsys):
    make_photos(tmp_path / "tiny" / "train" / "n01", 20)
    assert main(["data", "tiny-imagenet", "--dataset-path", str(tmp_path / "tiny"), "--image-size", "16"]) == 0
    said = capsys.readouterr().out
    assert "tiny-imagenet: 20 pictures of 16x16, 0 of them gray" in said and "parts (own, split seed 0): train" in said
    assert main(["data", "nowhere"]) == 2
