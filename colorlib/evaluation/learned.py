"""What a colorizer has learned from, and which pictures may therefore measure it.

A picture that was trained on says nothing about a colorizer. A training's folder holds its settings; of the colorizers
that come with colorlib it is known; of others it isn't, and that is said.
"""

import logging
from pathlib import Path

from colorlib.colorizer.folder import SHIPPED, find_folder
from colorlib.config import Config
from colorlib.data.photo_sets import NAMED
from colorlib.errors import ConfigError
from colorlib.measurement import Measurement, pictures_of

log = logging.getLogger("colorlib")

# What those that come with colorlib have not seen.
SHIPPED_TEST = {
    "starter": Measurement("tiny-imagenet", None, "test", "98/1/1"),
    "listener": Measurement("tiny-imagenet", None, "test", "98/1/1"),
    "balanced": Measurement("cifar10", None, "test"),
}


def unseen_by(checkpoint: str, needed: bool) -> Measurement | None:
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
            return Measurement(part="test", **pictures_of(config))
    return None


def choose_pictures(unseen: Measurement | None, wanted: Measurement) -> Measurement:
    """What is wanted, with its pictures: those named, and where nothing is said what the colorizer hasn't seen.

    Of the set that it learned from its test part, divided as the training did; of another set by name the test part;
    of a folder all. Raises `ConfigError`.
    """
    part, splits, split_seed = wanted.part, wanted.splits, wanted.split_seed
    dataset, dataset_path = wanted.dataset or (unseen.dataset if unseen else "bundled"), wanted.dataset_path
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
    splits = splits or (unseen and unseen.splits) or "own"
    split_seed = split_seed if split_seed is not None else (unseen and unseen.split_seed) or 0
    return wanted.replace(dataset=dataset, dataset_path=dataset_path, part=part, splits=splits, split_seed=split_seed)


def same_set(one: str, other: str) -> bool:
    """Whether two names or folders are one set of pictures, however a folder is spelled."""
    return one == other or (NAMED.keys().isdisjoint((one, other)) and Path(one).resolve() == Path(other).resolve())
