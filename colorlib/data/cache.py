"""The decoded cache: every picture of a set is decoded once, cut to a square, into one memory-mapped file.

From then on an epoch costs no JPEG decoding, and a set larger than the memory costs no memory.

    ~/.cache/colorlib/           or the folder that COLORLIB_CACHE names
        PLACE-32px/              one set of photos at one size
            v2-FINGERPRINT/      these very pictures, decoded by this very version
                pixels           uint8, squares one after the other
                index.json       keys, which squares are gray, which pictures were left out

Only damage is remembered: a photo whose content can't be decoded (`PhotoError`) is left out for as long as its file
stays the same. An error of the moment (no permission, too many open files, too little memory) stops the decoding,
and nothing is kept, so that it can't shrink a set for ever.
"""

import json
import os
import shutil
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorlib import photos
from colorlib.data.photo_kinds import content_key
from colorlib.errors import DataError

# Part of every cache's name. Raise it when pictures are read, cut, keyed or stored in another way than before.
VERSION = 2

GRAY_TOLERANCE = 4  # a picture whose R, G and B differ by no more than this (of 255) ...
GRAY_FRACTION = 0.99  # ... in this fraction of its pixels is gray
BLOCK = 256  # pictures that are decoded, then written, at a time
DAY = 24 * 60 * 60  # seconds


@dataclass(frozen=True)
class Decoded:
    """The pictures of a set that could be decoded, N of them, as squares of S pixels a side."""

    images: np.ndarray  # uint8 (N, S, S, 3), memory-mapped
    number: np.ndarray  # (N,) the number of each in the set
    key: np.ndarray  # (N,) its area, or else its content at full size (see photo_kinds.content_key)
    gray: np.ndarray  # (N,) whether it is truly gray
    skipped: list[str]  # why others were left out, with their files' names


def home() -> Path:
    """Where decoded pictures are kept: COLORLIB_CACHE, or colorlib/ in the user's cache folder."""
    named = os.environ.get("COLORLIB_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "colorlib"


def load(pictures, size: int, progress: bool = True) -> Decoded:
    """A set (see colorlib/data/photo_kinds.py) as squares of `size` pixels, decoded first if it hasn't been.

    Raises `DataError` where nothing can be decoded, a file can't be read at the moment or the cache can't be written.
    """
    folder = home() / f"{pictures.place}-{size}px" / f"v{VERSION}-{pictures.fingerprint}"
    try:
        decoded = _open(folder, size)
        if decoded is None:
            _make(pictures, size, folder, progress)
            decoded = _open(folder, size)
    except OSError as error:
        raise DataError(
            f"the decoded pictures can't be kept in {home()} ({error}); name another folder with COLORLIB_CACHE"
        ) from None
    if decoded is None:
        raise DataError(f"{folder} was removed while it was opened; try again")
    return decoded


def _open(folder: Path, size: int) -> Decoded | None:
    """What the folder holds; None where it isn't there, or isn't whole (as a power cut can leave it)."""
    try:
        index = json.loads((folder / "index.json").read_text())
        images = np.memmap(folder / "pixels", np.uint8, "r", shape=(len(index["number"]), size, size, 3))
        number, key, gray = np.array(index["number"]), np.array(index["key"]), np.array(index["gray"])
        return Decoded(images, number, key, gray, index["skipped"])
    except (
        FileNotFoundError,
        ValueError,
        KeyError,
        TypeError,
    ):  # ValueError: no JSON, or fewer pixels than there should be
        return None


def _make(pictures, size: int, folder: Path, progress: bool) -> None:
    """Decode into a folder beside, which gets its name when it is whole: `folder` is never there half-written.

    Several processes may do this at once; the first to end gives the name, to the same pictures.
    """
    if folder.exists():  # but not whole
        _remove(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f"partial-{uuid.uuid4().hex}")
    partial.mkdir()
    try:
        _decode(pictures, size, partial, progress)
        try:
            partial.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    for other in folder.parent.iterdir():  # made of earlier files, by an earlier version, or left by a broken run
        if other != folder and not (other.name.startswith("partial-") and _in_use(other)):
            _remove(other)


def _in_use(partial: Path) -> bool:
    """Whether another process may still be writing it."""
    try:
        return time.time() - (partial / "pixels").stat().st_mtime < DAY
    except FileNotFoundError:  # it is just about to begin, or has just got its name
        return True


def _remove(folder: Path) -> None:
    """Take its name away before its files, so that no process finds half of it."""
    unnamed = folder.with_name(f"partial-{uuid.uuid4().hex}")
    try:
        folder.rename(unnamed)
    except OSError:  # already gone; or in use, where the system forbids to rename what is in use
        return
    shutil.rmtree(unnamed, ignore_errors=True)


def _decode(pictures, size: int, folder: Path, progress: bool) -> None:
    """Write `pixels` and `index.json` into an empty folder. The memory it takes doesn't grow with the set."""
    index = {"number": [], "key": [], "gray": [], "skipped": []}

    def one(i):
        try:
            image = pictures.read(i)
        except photos.PhotoError as error:
            return i, None, str(error)
        key = content_key(image) if pictures.area is None else pictures.area[i]
        return i, photos.square(image, size), key

    bar = tqdm(total=len(pictures), desc="decoding photos", unit="photo", disable=not progress, leave=False)
    pool = ThreadPoolExecutor(min(os.cpu_count() or 1, 8))  # each holds a photo at its full size
    with open(folder / "pixels", "wb") as file, pool, bar:
        for start in range(0, len(pictures), BLOCK):
            block = range(start, min(start + BLOCK, len(pictures)))
            done = list(pool.map(one, block))
            index["skipped"] += [reason for _, square, reason in done if square is None]
            done = [(i, square, key) for i, square, key in done if square is not None]
            if done:
                squares = np.stack([square for _, square, _ in done])
                file.write(squares.data)
                index["number"] += [i for i, _, _ in done]
                index["key"] += [key for _, _, key in done]
                index["gray"] += is_gray(squares).tolist()
            bar.update(len(block))
    if not index["number"]:
        raise DataError(f"none of the {len(pictures)} photos can be read; the first: {index['skipped'][0]}")
    (folder / "index.json").write_text(json.dumps(index))


def decoded_sizes(pictures) -> list[int]:
    """The sides, in pixels, of the squares that a set is decoded at by this version of colorlib."""
    folders = home().glob(f"{pictures.place}-*px/v{VERSION}-{pictures.fingerprint}/index.json")
    return sorted(int(path.parts[-3].rpartition("-")[2].removesuffix("px")) for path in folders)


def is_gray(rgb: np.ndarray) -> np.ndarray:
    """Which pictures have no color to learn from. rgb: uint8 `(B, H, W, 3)`; bool `(B,)` comes back."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    difference = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return (difference <= GRAY_TOLERANCE).mean(axis=(1, 2)) >= GRAY_FRACTION
