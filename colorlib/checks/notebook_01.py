"""The checkers of lesson 1: a word that vanishes in gray; the strongest color of every hue; another photo's colors.

The questions are asked on the device that the notebook computes on, and the answers may be of any float type.
"""

import math

import torch
from torch import Tensor

from colorlib import color, photos
from colorlib.checks import Mistake, NotDone, done, exercise
from colorlib.color.difference import ciede2000
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


# ---------------------------------------------------------------- exercise 1

SAME_L, OTHER_COLOR = 0.5, 15.0  # L may differ by the first; CIEDE2000 must be the second or more


def _weighted(pair: Tensor, weights: tuple) -> float:
    """By how much a weighted sum of R, G and B differs: pair `(2, 3)`."""
    return float(((pair[0] - pair[1]) * torch.tensor(weights)).sum().abs())


def _numbers(pair) -> Tensor | None:
    """Two colors of three numbers each as `(2, 3)`; None for anything else."""
    try:
        pair = [[float(number) for number in done(one)] for one in pair]
    except (TypeError, ValueError, RuntimeError):  # as a number out of a tensor with several
        return None
    return torch.tensor(pair) if [len(one) for one in pair] == [3, 3] else None


def are_two_colors(pair) -> bool:
    """Whether this can be drawn as two colors, right or wrong as an answer."""
    try:
        numbers = _numbers(pair)
    except NotDone:
        return False
    return numbers is not None and bool(numbers.isfinite().all())


@exercise
def two_colors(pair):
    """`two_colors`: two sRGB colors of three numbers in [0, 1], of the same L."""
    pair = _numbers(pair)
    if pair is None:
        raise Mistake("expected two colors of three numbers each: ((red, green, blue), (red, green, blue))")
    if not pair.isfinite().all() or pair.min() < 0 or pair.max() > 1:
        raise Mistake("each number must lie in [0, 1], as everywhere in this lesson (not 0 to 255)")
    one, other = color.rgb_to_lab(pair.view(2, 3, 1, 1)).split(1)
    lights = (float(one[0, 0]), float(other[0, 0]))
    gap, apart = abs(lights[0] - lights[1]), float(ciede2000(one, other))
    if gap > SAME_L:
        words = f"in gray the word can still be seen: L is {lights[0]:.1f} and {lights[1]:.1f}"
        if _weighted(pair, (1 / 3, 1 / 3, 1 / 3)) < 0.01:
            raise Mistake(words + ". Their mean of R, G and B is the same, but the eye doesn't count the lamps alike")
        if _weighted(pair, color.RGB_TO_XYZ[1]) < 0.01:
            raise Mistake(words + ". The weights are right, but undo the screen's curve (to_light) before you weigh")
        half = "" if apart < OTHER_COLOR else "half done: the colors differ enough, but "
        raise Mistake(f"{half}{words}; at most {SAME_L} apart is asked")
    if apart < OTHER_COLOR:
        raise Mistake(
            f"half done: L is the same, but the colors are too much alike (their color difference is {apart:.1f}; "
            f"{OTHER_COLOR:.0f} or more is asked)"
        )
    return f"their color difference is {apart:.0f}, and L differs by {gap:.1f} of 100: in gray the word is gone"


# ---------------------------------------------------------------- exercise 2

NEAR = 2.25  # the two units that the task allows, and the step of `strongest_of`


def _shown(lightness: Tensor, chroma: Tensor, hue: float) -> Tensor:
    """Whether a screen can show these colors: L and chroma `(N,)` to bool `(N,)`."""
    turn = math.radians(hue)
    lab = torch.stack([lightness, chroma * math.cos(turn), chroma * math.sin(turn)])
    light = color.lab_to_linear_rgb(lab[None, :, None])[0, :, 0]
    return ((light - 0.5).abs() <= color.GAMUT_REACH).all(dim=0)


def strongest_of(hue: float) -> tuple[float, float]:
    """L and chroma of the strongest color of a hue (in degrees) that a screen can show, to about 0.25."""
    levels, chromas = torch.arange(0, 100.1, 0.25), torch.arange(0, 140.1, 0.25)
    lightness, chroma = torch.meshgrid(levels, chromas, indexing="ij")
    fits = _shown(lightness.flatten(), chroma.flatten(), hue)
    best = torch.where(fits, chroma.flatten(), -1.0).argmax()
    return float(lightness.flatten()[best]), float(chroma.flatten()[best])


def _answer(function, hue: float) -> tuple[float, float]:
    """The student's L and chroma, as floats."""
    answer = done(function(hue))
    try:
        lightness, chroma = (float(done(number)) for number in answer)
    except (TypeError, ValueError):
        raise Mistake("return two numbers, L and chroma") from None
    if not (math.isfinite(lightness) and math.isfinite(chroma)):
        raise Mistake("L and chroma must be numbers, and finite")
    return lightness, chroma


