"""The kinds of sets of photographs: files, an array, tiles of a few photos.

A set is opened without being decoded; `colorlib.data.photo_sets.find` opens one by its name or path. It has a length,
and

    read(i)      picture i as a PIL image of mode RGB, at its own full size; raises `PhotoError` where its content is
                 damaged, and `DataError` where it can't be read at the moment
    part         None, or for each picture "train", "valid" or "test": the parts of a set that comes divided
    folders      None, or for each picture the folder that it is in: its class, in many sets
    area         None, or for each picture the key of the area that it was cut from: tiles of one area stay together
    fingerprint  a text that is another one when the pictures are
    place        the name of the set's folder in the cache (see colorlib/data/cache.py)
"""

import hashlib
import io
import os
import re
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
from PIL import Image

from colorlib import photos
from colorlib.errors import DataError

AREA = 128  # pixels: side of the areas that the bundled photos are divided into


def content_key(image: Image.Image) -> str:
    """A text that only an image with the same size and the same RGB values has, whatever file it comes from."""
    return _digest(b"%d x %d|" % image.size, image.tobytes())


def _digest(*content) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for part in content:
        digest.update(part)
    return digest.hexdigest()


class PhotoFiles:
    """Photos in files below the folder `root`.

    view: which of those below it these are, where they aren't all: one folder may be opened in several ways.
    """

    area = None

    def __init__(self, root: Path, paths: list[Path], part: list[str] | None = None, view: str = ""):
        self.paths, self.part = paths, part
        self.folders = [folder_below(root, path) for path in paths]
        lines = []
        for path in paths:
            try:
                stat = path.stat()
            except OSError as error:
                raise _momentary(path, error) from None
            lines.append(f"{path.relative_to(root)}|{stat.st_size}|{stat.st_mtime_ns}\n")
        self.fingerprint = _digest(os.fsencode("".join(lines)))
        name = re.sub(r"[^A-Za-z0-9]+", "-", root.resolve().name)[-40:]
        self.place = f"{name}-{_digest(os.fsencode(root.resolve()), view.encode())[:8]}"

    def __len__(self):
        return len(self.paths)

    def read(self, i: int) -> Image.Image:
        path = self.paths[i]
        try:
            content = path.read_bytes()  # so that errors of reading and of decoding stand apart
        except (OSError, MemoryError) as error:
            raise _momentary(path, error) from None
        return _read_rgb(content, str(path))


def _read_rgb(content: bytes, name: str) -> Image.Image:
    """A photo from its file's content. Raises `PhotoError` for a damaged one, and `DataError` for a want of memory."""
    try:
        return photos.read_rgb(_NamedBytes(content, name))
    except (OSError, MemoryError) as error:
        raise _momentary(name, error) from None
    except photos.PhotoError as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, MemoryError) or getattr(cause, "errno", None):
            raise _momentary(name, cause) from None
        raise


def folder_below(root: Path, path: Path) -> str:
    """The folder of a photo right below `root` or its parts, as CLASS of train/CLASS/images/1.jpg, or ""."""
    folders = path.relative_to(root).parts[:-1]
    if folders and folders[0] in ("train", "valid", "val", "test"):
        folders = folders[1:]
    return folders[0] if folders else ""


class _NamedBytes(io.BytesIO):
    """A file's content; messages call it by a name."""

    def __init__(self, content: bytes, name: str):
        super().__init__(content)
        self.called = name

    def __str__(self):
        return self.called


def _momentary(path, error) -> DataError:
    """An error that is not the photo's own, as a missing permission or too little memory: it may be gone tomorrow."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return DataError(f"{path} can't be read now ({reason}); mend that and try again, or move the file elsewhere")


class PhotoArray:
    """Pictures decoded already: uint8 `(N, H, W, 3)`. They are known by their content, wherever their file lies.

    folders: the class of each, where it is known.
    """

    area = None

    def __init__(self, images: np.ndarray, part: list[str] | None = None, folders: list[str] | None = None):
        self.images, self.part, self.folders = np.ascontiguousarray(images), part, folders
        self.fingerprint = _digest(str(images.shape).encode(), self.images.data)
        self.place = f"array-{self.fingerprint}"

    def __len__(self):
        return len(self.images)

    def read(self, i: int) -> Image.Image:
        return Image.fromarray(self.images[i])


class PhotoDatabase:
    """LSUN's churches as their authors publish them: databases of encoded photos, which the package lmdb reads.

    torchvision's LSUN reads them too, and keeps the list of their keys as a pickle in the working folder: what
    somebody put there under that name would be executed. Raises `ImportError` without lmdb, and `DataError`.
    """

    area = folders = None

    def __init__(self, root: Path):
        names = {"church_outdoor_train_lmdb": "train", "church_outdoor_val_lmdb": "valid"}
        there = [name for name in names if (root / name).is_dir()]
        self.databases, self.at = [], []
        for number, name in enumerate(there):
            path = (root / name).resolve()
            database = _Database.opened.get(path) or _Database(path)
            self.at += [(number, key) for key in database.keys]
            self.databases.append(database)
        self.part = [names[there[number]] for number, _ in self.at] if len(there) > 1 else None
        files = [(root / name / "data.mdb").stat() for name in there]
        self.fingerprint = _digest(str([(file.st_size, file.st_mtime_ns) for file in files]).encode())
        self.place = f"church-{_digest(os.fsencode(root.resolve()))[:8]}"

    def __len__(self):
        return len(self.at)

    def read(self, i: int) -> Image.Image:
        number, key = self.at[i]
        return _read_rgb(self.databases[number].content(key), f"picture {i} of the database")


class _Database:
    """A database of lmdb, which a process can open once only: all that read it share it while one of them is there."""

    opened: WeakValueDictionary = WeakValueDictionary()

    def __init__(self, path: Path):
        import lmdb

        try:
            self.environment = lmdb.open(str(path), readonly=True, lock=False, readahead=False)
            with self.environment.begin() as reading:
                self.keys = [bytes(key) for key in reading.cursor().iternext(keys=True, values=False)]
        except lmdb.Error as error:
            raise DataError(f"{path} can't be read as a database ({error}); unpack it anew") from None
        self.opened[path] = self

    def content(self, key: bytes) -> bytes:
        with self.environment.begin() as reading:
            return reading.get(key)


class PhotoTiles:
    """Overlapping square tiles of a few photos at several scales, none reaching out of its area.

    Each photo is divided into square areas. As areas are disjoint, parts that keep the tiles of an area together
    share no pixel. The photos stay in memory. Raises `PhotoError`.
    """

    part = folders = None

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
