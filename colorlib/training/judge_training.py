"""A judge, trained here: a small network that learns to name what is in color photographs.

    colorlib pretrain-judge --dataset cifar10 --output judge
    colorlib evaluate runs/gan --judge judge/judge.safetensors

The loop is the encoder's (`colorlib.training.encoder`); this network sees the colors. `colorlib.evaluation.judge` says
what it is good for.
"""

from torch import Tensor, nn

from colorlib.encoder_config import JudgeConfig
from colorlib.models.classifier import ColorClassifier
from colorlib.training.encoder import EncoderTraining, pretrain


class JudgeTraining(EncoderTraining):
    """A classifier of color pictures. Raises `DataError` for a set without classes."""

    config_class = JudgeConfig

    def build(self, classes: int) -> nn.Module:
        return ColorClassifier(classes, self.config.widths)

    def see(self, rgb: Tensor) -> Tensor:
        """The pictures as they are, sRGB `(B, 3, S, S)` in [0, 1]."""
        return rgb


def pretrain_judge(given: dict, resume: bool = False, overwrite: bool = False, progress: bool = True) -> list[dict]:
    """Train a judge, and leave it in the folder `output`; returns the rows of its history.

    given: settings that differ from the defaults of `JudgeConfig`; the rest as in `encoder.pretrain_encoder`.
    """
    return pretrain(JudgeTraining, given, resume, overwrite, progress)
