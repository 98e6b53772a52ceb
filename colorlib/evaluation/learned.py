"""What a colorizer has learned from, and which pictures may therefore measure it.

A picture that was trained on says nothing about a colorizer. A training's folder holds its settings; of the colorizers
that come with colorlib it is known; of others it isn't, and that is said.
"""

import logging
from pathlib import Path
from typing import NamedTuple

from colorlib.colorizer.folder import SHIPPED, find_folder
from colorlib.config import Config
from colorlib.data.photo_sets import NAMED
from colorlib.errors import ConfigError, DataError

log = logging.getLogger("colorlib")

PARTS = ("train", "valid", "test", "all")


class Pictures(NamedTuple):
    """Pictures of a set: where it is, how it is divided, and the part of it."""

    dataset: str
    dataset_path: str | None
    part: str
    splits: str = "own"
    split_seed: int = 0


# What those that come with colorlib have not seen.
SHIPPED_TEST = {
    "starter": Pictures("tiny-imagenet", None, "test", "98/1/1"),
    "listener": Pictures("tiny-imagenet", None, "test", "98/1/1"),
    "balanced": Pictures("cifar10", None, "test"),
}


def unseen_by(checkpoint: str, needed: bool) -> Pictures | None:
    """The test part of what a checkpoint has learned from; None where that isn't known.

    checkpoint: a training's folder, its best/ or last/, or a name. needed: whether settings that can't be read are an
    error, rather than a warning. Raises `ConfigError`.
    """
    if checkpoint in SHIPPED and find_folder(checkpoint) == SHIPPED[checkpoint]:
        return SHIPPED_TEST[checkpoint]
    place = Path(checkpoint).resolve()
    for folder in (place, place.parent) if place.is_dir() else ():
        if (folder / "last").is_dir() and (folder / "config.json").is_file():
            try:
                config = Config.load(folder / "config.json")
            except ConfigError as error:
                if needed:
                    raise ConfigError(f"what it learned from isn't known, so name a --dataset: {error}") from None
                log.warning("its training's settings can't be read, so its parts aren't known: %s", error)
                return None
            return Pictures(config.dataset, config.dataset_path, "test", config.splits, config.split_seed)
    return None


def choose_pictures(
    unseen: Pictures | None,
    dataset: str | None = None,
    dataset_path: str | None = None,
    part: str | None = None,
    splits: str | None = None,
    split_seed: int | None = None,
) -> Pictures:
    """The pictures to measure: those named, and where nothing is said what the colorizer hasn't seen.

    Of the set that it learned from its test part, divided as the training did; of another set by name the test part;
    of a folder all. Raises `ConfigError` and `DataError`.
    """
    if part not in (None, *PARTS):
        raise DataError(f"the part is {part!r}; it takes one of {', '.join(PARTS)}")
    dataset = dataset or (unseen.dataset if unseen else "bundled")
    if unseen is None and part != "all" and splits is None:
        log.warning("what this colorizer has learned from isn't known: it may have seen some of these pictures")
    if unseen and part != "all" and unseen.dataset not in NAMED and not Path(unseen.dataset).exists():
        raise ConfigError(
            f"the pictures that it learned from, {unseen.dataset}, aren't to be found from this folder, so which of "
            f"{dataset} it hasn't seen can't be told; give --part all for other pictures, or go to the folder it was "
            "trained in"
        )
    if unseen and same_set(dataset, unseen.dataset):
        dataset_path, part = dataset_path or unseen.dataset_path, part or "test"
    else:
        unseen = None  # another set is divided in its own way
    part = part or ("test" if dataset in NAMED else "all")
    if part == "all" and (splits or split_seed is not None):
        raise ConfigError("--splits and --split-seed have no effect with --part all; name another --part")
    splits = splits or (unseen.splits if unseen else "own")
    split_seed = split_seed if split_seed is not None else (unseen.split_seed if unseen else 0)
    return Pictures(dataset, dataset_path, part, splits, split_seed)


def same_set(one: str, other: str) -> bool:
    """Whether two names or folders are one set of pictures, however a folder is spelled."""
    return one == other or (NAMED.keys().isdisjoint((one, other)) and Path(one).resolve() == Path(other).resolve())
