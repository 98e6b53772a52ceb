"""What the fields of a frozen dataclass of settings have in common: help, limits, their names as flags, their checks.

`colorlib.config` declares the settings themselves, `colorlib.flags` makes the command line of them.
"""

import dataclasses
import math
import types
import typing

from colorlib.errors import ConfigError


def knob(default, text: str, choices: tuple = (), least=None, below=None, above=None):
    """A field with its help text, and what it may be: one of `choices`, at least `least`, below or above a bound."""
    limits = {"choices": choices, "least": least, "below": below, "above": above}
    return dataclasses.field(default=default, metadata={"help": text, **limits})


def flag(name: str) -> str:
    """A field's name as the command line spells it."""
    return "--" + name.replace("_", "-")


IN_WORDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", dict: "terms with weights"}


def check_fields(settings) -> None:
    """Check each field's type and limits; lists become tuples, since JSON has none. Raises `ConfigError`."""
    for field, kind in zip(dataclasses.fields(settings), typing.get_type_hints(type(settings)).values(), strict=True):
        name, value, limits = flag(field.name), getattr(settings, field.name), field.metadata
        if isinstance(kind, types.UnionType):  # int | None
            if value is None:
                continue
            kind = typing.get_args(kind)[0]
        if kind == tuple[int, ...]:
            value = tuple(value) if isinstance(value, (list, tuple)) else value
            whole = isinstance(value, tuple) and all(type(width) is int and 0 < width < 2**14 for width in value)
            if not whole or len(value) < 2:
                raise ConfigError(f"{name} is {value}; it takes two or more positive channel counts, as 32,64,128")
            object.__setattr__(settings, field.name, value)
            continue
        if kind == tuple[str, ...]:
            value = tuple(value) if isinstance(value, (list, tuple)) else value
            if not isinstance(value, tuple) or not all(isinstance(word, str) for word in value):
                raise ConfigError(f"{name} is {value!r}; it takes names, as saturation,hue")
            object.__setattr__(settings, field.name, value)
            continue
        right = type(value) in ((int, float) if kind is float else (kind,))
        if not right or (kind is float and not math.isfinite(value)):
            raise ConfigError(f"{name} is {value!r}; it takes {IN_WORDS.get(kind, kind.__name__)}")
        if limits.get("choices") and value not in limits["choices"]:
            raise ConfigError(f"{name} is {value!r}; it takes one of {', '.join(map(str, limits['choices']))}")
        if limits.get("least") is not None and value < limits["least"]:
            raise ConfigError(f"{name} is {value}; it must be {limits['least']} or more")
        if limits.get("above") is not None and not value > limits["above"]:
            raise ConfigError(f"{name} is {value}; it must be above {limits['above']}")
        if limits.get("below") is not None and not value < limits["below"]:
            raise ConfigError(f"{name} is {value}; it must be below {limits['below']}")


def choose(kinds: dict, settings, name: str):
    """What a setting names among `kinds`. Raises `ConfigError` for a name that isn't there."""
    value = getattr(settings, name)
    if value not in kinds:
        raise ConfigError(f"{flag(name)} is {value!r}; it takes one of {', '.join(kinds)}")
    return kinds[value]


# Which settings have an effect: their names -> (have they one, with what they have none).
Rules = dict[tuple[str, ...], tuple[bool, str]]


def rules_of_kinds(settings, name: str, kinds: dict) -> Rules:
    """The rules of a setting that names one of several kinds, each a class with `settings`: the names of those that no
    other kind looks at. Raises `ConfigError` for a name that isn't there.
    """
    used = choose(kinds, settings, name).settings
    others = {other for kind in kinds.values() for other in kind.settings} - set(used)
    return {tuple(sorted(others)): (False, f"{flag(name)} {getattr(settings, name)}")}


def without_effect(values: dict, defaults: dict, rules: Rules, given=()) -> dict[str, str]:
    """The settings that were changed, or are among `given`, and have no effect: name -> a sentence that says so."""
    found = {}
    for names, (used, reason) in rules.items():
        for name in names:
            if not used and (values[name] != defaults[name] or name in given):
                found[name] = f"{flag(name)} {values[name]} has no effect with {reason}; leave it out"
    return found
