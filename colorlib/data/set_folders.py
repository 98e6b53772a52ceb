"""Sets of photographs by their path: a folder of photos, a folder whose folders are parts, an .npz file."""

from pathlib import Path

import numpy as np

from colorlib import photos
from colorlib.data.photo_kinds import PhotoArray, PhotoFiles
from colorlib.errors import DataError


def find_below(root: Path) -> list[Path]:
    """All photos below a folder, none if it isn't there."""
    return photos.find_photos(root) if root.is_dir() else []


def folder(path: Path) -> PhotoFiles:
    """All photos below a folder, at any depth. Raises `DataError`."""
    paths = photos.find_photos(path)
    if not paths:
        raise DataError(f"{path}: no photos in it; looked for {' '.join(sorted(photos.ENDINGS))} at any depth")
    return PhotoFiles(path, paths)


def divided(root: Path, parts: dict[str, str]) -> PhotoFiles:
    """The photos below some folders of `root`: folder -> the part that it is; without parts if all are of one."""
    found = [(path, parts[name]) for name in sorted(parts) for path in find_below(root / name)]
    if not found:
        raise DataError(f"{root}: no photos below {' or '.join(f'{name}/' for name in parts)}")
    paths, part = map(list, zip(*found, strict=True))
    return PhotoFiles(root, paths, part if len(set(part)) > 1 else None, view=",".join(sorted(parts)))


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


def lines_of(table: Path) -> list[str]:
    """The lines of a text file that comes with a set, but for empty ones; bytes that are no UTF-8 show as such."""
    return [line for line in table.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
