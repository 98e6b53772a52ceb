"""Count how often each bin of a and b occurs in photographs, for colorlib/color/ab_prior.txt.

    python tools/ab_prior.py data/tiny-imagenet/train

Bins are the corners of all cells of the grid that hold a color of sRGB. Gray photographs are left out, and so is a
fiftieth of the photographs that could be held out of a training.
"""

import argparse
import itertools

import torch

from colorlib.color import rgb_to_lab
from colorlib.color.bins import PRIOR_FILE, SIDE, STEP
from colorlib.data import load_photos
from colorlib.files import write_atomically

LEVELS = 129  # of red, green and blue, when the gamut is gone through


def bins() -> list[tuple[float, float]]:
    """The corners of all cells that hold a color of sRGB, in order."""
    levels, corners = torch.linspace(0, 1, LEVELS), set()
    for reds in levels.split(8):
        rgb = torch.cartesian_prod(reds, levels, levels).T.reshape(1, 3, 1, -1)
        cells = (rgb_to_lab(rgb)[0, 1:, 0] / STEP).floor().unique(dim=1)
        for a, b in cells.T.tolist():
            corners |= {((a + i) * STEP, (b + j) * STEP) for i, j in itertools.product((0, 1), repeat=2)}
    return sorted(corners)


def count(folder: str, size: int, limit: int) -> torch.Tensor:
    """How much of each point of the grid there is in a folder's photographs, `(SIDE * SIDE,)`, as a soft code."""
    photo_set = load_photos(folder, size=size)
    train = photo_set.split("98/1/1")["train"]
    train = train[~photo_set.gray[train]][:: max(1, len(train) // limit)]
    total = torch.zeros(SIDE, SIDE, dtype=torch.float64)
    for start in range(0, len(train), 250):
        ab = rgb_to_lab(photo_set.batch(train[start : start + 250]) / 255)[:, 1:]
        place = torch.nn.functional.avg_pool2d(ab, 2) / STEP + SIDE // 2
        low = place.floor().clamp(0, SIDE - 2)
        (at_a, at_b), (up_a, up_b) = low.long().unbind(1), (place - low).double().unbind(1)
        for i, j in itertools.product((0, 1), repeat=2):
            part = (up_a if i else 1 - up_a) * (up_b if j else 1 - up_b)
            total.index_put_((at_a + i, at_b + j), part, accumulate=True)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="photographs, at any depth")
    parser.add_argument("--size", type=int, default=64, help="pixels a side [64]")
    parser.add_argument("--limit", type=int, default=20_000, help="about so many photographs [20000]")
    arguments = parser.parse_args()
    total = count(arguments.folder, arguments.size, arguments.limit)
    lines = [f"# a, b, fraction of the pixels; tools/ab_prior.py {arguments.folder} --limit {arguments.limit}"]
    for a, b in bins():
        amount = total[int(a / STEP) + SIDE // 2, int(b / STEP) + SIDE // 2] / total.sum()
        lines.append(f"{a:g} {b:g} {amount:.3g}")
    write_atomically(PRIOR_FILE, "\n".join(lines) + "\n")
    print(f"{PRIOR_FILE}: {len(lines) - 1} bins")


if __name__ == "__main__":
    main()
