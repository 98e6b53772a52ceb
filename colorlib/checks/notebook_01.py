"""The checkers of lesson 1: more color at the same lightness, a document's numbers, the mean of hues.

The questions are asked on the device that the notebook computes on, and the answers may be of any float type.
"""

import math

import torch
from torch import Tensor

from colorlib import color, photos
from colorlib.checks import Mistake, NotDone, done, exercise
from colorlib.engine import choose_device


def _tensor(value, name: str, shape: tuple) -> Tensor:
    """The value, if it is a finite tensor of this shape."""
    if not isinstance(done(value), Tensor):
        raise Mistake(f"{name} must be a tensor, got {type(value).__name__}")
    if tuple(value.shape) != shape:
        raise Mistake(f"{name} has the shape {tuple(value.shape)}; expected {shape}")
    if not value.isfinite().all():
        raise Mistake(f"{name} holds values that are not finite (NaN or infinite)")
    return value.detach().cpu().float()


def _is(mine: Tensor, expected: Tensor, tolerance: float = 1e-3) -> bool:
    return bool((mine - expected).abs().max() <= tolerance * max(1.0, float(expected.abs().max())))


def _unless_open(function, *question):
    """The function's answer; None as long as it is the stub."""
    try:
        answer = function(*question)
    except NotImplementedError:
        return None
    return None if answer is ... else answer


# ---------------------------------------------------------------- exercise 1


def _photo(number: int) -> Tensor:
    """A bundled photo, `(1, 3, 64, 64)` in [0, 1]."""
    pixels = photos.square(photos.read_rgb(photos.bundled_photos()[number]), 64).copy()
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


