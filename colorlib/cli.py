"""The command line: train, evaluate, colorize, table, plot, demo. It parses, calls the package, and prints.

Anything wrong with the input is one line on standard error and exit code 2.
"""

import argparse
import dataclasses
import json
import logging
import os
import sys
import time
from pathlib import Path

import torch
from tqdm import tqdm

from colorlib import history, metrics, photos, plots, recipes
from colorlib.colorizer import Colorizer, ColorizerError
from colorlib.config import Config, ConfigError
from colorlib.data import DataError, load_photos, loader, spread
from colorlib.devices import choose_device, device_name
from colorlib.files import write_atomically
from colorlib.flags import Parser, add_config_flags, count, epoch_list, refuse_controls
from colorlib.runs import Run
from colorlib.scale import SCALES, current_scale
from colorlib.sources import NAMED
from colorlib.tables import markdown_table
from colorlib.training import TrainingError, fit

log = logging.getLogger("colorlib")

INPUT_ERRORS = (ConfigError, DataError, ColorizerError, TrainingError, photos.PhotoError, OSError)


# ---------------------------------------------------------------- the commands


def train(arguments) -> int:
    refuse_controls(arguments)
    config = Config(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Config)})
    run = fit(config, overwrite=arguments.overwrite, resume=arguments.resume)
    if not is_main_process():
        return 0
    if run.history:
        columns = ["epoch", "step", "loss_G", "valid_mae_percent", "valid_psnr_pooled", "valid_colorfulness_ratio"]
        print(history.table(run.history[-10:], columns))
    if run.interrupted:
        print(f"interrupted; the colorizer as it is now: {run.folder / 'last'}; go on with --resume")
        return 130
    source = f"--dataset {config.dataset}" + (f" --dataset-path {config.dataset_path}" if config.dataset_path else "")
    print(f"the best epoch's colorizer: {run.folder / 'best'}\nmeasure it: colorlib evaluate {run.folder} {source}")
    return 0


def is_main_process() -> bool:
    """Whether this process speaks for all; torchrun numbers them."""
    return os.environ.get("RANK", "0") == "0"


def evaluate(arguments) -> int:
    device = choose_device(arguments.device)
    colorizer = Colorizer.load(arguments.checkpoint, device)
    config = colorizer.config
    photo_set = load_photos(arguments.dataset, arguments.dataset_path, config.image_size)
    part = arguments.split or ("test" if arguments.dataset in NAMED else "all")
    indices = spread(photo_set.split(config.splits, config.seed)[part], arguments.limit_images)
    if not len(indices):
        raise DataError(f"{arguments.dataset}: no photos in the part {part!r}; try --split all")
    batches = tqdm(loader(photo_set, indices, 128, shuffle=False), unit="batch", desc="measuring", leave=False)
    rows = metrics.evaluate(batches, colorizer.colorize_batch, device)
    rows["model"]["fps"] = images_per_second(colorizer)
    result = {
        "dataset": arguments.dataset,
        "split": part,
        "images": len(indices),
        "image_size": config.image_size,
        "device": device_name(device),
        "seed": config.seed,
        **rows,
    }
    text = json.dumps(result, indent=2) + "\n"
    if arguments.json:
        Path(arguments.json).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(arguments.json, text)
    size = config.image_size
    print(f"{arguments.dataset}, {part}: {len(indices):,} pictures of {size}x{size}, on {device_name(device)}")
    print(metrics.table(rows))
    print(f"generator alone: {rows['model']['fps']:.0f} pictures/s")
    return 0


def images_per_second(colorizer: Colorizer, batch_size: int = 32, seconds: float = 1.0) -> float:
    """Pictures per second through the generator at its own size, after warming up."""
    size = colorizer.config.image_size
    gray = torch.zeros(batch_size, 1, size, size, device=colorizer.device)

    @torch.no_grad()
    def run():
        colorizer.generator(gray).sum().item()  # .item() waits for a GPU

    for _ in range(3):
        run()
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        run()
        count += batch_size
    return count / (time.perf_counter() - started)


def colorize(arguments) -> int:
    colorizer = Colorizer.load(arguments.checkpoint, choose_device(arguments.device))
    if arguments.size:
        if colorizer.config.generator == "gray_fed" and arguments.size != colorizer.config.image_size:
            raise ConfigError(f"--size {arguments.size}: this generator takes {colorizer.config.image_size} alone")
        colorizer.config.replace(image_size=arguments.size)  # an impossible size is refused here
    jobs = photos.plan_outputs(arguments.photos, Path(arguments.output))
    failed = []

    def readable():
        for source, target in jobs:
            try:
                image = photos.open_photo(source)
            except photos.PhotoError as error:
                failed.append(source)
                log.warning("left out: %s", error)
                continue
            opened.append((target, photos.exif_bytes(image)))
            yield image

    opened = []
    bar = tqdm(total=len(jobs), unit="photo", desc="colorizing", disable=len(jobs) < 2)
    with bar:
        for colorized in colorizer.colorize_many(readable(), arguments.size):
            photos.save_photo(colorized, *opened.pop(0))
            bar.update()
    done = len(jobs) - len(failed)
    print(f"colorized {done} photo{'s' * (done != 1)} into {arguments.output}")
    if failed:
        log.warning("%d of %d photos could not be read", len(failed), len(jobs))
    return 2 if failed else 0


