"""The pictures of lesson 7: how several colorizers stand by several numbers, and how sure a difference is.

A metric is "low" or "high" where that is better, or "one" where the true pictures have 1.
"""

import math

import matplotlib.pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from colorlib.plots.figures import to_pixels

GOOD, BAD, _INK, REFERENCE = "#1b9e77", "#d95f02", "0.15", "0.45"
SCORE_SHADES = LinearSegmentedColormap.from_list("scores", ("#f7c9a3", "#fbf7f0", "#9fd8c4"))
LINE_COLORS = ("#1b9e77", "#d95f02", "#7570b3", "#e7298a", "#66a61e", "#e6ab02")
ARROWS = {"low": "lower is better", "high": "higher is better", "one": "1 is the true one"}


def distance(value: float, better: str) -> float:
    """How far a score is from the best one, in an order that compares: smaller is better."""
    return {"low": value, "high": -value, "one": abs(value - 1)}[better]


def places(scores: dict, metric: str, better: str) -> dict[str, int]:
    """The place of each row by a metric, from 0; equal scores share one."""
    apart = {name: distance(row[metric], better) for name, row in scores.items()}
    return {name: sum(other < mine for other in apart.values()) for name, mine in apart.items()}


def written(value: float) -> str:
    """A score in about three digits; a PSNR without error has no end."""
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}" if abs(value) < 2 else f"{value:.1f}"


def score_card(scores: dict, metrics: dict, beside: tuple = ()) -> Figure:
    """A score card: a row for each colorizer, a column for each metric, green for the first place, orange for the last.

    scores: name -> metric -> number. metrics: metric -> "low", "high" or "one". beside: rows in italics that take no
    place, as those that know the truth. The first place of each column has a frame.
    """
    wide, high, margin = 1.32, 0.42, 0.115 * max(map(len, scores)) + 0.25
    size = margin + wide * len(metrics), high * len(scores) + 0.78
    figure = plt.figure(figsize=size)
    axis = figure.add_axes((margin / size[0], 0.02, 1 - margin / size[0] - 0.01, 1 - 0.78 / size[1]))
    rivals = {name: row for name, row in scores.items() if name not in beside}
    last = max(len(rivals) - 1, 1)
    for column, (metric, better) in enumerate(metrics.items()):
        axis.text(column + 0.5, -0.85, metric, ha="center", fontsize=10.5, weight="bold")
        axis.text(column + 0.5, -0.28, ARROWS[better], ha="center", fontsize=8, color=REFERENCE)
        place = places(rivals, metric, better)
        for row, name in enumerate(scores):
            shade = "white" if name in beside else SCORE_SHADES(1 - place[name] / last)
            first = place.get(name) == 0
            edge = {"edgecolor": GOOD, "linewidth": 2.2, "zorder": 3} if first else {"edgecolor": "white"}
            axis.add_patch(plt.Rectangle((column + 0.03, row + 0.06), 0.94, 0.88, facecolor=shade, **edge))
            axis.text(column + 0.5, row + 0.52, written(scores[name][metric]), ha="center", va="center", zorder=4)
    for row, name in enumerate(scores):
        style = "italic" if name in beside else "normal"
        axis.text(-0.06, row + 0.52, name, ha="right", va="center", fontsize=10.5, style=style)
    axis.set(xlim=(0, len(metrics)), ylim=(len(scores), 0))
    axis.set_axis_off()
    plt.close(figure)
    return figure


