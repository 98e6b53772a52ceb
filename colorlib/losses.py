"""What the generator is asked to do: an objective of named, weighted terms; the adversarial losses of both networks.

    --loss l1=100 l2=2000 adversarial=1,kind=lsgan

A term is a small function of one `Prediction`. To add one, write it here (or beside what it needs) and decorate it
with `term`: its name then works in --loss, and its column `loss_G_...` stands in the history. Its options are its
keyword arguments and are checked where it is made. Built in notebooks 02 (regression) and 03 (adversarial).
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from colorlib.color import ColorSpace
from colorlib.errors import ConfigError


@dataclass(frozen=True)
class Prediction:
    """What the generator said about a batch, beside the truth. Loss terms take one of these.

    gray: `(B, 1, H, W)`; true and predicted: `(B, C, H, W)`; all in the units of `space`. logits: `(B, n)`, what the
    discriminator says of the pair (gray, predicted), where there is one.
    """

    space: ColorSpace
    gray: Tensor
    true: Tensor
    predicted: Tensor
    logits: Tensor | None = None

    @cached_property
    def rgb(self) -> Tensor:
        """The predicted picture, sRGB `(B, 3, H, W)`, with a gradient back to the prediction.

        Not clipped: a value outside [0, 1] is a color outside the gamut, and a clipped one would have no gradient.
        """
        return self.space.join(self.gray, self.predicted, clip=False)


@dataclass(frozen=True)
class Term:
    """One part of the objective: `weight * function(prediction)`, in the history's column `loss_G_<column>`."""

    column: str
    weight: float
    function: Callable[[Prediction], Tensor]

    def __call__(self, prediction: Prediction) -> Tensor:
        return self.weight * self.function(prediction)


# name in --loss -> (its column, what makes the function of a prediction out of the term's options)
TERMS: dict[str, tuple[str, Callable[..., Callable[[Prediction], Tensor]]]] = {}


def term(name: str, column: str | None = None):
    """Register what makes a term: a class or function whose keyword arguments are the term's options."""

    def register(make):
        if name in TERMS or (column or name) in [taken for taken, _ in TERMS.values()]:
            raise ValueError(f"a term {name!r} or a column {column or name!r} is there already")
        TERMS[name] = (column or name, make)
        return make

    return register


def objective(loss: dict) -> list[Term]:
    """The terms of an objective: name -> weight, or name -> {"weight": ..., option: ...}. Raises `ConfigError`."""
    import colorlib.controls  # noqa: F401  registers its terms

    terms = []
    for name, given in loss.items():
        if name not in TERMS:
            raise ConfigError(f"--loss has no term {name!r}; there are {', '.join(sorted(TERMS))}")
        options = dict(given) if isinstance(given, dict) else {"weight": given}
        weight = options.pop("weight", 1.0)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
            raise ConfigError(f"--loss {name}: the weight is {weight!r}; it must be above 0 (leave the term out for 0)")
        column, make = TERMS[name]
        known = inspect.signature(make).parameters
        for option in options:
            if option not in known:
                takes = f"it takes {', '.join(known)}" if known else "it takes none"
                raise ConfigError(f"--loss {name}: no option {option!r}; {takes}")
        missing = [o for o, p in known.items() if p.default is p.empty and o not in options]
        if missing:
            raise ConfigError(f"--loss {name} needs its option {missing[0]}, as {name}={weight:g},{missing[0]}=...")
        terms.append(Term(column, float(weight), make(**options)))
    return terms


# ---------------------------------------------------------------- terms without options


def l1(prediction: Prediction) -> Tensor:
    """Mean absolute difference of color, over batch, channels and pixels; in units of the color space."""
    return (prediction.predicted - prediction.true).abs().mean()


def l2(prediction: Prediction) -> Tensor:
    """Mean squared difference of color, over batch, channels and pixels (*faces*, equation 1)."""
    return (prediction.predicted - prediction.true).square().mean()


def gamut(prediction: Prediction) -> Tensor:
    """How far the predicted RGB lies outside [0, 1], as a mean over batch, channels and pixels; 0 in the gamut."""
    return (prediction.rgb - prediction.rgb.clamp(0, 1)).abs().mean()


term("l1", "L1")(lambda: l1)
term("l2", "L2")(lambda: l2)
term("gamut")(lambda: gamut)


# ---------------------------------------------------------------- the adversarial losses


@term("adversarial", "GAN")
@dataclass(frozen=True)
class Adversarial:
    """What the discriminator is asked to do, and the generator's term against it.

    kind: "bce" is binary cross entropy, as in the documents; "lsgan" least squares (Mao et al. 2017); "hinge" only
    what isn't clear yet (Lim and Ye 2017). real_label: the discriminator's label for true colors with bce; 0.9
    smooths it, on this side only (Salimans et al. 2016).
    """

    kind: str = "bce"
    real_label: float = 1.0

    def __post_init__(self):
        if self.kind not in ("bce", "lsgan", "hinge"):
            raise ConfigError(f"--loss adversarial: kind is {self.kind!r}; it takes one of bce, lsgan, hinge")
        if not isinstance(self.real_label, (int, float)) or not 0.5 < self.real_label <= 1:
            raise ConfigError(
                f"--loss adversarial: real_label is {self.real_label!r}; it must be above 0.5 and at most 1"
            )
        if self.real_label != 1 and self.kind != "bce":
            raise ConfigError(f"--loss adversarial: real_label has no effect with kind={self.kind}; leave it out")

    def __call__(self, prediction: Prediction) -> Tensor:
        """-log D(G(x)|x), or its like: the generator's term."""
        return fooling_loss(prediction.logits, self.kind)

    def on_true(self, logits: Tensor) -> Tensor:
        """The discriminator's loss on true pairs."""
        return discriminator_loss(logits, True, self.kind, self.real_label)

    def on_generated(self, logits: Tensor) -> Tensor:
        """The discriminator's loss on generated pairs."""
        return discriminator_loss(logits, False, self.kind)


def discriminator_loss(logits: Tensor, is_true: bool, kind: str = "bce", real_label: float = 1.0) -> Tensor:
    """How far the discriminator's logits, of any shape, are from saying "true" or "generated"; see `Adversarial`."""
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
