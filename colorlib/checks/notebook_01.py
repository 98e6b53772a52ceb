"""The checkers of lesson 1: Lab from X, Y, Z; lightness and color joined; more color for pale pixels; the mean of hues.

The questions are asked on the device that the notebook computes on, and the answers may be of any float type.
"""

import math

import torch
from torch import Tensor

from colorlib import color, photos
from colorlib.checks import Mistake, done, exercise
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


def right_one(mine, ours, *question, tolerance: float = 0.1):
    """The reader's function if it answers this question as ours does, and ours until then: the lesson goes on."""
    try:
        close = (mine(*question) - ours(*question)).abs().max() <= tolerance  # False for NaN
    except Exception:  # whatever is wrong with it, its checker has said so
        return ours
    return mine if close else ours


# ---------------------------------------------------------------- exercise 1


def _lab_mistakes(fraction: Tensor, root: Tensor) -> dict:
    """What typical mistakes give from X/Xn, Y/Yn, Z/Zn `(3, N)` and their f: diagnosis -> Lab `(3, N)`."""

    def lab(values, scale=116, shift=16):
        x, y, z = values
        return torch.stack([scale * y - shift, 500 * (x - y), 200 * (y - z)])

    right = lab(root)
    lightness, a, b = right
    return {
        "f is missing: apply it to all three fractions before you take differences": lab(fraction),
        "your fractions are only a cube root: f goes on as a straight line for dark colors": lab(fraction ** (1 / 3)),
        "L is right nowhere: the formula ends in - 16": lab(root, shift=0),
        "a and b are exchanged: the order is L, a, b": torch.stack([lightness, b, a]),
        "a has the wrong sign: it is f(X) minus f(Y)": torch.stack([lightness, -a, b]),
        "b has the wrong sign: it is f(Y) minus f(Z)": torch.stack([lightness, a, -b]),
        "a and b have the wrong sign": torch.stack([lightness, -a, -b]),
        "the factors 500 (for a) and 200 (for b) are exchanged": torch.stack([lightness, a * 0.4, b * 2.5]),
        "your Lab is divided by 100; this course keeps L in [0, 100]": right / 100,
    }


@exercise
def rgb_to_lab(function):
    """`rgb_to_lab(rgb)`: sRGB `(B, 3, H, W)` in [0, 1] to Lab of the same shape."""
    rgb = torch.rand(2, 3, 5, 6, generator=torch.Generator().manual_seed(0))
    rgb[0, :, 0], rgb[0, :, 1, 0], rgb[0, :, 1, 1] = 0.02 * rgb[0, :, 0], 0, 1
    mine = _tensor(function(rgb.clone().to(choose_device("auto"))), "your Lab", tuple(rgb.shape))
    right = color.rgb_to_lab(rgb.double())  # so exact that black stays 0 under a cube root
    wrong = [(mine - right)[:, channel].abs().max() > 0.05 for channel in range(3)]
    if not any(wrong):
        return "this is Lab: 116, 500 and 200 stand where they belong"
    root = (right[:, 0] + 16) / 116
    root = torch.stack([root + right[:, 1] / 500, root, root - right[:, 2] / 200])
    fraction = torch.where(root > 6 / 29, root**3, (root - 4 / 29) * 3 * (6 / 29) ** 2)
    for words, answer in _lab_mistakes(fraction.clamp_min(0), root).items():
        if (mine - answer.movedim(0, 1)).abs().max() <= 0.05:
            raise Mistake(words)
    names = [name for name, bad in zip("Lab", wrong, strict=True) if bad]
    good = [name for name, bad in zip("Lab", wrong, strict=True) if not bad]
    raise Mistake(f"wrong: {', '.join(names)}; right: {', '.join(good) or 'none'}. Compare with the three formulas")


# ---------------------------------------------------------------- exercise 2


