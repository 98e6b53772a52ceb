"""A judge: a small classifier of color pictures, which says how natural colors are. It needs no download.

    colorlib pretrain-judge --dataset cifar10 --output judge
    colorlib evaluate runs/gan --judge judge/judge.safetensors

It is shown true, gray and colorized pictures. How often it names what is in them is the semantic test of Zhang et al.
2016: right colors help it, gray and wrong ones don't. The Frechet distance of its features
(`colorlib.evaluation.frechet`) says how far a set of pictures is from the true ones in the judge's own eyes: it is no
FID, and a number of this judge alone.
"""

import json
import logging
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from colorlib.data import PhotoSet
from colorlib.errors import ConfigError
from colorlib.evaluation.examiners import Answers, FeatureDistance
from colorlib.models.classifier import ColorClassifier, resized

log = logging.getLogger("colorlib")


class Judge:
    """A trained classifier, opened from its file; nothing in that is executed. Raises `ConfigError`.

    folders: its classes, as the folders of its data set are called. settings: those of its training. figures: what its
    training measured in the end.
    """

    def __init__(self, file, device="cpu"):
        path = Path(file)
        path = path / "judge.safetensors" if path.is_dir() else path
        if not path.is_file():
            raise ConfigError(f"--judge {file}: no such file; `colorlib pretrain-judge` makes one, judge.safetensors")
        try:
            with safe_open(path, "pt") as content:
                about = {name: json.loads(text) for name, text in (content.metadata() or {}).items()}
                weights = {name: content.get_tensor(name).float() for name in content.keys()}  # noqa: SIM118 (no dict)
            self.folders, self.settings, self.figures = about["folders"], about["settings"], about["figures"]
            self.size = int(self.settings["image_size"])
            self.network = ColorClassifier(len(self.folders), self.settings["widths"])
            self.network.load_state_dict(weights)
        except Exception as error:  # a file of anything else can fail in nearly any way
            reason = (str(error) or type(error).__name__).splitlines()[0][:120]
            raise ConfigError(f"--judge {file}: not a file of `colorlib pretrain-judge` ({reason})") from None
        self.network.eval().to(device)

    @torch.no_grad()
    def features(self, rgb: Tensor) -> Tensor:
        """What it sees in pictures, sRGB `(B, 3, H, W)` in [0, 1], brought to its own size: `(B, F)`."""
        return self.network.features(resized(rgb.float().clamp(0, 1), self.size))

    @torch.no_grad()
    def answers(self, features: Tensor) -> Tensor:
        """The number of the likeliest class of each picture `(B,)`, of its features `(B, F)`."""
        return self.network.answer(features).argmax(dim=1)

    def labels(self, photo_set: PhotoSet, indices: np.ndarray) -> np.ndarray | None:
        """The number of each picture's class `(N,)`; None for a set of other classes, which is said."""
        number = {folder: i for i, folder in enumerate(self.folders)}
        if photo_set.folder is None or not set(photo_set.folder[indices]) <= set(number):
            log.warning(
                "%s has other classes than the judge's, %s, ...: it can't say how often the judge is right",
                photo_set.name, self.folders[0],
            )  # fmt: skip
            return None
        return np.array([number[folder] for folder in photo_set.folder[indices]])

    def seen(self, photo_set: PhotoSet, indices: np.ndarray) -> int:
        """How many of some pictures the judge may have learned from, which makes it too sure of them."""
        if photo_set.name != self.settings["dataset"]:
            return 0
        learned = photo_set.split(self.settings["splits"], self.settings["split_seed"])["train"]
        if photo_set.own_part is not None:
            learned = learned[photo_set.own_part[learned] == "train"]
        return int(np.isin(photo_set.key[indices], photo_set.key[learned]).sum())


class Verdicts:
    """An examiner (see `examiners`): how often the judge is right in each row, and the distance of its features.

    labels: the number of each picture's class, in the order in which they will be shown; None where it isn't known.
    """

    def __init__(self, judge: Judge, labels: np.ndarray | None):
        self.judge, self.labels = judge, None if labels is None else torch.from_numpy(labels)
        self.shown, self.right = 0, {}
        self.distance = FeatureDistance(lambda features: features, "judge_distance")

    def look(self, answers: Answers) -> None:
        features = {name: self.judge.features(rgb) for name, rgb in answers.items()}
        self.distance.look(features)
        count = len(answers["true"])
        if self.labels is not None:
            labels = self.labels[self.shown : self.shown + count]
            for name, seen in features.items():
                hits = (self.judge.answers(seen).cpu() == labels).sum().item()
                self.right[name] = self.right.get(name, 0) + hits
        self.shown += count

    def figures(self) -> dict[str, dict[str, float]]:
        rows = {name: {"judge_accuracy": 100 * right / self.shown} for name, right in self.right.items()}
        for name, figures in self.distance.figures().items():
            rows[name] = rows.get(name, {}) | figures
        return rows
