"""What the networks are asked to do: the generator's named, weighted terms, and the adversarial losses of both.

Each term is a small function of one prediction, and its name is a column of the history: "L1" becomes `loss_G_L1`.
Built in notebooks 02 (regression) and 03 (adversarial).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from colorlib.color import Prediction
from colorlib.config import Config


def l1(prediction: Prediction) -> Tensor:
    """Mean absolute difference of color, over batch, channels and pixels; in units of the color space."""
    return (prediction.predicted - prediction.true).abs().mean()


def l2(prediction: Prediction) -> Tensor:
    """Mean squared difference of color, over batch, channels and pixels (source 001, equation 1)."""
    return (prediction.predicted - prediction.true).square().mean()


@dataclass(frozen=True)
class Term:
    """One part of the objective: `weight * function(prediction)`."""

    name: str
    weight: float
    function: Callable[[Prediction], Tensor]


def objective(config: Config) -> list[Term]:
    """The terms that compare with the true color, as a configuration asks for them."""
    terms = [Term("L1", config.l1_weight, l1), Term("L2", config.l2_weight, l2)]
    return [term for term in terms if term.weight]


def discriminator_loss(logits: Tensor, is_true: bool, kind: str = "bce", real_label: float = 1.0) -> Tensor:
    """How far the discriminator's logits are from saying "true" or "generated".

    bce: binary cross entropy, as in the sources (`real_label` below 1 smooths the label of true pairs, on this side
    only; Salimans et al. 2016). lsgan: squares (Mao et al. 2017). hinge: only what isn't clear yet (Lim and Ye 2017).
    """
    if kind == "lsgan":
        return (logits - (1.0 if is_true else 0.0)).square().mean()
    if kind == "hinge":
        return functional.relu(1 - logits if is_true else 1 + logits).mean()
    label = torch.full_like(logits, real_label if is_true else 0.0)
    return functional.binary_cross_entropy_with_logits(logits, label)


def fooling_loss(logits: Tensor, kind: str = "bce") -> Tensor:
    """How far the discriminator is from taking the generator's color for true.

    bce is the non-saturating form, -log D: its gradient is large where the discriminator is sure, which is where the
    generator has most to learn.
    """
    if kind == "lsgan":
        return (logits - 1).square().mean()
    if kind == "hinge":
        return -logits.mean()
    return functional.softplus(-logits).mean()  # -log sigmoid(logits)
