"""Whole photographs, measured and drawn: what tools/starter.py and tools/three_ways.py share."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from colorlib import photos, plots
from colorlib.data import evenly
from colorlib.files import write_atomically
from colorlib.metrics import Metrics, gray_row

SHOWN = {"mae_percent": "MAE (%)", "psnr_pooled": "PSNR pooled (dB)", "ciede2000_mean": "CIEDE2000"} | {
    "colorfulness_ratio": "colorfulness ratio"
}


def in_halves(folder, count: int) -> tuple[list[Image.Image], list[Image.Image]]:
    """So many photographs of a folder, evenly taken: those that may choose something, and those that are measured."""
    paths = evenly(np.array(photos.find_photos(folder)), count)
    return [photos.read_rgb(path) for path in paths[::2]], [photos.read_rgb(path) for path in paths[1::2]]


def as_rgb(image: Image.Image) -> torch.Tensor:
    """A photo as a batch of one: `(1, 3, H, W)` in [0, 1]."""
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None] / 255


def measure_whole(originals: list[Image.Image], colorized) -> dict:
    """The metrics of whole photos, each of its own size."""
    metrics = Metrics()
    for original, ours in zip(originals, colorized, strict=True):
        metrics.update(as_rgb(ours), as_rgb(original))
    return metrics.compute()


def in_gray(originals: list[Image.Image]) -> list[Image.Image]:
    return [Image.fromarray(plots.to_pixels(gray_row(as_rgb(original)))[0]) for original in originals]


def draw(rows: dict[str, list[Image.Image]], folder: Path, most: int = 24, a_sheet: int = 8) -> None:
    """Sheets of photographs, photos-1.jpg, ...: a labeled row for each entry of `rows`."""
    count = min(most, *(len(images) for images in rows.values()))
    for number, start in enumerate(range(0, count, a_sheet), start=1):
        squares = {
            name: np.stack([photos.square(image, 128) for image in images[start : start + a_sheet]])
            for name, images in rows.items()
        }
        sheet = Image.open(io.BytesIO(plots.to_png(plots.grid(squares, tile=1.3)))).convert("RGB")
        write_atomically(
            folder / f"photos-{number}.jpg",
            lambda place, sheet=sheet: sheet.save(place, format="JPEG", quality=88, subsampling=0),
        )
