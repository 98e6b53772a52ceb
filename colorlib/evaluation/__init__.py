"""One colorizer, one data set, one protocol: the rows of metrics, with all that must be said beside a number.

`colorlib evaluate` prints and writes what `evaluate` returns.
"""

import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from colorlib import metrics
from colorlib.colorizer import Colorizer
from colorlib.data import PhotoSet, evenly, load_photos, loader
from colorlib.engine import device_name
from colorlib.errors import ConfigError, DataError
from colorlib.evaluation.draws import Draws
from colorlib.evaluation.examiners import ALSO, WeightsMissing
from colorlib.evaluation.judge import Judge, Verdicts
from colorlib.evaluation.learned import choose_pictures, unseen_by
from colorlib.evaluation.obedience import measure_obedience, obedience_table
from colorlib.fields import flag, having
from colorlib.measurement import Measurement
from colorlib.models import draws as generator_draws
from colorlib.models import evaluating, generate
from colorlib.tables import metric_table

BATCH = 128  # pictures measured at once,
MEASURED_PIXELS = 2**19  # unless they have more pixels than this together


def evaluate(
    colorizer: Colorizer | str | Path, dataset: str | None = None, *, progress: bool = True, **options
) -> dict:
    """Measure a colorizer beside the reference rows `gray` and `oracle_mean`, at the size its generator sees.

    colorizer: its folder or its training's, or its name, so that what it has learned from is known; or a `Colorizer`,
    of which it isn't. dataset, options: those of a `Measurement`, by name: the pictures (default: what it hasn't seen;
    see `colorlib.evaluation.learned.choose_pictures`), how many of them, the device where a folder is opened, a judge,
    and further metrics, whose weights are downloaded once; where they can't be had, `notes` says so. Returns what was
    measured on what, and the rows; see `colorlib.metrics` for their definitions and units. Raises `DataError`,
    `ConfigError` and `ColorizerError`.
    """
    wanted = Measurement(dataset, **options)
    check_also(wanted.also)
    ready = make_ready(colorizer, wanted, progress)
    colorizer, photo_set, indices = ready.colorizer, ready.photo_set, ready.indices
    examiners, notes = [], []
    if wanted.judge is not None:
        jury = Judge(wanted.judge, colorizer.device)
        examiners.append(Verdicts(jury, jury.labels(photo_set, indices)))
        if seen := jury.seen(photo_set, indices):
            notes.append(
                f"the judge has learned from {seen:,} of these {len(indices):,} pictures, and is too sure of them"
            )
    for name in wanted.also:
        try:
            examiners.append(ALSO[name](colorizer.device))
        except WeightsMissing as reason:
            notes.append(str(reason))
    if generator_draws(colorizer.generator):
        examiners.append(Draws(colorizer, len(indices)))
    rows = metrics.measure(ready.batches(), colorizer.colorize_batch, colorizer.device, examiners)
    rows["model"]["fps"] = pictures_per_second(colorizer)
    return ready.about() | {"notes": notes, **rows}


def evaluate_obedience(
    colorizer: Colorizer | str | Path, dataset: str | None = None, *, progress: bool = True, **options
) -> dict:
    """Measure how well a colorizer obeys the controls that it listens to, beside the honest rival.

    dataset, options: as of `evaluate`, all but judge and also. Returns what was measured on what, and `controls`: see
    `colorlib.evaluation.obedience.measure_obedience`. Raises `ConfigError` for a colorizer that listens to nothing.
    """
    wanted = Measurement(dataset, **options)
    for name in sorted(having(Measurement, "onlooker")):
        if getattr(wanted, name):
            raise ConfigError(f"{flag(name)} has no effect with --obedience; leave one of them out")
    ready = make_ready(colorizer, wanted, progress)
    if not ready.colorizer.model.conditions:
        raise ConfigError("this colorizer listens to no control, so there is nothing to obey; train with --conditions")
    return ready.about() | {"controls": measure_obedience(ready.colorizer, ready.batches())}


