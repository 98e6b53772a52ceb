"""The history of a training, a row for each epoch: history.csv, and tables of it.

`Training` writes history.csv with it, `Run` reads it back, `colorlib table` prints its losses the way the document
*faces* does.
"""

import csv
import math

from colorlib.errors import ConfigError, InputError
from colorlib.tables import markdown_table, write_lines

Row = dict[str, float]


def write_csv(rows: list[Row], path) -> None:
    """Write all rows, with the columns of all; what a row hasn't is nan. The file is replaced as a whole."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    write_lines([columns, *([row.get(name, "nan") for name in columns] for row in rows)], path)


def read_csv(path) -> list[Row]:
    """Read what `write_csv` wrote: whole numbers as int, all else as float. Raises `InputError`."""

    def number(cell: str) -> float:
        return int(cell) if cell.removeprefix("-").isdigit() else float(cell)

    with open(path, newline="") as file:
        lines, names = csv.reader(file), []
        try:
            names = next(lines, [])
            rows = [dict(zip(names, map(number, line), strict=True)) for line in lines if line]
        except (ValueError, csv.Error):  # a text that can't be decoded is a ValueError, too
            wrong = f"line {lines.line_num} isn't a row of {len(names)} numbers; mend it or take it out"
            raise InputError(f"{path}: {wrong}") from None
    if rows and "epoch" not in names:
        raise InputError(f"{path}: no column `epoch`; it is no training's history")
    return rows


def epoch_table(rows: list[Row], columns: list[str] | None = None) -> str:
    """The rows as a Markdown table: all columns, or those named. Raises `ConfigError` for one that isn't there."""
    columns = columns or list(rows[0])
    unknown = [name for name in columns if name not in rows[0]]
    if unknown:
        raise ConfigError(f"no column is called {unknown[0]!r}; there are {', '.join(rows[0])}")
    cells = [[str(row[name]) if isinstance(row[name], int) else f"{row[name]:.4g}" for name in columns] for row in rows]
    return markdown_table([columns, *cells], left=0)


def loss_table(rows: list[Row], epochs: list[int] | None = None) -> list[list[str]]:
    """The losses at some epochs, laid out as table 1 of the document *faces*: a line for each loss.

    epochs: a column for each (default: 5, 10, 15 and 20, or up to four, evenly taken, of a shorter training).
    Returns lines of cells, the first the heading. Raises `ConfigError` for an epoch that isn't there.
    """
    by_epoch = {row["epoch"]: row for row in rows}
    last = max(by_epoch)
    if epochs is None:
        epochs = sorted({math.ceil(min(last, 20) * part / 4) for part in (1, 2, 3, 4)})
    missing = [epoch for epoch in epochs if epoch not in by_epoch]
    if missing:
        raise ConfigError(f"no epoch {missing[0]} in this history; it has {min(by_epoch)} to {last}")
    losses = [name for name in rows[0] if name.startswith("loss_")]
    lines = [["Loss Metric", *(f"Epoch {epoch}" for epoch in epochs)]]
    return lines + [[name, *(f"{by_epoch[epoch][name]:.5f}" for epoch in epochs)] for name in losses]
