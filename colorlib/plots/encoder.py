"""The pictures of lesson 4: what a network answers that has seen photographs, its blocks, kernels and maps, U-Nets on
it with their sizes, who learns when, how fastai finds a learning rate, how trainings compare; and the photo that the
lesson's network colored.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

from colorlib.photos import read_rgb
from colorlib.plots.networks import DOWN, INK, OUT, SKIP, UP

ENCODER, DECODER = DOWN, UP


def promise() -> Image.Image:
    """The bundled photo that opens the lesson, colored by its network after both stages in a run of the lesson."""
    return read_rgb(Path(__file__).with_name("lesson_04.jpg"))


def as_gray(picture: Tensor) -> np.ndarray:
    """Gray `(1, 1, H, W)` or `(1, H, W)` in [-1, 1] as `(H, W)`, on the processor."""
    return picture.detach().cpu().reshape(picture.shape[-2:]).numpy()


def answers(gray: Tensor, classes: Tensor, shares: Tensor, names: list[str]) -> Figure:
    """A row of gray pictures, and under each the likeliest classes as bars.

    gray: `(N, 1, H, W)` in [-1, 1]. classes, shares: `(N, k)`, numbers of classes and their probabilities. names: of
    all classes.
    """
    figure = plt.figure(figsize=(2.1 * len(gray), 3.1))
    places = figure.add_gridspec(2, len(gray), height_ratios=[2.5, 1.0], hspace=0.06, wspace=0.06)
    for number, picture in enumerate(gray):
        top = figure.add_subplot(places[0, number])
        top.imshow(as_gray(picture), cmap="gray", vmin=-1, vmax=1)
        top.set_axis_off()
        axis = figure.add_subplot(places[1, number])
        for place, (one, share) in enumerate(zip(classes[number].tolist(), shares[number].tolist(), strict=True)):
            axis.barh(-place, share, height=0.82, color="#b9c9e3")
            name = names[one] if len(names[one]) < 25 else f"{names[one][:23]}…"
            axis.text(0.015, -place, f"{name}, {share:.0%}", va="center", fontsize=9)
        axis.set(xlim=(0, 1), ylim=(0.2 - classes.shape[1], 0.55))
        axis.set_axis_off()
    figure.subplots_adjust(0.01, 0.0, 0.99, 0.995)
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


def difference(before: dict, largest: float) -> Figure:
    """Where two maps differ: label -> `(H, W)`, all on one scale from white (0) to orange (`largest`)."""
    pictures = {label: values.detach().cpu().numpy() for label, values in before.items()}
    figure, axes = plt.subplots(1, len(pictures), figsize=(3.2 * len(pictures) + 0.8, 3.2), layout="constrained")
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


def kernels(in_color: Tensor, folded: Tensor, count: int = 10) -> Figure:
    """Some kernels of a stem, those with the largest weights: above over red, green and blue, below over gray.

    in_color: `(N, 3, k, k)`, shown about a middle gray. folded: `(N, 1, k, k)`.
    """
    chosen = folded.abs().sum(dim=(1, 2, 3)).argsort(descending=True)[:count].sort().values
    figure, axes = plt.subplots(2, count, figsize=(0.86 * count + 0.9, 1.85), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for column, number in enumerate(chosen.tolist()):
        for axis, kernel in zip(axes[:, column], (in_color[number], folded[number]), strict=True):
            values = (0.5 + 0.5 * kernel / kernel.abs().max()).permute(1, 2, 0).expand(-1, -1, 3)
            axis.imshow(values.numpy(), interpolation="nearest")
    for axis, label in zip(axes[:, 0], ("color", "folded"), strict=True):
        axis.text(-0.15, 0.5, label, transform=axis.transAxes, ha="right", va="center", fontsize=10)
    figure.subplots_adjust(0.9 / (0.86 * count + 0.9), 0.01, 0.998, 0.99, wspace=0.06, hspace=0.08)
    plt.close(figure)
    return figure


def who_learns(stages: dict, parts: dict) -> Figure:
    """A chart of who learns when: columns for stages, rows for parts.

    stages: title -> what stands under it. parts: name -> for each stage "learns", "frozen" or "" (isn't there yet).
    """
    looks = {"learns": (SKIP, "white", "learns"), "frozen": ("#cfe3f5", "0.25", "frozen"), "": ("white", "0.6", "–")}
    figure, axis = plt.subplots(figsize=(9.6, 0.62 * len(parts) + 0.95))
    for column, (title, below) in enumerate(stages.items()):
        axis.text(column, -0.95, title, ha="center", va="center", fontsize=10.5, weight="bold")
        axis.text(column, -0.66, below, ha="center", va="center", fontsize=9.5, color=INK)
        for row, states in enumerate(parts.values()):
            shade, ink, word = looks[states[column]]
            edge = "0.85" if shade == "white" else "white"
            axis.add_patch(Rectangle((column - 0.48, row - 0.42), 0.96, 0.84, facecolor=shade, edgecolor=edge))
            axis.text(column, row, word, ha="center", va="center", fontsize=10.5, color=ink)
    for row, name in enumerate(parts):
        axis.text(-0.56, row, name, ha="right", va="center", fontsize=10.5)
    axis.set(xlim=(-1.25, len(stages) - 0.48), ylim=(len(parts) - 0.5, -1.2))
    axis.set_axis_off()
    figure.subplots_adjust(0.003, 0.01, 0.997, 0.99)
    plt.close(figure)
    return figure


def finder(found: dict, chosen: float) -> Figure:
    """The learning-rate finder: the smoothed cost, as a share of gray's, over the learning rate.

    found: label -> (rates, costs). chosen: the rate that is marked. The axis is cut off a little above gray.
    """
    figure, axis = plt.subplots(figsize=(8.4, 3.0), layout="constrained")
    for (label, (rates, costs)), shade in zip(found.items(), (ENCODER, OUT), strict=False):
        axis.plot(rates, costs, color=shade, lw=2, label=label)
    axis.axhline(1, color="0.35", ls="--", lw=1.2, label="gray")
    axis.axvline(chosen, color=SKIP, lw=1.8, label=f"ours: {chosen:g}")
    room = max(1 - min(min(costs) for _, costs in found.values()), 0.02)
    axis.set(xscale="log", xlabel="learning rate", ylabel="cost / gray's", ylim=(1 - 1.1 * room, 1 + 0.6 * room))
    axis.grid(alpha=0.3)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def dots(costs: dict) -> Figure:
    """Costs of several trainings, as shares of gray's: kind -> list; a line for each kind, a dot for each training."""
    figure, axis = plt.subplots(figsize=(8.4, 2.0), layout="constrained")
    for number, (values, shade) in enumerate(zip(costs.values(), (ENCODER, OUT, SKIP), strict=False)):
        axis.plot(values, [-number] * len(values), "o", ms=11, alpha=0.75, color=shade, clip_on=False)
    axis.axvline(1, color="0.35", ls="--", lw=1.2)
    axis.annotate("gray", (1, 0.45), (-4, 0), textcoords="offset points", ha="right", fontsize=10, color="0.35")
    axis.set(yticks=[-number for number in range(len(costs))], ylim=(0.7 - len(costs), 0.7), xlabel="cost / gray's")
    axis.set_yticklabels(costs, fontsize=10.5)
    axis.grid(alpha=0.3, axis="x")
    plt.close(figure)
    return figure


def residual_blocks() -> Figure:
    """Two residual blocks of a ResNet18: one that keeps the size, one that halves it, with a 1x1 convolution beside."""
    figure, axes = plt.subplots(2, 1, figsize=(10.2, 5.0))
    kept = ["conv 3x3", "batch norm\nReLU", "conv 3x3", "batch norm"]
    halved = ["conv 3x3\nstride 2", *kept[1:]]
    panels = (
        ("keeps the size", "64 channels\n16 x 16", "64 channels\n16 x 16", kept, ""),
        ("halves the size", "64 channels\n16 x 16", "128 channels\n8 x 8", halved, "conv 1x1, stride 2\nbatch norm"),
    )
    for axis, (title, before, after, words, beside) in zip(axes, panels, strict=True):

        def box(x, y, wide, text, shade, axis=axis):
            axis.add_patch(Rectangle((x - wide / 2, y - 0.42), wide, 0.84, facecolor=shade, edgecolor="white"))
            axis.text(x, y, text, ha="center", va="center", fontsize=9.5, color="white")

        def arrow(start, end, shade=INK, axis=axis):
            line = {"arrowstyle": "-|>", "color": shade, "lw": 1.8, "shrinkA": 0, "shrinkB": 0}
            axis.annotate("", end, start, arrowprops=line)

        axis.text(0.1, 3.15, title, fontsize=11, weight="bold")
        axis.text(0.9, 1.0, f"$x$\n{before}", ha="center", va="center", fontsize=10)
        arrow((1.7, 1.0), (2.6, 1.0))
        for x, text in zip((3.35, 5.35, 7.35, 9.35), words, strict=True):
            box(x, 1.0, 1.5, text, ENCODER)
        for x in (3.35, 5.35, 7.35):
            arrow((x + 0.75, 1.0), (x + 1.25, 1.0))
        axis.text(6.35, 0.25, "$F(x)$: the change", ha="center", va="center", fontsize=10, color=ENCODER)
        arrow((10.1, 1.0), (10.85, 1.0))
        axis.plot([2.1, 2.1, 11.1], [1.0, 2.4, 2.4], color=SKIP, lw=2)
        arrow((11.1, 2.42), (11.1, 1.3), SKIP)
        axis.text(2.3, 2.55, "shortcut", fontsize=10, color=SKIP, va="bottom")
        if beside:
            box(6.35, 2.4, 2.3, beside, SKIP)
        axis.text(11.1, 1.0, "+", ha="center", va="center", fontsize=17)
        arrow((11.35, 1.0), (11.75, 1.0))
        box(12.25, 1.0, 1.0, "ReLU", ENCODER)
        arrow((12.75, 1.0), (13.25, 1.0))
        axis.text(14.1, 1.0, f"$y$\n{after}", ha="center", va="center", fontsize=10)
        axis.set(xlim=(0, 15), ylim=(0, 3.6))
        axis.set_axis_off()
    figure.subplots_adjust(0.005, 0.01, 0.995, 0.99, hspace=0.05)
    plt.close(figure)
    return figure
