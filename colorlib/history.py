"""The history of a training, a row for each epoch; and the one writer of tables, as Markdown and as CSV.

`Training` writes history.csv with it, `Run` reads it back, `colorlib table` prints its losses the way the document
*faces* does. The tables of metrics are `colorlib.metrics.table`'s, laid out by `markdown_table`.
"""

import csv
import io
import math
from collections.abc import Callable
from typing import NamedTuple

from colorlib.errors import ConfigError, InputError
from colorlib.files import write_atomically

Row = dict[str, float]

# What can judge an epoch by its row, to choose the best: more is better.
MONITORS = {
    "mae": lambda row: -row["valid_mae"],
    "psnr_pooled": lambda row: row["valid_psnr_pooled"],
    "colorfulness_error": lambda row: -abs(row["valid_colorfulness_ratio"] - 1),  # from the truth in either direction
    "last": lambda row: row["epoch"],
}


class Alarm(NamedTuple):
    """A sign in the rows that a training goes wrong: shown by so many epochs in a row, said once each time it begins.

    sentence: with places for the row's numbers by their columns, and for `percent`, of the true colorfulness.
    """

    shows: Callable[[Row], bool]
    epochs: int
    sentence: str


VALID_COLOR = "after epoch {epoch} the validation pictures have {percent:.0f} % of the true ones' colorfulness"
ALARMS = (
    Alarm(lambda row: row["valid_colorfulness_ratio"] < 0.5, 1, f"turning gray: {VALID_COLOR}"),
    Alarm(lambda row: row["valid_colorfulness_ratio"] > 2, 1, f"turning garish: {VALID_COLOR}"),
    Alarm(
        lambda row: row.get("loss_D", math.inf) < 0.05,  # of any kind of adversarial loss; undecided: 0.25 or more
        2,
        "the discriminator wins: after epoch {epoch} its loss is {loss_D:.3f}, so it recognizes nearly every pair",
    ),
)


def alarms(rows: list[Row]) -> list[str]:
    """What the newest row gives cause to warn of, a sentence each; nothing that was said after the row before."""

    def rings(alarm: Alarm, rows: list[Row]) -> bool:
        return len(rows) >= alarm.epochs and all(map(alarm.shows, rows[-alarm.epochs :]))

    begun = [alarm for alarm in ALARMS if rings(alarm, rows) and not rings(alarm, rows[:-1])]
    percent = 100 * rows[-1]["valid_colorfulness_ratio"] if begun else None
    return [alarm.sentence.format(**rows[-1], percent=percent) for alarm in begun]


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


def write_csv(rows: list[Row], path) -> None:
    """Write all rows, with the columns of all; what a row hasn't is nan. The file is replaced as a whole."""
    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, fieldnames=columns, restval="nan", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue())


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


def table(rows: list[Row], columns: list[str] | None = None) -> str:
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
