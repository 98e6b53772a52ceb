"""The command line: what each command takes. What it does is in `commands` and `photo_commands`.

Anything wrong with the input is one line on standard error and exit code 2. `colorlib --help` answers at once: what
a command needs is imported when that command is run.
"""

import logging
import os
import re
import sys

from colorlib import recipes
from colorlib.cli import doctor
from colorlib.cli.compare_flags import add_comparison_flags, add_judge_flags, add_sweep_flags
from colorlib.cli.flags import Parser, add_config_flags, add_flags_of, add_pretraining_flags, count, epoch_list
from colorlib.cli.photo_flags import (
    CHECKPOINT,
    add_app_flags,
    add_colorize_flags,
    add_demo_flags,
    add_export_flags,
    add_share_flags,
)
from colorlib.config import Config
from colorlib.errors import ConfigError, InputError
from colorlib.measurement import Measurement


def add_train_flags(parser: Parser, argv: list[str]) -> None:
    """The flags of `train`, whose defaults are those of the recipe, or of the training that is resumed."""
    add_recipe_flags(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a training that is in the folder already")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the training in --checkpoints-path, with its settings; flags given here change its length and "
        "learning rate",
    )
    parser.add_argument(
        "--stage",
        type=count,
        metavar="N",
        help="the flags change stage N of the recipe alone; model, data, device and folder are the same for all "
        "[each flag changes every stage where it has an effect]",
    )
    stages = train_defaults(argv)
    from colorlib.training.choices import KINDS

    add_config_flags(parser, stages[-1], KINDS)
    parser.set_defaults(stages=stages)


def add_recipe_flags(parser: Parser) -> None:
    parser.add_argument(
        "--recipe", metavar="NAME", help=f"start from {', '.join(recipes.RECIPES)}; the other flags change it"
    )
    parser.add_argument(
        "--scale", choices=tuple(recipes.SCALES), help="size of the recipe [the variable COLORLIB_SCALE, or class]"
    )


def train_defaults(argv: list[str]) -> tuple[Config, ...]:
    """What `train`'s flags change: the training to resume, or the recipe's stages, or the defaults."""
    first = Parser(prog="colorlib train", add_help=False)
    add_recipe_flags(first)
    first.add_argument("--resume", action="store_true")
    first.add_argument("--checkpoints-path", default=Config().checkpoints_path)
    named, _ = first.parse_known_args(argv)
    if named.recipe:
        return recipes.get(named.recipe, named.scale or recipes.current_scale())
    if named.scale:
        raise ConfigError("--scale goes with --recipe")
    if named.resume:
        from colorlib.training.run_folder import load_stages

        return load_stages(named.checkpoints_path)
    return (Config(),)


def add_data_flags(parser: Parser, argv: list[str]) -> None:
    parser.description = (
        "Fetch a data set and decode it, ahead of a training or a class, and say what is there. Without a NAME: the "
        "data sets that have one, what they are, their licenses, and which are here."
    )
    parser.add_argument("dataset", nargs="?", metavar="NAME", help="a data set's name, a folder of photos, or an .npz")
    parser.add_argument("--dataset-path", metavar="X", help="where a named data set lies, or is downloaded to")
    parser.add_argument("--image-size", type=count, default=32, metavar="PX", help="side of the squares [32]")
    parser.add_argument("--split-seed", type=int, default=0, metavar="N", help="seed of the parts [0]")


def add_pretrain_encoder_flags(parser: Parser, argv: list[str]) -> None:
    from colorlib.encoder_config import EncoderConfig

    parser.description = (
        "Train a ResNet18 to name what is in gray photographs: an encoder for `train --generator resnet18 "
        "--encoder-weights FILE`. It leaves encoder.safetensors in --output after each epoch."
    )
    add_pretraining_flags(parser, EncoderConfig)


def add_evaluate_flags(parser: Parser, argv: list[str]) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT)
    add_flags_of(parser, Measurement, vars(Measurement()))
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--obedience",
        metavar="DIR",
        help="measure how well a colorizer that listens to controls obeys; tables, curves and figures go there",
    )


def add_table_flags(parser: Parser, argv: list[str]) -> None:
    parser.add_argument("run_folder", metavar="RUN", help="folder of a training")
    parser.add_argument(
        "--epochs", type=epoch_list, metavar="N,N", help="which [5,10,15,20, or four of a shorter training]"
    )
    parser.add_argument("--csv", metavar="FILE", help="write the table there as CSV, too")


def add_plot_flags(parser: Parser, argv: list[str]) -> None:
    parser.add_argument("run_folder", metavar="RUN", help="folder of a training")
    parser.add_argument("--epochs", type=count, default=5, metavar="N", help="epochs in the strip [5]")
    parser.add_argument("--output", metavar="DIR", help="folder for the pictures [the training's]")


COMMANDS = {
    "data": ("fetch a data set and decode it", add_data_flags),
    "train": ("train a colorizer", add_train_flags),
    "pretrain-encoder": ("train an encoder that has seen photographs", add_pretrain_encoder_flags),
    "pretrain-judge": ("train a judge of colors", add_judge_flags),
    "evaluate": ("measure a colorizer", add_evaluate_flags),
    "compare": ("train recipes, measure them, and put them in one table", add_comparison_flags),
    "sweep": ("train a colorizer for each target of a document", add_sweep_flags),
    "colorize": ("colorize photos", add_colorize_flags),
    "app": ("colorize photos in the browser, with sliders", add_app_flags),
    "table": ("a training's losses as a table", add_table_flags),
    "plot": ("a training's curves and pictures: losses.png and strip.png", add_plot_flags),
    "export": ("write a colorizer as an ONNX file", add_export_flags),
    "share": ("upload a colorizer to the Hugging Face hub", add_share_flags),
    "demo": ("minutes from photos to a colorizer", add_demo_flags),
    "doctor": ("what this machine has for the course, and what is missing", doctor.add_doctor_flags),
}
WITH_A_COLORIZER = {"colorize", "app", "export", "share", "demo"}  # `photo_commands` has them


def overview() -> Parser:
    """The parser that knows the commands' names alone."""
    parser = Parser(prog="colorlib", description="Colorize gray photographs, and learn how.")
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=Parser)
    for name, (text, _) in COMMANDS.items():
        commands.add_parser(name, help=text)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    logging.basicConfig(format="colorlib: %(message)s", level=logging.WARNING)
    if not argv or argv[0] not in COMMANDS:
        overview().parse_args(argv)
    name, rest = argv[0], argv[1:]
    text, add_flags = COMMANDS[name]
    try:
        parser = Parser(prog=f"colorlib {name}", description=text.capitalize() + ".")
        add_flags(parser, rest)
        arguments = parser.parse_args(rest)
        if name == "doctor":  # it speaks where the others can't start
            return doctor.doctor(arguments)
        from colorlib.cli import commands, photo_commands

        where = photo_commands if name in WITH_A_COLORIZER else commands
        return getattr(where, name.replace("-", "_"))(arguments)
    except BrokenPipeError:  # the reader of our output has gone, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (InputError, OSError) as error:
        print(f"colorlib: {error}", file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not re.search("out of memory|can't allocate memory", str(error)):
            raise
        print("colorlib: out of memory; give a smaller --batch-size, --widths or --size", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("colorlib: interrupted", file=sys.stderr)
        return 130
