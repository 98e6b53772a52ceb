"""The drawings of lesson 6: what a control's gradient does to a photo's colors, hues on their circle, what the gamut
allows, how targets reach a network, and what it answers to them.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure
from torch import Tensor

from colorlib.color import join_lightness
from colorlib.plots.figures import to_pixels

_INK, _LINE, _ROUND = "0.3", "#d95f02", "#1b9e77"
_REACH = 80  # Lab units: of the plane of a and b that is drawn
_SHADES = ("#d95f02", "#4c72b0", "#1b9e77", "#8172b3")


def _plane(axis, lightness: float = 65.0) -> None:
    """The colors of a and b at one lightness, pale, as the ground of a drawing."""
    ticks = torch.linspace(-_REACH, _REACH, 81)
    b, a = torch.meshgrid(ticks.flip(0), ticks, indexing="ij")
    picture = join_lightness(torch.full((1, 1, 81, 81), lightness), torch.stack([a, b])[None])
    axis.imshow(to_pixels(0.5 + 0.5 * picture)[0], extent=(-_REACH, _REACH, -_REACH, _REACH))
    axis.axhline(0, color="white", lw=0.8)
    axis.axvline(0, color="white", lw=0.8)
    axis.set(xlim=(-_REACH, _REACH), ylim=(-_REACH, _REACH), xlabel="a", ylabel="b")


def arrows(photo: Tensor, ab: Tensor, pulls: dict, every: int = 13) -> Figure:
    """A photo, where the first pull is strong, and the direction of each pull as arrows in the plane of a and b.

    photo: sRGB `(1, 3, H, W)`. ab: its color `(1, 2, H, W)` in Lab units. pulls: label -> where each pixel is pulled,
    `(1, 2, H, W)`; all arrows have one length. every: of the pixels one of so many, in rows and columns, has an arrow.
    """
    figure, axes = plt.subplots(1, 2 + len(pulls), figsize=(10.6, 3.0), layout="constrained")
    plt.close(figure)
    strength = next(iter(pulls.values())).norm(dim=1)[0].cpu().numpy()
    axes[0].imshow(to_pixels(photo)[0])
    axes[0].set_title("the photo", fontsize=10)
    least, most = np.quantile(strength[strength > 0], [0.02, 0.98])
    axes[1].imshow(np.log10(strength.clip(least, most)), cmap="magma")
    axes[1].set_title(f"strength of the pull: from black\nto white {most / least:.0f} times as strong", fontsize=10)
    for axis in axes[:2]:
        axis.set_axis_off()
    a, b = (ab[0, n, ::every, ::every].flatten().cpu().numpy() for n in (0, 1))
    for axis, (label, pull) in zip(axes[2:], pulls.items(), strict=True):
        _plane(axis)
        x, y = (pull[0, n, ::every, ::every].flatten().cpu().numpy() for n in (0, 1))
        length = np.maximum(np.hypot(x, y), 1e-12) / 11
        axis.plot(a, b, ".", color=_INK, markersize=2.5)
        axis.quiver(a, b, x / length, y / length, angles="xy", scale_units="xy", scale=1, width=0.006, color=_INK)
        axis.set_title(label, fontsize=10)
    return figure


def circle(photo: Tensor, hue: Tensor, chroma: Tensor, means: dict) -> Figure:
    """A photo, its hues as a histogram on a line and on the circle, and means of them.

    hue, chroma: `(1, H, W)` in [0, 1]; each pixel counts as much as it has chroma. means: label -> hue, the first drawn
    in orange, the second in green.
    """
    figure = plt.figure(figsize=(10.2, 3.3), layout="constrained")
    plt.close(figure)
    left, middle = figure.add_subplot(1, 3, 1), figure.add_subplot(1, 3, 2)
    right = figure.add_subplot(1, 3, 3, projection="polar")
    left.imshow(to_pixels(photo)[0])
    left.set_axis_off()
    edges = np.linspace(0, 1, 49)
    shares, _ = np.histogram(hue.cpu().flatten(), edges, weights=chroma.cpu().flatten(), density=True)
    centers = (edges[1:] + edges[:-1]) / 2
    shades = hsv_to_rgb(np.stack([centers, np.full(48, 0.85), np.full(48, 0.9)], axis=1))
    middle.bar(centers, shares, width=1 / 48, color=shades)
    right.bar(2 * math.pi * centers, np.sqrt(shares), width=2 * math.pi / 48, color=shades)
    top = np.sqrt(shares).max()
    for (label, value), shade in zip(means.items(), (_LINE, _ROUND), strict=False):
        middle.axvline(value, color=shade, lw=2, label=f"{label}: {value:.2f}")
        right.plot([2 * math.pi * value] * 2, [0, 1.05 * top], color=shade, lw=2)
    middle.set(xlabel="hue, from 0 (red) to 1 (red again)", yticks=[], xlim=(0, 1))
    middle.legend(frameon=False, fontsize=9, loc="upper center")
    right.set(xticks=2 * math.pi * np.arange(6) / 6, yticks=[])
    right.set_xticklabels(["0", "1/6", "1/3", "1/2", "2/3", "5/6"], fontsize=9)
    return figure


def plateaus(factors, curves: dict, target: float) -> Figure:
    """Saturation over the factor that multiplies the chroma, a curve for each photo; dashed: a target."""
    figure, axis = plt.subplots(figsize=(7.2, 2.9), layout="constrained")
    plt.close(figure)
    for (label, values), shade in zip(curves.items(), _SHADES, strict=False):
        axis.plot(factors, values, color=shade, lw=2, label=label)
    axis.axhline(target, color="0.35", ls="--", lw=1.2)
    axis.annotate(f"target {target:g}", (factors[0], target), xytext=(3, 3), textcoords="offset points", fontsize=9)
    axis.axvline(1, color="0.8", lw=1)
    axis.set(xscale="log", xlabel="factor on the chroma (1: as it was)", ylabel="mean saturation", ylim=(0, 1))
    axis.set_xticks([0.25, 0.5, 1, 2, 4, 8, 16, 32, 64], ["1/4", "1/2", "1", "2", "4", "8", "16", "32", "64"])
    axis.grid(alpha=0.3)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def film(numbers: dict, channels: list[int]) -> Figure:
    """How targets reach a decoder: their numbers, the small network, and a scale and a shift for each level's channels.

    numbers: label -> what it is told, for one picture. channels: of each decoder level.
    """
    figure, axis = plt.subplots(figsize=(10.2, 3.9))
    plt.close(figure)
    axis.set(xlim=(0, 14), ylim=(0, 5.4), aspect="equal")
    axis.set_axis_off()

    def box(x, y, wide, high, text, color="#eef1f6", size=9):
        axis.add_patch(plt.Rectangle((x - wide / 2, y - high / 2), wide, high, fc=color, ec=_INK, lw=0.9, zorder=2))
        axis.text(x, y, text, ha="center", va="center", fontsize=size, zorder=3)

    def arrow(start, end, color=_INK):
        axis.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.2, "shrinkB": 0})

    for row, (label, value) in enumerate(numbers.items()):
        y = 4.9 - 0.52 * row
        axis.text(2.25, y, label, ha="right", va="center", fontsize=9)
        box(2.8, y, 0.95, 0.44, f"{value:.2f}", "#fdf3ea")
    middle = 4.9 - 0.26 * (len(numbers) - 1)
    box(5.1, middle, 1.9, 1.3, "small network:\nlinear, ReLU,\nlinear")
    arrow((3.3, middle), (4.12, middle))
    box(2.0, 0.75, 1.5, 0.8, "gray photo")
    box(4.4, 0.75, 1.7, 0.8, "encoder")
    arrow((2.77, 0.75), (3.52, 0.75))
    before = 5.27
    for level, count in enumerate(channels):
        x = 7.1 + 2.0 * level
        box(x, 0.75, 1.35, 0.8, f"level {level + 1}\n{count} channels", "#e6f3ee", 8)
        arrow((before, 0.75), (x - 0.7, 0.75))
        before = x + 0.7
        box(x, 2.25, 1.35, 0.75, f"{count} scales\n{count} shifts", "#fdf3ea", 8)
        arrow((x, 1.86), (x, 1.17), _LINE)
        axis.plot([x, x], [middle, 2.65], color=_LINE, lw=1.2, zorder=1)
    axis.plot([6.07, 7.1 + 2.0 * (len(channels) - 1)], [middle, middle], color=_LINE, lw=1.2, zorder=1)
    box(before + 0.85, 0.75, 1.0, 0.8, "a and b")
    arrow((before, 0.75), (before + 0.33, 0.75))
    figure.subplots_adjust(0, 0, 1, 1)
    return figure


def asked_strip(rows: dict, heads: list[str]) -> Figure:
    """Rows of small pictures under common heads: label -> batch `(len(heads), 3, H, W)`."""
    figure, axes = plt.subplots(
        len(rows), len(heads), figsize=(0.85 + 0.92 * len(heads), 0.35 + 0.92 * len(rows)), squeeze=False
    )
    plt.close(figure)
    figure.subplots_adjust(0.85 / figure.get_figwidth(), 0, 1, 1 - 0.3 / figure.get_figheight(), 0.03, 0.03)
    for row, (label, batch) in zip(axes, rows.items(), strict=True):
        row[0].text(-0.08, 0.5, label, transform=row[0].transAxes, ha="right", va="center", fontsize=10)
        for axis, image in zip(row, to_pixels(batch), strict=True):
            axis.imshow(image, interpolation="nearest")
            axis.set_axis_off()
    for axis, head in zip(axes[0], heads, strict=True):
        axis.set_title(head, fontsize=9)
    return figure


def asked_and_obtained(panels: dict) -> Figure:
    """Asked against obtained: a dot for each picture, the diagonal dashed. panels: control -> (asked, obtained), both
    `(targets, pictures)`; obtained may leave [0, 1] for an angle that is drawn where it is nearest to its target.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.3 * len(panels), 3.4), layout="constrained")
    plt.close(figure)
    for axis, (name, (asked, obtained)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        asked, obtained = asked.cpu().numpy(), obtained.cpu().numpy()
        axis.plot(asked.flatten(), obtained.flatten(), ".", color="#4c72b0", alpha=0.3, markersize=5)
        axis.plot(asked[:, 0], np.nanmedian(obtained, axis=1), "o-", color=_LINE, label="median")
        ends = asked.min(), asked.max()
        axis.plot(ends, ends, color="0.35", ls="--", lw=1.2, label="as asked")
        axis.set(xlabel=f"{name} asked for", ylabel=f"{name} obtained")
        axis.grid(alpha=0.3)
    np.atleast_1d(axes)[0].legend(frameon=False, fontsize=9)
    return figure
