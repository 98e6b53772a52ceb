"""Data sets by name: a copy in a folder, a download, or one clear line. No test reaches the internet."""

import base64
import contextlib
import dataclasses
import io
import json
import pickle
import string
import sys
import types
import weakref
from pathlib import Path

import pytest
import torchvision
from made_photos import make_photos
from PIL import Image

from colorlib.cli import main
from colorlib.cli.doctor import check_sets
from colorlib.data import load_photos, set_openers
from colorlib.data.named_sets import NAMED, NamedSet
from colorlib.data.photo_sets import class_words, find
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
    assert asked == [set_openers.TINY_IMAGENET] * 2  # no third time


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


class Lmdb(types.ModuleType):
    """What colorlib takes of the package lmdb: databases in folders, whose data.mdb is JSON here."""

    opened = weakref.WeakValueDictionary()

    class Error(Exception):
        pass

    @classmethod
    def open(cls, path, readonly, lock, **options):
        assert readonly and not lock
        if path in cls.opened:
            raise cls.Error(f"The environment {path!r} is already open in this process.")
        try:
            cls.opened[path] = database = cls.Database(json.loads((Path(path) / "data.mdb").read_text()))
            return database
        except ValueError:
            raise cls.Error("MDB_INVALID: File is not an LMDB file") from None

    class Database:
        def __init__(self, pairs):
            self.pairs = {key.encode(): base64.b64decode(value) for key, value in pairs.items()}

        def get(self, key):
            return self.pairs[key]

        def cursor(self):
            return self

        def begin(self, write=False):
            return contextlib.nullcontext(self)

        def iternext(self, keys, values):
            return iter(sorted(self.pairs))

        def stat(self):
            return {"entries": len(self.pairs)}


@pytest.fixture
def lmdb(monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", Lmdb("lmdb"))


def webp(color) -> str:
    """A picture of 30x20 pixels, as LSUN's databases hold one."""
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), color).save(buffer, "WEBP", lossless=True)
    return base64.b64encode(buffer.getvalue()).decode()


def write_database(root, part, pictures: dict[str, str]):
    folder = root / f"church_outdoor_{part}_lmdb"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.mdb").write_text(json.dumps(pictures))


def test_church_is_read_from_its_database(tmp_path, lmdb):
    write_database(tmp_path, "train", {"b": webp((9, 200, 9)), "a": webp((200, 9, 9)), "c": webp((9, 9, 200))})
    alone = find("church", tmp_path)
    assert alone.part is None and len(alone) == 3
    write_database(tmp_path, "val", {"d": webp((90, 90, 90))})
    found = find("church", tmp_path)
    assert found.part == ["train"] * 3 + ["valid"] and found.fingerprint != alone.fingerprint
    assert [found.read(i).getpixel((0, 0)) for i in (0, 1, 3)] == [(200, 9, 9), (9, 200, 9), (90, 90, 90)]


def test_nothing_is_executed_to_open_church(tmp_path, lmdb, monkeypatch):
    """torchvision's LSUN unpickles a list of keys from the working folder, under a name that follows from the path."""
    root = tmp_path / "church"
    write_database(root, "train", {"a": webp((200, 9, 9))})
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    letters = "".join(c for c in str(root / "church_outdoor_train_lmdb") if c in string.ascii_letters)

    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "executed",)

    Path(f"_cache_{letters}").write_bytes(pickle.dumps(Trap()))
    assert len(find("church", root)) == 1
    assert not (tmp_path / "executed").exists()
    assert len(list(Path.cwd().iterdir())) == 1  # nor is a list of keys left there


def test_a_database_that_is_none_is_named(tmp_path, lmdb):
    write_database(tmp_path, "train", {})
    (tmp_path / "church_outdoor_train_lmdb" / "data.mdb").write_text("damaged")
    with pytest.raises(DataError, match="church_outdoor_train_lmdb can't be read as a database .*unpack it anew"):
        find("church", tmp_path)


