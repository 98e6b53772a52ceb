"""The local page: a photo, sliders for what is asked of its colors, gray and color side by side, a download.

    colorlib app            and open http://127.0.0.1:7860

The page is Gradio's (the extra `app`), imported when the page is made. Each visitor has a state of their own, a
`LivePhoto`; what they share, the colorizer, is only read. How it is served is in `colorlib.app.server`.
"""

import functools
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from colorlib import photos
from colorlib.app.live import LivePhoto, exactly, listens, slider_names
from colorlib.app.parts import comparison, described, figure, in_range, open_upload, refused
from colorlib.colorizer import Colorizer
from colorlib.controls import CONTROLS
from colorlib.errors import ConfigError, InputError

EXAMPLES = {path.stem.replace("_", " "): path for path in photos.bundled_photos()}
GRAY_PLACE, COLOR_PLACE = "Your photo in gray", "and in color"  # where the pictures will be


class Visit(NamedTuple):
    """What the page knows of one visitor: the photo's file, its name as it was given, and the photo under sliders."""

    path: str
    name: str
    live: LivePhoto


def color(visit: Visit, targets: dict[str, float], exact: bool) -> tuple[str, str]:
    """The right picture and the report below it, as HTML and Markdown, for what one visitor asks for."""
    live = visit.live
    answer = live.answer(targets, exact, slider_names(live.colorizer))
    asked = ", ".join(f"{name} {target:.2f}" for name, target in targets.items())
    alt = f"{visit.name} in color" + (f", {asked}" if asked else "")
    return figure(answer.picture, "In color", alt), comparison(targets, answer)


def whole(visit: Visit, targets: dict[str, float], exact: bool, folder: Path) -> Path:
    """The file of the whole photo in color, written below `folder`: JPEG stays JPEG, all else becomes PNG."""
    photo = photos.open_photo(visit.path)
    colorized = visit.live.colorizer.colorize(photo, targets=targets, exact=exact)
    name = re.sub(r"[^\w. -]", "_", Path(visit.name).stem) or "photo"
    ending = ".jpg" if Path(visit.name).suffix.lower() in (".jpg", ".jpeg") else ".png"
    file = Path(tempfile.mkdtemp(dir=folder)) / f"{name}-colorized{ending}"
    photos.save_photo(colorized, file, photos.exif_bytes(photo))
    return file


class Page:
    """What the page's events do; its outputs are values for Gradio's components. It holds nothing of a visitor."""

    def __init__(self, colorizer: Colorizer, folder: Path):
        self.colorizer, self.folder, self.names = colorizer, folder, slider_names(colorizer)

    def targets(self, values) -> tuple[dict[str, float], bool]:
        """What the boxes and sliders say: the targets, and whether they are to be met exactly. values: `exact`, then
        for each control its `free` and its slider."""
        exact, *pairs = values
        free, targets = pairs[::2], pairs[1::2]
        asked = {
            name: float(target) for name, is_free, target in zip(self.names, free, targets, strict=True) if not is_free
        }
        return asked, exactly(self.colorizer, asked, exact)

    def opened(self, path: str | None, *values):
        """A photo was given, or taken away: the visit, what is said, gray, color, report, and None for the other way of
        giving one, which goes blank."""
        nothing = figure(None, GRAY_PLACE), figure(None, COLOR_PLACE), "", None
        if path is None:
            return None, "", *nothing
        name = Path(path).name
        try:
            live = LivePhoto(self.colorizer, open_upload(path, name))
            visit = Visit(path, name, live)
            colored, text = color(visit, *self.targets(values))
        except InputError as error:
            return None, refused(error), *nothing
        gray = figure(live.gray(), "In gray: all that the colorizer sees", f"{name} in gray")
        return visit, described(name, live.size), gray, colored, text, None

    def example(self, title: str | None, *values):
        """One of the bundled photographs was chosen."""
        return self.opened(str(EXAMPLES[title]) if title else None, *values)

    def moved(self, visit: Visit | None, *values):
        """A slider or a box was moved: color, report."""
        if visit is None:
            return figure(None, COLOR_PLACE), ""
        return color(visit, *self.targets(values))

    def bound(self, place: int, visit: Visit | None, *values):
        """The slider at `place` was moved, which binds its control, whatever its `free` says still: color, report."""
        values = list(values)
        values[1 + 2 * place] = False
        return self.moved(visit, *values)

    def download(self, visit: Visit | None, *values):
        """The path of the whole photo in color, and what is said."""
        if visit is None:
            return None, refused("Give a photo first.")
        return str(whole(visit, *self.targets(values), self.folder)), described(visit.name, visit.live.size)


