"""Pictures side by side, each under its title, pixel for pixel where they are as large as they are shown; swatches.

A row of `plots.grid` has one label for many pictures; here each picture has a title of its own. Fine grain must be seen
as it is, so a picture that is shown at its own size is not resampled, and one that is enlarged keeps its pixels.
Lesson 1 is the first to need it.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image

from colorlib import color
from colorlib.plots.figures import to_pixels

TITLE, GAP = 26, 12  # pixels: above a picture, and between two
DOTS = 100  # pixels an inch, as `plots.show` writes them


def as_picture(image) -> np.ndarray:
    """One picture as uint8 `(H, W, 3)`: a PIL image, or a batch of one as `plots.to_pixels` takes it."""
    if isinstance(image, Image.Image):
        return np.asarray(image.convert("RGB"))
    pictures = to_pixels(image)
    if len(pictures) != 1:
        raise ValueError(f"a gallery shows one picture under each title, got a batch of {len(pictures)}")
    return pictures[0]


def gallery(pictures: dict, columns: int | None = None, width: int | None = None) -> Figure:
    """Pictures by title, in rows of `columns` (default: one row).

    pictures: title -> a PIL image, or a tensor `(1, 3, H, W)` or `(1, 1, H, W)`, float in [0, 1]. Titles end in spaces
    where two would be the same. width: of each picture as shown, in pixels (default: the first one's own).
    """
    pictures = {title: as_picture(image) for title, image in pictures.items()}
    columns = columns or len(pictures)
    rows = -(-len(pictures) // columns)
    first = next(iter(pictures.values()))
    width = width or first.shape[1]
    heights = [round(width * image.shape[0] / image.shape[1]) for image in pictures.values()]
    tall = [max(heights[row * columns : (row + 1) * columns]) for row in range(rows)]
    across = columns * width + (columns - 1) * GAP
    down = sum(tall) + rows * TITLE + (rows - 1) * GAP
    figure = plt.figure(figsize=(across / DOTS, down / DOTS), dpi=DOTS)
    for number, ((title, image), height) in enumerate(zip(pictures.items(), heights, strict=True)):
        row, column = divmod(number, columns)
        left = column * (width + GAP)
        top = sum(tall[:row]) + (row + 1) * TITLE + row * GAP
        axis = figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
        axis.imshow(image, interpolation="nearest" if width >= image.shape[1] else "antialiased", aspect="auto")
        axis.set_axis_off()
        axis.set_title(title.rstrip(), fontsize=10, pad=6)
    plt.close(figure)
    return figure


def patches(rows: dict) -> Figure:
    """Rows of flat patches: label -> list of (sRGB of three numbers in [0, 1], text in the patch)."""
    count = max(map(len, rows.values()))
    figure, axis = plt.subplots(figsize=(9.4, 0.85 * len(rows) + 0.1))
    for row, (label, marks) in enumerate(rows.items()):
        axis.text(-0.08, row + 0.5, label, ha="right", va="center", fontsize=10)
        for column, (rgb, text) in enumerate(marks):
            rgb = [min(max(float(value), 0.0), 1.0) for value in rgb]
            axis.add_patch(plt.Rectangle((column, row), 0.97, 0.94, facecolor=rgb))
            light = float(color.lightness_of(torch.tensor(rgb).view(1, 3, 1, 1)))
            ink = "black" if light > 55 else "white"
            axis.text(column + 0.485, row + 0.47, text, color=ink, ha="center", va="center", fontsize=10)
    axis.set(xlim=(-0.22 * count, count), ylim=(len(rows), 0))
    axis.set_axis_off()
    figure.subplots_adjust(0, 0, 1, 1)
    plt.close(figure)
    return figure
