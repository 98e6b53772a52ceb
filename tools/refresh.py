"""Run notebooks from top to bottom, each in a fresh kernel at scale `class`, and store their outputs.

`make refresh` runs all of them; `python tools/refresh.py notebooks/01_lab_color_space.ipynb` runs one. A notebook
whose cell fails stays as it was.
"""

import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "version": "3"},
}
PROGRESS_BAR = re.compile(r"\d+%\||\d+ ?\w+ \[\d\d:\d\d")  # tqdm's, with and without a known total
WIDGET = "application/vnd.jupyter.widget-view+json"


class CellFailed(Exception):
    """A cell stopped the run; the message says which and why."""


def last_drawn(text: str) -> str:
    """What a terminal shows in the end: of each line, what came after the last carriage return."""
    lines = [re.sub(r"\r+$", "", line).split("\r")[-1] for line in text.split("\n")]
    return "\n".join("" if line.isspace() else line for line in lines)


def is_only_progress(text: str) -> bool:
    return all(PROGRESS_BAR.search(line) for line in text.splitlines() if line.strip())


def merged(outputs: list) -> list:
    """Join streams of the same name that follow each other."""
    joined = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before.text += output.text
        else:
            joined.append(output)
    return joined


def clean(outputs: list) -> list:
    """A cell's outputs as a reader should see them: progress bars and the machine's paths gone."""
    kept = []
    for output in merged(outputs):
        if output.output_type == "stream":
            output.text = last_drawn(output.text)
            if not output.text or (output.name == "stderr" and is_only_progress(output.text)):
                continue
        elif WIDGET in output.get("data", {}) and is_only_progress(output.data.get("text/plain", "-")):
            continue  # tqdm's bar as a widget, whose state isn't stored
        elif output.output_type == "error":
            output.traceback = [shown_path(line) for line in output.traceback]
        kept.append(output)
    return merged(kept)


def shown_path(text: str) -> str:
    """Files of the course and of installed packages by their short names."""
    text = re.sub(r"(?:/[^\s\"'\x1b/]+)*/site-packages/", "", text)
    for root in (str(ROOT), str(ROOT).replace(str(Path.home()), "~", 1)):
        text = text.replace(f"{root}/", "")
    return text


def run(notebook, folder: Path) -> None:
    """Execute a notebook in place, in `folder`. Raises `CellFailed`."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    at = {}
    client = NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda cell, cell_index: at.update(index=cell_index),
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise CellFailed(f"{cell_name(notebook, at)} failed: {error.ename}: {error.evalue}") from None
    except DeadKernelError:
        raise CellFailed(f"{cell_name(notebook, at)} ended the kernel (out of memory?)") from None


def cell_name(notebook, at: dict) -> str:
    """A cell as Jupyter numbers it, counting those with code in them."""
    earlier = notebook.cells[: at.get("index", 0) + 1]
    number = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in earlier)
    return f"cell [{number}]"


def tidy(notebook) -> None:
    """Clean outputs, and metadata without traces of the machine and the run."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = clean(cell.outputs)


def refresh(path: Path) -> None:
    """Run one notebook and replace the file at once, or leave it. Raises `CellFailed`."""
    notebook = nbformat.read(path, as_version=4)
    run(notebook, path.parent)
    tidy(notebook)
    nbformat.validate(notebook)
    partial = path.with_suffix(".partial")
    try:
        partial.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def main(names: list[str]) -> None:
    os.environ["COLORLIB_SCALE"] = "class"
    os.environ.pop("MPLBACKEND", None)  # the kernels' own: inline
    notebooks = ROOT / "notebooks"
    everything = sorted(notebooks.glob("*.ipynb")) + sorted((notebooks / "solutions").glob("*.ipynb"))
    for path in [Path(name).resolve() for name in names] or everything:
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        start = time.monotonic()
        try:
            refresh(path)
        except FileNotFoundError:
            sys.exit(f"{shown}: no such notebook")
        except CellFailed as failure:
            sys.exit(f"{shown}: {failure}")
        print(f"{shown}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
