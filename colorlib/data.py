"""From a set of photographs to batches: a cache of decoded pictures, splits, loaders, augmentation.

A set is decoded once, cut to squares of the model's size, into one memory-mapped file; from then on an epoch
costs no JPEG decoding and a large set no memory. The color space is none of this module's business: loaders
yield RGB `(B, 3, H, W)` uint8, and the conversion happens on the device.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from tqdm import tqdm

from colorlib import photos
from colorlib.sources import DataError, find_source

log = logging.getLogger("colorlib")

GRAY_SPREAD = 4  # a photo whose R, G and B differ by no more than this (of 255) in 99 % of its pixels is gray
OWN_VALIDATION = 0.02  # share of a set's own training images that validation gets


# ---------------------------------------------------------------- the cache


def cache_home() -> Path:
    """Where decoded pictures are kept: COLORLIB_CACHE, or colorlib/ in the user's cache folder."""
    home = os.environ.get("COLORLIB_CACHE")
    return Path(home) if home else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "colorlib"


def _decode(source, size: int, folder: Path, progress: bool) -> None:
    """Write `pixels` (uint8, squares one after the other) and `index.json` into an empty folder."""
    used, gray, digests, skipped = [], [], [], []

    def one(i):
        try:
            return i, photos.square(source.read(i), size), None
        except photos.PhotoError as error:
            return i, None, str(error)

    def is_gray(pixels):
        red, green, blue = np.moveaxis(pixels.astype(np.int16), -1, 0)
        spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
        return bool((spread > GRAY_SPREAD).mean() <= 0.01)

    bar = tqdm(total=len(source), desc="decoding photos", unit="photo", disable=not progress, leave=False)
    with open(folder / "pixels", "wb") as file, ThreadPoolExecutor() as pool, bar:
        for start in range(0, len(source), 256):
            block = range(start, min(start + 256, len(source)))
            for i, pixels, reason in pool.map(one, block):
                if reason:
                    skipped.append(reason)
                    continue
                file.write(pixels.tobytes())
                used.append(i)
                gray.append(is_gray(pixels))
                digests.append(hashlib.blake2b(pixels.tobytes(), digest_size=8).hexdigest())
            bar.update(len(block))
    index = {"size": size, "used": used, "gray": gray, "digests": digests, "skipped": skipped}
    (folder / "index.json").write_text(json.dumps(index))


def _cached(source, name: str, size: int, progress: bool) -> Path:
    """The folder with the decoded pictures, made first if it isn't there; a half-written one never is."""
    where = getattr(source, "root", name)
    place = hashlib.blake2b(str(Path(where).resolve()).encode(), digest_size=4).hexdigest()
    home = cache_home() / f"{re.sub(r'[^A-Za-z0-9]+', '-', name)[-40:]}-{size}px-{place}"
    folder = home / source.fingerprint()
    if not folder.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=home))
        try:
            _decode(source, size, partial, progress)
            try:
                partial.rename(folder)
            except OSError:
                if not folder.is_dir():  # otherwise another process was faster, with the same result
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        for old in home.iterdir():  # what earlier versions of the same files gave
            if old != folder and not old.name.startswith("partial-"):
                shutil.rmtree(old, ignore_errors=True)
    return folder


# ---------------------------------------------------------------- a decoded set and its parts


