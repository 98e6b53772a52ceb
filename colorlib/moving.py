"""A picture's color moved until it has what was asked for, with its lightness kept.

The chroma is scaled, the hue turned, or the color shifted, by as little as the target takes, and no more than the gamut
allows. It serves three times: a colorizer's answer is made to meet a target exactly; the true picture is moved to a
target, to compare with (`colorlib.losses`); and it is the honest rival of a generator that listens: what obeys without
having understood the picture. Used in notebook 06.
"""

import logging
import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from colorlib.color import join_lightness, lightness_of
from colorlib.controls import CONTROLS, Asked, Control

log = logging.getLogger("colorlib")

TRIED_AT = 192  # pixels: what holds for a photo of this short side holds for the whole one
TOLERANCE = 0.005  # of a control's range: what is farther from its target hasn't met it
FARTHEST_SCALE = 16.0  # times a picture's own chroma; a gray one stays gray
FARTHEST_SHIFT = 120.0  # Lab units
HALVINGS = 16  # of the interval that holds the answer
FIRST_ANGLES = 8  # around the circle, the best of which is corrected
TURNS = 12  # corrections
ROUNDS = 4  # over several controls, each of which disturbs the others a little


@torch.no_grad()
def move(lightness: Tensor, ab: Tensor, asked: Asked) -> Tensor:
    """The color ab `(B, 2, H, W)` moved, so that the picture with this lightness has what is asked for.

    lightness: `(B, 1, H, W)` in [0, 100]. asked: targets by control, `(B,)`; where one is NaN the control is free. A
    target that the gamut doesn't allow is come as near to as it does: see `reach`. Returns ab, which the gamut may cut.
    """
    given = {name: target.to(ab) for name, target in asked.items() if target.isfinite().any()}
    for _ in range(ROUNDS if len(given) > 1 else 1):
        for name, target in given.items():
            control = CONTROLS[name]
            meet = turned if control.way == "turn" else bisected
            moved = meet(lightness, ab, control, target.nan_to_num(control.low))
            ab = torch.where(target.isnan().view(-1, 1, 1, 1), ab, moved)
    return ab


@torch.no_grad()
def reach(lightness: Tensor, ab: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """The least and the most of a control, `(B,)` each, that a picture can be moved to. An angle has all of it."""
    control = CONTROLS[name]
    if control.way == "turn":
        ends = torch.full_like(lightness[:, 0, 0, 0], control.low), torch.full_like(lightness[:, 0, 0, 0], control.high)
        return ends
    path, (least, most) = along(ab, control)
    ends = [obtained(lightness, path(torch.full_like(lightness[:, 0, 0, 0], end)), control) for end in (least, most)]
    return torch.minimum(*ends), torch.maximum(*ends)


def move_photo(photo: Image.Image, ab: Tensor, targets: dict[str, float]) -> Tensor:
    """The color ab `(2, h, w)` of a photo moved to targets; one that its gamut doesn't allow is said in the log.

    It is tried on the photo at a short side of `TRIED_AT` pixels, with its own lightness. Returns ab of that size.
    """
    scale = min(1.0, TRIED_AT / min(photo.size))
    small = photo.resize([max(1, round(side * scale)) for side in photo.size], Image.Resampling.NEAREST)
    rgb = torch.from_numpy(np.array(small)).to(ab.device).permute(2, 0, 1)[None] / 255
    lightness, ab = lightness_of(rgb), functional.interpolate(ab[None], rgb.shape[-2:], mode="bilinear")
    moved = move(lightness, ab, {name: torch.full((1,), float(target)) for name, target in targets.items()})
    for name, target in targets.items():
        control = CONTROLS[name]
        found = obtained(lightness, moved, control)
        if control.distance(found, target).item() > TOLERANCE * (control.high - control.low):
            low, high = (end.item() for end in reach(lightness, ab, name))
            within = "" if control.way == "turn" else f", of {low:.3g} to {high:.3g} within its gamut"
            log.warning("%s %g can't be met on this photo%s: it has %.3g", name, target, within, found.item())
    return moved[0]


def obtained(lightness: Tensor, ab: Tensor, control: Control) -> Tensor:
    """What a control measures of the picture `(B,)`, in the colors that the gamut and eight bits leave."""
    return control.measure((join_lightness(lightness, ab) * 255).round() / 255)


def along(ab: Tensor, control: Control) -> tuple[Callable[[Tensor], Tensor], tuple[float, float]]:
    """The way on which a control grows or falls: amount `(B,)` to ab; and the amounts at its ends."""
    if control.way == "scale":
        return lambda amount: ab * amount.view(-1, 1, 1, 1), (0.0, FARTHEST_SCALE)
    direction = torch.tensor(control.way).to(ab).view(1, 2, 1, 1)
    return lambda amount: ab + amount.view(-1, 1, 1, 1) * direction, (-FARTHEST_SHIFT, FARTHEST_SHIFT)


def bisected(lightness: Tensor, ab: Tensor, control: Control, target: Tensor) -> Tensor:
    """ab where its way meets the target: the control grows along it, or falls, as `gray` does with chroma."""
    path, ends = along(ab, control)
    low, high = (torch.full_like(target, end) for end in ends)
    if control.way == "scale":  # most of the answers are near 1, and a ratio is what counts
        low, high = low - 6.0, high.log()
        path, plain = (lambda amount: plain(torch.where(amount > -6.0, amount.exp(), 0.0))), path
    rising = obtained(lightness, path(high), control) >= obtained(lightness, path(low), control)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_small = (obtained(lightness, path(middle), control) < target) == rising
        low, high = torch.where(too_small, middle, low), torch.where(too_small, high, middle)
    return path((low + high) / 2)


def turned(lightness: Tensor, ab: Tensor, control: Control, target: Tensor) -> Tensor:
    """ab turned around gray until its hue is the target's, or as near as it comes where many hues cancel out.

    An angle in a and b is nearly the same one in RGB, so a few corrections will do, from the best of some angles.
    """

    def missing(angle: Tensor) -> Tensor:
        """How far the target still is, as a fraction of the circle, -0.5 to 0.5, at each angle."""
        short = (target - obtained(lightness, rotate(ab, angle), control)) / (control.high - control.low)
        return torch.remainder(short + 0.5, 1.0) - 0.5

    best = torch.zeros_like(target)
    least = missing(best)
    tries = [torch.full_like(target, 2 * math.pi * number / FIRST_ANGLES) for number in range(1, FIRST_ANGLES)]
    for number in range(FIRST_ANGLES - 1 + TURNS):
        angle = tries[number] if number < len(tries) else best + 2 * math.pi * least * (0.5 if number % 3 == 0 else 1.0)
        short = missing(angle)
        better = short.abs() < least.abs()
        best, least = torch.where(better, angle, best), torch.where(better, short, least)
    return rotate(ab, best)


def rotate(ab: Tensor, angle: Tensor) -> Tensor:
    """ab `(B, 2, H, W)` turned around gray by angles `(B,)` in radians."""
    cos, sin = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    a, b = ab.unbind(dim=1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=1)
