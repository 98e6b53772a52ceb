"""What one guess costs when several colors are possible: colors as swatches, and the cost of every guess as a curve.

Lesson 2 draws with it why L2 answers a mean and L1 a median. Colors are pairs of Lab's a and b, in Lab units.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from colorlib import color

GUESSES = np.linspace(-100, 100, 401)  # of one channel
COSTS = {"L2": np.square, "L1": np.abs}  # what an error costs, by the loss's name
BEST = {"L2": np.mean, "L1": np.median}
STYLES = {"L2": ("#4c72b0", "-"), "L1": ("#d95f02", "--")}


def paint(ab, lightness: float = 60.0) -> np.ndarray:
    """Colors `(N, 2)` as sRGB `(N, 3)` in [0, 1], all of one lightness, brought into the gamut."""
    pairs = torch.as_tensor(np.atleast_2d(np.asarray(ab, dtype=np.float32))).T[None, :, :, None]  # (1, 2, N, 1)
    flat = torch.full_like(pairs[:, :1], lightness)
    return color.join_lightness(flat, pairs)[0, :, :, 0].T.numpy()


def swatches(rows: dict, lightness: float = 60.0) -> Figure:
    """One labeled row of swatches for each entry: label -> colors `(N, 2)`, as wide together as the longest row."""
    longest = max(len(np.atleast_2d(colors)) for colors in rows.values())
    figure, axis = plt.subplots(figsize=(8.4, 0.62 * len(rows) + 0.1))
    for number, (label, colors) in enumerate(rows.items()):
        painted = paint(colors, lightness)
        width = longest / len(painted)
        for place, shade in enumerate(painted):
            edge = "white" if len(painted) <= 12 else shade
            corner = (place * width, -number - 0.9)
            axis.add_patch(Rectangle(corner, width, 0.85, facecolor=shade, edgecolor=edge, linewidth=1))
        axis.text(-0.015 * longest, -number - 0.47, label, ha="right", va="center", fontsize=10)
    axis.set(xlim=(-0.3 * longest, longest), ylim=(-len(rows), 0))
    axis.set_axis_off()
    figure.subplots_adjust(0, 0, 1, 1)
    plt.close(figure)
    return figure


def cost_curves(values, name: str = "a") -> Figure:
    """The mean cost of every guess for some values of one channel, under L2 and L1, each with its cheapest guess.

    values: `(N,)` in Lab units. name: the channel's.
    """
    values = np.asarray(values, dtype=float)
    figure, axes = plt.subplots(1, len(COSTS), figsize=(9, 2.9), layout="constrained")
    for axis, (loss, cost) in zip(axes, COSTS.items(), strict=True):
        shade, style = STYLES[loss]
        curve = cost(values - GUESSES[:, None]).mean(axis=1)
        best = BEST[loss](values)
        low = cost(values - best).mean()
        axis.plot(GUESSES, curve, color=shade, linestyle=style)
        axis.plot(values, np.full_like(values, curve.max() * 0.03), "|", color="black", markersize=16)
        axis.plot([best], [low], "o", color=shade, markersize=8)
        word = {"L2": "mean", "L1": "median"}[loss]
        text = f"cheapest: {best:.0f},\nthe {word}"
        axis.text(best, 0.78 * curve.max(), text, ha="center", va="center", fontsize=10)
        axis.axvline(best, 0, 0.66, color=shade, linewidth=0.8, alpha=0.6)
        axis.set(xlabel=f"guess for {name}", ylabel="mean cost", ylim=(0, None), title=loss)
    plt.close(figure)
    return figure
