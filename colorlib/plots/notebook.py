"""How a figure or a table comes into a notebook: with a caption, opaque, and small enough to be committed."""

import base64
import io

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from colorlib.tables import markdown_table

DPI = 100
LARGE_PNG = 100_000  # bytes


def to_png(figure: Figure) -> bytes:
    """The figure as an opaque PNG at the course's resolution (100 dots per inch)."""
    return _encode(figure, "png", metadata={"Software": None})


def _encode(figure: Figure, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=DPI, facecolor="white", **options)
    plt.close(figure)
    return buffer.getvalue()


def _bundle(figure: Figure, caption: str) -> tuple[dict, dict]:
    """What a notebook shows of a figure: its data by kind, and their metadata, which hold the alt text."""
    kind, encoded = "image/png", to_png(figure)
    if len(encoded) > LARGE_PNG:
        kind, encoded = "image/jpeg", _encode(figure, "jpeg", pil_kwargs={"quality": 85, "subsampling": 0})
    data = {kind: base64.b64encode(encoded).decode(), "text/plain": f"[picture: {caption}]"}
    return data, {kind: {"alt": caption}}


def show(figure: Figure, caption: str) -> None:
    """Show a figure in a notebook, and under it the caption, which is its alt text too.

    caption: one sentence that says what to look at. A figure that is large as PNG, as photographs are, is shown as
    JPEG (with full color resolution), since a notebook with all its pictures has 1.5 MB. Raises `ValueError` for a
    caption of less than four words.
    """
    from IPython.display import Markdown, display

    if len(caption.split()) < 4:
        raise ValueError(f"a caption says in a sentence what the picture shows, got {caption!r}")
    data, metadata = _bundle(figure, caption)
    display(data, metadata=metadata, raw=True)
    display(Markdown(f"*{caption}*"))


def table(rows: list[list], left: int = 1) -> None:
    """Show lines of cells, the first the heading, as a table in a notebook. left: columns of words, the others are
    numbers. Floats are shown with four digits; format them yourself for another precision.
    """
    from IPython.display import Markdown, display

    cells = [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    display(Markdown(markdown_table(cells, left)))


class Live:
    """A figure that is drawn anew in its place, as a strip of pictures is while a network trains.

    caption: as of `show`; it stands under the figure from the first drawing on.
    """

    def __init__(self, caption: str):
        self.caption, self._handle = caption, None

    def update(self, figure: Figure) -> None:
        """Show the figure in place of the one before."""
        from IPython.display import Markdown, display

        data, metadata = _bundle(figure, self.caption)
        if self._handle is None:
            self._handle = display(data, metadata=metadata, raw=True, display_id=True)
            display(Markdown(f"*{self.caption}*"))
        else:
            self._handle.update(data, metadata=metadata, raw=True)