class Ready(NamedTuple):
    """A colorizer, and the pictures to measure it on."""

    colorizer: Colorizer
    chosen: Measurement
    photo_set: PhotoSet
    indices: np.ndarray
    progress: bool

    def batches(self) -> Iterable[Tensor]:
        """The pictures, RGB uint8 `(B, 3, S, S)`."""
        size = self.colorizer.model.image_size
        batch_size = min(BATCH, max(1, MEASURED_PIXELS // size**2))
        batches = loader(self.photo_set, self.indices, batch_size, shuffle=False)
        return tqdm(batches, unit="batch", desc="measuring", leave=False, disable=not self.progress)

    def about(self) -> dict:
        """What is to be said beside every number."""
        return {
            "dataset": self.chosen.dataset,
            "part": self.chosen.part,
            "splits": self.chosen.splits,
            "split_seed": self.chosen.split_seed,
            "images": len(self.indices),
            "image_size": self.colorizer.model.image_size,
            "device": device_name(self.colorizer.device),
            "precision": self.colorizer.precision,
        }


def make_ready(colorizer, wanted: Measurement, progress: bool = True) -> Ready:
    """Open a colorizer, and choose the pictures to measure it on; see `evaluate`."""
    unseen = None
    if not isinstance(colorizer, Colorizer):
        unseen = unseen_by(str(colorizer), needed=wanted.dataset is None)
        colorizer = Colorizer.load(colorizer, wanted.device, wanted.precision)
    chosen = choose_pictures(unseen, wanted)
    photo_set = load_photos(chosen.dataset, chosen.dataset_path, colorizer.model.image_size, progress)
    indices = evenly(photo_set.split(chosen.splits, chosen.split_seed)[chosen.part], chosen.limit_images)
    if not len(indices):
        raise DataError(f"{chosen.dataset}: no photos in the part {chosen.part!r}; try --part all")
    return Ready(colorizer, chosen, photo_set, indices, progress)


def check_also(names: Sequence[str]) -> None:
    """Raise `ConfigError` for a further metric that there isn't."""
    unknown = [name for name in names if name not in ALSO]
    if unknown:
        raise ConfigError(f"--also is {unknown[0]!r}; it takes {', '.join(ALSO)}")


def as_json(result: dict) -> str:
    """A result as JSON, which knows no nan: what can't be said is null."""

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(inner) for inner in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(plain(result), indent=2, allow_nan=False) + "\n"


def pictures_per_second(colorizer: Colorizer, batch_size: int = 32) -> float:
    """Pictures per second through the generator alone, at its own size and in the colorizer's precision."""
    size = colorizer.model.image_size
    gray = torch.zeros(batch_size, 1, size, size, device=colorizer.device)

    @torch.no_grad()
    def run():
        generate(colorizer.generator, gray, precision=colorizer.precision).sum().item()  # .item() waits for a GPU

    with evaluating(colorizer.generator):
        return images_per_second(run, batch_size)


def images_per_second(run: Callable[[], object], images_per_call: int, windows: int = 5, seconds: float = 0.5) -> float:
    """How many pictures `run()` makes in a second: the median of several windows, so that one busy one doesn't count.

    run: does the work on `images_per_call` pictures and waits for it to end (a GPU's too). seconds: of a window.
    """
    for _ in range(3):  # the first calls choose algorithms and fill caches
        run()
    rates = []
    for _ in range(windows):
        started, calls = time.perf_counter(), 0
        while (passed := time.perf_counter() - started) < seconds:
            run()
            calls += 1
        rates.append(calls * images_per_call / passed)
    return statistics.median(rates)


def report_obedience(result: dict) -> str:
    """What was measured on what, and a table of targets for each control, as text."""
    return "\n\n".join([measured_on(result), *map(obedience_table, result["controls"], result["controls"].values())])


def report(result: dict) -> str:
    """What was measured on what, and the table, as text."""
    table = metric_table({name: result[name] for name in ("model", "gray", "oracle_mean", "true") if name in result})
    lines = [measured_on(result), table, f"generator alone: {result['model']['fps']:.0f} pictures/s", *result["notes"]]
    return "\n".join(lines)


def measured_on(result: dict) -> str:
    """What was measured on what, in a line."""
    size, split = result["image_size"], f" (parts {result['splits']}, split seed {result['split_seed']})"
    split = "" if result["part"] == "all" else split
    return (
        f"{result['dataset']}, {result['part']}{split}: {result['images']:,} pictures of {size}x{size}, on "
        f"{result['device']}, {result['precision']}"
    )
