"""Every setting of every trainer is read, so that another value gives another result, or refused by its name.

Tiny trainings of pictures of 8 pixels, each twice: as it is, and with one setting changed. A setting that is silently
ignored gives the same twice.
"""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from colorlib.config import Config
from colorlib.data import PhotoSet
from colorlib.encoder_config import EncoderConfig, JudgeConfig
from colorlib.errors import ConfigError
from colorlib.model import Model
from colorlib.models import GENERATORS
from colorlib.models.classifier import ColorClassifier
from colorlib.models.unet import UNet
from colorlib.training import Training, encoder, loop, stages
from colorlib.training.encoder import EncoderTraining, pretrain
from colorlib.training.judge_training import JudgeTraining
from colorlib.training.recording import Recorder


class Encoded(UNet):
    """A generator with an encoder that may have learned before: a small stand-in for `resnet18`."""

    reads = (*UNet.reads, "encoder_weights", "encoder_lr")

    def encoder_parameters(self):
        return self.encoder.parameters()


BASE = Config(
    Model(image_size=8, widths=(4, 8)),
    dataset="cifar10",
    limit_images=16,
    batch_size=4,
    epochs=2,
    lr=1e-3,
    device="cpu",
    precision="fp32",
)
FASTAI = {"trainer": "fastai", "lr_schedule": "onecycle"}
GAN = {"system": "gan", "loss": {"l1": 100.0, "adversarial": 1.0}, "discriminator_widths": (4, 8)}
ASKED = {"conditions": ("saturation",), "loss": {"l1": 100.0, "asked": 20.0}}
BINS = {"head": "bins", "stem_stride": 2}
PLATEAU = {"lr_schedule": "plateau", "plateau_patience": 1, "epochs": 4}
GONE = "gone.safetensors"  # a file that isn't there: what reads it says so

# setting -> what makes it matter, and another value than it then has
CASES = {
    "color_space": ({}, "yuv"),
    "image_size": ({}, 16),
    "photo_size": ({}, 16),
    "photo_sharpen": ({}, 50),
    "generator": ({}, "residual"),
    "widths": ({}, (4, 16)),
    "stem_stride": ({}, 2),
    "dropout": ({}, 0.5),
    "upsampling": ({}, "resize"),
    "conditions": (ASKED, ("hue",)),
    "head": ({"stem_stride": 2}, "bins"),
    "temperature": (BINS, 0.8),
    "dataset": ({}, "coco"),
    "dataset_path": ({}, "elsewhere"),
    "splits": ({}, "50/50"),
    "split_seed": ({}, 1),
    "limit_images": ({}, 8),
    "valid_images": ({}, 2),
    "augment": ({}, False),
    "crop_from": ({}, 12),
    "skip_gray": ({"limit_images": None}, False),
    "loss": ({}, {"l2": 100.0}),
    "compare_with": (ASKED, "moved"),
    "content_weights": ({"loss": {"content": 1.0}, "content_weights": "none"}, GONE),
    "system": ({}, "gan"),  # with its term, without which it is refused
    "discriminator": (GAN, "patch"),
    "discriminator_widths": (GAN, (4, 4)),
    "spectral_norm": (GAN, True),
    "generator_steps": (GAN, 2),
    "discriminator_lr": (GAN, 1e-2),
    "epochs": ({}, 3),
    "max_steps": ({}, 3),
    "batch_size": ({}, 8),
    "optimizer": ({}, "rmsprop"),
    "lr": ({}, 1e-2),
    "encoder_lr": ({"generator": "encoded"}, 0.1),
    "beta1": ({}, 0.9),
    "beta2": ({}, 0.9),
    "rmsprop_decay": ({"optimizer": "rmsprop"}, 0.5),
    "weight_decay": ({"optimizer": "adamw"}, 0.5),
    "ema": ({}, 0.5),
    "lr_schedule": ({}, "constant"),
    "lr_decay_steps": ({}, 1.0),
    "lr_floor": ({"lr_decay_steps": 1.0}, 1e-4),
    "plateau_patience": (PLATEAU, 2),
    "monitor": ({}, "psnr_pooled"),
    "patience": ({"epochs": 4}, 1),
    "trainer": ({"lr_schedule": "onecycle"}, "fastai"),
    "start_from": ({}, "earlier/last"),
    "encoder_weights": ({"generator": "encoded"}, GONE),
    "seed": ({}, 1),
    "device": ({}, "meta"),
    "precision": ({}, "bf16"),
    "save_steps": ({}, 1),
    "checkpoints_path": ({}, "another"),
}
# What our loop, too, refuses of these: the values aren't to be had, and the message says of which setting they are.
NOT_HAD = {"content_weights", "encoder_weights", "device"}
CLASSIFIERS = {
    "dataset": "coco",
    "dataset_path": "elsewhere",
    "splits": "50/25/25",
    "split_seed": 1,
    "limit_images": 8,
    "image_size": 24,
    "epochs": 3,
    "batch_size": 4,
    "lr": 1e-2,
    "weight_decay": 0.5,
    "widths": (4, 16),
    "seed": 1,
    "save_steps": 3,
    "device": "meta",
    "precision": "bf16",
    "output": "another",
}


