"""The plane of a and b as a grid of bins, for a network that classifies color rather than regressing it.

Zhang, Isola and Efros ("Colorful Image Colorization", 2016) ask for a probability of each bin, ten units wide: where a
T-shirt may be red or blue, an average would be gray, while two probabilities say both. `encode` turns true colors
into such probabilities, `annealed_mean` turns probabilities into a color.

Their soft code spreads a color over its five nearest bins by a Gaussian. Ours spreads it over the four corners of its
cell, by the rule of bilinear interpolation: cheaper, and the mean of the code is the color itself.
"""

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

STEP = 10.0  # units of a and b between two bins
SIDE = 23  # bins along a and along b, from -110 to 110
PRIOR_FILE = Path(__file__).parent / "ab_prior.txt"


@lru_cache
def bins() -> tuple[Tensor, Tensor, Tensor]:
    """The bins, in order: their ab `(Q, 2)`; the nearest of each point of the grid `(SIDE * SIDE,)`; the prior `(Q,)`.

    Bins are the corners of all cells that hold a color of sRGB, Q = 307; the mean of several may lie beyond them.
    The prior says how often each occurs in photographs: fractions with the sum 1, kept in ab_prior.txt, which
    `tools/ab_prior.py` has counted on Tiny ImageNet.
    """
    lines = [line.split() for line in PRIOR_FILE.read_text().splitlines() if not line.startswith("#")]
    with torch.device("cpu"):  # and not on `meta`, where a network may be under construction: this is kept
        ab = torch.tensor([[float(a), float(b)] for a, b, _ in lines])
        prior = torch.tensor([float(fraction) for _, _, fraction in lines], dtype=torch.float64)
        steps = (torch.arange(SIDE) - SIDE // 2) * STEP
        number = torch.cdist(torch.cartesian_prod(steps, steps), ab).argmin(dim=1)
        return ab, number, (prior / prior.sum()).float()


def bin_count() -> int:
    """Q, how many bins there are."""
    return len(bins()[0])


def encode(ab: Tensor) -> tuple[Tensor, Tensor]:
    """Colors of the gamut, ab `(B, 2, H, W)`, as a soft code: the numbers of four bins `(B, 4, H, W)`, and how much of
    each, `(B, 4, H, W)`, which add up to 1. The mean of the bins, so weighted, is the color.
    """
    _, number, _ = bins()
    place = (ab / STEP + SIDE // 2).clamp(0, SIDE - 1 - 1e-4)
    low = place.floor()
    (at_a, at_b), (up_a, up_b) = low.long().unbind(1), (place - low).unbind(1)
    corner = at_a * SIDE + at_b
    corners = torch.stack([corner, corner + 1, corner + SIDE, corner + SIDE + 1], dim=1)
    amounts = [(1 - up_a) * (1 - up_b), (1 - up_a) * up_b, up_a * (1 - up_b), up_a * up_b]
    return number.to(ab.device)[corners], torch.stack(amounts, dim=1)


def annealed_mean(logits: Tensor, temperature: float) -> Tensor:
    """Logits `(B, Q, H, W)` to one color each, ab `(B, 2, H, W)`: the mean over the bins after sharpening.

    temperature: 1 is the plain mean, which is pale where the network hesitates; toward 0 the likeliest bin alone
    counts, which is colorful and spotty. Zhang et al. take 0.38.
    """
    ab = bins()[0].to(logits.device, logits.dtype)
    return torch.einsum("bqhw,qc->bchw", (logits / temperature).softmax(dim=1), ab)


def class_weights(rebalance: float, uniform: float = 0.5) -> Tensor:
    """How much a pixel of each bin counts, `(Q,)`: rare colors more, and the mean over photographs is 1.

    The prior, mixed with a uniform one so that no weight grows without bound, to the power of minus `rebalance`: 0
    counts all pixels alike, 1 is Zhang et al.'s. Photographs are mostly near gray, and so is what is learned from
    pixels that all count alike.
    """
    prior = bins()[2]
    weights = ((1 - uniform) * prior + uniform / len(prior)) ** -rebalance
    return weights / (prior * weights).sum()
