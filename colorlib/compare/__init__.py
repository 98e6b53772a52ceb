"""Recipes by seeds, trained on the same pictures and measured on the same pictures: one table.

    colorlib compare --recipes unet-l1 controlled balanced --seeds 0 1 2 --output runs/comparison

Nothing here knows a recipe's name: what stands in `colorlib.recipes` can be compared. `colorlib.compare.trainings`
trains, `colorlib.evaluation` measures, `colorlib.compare.comparison` writes the tables and pictures.
"""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from colorlib import evaluation, recipes
from colorlib.compare.comparison import Measured, write
from colorlib.compare.trainings import Stages, folder_of, train_all
from colorlib.config import Config
from colorlib.errors import ConfigError, InputError
from colorlib.evaluation.judge import Judge
from colorlib.files import write_atomically
from colorlib.metrics import METRICS
from colorlib.settings import flag
from colorlib.training.choices import change, refuse_useless, with_effect

log = logging.getLogger("colorlib")

# What all must have in common, or figures would be of different pictures.
SAME = ("dataset", "splits", "split_seed", "image_size")


class Entry(NamedTuple):
    """One training of a comparison."""

    recipe: str
    seed: int
    stages: Stages


def compare(
    names: Sequence[str],
    seeds: Sequence[int],
    output: Path,
    scale: str = "class",
    given: dict | None = None,
    jobs: int = 1,
    test_images: int | None = None,
    judge: str | None = None,
    also: Sequence[str] = (),
    say: Callable[[str], None] = print,
    progress: bool = True,
) -> tuple[dict, bool]:
    """Train what is missing, measure all, write tables and pictures into `output`; see the flags of the command.

    given: settings for every recipe where they have an effect. Returns what table.json holds, whose `failed` names what
    couldn't be trained or measured, and whether it was stopped by Ctrl-C, when nothing is written. Raises
    `ConfigError`.
    """
    output = Path(output)
    entries = line_up(names, seeds, output, scale, given or {})
    evaluation.check_also(also)  # what can't be is refused now, not after hours
    if judge is not None:
        Judge(judge)
    outcomes = train_all([entry.stages for entry in entries], jobs, say, progress)
    if any(outcome.status == "stopped" for outcome in outcomes):
        return {}, True
    measured, failed = [], []
    for entry, outcome in zip(entries, outcomes, strict=True):
        reason = outcome.reason
        if outcome.status == "done":
            try:
                result = measure_entry(
                    entry, {"limit_images": test_images, "judge": judge, "also": list(also)}, progress
                )
                measured.append(Measured(entry.recipe, entry.seed, folder_of(entry.stages), result))
                continue
            except (InputError, OSError) as error:
                reason = str(error)
                say(f"{folder_of(entry.stages)}: failed: {reason}")
        failed.append({"recipe": entry.recipe, "seed": entry.seed, "reason": reason})
    return write(measured, failed, scale, output), False


def line_up(names: Sequence[str], seeds: Sequence[int], output: Path, scale: str, given: dict) -> list[Entry]:
    """The trainings of a comparison, seed by seed. Raises `ConfigError` for what can't be compared."""
    if len(set(names)) < len(names) or len(set(seeds)) < len(seeds):
        raise ConfigError("a recipe or a seed is named twice; give each once")
    chosen = {name: recipes.get(name, scale) for name in names}
    refuse_useless(chosen, given)
    effective = {name: with_effect(stages, given) for name, stages in chosen.items()}
    entries = []
    for seed in seeds:
        for name, stages in chosen.items():
            own = {"seed": seed, "checkpoints_path": str(output / name / str(seed))}
            entries.append(Entry(name, seed, change(stages, effective[name] | own)))
    for setting in SAME:
        values = {entry.recipe: entry.stages[-1].flat()[setting] for entry in entries}
        if len(set(values.values())) > 1:
            listed = ", ".join(f"{value} ({name})" for name, value in values.items())
            raise ConfigError(f"the recipes have different settings, {listed}; give one {flag(setting)} for all")
    return entries


def measure_entry(entry: Entry, options: dict, progress: bool) -> dict:
    """The figures of one training's colorizer on the test part; those kept from before, if nothing has changed."""
    config: Config = entry.stages[-1]
    folder = folder_of(entry.stages)
    weights = next(place for place in (folder / "best", folder / "last") if place.is_dir()) / "model.safetensors"
    where = {"dataset": config.dataset, "part": "test", "splits": config.splits, "split_seed": config.split_seed}
    judged = Path(options["judge"]).stat().st_mtime if options["judge"] else None
    measured = {"weights": weights.stat().st_mtime, "judged": judged, "metrics": list(METRICS)}
    asked = json.loads(json.dumps({**where, **options, **measured}))
    kept = folder / "figures.json"
    if kept.exists():
        try:
            before = json.loads(kept.read_text())
            if before["asked"] == asked:
                return before["result"]
        except (ValueError, KeyError, TypeError):
            log.warning("%s can't be read; it is measured anew", kept)
    where |= {"dataset_path": config.dataset_path, "device": config.device, "precision": config.precision}
    result = evaluation.evaluate(folder, **where, **options, progress=progress)
    result = json.loads(evaluation.as_json(result))
    write_atomically(kept, evaluation.as_json({"asked": asked, "result": result}))
    return result