@exercise
def join(function):
    """`join(lightness, ab)`: RGB `(B, 3, H, W)` with exactly this L and as much of this color as a screen has."""
    lightness, ab = color.rgb_to_lab(_photo(6)).split([1, 2], dim=1)
    device = choose_device("auto")

    def answer(factor):
        return _tensor(function(lightness.to(device), factor * ab.to(device)), "your picture", (1, 3, 64, 64))

    mine = answer(1)
    if mine.max() > 2 or mine.min() < -2:
        raise Mistake("that looks like Lab: turn it into RGB with lab_to_rgb")
    right = color.join_lightness(lightness, ab)
    if (mine - right).abs().max() > 0.02:
        if (mine - color.join_lightness(lightness, ab.flip(1))).abs().max() < 0.02:
            raise Mistake("a and b are exchanged: the order is L, a, b")
        raise Mistake("a photo taken apart and joined again must be the same photo, and yours isn't")
    strong = answer(2)
    if strong.min() < -1e-3 or strong.max() > 1 + 1e-3:
        raise Mistake("your RGB leaves [0, 1] when ab is too strong for a screen: reduce the chroma first")
    moved = float((color.lightness_of(strong.clamp(0, 1)) - lightness).abs().max())
    if moved > 0.5:
        raise Mistake(f"with strong colors L moves by up to {moved:.0f}: half done, reduce_chroma is missing")
    if (strong - color.join_lightness(lightness, 2 * ab)).abs().max() > 0.02:
        raise Mistake("with strong colors too much of the chroma is lost: reduce only what a screen can't show")
    return "any a and b, and the lightness is what was given"


# ---------------------------------------------------------------- exercise 3


def _photo(number: int) -> Tensor:
    """A bundled photo, `(1, 3, 64, 64)` in [0, 1]."""
    pixels = photos.square(photos.read_rgb(photos.bundled_photos()[number]), 64).copy()
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


def _check_hue(before: Tensor, after: Tensor) -> None:
    """Whether every (a, b) still points where it did, as far as rounding lets a direction be told."""
    (a, b), (new_a, new_b) = before[:, 1:].unbind(dim=1), after[:, 1:].unbind(dim=1)
    chroma, new_chroma = before[:, 1:].norm(dim=1), after[:, 1:].norm(dim=1)
    told = (chroma > 3) & (new_chroma > 3) & ((before[:, 0] > 5) | (chroma > 10))  # not in what is nearly black
    angle = torch.atan2(a * new_b - b * new_a, a * new_a + b * new_b)[told].abs().rad2deg()
    if len(angle) and angle.max() > 3.05:
        reason = "is something clipped, or do a and b get different factors?"
        raise Mistake(f"hues turn by up to {float(angle.max()):.2f} degrees; at most 3 are allowed: {reason}")
    if (new_chroma < 0.8 * chroma - 2)[before[:, 0] > 5].any():  # L may move by 1, and with it the gamut
        raise Mistake("some pixels lose chroma; every color may rise or stay")


@exercise
def more_color(function):
    """`more_color(rgb)`: pale pixels get at least 30 % more chroma, strong ones at most 10 %; L and hue stay."""
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
    _check_hue(before[:2], after[:2])
    for name, light, old, new in zip(("coffee", "temple"), before[:2, 0], chroma, new_chroma, strict=False):
        pale, strong = (old > 3) & (old < 20) & (light > 10), old > 60
        factor = float(new[pale].mean() / old[pale].mean())
        if factor < 1.295:
            raise Mistake(f"the {name}'s pale pixels have {factor:.2f} times the old chroma; expected 1.3 or more")
        factor = float(new[strong].mean() / old[strong].mean()) if strong.any() else 1.0
        if factor > 1.105:
            raise Mistake(f"the {name}'s strong pixels have {factor:.2f} times the old chroma; at most 1.1 is allowed")
    return "pale colors gain, strong ones stay, and every pixel keeps its lightness and its hue"


# ---------------------------------------------------------------- exercise 4


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
