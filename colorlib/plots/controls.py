"""The drawings of lesson 6: which pixels a control pulls, hues on their circle and turned, what the gamut allows, what
trainings print, how targets reach a network, and what it answers to them.
"""

import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import LogNorm, hsv_to_rgb
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor

from colorlib.color import join_lightness, lightness_of, rgb_to_hsv
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


def _strength(axis, pull: Tensor):
    """How strongly each pixel is pulled `(1, 2, H, W)`, as a multiple of the mean, on a logarithmic scale."""
    strength = pull.norm(dim=1)[0].cpu().numpy()
    axis.set_axis_off()
    return axis.imshow(strength.clip(1e-9) / strength.mean(), cmap="magma", norm=LogNorm(0.1, 10))


def arrows(photo: Tensor, ab: Tensor, pulls: dict, every: int = 13) -> Figure:
    """A photo, where the first pull is strong, and the direction of each pull as arrows in the plane of a and b.

    photo: sRGB `(1, 3, H, W)`. ab: its color `(1, 2, H, W)` in Lab units. pulls: label -> where each pixel is pulled,
    `(1, 2, H, W)`; all arrows have one length. every: of the pixels one of so many, in rows and columns, has an arrow.
    """
    figure, axes = plt.subplots(1, 2 + len(pulls), figsize=(9.6, 2.65), layout="constrained")
    plt.close(figure)
    axes[0].imshow(to_pixels(photo)[0])
    axes[0].set_axis_off()
    axes[0].set_title("the photo", fontsize=10)
    _strength(axes[1], next(iter(pulls.values())))
    axes[1].set_title("strength of the pull:\nthe brighter, the stronger", fontsize=10)
    a, b = (ab[0, n, ::every, ::every].flatten().cpu().numpy() for n in (0, 1))
    for axis, (label, pull) in zip(axes[2:], pulls.items(), strict=True):
        _plane(axis)
        x, y = (pull[0, n, ::every, ::every].flatten().cpu().numpy() for n in (0, 1))
        length = np.maximum(np.hypot(x, y), 1e-12) / 11
        axis.plot(a, b, ".", color=_INK, markersize=2.5)
        axis.quiver(a, b, x / length, y / length, angles="xy", scale_units="xy", scale=1, width=0.006, color=_INK)
        axis.set_title(label, fontsize=10)
    return figure


def strengths(pulls: dict) -> Figure:
    """Where pulls are strong, all on one scale: label -> where each pixel is pulled, `(1, 2, H, W)`."""
    figure, axes = plt.subplots(1, len(pulls), figsize=(2.6 * len(pulls) + 1, 2.7), layout="constrained")
    plt.close(figure)
    for axis, (label, pull) in zip(axes, pulls.items(), strict=True):
        shown = _strength(axis, pull)
        axis.set_title(label, fontsize=10)
    bar = figure.colorbar(shown, ax=axes, shrink=0.9, ticks=[0.1, 1, 10])
    bar.ax.set_yticklabels(["a tenth", "the mean", "10 times"], fontsize=9)
    return figure


def circle(photo: Tensor, means: dict) -> Figure:
    """A photo, sRGB `(1, 3, H, W)`, its hues as a histogram on a line and on the circle, and means of them.

    Each pixel counts as much as it has chroma. means: label -> hue, the first drawn in orange, the second in green.
    """
    hue, chroma = rgb_to_hsv(photo)[:, 0], photo.amax(dim=1) - photo.amin(dim=1)
    figure = plt.figure(figsize=(9.2, 3.0), layout="constrained")
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


def turn(photo: Tensor, steps: dict) -> Figure:
    """Colors of a photo as dots in the plane of a and b, before and after they are turned around gray, and their mean
    as an arrow; the arc is the angle between the first mean and the last.

    photo: sRGB `(1, 3, H, W)`, for its lightness. steps: label -> ab `(1, 2, H, W)` in Lab units.
    """
    figure, axes = plt.subplots(1, len(steps), figsize=(3.1 * len(steps), 2.8), layout="constrained")
    plt.close(figure)
    means = [ab.mean(dim=(0, 2, 3)).cpu().numpy() for ab in steps.values()]
    first, last = (math.atan2(mean[1], mean[0]) for mean in (means[0], means[-1]))
    way = np.linspace(first, first + (last - first + math.pi) % (2 * math.pi) - math.pi, 50)
    for axis, (label, ab), mean in zip(axes, steps.items(), means, strict=True):
        _plane(axis)
        dots = ab[0, :, ::5, ::5].flatten(1).cpu().numpy()
        pixels = to_pixels(join_lightness(lightness_of(photo), ab))[0][::5, ::5].reshape(-1, 3) / 255
        axis.scatter(*dots, c=pixels, s=9, linewidths=0)
        arrow = 50 * mean / max(np.hypot(*mean), 1e-9)
        axis.annotate("", arrow, (0, 0), arrowprops={"arrowstyle": "-|>", "color": "black", "lw": 2, "shrinkA": 0})
        axis.set_title(label, fontsize=10)
    axes[-1].plot(55 * np.cos(way), 55 * np.sin(way), color="black", lw=1.2, ls=":")
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


def terms(printed: dict, names: tuple[str, ...]) -> Figure:
    """What trainings print, step by step, a panel for each. printed: label -> `(steps, len(names))` numbers."""
    figure, axes = plt.subplots(1, len(printed), figsize=(9.6, 2.3), sharey=True, layout="constrained")
    plt.close(figure)
    for axis, (label, values) in zip(axes, printed.items(), strict=True):
        for name, line, shade in zip(names, zip(*values, strict=True), _SHADES, strict=False):
            axis.plot(range(1, len(line) + 1), line, color=shade, lw=2, label=name)
        axis.set(title=label, xlabel="step", ylim=(0, None))
        axis.grid(alpha=0.3)
    axes[0].legend(frameon=False, fontsize=9)
    return figure


