"""A photo under sliders: the generator sees it once, and each setting joins it anew, in a fraction of a second.

It is what the local page (`colorlib.app.page`) and a notebook's sliders (`colorlib.app.panel`) have in common: a
preview of the photo, and for given targets the preview in color, with what was obtained and what the photo can have.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colorlib import photos
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS
from colorlib.moving import changes, misses, reach, tried_on

PREVIEW = 800  # pixels: long side of what is shown
TRIED_LIVE = 64  # pixels: short side at which colors are tried; the whole photo is moved more carefully
ALWAYS = ("saturation", "hue")  # controls that have a slider whatever the colorizer listens to
ROUNDS_LIVE = 3  # see `changes`


@dataclass(frozen=True)
class Answer:
    """A preview in color, RGB, and what its controls are.

    obtained: of each control that was asked about, measured on the picture. missed: of those whose target was to be met
    exactly and isn't, the least and the most that the photo can be moved to, or None where the target is not beyond
    them: then the other targets, or the photo's many hues, are in its way.
    """

    picture: Image.Image
    obtained: dict[str, float]
    missed: dict[str, tuple[float, float] | None]


class LivePhoto:
    """A colorizer's photo, to be colored again and again. It holds the preview alone, not the whole photo.

    photo: as of `Colorizer.colorize`. long: the preview's long side in pixels; a smaller photo stays as it is. One
    object serves one user: the colorizer may be shared, since nothing is written into it.
    """

    def __init__(self, colorizer: Colorizer, photo, long: int = PREVIEW):
        rgb, alpha = photos.to_rgb(photos.as_image(photo))
        self.colorizer, self.size = colorizer, rgb.size
        self.seen = colorizer.seen(rgb)
        self.preview = rgb.copy() if alpha is None else Image.composite(rgb, Image.new("RGB", rgb.size, "white"), alpha)
        self.preview.thumbnail((long, long))
        self._told, self._ab = None, None  # the latest targets that the generator was told, and its color for them

    def gray(self) -> Image.Image:
        """The preview without its color, in its own lightness."""
        return Image.fromarray(
            self.colorizer.join(np.asarray(self.preview), torch.zeros(2, 1, 1, device=self.colorizer.device))
        )

    def answer(self, targets: dict[str, float] | None = None, exact: bool = False, about: Iterable[str] = ()) -> Answer:
        """The preview in color. targets, exact: as of `Colorizer.colorize`. about: controls to measure, besides those
        that have a target. Raises `ColorizerError` and `ConfigError` for targets that can't be."""
        told, wanted = self.colorizer.told_and_wanted(targets or {}, exact)
        ab = self._predicted(told)
        asked = {name: torch.full((1,), float(target), device=ab.device) for name, target in (targets or {}).items()}
        lightness, before = tried_on(self.preview, ab, TRIED_LIVE)
        moved = ab[None]
        for change in changes(lightness, before, {name: asked[name] for name in wanted}, ROUNDS_LIVE):
            moved = change(moved)
        pixels = self.colorizer.join(np.asarray(self.preview), moved[0])
        rgb = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
        found = {name: CONTROLS[name].measure(rgb) for name in dict.fromkeys((*about, *asked))}
        missed = {}
        for name in wanted:
            if misses(found[name], asked[name].cpu(), CONTROLS[name]):
                low, high = (end.item() for end in reach(lightness, before, name))
                missed[name] = None if low <= targets[name] <= high else (low, high)
        return Answer(Image.fromarray(pixels), {name: value.item() for name, value in found.items()}, missed)

    def _predicted(self, told: dict[str, float]) -> Tensor:
        """The generator's color, ab `(2, h, w)`; it is asked again only when it is told something else."""
        if self._told != told:
            self._told, self._ab = dict(told), self.colorizer.predict_seen([self.seen], told)[0]
        return self._ab


def slider_names(colorizer: Colorizer) -> tuple[str, ...]:
    """The controls that have a slider: saturation, hue, and what else the colorizer listens to."""
    return tuple(dict.fromkeys((*ALWAYS, *colorizer.model.conditions)))


def listens(colorizer: Colorizer) -> str:
    """A sentence on how this colorizer takes targets."""
    heard = colorizer.model.conditions
    if not heard:
        return (
            "This colorizer listens to no targets: it colors the photo in its own way, and the sliders then move the "
            "color of its answer until the target is met (exact)."
        )
    return (
        f"This colorizer listens to {' and '.join(heard)}: it comes near to what you ask for. With exact its answer is "
        "then moved until the target is met."
    )


def exactly(colorizer: Colorizer, targets: dict[str, float], exact: bool) -> bool:
    """Whether targets are to be met exactly: as asked for, or because the colorizer doesn't listen to one of them."""
    return bool(exact) or not set(targets) <= set(colorizer.model.conditions)


def complaints(targets: dict[str, float], answer: Answer) -> list[str]:
    """A sentence for each target that the answer misses."""
    found = []
    for name, ends in answer.missed.items():
        missed = f"{name} {targets[name]:.2f} can't be met on this photo"
        if ends is not None:
            found.append(f"{missed}: its gamut allows {ends[0]:.2f} to {ends[1]:.2f}.")
        elif len(targets) > 1:
            found.append(f"{missed} together with the rest of what is asked for.")
        else:
            found.append(f"{missed}; this is as near as it comes.")
    return found