def pictures(dataset, path=None, size=8, progress=True):
    """48 pictures that follow from the set's name and place; a few are gray, and each has one of two classes."""
    seed = int.from_bytes(hashlib.blake2b(f"{dataset}|{path}".encode(), digest_size=4).digest(), "big")
    images = np.random.default_rng(seed).integers(0, 256, (48, 4, 4, 3), dtype=np.uint8)
    gray = np.arange(48) % 8 == 0
    images[gray] = images[gray][..., :1]
    images = images.repeat(-(-size // 4), 1).repeat(-(-size // 4), 2)[:, :size, :size]
    folder = np.array(["one", "other"])[np.arange(48) % 2]
    return PhotoSet(dataset, images, np.arange(48), None, gray, [], path, folder)


@pytest.fixture(autouse=True)
def saved(monkeypatch, tmp_path):
    """Small pictures in place of data sets, and nothing drawn; how often a state was saved."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(GENERATORS, "encoded", Encoded)
    for module in (stages, encoder):
        monkeypatch.setattr(module, "load_photos", pictures)
    monkeypatch.setattr(Recorder, "end_epoch", lambda *_: None)
    count, real = [], loop.save_state
    monkeypatch.setattr(loop, "save_state", lambda *given: count.append(1) or real(*given))
    return count


def worse_and_better(self):
    """Validation pictures that are further from the truth with each epoch, by one measure, and nearer by another."""
    epoch = self.progress.epoch
    return {"mae": 1.0 + epoch, "mae_percent": 1.0, "psnr_pooled": 20.0 + epoch, "colorfulness_ratio": 1.0}


def trained(config, saved):
    """All that a training leaves which can differ, in a form that compares."""
    saved.clear()
    run = stages.fit(config, overwrite=True, progress=False)
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in run.history]
    saved_as = json.loads((run.folder / "last" / "config.json").read_text())
    photo = {name: saved_as[name] for name in ("photo_size", "photo_sharpen")}
    weights = [digest(run.folder / name / "model.safetensors") for name in ("best", "last")]
    return rows, weights, photo, len(saved), run.folder.name


def digest(file):
    return hashlib.blake2b(b"".join(value.numpy().tobytes() for value in load_file(file).values())).hexdigest()


def named(error, settings):
    return any(f"--{name.replace('_', '-')}" in str(error) for name in settings)


def test_every_setting_has_its_case():
    assert set(CASES) == set(Config().flat())
    fields = {field.name for field in dataclasses.fields(JudgeConfig)}
    assert set(CLASSIFIERS) == fields >= {field.name for field in dataclasses.fields(EncoderConfig)}


@pytest.mark.parametrize("trainer", ["colorlib", "fastai"])
@pytest.mark.parametrize("name", CASES)
def test_a_setting_is_read_or_refused(name, trainer, saved, monkeypatch):
    beside, value = CASES[name]
    if name in ("patience", "plateau_patience", "monitor"):
        monkeypatch.setattr(Training, "validate", worse_and_better)
    base = BASE.replace(**(FASTAI | beside if trainer == "fastai" else beside))
    if name == "trainer" and trainer == "fastai":
        value = "colorlib"
    if name == "start_from":
        trained(base.replace(checkpoints_path="earlier", seed=2), saved)
    try:
        changed = trained(base.replace(**(GAN if name == "system" else {name: value})), saved)
    except ConfigError as error:
        assert named(error, {name, *beside, "trainer"})
        assert trainer == "fastai" or name in NOT_HAD
    else:
        assert trained(base, saved) != changed


@pytest.mark.parametrize("kind", [EncoderTraining, JudgeTraining])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifiers_setting_is_read_or_refused(name, kind, saved, monkeypatch):
    monkeypatch.setattr(EncoderTraining, "build", lambda self, classes: Gray(classes))
    base = {"image_size": 16, "dataset": "cifar10", "splits": "60/20/20", "batch_size": 8, "epochs": 2}
    base |= {"save_steps": 2, "device": "cpu", "precision": "fp32", "output": "it"}
    if kind is JudgeTraining:
        base["widths"] = (4, 8)
    elif name == "widths":
        with pytest.raises(TypeError, match="widths"):
            EncoderConfig(widths=(4, 8))
        return

    def left(given):
        saved.clear()
        rows = pretrain(kind, given, resume=False, overwrite=True, progress=False)
        folder = Path(given["output"])
        return rows, digest(folder / f"{kind.config_class.made}.safetensors"), len(saved), folder.name

    try:
        changed = left(base | {name: CLASSIFIERS[name]})
    except ConfigError as error:
        assert named(error, {name}) and name == "device"
    else:
        assert left(base) != changed


class Gray(ColorClassifier):
    """A small stand-in for the ResNet18."""

    def __init__(self, classes):
        super().__init__(classes, (4, 8))
        self.body[0][0] = torch.nn.Conv2d(1, 4, kernel_size=3, padding=1, bias=False)
