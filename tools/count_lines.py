"""Count what the code of the notebooks is for: `python tools/count_lines.py [NOTEBOOK ...]`.

Each line of code teaches, draws or checks; setup (imports, and the cells tagged `setup` and `parameters`) stands apart.
A statement checks if it asserts or calls a checker, draws if it uses a name of the figures, and teaches otherwise. A
loop's or a function's first line goes with most of its body. Blank lines, comments and docstrings aren't counted.
"""

import ast
import statistics
import sys
from collections import Counter
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("teach", "draw", "check", "setup")
DRAWING = {"Live", "ax", "axes", "axis", "curves", "fig", "figure", "grid", "live", "plots", "plt", "show", "table"}
CHECKING = {"agree", "allclose", "bool", "check", "checks"}


def names(node) -> set[str]:
    """Names that a statement uses: `plt.show(x)` uses plt and x."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def kind(statement) -> str:
    """What a statement without a body is for."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return "setup"
    if isinstance(statement, ast.Assert) or names(statement) & CHECKING:
        return "check"
    return "draw" if names(statement) & DRAWING else "teach"


def is_docstring(statement) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def count(statements: list) -> Counter:
    """Lines of each kind in statements, with those inside them."""
    total = Counter()
    for statement in statements:
        bodies = [getattr(statement, field, []) for field in ("body", "orelse", "finalbody")]
        bodies += [handler.body for handler in getattr(statement, "handlers", [])]
        inner = [one for body in bodies if isinstance(body, list) for one in body]
        if is_docstring(statement):
            continue
        if not inner:
            total[kind(statement)] += statement.end_lineno - statement.lineno + 1
            continue
        inside = count(inner)
        first = max(inside, key=inside.get) if inside else "teach"
        total += inside + Counter({first: inner[0].lineno - statement.lineno})
    return total


def count_cell(cell) -> Counter:
    """Lines of each kind in a code cell."""
    code = [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith(("#", "%", "!"))]
    if {"setup", "parameters"} & set(cell.metadata.get("tags", [])):
        return Counter(setup=len(code))
    return count(ast.parse("\n".join(code)).body)


def count_notebook(notebook) -> Counter:
    """Lines of each kind in all code cells."""
    return sum((count_cell(cell) for cell in notebook.cells if cell.cell_type == "code"), Counter())


def main(arguments: list[str]) -> None:
    paths = [Path(name) for name in arguments] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    print(f"{'':32}" + "".join(f"{name:>8}" for name in (*KINDS, "cells", "median", "longest")))
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        lengths = [len(cell.source.splitlines()) for cell in notebook.cells if cell.cell_type == "code"]
        lines = count_notebook(notebook)
        row = [lines[name] for name in KINDS] + [len(lengths), statistics.median(lengths), max(lengths)]
        print(f"{path.name:32}" + "".join(f"{value:>8g}" for value in row))


if __name__ == "__main__":
    main(sys.argv[1:])
