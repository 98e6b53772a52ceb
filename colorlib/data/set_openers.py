"""How each data set that has a name is opened where it lies, and downloaded: what the entries of `NAMED` are made of.

Each `open_...` takes (folder, side of the squares in pixels), and says None where nothing of the set lies in the
folder. Nothing that is opened here is executed.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from colorlib import photos
from colorlib.data.photo_kinds import PhotoArray, PhotoDatabase, PhotoFiles, PhotoTiles
from colorlib.data.set_folders import divided, find_below, folder, lines_of
from colorlib.errors import DataError

TINY_IMAGENET = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
TINY_IMAGENET_MD5 = "90528d7ca1a48142e341f4ef8d21d0de"


class DamagedSet(DataError):
    """Files of a set are here, but some are missing or damaged; a download mends it."""


# ---------------------------------------------------------------- bundled


def open_bundled(path, size: int) -> PhotoTiles:
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


# ---------------------------------------------------------------- CIFAR-10

CIFAR10_FOLDER = "cifar-10-batches-py"


def course_folder() -> Path:
    """Where the notebooks and the commands look for CIFAR-10: COLORLIB_CIFAR10, else data/cifar10 of the repository
    (of the working folder where colorlib is installed without one, as in Colab).
    """
    clone = Path(__file__).parents[2]
    home = clone if (clone / "pyproject.toml").is_file() else Path.cwd()
    return Path(os.environ.get("COLORLIB_CIFAR10") or home / "data" / "cifar10")


def open_cifar10(root: Path, size: int) -> PhotoFiles | PhotoArray | None:
    """CIFAR-10 in either layout. Its archive's files are pickles, of which torchvision opens those alone whose sums are
    the authors' (MD5)."""
    if (root / "train").is_dir() and (root / "test").is_dir():
        found = divided(root, {"train": "train", "test": "test"})
        if found.part is None:
            raise DataError(f"{root}: train/ and test/ must both have photos in them, as train/CLASS/*.png")
        return found
    root = root.parent if root.name == CIFAR10_FOLDER else root
    if not (root / CIFAR10_FOLDER).is_dir():
        return None
    from torchvision.datasets import CIFAR10

    try:
        halves = [CIFAR10(root, train=train) for train in (True, False)]
    except RuntimeError:  # torchvision's word for files that are missing or damaged
        raise DamagedSet(
            f"CIFAR-10's files in {root / CIFAR10_FOLDER} are damaged, or some are missing; delete that folder and "
            "the archive beside it, and get them anew: colorlib data cifar10"
        ) from None
    part = ["train"] * len(halves[0].data) + ["test"] * len(halves[1].data)
    classes = [half.classes[number] for half in halves for number in half.targets]
    return PhotoArray(np.concatenate([half.data for half in halves]), part, classes)


def download_cifar10(root: Path) -> Path:
    from torchvision.datasets import CIFAR10

    root = root.parent if root.name == CIFAR10_FOLDER else root
    CIFAR10(root, download=True)
    return root


# ---------------------------------------------------------------- Tiny ImageNet


def open_tiny_imagenet(root: Path, size: int) -> PhotoFiles | None:
    """Its photographs, and its own part to validate with where that is there."""
    for place in (root, root / "tiny-imagenet-200"):
        if (place / "train").is_dir():
            return divided(place, {"train": "train", "val": "valid"})
    return None


def download_tiny_imagenet(root: Path) -> Path:
    from torchvision.datasets.utils import download_and_extract_archive

    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as beside:  # all of it is there, or nothing
        download_and_extract_archive(TINY_IMAGENET, beside, md5=TINY_IMAGENET_MD5)
        (Path(beside) / "tiny-imagenet-200").rename(root / "tiny-imagenet-200")
    return root


# ---------------------------------------------------------------- COCO


def place_of_coco() -> Path:
    """data/coco_sample, else the folder of its own where fastai keeps its sample, if that is there."""
    place, of_fastai = Path("data", "coco_sample"), Path.home() / ".fastai" / "data" / "coco_sample"
    return of_fastai if not place.is_dir() and of_fastai.is_dir() else place


def open_photos(root: Path, size: int) -> PhotoFiles | None:
    """All photos below a folder, if there are any."""
    return folder(root) if find_below(root) else None


def download_coco(root: Path) -> Path:
    from fastai.data.external import URLs, untar_data

    return Path(untar_data(URLs.COCO_SAMPLE))


# ---------------------------------------------------------------- CelebA


def open_celeba(root: Path, size: int) -> PhotoFiles | None:
    """Its faces, divided as its authors did where list_eval_partition.txt is there. Raises `DataError`."""
    root = root / "celeba" if (root / "celeba").is_dir() else root
    found, table = open_photos(root, size), root / "list_eval_partition.txt"
    if found is not None and table.is_file():
        numbers = {words[0]: words[1] for words in map(str.split, lines_of(table)) if len(words) > 1}
        parts = {"0": "train", "1": "valid", "2": "test"}
        for path in found.paths:
            if numbers.get(path.name) not in parts:
                raise DataError(f"{table} doesn't say which part {path.name} is of, as `{path.name} 0`; mend it")
        found.part = [parts[numbers[path.name]] for path in found.paths]
    return found


def download_celeba(root: Path) -> Path:
    from torchvision.datasets import CelebA

    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as beside:
        CelebA(beside, download=True)
        (Path(beside) / "celeba").rename(root / "celeba")
    return root


# ---------------------------------------------------------------- LSUN's churches


def open_church(root: Path, size: int) -> PhotoDatabase | PhotoFiles | None:
    """Its database, or photos."""
    return PhotoDatabase(root) if (root / "church_outdoor_train_lmdb").is_dir() else open_photos(root, size)
