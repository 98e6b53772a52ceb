"""The history of a training: a list of rows, one for each epoch, and its forms as CSV and as a table."""

import csv
import io
from pathlib import Path

from colorlib.files import write_atomically
from colorlib.tables import markdown_table

Row = dict[str, float]


def write_csv(rows: list[Row], path) -> None:
    """Write all rows; the columns are the first row's. The file is replaced as a whole."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, lambda temporary: Path(temporary).write_text(text.getvalue()))


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
