"""The figures that every lesson needs: pictures in labeled rows, and what a training's history says."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure


def to_pixels(images) -> np.ndarray:
    """Any batch of pictures as uint8 `(N, H, W, 3)`.

    Takes tensors `(N, 3, H, W)` or `(N, 1, H, W)`, or arrays `(N, H, W, 3)` or `(N, H, W)`; floats in [0, 1]
    or uint8.
    """
    if isinstance(images, torch.Tensor):
        images = images.detach().cpu()
        images = images.float().numpy() if images.is_floating_point() else images.numpy()
        images = np.moveaxis(images, 1, -1) if images.ndim == 4 else images
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"pictures must be (N, 3, H, W) tensors or (N, H, W, 3) arrays, got {images.shape}")
    if images.dtype != np.uint8:
        images = (images.clip(0, 1) * 255).round().astype(np.uint8)
    return np.broadcast_to(images, (*images.shape[:3], 3))


def grid(rows: dict, columns: int | None = None, tile: float = 1.1, title: str | None = None) -> Figure:
    """One labeled row of pictures for each entry of `rows`.

    rows: label -> batch (see `to_pixels`). columns: how many of each batch (default: all). tile: width of one
    picture in inches.
    """
    rows = {label: to_pixels(images)[:columns] for label, images in rows.items()}
    count = max(len(images) for images in rows.values())
    height, width = next(iter(rows.values())).shape[1:3]
    longest = max(len(line) for label in rows for line in label.splitlines())
    margin = 0.25 + 0.08 * longest  # inches: room for the labels
    figure, axes = plt.subplots(
        len(rows),
        count,
        figsize=(tile * count + margin, tile * height / width * len(rows) + (0.35 if title else 0.05)),
        squeeze=False,
        layout="constrained",
    )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)
    for row, (label, images) in zip(axes, rows.items(), strict=True):
        for axis in row:
            axis.set_axis_off()
        for axis, image in zip(row, images, strict=False):
            axis.imshow(image, interpolation="nearest" if width < 128 else "antialiased")
        row[0].text(-0.08, 0.5, label, transform=row[0].transAxes, ha="right", va="center", fontsize=10, clip_on=False)
    if title:
        figure.suptitle(title, fontsize=11)
    plt.close(figure)
    return figure


def curves(histories: dict, column: str, ylabel: str | None = None, title: str | None = None) -> Figure:
    """One line for each run: `column` of its history over the epochs.

    histories: label -> list of rows (dicts with `epoch` and `column`), as `colorlib.training` keeps them.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for label, rows in histories.items():
        points = [(row["epoch"], row[column]) for row in rows if row.get(column) is not None]
        axis.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
    axis.set(xlabel="epoch", ylabel=ylabel or column, title=title)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.grid(alpha=0.3)
    axis.legend(frameon=False)
    plt.close(figure)
    return figure


def losses(rows: list[dict]) -> Figure:
    """A training's losses over the epochs: a panel for each network, as the discriminator and the generator.

    rows: the history, as `colorlib.training` keeps it. A network's losses are its own, loss_D, and its summands, as
    loss_D_real; those of systems that name theirs otherwise stand in one panel.
    """
    names = [name for name in rows[0] if name.startswith("loss_")]
    networks = [name for name in names if any(other.startswith(f"{name}_") for other in names)]
    panels = [[name for name in names if f"{name}_".startswith(f"{network}_")] for network in networks]
    others = [name for name in names if not any(name in panel for panel in panels)]
    panels = sorted(panels + [others] * bool(others), key=lambda panel: names.index(panel[0]))
    figure, axes = plt.subplots(1, len(panels), figsize=(4.6 * len(panels), 3.4), squeeze=False, layout="constrained")
    for axis, panel in zip(axes[0], panels, strict=True):
        for name in panel:
            axis.plot([row["epoch"] for row in rows], [row[name] for row in rows], marker="o", markersize=3, label=name)
        axis.set(xlabel="epoch", ylabel="loss")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
        axis.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))  # above: the lines fill it
    plt.close(figure)
    return figure
