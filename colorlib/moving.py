"""A picture's color moved until it has what was asked for, with its lightness kept.

The chroma is scaled, the hue turned, or the color shifted, by as little as the target takes, and no more than the gamut
allows. So the answer of any colorizer can be made to meet a target (`Colorizer.colorize`, `exact`), without having
understood it.
"""

import logging
import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from colorlib.color import join_lightness, lightness_of, rgb_to_lab
from colorlib.controls import CONTROLS, Asked, Control

log = logging.getLogger("colorlib")

TRIED_AT = 192  # pixels: what holds for a photo of this short side holds for the whole one
SQUARES = 4  # a photo is tried in no more pixels than so many squares of its short side have
AT_ONCE = 2**16  # pixels: small pictures are tried in several colors together
ROUGHLY = 16  # pixels: of a picture so many rows and columns, or some more, are tried to move it roughly
TOLERANCE = 0.005  # of a control's range: what is farther from its target hasn't met it
ENOUGH = 0.0005  # of a control's range: what is nearer to its target needs no other round
FACTORS = torch.linspace(-8, math.log(16), 25)  # logarithms of what chroma is multiplied with, tried first
SHIFTS = torch.linspace(-120, 120, 25)  # Lab units
HALVINGS = 12  # between two of those that were tried first
ANGLES = 8  # around the circle, tried first
TRIED_TURNS = 24  # around the circle, for what a control that is no angle can have
TURNS = 12  # corrections of the best one
ROUNDS = 4  # over several controls, each of which disturbs the others a little

Change = Callable[[Tensor], Tensor]  # of ab `(B, 2, H, W)`, of any size: one number for each picture


@torch.no_grad()
def move(lightness: Tensor, ab: Tensor, asked: Asked, every: int = 1) -> Tensor:
    """The color ab `(B, 2, H, W)` moved, so that the picture with this lightness has what is asked for.

    lightness: `(B, 1, H, W)` in [0, 100]. asked: targets by control, `(B,)`; where one is NaN the control is free. A
    target that the gamut doesn't allow is come as near to as it does: see `reach`. every: it is tried on every so many
    rows and columns, which is quicker and less exact. Returns ab, which the gamut may cut.
    """
    for change in changes(lightness[:, :, ::every, ::every], ab[:, :, ::every, ::every], asked):
        ab = change(ab)
    return ab


