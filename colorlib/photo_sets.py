"""What a data set's name or path means: the names in `NAMED`, a folder of photos, or an .npz file.

`find` opens a set without decoding it. A set has a length, and

    read(i)      picture i as a PIL image of mode RGB, at its own full size; raises `PhotoError` where its content is
                 damaged, and `DataError` where it can't be read at the moment
    part         None, or for each picture "train", "valid" or "test": the parts of a set that comes divided
    area         None, or for each picture the key of the area that it was cut from: tiles of one area stay together
    fingerprint  a text that is another one when the pictures are
    place        the name of the set's folder in the cache (see colorlib/cache.py)

A further set by name is one function that takes (path, size), and its line in `NAMED`.
"""

import hashlib
import io
import os
import re
from pathlib import Path

import numpy as np
from PIL import Image

from colorlib import photos
from colorlib.errors import DataError

CIFAR10_FOLDER = "cifar-10-batches-py"
AREA = 128  # pixels: side of the areas that the bundled photos are divided into


def content_key(image: Image.Image) -> str:
    """A text that only an image with the same size and the same RGB values has, whatever file it comes from."""
    return _digest(b"%d x %d|" % image.size, image.tobytes())


def _digest(*content) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for part in content:
        digest.update(part)
    return digest.hexdigest()


# ---------------------------------------------------------------- the kinds of sets


class PhotoFiles:
    """Photos in files below the folder `root`."""

    area = None

    def __init__(self, root: Path, paths: list[Path], part: list[str] | None = None):
        self.paths, self.part = paths, part
        lines = []
        for path in paths:
            try:
                stat = path.stat()
            except OSError as error:
                raise _momentary(path, error) from None
            lines.append(f"{path.relative_to(root)}|{stat.st_size}|{stat.st_mtime_ns}\n")
        self.fingerprint = _digest(os.fsencode("".join(lines)))
        name = re.sub(r"[^A-Za-z0-9]+", "-", root.resolve().name)[-40:]
        self.place = f"{name}-{_digest(os.fsencode(root.resolve()))[:8]}"

    def __len__(self):
        return len(self.paths)

    def read(self, i: int) -> Image.Image:
        path = self.paths[i]
        try:
            file = _NamedBytes(path.read_bytes(), path)  # so that errors of reading and of decoding stand apart
            return photos.read_rgb(file)
        except (OSError, MemoryError) as error:
            raise _momentary(path, error) from None
        except photos.PhotoError as error:
            cause = error.__cause__ or error.__context__
            if isinstance(cause, MemoryError) or getattr(cause, "errno", None):
                raise _momentary(path, cause) from None
            raise


class _NamedBytes(io.BytesIO):
    """A file's content; messages call it by the file's path."""

    def __init__(self, content: bytes, path: Path):
        super().__init__(content)
        self.path = path

    def __str__(self):
        return str(self.path)


def _momentary(path, error) -> DataError:
    """An error that is not the photo's own, as a missing permission or too little memory: it may be gone tomorrow."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return DataError(f"{path} can't be read now ({reason}); mend that and try again, or move the file elsewhere")


class PhotoArray:
    """Pictures decoded already: uint8 `(N, H, W, 3)`. They are known by their content, wherever their file lies."""

    area = None

    def __init__(self, images: np.ndarray, part: list[str] | None = None):
        self.images, self.part = np.ascontiguousarray(images), part
        self.fingerprint = _digest(str(images.shape).encode(), self.images.data)
        self.place = f"array-{self.fingerprint}"

    def __len__(self):
        return len(self.images)

    def read(self, i: int) -> Image.Image:
        return Image.fromarray(self.images[i])


class PhotoTiles:
    """Overlapping square tiles of a few photos at several scales, none reaching out of its area.

    Each photo is divided into square areas. As areas are disjoint, parts that keep the tiles of an area together
    share no pixel. The photos stay in memory. Raises `PhotoError`.
    """

    part = None

    def __init__(self, paths: list[Path], size: int):
        self.images = [photos.read_rgb(path) for path in paths]
        self.tiles, self.area = [], []  # of each tile the number of its photo and its box; the key of its area
        side = max(AREA, size)
        for number, image in enumerate(self.images):
            key = content_key(image)
            for top in range(0, image.height - side + 1, side):
                for left in range(0, image.width - side + 1, side):
                    boxes = tile_boxes(left, top, side, size)
                    self.tiles += [(number, box) for box in boxes]
                    self.area += [f"{key} {left},{top},{left + side},{top + side}"] * len(boxes)
        self.fingerprint = _digest(str(list(zip(self.area, self.tiles, strict=True))).encode())
        self.place = f"tiles-{self.fingerprint}"

    def __len__(self):
        return len(self.tiles)

    def read(self, i: int) -> Image.Image:
        number, box = self.tiles[i]
        return self.images[number].crop(box)


def tile_boxes(left: int, top: int, side: int, size: int) -> list[tuple[int, int, int, int]]:
    """Boxes of an area's tiles, from three eighths of its side to the whole, none smaller than `size`. In pixels."""
    boxes = []
    for eighths in (3, 4, 6, 8):
        tile = side * eighths // 8
        if tile >= size:
            offsets = range(0, side - tile + 1, max(side // 8, 1))
            boxes += [(left + x, top + y, left + x + tile, top + y + tile) for y in offsets for x in offsets]
    return boxes


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
        found = [(photo, photo.relative_to(root).parts[0]) for photo in photos.find_photos(root)]
        found = [(photo, part) for photo, part in found if part in ("train", "test")]
        paths, part = [photo for photo, _ in found], [part for _, part in found]
        if set(part) != {"train", "test"}:
            raise DataError(f"{root}: train/ and test/ must both have photos in them, as train/CLASS/*.png")
        return PhotoFiles(root, paths, part)
    root = root.parent if root.name == CIFAR10_FOLDER else root
    try:
        halves = [_cifar10_half(root, train) for train in (True, False)]
    except Exception as error:  # a download can fail in nearly any way
        if root.is_dir() and not any(root.iterdir()):
            root.rmdir()  # a download that failed leaves an empty folder
        raise DataError(
            f"CIFAR-10 is not in {root} (looked for {CIFAR10_FOLDER}/ and for train/CLASS/* with test/CLASS/*) and "
            f"could not be downloaded there ({error}); give the folder that has it with --dataset-path"
        ) from None
    return PhotoArray(np.concatenate(halves), ["train"] * len(halves[0]) + ["test"] * len(halves[1]))


def _cifar10_half(root: Path, train: bool) -> np.ndarray:
    from torchvision.datasets import CIFAR10

    try:
        return CIFAR10(root, train=train).data
    except RuntimeError:  # torchvision's word for files that are missing or damaged
        return CIFAR10(root, train=train, download=True).data


NAMED = {"bundled": bundled, "cifar10": cifar10}


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


def find(dataset: str, path=None, size: int = 32) -> PhotoFiles | PhotoArray | PhotoTiles:
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
