"""Sliders in a notebook: a photo, saturation and hue free or bound, gray and color side by side (lesson 6).

    from colorlib.app.panel import sliders
    sliders(colorizer, photos.bundled_photos())

It is made of what ipywidgets 7.7 (Colab's) and 8 have in common, and imports it when it is called.
"""

import html
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image

from colorlib import photos
from colorlib.app.live import LivePhoto, complaints, exactly, listens, slider_names
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS
from colorlib.errors import ConfigError

PANEL_SIDE = 420  # pixels: long side of each picture


def sliders(colorizer: Colorizer, photos_: Mapping | Iterable, long: int = PANEL_SIDE) -> "Panel":
    """A panel of sliders for some photos, to be the last line of a notebook's cell.

    photos_: paths or PIL images, or a mapping from titles to them. long: long side of each picture in pixels. Raises
    `ConfigError` for no photos, or without ipywidgets, and `PhotoError` for a path that is no photo.
    """
    if not isinstance(photos_, Mapping):
        photos_ = {title(photo, number): photo for number, photo in enumerate(photos_, start=1)}
    if not photos_:
        raise ConfigError("sliders want at least one photo")
    return Panel(colorizer, {name: opened(photo) for name, photo in photos_.items()}, long)


def title(photo, number: int) -> str:
    """What a photo is called in the chooser: its file's name, or its number."""
    return Path(photo).stem.replace("_", " ") if isinstance(photo, (str, Path)) else f"photo {number}"


def opened(photo):
    """A photo, read if it is a path."""
    return photos.open_photo(photo) if isinstance(photo, (str, Path)) else photo


def jpeg(image: Image.Image) -> bytes:
    """An RGB image as it goes to the notebook's page."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92, subsampling=0)
    return buffer.getvalue()


class Panel:
    """The widgets, and what happens when one is moved; `sliders` makes it.

    chooser, free, target, exact are the widgets that are moved (`free` and `target` by control), gray, colored and
    said those that answer; `box` holds them all.
    """

    def __init__(self, colorizer: Colorizer, photos_: dict, long: int):
        try:
            import ipywidgets as widgets
        except ImportError:
            raise ConfigError("sliders need ipywidgets, which isn't here; pip install 'ipywidgets>=7.7'") from None
        self.colorizer, self.photos, self.long = colorizer, photos_, long
        told = bool(colorizer.model.conditions)
        self.chooser = widgets.Dropdown(options=list(photos_), description="photo")
        self.free, self.target = {}, {}
        for name in slider_names(colorizer):
            low, high = CONTROLS[name].low, CONTROLS[name].high
            self.free[name] = widgets.Checkbox(value=True, description="free", indent=False)
            self.target[name] = widgets.FloatSlider(
                value=(low + high) / 2, min=low, max=high, step=(high - low) / 100, description=name.replace("_", " ")
            )
        self.exact = widgets.Checkbox(value=not told, description="exact", disabled=not told, indent=False)
        self.gray, self.colored, self.said = widgets.Image(format="jpeg"), widgets.Image(format="jpeg"), widgets.HTML()
        rows = [widgets.HBox([self.target[name], self.free[name]]) for name in self.target]
        pictures = widgets.HBox([self.gray, self.colored])
        hint = widgets.HTML(f"<small>{html.escape(listens(colorizer))}</small>")
        self.box = widgets.VBox([self.chooser, *rows, self.exact, pictures, self.said, hint])
        self.chooser.observe(lambda change: self.choose(), names="value")
        self.exact.observe(lambda change: self.color(), names="value")
        for name in self.target:
            self.free[name].observe(lambda change: self.color(), names="value")
            self.target[name].observe(lambda change, name=name: self.bind(name), names="value")
        self.choose()

    def choose(self) -> None:
        """Show the chosen photo."""
        self.live = LivePhoto(self.colorizer, self.photos[self.chooser.value], self.long)
        self.gray.value = jpeg(self.live.gray())
        self.color()

    def bind(self, name: str) -> None:
        """A slider was moved: its control is no longer free."""
        if self.free[name].value:
            self.free[name].value = False  # which colors, too
        else:
            self.color()

    def color(self) -> None:
        """Color the photo for what is asked now, and say what was obtained."""
        targets = {name: slider.value for name, slider in self.target.items() if not self.free[name].value}
        answer = self.live.answer(targets, exactly(self.colorizer, targets, self.exact.value), self.target)
        self.colored.value = jpeg(answer.picture)
        lines = [
            f"{name.replace('_', ' ')}: asked for {f'{targets[name]:.2f}' if name in targets else 'nothing'}, "
            f"obtained {found:.3f}"
            for name, found in answer.obtained.items()
        ]
        self.said.value = "<br>".join(map(html.escape, lines + complaints(targets, answer)))

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.box)