@exercise
def strongest(function):
    """`strongest(hue)`: L and chroma of the strongest color of this hue (in degrees) that a screen can show."""
    hues = (0, 40, 103, 136, 200, 306)
    answers = [_answer(function, hue) for hue in hues]
    best = [strongest_of(hue) for hue in hues]
    if all(abs(a[0] - b[1]) < 3 and abs(a[1] - b[0]) < 3 for a, b in zip(answers, best, strict=True)):
        raise Mistake("L and chroma are exchanged: return L first")
    if len({round(answer[0]) for answer in answers}) == 1:
        raise Mistake(f"you answer L = {answers[0][0]:.0f} for every hue: search through the lightnesses, too")
    radians = [strongest_of(math.degrees(hue)) for hue in hues]
    if all(abs(a[1] - r[1]) < 3 for a, r in zip(answers, radians, strict=True)):
        raise Mistake("hue is given in degrees; cos and sin want radians")
    for hue, (lightness, chroma), (top, most) in zip(hues, answers, best, strict=True):
        if abs(lightness - top) <= NEAR and abs(chroma - most) <= NEAR:
            continue
        where = f"hue {hue}: L = {lightness:.0f}, chroma = {chroma:.0f}"
        if not -0.5 <= lightness <= 100.5 or chroma < 0:
            raise Mistake(f"{where}: L lies in [0, 100] and chroma is not negative")
        near = torch.linspace(-1.5, 1.5, 13) + lightness
        if not _shown(near, torch.full_like(near, 0.985 * chroma - 1), hue).any():
            raise Mistake(f"{where} is a color that no screen shows: ask `inside`")
        if chroma < 0.97 * most - 1:
            raise Mistake(f"{where} can be shown, but a stronger color of this hue can be, too: chroma {most:.0f}")
    return "yellow is strongest when light, blue when dark: each hue has a lightness of its own"


# ---------------------------------------------------------------- exercise 3


def _photo(number: int) -> Tensor:
    """A bundled photo, `(1, 3, 64, 64)` in [0, 1]."""
    pixels = photos.square(photos.read_rgb(photos.bundled_photos()[number]), 64).copy()
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


def _alike(one: Tensor, other: Tensor) -> float:
    """The correlation of two channels: -1 to 1."""
    one, other = one.flatten() - one.mean(), other.flatten() - other.mean()
    return float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def _by_variance(rgb: Tensor, other: Tensor, mine: Tensor) -> bool:
    """Whether the answer is what comes out with the variance in place of the spread, once or twice."""
    (lightness, ab), goal = color.rgb_to_lab(rgb).split([1, 2], dim=1), color.rgb_to_lab(other)[:, 1:]
    even = ab - ab.mean(dim=(2, 3), keepdim=True)
    spreads = [x.std(dim=(2, 3), keepdim=True) for x in (ab, goal)]
    gaps = []
    for down, up in ((2, 2), (2, 1), (1, 2), (1, None)):  # the last: one color everywhere
        factor = 0 if up is None else spreads[1] ** up / spreads[0] ** down
        found = color.join_lightness(lightness, factor * even + goal.mean(dim=(2, 3), keepdim=True))
        gaps.append(float((found - mine).abs().mean()))
    return min(gaps[:3]) < min(0.01, gaps[3] / 2)


def _check_recolored(name: str, rgb: Tensor, other: Tensor, mine: Tensor) -> None:
    """One picture of exercise 3: its lightness, the mean and the spread of a and b, and their order."""
    low, high = float(mine.min()), float(mine.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise Mistake(f"your RGB lies in [{low:.2f}, {high:.2f}]; a screen shows [0, 1]: join brings it there")
    before, wanted, after = (color.rgb_to_lab(x.clamp(0, 1))[0] for x in (rgb, other, mine))
    moved = float((after[0] - before[0]).abs().max())
    if moved > 1.05:
        raise Mistake(f"the {name}: L moves by up to {moved:.1f}; change a and b alone, and let join put L back")
    if min(_alike(after[i], before[i]) for i in (1, 2)) < -0.5:
        raise Mistake(
            f"the {name}: the order is turned round: a pixel that had more a, or more b, than the rest now has less"
        )
    if _by_variance(rgb, other, mine):
        raise Mistake(f"the {name}: that is the variance; the spread is its square root, the standard deviation (std)")
    offs = [float((after[i].mean() - wanted[i].mean()).abs()) for i in (1, 2)]
    ratios = [float(after[i].std() / wanted[i].std()) for i in (1, 2)]
    close, spread = max(offs) < 4, all(0.75 < ratio < 1.33 for ratio in ratios)
    if close and not spread:
        found = " and ".join(f"{ratio:.2f}" for ratio in ratios)
        raise Mistake(f"the {name}: the mean is right; the spread of a and b is {found} times what is asked")
    if spread and not close:
        raise Mistake(f"the {name}: the spread is right; the mean of a or b is off by {max(offs):.1f}")
    if not close:
        raise Mistake(f"the {name}: neither the mean nor the spread of a and b is the other photo's")
    if min(_alike(after[i], before[i]) for i in (1, 2)) < 0.5:
        raise Mistake(
            f"the {name}: mean and spread are right, but the colors no longer follow the {name}'s own: "
            "a pixel that had more a, or more b, than the rest must still have more"
        )


@exercise
def recolor(function):
    """`recolor(rgb, other)`: rgb with its own L and order of colors, and the mean and the spread of other's a and b."""
    device, (cat, rocket, temple, flower) = choose_device("auto"), map(_photo, (1, 4, 5, 6))
    for name, rgb, other in (("temple", temple, flower), ("cat", cat, rocket), ("flower", flower, temple)):
        answer = function(rgb.clone().to(device), other.clone().to(device))
        _check_recolored(name, rgb, other, _tensor(answer, "your picture", (1, 3, 64, 64)))
    return "L is its own, mean and spread are the other photo's, and every color stays at its place"
