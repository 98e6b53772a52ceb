"""What the generator is asked to do: named, weighted terms, each a small function of one prediction.

The names are the history's columns: the term "L1" becomes `loss_G_L1`. Built in notebook 02.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

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
    """The terms that a configuration asks for."""
    terms = [Term("L1", config.l1_weight, l1), Term("L2", config.l2_weight, l2)]
    return [term for term in terms if term.weight]