def build(colorizer: Colorizer, folder: Path):
    """The page as Gradio's Blocks. folder: for the files that are downloaded. Raises `ConfigError` without Gradio."""
    try:
        import gradio as gr
    except ImportError:
        raise ConfigError("the page needs Gradio, which isn't here; install it: pip install 'gradio>=6.0'") from None
    page, told = Page(colorizer, folder), bool(colorizer.model.conditions)
    # One at a time, so that the answer to what was moved first is never the last to come.
    in_turn = {"api_visibility": "private", "concurrency_id": "color", "concurrency_limit": 1}
    quick = {"show_progress": "hidden", "trigger_mode": "always_last", **in_turn}
    slow = {"show_progress": "minimal", **in_turn}
    # Files that are older than a day go; all others go when the page ends.
    with gr.Blocks(title="Colorize a photo", analytics_enabled=False, delete_cache=(3600, 86400)) as blocks:
        visit = gr.State(None, time_to_live=86400)
        gr.Markdown("# Colorize a photo\nEverything stays on the machine that serves this page.")
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                upload = gr.File(label="Photo", height=140, elem_id="upload")
                example = gr.Dropdown([*EXAMPLES], value=None, label="or one that comes along", elem_id="example")
                controls = []
                for name in page.names:
                    control = CONTROLS[name]
                    with gr.Group():
                        free = gr.Checkbox(True, label=f"{name.replace('_', ' ')}: free", elem_id=f"free-{name}")
                        slider = gr.Slider(
                            control.low,
                            control.high,
                            value=(control.low + control.high) / 2,
                            step=(control.high - control.low) / 100,
                            label=name.replace("_", " "),
                            info=in_range(name),
                            elem_id=name,
                            elem_classes=["angle"] if control.is_angle else None,
                        )
                    controls += [free, slider]
                exact = gr.Checkbox(
                    not told, label="exact: move the answer until the target is met", interactive=told, elem_id="exact"
                )
                gr.Markdown(listens(colorizer))
            with gr.Column(scale=3, min_width=320):
                said = gr.HTML("", elem_classes="said", elem_id="said")
                with gr.Row(elem_classes="pair"):
                    gray = gr.HTML(figure(None, GRAY_PLACE), elem_id="gray")
                    colored = gr.HTML(figure(None, COLOR_PLACE), elem_id="colored")
                text = gr.Markdown("", elem_id="report")
                button = gr.Button("Download at full size", variant="primary", elem_id="download")
                file = gr.DownloadButton("file", visible="hidden", elem_id="file")
        values = [exact, *controls]
        shown = [visit, said, gray, colored, text]
        for event in (upload.upload, upload.clear):
            event(page.opened, [upload, *values], [*shown, example], **slow)
        example.input(page.example, [example, *values], [*shown, upload], **slow)
        for place, (free, slider) in enumerate(zip(controls[::2], controls[1::2], strict=True)):
            slider.input(None, None, free, js="() => false")  # in the browser, at once
            slider.input(functools.partial(page.bound, place), [visit, *values], [colored, text], **quick)
            free.input(page.moved, [visit, *values], [colored, text], **quick)
        exact.input(page.moved, [visit, *values], [colored, text], **quick)
        done = button.click(page.download, [visit, *values], [file, said], **slow)
        done.success(None, js="() => setTimeout(() => document.querySelector('#file')?.click(), 200)")
    return blocks
