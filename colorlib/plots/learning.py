"""How a training goes, drawn while it runs: its cost by step, its error on other photos, and what it paints meanwhile.

Lesson 2 redraws `monitor` in place (`plots.Live`), and compares finished trainings with `costs`.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from colorlib.plots.figures import to_pixels

LINES = ("#d95f02", "#4c72b0", "#2a9d5c", "#8172b3")
GRAY = {"color": "0.35", "linestyle": "--", "linewidth": 1.2}
WIDE = 9.6  # inches
MARGIN = 0.95  # inches left of the pictures, for their labels


def smooth(values, window: int = 9) -> np.ndarray:
    """The mean of each value and its neighbors, `window` in all (fewer at the ends): a line through the noise."""
    values = np.asarray(values, dtype=float)
    sums = np.concatenate([[0.0], values.cumsum()])
    at, half = np.arange(len(values)), window // 2
    starts, ends = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return (sums[ends] - sums[starts]) / (ends - starts)


def costs(lines: dict, gray: float | None = None, what: str = "cost", window: int = 9) -> Figure:
    """The cost of each step of several trainings, thin as it was and bold as `smooth` has it.

    lines: label -> costs, one for each step. gray: what an answer without color costs, as a dashed line.
    """
    figure, axis = plt.subplots(figsize=(7.6, 2.9), layout="constrained")
    plt.close(figure)
    for shade, (label, values) in zip(LINES, lines.items(), strict=False):
        steps = np.arange(1, len(values) + 1)
        axis.plot(steps, values, color=shade, linewidth=0.6, alpha=0.45)
        axis.plot(steps, smooth(values, window), color=shade, linewidth=2, label=label)
    if gray is not None:
        axis.axhline(gray, label="gray", **GRAY)
    axis.set(xlabel="step", ylabel=what, ylim=(0, None))
    axis.grid(alpha=0.3)
    axis.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def monitor(trained: dict, valid: dict, rows: dict, steps: int, gray: tuple[float, float]) -> Figure:
    """A training under way: left its cost by step, right its MAE on photos that it doesn't train on, below pictures.

    trained, valid: step -> cost as a share of gray's, step -> MAE, as far as it has come. rows: label -> batch of
    pictures, as `plots.grid` takes them. steps: of the whole training, which fix the axes. gray: the two levels of an
    answer without color, 1 and its MAE.
    """
    rows = {label: to_pixels(images) for label, images in rows.items()}
    tile = (WIDE - MARGIN) / max(map(len, rows.values()))
    curve, ticks = 1.75, 0.75  # inches: the panels' height, and the room above and below them
    high = curve + ticks + tile * len(rows)
    figure = plt.figure(figsize=(WIDE, high))
    plt.close(figure)
    titles = "training: cost / cost of gray", "validation: MAE (0-255)"
    for number, (points, level, title) in enumerate(zip((trained, valid), gray, titles, strict=True)):
        width = (WIDE - MARGIN - 0.95) / 2  # both panels are together as wide as the pictures
        left = MARGIN + number * (width + 0.75)
        axis = figure.add_axes((left / WIDE, 1 - (curve + 0.28) / high, width / WIDE, curve / high))
        at, values = list(points), list(points.values())
        if number == 0 and len(at) > 20:  # each step
            axis.plot(at, values, color=LINES[0], linewidth=0.6, alpha=0.45)
            axis.plot(at, smooth(values), color=LINES[0], linewidth=2)
        else:  # few points: each epoch, or now and then
            axis.plot(at, values, "o-", color=LINES[number], markersize=4, linewidth=1.5, clip_on=False)
        axis.axhline(level, **GRAY)
        place = {"xytext": (-3, 3), "textcoords": "offset points", "ha": "right", "va": "bottom"}
        axis.annotate("gray", (steps, level), fontsize=9, color="0.35", **place)
        seen = [*values, level]
        room = 0.15 * (max(seen) - min(seen)) + 0.02 * level
        axis.set(xlim=(0, steps), ylim=(min(seen) - room, max(seen) + room), xlabel="step")
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.3)
    for row, (label, images) in enumerate(rows.items()):
        bottom = 1 - (curve + ticks + tile * (row + 1)) / high
        for column, image in enumerate(images):
            box = ((MARGIN + tile * column) / WIDE, bottom, 0.98 * tile / WIDE, 0.98 * tile / high)
            axis = figure.add_axes(box)
            axis.imshow(image, interpolation="nearest")
            axis.set_axis_off()
        figure.text((MARGIN - 0.08) / WIDE, bottom + 0.5 * tile / high, label, ha="right", va="center", fontsize=10)
    return figure
