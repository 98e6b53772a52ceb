"""The drawings of lesson 5: what a network sees of a photo, how a loss is made of it, and what it is blind to."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from colorlib.plots.figures import to_pixels
from colorlib.plots.networks import INK

BACK, WARN = "#4c72b0", "#c00000"
BARS = ("#d0d0d0", "#4c72b0", "#d95f02", "#1b9e77")
LAMPS = ("red", "green", "blue")


def seen(photo: Tensor, levels: dict[str, Tensor], count: int = 2) -> Figure:
    """A photo, its channels as three gray pictures, and some maps that a network makes of each.

    photo: sRGB `(1, 3, H, W)` in [0, 1]. levels: label -> maps `(3, C, h, w)`, of red, green and blue; of each level
    the `count` channels that vary most are drawn.
    """
    columns = 2 + count * len(levels)
    figure, axes = plt.subplots(3, columns, figsize=(1.62 * columns, 5.2), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    axes[1, 0].imshow(to_pixels(photo)[0])
    axes[1, 0].set_title("the photo", fontsize=10)
    for row, (lamp, picture) in enumerate(zip(LAMPS, photo[0].detach().cpu(), strict=True)):
        axes[row, 1].imshow(picture.numpy(), cmap="gray", vmin=0, vmax=1)
        axes[row, 1].set_title(f"its {lamp}", fontsize=10)
    for number, (label, maps) in enumerate(levels.items()):
        maps = maps.detach().cpu()
        busiest = maps.flatten(2).std(dim=2).sum(dim=0).argsort(descending=True)[:count]
        for place, channel in enumerate(busiest.tolist()):
            column, high = 2 + count * number + place, float(maps[:, channel].max())
            for row in range(3):
                axis = axes[row, column]
                axis.imshow(maps[row, channel].numpy(), cmap="gray", vmin=0, vmax=high, interpolation="nearest")
            axes[0, column].set_title(f"{label}, map {channel}", fontsize=10)
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.945, wspace=0.04, hspace=0.16)
    plt.close(figure)
    return figure


def loss_path() -> Figure:
    """The way of the content loss: L and ab to RGB, three gray pictures, a frozen network, maps; the gradient's way."""
    figure, axis = plt.subplots(figsize=(9.6, 3.15))
    axis.set(xlim=(0, 19.2), ylim=(0.8, 7.1))
    axis.set_axis_off()

    def box(x, y, text, wide=2.5, shade="white", edge=INK):
        style = {"boxstyle": "round,pad=0.06,rounding_size=0.18", "facecolor": shade, "edgecolor": edge, "lw": 1.3}
        axis.add_patch(FancyBboxPatch((x - wide / 2, y - 0.62), wide, 1.24, **style))
        axis.text(x, y, text, ha="center", va="center", fontsize=10)

    def arrow(start, end, **style):
        line = {"arrowstyle": "-|>", "color": INK, "lw": 1.4, "shrinkA": 0, "shrinkB": 0} | style
        axis.annotate("", end, start, arrowprops=line)

    rows = {4.9: ("predicted\nab, and L", "#fdebd9"), 1.7: ("true\nab, and L", "#e4f3ec")}
    for y, (text, shade) in rows.items():
        for x, step in ((1.4, text), (5.0, "RGB of\nthe screen"), (8.7, "three gray\npictures"), (15.6, "maps")):
            box(x, y, step, shade=shade)
        for start, end in ((2.72, 3.68), (6.32, 7.38), (10.02, 11.0), (13.34, 14.28)):
            arrow((start, y), (end, y))
    axis.add_patch(plt.Rectangle((11.0, 0.9), 2.34, 4.8, facecolor="#e8ebf5", edgecolor=BACK, lw=1.3))
    axis.text(12.17, 3.3, "ResNet18,\nfrozen", ha="center", va="center", fontsize=10, color=BACK)
    box(18.1, 3.3, "MSE", wide=1.5)
    arrow((16.92, 4.75), (17.8, 4.02))
    arrow((16.92, 1.85), (17.8, 2.58))
    back = {"color": BACK, "lw": 2, "ls": (0, (4, 2))}
    axis.plot([18.1, 18.1, 1.4], [4.0, 6.2, 6.2], **back)
    arrow((1.4, 6.2), (1.4, 5.6), color=BACK, lw=2)
    axis.text(14.2, 6.35, "the gradient's way back", color=BACK, fontsize=10, ha="center", va="bottom")
    axis.plot([3.2, 3.2], [5.8, 6.6], color=WARN, lw=4, solid_capstyle="round")
    axis.text(
        3.45, 6.35, "here it gets lost, where Lab becomes RGB outside of torch", color=WARN, fontsize=10, va="bottom"
    )
    figure.subplots_adjust(0.005, 0.0, 0.995, 1.0)
    plt.close(figure)
    return figure


def sensitivity(pictures: dict, shares: dict, unit: str) -> Figure:
    """Pictures that are changed in several ways, and how strongly some networks' maps move at each.

    pictures: label of a change -> sRGB `(1, 3, H, W)`. shares: network -> {label: share}. unit: what 1 is.
    """
    count, width = len(pictures), 0.8 / len(shares)
    figure = plt.figure(figsize=(9.6, 5.1))
    figure_grid = figure.add_gridspec(2, count, height_ratios=(1.9, 2.1), hspace=0.05, wspace=0.06)
    axis = figure.add_subplot(figure_grid[1, :])
    for place, (label, picture) in enumerate(pictures.items()):
        above = figure.add_subplot(figure_grid[0, place])
        above.imshow(to_pixels(picture)[0])
        above.set_title(label, fontsize=10)
        above.set_axis_off()
        for number, (name, values) in enumerate(shares.items()):
            x, value = place + (number - (len(shares) - 1) / 2) * width, values[label]
            axis.bar(x, value, 0.92 * width, color=BARS[number], label=None if place else name)
            axis.text(x, value + 0.02, f"{value:.2f}", ha="center", fontsize=8, color=INK)
    axis.set(xlim=(-0.5, count - 0.5), xticks=[], ylim=(0, 1.12), ylabel=f"maps move ({unit}: 1)")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="upper left", fontsize=9)
    figure.subplots_adjust(0.075, 0.02, 0.995, 0.94)
    plt.close(figure)
    return figure


def pull_by_place(strengths: dict[str, Tensor]) -> Figure:
    """How strongly the pixels of a block are pulled, by their place in it: label -> `(n, n)`, 1 is the mean."""
    figure, axes = plt.subplots(1, len(strengths), figsize=(2.6 * len(strengths) + 1.0, 2.75), layout="constrained")
    for axis, (label, values) in zip(axes, strengths.items(), strict=True):
        shown = axis.imshow(values.detach().cpu().numpy(), cmap="RdBu_r", vmin=0.75, vmax=1.25)
        axis.set(xticks=[], yticks=[])
        axis.set_title(label, fontsize=10)
    figure.colorbar(shown, ax=axes, shrink=0.9, extend="both")
    plt.close(figure)
    return figure
