"""Folders of photos for tests: random pictures, no two of them alike."""

import numpy as np
from PIL import Image


def make_photos(folder, count, size=(40, 40), seed=0):
    """Write `count` PNG files of size (height, width) with random pixels; the folder comes back."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        Image.fromarray(random.integers(0, 255, (*size, 3), dtype=np.uint8)).save(folder / f"{i:03d}.png")
    return folder
