"""The history of a training: a list of rows, one for each epoch, and its forms as CSV and as a table."""

import csv
import io

from colorlib.files import write_atomically
from colorlib.tables import markdown_table

Row = dict[str, float]


def write_csv(rows: list[Row], path) -> None:
    """Write all rows; the columns are the first row's. The file is replaced as a whole."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue())


def read_csv(path) -> list[Row]:
    """Read what `write_csv` wrote: whole numbers as int, all else as float."""

    def number(cell: str):
        return int(cell) if cell.lstrip("-").isdigit() else float(cell)

    with open(path, newline="") as file:
        return [{name: number(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def table(rows: list[Row], columns: list[str] | None = None) -> str:
    """The rows as a Markdown table, which also reads well as plain text."""
    columns = columns or list(rows[0])
    cells = [[str(row[name]) if isinstance(row[name], int) else f"{row[name]:.4g}" for name in columns] for row in rows]
    return markdown_table([columns, *cells])


def loss_table(rows: list[Row], epochs: list[int] | None = None) -> list[list[str]]:
    """The losses at some epochs, laid out as source 001's table 1: a line for each loss, a column for each epoch.

    epochs: which (default: 5, 10, 15 and 20, or four spread over a shorter training). Raises `ValueError`.
    """
    by_epoch = {row["epoch"]: row for row in rows}
    last = max(by_epoch)
    if epochs is None:
        epochs = [5, 10, 15, 20] if last >= 20 else sorted({max(1, round(last * part / 4)) for part in (1, 2, 3, 4)})
    missing = [epoch for epoch in epochs if epoch not in by_epoch]
    if missing:
        raise ValueError(f"no epoch {missing[0]} in this history; it has 1 to {last}")
    losses = [name for name in rows[0] if name.startswith("loss_")]
    lines = [["Loss Metric", *(f"Epoch {epoch}" for epoch in epochs)]]
    return lines + [[name, *(f"{by_epoch[epoch][name]:.5f}" for epoch in epochs)] for name in losses]
