"""What a data set's name or path means: the names in `NAMED`, a folder of photos, or an .npz file.

`find` opens a set without decoding it; `colorlib.data.photo_kinds` says what a set is. Naming a set that isn't there
asks for its download. Where that fails, as on a machine without internet, one line says what was looked for, and a
folder with a copy will do. data/README.md has the origin, license and size of each.

A further set by name is one function that takes (path, size), and its line in `NAMED`.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from colorlib import photos
from colorlib.data.photo_kinds import PhotoArray, PhotoDatabase, PhotoFiles, PhotoTiles
from colorlib.errors import DataError

CIFAR10_FOLDER = "cifar-10-batches-py"
TINY_IMAGENET = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
TINY_IMAGENET_MD5 = "90528d7ca1a48142e341f4ef8d21d0de"

# ---------------------------------------------------------------- the sets by name


def bundled(path, size: int) -> PhotoTiles:
    """Tiles of the photographs that scikit-image, scikit-learn and matplotlib carry. Raises `DataError`."""
    if path is not None:
        raise DataError("the bundled photos take no --dataset-path; name your folder with --dataset")
    try:
        tiles = PhotoTiles(photos.bundled_photos(), size)
    except photos.PhotoError as error:
        raise DataError(f"a bundled photo is missing or damaged ({error}); install its package anew") from None
    if not len(tiles):
        largest = max(min(image.size) for image in tiles.images)
        raise DataError(f"bundled: no photo has {size} pixels a side; take an --image-size of at most {largest}")
    return tiles


def cifar10(path, size: int) -> PhotoFiles | PhotoArray:
    """CIFAR-10 in either layout, or downloaded by torchvision into `path`. Raises `DataError`."""
    root = Path(path or "data/cifar10")
    if (root / "train").is_dir() and (root / "test").is_dir():
        found = divided(root, {"train": "train", "test": "test"})
        if found.part is None:
            raise DataError(f"{root}: train/ and test/ must both have photos in them, as train/CLASS/*.png")
        return found
    root = root.parent if root.name == CIFAR10_FOLDER else root
    looked_for = f"{CIFAR10_FOLDER}/ and train/CLASS/* with test/CLASS/*"
    halves = fetch("CIFAR-10", root, looked_for, lambda: [_cifar10_half(root, train) for train in (True, False)])
    part = ["train"] * len(halves[0].data) + ["test"] * len(halves[1].data)
    classes = [half.classes[number] for half in halves for number in half.targets]
    return PhotoArray(np.concatenate([half.data for half in halves]), part, classes)


def _cifar10_half(root: Path, train: bool):
    from torchvision.datasets import CIFAR10

    try:
        return CIFAR10(root, train=train)
    except RuntimeError:  # torchvision's word for files that are missing or damaged
        return CIFAR10(root, train=train, download=True)


def tiny_imagenet(path, size: int) -> PhotoFiles:
    """Tiny ImageNet: 100,000 photographs of 64 pixels, and its own 10,000 to validate with where they are there."""
    root = Path(path or "data/tiny-imagenet")

    def download():
        from torchvision.datasets.utils import download_and_extract_archive

        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as beside:  # all of it is there, or nothing
            download_and_extract_archive(TINY_IMAGENET, beside, md5=TINY_IMAGENET_MD5)
            (Path(beside) / "tiny-imagenet-200").rename(root / "tiny-imagenet-200")

    for place in (root, root / "tiny-imagenet-200"):
        if (place / "train").is_dir():
            return divided(place, {"train": "train", "val": "valid"})
    fetch("Tiny ImageNet", root, "train/CLASS/*.JPEG", download)
    return divided(root / "tiny-imagenet-200", {"train": "train", "val": "valid"})


def coco(path, size: int) -> PhotoFiles:
    """The sample of COCO that fastai offers: 21,837 photographs, downloaded by fastai to its own folder."""
    root = Path(path or "data/coco_sample")

    def download() -> Path:
        from fastai.data.external import URLs, untar_data

        return Path(untar_data(URLs.COCO_SAMPLE))

    if find_below(root):
        return folder(root)
    return folder(fetch("The sample of COCO", root, "photos at any depth", download))


def celeba(path, size: int) -> PhotoFiles:
    """CelebA: 202,599 faces, aligned and cropped, divided as its authors did where list_eval_partition.txt is there."""
    root = Path(path or "data/celeba")

    def download():
        from torchvision.datasets import CelebA

        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as beside:
            CelebA(beside, download=True)
            (Path(beside) / "celeba").rename(root / "celeba")
        return root / "celeba"

    root = root / "celeba" if (root / "celeba").is_dir() else root
    if not find_below(root):
        root = fetch("CelebA", root, "photos at any depth", download, needs="gdown")
    found, table = folder(root), root / "list_eval_partition.txt"
    if table.is_file():
        words = [line.split() for line in table.read_text().splitlines() if line.strip()]
        part = {
            name: ("train", "valid", "test")[int(rest[0])]
            for name, *rest in words
            if rest and rest[0] in ("0", "1", "2")
        }
        missing = [path for path in found.paths if path.name not in part]
        if missing:
            raise DataError(
                f"{table} doesn't say which part {missing[0].name} is of, as `{missing[0].name} 0`; mend it"
            )
        found.part = [part[path.name] for path in found.paths]
    return found


def church(path, size: int) -> PhotoFiles | PhotoDatabase:
    """LSUN's churches: 126,227 photographs from outside. Its archive of 2.3 GB is a database that `lmdb` reads."""
    root = Path(path or "data/church")
    if (root / "church_outdoor_train_lmdb").is_dir():
        return fetch(
            "LSUN church_outdoor", root, "church_outdoor_train_lmdb/", lambda: PhotoDatabase(root), needs="lmdb"
        )
    if find_below(root):
        return folder(root)
    raise DataError(
        f"LSUN church_outdoor is not in {root} (looked for church_outdoor_train_lmdb/ and photos at any depth), and "
        f"its authors offer it by a script alone: https://github.com/fyu/lsun; unpack church_outdoor_train_lmdb.zip "
        "there and `pip install lmdb`, or give any folder of photos with --dataset-path"
    )


