"""A training for each target, as the document *controlled* has it: one model for every row of its picture.

    colorlib sweep controlled --output runs/sweep

What is trained already is kept, what has begun goes on (`colorlib.compare.trainings`). It writes table.md, table.json
(what was asked for against what was obtained) and pictures.png, the document's grid. One model for all targets, which
the document leaves open, is `--conditions`: see `colorlib.controls`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from colorlib import plots, recipes
from colorlib.color import rgb_to_lab
from colorlib.color.difference import ciede2000
from colorlib.compare.trainings import Stages, folder_of, train_all
from colorlib.controls import CONTROLS
from colorlib.data import evenly, load_photos
from colorlib.errors import ConfigError
from colorlib.evaluation import as_json
from colorlib.evaluation.obedience import eight_bits, obtained_by
from colorlib.files import write_atomically
from colorlib.metrics import colorfulness, gray_row
from colorlib.tables import markdown_table
from colorlib.training.choices import change, refuse_useless, with_effect
from colorlib.training.runs import Run

WEIGHT = 20.0  # of a control in the objective: the document's command line has it
IN_A_ROW, AT_ONCE = 10, 100  # pictures in a row of the grid; measured at once


class Wanted(NamedTuple):
    """One row of the document's picture: what it is called, and the training behind it."""

    label: str
    recipe: str
    targets: dict[str, float]


def row_for(**targets: float) -> Wanted:
    """The document's GAN with targets."""
    return Wanted(", ".join(f"{name} {target:g}" for name, target in targets.items()), "controlled", targets)


# Rows below the gray and the true pictures, from top to bottom.
SWEEPS = {
    "controlled": (
        Wanted("U-Net", "unet-l1", {}),
        Wanted("GAN", "controlled", {}),
        *(row_for(saturation=target) for target in (1.0, 0.75, 0.5, 0.25, 0.0)),
        *(row_for(hue=target) for target in (0.0, 0.25, 0.6, 0.85)),
        row_for(saturation=0.75, hue=0.6),
    )
}


def sweep(
    name: str,
    output: Path,
    scale: str = "class",
    given: dict | None = None,
    jobs: int = 1,
    test_images: int | None = None,
    say: Callable[[str], None] = print,
    progress: bool = True,
) -> tuple[dict, bool]:
    """Train what is missing, measure, and write the table and the grid into `output`.

    given: settings for every training where they have an effect. test_images: at most so many (default: all). Returns
    what table.json holds, and whether it was stopped by Ctrl-C, when nothing is written. Raises `ConfigError`.
    """
    output = Path(output)
    if name not in SWEEPS:
        raise ConfigError(f"no sweep {name!r}; there are {', '.join(SWEEPS)}")
    rows = SWEEPS[name]
    refuse_useless({row.label: recipes.get(row.recipe, scale) for row in rows}, given or {})
    trainings = [stages_of(row, output, scale, given or {}) for row in rows]
    outcomes = train_all(trainings, jobs, say, progress)
    if any(outcome.status == "stopped" for outcome in outcomes):
        return {}, True
    done = [(row, stages) for row, stages, outcome in zip(rows, trainings, outcomes, strict=True) if is_done(outcome)]
    failed = [
        {"row": row.label, "reason": outcome.reason}
        for row, outcome in zip(rows, outcomes, strict=True)
        if not is_done(outcome)
    ]
    output.mkdir(parents=True, exist_ok=True)
    table = {"sweep": name, "scale": scale, "failed": failed}
    if done:
        table |= measure_rows(done, test_images, output)
    write_atomically(output / "table.json", as_json(table))
    write_atomically(output / "table.md", sweep_table(table))
    return table, False


def is_done(outcome) -> bool:
    """Whether a training came to its end."""
    return outcome.status == "done"


