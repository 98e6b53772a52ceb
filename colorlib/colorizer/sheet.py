"""A contact sheet: one photo in the colors of a grid of targets, labeled, to choose from.

colorlib colorize starter photo.jpg --exact --sheet saturation=0.1,0.3,0.5 hue=free,0.1,0.6 --output out
"""

import itertools
from collections.abc import Sequence

from matplotlib.figure import Figure
from PIL import Image

from colorlib import photos
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS, check_target
from colorlib.errors import ConfigError
from colorlib.plots.gallery import gallery

WIDTH = 220  # pixels: of a picture of the sheet
MOST = 100  # pictures of one sheet

Axis = tuple[str, list[float | None]]  # a control and its targets, None where it is free


def read_axes(texts: Sequence[str]) -> list[Axis]:
    """One or two of "saturation=0.1,0.3,free" as controls and their targets. Raises `ConfigError`."""
    axes = []
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or name not in CONTROLS:
            raise ConfigError(f"--sheet {text}: it takes a control and its targets, as saturation=0.1,0.3,free")
        try:
            targets = [None if value == "free" else float(value) for value in values.split(",")]
        except ValueError:
            raise ConfigError(f"--sheet {text}: a target is a number, or free") from None
        for target in targets:
            if target is not None:
                check_target(name, target)
        axes.append((name, targets))
    if len(axes) > 2 or len({name for name, _ in axes}) < len(axes):
        raise ConfigError("--sheet takes one control for the columns and another one for the rows")
    count = len(list(itertools.product(*(targets for _, targets in axes))))
    if count > MOST:
        raise ConfigError(f"--sheet asks for {count} pictures; {MOST} are the most")
    return axes


def sheet(
    colorizer: Colorizer, photo: Image.Image, axes: list[Axis], targets: dict[str, float] | None = None, exact=False
) -> Figure:
    """The photo for each target of the first axis, a column each, and of the second, if any, a row each.

    targets: of further controls, the same for all. exact: see `Colorizer.colorize`.
    """
    (across, columns), *others = axes
    down, rows = others[0] if others else ("", [None])
    small, _ = photos.to_rgb(photos.as_image(photo))
    small.thumbnail((2 * WIDTH, 2 * WIDTH))
    pictures = {}
    for low, right in itertools.product(rows, columns):
        asked = {name: target for name, target in ((across, right), (down, low)) if target is not None}
        title = ", ".join([in_words(across, right)] + ([in_words(down, low)] if down else []))
        title += " " * sum(other.rstrip() == title for other in pictures)  # a gallery's titles differ
        pictures[title] = colorizer.colorize(small, targets=(targets or {}) | asked, exact=exact)
    return gallery(pictures, columns=len(columns), width=WIDTH)


def in_words(name: str, target: float | None) -> str:
    """A control and its target as a title says it."""
    return f"{name.replace('_', ' ')} {'free' if target is None else f'{target:g}'}"
