"""The pictures of lesson 3 about what a discriminator says: its logits as a histogram and as a map, and how a training
of two networks is read.

A logit above 0 says "true" and is drawn green; below 0 it says "generated" and is drawn orange.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from colorlib.history import Row
from colorlib.plots.adversarial import FAKE, TRUE
from colorlib.plots.figures import to_pixels

VERDICT = LinearSegmentedColormap.from_list("verdict", (FAKE, "#fdf3ea", TRUE))


def histogram(logits: dict, reach: float = 16.0) -> Figure:
    """How often a discriminator gives which logit, for kinds of pairs: label -> logits of any shape.

    reach: logits beyond it, on either side, are counted in the outermost bar. The first kind is green, the second
    orange.
    """
    figure, axis = plt.subplots(figsize=(7.2, 2.9), layout="constrained")
    edges = np.linspace(-reach, reach, 49)
    for (label, values), color in zip(logits.items(), (TRUE, FAKE), strict=True):
        values = values.detach().cpu().flatten().clamp(-reach, reach).numpy()
        shares = np.full(len(values), 100 / len(values))
        axis.hist(values, edges, weights=shares, color=color, alpha=0.6, label=label)
    axis.axvline(0, color="0.2", lw=1)
    top = axis.get_ylim()[1]
    for side, words in ((-1, "D says “generated”"), (1, "D says “true”")):
        axis.text(side * 0.2, top * 1.02, words, ha="right" if side < 0 else "left", fontsize=9)
    axis.set(xlabel="logit", ylabel="percent of the logits", xlim=(-reach, reach), ylim=(0, top * 1.12))
    axis.legend(frameon=False, loc="upper left")
    plt.close(figure)
    return figure


def verdict_map(cases: dict, reach: float = 4.0) -> Figure:
    """One picture in several colors, and under each what a discriminator of patches says of every place.

    cases: label -> (picture (3, S, S) in [0, 1], logits (n, n)); the maps are as wide as the pictures. reach: the logit
    of full green; minus reach is full orange.
    """
    figure, axes = plt.subplots(2, len(cases), figsize=(2.75 * len(cases) + 0.9, 5.5), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.02, wspace=0.02, hspace=0.02)
    for (top, bottom), (label, (picture, logits)) in zip(axes.T, cases.items(), strict=True):
        top.imshow(to_pixels(picture[None])[0], interpolation="nearest")
        top.set_title(label, fontsize=11)
        values = logits.detach().cpu().numpy()
        image = bottom.imshow(values, cmap=VERDICT, vmin=-reach, vmax=reach, interpolation="nearest")
        bottom.set_xlabel(f"{(values > 0).mean():.0%} of the patches: “true”", fontsize=10)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    bar = figure.colorbar(image, ax=axes[1], shrink=0.85, ticks=(-reach, 0, reach))
    bar.ax.set_yticklabels(["“generated”", "undecided", "“true”"], fontsize=9)
    plt.close(figure)
    return figure


def signs(history: list[Row], kept: int | None = None, gray_mae: float | None = None) -> Figure:
    """What a training of both networks says of itself, over the epochs: costs, D's calls, color, distance.

    history: rows with the columns epoch, loss_D, loss_G_GAN, right_on_true, right_on_generated (shares), and
    valid_colorfulness_ratio and valid_mae. kept: an epoch to mark. gray_mae: that of the gray pictures, dotted.
    """
    figure, axes = plt.subplots(2, 2, figsize=(8.6, 4.9), layout="constrained", sharex=True)
    epochs = [row["epoch"] for row in history]
    history = [row | {"wrong_on_generated": 1 - row["right_on_generated"]} for row in history]
    panels = (
        ("costs", np.log(2), {"loss_D": ("D's cost", "C0"), "loss_G_GAN": ("G's adversarial cost", "C1")}),
        (
            "share of the patches that D calls “true”",
            0.5,
            {"right_on_true": ("true pairs", TRUE), "wrong_on_generated": ("generated pairs", FAKE)},
        ),
        ("colorfulness ratio (the truth: 1)", 1, {"valid_colorfulness_ratio": (None, "C2")}),
        ("MAE, 0 to 255" + (" (dotted: gray)" if gray_mae else ""), gray_mae, {"valid_mae": (None, "C3")}),
    )
    for axis, (title, line, columns) in zip(axes.flat, panels, strict=True):
        for column, (label, color) in columns.items():
            axis.plot(epochs, [row[column] for row in history], color=color, marker="o", ms=4, label=label)
        if line is not None:
            axis.axhline(line, color="0.4", ls=":", lw=1)
        if kept is not None:
            axis.axvline(kept, color="0.5", ls="--", lw=1, zorder=0)
        if len(columns) > 1:
            axis.legend(frameon=False, fontsize=9)
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.3)
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[0, 0].set_ylim(bottom=0)
    axes[0, 1].set_ylim(0, 1.03)
    axes[1, 0].set_ylim(0, max(1.1, 1.05 * max(row["valid_colorfulness_ratio"] for row in history)))
    for axis in axes[1]:
        axis.set_xlabel("epoch")
    plt.close(figure)
    return figure


def trade(rows: dict) -> Figure:
    """What color costs: a dot for each training, its distance from the truth to the right, its colorfulness up.

    rows: label -> (MAEs, colorfulness ratios), one of each for a training.
    """
    figure, axis = plt.subplots(figsize=(8.4, 3.6), layout="constrained")
    for (label, (distances, ratios)), marker in zip(rows.items(), "Xosd^*vP<>" * len(rows), strict=False):
        axis.scatter(distances, ratios, s=70, alpha=0.8, marker=marker, label=label, zorder=3)
    axis.set(xlabel="MAE, 0 to 255", ylabel="colorfulness ratio", ylim=(-0.08, 1.12))
    axis.axhline(1, color="0.4", ls=":", lw=1)
    axis.text(0.01, 1.02, "as colorful as the truth", transform=axis.get_yaxis_transform(), fontsize=9)
    axis.grid(alpha=0.3)
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), labelspacing=0.9)
    plt.close(figure)
    return figure
