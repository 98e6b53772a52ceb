"""The checkers of notebook 02: the decoder's level, hues of which most are a photo's own, a loss that asks for color.

`up_or_ours` lets the lesson go on with a decoder level of the course while the student's own isn't right yet.
"""

import contextlib
import io
import math

import torch
from torch import Tensor, nn

from colorlib.checks import Mistake, done, exercise
from colorlib.models.unet import Up


def _tensor(value, shape: tuple, name: str) -> Tensor:
    """The answer as a finite tensor of this shape."""
    done(value)
    if not isinstance(value, Tensor):
        raise Mistake(f"{name} must be a tensor, got {type(value).__name__}")
    if tuple(value.shape) != shape:
        raise Mistake(f"{name} has the shape {tuple(value.shape)}; expected {shape}")
    if not value.isfinite().all():
        raise Mistake(f"{name} has values that are not finite (NaN or infinite)")
    return value


def _same(mine: Tensor, other: Tensor, tolerance: float = 1e-4) -> bool:
    return mine.shape == other.shape and torch.allclose(mine, other, rtol=1e-3, atol=tolerance)


# ---------------------------------------------------------------- exercise 1


def _up_case(up: nn.Module) -> tuple[Tensor, Tensor]:
    """A map from below and a skip that nothing is the same in; the norm gets numbers of its own for each channel."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for number, weight in enumerate(up.parameters()):
            weight.copy_(torch.randn(weight.shape, generator=random) * 0.5 + (number > 0))
    return torch.randn(3, 8, 4, 4, generator=random), torch.randn(3, 4, 8, 8, generator=random)


def _up_wrongs(up, x: Tensor, skip: Tensor) -> dict[str, Tensor]:
    """What typical mistakes answer: diagnosis -> tensor."""
    large = up.conv(x)
    both = torch.cat([large, skip], dim=1)
    normed, swapped = up.norm(both), torch.cat([skip, large], dim=1)
    return {
        "the skip is first; put the map from below first and the skip behind it": torch.relu(up.norm(swapped)),
        "you enlarged and concatenated, but the batch norm and the ReLU are missing": both,
        "the batch norm is there, but the ReLU behind it is missing": normed,
        "the ReLU is there, but the batch norm before it is missing": torch.relu(both),
        "the ReLU comes before the batch norm; change their order": up.norm(torch.relu(both)),
        "that is a LeakyReLU, as the encoder has; the decoder has a ReLU": nn.functional.leaky_relu(normed, 0.2),
        "the first half is right, but the skip's map was replaced by zeros": torch.relu(
            up.norm(torch.cat([large, torch.zeros_like(skip)], dim=1))
        ),
    }


@exercise
def up(kind):
    """`Up.forward(x, skip)`: enlarge, put the skip beside it, batch norm, ReLU."""
    mine = kind(8, 4, skip=4).train()
    x, skip = _up_case(mine)
    try:
        answer = done(mine(x.clone(), skip.clone()))
    except RuntimeError as error:
        if "running_mean should contain" in str(error):
            raise Mistake(
                "the batch norm expects outputs + skip channels: concatenate first, with torch.cat([..., skip], dim=1)"
            ) from None
        if "Sizes of tensors must match" in str(error):
            raise Mistake(
                "torch.cat can't put these side by side: enlarge x with self.conv first, and use dim=1, the channels"
            ) from None
        raise
    large = mine.conv(x)
    if isinstance(answer, Tensor):
        halves = {
            "you enlarged the map, but its skip, the batch norm and the ReLU are missing": large,
            "you added the skip, as a ResNet does; a U-Net concatenates: torch.cat([..., skip], dim=1)": large + skip,
            "you added the skip, as a ResNet does; a U-Net concatenates (the ReLU is right)": torch.relu(large + skip),
        }
        for diagnosis, wrong in halves.items():
            if _same(answer, wrong):
                raise Mistake(diagnosis)
    answer = _tensor(answer, (3, 8, 8, 8), "Up's answer")
    right = torch.relu(mine.norm(torch.cat([large, skip], dim=1)))
    if _same(answer, right):
        return "(3, 8, 4, 4) and a skip of (3, 4, 8, 8) become (3, 8, 8, 8): this is the decoder's level"
    for diagnosis, wrong in _up_wrongs(mine, x, skip).items():
        if _same(answer, wrong):
            raise Mistake(diagnosis)
    raise Mistake("the shape is right, but the values are not: enlarge, concatenate, norm, ReLU, in this order")


def is_right(checker, answer) -> bool:
    """Whether a checker accepts an answer; prints nothing."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        checker(answer)
    return said.getvalue().startswith("✓")


def up_or_ours(kind):
    """The student's class if it is right; else colorlib's, and a line that says so."""
    if is_right(up, kind):
        return kind
    print("Until yours is right, the lesson goes on with colorlib's.")
    return Up


# ---------------------------------------------------------------- exercise 2

CALLS = 400  # of a function that draws angles
KEPT, TOLERANCE = 0.6, 0.05  # 3200 draws: chance stays within 0.01 in two of three cases


