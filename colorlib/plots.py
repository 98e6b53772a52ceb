"""Pictures of the course: labeled grids, loss curves, the pipeline, and `show`, which gives each its alt text.

Figures are matplotlib's and are never left open, so a notebook shows each exactly once.
"""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from colorlib import color, photos

DPI = 100
LARGE_PNG = 100_000  # bytes


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


STATIONS = ("photo", "split", "generator", "join", "loss")


def pipeline(*station: str) -> Figure:
    """The course's one line as a picture: photo, split, generator, join, photo; and the loss that compares.

    station: what to mark, from `STATIONS`; several may be given.
    """
    unknown = set(station) - set(STATIONS)
    if unknown:
        raise ValueError(f"no station {', '.join(sorted(unknown))}; choose from {', '.join(STATIONS)}")
    photo = photos.square(photos.read_rgb(photos.bundled_photos()[0]), 96).copy()
    lab = color.rgb_to_lab(torch.from_numpy(photo).permute(2, 0, 1)[None] / 255)
    gray, ab = lab[:, :1], lab[:, 1:]
    guess = torch.nn.functional.interpolate(ab[..., ::12, ::12], size=96, mode="bilinear") * 0.7

    def picture(lightness, ab):
        return to_pixels(color.join_lightness(lightness, ab))[0]

    figure, axis = plt.subplots(figsize=(9.2, 3.1))
    axis.set(xlim=(0, 12), ylim=(-0.05, 4), aspect="equal")
    axis.set_axis_off()
    ink, today = "0.35", "#d95f02"

    def thumb(x, y, image, label, marked=False):
        axis.imshow(image, extent=(x - 0.65, x + 0.65, y - 0.65, y + 0.65), zorder=2)
        edge = {"edgecolor": today if marked else ink, "linewidth": 3 if marked else 0.8}
        axis.add_patch(plt.Rectangle((x - 0.65, y - 0.65), 1.3, 1.3, fill=False, zorder=3, **edge))
        axis.text(x, y - 0.75, label, ha="center", va="top", fontsize=9)

    def box(x, y, label):
        marked = label in station
        face, text = (today, "white") if marked else ("white", "black")
        style = {"boxstyle": "round,pad=0.5", "facecolor": face, "edgecolor": today if marked else ink}
        weight = "bold" if marked else "normal"
        axis.text(x, y, label, ha="center", va="center", color=text, weight=weight, bbox=style, zorder=3)

    def arrow(start, end, **style):
        line = {"arrowstyle": "-|>", "color": ink, "shrinkA": 0, "shrinkB": 0} | style
        axis.annotate("", end, start, arrowprops=line, zorder=1)

    flat = torch.full_like(gray, 65.0)
    thumb(0.8, 2.0, photo, "photo", "photo" in station)
    thumb(4.0, 3.0, picture(gray, 0 * ab), "gray")
    thumb(4.0, 0.9, picture(flat, ab), "true color")
    thumb(8.0, 3.0, picture(flat, guess), "")
    axis.text(8.72, 2.2, "predicted\ncolor", fontsize=9, va="center")
    thumb(11.2, 3.0, picture(gray, guess), "colorized")
    box(2.3, 2.0, "split")
    box(6.0, 3.0, "generator")
    box(9.75, 3.0, "join")
    box(8.0, 0.9, "loss")
    arrow((1.45, 2.0), (1.97, 2.0))
    arrow((2.62, 2.22), (3.33, 2.9))
    arrow((2.62, 1.78), (3.33, 1.0))
    for left, right in ((4.65, 5.38), (6.62, 7.33), (8.65, 9.42), (10.08, 10.53)):
        arrow((left, 3.0), (right, 3.0))
    arrow((4.3, 3.65), (9.6, 3.35), connectionstyle="arc3,rad=-0.13")  # gray also goes around the generator
    arrow((4.65, 0.9), (7.68, 0.9))
    arrow((8.0, 2.35), (8.0, 1.12))
    arrow((7.68, 1.1), (6.0, 2.76), linestyle="--", connectionstyle="arc3,rad=-0.2")
    axis.text(5.95, 1.5, "gradient", fontsize=9, ha="center", style="italic", color=ink)
    figure.subplots_adjust(0, 0, 1, 1)
    plt.close(figure)
    return figure


def losses(rows: list[dict]) -> Figure:
    """A training's losses over the epochs: the discriminator's left (if there is one), the generator's right.

    rows: the history, as `colorlib.training` keeps it.
    """
    names = [name for name in rows[0] if name.startswith("loss_")]
    panels = [[n for n in names if n.startswith(f"loss_{network}")] for network in "DG"]
    panels = [panel for panel in panels if panel] or [names]
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


def to_png(figure: Figure) -> bytes:
    """The figure as an opaque PNG at the course's resolution (100 dots per inch)."""
    return _encode(figure, "png", metadata={"Software": None})


def _encode(figure: Figure, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=DPI, facecolor="white", **options)
    plt.close(figure)
    return buffer.getvalue()


def show(figure: Figure, alt: str) -> None:
    """Show a figure in a notebook with alt text, for readers who can't see it.

    alt: what a person would notice in the picture, in a sentence. A figure that is large as PNG, as photographs
    are, is shown as JPEG (with full color resolution), since a notebook with all its pictures has 1 MB.
    """
    from IPython.display import display

    if len(alt.split()) < 4:
        raise ValueError(f"alt text should say in a sentence what the picture shows, got {alt!r}")
    kind, encoded = "image/png", to_png(figure)
    if len(encoded) > LARGE_PNG:
        kind, encoded = "image/jpeg", _encode(figure, "jpeg", pil_kwargs={"quality": 85, "subsampling": 0})
    data = {kind: base64.b64encode(encoded).decode(), "text/plain": f"[picture: {alt}]"}
    display(data, metadata={kind: {"alt": alt}}, raw=True)
