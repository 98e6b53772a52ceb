"""The data sets that have a name: for each, all that colorlib knows of it, in one entry of `NAMED`.

What asks for a set by its name asks its entry: `train --dataset` and `colorlib data` open it or download it (`find`),
`colorlib data` and `colorlib doctor` say whether it is here (`look`), without a download. So a further set is one
entry, with a function of `colorlib.data.set_openers` that opens a folder of it. data/README.md has a row for each, its
origin and its license in full.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from colorlib.data import set_openers as openers
from colorlib.data.set_openers import DamagedSet
from colorlib.errors import DataError


@dataclass(frozen=True)
class NamedSet:
    """A data set that has a name.

    what: in a few words. license: in a line. open: the pictures (a kind of `colorlib.data.photo_kinds`) that lie in a
    folder, for squares of so many pixels a side; None where nothing of the set does; it never downloads, and raises
    `DataError`. parts: those that it comes divided into, where all of it is there. looked_for: what `open` looks for,
    in words. download: into a folder; returns the folder that then has it. by_hand: how to get it where there is no
    download. needs: a package that isn't one of ours. at: the folder where a copy lies unless another one is named,
    None for what comes with the packages (default: data/NAME of the working folder).
    """

    name: str
    what: str
    license: str
    open: Callable[[Path | None, int], object | None]
    parts: tuple[str, ...] = ()
    looked_for: str = "photos at any depth"
    download: Callable[[Path], Path] | None = None
    by_hand: str = ""
    needs: str = ""
    at: Callable[[], Path | None] | None = None

    def place(self) -> Path | None:
        """The folder where its copy lies, or will."""
        return self.at() if self.at else Path("data", self.name)

    def how_to_get(self) -> str:
        """What to do where it isn't here."""
        return f"`colorlib data {self.name}` downloads it" if self.download else "data/README.md says how to get it"

    def look(self, path=None, size: int = 32):
        """Its pictures if they are here, below `path` or at its place, else None; nothing is downloaded. Raises
        `DataError` where they are damaged or can't be opened."""
        root = Path(path) if path else self.place()
        try:
            return self.open(root, size)
        except ImportError as error:
            raise self.missing(root, error) from None

    def find(self, path=None, size: int = 32):
        """Its pictures, downloaded where they aren't here or are damaged. Raises `DataError`."""
        root = Path(path) if path else self.place()
        try:
            found = self.look(root, size)
        except DamagedSet:
            found = None
        if found is None and self.download is None:
            raise DataError(f"{self.name} is not in {root} (looked for {self.looked_for}); {self.by_hand}")
        try:
            return found if found is not None else self.open(self.download(root), size)
        except Exception as error:  # a download can fail in nearly any way
            if root.is_dir() and not any(root.iterdir()):
                root.rmdir()  # a download that failed leaves an empty folder
            raise self.missing(root, error) from None

    def missing(self, root: Path, error: Exception) -> DataError:
        """All that a user needs to know where a set can't be had."""
        reason = (str(error) or type(error).__name__).splitlines()[0]
        install = f"`pip install {self.needs}` and try again, or " if self.needs and self.needs in str(error) else ""
        return DataError(
            f"{self.name} is not in {root} (looked for {self.looked_for}) and could not be had ({reason}); {install}"
            "give the folder that has it with --dataset-path"
        )


ENTRIES = (
    NamedSet(
        "bundled",
        "tiles of eight photographs that come with scikit-image, scikit-learn and matplotlib",
        "of each photograph its own, from CC0 to CC BY 2.0; two name none",
        openers.open_bundled,
        at=lambda: None,
    ),
    NamedSet(
        "cifar10",
        "CIFAR-10: 60,000 photos of 32x32 pixels in ten classes",
        "none named; cite Krizhevsky 2009; for teaching and research",
        openers.open_cifar10,
        ("train", "test"),
        f"{openers.CIFAR10_FOLDER}/ and train/CLASS/* with test/CLASS/*",
        openers.download_cifar10,
        at=openers.course_folder,
    ),
    NamedSet(
        "tiny-imagenet",
        "Tiny ImageNet: 100,000 photos of 64x64 pixels in 200 classes, and 10,000 to validate with",
        "ImageNet's: for non-commercial research and education",
        openers.open_tiny_imagenet,
        ("train", "valid"),
        "train/CLASS/*.JPEG",
        openers.download_tiny_imagenet,
    ),
    NamedSet(
        "coco",
        "fastai's sample of COCO: 21,837 photos, most of 640x480",
        "of each photograph the terms that its owner chose on Flickr",
        openers.open_photos,
        download=openers.download_coco,
        at=openers.place_of_coco,
    ),
    NamedSet(
        "celeba",
        "CelebA: 202,599 faces of 178x218 pixels",
        "for non-commercial research alone",
        openers.open_celeba,
        ("train", "valid", "test"),
        download=openers.download_celeba,
        needs="gdown",
    ),
    NamedSet(
        "church",
        "LSUN's churches from outside: 126,227 photos",
        "none named",
        openers.open_church,
        ("train", "valid"),
        "church_outdoor_train_lmdb/ and photos at any depth",
        by_hand="its authors offer it by a script alone: https://github.com/fyu/lsun; unpack "
        "church_outdoor_train_lmdb.zip there and `pip install lmdb`, or give any folder of photos with --dataset-path",
        needs="lmdb",
    ),
)
NAMED = {entry.name: entry for entry in ENTRIES}
