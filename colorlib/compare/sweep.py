"""A training for each target, as the document *controlled* has it: one model for every row of its picture.

    colorlib sweep controlled --output runs/sweep
    colorlib sweep weights --output runs/weights

`weights` answers two of its open questions for one target: how much a control should weigh, and whether L1 should look
at the true picture or at the true picture moved to the target. A row with a target is measured against the latter,
beside the honest rival: the GAN that was told nothing, its answer moved to the target (`colorlib.moving`).

What is trained already is kept, what has begun goes on (`colorlib.compare.trainings`). It writes table.md, table.json
(what was asked for against what was obtained) and pictures.png, the document's grid. One model for all targets, which
the document leaves open, is `--conditions`: see `colorlib.controls`.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from colorlib import plots, recipes
from colorlib.color import join_lightness, lightness_of, rgb_to_lab
from colorlib.color.difference import ciede2000
from colorlib.compare.trainings import Stages, folder_of, test_part, train_all
from colorlib.controls import CONTROLS, hue_spread
from colorlib.data import evenly
from colorlib.errors import ConfigError
from colorlib.evaluation import as_json
from colorlib.evaluation.obedience import eight_bits, obtained_by
from colorlib.files import write_atomically
from colorlib.metrics import colorfulness, gray_row, ratio
from colorlib.moving import move
from colorlib.tables import markdown_table
from colorlib.training.choices import change, refuse_useless, with_effect
from colorlib.training.runs import Run

WEIGHT = 20.0  # of a control in the objective: the document's command line has it
IN_A_ROW, MEASURED_AT_ONCE = 10, 100  # pictures in a row of the grid; measured at once
MOVED = ("ciede2000_moved", "rival_ciede2000_moved", "hue_spread", "rival_hue_spread")  # of rows with targets


class Wanted(NamedTuple):
    """One row of the picture: what it is called, and the training behind it."""

    label: str
    recipe: str
    targets: dict[str, float]
    weight: float = WEIGHT
    compare_with: str = "true"


FREE = Wanted("GAN", "controlled", {})  # told nothing: moved to a row's targets, that row's rival


def row_for(**targets: float) -> Wanted:
    """The document's GAN with targets."""
    return Wanted(", ".join(f"{name} {target:g}" for name, target in targets.items()), "controlled", targets)


def weighed(weight: float, compare_with: str) -> Wanted:
    """The document's GAN with one target of some weight."""
    label = f"weight {weight:g}" + ", L1 to the moved" * (compare_with == "moved")
    return Wanted(label, "controlled", {"saturation": 0.5}, weight, compare_with)


