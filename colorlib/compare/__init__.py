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
from colorlib.compare.trainings import Stages, folder_of, test_part, train_all
from colorlib.config import Config
from colorlib.errors import ConfigError, InputError
from colorlib.evaluation.judge import Judge
from colorlib.fields import flag
from colorlib.files import write_atomically
from colorlib.measurement import Measurement, pictures_of
from colorlib.metrics import METRICS
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
    say: Callable[[str], None] = print,
    progress: bool = True,
    **options,
) -> tuple[dict, bool]:
    """Train what is missing, measure all, write tables and pictures into `output`; see the flags of the command.

    given: settings for every recipe where they have an effect. test_images: to measure on, at most so many. options:
    who looks on, of a `Measurement`: judge, also. Returns what table.json holds, whose `failed` names what
    couldn't be trained or measured, and whether it was stopped by Ctrl-C, when nothing is written. Raises
    `ConfigError`.
    """
    output = Path(output)
    entries = line_up(names, seeds, output, scale, given or {})
    options = {"limit_images": test_images, **options}
    wanted = Measurement(**options)  # what can't be is refused now, not after hours
    evaluation.check_also(wanted.also)
    if wanted.judge is not None:
        Judge(wanted.judge)
    photo_set, test = test_part(entries[0].stages[-1], progress)
    digest = photo_set.digest(test)  # other photos in the folder, and kept figures are of others
    outcomes = train_all([entry.stages for entry in entries], jobs, say, progress)
    if any(outcome.status == "stopped" for outcome in outcomes):
        return {}, True
    measured, failed = [], []
    for entry, outcome in zip(entries, outcomes, strict=True):
        reason = outcome.reason
        if outcome.status == "done":
            try:
                result = measure_entry(entry, options, digest, progress)
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


def measure_entry(entry: Entry, options: dict, digest: str, progress: bool) -> dict:
    """The figures of one training's colorizer on the test part, whose pictures have this digest; those kept from
    before, if nothing has changed."""
    config: Config = entry.stages[-1]
    folder = folder_of(entry.stages)
    weights = next(place for place in (folder / "best", folder / "last") if place.is_dir()) / "model.safetensors"
    device = {"device": config.device, "precision": config.precision}
    wanted = Measurement(part="test", **pictures_of(config), **device, **options)
    judged = Path(wanted.judge).stat().st_mtime if wanted.judge else None
    measured = {"weights": weights.stat().st_mtime, "judged": judged, "pictures": digest, "metrics": list(METRICS)}
    follows_from = json.loads(json.dumps(wanted.digested() | measured))
    kept = folder / "figures.json"
    if kept.exists():
        try:
            before = json.loads(kept.read_text())
            if before["follows_from"] == follows_from:
                return before["result"]
        except (ValueError, KeyError, TypeError):
            log.warning("%s can't be read; it is measured anew", kept)
    result = evaluation.evaluate(folder, progress=progress, **vars(wanted))
    result = json.loads(evaluation.as_json(result))
    write_atomically(kept, evaluation.as_json({"follows_from": follows_from, "result": result}))
    return result