@dataclass(frozen=True)
class PhotoSet:
    """A decoded data set: `images` is uint8 `(N, S, S, 3)`, memory-mapped."""

    name: str
    images: np.ndarray
    group: np.ndarray  # (N,) pictures of the same group never stand in two parts
    own_part: np.ndarray | None  # (N,) "train" or "test" where the set comes divided
    gray: np.ndarray  # (N,) truly gray: nothing to learn from
    skipped: list[str]  # files that could not be read, with the reason

    def __len__(self):
        return len(self.images)

    def batch(self, indices) -> Tensor:
        """The pictures at these indices: RGB uint8 `(B, 3, S, S)`, channels last in memory."""
        return torch.from_numpy(self.images[np.asarray(indices)]).permute(0, 3, 1, 2)

    def split(self, splits: str = "own", seed: int = 0) -> dict[str, np.ndarray]:
        """Indices of the parts `train`, `valid`, `test`, and of `all`.

        splits: percentages as "80/10/10", or "80/20" where the second part serves as valid and as test; "own"
        keeps the set's own test images (2 % of its training images validate), and is 80/10/10 for a set that
        comes undivided. Duplicates, and tiles of one area, stay in one part.
        """
        everything = np.arange(len(self))
        random = np.random.default_rng(seed)
        if splits == "own" and self.own_part is not None:
            train, test = np.flatnonzero(self.own_part == "train"), np.flatnonzero(self.own_part == "test")
            train, valid = self._divide(train, [1 - OWN_VALIDATION, OWN_VALIDATION], random)
            return {"train": train, "valid": valid, "test": test, "all": everything}
        parts = self._divide(everything, parse_splits("80/10/10" if splits == "own" else splits), random)
        return {"train": parts[0], "valid": parts[1], "test": parts[-1], "all": everything}

    def _divide(self, indices, fractions, random) -> list[np.ndarray]:
        groups = random.permutation(np.unique(self.group[indices]))
        cuts = np.round(np.cumsum(fractions)[:-1] * len(groups)).astype(int)
        return [indices[np.isin(self.group[indices], chosen)] for chosen in np.split(groups, cuts)]

    @cached_property
    def summary(self) -> str:
        """One line for a log: name, number of pictures, size, what was left out."""
        skipped = f", {len(self.skipped):,} unreadable left out" if self.skipped else ""
        return f"{self.name}: {len(self):,} pictures of {self.images.shape[1]}x{self.images.shape[2]}{skipped}"


def parse_splits(text: str) -> list[float]:
    """ "80/10/10" to [0.8, 0.1, 0.1]; two or three percentages that sum up to 100. Raises `DataError`."""
    try:
        fractions = [float(part) / 100 for part in text.split("/")]
    except ValueError:
        fractions = []
    if len(fractions) not in (2, 3) or abs(sum(fractions) - 1) > 1e-6 or min(fractions) < 0:
        raise DataError(f"splits must be two or three percentages with the sum 100, as 80/10/10; got {text!r}")
    return fractions


def load_photos(dataset: str = "bundled", path=None, size: int = 32, progress: bool = True) -> PhotoSet:
    """Open a data set as squares of `size` pixels, decoding it first if it hasn't been.

    dataset: `bundled`, `cifar10`, a folder of photos, or an .npz file with an array `images`. path: where a named
    set lies. Unreadable files are named in the log and left out. Raises `DataError`.
    """
    source = find_source(dataset, path, size)
    if not len(source):
        raise DataError(f"{dataset}: it has no pictures of {size} pixels or more a side")
    folder = _cached(source, dataset, size, progress)
    index = json.loads((folder / "index.json").read_text())
    for reason in index["skipped"][:10]:
        log.warning("left out: %s", reason)
    if len(index["skipped"]) > 10:
        log.warning("left out: %d photos more that can't be read", len(index["skipped"]) - 10)
    used = np.array(index["used"], dtype=int)
    if not len(used):
        raise DataError(f"{dataset}: none of its {len(source)} photos can be read; the first: {index['skipped'][0]}")
    groups = index["digests"] if source.area is None else [source.area[i] for i in used]
    return PhotoSet(
        name=dataset,
        images=np.memmap(folder / "pixels", np.uint8, "r", shape=(len(used), size, size, 3)),
        group=np.unique(groups, return_inverse=True)[1],
        own_part=None if source.part is None else np.array(source.part)[used],
        gray=np.array(index["gray"], dtype=bool),
        skipped=index["skipped"],
    )


