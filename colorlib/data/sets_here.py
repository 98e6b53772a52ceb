"""Which data sets lie here already, and at which sizes they are decoded: `colorlib doctor` asks. Nothing is downloaded.

`colorlib.data.photo_sets.find` would download a named set that isn't there, so what it looks for is looked for here
first.
"""

from pathlib import Path

from colorlib.data import cache, course_folder, photo_sets
from colorlib.errors import DataError

# What is in the folder of a set that is there; of the others photos at any depth will do.
MARKS = {
    "cifar10": (photo_sets.CIFAR10_FOLDER, "train"),
    "tiny-imagenet": ("train", "tiny-imagenet-200/train"),
}


def place_of(name: str) -> Path | None:
    """Where a named set is looked for: CIFAR-10 where the notebooks want it, others below data/; bundled has no folder.

    fastai keeps its sample of COCO in a folder of its own, which is named where that is there.
    """
    if name == "bundled":
        return None
    if name == "cifar10":
        return course_folder()
    place = Path("data", "coco_sample" if name == "coco" else name)
    of_fastai = Path.home() / ".fastai" / "data" / "coco_sample"
    return of_fastai if name == "coco" and not place.is_dir() and of_fastai.is_dir() else place


def find_here(name: str):
    """A named set (see `photo_kinds`) if it is here, else None. Raises `DataError` where it is damaged."""
    place = place_of(name)
    if place is None:
        return photo_sets.find(name)
    if name in MARKS:
        if not any((place / mark).is_dir() for mark in MARKS[name]):
            return None
        if name == "cifar10" and not (place / "train").is_dir():
            check_cifar10(place)
    elif not (place / "church_outdoor_train_lmdb").is_dir() and not photo_sets.find_below(place):
        return None
    return photo_sets.find(name, place)


def check_cifar10(place: Path) -> None:
    """Raise `DataError` where files of CIFAR-10's archive are missing or damaged: `find` would download them anew."""
    from torchvision.datasets import CIFAR10

    try:
        CIFAR10(place, train=True), CIFAR10(place, train=False)  # each checks all files
    except RuntimeError:
        raise DataError(
            f"CIFAR-10's files in {place / photo_sets.CIFAR10_FOLDER} are damaged, or some are missing; delete that "
            "folder and the archive beside it, and get them anew: colorlib data cifar10"
        ) from None


def decoded_sizes(pictures) -> list[int]:
    """The sides, in pixels, of the squares that a set is decoded at by this version of colorlib."""
    folders = cache.home().glob(f"{pictures.place}-*px/v{cache.VERSION}-{pictures.fingerprint}/index.json")
    return sorted(int(path.parts[-3].rpartition("-")[2].removesuffix("px")) for path in folders)
