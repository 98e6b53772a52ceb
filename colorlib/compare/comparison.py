"""What `colorlib compare` writes: the table in three forms, curves, pictures, and how each learns one of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from colorlib import evaluation, plots
from colorlib.compare.published import PUBLISHED
from colorlib.compare.trainings import test_part
from colorlib.data import evenly
from colorlib.evaluation.examiners import ALSO
from colorlib.files import write_atomically
from colorlib.history import read_csv
from colorlib.metrics import METRICS, colorfulness, gray_row
from colorlib.plots.comparison import accuracy, learning
from colorlib.tables import SHOWN, heading, markdown_table, metric_table, spread_rows, write_lines
from colorlib.training.run_folder import load_stages
from colorlib.training.runs import Run

COLUMNS = (*SHOWN, "fps")
PICTURES, EPOCHS = 8, 5  # in the picture grid; of each colorizer in the learning strip
REFERENCES = ("gray", "oracle_mean", "true")


class Measured(NamedTuple):
    """A training of a comparison, and what `evaluation.evaluate` says of it."""

    recipe: str
    seed: int
    folder: Path
    result: dict


def write(measured: Sequence[Measured], failed: list[dict], scale: str, output: Path) -> dict:
    """Write all there is to say of some trainings into a folder; returns what table.json holds."""
    output.mkdir(parents=True, exist_ok=True)
    table = summarize(measured, failed, scale)
    write_atomically(output / "table.json", evaluation.as_json(table))
    write_atomically(output / "table.md", as_markdown(table))
    write_lines(as_lines(table), output / "table.csv")
    if measured:
        panels = {"valid_eps_accuracy_5": "accuracy: values within 5 % of the range (%)"}
        panels["valid_colorfulness_ratio"] = "colorfulness, of the true pictures' (1 is as much)"
        draw = {
            "accuracy": accuracy(
                {name: [history(run.folder) for run in runs] for name, runs in groups(measured)}, panels
            ),
            "pictures": plots.grid(pictures(measured)),
            "learning": learning(learning_rows(measured)),
        }
        for name, figure in draw.items():
            write_atomically(output / f"{name}.png", plots.to_png(figure))
    return table


def groups(measured: Sequence[Measured]) -> list[tuple[str, list[Measured]]]:
    """The trainings of each recipe, in the order of the recipes."""
    names = dict.fromkeys(run.recipe for run in measured)
    return [(name, [run for run in measured if run.recipe == name]) for name in names]


# ---------------------------------------------------------------- the table


def summarize(measured: Sequence[Measured], failed: list[dict], scale: str) -> dict:
    """What was measured on what; for each recipe the seeds, and mean and spread of each metric; references; notes."""
    table = {"scale": scale, "protocol": {}, "recipes": {}, "references": {}, "failed": failed, "notes": []}
    if measured:
        first = measured[0].result
        table["protocol"] = {name: said for name, said in first.items() if not isinstance(said, (dict, list))}
        table["references"] = {name: first[name] for name in REFERENCES if name in first}
        table["notes"] = list(dict.fromkeys(note for run in measured for note in run.result["notes"]))
    for name, runs in groups(measured):
        spread = spread_rows([run.result["model"] for run in runs])
        metrics = {metric: {"mean": mean, "spread": deviation} for metric, (mean, deviation) in spread.items()}
        table["recipes"][name] = {"seeds": [run.seed for run in runs], "metrics": metrics}
    table["published"] = [{"name": row.name, "pictures": row.pictures, **row.row()} for row in PUBLISHED]
    return table


def as_markdown(table: dict) -> str:
    """The table as a page."""
    protocol, text = table["protocol"], ["# Comparison", ""]
    if protocol:
        size, seeds = (
            protocol["image_size"],
            sorted({seed for row in table["recipes"].values() for seed in row["seeds"]}),
        )
        text += [
            f"Scale {table['scale']}; {protocol['images']:,} {protocol['part']} pictures of {size}x{size} from "
            f"{protocol['dataset']} (parts {protocol['splits']}, split seed {protocol['split_seed']}), lightness kept; "
            f"training seeds {', '.join(map(str, seeds))}, mean ± sample standard deviation over them; on "
            f"{protocol['device']}, {protocol['precision']}. *gray* has no color, *oracle mean* each picture's true "
            "mean color everywhere.",
            "",
        ]
        rows = {name: dict(row["metrics"]) for name, row in table["recipes"].items()}
        rows = {name: {m: (v["mean"], v["spread"]) for m, v in row.items()} for name, row in rows.items()}
        for name in without_weights(table):
            rows = {label: row | {name: "no weights"} for label, row in rows.items()}
        rows = {f"{name} ({len(table['recipes'][name]['seeds'])})": row for name, row in rows.items()}
        text += [metric_table(rows | table["references"], COLUMNS), ""]
        text += ["In brackets: how many seeds.", ""]
    text += [line for note in table["notes"] for line in (note, "")]
    for run in table["failed"]:
        text += [f"Failed: {run['recipe']}, seed {run['seed']}: {run['reason']}", ""]
    text += [
        "## Published",
        "",
        "As the document *coco* has them: other pictures at another size, and an accuracy whose eps it doesn't state. "
        "No contest with the table above.",
        "",
        markdown_table(published_lines(), left=2),
    ]
    return "\n".join(text) + "\n"


def without_weights(table: dict) -> list[str]:
    """The metrics that were asked for and whose weights couldn't be had."""
    return [name for name in ALSO if any(note.startswith(f"{METRICS[name].title}:") for note in table["notes"])]


