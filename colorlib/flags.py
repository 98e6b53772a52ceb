"""The configuration as flags of the command line: one for each field, with its help, type and default."""

import argparse
import dataclasses
import types
import typing

from colorlib.config import Config, ConfigError, flag

CONTROLS = ("saturation", "hue", "red", "green", "blue")  # source 000's flags for controlled parameters


class Parser(argparse.ArgumentParser):
    """argparse, with errors of one line, and without guessing at flags that are cut short."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def whole_number(text: str) -> int:
    """1000 or 1e3."""
    value = float(text)
    if not value.is_integer():
        raise ValueError(text)
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


def epoch_list(text: str) -> list[int]:
    """5,10,15,20."""
    return [whole_number(part) for part in text.split(",")]


def parser_of(annotation):
    """The function that reads a field's type from text; `int | None` reads as int."""
    if isinstance(annotation, types.UnionType):
        annotation = next(kind for kind in typing.get_args(annotation) if kind is not types.NoneType)
    return {int: whole_number, bool: truth, tuple[int, ...]: widths}.get(annotation, annotation)


def add_config_flags(parser: argparse.ArgumentParser, defaults: Config) -> None:
    """One flag for each field of the configuration, with its help and default."""
    for field in dataclasses.fields(Config):
        default = getattr(defaults, field.name)
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        parser.add_argument(
            flag(field.name),
            type=parser_of(typing.get_type_hints(Config)[field.name]),
            choices=field.metadata["choices"] or None,
            default=default,
            metavar="{" + ",".join(map(str, field.metadata["choices"])) + "}" if field.metadata["choices"] else "X",
            help=field.metadata["help"] + ("" if default is None else f" [{shown}]"),
        )
    for control in CONTROLS:
        for name in (f"--desired-{control}", f"--{control}-weight"):
            parser.add_argument(name, type=float, help=argparse.SUPPRESS)


def refuse_controls(arguments) -> None:
    for control in CONTROLS:
        for name in (f"desired_{control}", f"{control}_weight"):
            if getattr(arguments, name) is not None:
                raise ConfigError(f"{flag(name)}: training with controlled parameters isn't there yet; leave it out")