@exercise
def more_color(function):
    """`more_color(rgb)`: the same pictures with at least 10 % more chroma; lightness, hue and gray stay."""
    coffee, temple, ramp = _photo(2), _photo(5), torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    rgb = torch.cat([coffee, temple, ramp])
    answer = _tensor(function(rgb.clone().to(choose_device("auto"))), "your picture", tuple(rgb.shape))
    low, high = float(answer.min()), float(answer.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise Mistake(f"your RGB lies in [{low:.4f}, {high:.4f}]; a screen shows [0, 1]: bring it into the gamut")
    before, after = color.rgb_to_lab(rgb), color.rgb_to_lab(answer.clamp(0, 1))
    chroma, new_chroma = before[:, 1:].norm(dim=1), after[:, 1:].norm(dim=1)
    if new_chroma[2].max() > 1:
        raise Mistake("a gray picture gets color: multiply a and b rather than adding to them")
    moved = float((after[:, 0] - before[:, 0]).abs().max())
    if moved > 1.05:  # a little more than is said, so that no rounded number looks like a right one
        raise Mistake(f"the lightness L moves by up to {moved:.2f}; at most 1 is allowed (does something clip?)")
    for name, old, new in zip(("coffee", "temple"), chroma, new_chroma, strict=False):
        factor = float(new.mean() / old.mean())
        if factor < 1.095:
            raise Mistake(f"the {name}'s mean chroma is {factor:.2f} times the old one; expected at least 1.1 times")
    angle, new_angle = (torch.atan2(x[:2, 2], x[:2, 1])[chroma[:2] > 10] for x in (before, after))
    turned = float(((new_angle - angle + math.pi) % (2 * math.pi) - math.pi).abs().rad2deg().max())
    if turned > 3.05:
        raise Mistake(f"hues turn by up to {turned:.2f} degrees; at most 3 are allowed: scale a and b alike")
    return "more color, and every pixel keeps its lightness and its hue"


# ---------------------------------------------------------------- exercise 2


def _check_split(parts, lightness: Tensor, ab: Tensor) -> None:
    """Whether these are L / 100 and (a, b) / 128."""
    if not isinstance(parts, (tuple, list)) or len(parts) != 2:
        raise Mistake("split_unit must return two tensors: gray, color")
    if parts[0] is None or parts[1] is None:
        missing = "gray" if parts[0] is None else "color"
        raise Mistake(f"split_unit's {missing} is still None")
    gray = _tensor(parts[0], "gray", (2, 1, 4, 4))
    if gray.max() > 50:
        raise Mistake("your gray still lies in [0, 100]; expected [0, 1]")
    if gray.min() < -0.5:
        raise Mistake("your gray lies in [-1, 1]: that is L / 50 - 1, and the document *dcgan* uses L / 100")
    if not _is(gray, lightness / 100):
        raise Mistake("your gray is not L / 100")
    predicted = _tensor(parts[1], "color", (2, 2, 4, 4))
    if predicted.abs().max() > 50:
        raise Mistake("your ab still lies in [-110, 110]; expected [-1, 1]")
    if _is(predicted, ab / 110):
        raise Mistake("you divided ab by 110, as colorlib's LAB does; *dcgan* divides by 128")
    if not _is(predicted, ab / 128):
        raise Mistake("your color is not (a, b) / 128, in this order")


def _check_join(lab, lightness: Tensor, ab: Tensor) -> None:
    """Whether this is the Lab that was taken apart."""
    back = _tensor(lab, "the lab that join_unit gives", (2, 3, 4, 4))
    if not _is(back[:, :1], lightness):
        low, high = back[:, 0].aminmax()
        raise Mistake(f"join_unit gives L from {low:.3g} to {high:.3g}; expected 0 to 100")
    if not _is(back[:, 1:], ab):
        low, high = back[:, 1:].aminmax()
        raise Mistake(f"join_unit gives ab from {low:.3g} to {high:.3g}; expected -110 to 110, a before b")


@exercise
def unit_numbers(split_unit, join_unit):
    """The numbers of *dcgan*: `split_unit(lab) -> gray, color` and back, `join_unit(gray, color) -> lab`."""
    steps = torch.linspace(0, 1, 2 * 4 * 4).view(2, 1, 4, 4)
    lightness, ab = 100 * steps, torch.cat([220 * steps - 110, 110 - 220 * steps**2], dim=1)
    device = choose_device("auto")
    parts = _unless_open(split_unit, torch.cat([lightness, ab], dim=1).to(device))
    lab = _unless_open(join_unit, (lightness / 100).to(device), (ab / 128).to(device))
    if parts is None and lab is None:
        raise NotDone
    if parts is not None:
        _check_split(parts, lightness, ab)
    if lab is not None:
        _check_join(lab, lightness, ab)
    if parts is None:
        raise Mistake("join_unit is right; split_unit still returns None")
    if lab is None:
        raise Mistake("split_unit is right; join_unit still returns None")
    return "these are the numbers of *dcgan*, and the way back is exact"


# ---------------------------------------------------------------- exercise 3


def _colors(*hue_and_saturation) -> Tensor:
    """One row of pixels of value 1, `(1, 3, 1, N)`."""
    pixels = []
    for hue, saturation in hue_and_saturation:
        wheel = [abs((6 * hue + offset) % 6 - 3) - 1 for offset in (0, 4, 2)]
        pixels.append([1 - saturation + saturation * min(max(c, 0), 1) for c in wheel])
    return torch.tensor(pixels).T[None, :, None]


def _away(hue: Tensor, expected: float) -> float:
    """The distance of two hues around the circle, in turns: 0 to 0.5."""
    return float(((hue - expected + 0.5) % 1 - 0.5).abs().max())


@exercise
def mean_hue(function):
    """`mean_hue(rgb)`: the circular mean hue of each picture, weighted by saturation, in [0, 1)."""
    device = choose_device("auto")
    pair = torch.cat([_colors((0.8, 1), (0.8, 1)), _colors((0.3, 1), (0.3, 1))])
    result = done(function(pair.to(device)))
    if isinstance(result, Tensor) and result.ndim == 0:
        raise Mistake("you return one number for the whole batch; expected one hue for each picture: (B,)")
    violet = _tensor(result, "mean_hue's answer", (2,))[0]
    if violet > 7:
        raise Mistake("your hue is in degrees; expected turns, in [0, 1)")
    if abs(violet - 0.8 * 2 * math.pi) < 0.01 or abs(violet - (0.8 - 1) * 2 * math.pi) < 0.01:
        raise Mistake("your hue is in radians; expected turns, in [0, 1): divide by 2 pi")
    if violet < 0:
        raise Mistake(f"violet, hue 0.8, came out as {violet:.1f}: take the remainder of the division by 1")
    if _away(result.detach().cpu() - torch.tensor([0.8, 0.3]), 0) > 0.01:
        raise Mistake("a picture of one single hue must have that hue as its mean")
    reds = _tensor(function(_colors((0.95, 1), (0.05, 1)).to(device)), "mean_hue's answer", (1,))
    if _away(reds, 0.5) < 0.01:
        raise Mistake("the mean of two reds (0.95 and 0.05) came out as cyan (0.5): you averaged on a line")
    if _away(reds, 0) > 0.01:
        raise Mistake(f"the mean of two reds (0.95 and 0.05) came out as {float(reds):.2f}; expected 0")
    blue = _tensor(function(_colors((2 / 3, 1), *[(0, 0)] * 9).to(device)), "mean_hue's answer", (1,))
    if _away(blue, 2 / 3) > 0.01:
        raise Mistake("gray pixels pull the mean: they have no hue (HSV writes 0, red); weight by saturation")
    mixed = _tensor(function(_colors((0, 0.9), (0.25, 0.3)).to(device)), "mean_hue's answer", (1,))
    if _away(mixed, math.atan2(0.3, 0.9) / (2 * math.pi)) > 0.01:
        raise Mistake("a pale color must count less than a strong one: weight each arrow by its saturation")
    dark = _colors((0, 0.9), (0.25, 0.3)) * torch.tensor([0.3, 1.0])
    if _away(_tensor(function(dark.to(device)), "mean_hue's answer", (1,)), float(mixed)) > 0.01:
        raise Mistake("a dark color counts less than a light one of the same saturation: weight by saturation alone")
    gray = done(function(torch.full((1, 3, 2, 2), 0.5, device=device)))
    if not gray.isfinite().all():
        raise Mistake("a gray picture gives NaN: don't divide by a sum of weights that may be 0")
    return "two reds make red, gray pixels have no say, and each picture has its own mean"
