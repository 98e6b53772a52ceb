"""What a training learns from and validates on, and how a batch of it comes to the networks."""

import logging

import numpy as np
import torch
from torch import Tensor

from colorlib.config import Config
from colorlib.data import PhotoSet, augment, evenly
from colorlib.engine import Engine
from colorlib.errors import DataError

log = logging.getLogger("colorlib")


def train_and_valid(photo_set: PhotoSet, config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the pictures that a training learns from, and of those it validates on. Raises `DataError`."""
    split = photo_set.split(config.splits, config.split_seed)
    train, valid = split["train"], split["valid"]
    if config.skip_gray:
        train = train[~photo_set.gray[train]]
    train = evenly(train, config.limit_images)
    if len(train) < 2:
        raise DataError(
            f"{photo_set.name}: {len(train)} colored photos to train on; it takes two or more, so give more "
            "photos, another --split-seed or a larger --limit-images"
        )
    if not len(valid):
        log.warning("too few photos to hold some out: validating on the training photos")
        valid = train
    return train, evenly(valid, config.valid_images)


def prepared(batch: Tensor, step: int, config: Config, engine: Engine) -> Tensor:
    """A batch of RGB uint8 `(B, 3, S, S)` as a step of training takes it: on the device, augmented, sRGB in [0, 1].

    All chance of a step follows from its number, so that a training that goes on needs no other memory of it.
    """
    torch.manual_seed((config.seed * 1_000_003 + step) * engine.processes + engine.process)
    rgb = batch.to(engine.device, non_blocking=True)
    if config.augment:
        rgb = augment(rgb, size=config.model.image_size if config.crop_from else None)
    return rgb.to(engine.dtype) / 255
