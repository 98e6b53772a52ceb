"""The checkers of notebook 02: the decoder's level, a loss that asks for color, livelier colors.

`up_or_ours` lets the lesson go on with a decoder level of the course while the student's own isn't right yet.
"""

import contextlib
import io
import math

import torch
from torch import Tensor, nn

from colorlib import color, photos
from colorlib.checks import Mistake, done, exercise
from colorlib.metrics import colorfulness
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
    print("Until yours is right, the lesson goes on with colorlib's Up.")
    return Up


# ---------------------------------------------------------------- exercise 2


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


# ---------------------------------------------------------------- exercise 3


def _pale_guess() -> tuple[Tensor, Tensor]:
    """The lightness of three photographs, and the ab of a model that is too pale."""
    tiles = [photos.square(photos.read_rgb(photos.bundled_photos()[i]), 32).copy() for i in (0, 1, 6)]
    lab = color.rgb_to_lab(torch.stack([torch.from_numpy(tile).permute(2, 0, 1) for tile in tiles]) / 255)
    coarse = nn.functional.avg_pool2d(lab[:, 1:], 8).repeat_interleave(8, 2).repeat_interleave(8, 3)
    return lab[:, :1], 0.5 * coarse


@exercise
def livelier(function):
    """`livelier(lightness, ab)`: the ab of pictures with 1.4 to 3.5 times the colorfulness, hues as predicted."""
    lightness, ab = _pale_guess()
    answer = done(function(lightness.clone(), ab.clone()))
    if isinstance(answer, Tensor) and answer.shape == (3, 3, 32, 32):
        raise Mistake("you return three channels; return ab alone (B, 2, H, W): the lightness is joined afterwards")
    answer = _tensor(answer, (3, 2, 32, 32), "livelier's answer").detach().float()

    def color_of(ab):
        return colorfulness(color.join_lightness(lightness, ab)).mean()

    rise = float(color_of(answer) / color_of(ab))
    before, after = ab.flatten(1), answer.flatten(1)
    if rise < 0.99:
        raise Mistake(f"the colorfulness is {rise:.2f} times the old one: your pictures got paler")
    if rise < 1.4:
        raise Mistake(f"more color, but not enough: the colorfulness is {rise:.2f} times the old one; expected 1.4")
    if float(after.std(dim=0).mean()) < 0.2 * float(before.std(dim=0).mean()):
        raise Mistake("colorful, but all pictures got the same color; start from the ab that the network predicted")
    if float(nn.functional.cosine_similarity(ab.flip(1).flatten(1), after).mean()) > 0.99:
        raise Mistake("a and b have changed places; a is the first channel, b the second")
    if float(nn.functional.cosine_similarity(before, after).mean()) < 0.7:
        raise Mistake("colorful, but the colors have little to do with the predicted ones any more")
    if rise > 3.5:
        raise Mistake(f"the colorfulness is {rise:.1f} times the old one, more than photos have; stay below 3.5")
    return f"the colorfulness is {rise:.2f} times the old one, and the lightness is untouched"
