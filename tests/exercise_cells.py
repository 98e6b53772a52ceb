"""The cells of a notebook's exercises, run: what its reader is given, and what its author answers."""

import json
import math
from pathlib import Path

import torch

from colorlib import color

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def stubs(notebook: str) -> dict:
    """The names that the exercise cells of a notebook define, as the reader finds them."""
    return _run(NOTEBOOKS / notebook, "exercise")


def solutions(notebook: str) -> dict:
    """The names that the solutions of a notebook's exercises define."""
    return _run(NOTEBOOKS / "solutions" / notebook, "solution")


def _run(path: Path, tag: str) -> dict:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = ["".join(cell["source"]) for cell in cells if tag in cell["metadata"].get("tags", [])]
    assert len(found) >= 3, f"{path.name} has {len(found)} cells tagged {tag}; expected one for each exercise"
    names = {"torch": torch, "nn": torch.nn, "math": math, "color": color}
    for source in found:
        exec(source, names)
    return names
