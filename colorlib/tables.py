"""The one writer of tables: lines of cells as Markdown and as CSV; rows of metrics, of one run or of several seeds."""

import csv
import io
from collections.abc import Iterable

import torch

from colorlib.errors import ConfigError
from colorlib.files import write_atomically
from colorlib.metrics import METRICS

SHOWN = tuple(name for name, metric in METRICS.items() if metric.shown)  # the columns that nobody has to ask for


def markdown_table(lines: list[list[str]], left: int = 1) -> str:
    """Lines of cells, the first the heading, as a Markdown table whose plain text is aligned too.

    left: how many of the first columns are words, which stand at the left; numbers stand at the right.
    """
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    text = []
    for line in lines:
        cells = zip(line, widths, strict=True)
        text.append([cell.ljust(width) if i < left else cell.rjust(width) for i, (cell, width) in enumerate(cells)])
    text.insert(1, ["-" * width if i < left else "-" * (width - 1) + ":" for i, width in enumerate(widths)])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in text)


def write_lines(lines: list[list], path) -> None:
    """Write lines of cells, the first the heading, as CSV. The file is replaced as a whole."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    write_atomically(path, text.getvalue())


def spread_rows(rows: list[dict]) -> dict[str, tuple[float, float | None]]:
    """The mean and the sample standard deviation of each metric over one system's rows, one row for each seed.

    The deviation of a single row is None. A metric that isn't in every row is left out.
    """
    if not rows:
        raise ValueError("no rows to take the spread of")
    names = [name for name in rows[0] if all(row.get(name) is not None for row in rows)]
    columns = {name: torch.tensor([row[name] for row in rows], dtype=torch.float64) for name in names}
    return {
        name: (column.mean().item(), column.std(correction=1).item() if len(rows) > 1 else None)
        for name, column in columns.items()
    }


def heading(name: str) -> str:
    """A metric's title with its unit."""
    return METRICS[name].title + (f" ({METRICS[name].unit})" if METRICS[name].unit else "")


def _cell(value: float | tuple | str | None, form: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, (int, float)):
        return format(value, form)
    mean, deviation = value
    return format(mean, form) + ("" if deviation is None else f" ± {deviation:{form}}")


def metric_table(rows: dict[str, dict], columns: Iterable[str] = SHOWN) -> str:
    """Rows of metrics by name as a Markdown table, which also reads well as plain text.

    A row is what `Metrics.compute` gives, or `spread_rows` for several seeds; a text stands for a number that isn't
    there. columns: names of `METRICS`; one that no row has is left out. Raises `ConfigError` for a name that isn't one.
    """
    columns = list(columns)
    unknown = [name for name in columns if name not in METRICS]
    if unknown:
        raise ConfigError(f"no metric is called {unknown[0]!r}; there are {', '.join(METRICS)}")
    columns = [name for name in columns if any(row.get(name) is not None for row in rows.values())]
    lines = [
        [label.replace("_", " "), *(_cell(row.get(name), METRICS[name].form) for name in columns)]
        for label, row in rows.items()
    ]
    return markdown_table([["", *map(heading, columns)], *lines])