# Rows below the gray and the true pictures, from top to bottom.
SWEEPS = {
    "controlled": (
        Wanted("U-Net", "unet-l1", {}),
        FREE,
        *(row_for(saturation=target) for target in (1.0, 0.75, 0.5, 0.25, 0.0)),
        *(row_for(hue=target) for target in (0.0, 0.25, 0.6, 0.85)),
        row_for(saturation=0.75, hue=0.6),
    ),
    "weights": (FREE, *(weighed(weight, like) for like in ("true", "moved") for weight in (1.0, 5.0, 20.0, 100.0))),
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
    test_part(trainings[0][-1], progress)  # what can't be measured is said now, not after hours
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
    terms = {name: {"weight": row.weight, "target": target} for name, target in row.targets.items()}
    look = {"compare_with": row.compare_with} if row.targets else {}
    return change(stages, useful | place | look, terms)


def measure_rows(done: list[tuple[Wanted, Stages]], test_images: int | None, output: Path) -> dict:
    """The figures of all rows on one test set; draws the grid."""
    config = done[0][1][-1]
    photo_set, test = test_part(config)
    indices = evenly(test, test_images)
    shown = photo_set.batch(evenly(indices, IN_A_ROW)) / 255
    names = dict.fromkeys(name for row, _ in done for name in row.targets)
    grid, figures = {"grayscale": gray_row(shown), "original": shown}, {}
    free = next((Run.load(folder_of(stages)).colorizer() for row, stages in done if row == FREE), None)
    for row, stages in done:
        colorizer = Run.load(folder_of(stages)).colorizer()
        grid[row.label] = colorizer.colorize_batch(shown)
        figures[row.label] = figures_of(colorizer, names, row.targets, photo_set, indices, free)
    write_atomically(output / "pictures.png", plots.to_png(plots.grid(grid, tile=0.75)))
    about = {"dataset": config.dataset, "part": "test", "split_seed": config.split_seed, "images": len(indices)}
    return about | {"epochs": config.epochs, "rows": figures}


@torch.no_grad()
def figures_of(colorizer, names: Iterable[str], targets: dict[str, float], photo_set, indices, free=None) -> dict:
    """What one training's pictures have of the controls `names`, how far that is from its own targets (in tables'
    units: of an angle in degrees), and how far the pictures are from the true ones.

    With targets also: how far they are from the true pictures moved to them, as those of the colorizer `free` are.
    """
    kept: dict[str, list] = {}
    for start in range(0, len(indices), MEASURED_AT_ONCE):
        true_rgb = photo_set.batch(indices[start : start + MEASURED_AT_ONCE]) / 255
        seen = eight_bits(colorizer.colorize_batch(true_rgb)).cpu()
        values = {name: obtained_by(seen, name) for name in names}
        values |= {"ciede2000": ciede2000(rgb_to_lab(seen), rgb_to_lab(true_rgb)).mean(dim=(1, 2))}
        values |= {"colorfulness": colorfulness(seen), "true_colorfulness": colorfulness(true_rgb)}
        if targets:
            values |= to_the_moved(seen, true_rgb, targets, free)
        for name, target in targets.items():
            values[f"{name}_error"] = CONTROLS[name].error(values[name], target)
        for name, value in values.items():
            kept.setdefault(name, []).append(value)
    means = {}
    for name, values in kept.items():
        values = torch.cat(values)
        means[name] = CONTROLS[name].mean(values) if name in CONTROLS else values[values.isfinite()].mean().item()
    pair = torch.tensor([means["colorfulness"], means["true_colorfulness"]])
    return {"targets": targets, "colorfulness_ratio": ratio(pair)} | means


def to_the_moved(seen: Tensor, true_rgb: Tensor, targets: dict[str, float], free) -> dict[str, Tensor]:
    """CIEDE2000 to the true pictures moved to the targets, and the spread of hues, of pictures and of their rival's."""
    asked = {name: torch.full((len(seen),), target) for name, target in targets.items()}
    lightness = lightness_of(true_rgb)
    moved = join_lightness(lightness, move(lightness, rgb_to_lab(true_rgb)[:, 1:], asked))
    pictures = {"": seen}
    if free is not None:
        pictures["rival_"] = eight_bits(join_lightness(lightness, move(lightness, free.predict_ab(true_rgb), asked)))
    values = {}
    for of, rgb in pictures.items():
        lab = rgb_to_lab(rgb)
        values[f"{of}ciede2000_moved"] = ciede2000(lab, rgb_to_lab(moved)).mean(dim=(1, 2))
        values[f"{of}hue_spread"] = hue_spread(lab[:, 1:])
    return values


def sweep_table(table: dict) -> str:
    """The table of a sweep: what was asked for, and how far from it the pictures are on average."""
    if "rows" not in table:
        return "nothing was trained\n"
    names = dict.fromkeys(name for row in table["rows"].values() for name in row["targets"])
    heading = ["row"]
    for name in names:
        unit = f" ({CONTROLS[name].error_unit})" if CONTROLS[name].error_unit else ""
        heading += [f"{name} obtained", f"error of {name}{unit}"]
    heading += ["CIEDE2000", "to the moved", "of the rival", "spread of hues", "of the rival", "colorfulness ratio"]
    lines = [heading]
    for label, row in table["rows"].items():
        cells = [label]
        for name in names:
            form = ".0f" if CONTROLS[name].is_angle else ".3f"
            error = row.get(f"{name}_error")
            cells += [f"{row[name]:.3f}", "" if error is None else format(error, form)]
        cells += [f"{row[name]:.2f}" if name in row else "" for name in ("ciede2000", *MOVED, "colorfulness_ratio")]
        lines.append(cells)
    where = f"{table['dataset']}, {table['part']} (split seed {table['split_seed']}): {table['images']:,} pictures"
    failed = "".join(f"\nfailed: {one['row']}: {one['reason']}\n" for one in table["failed"])
    return (
        f"{where}; scale {table['scale']}. *To the moved*: CIEDE2000 to the true picture moved to the target; the "
        f"rival is the GAN told nothing, moved to it.\n\n{markdown_table(lines)}\n{failed}"
    )
