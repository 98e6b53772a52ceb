"""Diagrams of the U-Net for lesson 2: the whole network with its sizes, what a transposed convolution does, how far
an encoder sees.

Each is drawn from what it shows: from a network's widths, a kernel's size, a photo. Sizes are in pixels, photos are PIL
images or arrays `(H, W, 3)`.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from colorlib import photos

INK, DOWN, UP, SKIP, OUT = "0.25", "#4c72b0", "#8172b3", "#2a9d5c", "#d95f02"
SHADES = ("#e76f51", "#2a9d8f", "#e9c46a", "#7b6fb0")  # of the input values of a transposed convolution


def _blank(width: float, height: float, inches: float) -> tuple[Figure, plt.Axes]:
    """A figure without axes whose units are as long in x as in y; `inches` wide."""
    figure = plt.figure(figsize=(inches, inches * height / width))
    axis = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    axis.set_axis_off()
    plt.close(figure)
    return figure, axis


def _arrow(axis, start, end, color=INK, width=1.6, **style) -> None:
    line = {"arrowstyle": "-|>", "color": color, "linewidth": width, "shrinkA": 0, "shrinkB": 0} | style
    axis.annotate("", end, start, arrowprops=line)


def unet(widths=(32, 64, 128, 256), side: int = 32, photo=None) -> Figure:
    """The U-Net as a drawing: its maps with channels and sizes, its operations by color, its skip connections.

    widths: channels of the encoder's levels; the first keeps the picture's size, each further one halves it. side: of
    the picture, in pixels. photo: what enters in gray and leaves in pale color (default: a bundled one).
    """
    photo = photos.square(photos.read_rgb(photos.bundled_photos()[1]), 96) if photo is None else np.asarray(photo)
    deepest = len(widths) - 1
    tall = [1.75 * 0.72**level for level in range(len(widths))]  # of a box: smaller maps are lower
    wide = [0.12 + 0.11 * np.log2(channels / 8) for channels in widths]  # more channels are wider
    depth = [5.1 - 1.33 * level + 0.1 * level**2 for level in range(len(widths))]  # the middle of a level
    figure, axis = _blank(14, 6.6, 10.4)

    def picture(x, image, label, **how):
        axis.imshow(image, extent=(x - 0.7, x + 0.7, depth[0] - 0.7, depth[0] + 0.7), aspect="auto", **how)
        axis.text(x, depth[0] - 0.85, label, ha="center", va="top", fontsize=10)

    def box(x, level, *shades):
        height, width = tall[level], wide[level]
        for number, shade in enumerate(shades):
            corner = (x - width * len(shades) / 2 + number * width, depth[level] - height / 2)
            axis.add_patch(Rectangle(corner, width, height, facecolor=shade, edgecolor="white"))
        size, channels = side // 2**level, widths[level] * len(shades)
        label = f"{channels} channels\n{size} x {size}"
        axis.text(x, depth[level] - height / 2 - 0.06, label, ha="center", va="top", fontsize=9, color=INK)

    left = [2.35 + 1.5 * level for level in range(deepest)] + [7.0]
    right = [14 - x for x in left]
    for level in range(deepest):
        box(left[level], level, DOWN)
        box(right[level], level, UP, SKIP)  # the order of torch.cat: from below first, then the skip
        start = left[level] + wide[level] / 2
        top, half = depth[level] + tall[level] / 2, wide[level] / 2
        out = left[level] + half - 0.04
        axis.plot([out, out, right[level] + half], [top, top + 0.2, top + 0.2], color=SKIP, linewidth=2)
        _arrow(axis, (right[level] + half, top + 0.21), (right[level] + half, top + 0.01), SKIP, 2)
        next_top = depth[level + 1] + tall[level + 1] / 2
        bend = {"connectionstyle": "angle,angleA=0,angleB=90,rad=4"}
        low = depth[level] - 0.18
        _arrow(axis, (start + 0.05, low), (left[level + 1], next_top + 0.05), DOWN, 2, **bend)
        below = right[level + 1] + wide[level + 1] / (2 if level + 1 == deepest else 1)  # the lower box's right side
        turn = [below, below + 0.17, below + 0.17]
        axis.plot(turn, [depth[level + 1], depth[level + 1], low], color=UP, linewidth=2)
        _arrow(axis, (below + 0.16, low), (right[level] - wide[level], low), UP, 2)
    box(7.0, deepest, DOWN)
    above = depth[0] + tall[0] / 2 + 0.26
    axis.text(7.0, above, "skip connections", ha="center", va="bottom", fontsize=10, color=SKIP)
    axis.text(left[0], above, "encoder", ha="center", va="bottom", fontsize=11, weight="bold", color=DOWN)
    axis.text(right[0], above, "decoder", ha="center", va="bottom", fontsize=11, weight="bold", color=UP)
    gray = photo.mean(axis=2)
    picture(0.9, gray, f"gray\n1 channel\n{side} x {side}", cmap="gray", vmin=0, vmax=255)
    pale = (gray[..., None] + 0.4 * (photo - gray[..., None])).clip(0, 255).astype(np.uint8)
    picture(13.1, pale, f"color a, b\n2 channels\n{side} x {side}")
    _arrow(axis, (1.65, depth[0]), (left[0] - wide[0] / 2 - 0.05, depth[0]), DOWN, 2)
    _arrow(axis, (right[0] + wide[0] + 0.05, depth[0]), (12.35, depth[0]), OUT, 2)

    axis.set_xlim(0, 14)
    axis.set_ylim(0, 6.6)
    words = {
        "Down: convolution 4 x 4, stride 2 (first: 3 x 3, stride 1), batch norm, LeakyReLU": DOWN,
        "Up: transposed convolution 4 x 4, stride 2; skip behind it; batch norm, ReLU": UP,
        "skip: the encoder's map, copied": SKIP,
        "convolution 1 x 1, tanh": OUT,
    }
    for place, (text, color) in zip(((0.3, 0.72), (0.3, 0.3), (8.9, 0.72), (8.9, 0.3)), words.items(), strict=True):
        _arrow(axis, place, (place[0] + 0.55, place[1]), color, 2)
        axis.text(place[0] + 0.7, place[1], text, va="center", fontsize=9)
    return figure


def transposed(kernels=(4, 3), inputs: int = 4) -> Figure:
    """What a transposed convolution of stride 2 does, in one dimension: each value stamps a kernel, stamps add up.

    kernels: their sizes, a panel for each; under every output stands how many stamps it got.
    """
    figure, axes = plt.subplots(1, len(kernels), figsize=(10.2, 3.4), squeeze=False)
    for axis, kernel in zip(axes[0], kernels, strict=True):
        outputs = 2 * (inputs - 1) + kernel
        stamps = np.zeros(outputs, int)
        for number, shade in zip(range(inputs), SHADES, strict=False):
            middle = 2 * number + kernel / 2
            axis.add_patch(Rectangle((middle - 0.5, 6.2), 1, 0.9, facecolor=shade, edgecolor="white"))
            axis.text(middle, 6.65, f"$x_{number + 1}$", ha="center", va="center", fontsize=12)
            y = 4.7 - 0.75 * number
            for place in range(kernel):
                axis.add_patch(Rectangle((2 * number + place, y), 1, 0.65, facecolor=shade, edgecolor="white"))
                text = f"$x_{number + 1}w_{place + 1}$"
                axis.text(2 * number + place + 0.5, y + 0.32, text, ha="center", va="center", fontsize=9)
                stamps[2 * number + place] += 1
            axis.plot([middle, middle], [6.15, y + 0.72], color="0.75", linewidth=0.8, zorder=0)
        low = 4.7 - 0.75 * inputs
        for place, count in enumerate(stamps):
            shade = str(0.98 - 0.3 * (count - 1))
            axis.add_patch(Rectangle((place, low - 0.45), 1, 0.9, facecolor=shade, edgecolor="0.5"))
            axis.text(place + 0.5, low, count, ha="center", va="center", fontsize=11)
        axis.text(-0.2, 6.65, "input", ha="right", va="center", fontsize=10)
        axis.text(-0.2, 5.0 - 0.375 * (inputs - 1), "stamps", ha="right", va="center", fontsize=10)
        axis.text(-0.2, low, "output:\nhow many\nstamps", ha="right", va="center", fontsize=10)
        even = "evenly covered" if len(set(stamps[2:-2])) == 1 else "covered twice, once, twice, ..."
        axis.set(xlim=(-2.3, outputs + 0.1), ylim=(low - 0.6, 7.4), title=f"kernel {kernel}, stride 2: {even}")
        axis.set_axis_off()
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.9, wspace=0.04)
    plt.close(figure)
    return figure


def windows(photo, center: tuple[int, int], sides=(3, 6, 12, 24, 40)) -> Figure:
    """One pixel of a gray photo in wider and wider windows, all drawn at one size: what one must see to name its color.

    center: row and column of the pixel, which is marked. sides: of the windows, in pixels. Raises `ValueError` for a
    window that doesn't fit.
    """
    image = np.asarray(photos.as_image(photo).convert("L"))
    figure, axes = plt.subplots(1, len(sides), figsize=(2.05 * len(sides), 2.3), squeeze=False)
    plt.close(figure)
    for axis, side in zip(axes[0], sides, strict=True):
        (row, column), reach = center, side // 2
        window = image[max(row - reach, 0) : row - reach + side, max(column - reach, 0) : column - reach + side]
        if window.shape[:2] != (side, side):
            raise ValueError(f"a window of {side} pixels doesn't fit around {center}")
        axis.imshow(window, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.add_patch(Rectangle((reach - 0.5, reach - 0.5), 1, 1, fill=False, edgecolor=OUT, linewidth=2))
        axis.set(xticks=[], yticks=[])
        axis.set_title(f"{side} x {side} pixels", fontsize=10)
    figure.subplots_adjust(0.005, 0.01, 0.995, 0.9, wspace=0.03)
    return figure