def stages_of(row: Wanted, output: Path, scale: str, given: dict) -> Stages:
    """The training of a row, in a folder of its name. Raises `ConfigError`."""
    stages = recipes.get(row.recipe, scale)
    useful = with_effect(stages, given)
    place = {"checkpoints_path": str(output / row.label.replace(", ", "-").replace(" ", "-"))}
    terms = {name: {"weight": WEIGHT, "target": target} for name, target in row.targets.items()}
    return change(stages, useful | place, terms)


def measure_rows(done: list[tuple[Wanted, Stages]], test_images: int | None, output: Path) -> dict:
    """The figures of all rows on one test set; draws the grid."""
    config = done[0][1][-1]
    photo_set = load_photos(config.dataset, config.dataset_path, config.model.image_size)
    indices = evenly(photo_set.split(config.splits, config.split_seed)["test"], test_images)
    shown = photo_set.batch(evenly(indices, IN_A_ROW)) / 255
    grid, figures = {"grayscale": gray_row(shown), "original": shown}, {}
    for row, stages in done:
        colorizer = Run.load(folder_of(stages)).colorizer()
        grid[row.label] = colorizer.colorize_batch(shown)
        figures[row.label] = figures_of(colorizer, row.targets, photo_set, indices)
    write_atomically(output / "pictures.png", plots.to_png(plots.grid(grid, tile=0.75)))
    about = {"dataset": config.dataset, "part": "test", "split_seed": config.split_seed, "images": len(indices)}
    return about | {"weight": WEIGHT, "epochs": config.epochs, "rows": figures}


@torch.no_grad()
def figures_of(colorizer, targets: dict[str, float], photo_set, indices) -> dict:
    """What one training's pictures have of the controls, and how far they are from the true ones."""
    kept: dict[str, list] = {}
    for start in range(0, len(indices), AT_ONCE):
        true_rgb = photo_set.batch(indices[start : start + AT_ONCE]) / 255
        seen = eight_bits(colorizer.colorize_batch(true_rgb)).cpu()
        values = {name: obtained_by(seen, name) for name in ("saturation", "hue")}
        values |= {"ciede2000": ciede2000(rgb_to_lab(seen), rgb_to_lab(true_rgb)).mean(dim=(1, 2))}
        values |= {"colorfulness": colorfulness(seen), "true_colorfulness": colorfulness(true_rgb)}
        for name, target in targets.items():
            values[f"{name}_error"] = CONTROLS[name].distance(values[name], target)
        for name, value in values.items():
            kept.setdefault(name, []).append(value)
    means = {name: torch.cat(values) for name, values in kept.items()}
    means = {name: values[values.isfinite()].mean().item() for name, values in means.items() if name != "hue"}
    return {"targets": targets, "colorfulness_ratio": means["colorfulness"] / means["true_colorfulness"]} | means


def sweep_table(table: dict) -> str:
    """The table of a sweep: what was asked for, and how far from it the pictures are on average."""
    if "rows" not in table:
        return "nothing was trained\n"
    lines = [
        ["row", "saturation obtained", "error of saturation", "of hue (degrees)", "CIEDE2000", "colorfulness ratio"]
    ]
    for label, row in table["rows"].items():
        errors = [row.get("saturation_error"), row.get("hue_error")]
        cells = ["" if errors[0] is None else f"{errors[0]:.3f}", "" if errors[1] is None else f"{360 * errors[1]:.0f}"]
        numbers = f"{row['ciede2000']:.2f}", f"{row['colorfulness_ratio']:.2f}"
        lines.append([label, f"{row['saturation']:.3f}", *cells, *numbers])
    where = f"{table['dataset']}, {table['part']} (split seed {table['split_seed']}): {table['images']:,} pictures"
    failed = "".join(f"\nfailed: {one['row']}: {one['reason']}\n" for one in table["failed"])
    return (
        f"{where}; scale {table['scale']}, weight of a control {table['weight']:g}\n\n{markdown_table(lines)}\n{failed}"
    )
