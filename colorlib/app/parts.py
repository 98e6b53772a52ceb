"""What the local page (`colorlib.app.page`) shows, its sentences, pictures and look, and what it takes for a photo."""

import base64
import html
import io
from pathlib import Path

from PIL import Image

from colorlib import photos
from colorlib.app.live import PREVIEW, Answer, complaints
from colorlib.controls import CONTROLS
from colorlib.errors import PhotoError

MOST_PIXELS = 50_000_000  # of a photo
MOST_BYTES = 50_000_000  # of its file

CSS = """
.photos figure { margin: 0; }
.photos img { width: 100%; display: block; border-radius: 6px; }
.photos figcaption { padding: 6px 2px; }
.empty { border: 1px dashed var(--border-color-primary); border-radius: 6px; padding: 25% 8%; text-align: center; }
.said { min-height: 1.5em; }
.refused { color: #b42318; font-weight: 600; }
.dark .refused { color: #f97066; }
.angle { --hues: linear-gradient(to right, red, yellow, lime, cyan, blue, magenta, red); }
.angle input::-webkit-slider-runnable-track { background: var(--hues) !important; }
.angle input::-moz-range-track { background: var(--hues) !important; }
.angle input::-moz-range-progress { background: none !important; }
#report th, #report td { border-color: var(--border-color-primary) !important; }
@media (max-width: 600px) { .pair { flex-direction: column; } }
"""


def in_range(name: str) -> str:
    """A control's range and unit, as a slider says it."""
    control = CONTROLS[name]
    return control.along or f"{control.low:g} to {control.high:g} {control.unit}".rstrip()


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


def comparison(targets: dict[str, float], answer: Answer) -> str:
    """What was asked for and what was obtained, as a Markdown table, and a sentence for each target that is missed."""
    lines = ["| | asked for | obtained |", "| --- | ---: | ---: |"]
    for name, found in answer.obtained.items():
        asked = f"{targets[name]:.2f}" if name in targets else "free"
        lines.append(f"| {name.replace('_', ' ')} | {asked} | {found:.3f} |")
    lines += [f"\n{complaint}" for complaint in complaints(targets, answer)]
    return "\n".join(lines)


def described(name: str, size: tuple[int, int]) -> str:
    """HTML that says which photo is shown. size: its width and height in pixels."""
    smaller = "; shown smaller, downloaded at its full size" if max(size) > PREVIEW else ""
    return f"<p>{html.escape(name)}, {size[0]} x {size[1]} pixels{smaller}.</p>"


def refused(error: Exception | str) -> str:
    """HTML that says why a photo isn't taken."""
    return f'<p class="refused" role="alert">{html.escape(str(error))}</p>'
