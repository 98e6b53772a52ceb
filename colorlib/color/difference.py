"""CIEDE2000: how different two colors look, on batches, on any device.

A difference of 1 is about what an eye just notices side by side; black and white are 100 apart. The plain distance in
Lab overrates differences between strong colors; this formula weighs lightness, chroma and hue by where they lie.

Origin: Sharma, Wu and Dalal 2005, "The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test
Data, and Mathematical Observations". The equation numbers below are that paper's.
"""

from math import pi, radians

import torch
from torch import Tensor

# For a percentile without keeping all, differences are counted in steps of 1/100.
DELTA_E_STEPS, DELTA_E_MAX = 100, 200
DELTA_E_COUNTS = DELTA_E_MAX * DELTA_E_STEPS + 1

TIE = 1e-6  # radians; how far rounding in single precision may push two opposite hues over half a turn


def _chroma_weight(chroma: Tensor) -> Tensor:
    """sqrt(C^7 / (C^7 + 25^7)) in [0, 1]: near 0 for grayish colors, near 1 for strong ones."""
    chroma = chroma.clamp_min(1e-3)  # processors are slow with numbers as small as this one's seventh power
    cube = chroma * chroma * chroma  # products, since torch's power takes several times as long
    seventh = cube * cube * chroma
    return (seventh / (seventh + 25.0**7)).sqrt()


def ciede2000(lab: Tensor, other: Tensor) -> Tensor:
    """The difference of every pair of pixels: Lab `(B, 3, H, W)` twice to `(B, H, W)`, from 0 to about 120.

    L in [0, 100], a and b in about [-110, 110]. Computed in single precision, which Apple's GPUs can do, to about
    1e-3. The two arguments may be swapped. It is made for measuring: at equal colors its gradient is not a number.
    """
    if lab.shape != other.shape or lab.ndim != 4 or lab.shape[1] != 3:
        raise ValueError(f"two (B, 3, H, W) tensors are compared, got {tuple(lab.shape)} and {tuple(other.shape)}")
    lightness1, a1, b1 = lab.float().unbind(dim=1)
    lightness2, a2, b2 = other.float().unbind(dim=1)

    # Chroma and hue, with a stretched where colors are grayish: equations 2 to 7. A gray has chroma 0 and any hue.
    mean_chroma = ((a1**2 + b1**2).sqrt() + (a2**2 + b2**2).sqrt()) / 2
    stretch = 1.5 - 0.5 * _chroma_weight(mean_chroma)
    a1, a2 = a1 * stretch, a2 * stretch
    chroma1, chroma2 = (a1**2 + b1**2).sqrt(), (a2**2 + b2**2).sqrt()
    hue1, hue2 = (torch.atan2(b, a).remainder(2 * pi) for a, b in ((a1, b1), (a2, b2)))  # in [0, 2 pi)

    # Differences, the hue's as the length of a chord: equations 8 to 11. Where one color is gray, the chord is 0.
    # A turn of more than half the circle is taken the other way round; that changes the chord's sign alone.
    turn = hue2 - hue1
    far = turn.abs() > pi + TIE
    chord = 2 * (chroma1 * chroma2).sqrt() * (turn / 2).sin() * torch.where(far, -1.0, 1.0)

    # Means: equations 12 to 14. The mean of two hues lies on the shorter arc between them.
    mean_lightness = (lightness1 + lightness2) / 2
    mean_chroma = (chroma1 + chroma2) / 2
    mean_hue = ((hue1 + hue2) / 2 + pi * far).remainder(2 * pi)

    # Weights: equations 15 to 21.
    hue_weight = (
        1
        - 0.17 * (mean_hue - radians(30)).cos()
        + 0.24 * (2 * mean_hue).cos()
        + 0.32 * (3 * mean_hue + radians(6)).cos()
        - 0.20 * (4 * mean_hue - radians(63)).cos()
    )
    from_middle = (mean_lightness - 50) ** 2
    lightness_term = (lightness2 - lightness1) / (1 + 0.015 * from_middle / (20 + from_middle).sqrt())
    chroma_term = (chroma2 - chroma1) / (1 + 0.045 * mean_chroma)
    hue_term = chord / (1 + 0.015 * mean_chroma * hue_weight)
    from_blue = ((mean_hue - radians(275)) / radians(25)) ** 2
    rotation = radians(60) * (-from_blue.clamp_max(50)).exp()  # beyond 50 it is 0, and processors are slow to say so
    cross = -2 * _chroma_weight(mean_chroma) * rotation.sin() * chroma_term * hue_term

    # Equation 22. The rotation is at most 60 degrees, so `cross` can't make the sum negative.
    return (lightness_term**2 + chroma_term**2 + hue_term**2 + cross).sqrt()


def delta_e_histogram(delta_e: Tensor) -> Tensor:
    """How CIEDE2000 `(B, H, W)` is distributed over each picture: `(B, DELTA_E_COUNTS)`, fractions."""
    steps = (delta_e.nan_to_num(DELTA_E_MAX).clamp_max(DELTA_E_MAX) * DELTA_E_STEPS).round().long().flatten(1)
    counts = torch.zeros(len(steps), DELTA_E_COUNTS, device=steps.device)
    return counts.scatter_add_(1, steps, torch.ones_like(steps, dtype=counts.dtype)) / steps.shape[1]


def percentile(histogram: Tensor, percent: float) -> float:
    """The CIEDE2000 that so many percent of the pixels don't exceed."""
    reached = histogram.cumsum(dim=0)
    return int((reached < percent / 100 * reached[-1]).sum()) / DELTA_E_STEPS