@torch.no_grad()
def move_roughly(rgb: Tensor, asked: Asked) -> Tensor:
    """True pictures, sRGB `(B, 3, H, W)` in [0, 1], moved to what is asked for: what training compares with.

    As `move`, but quickly: tried on every few pixels, and of several controls each is met once, by turns. A
    picture that has what is asked for, or of which nothing is, stays as it is.
    """
    unmet = torch.zeros(len(rgb), dtype=torch.bool, device=rgb.device)
    for name, target in asked.items():
        control = CONTROLS[name]
        missed = control.distance(control.measure(rgb), target.to(rgb.device))  # nan where the control is free
        unmet |= missed > TOLERANCE * (control.high - control.low)
    if not unmet.any():
        return rgb
    lab, step = rgb_to_lab(rgb[unmet]), max(1, min(rgb.shape[-2:]) // ROUGHLY)
    (lightness, ab), few = lab.split([1, 2], dim=1), lab[:, :, ::step, ::step]
    wanted = {name: target.to(rgb.device)[unmet] for name, target in asked.items()}
    for change in changes(few[:, :1], few[:, 1:], wanted, rounds=1):
        ab = change(ab)
    moved = rgb.clone()
    moved[unmet] = join_lightness(lightness, ab)
    return moved


def changes(lightness: Tensor, ab: Tensor, asked: Asked, rounds: int = ROUNDS) -> list[Change]:
    """What `move` does to ab, one after the other; the same may be done to the same color at another size.

    rounds: how often each of several controls is met anew, since the others disturb it, at most.
    """
    given = {name: target.to(ab) for name, target in asked.items() if target.isfinite().any()}
    found = []
    for number in range(rounds if len(given) > 1 else 1):
        for name, target in given.items():
            control = CONTROLS[name]
            if number and not misses(obtained(lightness, ab, control), target, control, ENOUGH).any():
                continue
            meet = turned if control.way == "turn" else crossed
            change = unless(target.isnan(), meet(lightness, ab, control, target.nan_to_num(control.low)))
            found.append(change)
            ab = change(ab)
    return found


def unless(free: Tensor, change: Change) -> Change:
    """The change, but for the pictures that are free of it, `(B,)`."""
    return lambda ab: torch.where(free.view(-1, 1, 1, 1), ab, change(ab))


@torch.no_grad()
def reach(lightness: Tensor, ab: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """The least and the most of a control, `(B,)` each, that a picture can be moved to. An angle has all of it."""
    control = CONTROLS[name]
    if control.is_angle:
        like = lightness[:, 0, 0, 0]
        return torch.full_like(like, control.low), torch.full_like(like, control.high)
    if control.way == "turn":
        turns = [torch.full_like(lightness[:, 0, 0, 0], 2 * math.pi * i / TRIED_TURNS) for i in range(TRIED_TURNS)]
        values = torch.stack([obtained(lightness, rotate(ab, turn), control) for turn in turns])
    else:
        _, _, values = tried(lightness, ab, control)
    return values.amin(dim=0), values.amax(dim=0)


@torch.no_grad()
def move_photo(photo: Image.Image, ab: Tensor, targets: dict[str, float]) -> Tensor:
    """The color ab `(2, h, w)` of a photo moved to targets; one that its gamut doesn't allow is said in the log.

    It is tried on the photo made small, with its own lightness. Returns ab of the size that it had.
    """
    lightness, before = tried_on(photo, ab)
    after, moved = before, ab[None]
    for change in changes(lightness, before, {name: torch.full((1,), float(targets[name])) for name in targets}):
        after, moved = change(after), change(moved)
    for name, target in targets.items():
        control = CONTROLS[name]
        found = obtained(lightness, after, control)
        if misses(found, torch.tensor([target]).to(found), control):
            low, high = (end.item() for end in reach(lightness, before, name))
            within = "" if control.is_angle else f", of {low:.3g} to {high:.3g} within its gamut"
            log.warning("%s %g can't be met on this photo%s: it has %.3g", name, target, within, found.item())
    return moved[0]


def tried_on(photo: Image.Image, ab: Tensor, short: int = TRIED_AT) -> tuple[Tensor, Tensor]:
    """An RGB photo and its color ab `(2, h, w)` made small, to be tried on: lightness `(1, 1, H, W)` and ab
    `(1, 2, H, W)`. short: the short side in pixels."""
    scale = min(1.0, short / min(photo.size), short * math.sqrt(SQUARES / (photo.width * photo.height)))
    small = photo.resize([max(1, round(side * scale)) for side in photo.size], Image.Resampling.NEAREST)
    rgb = torch.from_numpy(np.array(small)).to(ab.device).permute(2, 0, 1)[None] / 255
    return lightness_of(rgb), functional.interpolate(ab[None], rgb.shape[-2:], mode="bilinear")


def misses(found: Tensor, target: Tensor, control: Control, tolerance: float = TOLERANCE) -> Tensor:
    """Whether what is found `(B,)` misses its target `(B,)`, by more than this of the control's range; NaN misses
    nothing."""
    return control.distance(found, target) > tolerance * (control.high - control.low)


def obtained(lightness: Tensor, ab: Tensor, control: Control) -> Tensor:
    """What a control measures of the picture `(B,)`, in the colors that the gamut and eight bits leave."""
    return control.measure((join_lightness(lightness, ab) * 255).round() / 255)


def tried(lightness: Tensor, ab: Tensor, control: Control) -> tuple[Callable, Tensor, Tensor]:
    """The way on which a control is changed, (ab, amounts `(B,)`) to ab; some amounts `(N,)`, the middle one no change
    or nearly none; and what the control then has, `(N, B)`.
    """

    def scale(ab: Tensor, amount: Tensor) -> Tensor:
        return ab * amount.exp().view(-1, 1, 1, 1)

    def shift(ab: Tensor, amount: Tensor) -> Tensor:
        return ab + amount.view(-1, 1, 1, 1) * torch.tensor(control.way).to(ab).view(1, 2, 1, 1)

    way, amounts = (scale, FACTORS) if control.way == "scale" else (shift, SHIFTS)
    amounts, count, values = amounts.to(ab), len(ab), []
    for some in amounts.split(max(1, AT_ONCE // lightness.numel())):
        colors = way(ab.repeat(len(some), 1, 1, 1), some.repeat_interleave(count))
        values.append(obtained(lightness.repeat(len(some), 1, 1, 1), colors, control).view(-1, count))
    return way, amounts, torch.cat(values)


def crossed(lightness: Tensor, ab: Tensor, control: Control, target: Tensor) -> Change:
    """The least change along the control's way that meets the target, or comes nearest to it.

    A control may rise and fall on its way: of the steps on which it passes the target, the one nearest to no change is
    halved again and again.
    """
    way, amounts, values = tried(lightness, ab, control)
    above, picture = values >= target, torch.arange(len(target), device=target.device)
    passes = above[1:] != above[:-1]
    distance = ((amounts[1:] + amounts[:-1]) / 2).abs()[:, None].expand_as(passes)
    step = torch.where(passes, distance, math.inf).argmin(dim=0)
    low, high, rising = amounts[step], amounts[step + 1], above[step + 1, picture]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_small = (obtained(lightness, way(ab, middle), control) < target) == rising
        low, high = torch.where(too_small, middle, low), torch.where(too_small, high, middle)
    nearest = amounts[(values - target).abs().argmin(dim=0)]
    amount = torch.where(passes.any(dim=0), (low + high) / 2, nearest)
    return lambda ab: way(ab, amount)


def turned(lightness: Tensor, ab: Tensor, control: Control, target: Tensor) -> Change:
    """The turn of ab around gray that gives the hue of the target, or comes as near as it can where hues cancel out.

    An angle in a and b is nearly the same one in RGB, so a few corrections will do, from the best of some angles.
    """

    def missing(angle: Tensor) -> Tensor:
        """How far the target still is at each angle: of the circle -0.5 to 0.5, of the document's line -1 to 1."""
        short = (target - obtained(lightness, rotate(ab, angle), control)) / (control.high - control.low)
        return torch.remainder(short + 0.5, 1.0) - 0.5 if control.is_angle else short

    best = torch.zeros_like(target)
    least = missing(best)
    for number in range(1, ANGLES + TURNS):
        if (least.abs() < ENOUGH / 10).all():
            break
        if number < ANGLES:
            angle = torch.full_like(target, 2 * math.pi * number / ANGLES)
        else:
            angle = best + 2 * math.pi * least * (0.5 if number % 3 == 0 else 1.0)
        short = missing(angle)
        better = short.abs() < least.abs()
        best, least = torch.where(better, angle, best), torch.where(better, short, least)
    return lambda ab: rotate(ab, best)


def rotate(ab: Tensor, angle: Tensor) -> Tensor:
    """ab `(B, 2, H, W)` turned around gray by angles `(B,)` in radians."""
    cos, sin = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    a, b = ab.unbind(dim=1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=1)
