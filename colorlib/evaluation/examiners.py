"""Metrics that take a network of their own: LPIPS and FID, whose weights others have trained, and those of a judge.

An examiner sees every batch of a measurement, all rows of it at once, and has figures for each row in the end:

    look(answers)   name of the row -> sRGB (B, 3, H, W) in [0, 1]; the true pictures are the row `true`
    figures()       name of the row -> name in METRICS -> number

Weights are asked for when an examiner is made. Where they can't be had, `WeightsMissing` says how to get them.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from colorlib.errors import ConfigError
from colorlib.evaluation.frechet import Moments, frechet_distance

Answers = dict[str, Tensor]


class WeightsMissing(ConfigError):
    """Weights of a metric that can't be had; the message says why, and where to put them."""


class FeatureDistance:
    """The Frechet distance of each row's features from the true pictures' features.

    features: pictures, sRGB `(B, 3, H, W)` in [0, 1], to `(B, F)`. metric: what it is called in METRICS.
    """

    def __init__(self, features: Callable[[Tensor], Tensor], metric: str):
        self.features, self.metric = features, metric
        self.moments: dict[str, Moments] = {}

    def look(self, answers: Answers) -> None:
        for name, rgb in answers.items():
            self.moments.setdefault(name, Moments()).update(self.features(rgb))

    def figures(self) -> dict[str, dict[str, float]]:
        """Nothing of fewer than two pictures."""
        true = self.moments["true"]
        rows = {name: moments for name, moments in self.moments.items() if name != "true" and true.count > 1}
        return {name: {self.metric: frechet_distance(moments, true)} for name, moments in rows.items()}


class LPIPS:
    """How unlike each answer and the true picture look to AlexNet (Zhang et al. 2018), by torchmetrics; 0 is alike."""

    def __init__(self, device):
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity  # slow, seldom needed

        place = Path(torch.hub.get_dir()) / "checkpoints" / "alexnet-owt-7be5be79.pth"
        try:
            self.measure = LearnedPerceptualImagePatchSimilarity("alex", normalize=True).to(device)
        except Exception as error:  # a download can fail in nearly any way
            raise missing("LPIPS", "torchvision's AlexNet", error, place) from None
        self.sums, self.count = {}, 0

    def look(self, answers: Answers) -> None:
        self.count += len(answers["true"])
        for name, rgb in answers.items():
            if name != "true":
                mean = self.measure(rgb.float().clamp(0, 1), answers["true"].float()).item()
                self.sums[name] = self.sums.get(name, 0.0) + mean * len(rgb)

    def figures(self) -> dict[str, dict[str, float]]:
        return {name: {"lpips": total / self.count} for name, total in self.sums.items()}


def fid(device) -> FeatureDistance:
    """The FID, on the features of torchmetrics' Inception. Raises `WeightsMissing`."""
    from torchmetrics.image.fid import NoTrainInceptionV3

    place = Path(torch.hub.get_dir()) / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    try:
        inception = NoTrainInceptionV3("inception-v3-compat", ["2048"]).to(device)
    except Exception as error:
        raise missing("FID", "torch-fidelity's Inception", error, place) from None

    def features(rgb: Tensor) -> Tensor:
        return inception((rgb.clamp(0, 1) * 255).round().byte()).flatten(1)

    return FeatureDistance(features, "fid")


def missing(metric: str, weights: str, error: Exception, place: Path) -> WeightsMissing:
    """What to say of weights that can't be had."""
    if isinstance(error, ModuleNotFoundError):
        return WeightsMissing(f"{metric}: it takes the package torch-fidelity; `pip install torch-fidelity`")
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return WeightsMissing(f"{metric}: the weights of {weights} can't be had ({reason}); put the file at {place}")


ALSO = {"lpips": LPIPS, "fid": fid}  # what can be asked for by name: made of a device
