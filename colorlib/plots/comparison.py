"""What a comparison of colorizers draws: their curves in one plot, and how each of them learns to color one picture."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

TILE = 1.15  # inches: of a picture


def accuracy(histories: dict[str, list[list[dict]]], panels: dict[str, str]) -> Figure:
    """A panel for each column of the histories, a line for each label: the mean over its seeds, and a band about it.

    histories: label -> the rows of each seed, as `colorlib.history` has them; the band goes from the lowest to the
    highest. panels: column -> title. A history without the column isn't drawn there.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(5.4 * len(panels), 4.2), squeeze=False, layout="constrained")
    for axis, (column, title) in zip(axes[0], panels.items(), strict=True):
        for number, (label, runs) in enumerate(histories.items()):
            runs = [[(row["epoch"], row[column]) for row in rows if row.get(column) is not None] for rows in runs]
            length = min(map(len, runs), default=0)  # as far as all seeds have come
            if not length:
                continue
            epochs = [epoch for epoch, _ in runs[0][:length]]
            values = np.array([[value for _, value in rows[:length]] for rows in runs])
            style = {"color": f"C{number % 10}", "linestyle": "-" if number < 10 else "--"}
            axis.plot(epochs, values.mean(axis=0), marker="o", markersize=3, label=label, **style)
            axis.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=style["color"], alpha=0.15, lw=0)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside right upper", fontsize=9)
    plt.close(figure)
    return figure


def learning(rows: dict[str, dict[str, np.ndarray]]) -> Figure:
    """One picture as each colorizer had it after some of its epochs: a labeled row for each, a title on each picture.

    rows: label -> title -> uint8 `(S, S, 3)`.
    """
    columns = max(map(len, rows.values()))
    margin = 0.3 + 0.08 * max(map(len, rows))
    size = (margin + TILE * columns, (TILE + 0.22) * len(rows) + 0.05)
    figure, axes = plt.subplots(len(rows), columns, figsize=size, squeeze=False)
    figure.subplots_adjust(margin / size[0], 0.01, 0.995, 1 - 0.22 / size[1], wspace=0.04, hspace=0.22)
    for line, (label, pictures) in zip(axes, rows.items(), strict=True):
        for axis in line:
            axis.set_axis_off()
        for axis, (title, picture) in zip(line, pictures.items(), strict=False):
            axis.imshow(picture, interpolation="nearest")
            axis.set_title(title, fontsize=8, pad=2)
        line[0].text(-0.08, 0.5, label, transform=line[0].transAxes, ha="right", va="center", fontsize=10)
    plt.close(figure)
    return figure
