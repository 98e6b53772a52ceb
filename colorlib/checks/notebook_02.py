"""The checkers of notebook 02: the receptive field, the two PSNRs, livelier colors and their price."""

import math

import torch
from torch import Tensor

from colorlib import color, photos
from colorlib.checks import Mistake, done, exercise
from colorlib.metrics import colorfulness


def _number(value, name: str) -> float:
    """The value as a finite number; a tensor with a single element is one."""
    done(value)
    if isinstance(value, Tensor) and value.numel() != 1:
        raise Mistake(f"{name} must be one number, got a tensor of the shape {tuple(value.shape)}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Mistake(f"{name} must be a number, got {type(value).__name__}") from None
    if not math.isfinite(number):
        raise Mistake(f"{name} is {number}; expected a finite number")
    return number


def _near(mine: float, expected: float, tolerance: float = 0.01) -> bool:
    return abs(mine - expected) <= tolerance


# ---------------------------------------------------------------- exercise 1


def _field(levels: int, kernel: int = 4, stem: int = 3, reach: int = 1, jump_first: bool = False) -> int:
    """The receptive field of the encoder's last level; the defaults are right, other values make mistakes."""
    field, jump = 1, 1
    for level in range(levels):
        jump_here = jump * 2 if jump_first and level else jump
        field += ((kernel if level else stem) - reach) * jump_here
        jump *= 2 if level else 1
    return field


@exercise
def receptive_field(function):
    """`receptive_field(levels)`: the side, in pixels, of what one value of the encoder's last level sees."""
    levels = range(1, 7)
    mine = [_number(function(n), f"receptive_field({n})") for n in levels]
    if mine == [_field(n) for n in levels]:
        return "3, 6, 12, 24, 48: four levels see 24 of the 32 pixels, five see more than the whole picture"
    if mine == [_field(n, stem=4) for n in levels]:
        raise Mistake("you gave the first level a 4x4 kernel; the level with stride 1 has a 3x3 kernel")
    if mine == [3 + 3 * (n - 1) for n in levels]:
        raise Mistake("you add 3 at each level: a step of a deeper map is 2, 4, 8 ... pixels of the picture wide")
    if mine == [_field(n, reach=0) for n in levels] or mine == [_field(n, reach=0) - 1 for n in levels]:
        raise Mistake("you add the whole kernel; a kernel of k reaches only k - 1 steps farther than one value")
    if mine == [_field(n, jump_first=True) for n in levels]:
        raise Mistake("you doubled the step before using it: a kernel moves on the map that it reads, not on its own")
    if mine == [n**2 for n in map(_field, levels)]:
        raise Mistake("you give an area; expected the side of the square")
    if mine == [2 ** (n - 1) for n in levels]:
        raise Mistake("that is the step from one value to the next, in pixels; the kernels overlap and see more")
    wrong = next(n for n in levels if mine[n - 1] != _field(n))
    raise Mistake(f"receptive_field({wrong}) is {mine[wrong - 1]:g}; expected {_field(wrong)}")


# ---------------------------------------------------------------- exercise 2


@exercise
def two_psnrs(function):
    """`two_psnrs(rgb, true_rgb)`: the mean of the pictures' PSNRs, and the PSNR of their mean squared error."""
    true_rgb = torch.full((3, 3, 8, 8), 0.5)
    error = torch.tensor([0.001, 0.05, 0.2]).view(3, 1, 1, 1)
    error = error * torch.tensor([1.0, -0.5]).repeat(4).view(1, 1, 1, 8)
    squared = error.square().mean(dim=(1, 2, 3))
    mean, pooled = float((-10 * squared.log10()).mean()), float(-10 * squared.mean().log10())
    answer = done(function(true_rgb + error, true_rgb))
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Mistake("two_psnrs must return two numbers: the mean over the pictures, and the pooled one")
    if isinstance(answer[0], Tensor) and answer[0].numel() == 3:
        raise Mistake("your first answer is one PSNR for each picture; expected their mean")
    mine = [_number(value, name) for value, name in zip(answer, ("the mean PSNR", "the pooled PSNR"), strict=True)]

    def are(first, second):
        return _near(mine[0], first) and _near(mine[1], second)

    full = 20 * math.log10(255)
    if are(mean, pooled):
        return f"{mean:.1f} dB and {pooled:.1f} dB for the same pictures: one easy picture lifts the mean"
    if are(pooled, mean):
        raise Mistake("your two answers have changed places: first the mean over the pictures, then the pooled one")
    if are(pooled, pooled):
        raise Mistake("both of your answers are pooled: for the first, take each picture's logarithm, then the mean")
    if are(mean, mean):
        raise Mistake("both of your answers are means of PSNRs: for the second, take the mean squared error first")
    if are(-mean, -pooled):
        raise Mistake("your sign is wrong: PSNR is the peak over the error, not the error over the peak")
    if are(mean * math.log(10), pooled * math.log(10)):
        raise Mistake("you took the natural logarithm; decibels are 10 times the logarithm to base 10")
    if are(2 * mean, 2 * pooled):
        raise Mistake("20 log10 is for amplitudes; the squared error takes 10 log10")
    if are(mean + full, pooled + full):
        raise Mistake("48 dB too many: your peak is 255, but your errors are on the scale of [0, 1]")
    if are(mean - full, pooled - full):
        raise Mistake("48 dB too few: your errors are on the scale of 0 to 255, but your peak is 1")
    raise Mistake(f"you give {mine[0]:.2f} and {mine[1]:.2f} dB; expected {mean:.2f} and {pooled:.2f}")


# ---------------------------------------------------------------- exercise 3


def _pale_guess() -> tuple[Tensor, Tensor, Tensor]:
    """True pictures, their lightness, and the ab of a model that is too pale and not quite right."""
    tiles = [photos.square(photos.read_rgb(photos.bundled_photos()[i]), 32).copy() for i in (0, 1, 6)]
    true_rgb = torch.stack([torch.from_numpy(tile).permute(2, 0, 1) for tile in tiles]) / 255
    lab = color.rgb_to_lab(true_rgb)
    coarse = torch.nn.functional.avg_pool2d(lab[:, 1:], 8).repeat_interleave(8, 2).repeat_interleave(8, 3)
    return true_rgb, lab[:, :1], 0.4 * coarse.roll(1, dims=0) + 0.2 * coarse


@exercise
def livelier(livelier, price):
    """More color for a pale model's pictures at the same lightness, and an honest account of the MAE it costs."""
    true_rgb, lightness, ab = _pale_guess()
    before = color.join_lightness(lightness, ab)
    after = done(livelier(lightness.clone(), ab.clone()))
    if not isinstance(after, Tensor) or after.shape != before.shape:
        got = tuple(after.shape) if isinstance(after, Tensor) else type(after).__name__
        raise Mistake(f"livelier must return sRGB of the shape {tuple(before.shape)}, got {got}")
    after = after.detach().float()
    if not after.isfinite().all():
        raise Mistake("livelier returns values that are not finite (NaN or infinite)")
    low, high = float(after.min()), float(after.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise Mistake(f"livelier's pictures lie in [{low:.2f}, {high:.2f}]; expected sRGB in [0, 1]: did you join L?")
    moved = float((color.rgb_to_lab(after.clamp(0, 1))[:, :1] - lightness).abs().max())
    if moved > 1:
        raise Mistake(f"the lightness L moves by up to {moved:.0f}; expected less than 1: use color.join_lightness")
    rise = float(colorfulness(after).mean() / colorfulness(before).mean())
    if rise < 1.1:
        raise Mistake(f"the colorfulness is {rise:.2f} times the old one; expected at least 1.1 times")

    def mae(rgb, other):
        return float((rgb - other).abs().mean()) * 255

    mine = _number(price(lightness.clone(), ab.clone(), true_rgb.clone()), "your price")
    cost = mae(after, true_rgb) - mae(before, true_rgb)
    close = max(0.02 * abs(cost), 0.01)
    if _near(mine, cost, close):
        return f"colorfulness times {rise:.2f}, lightness kept, and the price is honest: MAE {cost:+.2f} of 255"
    if _near(mine, -cost, close):
        raise Mistake("your price has the wrong sign: it is the new MAE minus the old one")
    if _near(mine, cost / 255, close / 255) or _near(mine, cost / 2.55, close / 2.55):
        raise Mistake("your price is on another scale; expected units of 0 to 255")
    if _near(mine, mae(after, before), 0.01):
        raise Mistake("you compared the new pictures with the old ones; both must be compared with the true ones")
    if _near(mine, mae(after, true_rgb), 0.01):
        raise Mistake("that is the new MAE itself; the price is by how much it exceeds the old one")
    raise Mistake(
        f"your price is {mine:.2f}, but MAE goes from {mae(before, true_rgb):.2f} to {mae(after, true_rgb):.2f}"
    )