NAMED = {
    "bundled": bundled,
    "cifar10": cifar10,
    "tiny-imagenet": tiny_imagenet,
    "coco": coco,
    "celeba": celeba,
    "church": church,
}


def class_words(dataset: str, path=None) -> dict[str, str]:
    """What the classes of a set are called, as {"n01443537": "goldfish"}, of its words.txt; none without one."""
    root = Path(path or (f"data/{dataset}" if dataset in NAMED else dataset))
    for place in (root, root / "tiny-imagenet-200"):
        if (place / "words.txt").is_file():
            pairs = (line.partition("\t") for line in (place / "words.txt").read_text().splitlines())
            return {folder: words.split(",")[0].strip() for folder, _, words in pairs}
    return {}


def find_below(root: Path) -> list[Path]:
    """All photos below a folder, none if it isn't there."""
    return photos.find_photos(root) if root.is_dir() else []


def divided(root: Path, parts: dict[str, str]) -> PhotoFiles:
    """The photos below some folders of `root`: folder -> the part that it is; without parts if all are of one."""
    found = [(path, parts[name]) for name in sorted(parts) for path in find_below(root / name)]
    if not found:
        raise DataError(f"{root}: no photos below {' or '.join(f'{name}/' for name in parts)}")
    paths, part = map(list, zip(*found, strict=True))
    return PhotoFiles(root, paths, part if len(set(part)) > 1 else None, view=",".join(sorted(parts)))


def fetch(what: str, root: Path, looked_for: str, get: Callable, needs: str = ""):
    """What `get` returns, which may download into `root`. Raises `DataError` with all that a user needs to know.

    needs: a package that it takes and that isn't one of ours.
    """
    try:
        return get()
    except Exception as error:  # a download can fail in nearly any way
        if root.is_dir() and not any(root.iterdir()):
            root.rmdir()  # a download that failed leaves an empty folder
        missing = needs and isinstance(error, (ImportError, RuntimeError)) and needs in str(error)
        install = f"`pip install {needs}` and try again, or " if missing else ""
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"{what} is not in {root} (looked for {looked_for}) and could not be had ({reason}); {install}give the "
            "folder that has it with --dataset-path"
        ) from None


# ---------------------------------------------------------------- the sets by path


def npz(path: Path) -> PhotoArray:
    """The array `images`, uint8 `(N, H, W, 3)`, of an .npz file. Raises `DataError`."""
    try:
        with np.load(path) as archive:
            images = archive["images"]
    except Exception as error:  # no archive, a damaged one, or one with other arrays
        raise DataError(f"{path}: no array `images` can be read from it ({error})") from None
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape:
        raise DataError(f"{path}: `images` must be uint8 (N, H, W, 3), N from 1; it is {images.dtype} {images.shape}")
    return PhotoArray(images)


def folder(path: Path) -> PhotoFiles:
    """All photos below a folder, at any depth. Raises `DataError`."""
    paths = photos.find_photos(path)
    if not paths:
        raise DataError(f"{path}: no photos in it; looked for {' '.join(sorted(photos.ENDINGS))} at any depth")
    return PhotoFiles(path, paths)


def find(dataset: str, path=None, size: int = 32):
    """The set that a name in `NAMED`, a folder or an .npz file stands for. Raises `DataError`.

    path: where a set by name lies. size: side of the squares in pixels that will be made of it.
    """
    if dataset in NAMED:
        return NAMED[dataset](path, size)
    if path is not None:
        raise DataError(f"unknown data set {dataset!r}; --dataset takes {', '.join(NAMED)} or a folder of photos")
    where = Path(dataset)
    if where.suffix == ".npz" and where.is_file():
        return npz(where)
    if where.is_dir():
        return folder(where)
    raise DataError(f"{dataset!r} is neither a data set ({', '.join(NAMED)}) nor a folder of photos nor an .npz file")
