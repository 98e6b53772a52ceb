"""The local page: a photo, sliders for what is asked of its colors, gray and color side by side, a download.

    colorlib app            and open http://127.0.0.1:7860

The page is Gradio's (the extra `app`), imported when the page is made. Each visitor has a state of their own, a
`LivePhoto`; what they share, the colorizer, is only read. How it is served is in `colorlib.app_server`.
"""

import base64
import functools
import html
import io
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from colorlib import photos
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS
from colorlib.errors import ConfigError, InputError, PhotoError
from colorlib.live import Answer, LivePhoto

ALWAYS = ("saturation", "hue")  # controls that have a slider whatever the colorizer listens to
MOST_PIXELS = 50_000_000  # of a photo
MOST_BYTES = 50_000_000  # of its file
EXAMPLES = {path.stem.replace("_", " "): path for path in photos.bundled_photos()}

CSS = """
.photos figure { margin: 0; }
.photos img { width: 100%; display: block; border-radius: 6px; }
.photos figcaption { padding: 6px 2px; color: var(--body-text-color-subdued); }
.empty { border: 1px dashed var(--border-color-primary); border-radius: 6px; padding: 25% 8%; text-align: center;
  color: var(--body-text-color-subdued); }
.said { min-height: 1.5em; }
.refused { color: #b42318; font-weight: 600; }
.dark .refused { color: #f97066; }
"""


class Visit(NamedTuple):
    """What the page knows of one visitor: the photo's file, its name as it was given, and the photo under sliders."""

    path: str
    name: str
    live: LivePhoto


def slider_names(colorizer: Colorizer) -> tuple[str, ...]:
    """The controls that have a slider: saturation, hue, and what else the colorizer listens to."""
    return tuple(dict.fromkeys((*ALWAYS, *colorizer.model.conditions)))


def in_range(name: str) -> str:
    """A control's range and unit, as a slider says it."""
    control = CONTROLS[name]
    ends = "red 0, green 0.33, blue 0.67, red 1" if name == "hue" else f"{control.low:g} to {control.high:g}"
    return f"{ends} {control.unit}".rstrip()


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


def open_upload(path: str, name: str) -> Image.Image:
    """A photo that was given to the page. Raises `PhotoError` in words for the page."""
    if Path(path).stat().st_size > MOST_BYTES:
        raise PhotoError(f"{name} is too large: more than {MOST_BYTES // 10**6} MB. Make it smaller and try again.")
    try:
        with Image.open(path) as file:
            width, height = file.size
    except Exception:  # a broken file can make a decoder raise nearly anything
        raise PhotoError(f"{name} is no photo that can be read here. Give a JPEG, PNG, WebP or TIFF file.") from None
    if width * height > MOST_PIXELS:
        raise PhotoError(
            f"{name} is too large: {width} x {height} pixels, and {MOST_PIXELS // 10**6} million are the most. Make it "
            "smaller and try again."
        )
    try:
        return photos.open_photo(path)
    except PhotoError:
        raise PhotoError(f"{name} is damaged: it could not be read to its end. Give another copy of it.") from None


def figure(image: Image.Image | None, caption: str, alt: str = "") -> str:
    """HTML of a picture with its caption, or of the place where one will be."""
    if image is None:
        return f'<div class="photos"><div class="empty">{html.escape(caption)}</div></div>'
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92, subsampling=0)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<div class="photos"><figure><img src="data:image/jpeg;base64,{encoded}" alt="{html.escape(alt)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure></div>"
    )


def report(targets: dict[str, float], answer: Answer) -> str:
    """What was asked for and what was obtained, as a Markdown table, and a sentence for each target that is missed."""
    lines = ["| | asked for | obtained |", "| --- | ---: | ---: |"]
    for name, found in answer.obtained.items():
        asked = f"{targets[name]:.2f}" if name in targets else "free"
        lines.append(f"| {name.replace('_', ' ')} | {asked} | {found:.3f} |")
    for name, ends in answer.missed.items():
        missed = f"{name} {targets[name]:.2f} can't be met on this photo"
        if ends is not None:
            lines.append(f"\n{missed}: its gamut allows {ends[0]:.2f} to {ends[1]:.2f}.")
        elif len(targets) > 1:
            lines.append(f"\n{missed} together with the rest of what is asked for.")
        else:
            lines.append(f"\n{missed}; this is as near as it comes.")
    return "\n".join(lines)
