"""The diagrams of lesson 3: the two turns of a step, what a patch sees, the two costs; whole photos side by side."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch.nn import functional

from colorlib import color, photos
from colorlib.plots.figures import to_pixels

EDGE, TRUE, FAKE = "0.3", "#1b9e77", "#d95f02"
NETWORKS = {"G": "#4c72b0", "D": "#8172b3"}


def _thumbnails() -> dict[str, np.ndarray]:
    """The first bundled photo as gray, true color, and a pale guess of it, uint8 (96, 96, 3); the colors at L = 65."""
    photo = photos.square(photos.read_rgb(photos.bundled_photos()[0]), 96).copy()
    lab = color.rgb_to_lab(torch.from_numpy(photo).permute(2, 0, 1)[None] / 255)
    gray, ab = lab[:, :1], lab[:, 1:]
    guess = functional.interpolate(ab[..., ::12, ::12], size=96, mode="bilinear") * 0.5
    flat = torch.full_like(gray, 65.0)
    parts = {"gray": (gray, 0 * ab), "true": (flat, ab), "guess": (flat, guess)}
    return {name: to_pixels(color.join_lightness(*part))[0] for name, part in parts.items()}


class _Panel:
    """One turn of the step: an axis with thumbnails, boxes and arrows at given places."""

    def __init__(self, axis, title: str):
        self.axis = axis
        axis.set(xlim=(0, 12.4), ylim=(-0.2, 4.3), aspect="equal")
        axis.set_axis_off()
        axis.text(0, 4.05, title, fontsize=11, weight="bold", va="center")

    def thumb(self, x, y, image, label="", side=1.1):
        half = side / 2
        self.axis.imshow(image, extent=(x - half, x + half, y - half, y + half), zorder=2)
        self.axis.add_patch(plt.Rectangle((x - half, y - half), side, side, fill=False, ec=EDGE, lw=0.8, zorder=3))
        self.axis.text(x, y - half - 0.07, label, ha="center", va="top", fontsize=9)

    def pair(self, x, y, first, second, label, edge):
        """Gray and color side by side, in one frame: what D gets."""
        for at, image in ((x - 0.45, first), (x + 0.45, second)):
            self.thumb(at, y, image, side=0.8)
        self.axis.add_patch(plt.Rectangle((x - 0.97, y - 0.52), 1.94, 1.04, fill=False, ec=edge, lw=2, zorder=4))
        self.axis.text(x, y + 0.6, label, ha="center", va="bottom", fontsize=9, color=edge)

    def network(self, x, y, name, note=""):
        self.axis.add_patch(plt.Rectangle((x - 0.5, y - 0.5), 1, 1, fc=NETWORKS[name], ec="none", zorder=2))
        self.axis.text(x, y, name, ha="center", va="center", color="white", fontsize=15, weight="bold", zorder=3)
        self.axis.text(x, y - 0.6, note, ha="center", va="top", fontsize=9, color=NETWORKS[name])

    def cost(self, x, y, text, edge=EDGE):
        style = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": edge}
        self.axis.text(x, y, text, ha="left", va="center", fontsize=10, bbox=style, zorder=3)

    def arrow(self, *points, gradient=None):
        """A way through some points; with the name of a network, the gradient that it learns from."""
        style = {"color": NETWORKS[gradient], "ls": (0, (4, 2)), "lw": 2} if gradient else {"color": EDGE, "lw": 1}
        for start, end in zip(points, points[1:], strict=False):
            head = "-|>" if end is points[-1] else "-"
            line = {"arrowstyle": head, "shrinkA": 0, "shrinkB": 0} | style
            self.axis.annotate("", end, start, arrowprops=line, zorder=1)


def two_turns() -> Figure:
    """One alternating step: D's turn with both pairs and the detach, G's turn with both terms; gradients dashed."""
    images = _thumbnails()
    gray, true, guess = images["gray"], images["true"], images["guess"]
    figure, (first, second) = plt.subplots(2, 1, figsize=(9.6, 7.1))
    turn = _Panel(first, "D's turn: tell true pairs from generated ones")
    turn.thumb(0.7, 1.0, gray, "gray x")
    turn.network(2.5, 1.0, "G", "rests")
    turn.thumb(4.3, 1.0, guess, "G(x)")
    turn.pair(6.9, 1.0, gray, guess, "generated pair", FAKE)
    turn.pair(6.9, 2.95, gray, true, "true pair", TRUE)
    turn.network(9.0, 2.0, "D", "learns")
    turn.cost(10.15, 2.95, r"$-\log\,D(x, y)$", TRUE)
    turn.cost(10.15, 1.0, r"$-\log(1-D(x, G(x)))$", FAKE)
    for points in (
        [(1.25, 1.0), (2.0, 1.0)],
        [(3.0, 1.0), (3.75, 1.0)],
        [(4.85, 1.0), (5.93, 1.0)],
        [(7.87, 1.0), (8.5, 1.75)],
        [(7.87, 2.95), (8.5, 2.25)],
        [(9.5, 2.25), (10.05, 2.75)],
        [(9.5, 1.75), (10.05, 1.2)],
    ):
        turn.arrow(*points)
    turn.arrow((10.6, 2.66), (10.6, 2.12), (9.56, 2.12), gradient="D")
    turn.arrow((10.6, 1.3), (10.6, 1.88), (9.56, 1.88), gradient="D")
    turn.axis.plot([5.38, 5.38], [0.35, 1.65], color="#c00000", lw=4, solid_capstyle="round", zorder=5)
    turn.axis.text(
        5.38, 1.78, "detach:\nno gradient\nto the left", ha="center", va="bottom", fontsize=9, color="#c00000"
    )

    turn = _Panel(second, "G's turn: make D say “true”, and stay near the truth")
    turn.thumb(0.7, 2.5, gray, "gray x")
    turn.network(2.5, 2.5, "G", "learns")
    turn.thumb(4.3, 2.5, guess, "G(x)")
    turn.pair(6.9, 2.5, gray, guess, "generated pair", FAKE)
    turn.network(9.0, 2.5, "D", "rests")
    turn.cost(10.15, 2.5, r"$-\log\,D(x, G(x))$")
    turn.thumb(4.3, 0.65, true)
    turn.axis.text(3.65, 0.65, "true y", ha="right", va="center", fontsize=9)
    turn.cost(6.0, 0.9, r"$\lambda\,\|G(x) - y\|_1$")
    for points in (
        [(1.25, 2.5), (2.0, 2.5)],
        [(3.0, 2.5), (3.75, 2.5)],
        [(4.85, 2.5), (5.93, 2.5)],
        [(7.87, 2.5), (8.5, 2.5)],
        [(9.5, 2.5), (10.0, 2.5)],
        [(4.85, 2.2), (5.4, 1.5), (5.95, 1.1)],
        [(4.85, 0.75), (5.95, 0.87)],
    ):
        turn.arrow(*points)
    turn.arrow((11.1, 2.8), (11.1, 3.62), (2.5, 3.62), (2.5, 3.06), gradient="G")
    turn.axis.text(
        8.9, 3.72, "through D, which stays as it is", fontsize=9, color=NETWORKS["G"], ha="center", va="bottom"
    )
    turn.arrow((6.9, 0.62), (6.9, -0.1), (2.5, -0.1), (2.5, 1.62), gradient="G")
    figure.subplots_adjust(0.005, 0.0, 0.995, 1.0, hspace=0.02)
    plt.close(figure)
    return figure


def seen_by(picture, fields: dict[str, int], middle: tuple[int, int] | None = None) -> Figure:
    """How much of a picture one value sees: squares on the picture, and beside it what is in each, enlarged.

    picture: (3, S, S) in [0, 1]. fields: label -> pixels a side, each at most S. middle: of the squares, as (row,
    column); where one would leave the picture it is pushed back.
    """
    image = to_pixels(picture[None])[0]
    side = len(image)
    colors = ["#e7298a", "#d95f02", "#1b9e77", "#4c72b0"]
    figure, axes = plt.subplots(
        1, 1 + len(fields), figsize=(2 * len(fields) + 2.6, 3.05), width_ratios=(1.35, *[1] * len(fields))
    )
    axes[0].imshow(image, interpolation="nearest")
    axes[0].set_title(f"the picture: {side} pixels", fontsize=10)
    for axis, (label, field), line in zip(axes[1:], fields.items(), colors, strict=False):
        top, left = (min(max(at - field // 2, 0), side - field) for at in middle or (side // 2, side // 2))
        square = plt.Rectangle((left - 0.5, top - 0.5), field, field, fill=False, ec=line, lw=2.5)
        axes[0].add_patch(square)
        axis.imshow(image[top : top + field, left : left + field], interpolation="nearest")
        axis.set_title(f"{label}: {field} pixels", fontsize=10)
        axis.spines[:].set(color=line, linewidth=3)
    for axis in axes:
        axis.set(xticks=[], yticks=[])
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.9, wspace=0.06)
    plt.close(figure)
    return figure


def slopes(logits, costs: dict) -> Figure:
    """Costs of G over D's logit, left, and the size of their gradients, right; where D is sure is gray.

    logits: (N,). costs: label -> (cost (N,), gradient (N,)).
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for (label, (cost, gradient)), style in zip(costs.items(), ("C1--", "C0-"), strict=True):
        axes[0].plot(logits, cost, style, lw=2, label=label)
        axes[1].plot(logits, gradient.abs(), style, lw=2)
    for axis, name in zip(axes, ("cost of G", "size of the gradient"), strict=True):
        axis.axvspan(float(logits[0]), -2, color="0.92", zorder=0)
        axis.set(xlabel="D's logit for the generated pair", ylabel=name, xlim=(logits[0], logits[-1]))
        axis.grid(alpha=0.3)
    axes[1].set(ylim=(0, 1.3))
    axes[1].text(float(logits[0]) + 0.2, 1.15, "D is sure: generated", fontsize=9)
    axes[0].legend(frameon=False, loc="lower left")
    plt.close(figure)
    return figure


def side_by_side(pictures: dict, columns: int = 3) -> Figure:
    """Whole photos of one size, up to `columns` in a row, each under its label.

    pictures: label -> PIL image or uint8 (H, W, 3).
    """
    arrays = {label: np.asarray(picture) for label, picture in pictures.items()}
    tall, wide = next(iter(arrays.values())).shape[:2]
    columns = min(columns, len(arrays))
    lines = -(-len(arrays) // columns)
    width = min(9.6 / columns, 3.6 * wide / tall)
    size = width * columns, (width * tall / wide + 0.3) * lines
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.05, wspace=0.01)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (label, array) in zip(axes.flat, arrays.items(), strict=False):
        axis.imshow(array)
        axis.set_title(label, fontsize=10)
    plt.close(figure)
    return figure
