"""The flags of `colorlib compare` and `colorlib pretrain-judge`."""

import dataclasses

from colorlib import recipes
from colorlib.cli.flags import Parser, add_flags_of, add_pretraining_flags, count
from colorlib.config import Config
from colorlib.fields import having
from colorlib.measurement import Measurement
from colorlib.model import Model

# What makes a recipe the one that it is, and what a comparison gives each run itself.
NOT_FOR_ALL = frozenset(
    {"system", "trainer", "generator", "head", "color_space", "discriminator", "conditions", "loss"}
)
NOT_FOR_ALL |= {"seed", "checkpoints_path", "start_from"}


def add_judge_flags(parser: Parser, argv: list[str]) -> None:
    from colorlib.encoder_config import JudgeConfig

    parser.description = (
        "Train a small classifier of color pictures: a judge for `evaluate --judge FILE`, which says how often it "
        "knows what is in true, gray and colorized pictures. It leaves judge.safetensors in --output after each epoch."
    )
    add_pretraining_flags(parser, JudgeConfig)


def add_comparison_flags(parser: Parser, argv: list[str]) -> None:
    parser.description = (
        "Train recipes, each with several seeds, measure all on one test set, and write table.md, table.csv, "
        "table.json, accuracy.png, pictures.png and learning.png. What is trained already is kept, what has begun goes "
        "on: the same command again after Ctrl-C. A run that fails is named, the rest goes on, and the exit code is 2."
    )
    parser.add_argument(
        "--recipes", nargs="+", required=True, metavar="NAME", help=f"some of {', '.join(recipes.RECIPES)}"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="N", help="seeds of the trainings [0]")
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="folder for the tables; runs are in DIR/NAME/SEED"
    )
    add_flags_of_many(parser)
    for_each = {field.name for field in dataclasses.fields(Measurement)} - having(Measurement, "onlooker")
    add_flags_of(parser, Measurement, {}, leave_out=for_each)


def add_sweep_flags(parser: Parser, argv: list[str]) -> None:
    parser.description = (
        "Train one colorizer for each target of a document, measure all, and write table.md, table.json and "
        "pictures.png. What is trained already is kept, what has begun goes on: the same command again after Ctrl-C."
    )
    parser.add_argument(
        "name", metavar="NAME", choices=("controlled", "weights"), help="controlled (its targets) or weights (of one)"
    )
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="folder for the tables; the trainings stand in it, too"
    )
    add_flags_of_many(parser)


def add_flags_of_many(parser: Parser) -> None:
    """Those of a command that trains one recipe after the other."""
    parser.add_argument(
        "--scale", choices=tuple(recipes.SCALES), help="size of the recipes [the variable COLORLIB_SCALE, or class]"
    )
    parser.add_argument("--jobs", type=count, default=1, metavar="N", help="so many trainings at once [1]")
    parser.add_argument("--test-images", type=count, metavar="N", help="measure on at most so many pictures [all]")
    settings = parser.add_argument_group("settings, the same for every recipe where they have an effect")
    from colorlib.training.choices import KINDS

    for kind in (Model, Config):
        add_flags_of(settings, kind, {}, KINDS, NOT_FOR_ALL)
