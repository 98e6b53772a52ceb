"""Pictures of the course: labeled grids, loss curves, and `show`, which gives every picture its alt text.

Figures are matplotlib's and are never left open, so a notebook shows each exactly once.
"""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

DPI = 100


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
    figure, axes = plt.subplots(
        len(rows),
        count,
        figsize=(tile * count + 1.0, tile * height / width * len(rows) + (0.35 if title else 0.05)),
        squeeze=False,
        layout="constrained",
    )
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)
    for row, (label, images) in zip(axes, rows.items(), strict=True):
        for axis in row:
            axis.set_axis_off()
        for axis, image in zip(row, images, strict=False):
            axis.imshow(image, interpolation="nearest" if width < 128 else "antialiased")
        row[0].text(
            -0.08, 0.5, label, transform=row[0].transAxes, ha="right", va="center", fontsize=10, clip_on=False
        )
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


def to_png(figure: Figure) -> bytes:
    """The figure as an opaque PNG at the course's resolution (100 dots per inch)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Show a figure in a notebook with alt text, for readers who can't see it.

    alt: what a person would notice in the picture, in a sentence.
    """
    from IPython.display import display

    if len(alt.split()) < 4:
        raise ValueError(f"alt text should say in a sentence what the picture shows, got {alt!r}")
    png = base64.b64encode(to_png(figure)).decode()
    data = {"image/png": png, "text/plain": f"[picture: {alt}]"}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)