def test_church_says_which_package_it_takes(tmp_path, monkeypatch):
    (tmp_path / "church_outdoor_train_lmdb").mkdir()
    monkeypatch.setitem(sys.modules, "lmdb", None)  # as if it weren't installed
    with pytest.raises(DataError, match="`pip install lmdb` and try again"):
        find("church", tmp_path)


def test_a_damaged_picture_of_the_database_is_left_out(tmp_path, lmdb, monkeypatch):
    whole = base64.b64decode(webp((1, 90, 9)))
    broken = base64.b64encode(whole[: len(whole) // 2]).decode()
    write_database(tmp_path, "train", {"a": webp((2, 90, 9)), "b": broken, "c": webp((3, 90, 9))})
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    photo_set = load_photos("church", tmp_path, size=16, progress=False)
    assert len(photo_set) == 2 and photo_set.skipped[0].startswith("picture 1 of the database: ")


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


# ---------------------------------------------------------------- an entry is all that there is to a set


@pytest.fixture
def petals(tmp_path, monkeypatch):
    """A made-up data set, by one entry; the working folder is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))

    def download(root):
        make_photos(root, 12)
        return root

    entry = NamedSet("petals", "twelve petals", "a license of its own", set_openers.open_photos, download=download)
    monkeypatch.setitem(NAMED, "petals", entry)
    return entry


def test_a_further_set_is_one_entry(petals, capsys):
    assert main(["data"]) == 0
    said = capsys.readouterr().out
    assert "petals: twelve petals\n    not in data/petals, `colorlib data petals` downloads it, undivided" in said
    found = {finding.about: finding for finding in check_sets()}["petals"]
    assert found.state == "note" and found.text == "not in data/petals; `colorlib data petals` downloads it"
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert "petals" in capsys.readouterr().out
    words = ["--image-size", "32", "--widths", "4,8", "--max-steps", "1", "--batch-size", "2", "--device", "cpu"]
    assert main(["train", "--dataset", "petals", "--splits", "50/50", *words, "--checkpoints-path", "run"]) == 0
    capsys.readouterr()
    assert {finding.about: finding for finding in check_sets()}["petals"].text == (
        "12 pictures in data/petals; decoded at 32 pixels"
    )
    assert main(["data", "petals", "--image-size", "16"]) == 0
    assert "license: a license of its own" in capsys.readouterr().out
    assert main(["data"]) == 0 and "12 pictures here, undivided" in capsys.readouterr().out


def test_looking_downloads_nothing(petals, tmp_path):
    assert petals.look() is None and not (tmp_path / "data").exists()
    assert len(petals.find()) == len(petals.look()) == 12


def test_a_copy_says_itself_how_it_is_divided(petals, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(NAMED, "tiny-imagenet", dataclasses.replace(NAMED["tiny-imagenet"], at=lambda: tmp_path / "t"))
    assert main(["data"]) == 0
    assert "`colorlib data tiny-imagenet` downloads it, divided into train, valid" in capsys.readouterr().out
    make_photos(tmp_path / "t" / "train" / "n01", 4)  # without its part to validate with
    assert main(["data"]) == 0
    assert "4 pictures here, undivided" in capsys.readouterr().out


def test_where_a_set_lies_without_a_name(capsys):
    assert main(["data", "--dataset-path", "somewhere"]) == 2
    assert "give its name" in capsys.readouterr().err


def test_the_page_on_data_has_each_set_as_its_entry_has_it():
    page = (Path(__file__).parent.parent / "data" / "README.md").read_text()
    for name, entry in NAMED.items():
        assert f"| `{name}` | {entry.what} |" in page


def test_tables_that_are_no_text(tmp_path):
    """A table in another encoding names no photo rightly, and breaks nothing."""
    make_photos(tmp_path / "train" / "n01", 2)
    (tmp_path / "words.txt").write_bytes(b"n01\tgr\xfcn, green\n")
    assert class_words("tiny-imagenet", tmp_path) == {"n01": "gr\ufffdn"}
    (tmp_path / "list_eval_partition.txt").write_bytes(b"\xff\xfe0\x000\x00")
    with pytest.raises(DataError, match="doesn't say which part 000.png is of"):
        find("celeba", tmp_path)