def table(arguments) -> int:
    run = Run.load(arguments.run_folder)
    try:
        lines = history.loss_table(run.history, arguments.epochs)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if arguments.csv:
        text = "".join(",".join(line) + "\n" for line in lines)
        write_atomically(arguments.csv, text)
    print(markdown_table(lines))
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


def demo(arguments) -> int:
    from colorlib.demo import run_demo

    return run_demo(Path(arguments.output))


# ---------------------------------------------------------------- the parser


def build_parser(defaults: Config) -> argparse.ArgumentParser:
    """The whole command line; `defaults` are those of `train`, which depend on its recipe."""
    parser = Parser(prog="colorlib", description="Colorize gray photographs, and learn how.")
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=Parser)
    device = {"default": "auto", "metavar": "X", "help": "auto (a GPU if there is one), cpu, cuda, mps [auto]"}

    command = commands.add_parser("train", help="train a colorizer", description="Train a colorizer.")
    command.set_defaults(run=train)
    add_recipe_flags(command)
    command.add_argument("--overwrite", action="store_true", help="replace a training that is in the folder already")
    command.add_argument(
        "--resume",
        action="store_true",
        help="go on with the training in --checkpoints-path, with its settings; flags given here change its length and "
        "learning rate",
    )
    add_config_flags(command, defaults)

    command = commands.add_parser("evaluate", help="measure a colorizer", description="Measure a colorizer.")
    command.set_defaults(run=evaluate)
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="folder of a colorizer, or of its training")
    command.add_argument(
        "--dataset", default="bundled", metavar="X", help="bundled, cifar10, a folder, an .npz [bundled]"
    )
    command.add_argument("--dataset-path", metavar="X", help="where a named data set lies, or is downloaded to")
    command.add_argument(
        "--split",
        choices=("train", "valid", "test", "all"),
        help="part to measure on, divided as in the training [test for a named set, all for a folder]",
    )
    command.add_argument("--limit-images", type=count, metavar="N", help="at most so many pictures [all]")
    command.add_argument("--json", metavar="FILE", help="write all figures there")
    command.add_argument("--device", **device)

    command = commands.add_parser(
        "colorize",
        help="colorize photos",
        description="Colorize photos: JPEG stays JPEG, all else becomes PNG; size and lightness are the photo's own. "
        "A photo that can't be read is named and left out, and the exit code is 2.",
    )
    command.set_defaults(run=colorize)
    command.add_argument("checkpoint", metavar="CHECKPOINT", help="folder of a colorizer, or of its training")
    command.add_argument("photos", nargs="+", metavar="PHOTO", help="photos, or folders of them")
    command.add_argument("--output", required=True, metavar="DIR", help="folder for the colorized photos")
    command.add_argument(
        "--size", type=count, metavar="PX", help="side at which the generator sees a photo [as it was trained]"
    )
    command.add_argument("--device", **device)

    command = commands.add_parser(
        "table", help="a training's losses as a table", description="Losses at some epochs, as a Markdown table."
    )
    command.set_defaults(run=table)
    command.add_argument("run_folder", metavar="RUN", help="folder of a training")
    command.add_argument(
        "--epochs", type=epoch_list, metavar="N,N", help="which [5,10,15,20, or four of a shorter training]"
    )
    command.add_argument("--csv", metavar="FILE", help="write the table there as CSV, too")

    command = commands.add_parser(
        "plot", help="a training's curves and pictures", description="Draw losses.png and strip.png."
    )
    command.set_defaults(run=plot)
    command.add_argument("run_folder", metavar="RUN", help="folder of a training")
    command.add_argument("--epochs", type=count, default=5, metavar="N", help="epochs in the strip [5]")
    command.add_argument("--output", metavar="DIR", help="folder for the pictures [the training's]")

    command = commands.add_parser(
        "demo", help="minutes from photos to a colorizer", description="Train on the bundled photos, then colorize."
    )
    command.set_defaults(run=demo)
    command.add_argument("--output", default="outputs/demo", metavar="DIR", help="folder to write [outputs/demo]")
    return parser


def add_recipe_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe", metavar="NAME", help=f"start from {', '.join(recipes.RECIPES)}; the other flags change it"
    )
    parser.add_argument(
        "--scale", choices=tuple(SCALES), help="size of the recipe [the variable COLORLIB_SCALE, or class]"
    )


def train_defaults(argv: list[str]) -> Config:
    """The configuration that `train`'s flags change: that of the training to resume, or the recipe, if any."""
    first = Parser(prog="colorlib train", add_help=False)
    add_recipe_flags(first)
    first.add_argument("--resume", action="store_true")
    first.add_argument("--checkpoints-path", default=Config().checkpoints_path)
    named, _ = first.parse_known_args(argv)
    config_file = Path(named.checkpoints_path) / "config.json"
    if named.resume and named.recipe is None and config_file.exists():
        return Config.load(config_file).replace(checkpoints_path=named.checkpoints_path)
    if named.recipe is None:
        if named.scale:
            raise ConfigError("--scale goes with --recipe")
        return Config()
    return recipes.get(named.recipe, named.scale or current_scale())


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    logging.basicConfig(format="colorlib: %(message)s", level=logging.WARNING)
    try:
        defaults = train_defaults(argv) if argv[:1] == ["train"] else Config()
        arguments = build_parser(defaults).parse_args(argv)
        return arguments.run(arguments)
    except INPUT_ERRORS as error:
        print(f"colorlib: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("colorlib: interrupted", file=sys.stderr)
        return 130
