"""From a data set's name to batches: a decoded set, the split that never moves, loaders, augmentation.

The color space is none of this module's business: loaders yield RGB `(B, 3, S, S)` uint8, and the conversion happens
on the device.
"""

import hashlib
import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from colorlib.data import cache, photo_sets
from colorlib.data.set_openers import course_folder
from colorlib.errors import ConfigError, DataError

log = logging.getLogger("colorlib")

UNDIVIDED = "80/10/10"  # how a set that comes undivided is divided, unless asked otherwise
OWN_VALIDATION = 0.02  # fraction of a divided set's training pictures that validation gets

# ---------------------------------------------------------------- a decoded set and its parts


@dataclass(frozen=True)
class PhotoSet:
    """A decoded data set of N pictures, squares of S pixels a side."""

    name: str
    images: np.ndarray  # uint8 (N, S, S, 3), memory-mapped
    key: np.ndarray  # (N,) text or numbers: pictures of the same key never stand in two parts
    own_part: np.ndarray | None  # (N,) "train", "valid" or "test" where the set comes divided
    gray: np.ndarray  # (N,) truly gray: nothing to learn from
    skipped: list[str]  # files that could not be read, with the reason
    path: str | None = None  # where a set by name lies
    folder: np.ndarray | None = None  # (N,) the folder of each picture, where they are files: its class, in many sets

    def __len__(self):
        return len(self.images)

    def batch(self, indices) -> Tensor:
        """The pictures at these indices: RGB uint8 `(B, 3, S, S)`, channels last in memory."""
        return torch.from_numpy(self.images[np.asarray(indices, dtype=int)]).permute(0, 3, 1, 2)

    def check_side(self, side: int) -> None:
        """Raise `ConfigError` where the pictures aren't of this side, in pixels."""
        if self.images.shape[1] != side:
            raise ConfigError(f"--image-size is {side}, but the pictures are {self.summary}")

    def split(self, splits: str = "own", split_seed: int = 0) -> dict[str, np.ndarray]:
        """Indices of the parts `train`, `valid` and `test`, sorted, and of `all`. A part of a small set may be empty.

        A picture's part follows from its key and the split seed alone: no other seed moves it, nor do its file's
        name, the size it was cut to, or the other pictures. Duplicates, and tiles of one area, stay in one part.

        splits: percentages as "80/10/10", met as closely as chance allows; or "80/20", where the second part serves
        as valid and as test. "own" keeps the parts of a set that comes divided, and is "80/10/10" for another.

        In a set that comes divided 2 % of the training pictures validate, if it has no valid part of its own. A
        picture of train or valid that stands in test too would be a leak, and is left out; so is one of train that
        stands in valid. Without a test part of its own, valid serves as test too. Raises `DataError`.
        """
        everything, draw = np.arange(len(self)), self._draw(split_seed)
        if splits == "own" and self.own_part is not None:
            test, valid = self.own_part == "test", self.own_part == "valid"
            if not valid.any():
                valid = (self.own_part == "train") & (draw >= 1 - OWN_VALIDATION)
            valid &= ~np.isin(self.key, self.key[test])
            train = (self.own_part == "train") & ~np.isin(self.key, self.key[test | valid])
            parts = [train, valid, test if test.any() else valid]
        else:
            fractions = parse_splits(UNDIVIDED if splits == "own" else splits)
            number = np.searchsorted(np.cumsum(fractions)[:-1], draw, side="right")
            parts = [number == n for n in range(len(fractions))]
        train, valid, test = everything[parts[0]], everything[parts[1]], everything[parts[-1]]
        return {"train": train, "valid": valid, "test": test, "all": everything}

    def digest(self, indices) -> str:
        """What tells these pictures, in this order, from others."""
        return hashlib.blake2b("|".join(map(str, self.key[indices])).encode(), digest_size=16).hexdigest()

    def _draw(self, split_seed: int) -> np.ndarray:
        """(N,) numbers in [0, 1), as even as random ones, that follow from key and split seed alone."""
        keys, which = np.unique(self.key, return_inverse=True)
        digests = (hashlib.blake2b(f"{split_seed}|{key}".encode(), digest_size=8).digest() for key in keys)
        # 53 bits are what a float holds: with more, the largest numbers would be rounded to 1.
        return np.array([(int.from_bytes(digest, "big") >> 11) / 2**53 for digest in digests])[which]

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
    if len(fractions) not in (2, 3) or not abs(sum(fractions) - 1) <= 1e-6 or min(fractions) < 0:
        raise DataError(f"splits must be two or three percentages with the sum 100, as 80/10/10; got {text!r}")
    return fractions


def load_photos(dataset: str = "bundled", path=None, size: int = 32, progress: bool = True) -> PhotoSet:
    """Open a data set as squares of `size` pixels, decoding it first if it hasn't been.

    dataset: a name (see colorlib.data.named_sets), a folder of photos, or an .npz file with an array `images`. path:
    where a set by name lies. Damaged files are named in the log and left out. Raises `DataError`.
    """
    pictures = photo_sets.find(dataset, path, size)
    decoded = cache.load(pictures, size, progress)
    for reason in decoded.skipped[:10]:
        log.warning("left out: %s", reason)
    if len(decoded.skipped) > 10:
        log.warning("left out: %d photos more that can't be read", len(decoded.skipped) - 10)
    own_part = None if pictures.part is None else np.array(pictures.part)[decoded.number]
    folder = None if pictures.folders is None else np.array(pictures.folders)[decoded.number]
    where = path and str(path)
    return PhotoSet(dataset, decoded.images, decoded.key, own_part, decoded.gray, decoded.skipped, where, folder)