def _angles(function, own: Tensor) -> Tensor:
    """What many calls answer: (CALLS, 8). The student's random numbers go on as if nobody had drawn here."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first = _tensor(function(own.clone()), (8,), "the angles")
        return torch.stack([first, *(_tensor(function(own.clone()), (8,), "the angles") for _ in range(CALLS - 1))])


def _is_around_the_circle(angles: Tensor) -> bool:
    """Whether every eighth of the circle has its share, between half and twice of it."""
    shares = torch.histc(angles.double().remainder(2 * math.pi), 8, 0, 2 * math.pi) / len(angles)
    return bool((shares > 1 / 16).all() and (shares < 1 / 4).all())


@exercise
def mostly(function):
    """`mostly(own)`: angles for one step; each photo keeps its own with a chance of 60 %, else any angle."""
    own = torch.arange(8) * 0.7 + 0.35
    angles = _angles(function, own)
    kept = (angles - own).abs() < 1e-4
    share = float(kept.float().mean())
    if kept.all():
        raise Mistake("each photo always keeps its own hue; in four of ten cases it should get any other")
    if (angles == angles[0]).all():
        raise Mistake("every call gives the same angles: draw new random numbers inside the function")
    if not kept.any():
        raise Mistake("no photo ever keeps its own hue: six of ten should; torch.where(keep, own, other) chooses")
    if (kept == kept[:, :1]).all():
        raise Mistake("one draw decides for all eight photos: draw one number for each, as torch.rand_like(own) does")
    if abs(share - (1 - KEPT)) < TOLERANCE:
        raise Mistake(f"{share:.0%} keep their own hue, where 60 % should: own and other have changed places")
    if abs(share - KEPT) > TOLERANCE:
        raise Mistake(f"{share:.0%} keep their own hue; expected about 60 %")
    others = angles[~kept]
    if ((others[:, None] - own).abs() < 1e-4).any(dim=1).float().mean() > 0.5:
        raise Mistake("60 % is right, but the others get the own hues of other photos: draw any angle for them")
    if not _is_around_the_circle(others):
        raise Mistake("60 % is right, but the other angles fill only a part of the circle: it goes from 0 to 2 pi")
    spread = [row[~same] for row, same in zip(angles, kept, strict=True) if (~same).sum() > 1]
    if all(float(new.max() - new.min()) < 1e-4 for new in spread):
        raise Mistake("60 % is right, but all other photos of a step get one and the same angle: draw one for each")
    return f"{share:.0%} of the photos keep their own hue, the others get any"


# ---------------------------------------------------------------- exercise 3


@exercise
def vivid_loss(function):
    """`vivid_loss(predicted, true)`: L1, in which a pixel counts `1 + 5 * true chroma` times."""
    random = torch.Generator().manual_seed(0)
    true = torch.randn(3, 2, 5, 7, generator=random) * 0.3
    predicted = (torch.randn(3, 2, 5, 7, generator=random) * 0.3).requires_grad_()
    try:
        answer = done(function(predicted, true.clone()))
    except RuntimeError as error:
        if "must match the size of tensor" in str(error):
            raise Mistake(
                "the weight has lost its channel dimension: give norm keepdim=True, so that it is (B, 1, H, W)"
            ) from None
        raise
    if not isinstance(answer, Tensor):
        raise Mistake(f"the loss must be a tensor, or nothing can be learned from it; got {type(answer).__name__}")
    error, chroma = (predicted - true).abs().detach(), true.norm(dim=1, keepdim=True)
    weighted = (1 + 5 * chroma) * error
    if answer.numel() > 1:
        if _same(answer.detach(), weighted):
            raise Mistake("the weights are right; the mean over batch, channels and pixels is missing")
        raise Mistake(f"the loss must be one number, got the shape {tuple(answer.shape)}: take the mean")
    value = float(answer.detach())
    if not math.isfinite(value):
        raise Mistake(f"the loss is {value}; expected a finite number")
    wrongs = {
        "that is plain L1: the weight 1 + 5 * chroma is missing": error.mean(),
        "the chroma is taken from the prediction; the true color must say how much a pixel counts": (
            (1 + 5 * predicted.detach().norm(dim=1, keepdim=True)) * error
        ).mean(),
        "the weight is right, but the error is squared; take its absolute value": (
            (1 + 5 * chroma) * error.square()
        ).mean(),
        "the weight is 5 * chroma without the 1, so gray pixels would not count at all": (5 * chroma * error).mean(),
        "the weights are right, but you took the sum; take the mean": weighted.sum(),
        "the chroma is summed over the whole batch: give norm the arguments dim=1, keepdim=True": (
            (1 + 5 * true.norm()) * error
        ).mean(),
        "you weigh each channel by its own value; the chroma is the norm of both, over dim=1": (
            (1 + 5 * true.abs()) * error
        ).mean(),
    }
    right = float(weighted.mean())
    normalized = right / float((1 + 5 * chroma).mean())  # by the weights' mean: the same but for a factor
    if math.isclose(value, right, rel_tol=1e-4) or math.isclose(value, normalized, rel_tol=1e-4):
        if not answer.requires_grad:
            raise Mistake("the value is right, but it has no gradient: leave out detach(), item() and no_grad()")
        return f"{value:.3f} where plain L1 says {error.mean():.3f}: colorful pixels count more"
    for diagnosis, wrong in wrongs.items():
        if math.isclose(value, float(wrong), rel_tol=1e-4):
            raise Mistake(diagnosis)
    raise Mistake(f"your loss is {value:.3f}; expected {right:.3f}, the mean of (1 + 5 * chroma) * |predicted - true|")
