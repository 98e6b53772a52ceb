"""The settings as flags of the command line: one for each field, with its help, type and default.

The flags are flat; which of them belong to the model, and which to the training, is `colorlib.config`'s concern.
"""

import argparse
import dataclasses
import types
import typing

from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.fields import flag
from colorlib.model import Model


class Parser(argparse.ArgumentParser):
    """argparse, with errors of one line, and without guessing at flags that are cut short."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def whole_number(text: str) -> int:
    """1000 or 1e3."""
    try:
        return int(text)  # exact for numbers of any length
    except ValueError:
        value = float(text)
        if not value.is_integer():
            raise ValueError(text) from None
        return int(value)


def count(text: str) -> int:
    """A whole number from 1 on."""
    value = whole_number(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def truth(text: str) -> bool:
    """True or False, in the usual spellings."""
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f"{text!r} is neither True nor False")
    return words[text.lower()]


def widths(text: str) -> tuple[int, ...]:
    """32,64,128 or 32-64-128."""
    return tuple(whole_number(part) for part in text.replace("-", ",").split(","))


def words(text: str) -> tuple[str, ...]:
    """saturation,hue."""
    return tuple(text.split(",")) if text else ()


def epoch_list(text: str) -> list[int]:
    """5,10,15,20."""
    return [count(part) for part in text.split(",")]


def loss_term(text: str) -> tuple[str, float | dict]:
    """l1=100, or adversarial=1,kind=lsgan: a term's name with its weight, or with its weight and options."""
    first, *others = text.split(",")
    pairs = [part.partition("=") for part in (first, *others)]
    if not all(name and value for name, _, value in pairs) or "weight" in [name for name, _, _ in pairs[1:]]:
        raise argparse.ArgumentTypeError(f"{text!r} is no term with a weight, as l1=100 or adversarial=1,kind=lsgan")
    try:
        weight = float(pairs[0][2])
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: the weight {pairs[0][2]!r} is not a number") from None
    options = {name: number_or_text(value) for name, _, value in pairs[1:]}
    if len(options) < len(pairs) - 1:
        raise argparse.ArgumentTypeError(f"{text!r} gives an option twice")
    return pairs[0][0], {"weight": weight, **options} if options else weight


def number_or_text(text: str) -> float | str:
    """0.9 as a number, lsgan as it is."""
    try:
        return float(text)
    except ValueError:
        return text


def or_none(read):
    """What reads the word none as None, and all else with `read`."""

    def optional(text: str):
        return None if text.lower() == "none" else read(text)

    optional.__name__ = read.__name__  # argparse names it where a text can't be read
    return optional


def parser_of(annotation):
    """The function that reads a field's type from text; `int | None` reads as int, or as the word none."""
    if isinstance(annotation, types.UnionType):
        annotation = next(kind for kind in typing.get_args(annotation) if kind is not types.NoneType)
        return or_none(parser_of(annotation))
    readers = {int: whole_number, bool: truth, tuple[int, ...]: widths, tuple[str, ...]: words, dict: loss_term}
    return readers.get(annotation, annotation)


def add_config_flags(parser: argparse.ArgumentParser, defaults: Config, kinds: dict) -> None:
    """One flag for each setting of the model and the training, and two for each control.

    kinds: setting -> the names that it takes, for its help.
    """
    from colorlib.controls import CONTROLS

    for settings in (Model, Config):
        add_flags_of(parser, settings, defaults.flat(), kinds)
    add_control_flags(parser, "desired-", "the {name} asked for, {limits}")
    for name in CONTROLS:
        parser.add_argument(
            flag(f"{name}_weight"), type=float, metavar="X", help="how much that counts in the loss [1]"
        )


def add_pretraining_flags(parser: argparse.ArgumentParser, settings: type) -> None:
    """The flags of a command that trains a classifier: whether it begins or goes on, and its settings."""
    parser.add_argument("--overwrite", action="store_true", help="replace a training that is in the folder already")
    parser.add_argument("--resume", action="store_true", help="go on with the training in --output, with its settings")
    add_flags_of(parser, settings, vars(settings()))


def add_flags_of(
    parser: argparse.ArgumentParser, settings: type, values: dict, kinds: dict | None = None, leave_out=frozenset()
) -> None:
    """One flag for each field of a dataclass of settings, but those to leave out; `values` are shown as their defaults.

    Without values the help shows no defaults.
    """
    hints, kinds = typing.get_type_hints(settings), kinds or {}
    for field in dataclasses.fields(settings):
        if field.name in leave_out | {"model"}:
            continue
        default, choices = values.get(field.name), field.metadata.get("choices")
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        show, several = default not in (None, ()) and not isinstance(default, dict), field.metadata.get("several")
        parser.add_argument(
            flag(field.name),
            type=str if several else parser_of(hints[field.name]),
            nargs="+" if several or isinstance(default, dict) else None,
            action="extend" if isinstance(default, dict) else "store",
            choices=choices or None,
            default=argparse.SUPPRESS,  # so that what is given is known, and changes every stage of a recipe
            metavar="{" + ",".join(map(str, choices)) + "}" if choices else "X",
            help=field.metadata["help"].replace("%", "%%")
            + (f": {', '.join(kinds[field.name])}" if field.name in kinds else "")
            + (f" [{shown}]" if show else ""),
        )


def add_control_flags(parser: argparse.ArgumentParser, prefix: str, text: str) -> None:
    """A flag for each control, as --desired-hue for the prefix `desired-`, with the help `text`."""
    from colorlib.controls import CONTROLS

    for name, control in CONTROLS.items():
        limits = f"from {control.low:g} to {control.high:g}"
        parser.add_argument(
            flag(f"{prefix}{name}"), type=float, metavar="X", help=text.format(name=name, limits=limits)
        )


def read_settings(arguments) -> dict:
    """The settings that the flags give, by name. Raises `ConfigError`."""
    names = set(Config().flat())
    given = {name: value for name, value in vars(arguments).items() if name in names}
    if "loss" in given:
        if len(dict(given["loss"])) < len(given["loss"]):
            raise ConfigError("--loss names a term twice; give each one weight")
        given["loss"] = dict(given["loss"])
    return given


def read_targets(arguments, loss: dict) -> dict:
    """The terms that the flags of *controlled* ask for, as --desired-hue 0.6 --hue-weight 20; none of them in `loss`.

    Raises `ConfigError`.
    """
    from colorlib.controls import CONTROLS

    terms = {}
    for name in CONTROLS:
        target, weight = getattr(arguments, f"desired_{name}"), getattr(arguments, f"{name}_weight")
        if target is None and weight is not None:
            raise ConfigError(f"--{name}-weight has no effect without --desired-{name}")
        if target is not None and name in loss:
            raise ConfigError(f"--desired-{name} and --loss {name} are the same term; give one of them")
        if target is not None:
            terms[name] = {"weight": 1.0 if weight is None else weight, "target": target}
    return terms