def film(numbers: dict, widths: tuple[int, ...], size: int) -> Figure:
    """How targets reach the decoder of a U-Net: their numbers, the small network, and a scale and a shift for each
    level's channels; under the levels the skip connections.

    numbers: label -> what it is told, for one picture. widths: of the encoder levels. size: of the picture.
    """
    figure, axis = plt.subplots(figsize=(10.6, 4.3))
    plt.close(figure)
    axis.set(xlim=(0, 15.6), ylim=(-0.5, 5.83))
    axis.set_axis_off()

    def box(x, y, wide, high, text, color="#eef1f6", size=9):
        axis.add_patch(plt.Rectangle((x - wide / 2, y - high / 2), wide, high, fc=color, ec=_INK, lw=0.9, zorder=2))
        axis.text(x, y, text, ha="center", va="center", fontsize=size, zorder=3)

    def arrow(start, end, color=_INK):
        axis.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.2, "shrinkB": 0})

    for row, (label, value) in enumerate(numbers.items()):
        axis.text(1.9, 5.5 - 0.5 * row, label, ha="right", va="center", fontsize=9)
        box(2.5, 5.5 - 0.5 * row, 0.95, 0.43, f"{value:.2f}", "#fdf3ea")
    middle, ground = 5.5 - 0.25 * (len(numbers) - 1), 1.6
    box(5.3, middle, 2.2, 1.2, "small network:\nlinear, ReLU,\nlinear")
    arrow((3.0, middle), (4.17, middle))
    places = [2.3 + 1.45 * n for n in range(len(widths))]
    for n, (x, count) in enumerate(zip(places, widths, strict=True)):
        box(x, ground, 1.15, 0.9, f"{size >> n} x {size >> n}\n{count} maps", size=8)
        arrow((x - 0.9, ground), (x - 0.59, ground))
    box(0.75, ground, 1.2, 0.9, "gray\nphoto")
    for n, skip in enumerate(reversed(widths[:-1])):
        x, here = places[-1] + 2.0 + 1.9 * n, len(widths) - 2 - n
        box(x, ground, 1.3, 0.9, f"{size >> here} x {size >> here}\n{2 * skip} maps", "#e6f3ee", 8)
        arrow((x - 1.3, ground), (x - 0.67, ground))
        box(x, 2.95, 1.3, 0.75, f"{2 * skip} scales\n{2 * skip} shifts", "#fdf3ea", 8)
        arrow((x, 2.57), (x, ground + 0.45), _LINE)
        axis.plot([6.4, x, x], [middle, middle, 3.32], color=_LINE, lw=1.2, zorder=1)
        depth = 0.75 - 0.38 * n
        axis.plot([places[here], places[here], x], [ground - 0.45, depth, depth], color=_ROUND, lw=1.2)
        arrow((x, depth), (x, ground - 0.45), _ROUND)
    box(x + 1.6, ground, 1.0, 0.9, "a and b")
    arrow((x + 0.65, ground), (x + 1.08, ground))
    axis.text((places[0] + x) / 2, -0.32, "skip connections", color=_ROUND, ha="center", fontsize=9)
    figure.subplots_adjust(0, 0, 1, 1)
    return figure


def asked_strip(rows: dict, heads: list[str]) -> Figure:
    """Rows of small pictures under common heads: label -> batch `(len(heads), 3, H, W)`."""
    figure, axes = plt.subplots(
        len(rows), len(heads), figsize=(0.85 + 0.82 * len(heads), 0.35 + 0.82 * len(rows)), squeeze=False
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


def asked_and_obtained(panels: dict, pictures: Tensor) -> Figure:
    """Asked against obtained: a dot for each picture, the diagonal dashed; beside the farthest dot its picture.

    panels: control -> (asked, obtained), both `(targets, pictures)`; obtained may leave [0, 1] for an angle that is
    drawn where it is nearest to its target. pictures: `(pictures, 3, H, W)`.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(4.4 * len(panels), 3.1), layout="constrained")
    plt.close(figure)
    for axis, (name, (asked, obtained)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        asked, obtained = asked.cpu().numpy(), obtained.cpu().numpy()
        axis.plot(asked.flatten(), obtained.flatten(), ".", color="#4c72b0", alpha=0.3, markersize=5)
        axis.plot(asked[:, 0], np.nanmedian(obtained, axis=1), "o-", color=_LINE, label="median")
        ends = asked.min(), asked.max()
        axis.set_xlim(ends[0] - 0.05, ends[1] + 0.35 * (ends[1] - ends[0]))
        axis.plot(ends, ends, color="0.35", ls="--", lw=1.2, label="as asked")
        row, one = np.unravel_index(np.nanargmax(np.abs(obtained - asked)), asked.shape)
        picture = OffsetImage(to_pixels(pictures[one : one + 1])[0], zoom=1.6)
        dot = asked[row, one], obtained[row, one]
        frame = AnnotationBbox(picture, dot, (0.88, 0.2), boxcoords="axes fraction", arrowprops={"arrowstyle": "-"})
        axis.add_artist(frame)
        axis.set(xlabel=f"{name} asked for", ylabel=f"{name} obtained")
        axis.grid(alpha=0.3)
    np.atleast_1d(axes)[0].legend(frameon=False, fontsize=9)
    return figure