def orders(columns: dict) -> Figure:
    """Which place each colorizer has by each number: heading -> names from the best to the worst; a line for each."""
    names = sorted({name for order in columns.values() for name in order})
    figure, axis = plt.subplots(figsize=(1.45 * len(columns) + 0.6, 0.55 * len(names) + 0.7), layout="constrained")
    for name, color in zip(names, LINE_COLORS, strict=False):
        points = [(x, order.index(name)) for x, order in enumerate(columns.values()) if name in order]
        axis.plot(*zip(*points, strict=True), color=color, linewidth=3, alpha=0.55, zorder=1)
        for x, y in points:
            axis.scatter(x, y, s=430, color=color, zorder=2)
            axis.text(x, y, name, ha="center", va="center", color="white", weight="bold", fontsize=11, zorder=3)
    axis.set_xticks(range(len(columns)), columns, fontsize=10)
    axis.set_yticks(range(len(names)), ["best", *[""] * (len(names) - 2), "worst"])
    axis.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(names) - 0.5, -0.5))
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    plt.close(figure)
    return figure


def intervals(rows: dict, what: str, zero: str = "no difference") -> Figure:
    """Differences and how sure they are: label -> (middle, low, high) as a dot with a bar; green below 0, orange above.

    A bar that meets the line at 0 is gray: from it no winner can be told. what: the axis, in words.
    """
    figure, axis = plt.subplots(figsize=(8.4, 0.48 * len(rows) + 0.95), layout="constrained")
    for number, (middle, low, high) in enumerate(rows.values()):
        color = GOOD if high < 0 else BAD if low > 0 else REFERENCE
        axis.plot([low, high], [number, number], color=color, linewidth=5, alpha=0.45, solid_capstyle="butt")
        axis.plot(middle, number, "o", color=color, markersize=8)
    axis.axvline(0, color=_INK, linewidth=1)
    axis.text(0, -0.72, zero, ha="center", va="bottom", fontsize=9, color=_INK)
    axis.set_yticks(range(len(rows)), rows, fontsize=10)
    axis.set(xlabel=what, ylim=(len(rows) - 0.4, -0.75))
    axis.grid(axis="x", alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    plt.close(figure)
    return figure


def experiments(rows: dict, references: dict, metrics: dict) -> Figure:
    """Recipes with several seeds: a panel for each metric, with mean and spread of each recipe.

    rows: label -> metric -> (mean, spread or None). references: label -> metric -> number, a dashed line each.
    metrics: metric -> (title, "low", "high" or "one").
    """
    figure, axes = plt.subplots(
        1, len(metrics), figsize=(10.6, 0.36 * len(rows) + 1.35), sharey=True, layout="constrained"
    )
    for axis, (metric, (title, better)) in zip(axes, metrics.items(), strict=True):
        for number, row in enumerate(rows.values()):
            mean, spread = row[metric]
            axis.errorbar(mean, number, xerr=spread or 0, fmt="o", color=LINE_COLORS[2], markersize=6, capsize=4, lw=2)
        for style, (name, row) in zip(("--", ":"), references.items(), strict=False):
            if math.isfinite(row[metric]):
                axis.axvline(row[metric], linestyle=style, color=BAD, linewidth=1.6, label=name)
        axis.set_title(f"{title}\n({ARROWS[better]})", fontsize=9.5)
        axis.grid(axis="x", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(rows)), rows)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2, frameon=False)
    plt.close(figure)
    return figure


def trials(left, right, columns: int = 4) -> Figure:
    """Numbered pairs of pictures, left and right: batches `(N, 3, H, W)` in [0, 1] each."""
    left, right = to_pixels(left), to_pixels(right)
    rows = math.ceil(len(left) / columns)
    figure = plt.figure(figsize=(9.8, rows * (9.8 / columns / 2 + 0.28)))
    outer = figure.subfigures(rows, columns, squeeze=False, wspace=0.02)
    for number, place in enumerate(outer.flat):
        if number < len(left):
            axes = place.subplots(1, 2, gridspec_kw={"wspace": 0.04, "left": 0.03, "right": 0.97, "bottom": 0.02})
            for axis, image in zip(axes, (left[number], right[number]), strict=True):
                axis.imshow(image, interpolation="bicubic")
                axis.set_axis_off()
            place.suptitle(f"{number + 1}", fontsize=10, y=0.97)
    plt.close(figure)
    return figure