def published_lines() -> list[list[str]]:
    """The published rows as lines of cells."""
    names = list(dict.fromkeys(name for row in PUBLISHED for name in row.row()))
    titles = ["acc < eps (%)" if name.startswith("eps") else heading(name) for name in names]
    cells = [[format(row.row()[name], "g") if name in row.row() else "" for name in names] for row in PUBLISHED]
    pairs = zip(PUBLISHED, cells, strict=True)
    return [["", "pictures", *titles], *([row.name, row.pictures, *numbers] for row, numbers in pairs)]


def as_lines(table: dict) -> list[list]:
    """The table for CSV: a line for each row, a column for the mean and one for the spread of each metric."""
    rows = [
        (name, table["protocol"]["dataset"], len(row["seeds"]), row["metrics"])
        for name, row in table["recipes"].items()
    ]
    for name, row in table["references"].items():
        figures = {metric: {"mean": value, "spread": None} for metric, value in row.items()}
        rows.append((name, table["protocol"]["dataset"], "", figures))
    for row in PUBLISHED:
        figures = {metric: {"mean": value, "spread": None} for metric, value in row.row().items()}
        rows.append((row.name, f"published: {row.pictures}".rstrip(": "), "", figures))
    names = [name for name in METRICS if any(name in figures for *_, figures in rows)]
    lines = [["row", "pictures", "seeds", *(part for name in names for part in (name, f"{name}_spread"))]]
    for *about, figures in rows:
        cells = [figures.get(name, {}).get(part) for name in names for part in ("mean", "spread")]
        lines.append([*about, *("" if cell is None else cell for cell in cells)])
    return lines


# ---------------------------------------------------------------- curves and pictures


def history(folder: Path) -> list[dict]:
    """The rows of all stages of a run, with epochs counted through."""
    places = [folder / f"stage-{number}" for number in range(1, len(load_stages(folder)))] + [folder]
    rows, done = [], 0
    for place in places:
        stage = read_csv(place / "history.csv")
        rows += [row | {"epoch": row["epoch"] + done} for row in stage]
        done = rows[-1]["epoch"]
    return rows


def pictures(measured: Sequence[Measured]) -> dict:
    """Some test pictures in gray, as the first seed of each recipe colors them, and true."""
    config = Run.load(measured[0].folder).config
    photo_set, test = test_part(config)
    true = photo_set.batch(evenly(test, PICTURES)) / 255
    colored = {name: Run.load(runs[0].folder).colorizer().colorize_batch(true) for name, runs in groups(measured)}
    return {"gray": gray_row(true), **colored, "true": true}


def learning_rows(measured: Sequence[Measured]) -> dict[str, dict[str, np.ndarray]]:
    """One picture over the epochs of each recipe's first seed: of those that all have shown, the most colorful one."""
    runs = {name: Run.load(runs[0].folder) for name, runs in groups(measured)}
    strips = {name: run.learning_strip(EPOCHS) for name, run in runs.items()}
    shown = [[picture.tobytes() for picture in strip["true"]] for strip in strips.values()]
    common = set(shown[0]).intersection(*shown[1:]) or set(shown[0])
    first = next(iter(strips.values()))["true"]
    color = colorfulness(torch.from_numpy(first).permute(0, 3, 1, 2) / 255)
    chosen = max((i for i in range(len(first)) if shown[0][i] in common), key=lambda i: color[i].item())
    rows = {}
    for (name, strip), keys in zip(strips.items(), shown, strict=True):
        place = keys.index(shown[0][chosen]) if shown[0][chosen] in keys else 0
        rows[name] = {title: images[place] for title, images in strip.items()}
    return rows
