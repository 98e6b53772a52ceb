"""What the commands that train and measure do: each calls the package and prints. Each returns its exit code."""

import dataclasses
import logging
import time
from pathlib import Path

from colorlib import evaluation, history, plots, tables
from colorlib.cli.flags import read_settings, read_targets
from colorlib.data import cache, load_photos
from colorlib.data.named_sets import NAMED, NamedSet
from colorlib.encoder_config import EncoderConfig
from colorlib.engine import is_main_process
from colorlib.errors import ConfigError, DataError
from colorlib.fields import having
from colorlib.files import write_atomically
from colorlib.measurement import Measurement
from colorlib.plots import obedience
from colorlib.recipes import current_scale
from colorlib.training import encoder
from colorlib.training.choices import change
from colorlib.training.runs import Run
from colorlib.training.stages import fit

log = logging.getLogger("colorlib")


def train(arguments) -> int:
    given = read_settings(arguments)
    targets = read_targets(arguments, given.get("loss", {}))
    stages = change(arguments.stages, given, targets, arguments.stage, arguments.resume)
    run = fit(stages, overwrite=arguments.overwrite, resume=arguments.resume)
    if not is_main_process():  # the first speaks for all
        return 0
    if run.history:
        columns = ["epoch", "step", "loss_G", "valid_mae_percent", "valid_psnr_pooled", "valid_colorfulness_ratio"]
        print(history.epoch_table(run.history[-10:], [name for name in columns if name in run.history[0]]))
    if run.interrupted:
        print(f"interrupted; the colorizer as it is now: {run.folder / 'last'}; go on with --resume")
        return 130
    print(f"the best epoch's colorizer: {run.folder / 'best'}\nmeasure it: colorlib evaluate {run.folder}")
    return 0


def pretrain_encoder(arguments) -> int:
    return pretrain(arguments, EncoderConfig, encoder.pretrain_encoder)


def pretrain_judge(arguments) -> int:
    from colorlib.training.judge_training import JudgeConfig, pretrain_judge

    return pretrain(arguments, JudgeConfig, pretrain_judge)


def pretrain(arguments, settings: type, train_it) -> int:
    """Train a classifier by its function, whose flags are the fields of its settings."""
    given = read_fields(arguments, settings)
    rows = train_it(given, arguments.resume, arguments.overwrite)
    print(history.epoch_table(rows[-10:]) if rows else "no epoch is finished yet")
    folder = Path(given.get("output", settings().output))
    if not rows or "test_top1_percent" not in rows[-1]:
        print(f"interrupted; go on with: colorlib pretrain-{settings.made} --resume --output {folder}")
        return 130
    print(f"the {settings.made}: {folder / f'{settings.made}.safetensors'}")
    return 0


def evaluate(arguments) -> int:
    given = read_fields(arguments, Measurement)
    if arguments.obedience:
        if arguments.json:
            raise ConfigError("--json has no effect with --obedience; leave one of them out")
        return evaluate_obedience(arguments.checkpoint, given, Path(arguments.obedience))
    result = evaluation.evaluate(arguments.checkpoint, **given)
    print(evaluation.report(result))  # before a file that can't be written could lose it
    if arguments.json:
        Path(arguments.json).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(arguments.json, evaluation.as_json(result))
    return 0


def evaluate_obedience(checkpoint: str, given: dict, folder: Path) -> int:
    """Write obedience.json, obedience.md and obedience.png into a folder."""
    result = evaluation.evaluate_obedience(checkpoint, **given)
    text = evaluation.report_obedience(result)
    print(text)  # before a file that can't be written could lose it
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "obedience.json", evaluation.as_json(result))
    write_atomically(folder / "obedience.md", text + "\n")
    write_atomically(folder / "obedience.png", plots.to_png(obedience.obedience(result["controls"])))
    return 0


def read_fields(arguments, settings: type) -> dict:
    """What the flags give of a dataclass whose fields they are."""
    names = {field.name for field in dataclasses.fields(settings)}
    return {name: value for name, value in vars(arguments).items() if name in names}


def compare(arguments) -> int:
    from colorlib.compare import compare as run_comparison

    given, scale = read_settings(arguments), arguments.scale or current_scale()
    options = {name: value for name, value in vars(arguments).items() if name in having(Measurement, "onlooker")}
    output, many = Path(arguments.output), {"jobs": arguments.jobs, "test_images": arguments.test_images}
    table, stopped = run_comparison(arguments.recipes, arguments.seeds, output, scale, given, **many, **options)
    return said_of(table, stopped, output)


def sweep(arguments) -> int:
    from colorlib.compare.sweep import sweep as run_sweep

    given, scale = read_settings(arguments), arguments.scale or current_scale()
    output = Path(arguments.output)
    table, stopped = run_sweep(arguments.name, output, scale, given, arguments.jobs, arguments.test_images)
    return said_of(table, stopped, output)


def said_of(table: dict, stopped: bool, output: Path) -> int:
    """Say what many trainings came to; the exit code."""
    if stopped:
        print("interrupted; the same command goes on")
        return 130
    print(f"\n{(output / 'table.md').read_text()}\n{output}: the tables and the pictures")
    return 2 if table["failed"] else 0


def data(arguments) -> int:
    if arguments.dataset is None:
        if arguments.dataset_path:
            raise ConfigError("--dataset-path is where a named data set lies; give its name, as colorlib data cifar10")
        for entry in NAMED.values():
            print(f"{entry.name}: {entry.what}\n    {', '.join(about_set(entry))}\n    license: {entry.license}")
        return 0
    begun = time.perf_counter()
    photo_set = load_photos(arguments.dataset, arguments.dataset_path, arguments.image_size)
    seconds, split = time.perf_counter() - begun, photo_set.split(split_seed=arguments.split_seed)
    print(f"{photo_set.summary}, {photo_set.gray.sum():,} of them gray; opened in {seconds:.0f} s")
    named = ", ".join(f"{name} {len(split[name]):,}" for name in ("train", "valid", "test"))
    print(f"parts (own, split seed {arguments.split_seed}): {named}")
    print(f"decoded in {cache.home()}, {photo_set.images.nbytes / 1e6:,.0f} MB")
    if arguments.dataset in NAMED:
        print(f"license: {NAMED[arguments.dataset].license}")
    return 0


def about_set(entry: NamedSet) -> list[str]:
    """Whether a named set is here, and how it comes divided, in words."""
    parts = entry.parts
    try:
        found = entry.look()
        here = f"not in {entry.place()}, {entry.how_to_get()}"
        if found is not None:
            here, parts = (
                f"{len(found):,} pictures here",
                [part for part in ("train", "valid", "test") if part in (found.part or ())],
            )
    except DataError as error:
        here = f"not to be opened: {error}"
    return [here, f"divided into {', '.join(parts)}" if parts else "undivided"]


def table(arguments) -> int:
    run = Run.load(arguments.run_folder)
    lines = history.loss_table(run.history, arguments.epochs)
    if arguments.csv:
        Path(arguments.csv).parent.mkdir(parents=True, exist_ok=True)
        tables.write_lines(lines, arguments.csv)
    print(tables.markdown_table(lines))
    return 0


def plot(arguments) -> int:
    run = Run.load(arguments.run_folder)
    output = Path(arguments.output or arguments.run_folder)
    output.mkdir(parents=True, exist_ok=True)
    for name, figure in (
        ("losses.png", plots.losses(run.history)),
        ("strip.png", plots.grid(run.learning_strip(arguments.epochs))),
    ):
        png = plots.to_png(figure)
        write_atomically(output / name, png)
        print(output / name)
    return 0
