"""The sets of photographs: what the names `bundled` and `cifar10`, a folder or an .npz file stand for.

A source is a number of pictures, each readable by its number, that says which of them belong to the set's own
training and test part, or to which area of a photo. `colorlib.data` decodes and divides it.
"""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from colorlib import photos

NAMED = ("bundled", "cifar10")
CIFAR10_FOLDER = "cifar-10-batches-py"
AREA = 128  # pixels: side of the areas that the bundled photos are divided into


class DataError(ValueError):
    """A data set that can't be had; the message says what was looked for and what to do."""


class FileSource:
    """Photos in files. `part[i]` is the set's own split ("train", "test") or None."""

    def __init__(self, root: Path, paths: list[Path], part: list[str] | None = None):
        self.root, self.paths, self.part = root, paths, part
        self.area = None

    def __len__(self):
        return len(self.paths)

    def fingerprint(self) -> str:
        """Changes when a file is added, removed, renamed or rewritten."""
        digest = hashlib.blake2b(digest_size=12)
        for path in self.paths:
            stat = path.stat()
            digest.update(f"{path.relative_to(self.root)}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def read(self, i: int) -> Image.Image:
        return photos.read_rgb(self.paths[i])


class ArraySource:
    """Pictures already decoded: uint8 `(N, H, W, 3)`."""

    def __init__(self, images: np.ndarray, part: list[str] | None = None):
        self.images, self.part = images, part
        self.area = None

    def __len__(self):
        return len(self.images)

    def fingerprint(self) -> str:
        return hashlib.blake2b(np.ascontiguousarray(self.images).data, digest_size=12).hexdigest()

    def read(self, i: int) -> Image.Image:
        return Image.fromarray(self.images[i])


class TileSource(FileSource):
    """Overlapping square tiles of photos at several scales, none reaching out of its area.

    Each photo is divided into square areas, and `area[i]` numbers the one that tile i was cut from: as areas are
    disjoint, a split by area leaks no pixel from training into validation.
    """

    def __init__(self, paths: list[Path], size: int):
        super().__init__(Path("/"), [], None)
        self.boxes, self.area, areas = [], [], 0
        for path in paths:
            width, height = photos.open_photo(path).size
            side = max(AREA, size)
            for top in range(0, height - side + 1, side):
                for left in range(0, width - side + 1, side):
                    boxes = [(left + x, top + y, left + x + tile, top + y + tile) for x, y, tile in tiles(side, size)]
                    self.boxes += boxes
                    self.paths += [path] * len(boxes)
                    self.area += [areas] * len(boxes)
                    areas += 1
        self._photo = {}

    def fingerprint(self) -> str:
        names = "|".join(f"{path.name}:{path.stat().st_size}" for path in dict.fromkeys(self.paths))
        return hashlib.blake2b(f"{names}|{self.boxes}".encode(), digest_size=12).hexdigest()

    def read(self, i: int) -> Image.Image:
        path = self.paths[i]
        if path not in self._photo:
            self._photo[path] = photos.read_rgb(path)
        return self._photo[path].crop(self.boxes[i])


def tiles(side: int, size: int):
    """Tiles (x, y, side of the tile) of an area, from three eighths of its side to the whole, none below `size`."""
    for eighths in (3, 4, 6, 8):
        tile = side * eighths // 8
        if tile >= size:
            offsets = range(0, side - tile + 1, max(side // 8, 1))
            yield from ((x, y, tile) for y in offsets for x in offsets)


def find_source(dataset: str, path=None, size: int = 32):
    """The pictures that a data set's name (see `NAMED`) or a path stands for. Raises `DataError`."""
    if dataset == "bundled":
        if path is not None:
            raise DataError("the bundled photos take no --dataset-path; name your folder with --dataset")
        return TileSource(photos.bundled_photos(), size)
    if dataset == "cifar10":
        return _cifar10(Path(path or "data/cifar10"))
    if path is not None:
        raise DataError(f"unknown data set {dataset!r}; --dataset takes {', '.join(NAMED)} or a folder of photos")
    where = Path(dataset)
    if where.suffix == ".npz" and where.is_file():
        try:
            with np.load(where) as archive:
                images = archive["images"]
        except Exception as error:  # no archive, a damaged one, or one with other arrays
            raise DataError(f"{where}: no array `images` can be read from it ({error})") from None
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise DataError(f"{where}: `images` must be uint8 (N, H, W, 3); it is {images.dtype} {images.shape}")
        return ArraySource(images)
    if not where.is_dir():
        raise DataError(f"{dataset!r} is neither a data set ({', '.join(NAMED)}) nor a folder of photos")
    paths = photos.find_photos(where)
    if not paths:
        raise DataError(f"{where}: no photos in it; looked for {' '.join(sorted(photos.ENDINGS))} at any depth")
    return FileSource(where, paths)


def _cifar10(root: Path):
    """CIFAR-10 in either layout, or downloaded by torchvision into `root`."""
    train, test = root / "train", root / "test"
    if train.is_dir() and test.is_dir():
        paths = {part: photos.find_photos(root / part) for part in ("train", "test")}
        part = [name for name, found in paths.items() for _ in found]
        return FileSource(root, paths["train"] + paths["test"], part)
    from torchvision.datasets import CIFAR10

    root = root.parent if root.name == CIFAR10_FOLDER else root
    try:
        halves = [
            CIFAR10(root, train=is_train, download=not (root / CIFAR10_FOLDER).is_dir()) for is_train in (True, False)
        ]
    except Exception as error:
        if root.is_dir() and not any(root.iterdir()):
            root.rmdir()  # a download that failed leaves an empty folder
        raise DataError(
            f"CIFAR-10 is not in {root} (looked for {CIFAR10_FOLDER}/ and for train/CLASS/* with test/CLASS/*) and "
            f"could not be downloaded there ({error}); give the folder that has it with --dataset-path"
        ) from None
    part = ["train"] * len(halves[0]) + ["test"] * len(halves[1])
    return ArraySource(np.concatenate([half.data for half in halves]), part)
