"""The pictures of lesson 4: what a network answers that has seen photographs, its filters and maps, two U-Nets on it
with their sizes, how pixel shuffle enlarges, and how fastai finds and changes the learning rate.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from colorlib.plots.networks import SHADES

INK, ENCODER, DECODER, SKIP, OUT = "0.25", "#4c72b0", "#8172b3", "#2a9d5c", "#d95f02"


def as_gray(picture: Tensor) -> np.ndarray:
    """Gray `(1, 1, H, W)` or `(1, H, W)` in [-1, 1] as `(H, W)`, on the processor."""
    return picture.detach().cpu().reshape(picture.shape[-2:]).numpy()


def answers(gray: Tensor, classes: Tensor, shares: Tensor, names: list[str], columns: int = 4) -> Figure:
    """Gray pictures, and under each the likeliest classes as bars.

    gray: `(N, 1, H, W)` in [-1, 1]. classes, shares: `(N, k)`, numbers of classes and their probabilities. names: of
    all classes.
    """
    lines = -(-len(gray) // columns)
    figure = plt.figure(figsize=(2.1 * columns, 3.1 * lines))
    places = figure.add_gridspec(2 * lines, columns, height_ratios=[2.5, 1.0] * lines, hspace=0.06, wspace=0.06)
    for number, picture in enumerate(gray):
        row, column = divmod(number, columns)
        top = figure.add_subplot(places[2 * row, column])
        top.imshow(as_gray(picture), cmap="gray", vmin=-1, vmax=1)
        top.set_axis_off()
        axis = figure.add_subplot(places[2 * row + 1, column])
        for place, (one, share) in enumerate(zip(classes[number].tolist(), shares[number].tolist(), strict=True)):
            axis.barh(-place, share, height=0.82, color="#b9c9e3")
            name = names[one] if len(names[one]) < 25 else f"{names[one][:23]}…"
            axis.text(0.015, -place, f"{name}, {share:.0%}", va="center", fontsize=9)
        axis.set(xlim=(0, 1), ylim=(0.2 - classes.shape[1], 0.55))
        axis.set_axis_off()
    figure.subplots_adjust(0.01, 0.0, 0.99, 0.995)
    plt.close(figure)
    return figure


def filters(kernels: dict, across: int = 16) -> Figure:
    """The kernels of a first layer, each from its own darkest to its own brightest value, 0 a middle gray.

    kernels: title -> `(N, 1, h, w)`.
    """
    figure, axes = plt.subplots(len(kernels), 1, figsize=(9.6, 2.75 * len(kernels)), squeeze=False)
    for axis, (title, kernel) in zip(axes[:, 0], kernels.items(), strict=True):
        tiles = kernel.detach().cpu()[:, 0].numpy()
        side, down = tiles.shape[-1] + 1, -(-len(tiles) // across)
        sheet = np.full((down * side + 1, across * side + 1), np.nan)
        for number, tile in enumerate(tiles):
            row, column = divmod(number, across)
            place = np.s_[row * side + 1 : (row + 1) * side, column * side + 1 : (column + 1) * side]
            sheet[place] = tile / max(abs(tile).max(), 1e-9)
        axis.imshow(sheet, cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.94, hspace=0.1)
    plt.close(figure)
    return figure


def maps(gray: Tensor, levels: dict, count: int = 3) -> Figure:
    """A gray photo, and some maps of each level, enlarged to its size: those that vary most over the photo.

    gray: `(1, 1, H, W)` in [-1, 1]. levels: label -> maps `(1, C, h, w)`.
    """
    columns = 1 + len(levels)
    figure, axes = plt.subplots(count, columns, figsize=(1.6 * columns, 1.57 * count + 0.4), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    axes[0, 0].imshow(as_gray(gray), cmap="gray", vmin=-1, vmax=1)
    axes[0, 0].set_title("the photo", fontsize=9.5)
    for column, (label, values) in enumerate(levels.items(), start=1):
        of_level = values.detach().cpu()[0]
        busiest = of_level.flatten(1).std(dim=1).argsort(descending=True)[:count]
        for axis, channel in zip(axes[:, column], busiest, strict=True):
            axis.imshow(of_level[channel].numpy(), cmap="gray", interpolation="nearest")
        axes[0, column].set_title(label, fontsize=9.5)
    figure.subplots_adjust(0.005, 0.005, 0.995, 1 - 0.4 / (1.57 * count + 0.4), wspace=0.04, hspace=0.04)
    plt.close(figure)
    return figure


def difference(before: dict, largest: float | None = None) -> Figure:
    """Where two maps differ: label -> `(H, W)`, all on one scale from white (0) to orange (the largest)."""
    pictures = {label: values.detach().cpu().numpy() for label, values in before.items()}
    largest = largest or max(float(values.max()) for values in pictures.values())
    figure, axes = plt.subplots(1, len(pictures), figsize=(3.6 * len(pictures) + 0.8, 3.5), layout="constrained")
    for axis, (label, values) in zip(np.atleast_1d(axes), pictures.items(), strict=True):
        shown = axis.imshow(values, cmap="Oranges", vmin=0, vmax=largest, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.set_title(label, fontsize=10)
    figure.colorbar(shown, ax=axes, shrink=0.85)
    plt.close(figure)
    return figure


def unets(networks: dict, side: int) -> Figure:
    """U-Nets by their maps, drawn one below the other as lines of boxes; width of a box: its channels.

    networks: title -> (encoder, decoder, note): lists of (channels, pixels a side), the encoder's from the picture to
    the deepest map, the decoder's back to the picture's size. side: of the picture, in pixels.
    """
    figure, axes = plt.subplots(len(networks), 1, figsize=(10.2, 3.5 * len(networks)), squeeze=False)
    for axis, (title, (down, up, note)) in zip(axes[:, 0], networks.items(), strict=True):
        boxes = [(*one, ENCODER) for one in down] + [(*one, DECODER) for one in up] + [(2, side, OUT)]
        middles = np.linspace(0.5, 15.5, len(boxes))
        tall = [0.55 + 0.42 * np.log2(size) for _, size, _ in boxes]
        for x, high, (channels, size, shade) in zip(middles, tall, boxes, strict=True):
            wide = 0.16 + 0.075 * np.log2(channels)
            axis.add_patch(Rectangle((x - wide / 2, -high / 2), wide, high, facecolor=shade, edgecolor="white"))
            label = f"{channels}\n{size} x {size}"
            axis.text(x, -high / 2 - 0.12, label, ha="center", va="top", fontsize=9, color=INK)
        for x, after in zip(middles, middles[1:], strict=False):
            arrow = {"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0}
            axis.annotate("", (after - 0.42, 0), (x + 0.42, 0), arrowprops=arrow)
        for number, (_, size) in enumerate(up):
            equal = [place for place, (_, other) in enumerate(down[:-1]) if other == size]
            if not equal:
                continue
            start, end = equal[0], len(down) + number
            if any(other == size for _, other in up[:number]):
                continue
            level = 2.0 + 0.32 * (len(down) - start)
            xs = [middles[start], middles[start], middles[end], middles[end]]
            axis.plot(xs, [tall[start] / 2, level, level, tall[end] / 2 + 0.1], color=SKIP, lw=1.8)
            axis.plot(middles[end], tall[end] / 2 + 0.1, "v", color=SKIP, ms=6)
        axis.set(xlim=(-0.3, 16.3), ylim=(-2.75, 4.6))
        axis.text(-0.2, 4.45, title, fontsize=11, weight="bold", va="top")
        axis.text(16.2, 4.45, note, fontsize=9.5, ha="right", va="top", color=INK)
        axis.set_axis_off()
    names = {"encoder": ENCODER, "decoder": DECODER, "skip connection": SKIP, "color a, b": OUT}
    handles = [Rectangle((0, 0), 1, 1, color=shade) for shade in names.values()]
    figure.legend(handles, names, loc="lower center", ncols=4, frameon=False, fontsize=9.5)
    figure.subplots_adjust(0.005, 0.07, 0.995, 1, hspace=0.02)
    plt.close(figure)
    return figure


def shuffle() -> Figure:
    """Pixel shuffle: four channels of 2 x 2 pixels become one of 4 x 4, a pixel from each channel in every block."""
    figure, axis = plt.subplots(figsize=(8.2, 2.6))
    for channel, shade in enumerate(SHADES):
        left = 1.25 * channel * 2
        for place in range(4):
            row, column = divmod(place, 2)
            axis.add_patch(Rectangle((left + column, 2 - row), 1, 1, facecolor=shade, edgecolor="white", lw=2))
            axis.text(left + column + 0.5, 2.5 - row, f"{'abcd'[channel]}{place + 1}", ha="center", va="center")
            down, right = divmod(channel, 2)
            corner = (11.8 + 2 * column + right, 3 - 2 * row - down)
            axis.add_patch(Rectangle(corner, 1, 1, facecolor=shade, edgecolor="white", lw=2))
            text = f"{'abcd'[channel]}{place + 1}"
            axis.text(corner[0] + 0.5, corner[1] + 0.5, text, ha="center", va="center")
    axis.annotate("", (11.6, 2), (9.8, 2), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 2})
    axis.text(4.75, 3.35, "four channels, 2 x 2", ha="center", fontsize=10)
    axis.text(13.8, 4.35, "one channel, 4 x 4", ha="center", fontsize=10)
    axis.set(xlim=(-0.2, 16.2), ylim=(-0.2, 4.9), aspect="equal")
    axis.set_axis_off()
    figure.subplots_adjust(0, 0, 1, 1)
    plt.close(figure)
    return figure


def finder(rates, costs, chosen: dict, gray: float) -> Figure:
    """The learning-rate finder: the smoothed cost over the learning rate, with marks.

    chosen: label -> learning rate. gray: what an answer without color costs.
    """
    figure, axis = plt.subplots(figsize=(7.6, 3.1), layout="constrained")
    axis.plot(rates, costs, color=ENCODER, lw=2)
    axis.axhline(gray, color="0.35", ls="--", lw=1.2, label="gray")
    for (label, rate), shade in zip(chosen.items(), (OUT, SKIP), strict=False):
        axis.axvline(rate, color=shade, lw=1.8, label=f"{label}: {rate:.0e}")
    seen = [min(gray, *costs), min(max(gray, *costs), 2 * gray)]
    room = 0.1 * (seen[1] - seen[0])
    axis.set(xscale="log", xlabel="learning rate", ylabel="cost (L1)", ylim=(seen[0] - room, seen[1] + room))
    axis.grid(alpha=0.3)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def race(lines: dict, gray: float) -> Figure:
    """An error during several trainings: label -> (step -> error); the second half of many lines is dashed.

    gray: that of an answer without color, a little above which the axis is cut off.
    """
    figure, axis = plt.subplots(figsize=(8.4, 3.2), layout="constrained")
    shades = (ENCODER, OUT, SKIP)
    for number, (label, points) in enumerate(lines.items()):
        style = {"color": shades[number % 3], "ls": "-" if number < 3 else "--"}
        axis.plot(list(points), list(points.values()), marker="o", lw=1.8, ms=4, label=label, **style)
    axis.axhline(gray, color="0.35", ls=":", lw=1.4, label="gray")
    low = min(value for points in lines.values() for value in points.values())
    room = 0.12 * max(gray - low, 0.02 * gray)
    axis.set(xlabel="step", ylabel="MAE (0 to 255)", ylim=(min(low, gray) - room, gray + 2 * room))
    axis.grid(alpha=0.3)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1), fontsize=9)
    plt.close(figure)
    return figure


def cycle(rates, momenta, costs, gray: float) -> Figure:
    """One cycle: the learning rate and the momentum of each step, left, and the smoothed cost of each step, right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 2.9), layout="constrained")
    steps = np.arange(1, len(rates) + 1)
    left.plot(steps, rates, color=OUT, lw=2)
    left.set(xlabel="step", ylim=(0, None))
    left.set_ylabel("learning rate", color=OUT)
    other = left.twinx()
    other.plot(steps, momenta, color=ENCODER, lw=2, ls="--")
    other.set_ylabel("momentum", color=ENCODER)
    right.plot(steps, costs, color=DECODER, lw=2)
    right.axhline(gray, color="0.35", ls="--", lw=1.2)
    right.annotate("gray", (steps[-1], gray), (0, 3), textcoords="offset points", ha="right", fontsize=9)
    right.set(xlabel="step", ylabel="cost (L1), smoothed")
    right.grid(alpha=0.3)
    plt.close(figure)
    return figure