def spread(indices: np.ndarray, limit: int | None) -> np.ndarray:
    """At most `limit` of the indices, evenly spaced over all of them (a set is often sorted by class)."""
    if limit is None or limit >= len(indices):
        return indices
    return indices[np.linspace(0, len(indices) - 1, limit).round().astype(int)]


# ---------------------------------------------------------------- loaders


class EpochOrder(Sampler):
    """Batches of indices, in an order that follows from the seed and the number of the epoch alone.

    `epoch` is the epoch's number, `start` the first batch of it to give. Of several processes each gets its share of
    every batch: `share` is (number of this one, how many).
    """

    def __init__(self, indices, batch_size: int, seed: int = 0, shuffle: bool = True, share=(0, 1)):
        self.indices, self.batch_size = np.asarray(indices), batch_size
        self.seed, self.shuffle, self.share = seed, shuffle, share
        self.epoch, self.start = 0, 0
        # A last small batch would unsettle batch norm: training leaves it out, and the next epoch has it elsewhere.
        self.whole_batches_only = shuffle and len(self.indices) >= batch_size

    def __len__(self):
        whole, rest = divmod(len(self.indices), self.batch_size)
        return whole + (rest > 0 and not self.whole_batches_only)

    def __iter__(self):
        order = self.indices
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(order)
        number, processes = self.share
        for batch in range(self.start, len(self)):
            yield order[batch * self.batch_size : (batch + 1) * self.batch_size][number::processes]


class _Batches(torch.utils.data.Dataset):
    def __init__(self, photo_set):
        self.photo_set = photo_set

    def __getitem__(self, indices):
        return self.photo_set.batch(indices)


def loader(photo_set: PhotoSet, indices, batch_size, seed: int = 0, shuffle: bool = True, share=(0, 1)) -> DataLoader:
    """RGB uint8 batches `(B, 3, S, S)`; set `loader.sampler.epoch` before each epoch.

    share: see `EpochOrder`. No worker processes: a batch is one copy out of the memory-mapped cache.
    """
    order = EpochOrder(indices, batch_size, seed, shuffle, share)
    return DataLoader(_Batches(photo_set), sampler=order, batch_size=None, pin_memory=torch.cuda.is_available())


def augment(rgb: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Flip half of the pictures and shift each by up to an eighth of its side (reflected at the border).

    rgb: `(B, 3, S, S)`, any dtype and device; the same comes back. generator: a CPU random generator.
    """
    count, _, height, width = rgb.shape

    def shifted(length):
        reach = length // 8
        offset = torch.randint(-reach, reach + 1, (count, 1), generator=generator)
        at = (torch.arange(length) + offset).abs()  # reflect at the start ...
        return torch.where(at >= length, 2 * (length - 1) - at, at)  # ... and at the end

    rows, columns = shifted(height), shifted(width)  # (B, H), (B, W)
    flip = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(flip, columns.flip(1), columns)
    picture = torch.arange(count).view(-1, 1, 1)
    moved = rgb.permute(0, 2, 3, 1)[
        picture.to(rgb.device), rows[:, :, None].to(rgb.device), columns[:, None, :].to(rgb.device)
    ]
    return moved.permute(0, 3, 1, 2)


def course_photos(scale: str, size: int = 32, progress: bool = True) -> PhotoSet:
    """What the notebooks learn from: CIFAR-10, or the bundled photos where it can't be had (it says so).

    CIFAR-10 is looked for in COLORLIB_CIFAR10, else in data/cifar10 of the repository, and downloaded to there.
    """
    if scale != "smoke":
        where = os.environ.get("COLORLIB_CIFAR10") or Path(__file__).parent.parent / "data" / "cifar10"
        try:
            return load_photos("cifar10", where, size, progress)
        except DataError as error:
            print(f"Using the bundled photos instead of CIFAR-10: {error}")
    return load_photos("bundled", None, size, progress)