def course_photos(scale: str, size: int = 32, progress: bool = True) -> PhotoSet:
    """What the notebooks learn from: CIFAR-10, or the bundled photos where it can't be had (it says so).

    CIFAR-10 is looked for in `course_folder`, and downloaded to there. The scale `smoke` takes the bundled photos, for
    the sake of speed.
    """
    if scale != "smoke":
        try:
            return load_photos("cifar10", course_folder(), size, progress)
        except DataError as error:
            print(f"Using the bundled photos instead of CIFAR-10: {error}")
    return load_photos("bundled", None, size, progress)


def evenly(indices: np.ndarray, limit: int | None) -> np.ndarray:
    """At most `limit` of the indices, evenly spaced over all of them (a set is often sorted by class)."""
    if limit is None or limit >= len(indices):
        return indices
    return indices[np.linspace(0, len(indices) - 1, limit).round().astype(int)]


# ---------------------------------------------------------------- loaders


class EpochOrder(Sampler):
    """Batches of indices, in an order that follows from the seed and the number of the epoch alone.

    `epoch` is the epoch's number, `start` the first batch of it to give. process: (number of this process, how many
    there are); each takes its part of every batch. Raises `DataError` where a batch to learn from (shuffle) would
    leave a process with nothing; of other batches the last may.
    """

    def __init__(self, indices, batch_size: int, seed: int = 0, shuffle: bool = True, process=(0, 1)):
        self.indices, self.batch_size = np.asarray(indices, dtype=int), batch_size
        self.seed, self.shuffle, self.process = seed, shuffle, process
        self.epoch, self.start = 0, 0
        # A last small batch would unsettle batch norm: training leaves it out, and the next epoch has it elsewhere.
        self.whole_batches_only = shuffle and len(self.indices) >= batch_size
        smallest = min(len(self.indices), batch_size)
        if shuffle and smallest < process[1]:
            raise DataError(
                f"batches of {smallest} pictures are too small for {process[1]} processes; "
                "give more pictures, a larger --batch-size or fewer processes"
                if smallest
                else "there is no picture to train on; give more photos"
            )

    def __len__(self):
        whole, rest = divmod(len(self.indices), self.batch_size)
        return whole + (rest > 0 and not self.whole_batches_only)

    def __iter__(self):
        order = self.indices
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(order)
        number, processes = self.process
        for start in range(self.start * self.batch_size, len(self) * self.batch_size, self.batch_size):
            batch = order[start : start + self.batch_size]
            if self.shuffle:  # to learn from: parts of one size, whose gradients count alike
                batch = batch[: len(batch) // processes * processes]
            yield batch[number::processes]


class _Batches(torch.utils.data.Dataset):
    def __init__(self, photo_set):
        self.photo_set = photo_set

    def __getitem__(self, indices):
        return self.photo_set.batch(indices)


def loader(photo_set: PhotoSet, indices, batch_size, seed: int = 0, shuffle: bool = True, process=(0, 1)) -> DataLoader:
    """RGB uint8 batches `(B, 3, S, S)`; set `loader.sampler.epoch` and `.start` before each epoch.

    The rest is as in `EpochOrder`. No worker processes: a batch is one copy out of the memory-mapped cache.
    """
    order = EpochOrder(indices, batch_size, seed, shuffle, process)
    return DataLoader(_Batches(photo_set), sampler=order, batch_size=None, pin_memory=torch.cuda.is_available())


def augment(rgb: Tensor, generator: torch.Generator | None = None, size: int | None = None) -> Tensor:
    """Flip half of the pictures, and shift each by up to an eighth of its side (reflected at the border).

    rgb: `(B, 3, S, S)`, any dtype, range and device. generator: a CPU random generator. size: cut each to a square of
    so many pixels at a random place, rather than to shift it. Returns `(B, 3, S, S)`, or `(B, 3, size, size)`.
    """
    count, _, height, width = rgb.shape

    def places(length):
        if size:
            return torch.randint(0, length - size + 1, (count, 1), generator=generator) + torch.arange(size)
        reach = length // 8
        offset = torch.randint(-reach, reach + 1, (count, 1), generator=generator)
        at = (torch.arange(length) + offset).abs()  # reflect at the start ...
        return torch.where(at >= length, 2 * (length - 1) - at, at)  # ... and at the end

    rows, columns = places(height), places(width)  # (B, H), (B, W)
    flip = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(flip, columns.flip(1), columns)
    picture = torch.arange(count).view(-1, 1, 1)
    moved = rgb.permute(0, 2, 3, 1)[
        picture.to(rgb.device), rows[:, :, None].to(rgb.device), columns[:, None, :].to(rgb.device)
    ]
    return moved.permute(0, 3, 1, 2)
