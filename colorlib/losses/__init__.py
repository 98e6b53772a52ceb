"""What a generator can be asked for: functions of one `Prediction`, and the adversarial losses of both networks.

`colorlib.losses.objective` names and weighs them. Built in notebooks 02 (regression) and 03 (adversarial).
"""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from colorlib.color import bins as ab_bins
from colorlib.color import lab_to_rgb, reduce_chroma
from colorlib.config import Config
from colorlib.controls import CONTROLS, Asked, check_target, hue_spread
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.models.heads import Head

FEW = 16  # pixels


@dataclass
class Prediction:
    """What the generator said about a batch, beside the truth. Loss terms take one of these.

    head: what the output means, and in which color space. gray: `(B, 1, H, W)` and true: `(B, C, H, W)`, in that
    space's units. output: the generator's. asked: what the generator was told to come near to. logits: `(B, n)`, what
    a discriminator says of the pair (gray, predicted), once it has been asked.
    """

    head: Head
    gray: Tensor
    true: Tensor
    output: Tensor
    asked: Asked = field(default_factory=dict)
    logits: Tensor | None = None

    @cached_property
    def predicted(self) -> Tensor:
        """The predicted color, `(B, C, H, W)` in the space's units."""
        return self.head.color(self.output, self.gray)

    @cached_property
    def rgb(self) -> Tensor:
        """The predicted picture, sRGB `(B, 3, H, W)`, with a gradient back to the prediction.

        Not clipped: a value outside [0, 1] is a color outside the gamut, and a clipped one would have no gradient.
        """
        return self.head.space.join(self.gray, self.predicted, clip=False)

    @cached_property
    def few(self) -> Tensor:
        """Every few pixels of the predicted picture, in Lab `(B, 3, h, w)`: about `FEW` a side, where the output is.

        They do for a mean over pixels, and spare the head most of its work.
        """
        step = max(1, self.output.shape[-1] // FEW)
        apart = step * self.head.reduction
        gray = self.gray[:, :, ::apart, ::apart]
        return self.head.space.lab(gray, self.head.color(self.output[:, :, ::step, ::step], gray))

    @cached_property
    def shown(self) -> Tensor:
        """The `few` pixels as a screen shows them, sRGB `(B, 3, h, w)` in [0, 1], with a gradient.

        What lies outside the gamut is brought in by less chroma, as `Colorizer` does it. The gradient takes how much
        less for a constant, so that no color is without one. What a picture is to have is measured of this one.
        """
        lab = self.few
        chroma = lab[:, 1:].detach().norm(dim=1, keepdim=True)
        kept = reduce_chroma(lab.detach())[:, 1:].norm(dim=1, keepdim=True)
        fraction = torch.where(chroma > 0, kept / chroma, 1.0)
        return lab_to_rgb(torch.cat([lab[:, :1], lab[:, 1:] * fraction], dim=1), clip=False)

    @cached_property
    def true_rgb(self) -> Tensor:
        """The true picture, sRGB `(B, 3, H, W)` in [0, 1]."""
        return self.head.space.join(self.gray, self.true)


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


def hues(prediction: Prediction) -> Tensor:
    """How far each picture's spread of hues is from the true one's, as a mean over the batch, in [0, 1)."""
    true_ab = prediction.head.space.ab(prediction.gray, prediction.true)
    return (hue_spread(prediction.few[:, 1:]) - hue_spread(true_ab)).abs().mean()


class Criterion:
    """A term that is more than a function: one that has options, which it is made of, or that needs a network."""

    def prepare(self, engine: Engine, config: Config) -> None:
        """Get what it needs besides a prediction; here nothing. Called once when a training begins or goes on, after
        all settings were checked. Raises `ConfigError`.
        """

    def __call__(self, prediction: Prediction) -> Tensor:
        raise NotImplementedError


# ---------------------------------------------------------------- terms of controls


@dataclass(frozen=True)
class Target(Criterion):
    """How far a control is from one target for all pictures, as a mean over the batch. Raises `ConfigError`."""

    name: str
    target: float

    def __post_init__(self):
        check_target(self.name, self.target)

    def __call__(self, prediction: Prediction) -> Tensor:
        control = CONTROLS[self.name]
        return control.distance(control.measure(prediction.shown), self.target).mean()


class AskedFor(Criterion):
    """How far each picture's controls are from what was asked of it: a mean over the batch, where what is free counts
    as 0, summed over the controls.
    """

    def __call__(self, prediction: Prediction) -> Tensor:
        total = prediction.gray.new_zeros(())
        for name, target in prediction.asked.items():
            control = CONTROLS[name]
            distance = control.distance(control.measure(prediction.shown), target.nan_to_num(control.low))
            total = total + torch.where(target.isnan(), 0.0, distance).mean()
        return total


# ---------------------------------------------------------------- the loss of a classifier of color


class CrossEntropy(Criterion):
    """-sum over the bins of z log p, as a mean over batch and pixels (Zhang et al. 2016, equations 2 to 4).

    z is the soft code of the true color at the output's size, p what the generator says; it takes a generator whose
    head is `bins`. rebalance: how much more the pixels of rare colors count; see `colorlib.color.bins.class_weights`.
    """

    def __init__(self, rebalance: float = 0.5):
        if isinstance(rebalance, bool) or not isinstance(rebalance, (int, float)) or not 0 <= rebalance <= 1:
            raise ConfigError(f"--loss cross_entropy: rebalance is {rebalance!r}; it must lie in [0, 1]")
        self.weights = ab_bins.class_weights(rebalance)

    def prepare(self, engine: Engine, config: Config) -> None:
        """Bring the weights of the bins onto the device."""
        self.weights = self.weights.to(engine.device, engine.dtype)

    def __call__(self, prediction: Prediction) -> Tensor:
        true_ab = prediction.head.space.ab(prediction.gray, prediction.true)
        size = prediction.output.shape[-2:]
        bins, amounts = ab_bins.encode(functional.adaptive_avg_pool2d(true_ab, size))
        weighted = amounts * self.weights.to(amounts.dtype)[bins]
        logits = prediction.output.to(amounts.dtype).permute(0, 2, 3, 1)  # bins last: much the faster on a processor
        log_p = logits.log_softmax(dim=-1).gather(-1, bins.permute(0, 2, 3, 1))
        return -(weighted.permute(0, 2, 3, 1) * log_p).sum(dim=-1).mean()


# ---------------------------------------------------------------- the adversarial losses


@dataclass(frozen=True)
class Adversarial(Criterion):
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
