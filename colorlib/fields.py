"""What the fields of a frozen dataclass of settings have in common: help, limits, their names as flags, their checks.

`colorlib.config` declares the settings themselves, `colorlib.cli.flags` makes the command line of them. A setting that
names one of several kinds is looked up by `choose`; what kinds say about settings is in `Kind`.
"""

import dataclasses
import math
import types
import typing

from colorlib.errors import ConfigError

PRECISIONS = ("auto", "fp32", "fp16", "bf16", "fp64")  # what they mean is `colorlib.precision`'s


def knob(default, text: str, choices: tuple = (), least=None, below=None, above=None, **traits):
    """A field with its help text, and what it may be: one of `choices`, at least `least`, below or above a bound.

    traits: what else is true of it, as `shared=True`; see `having`.
    """
    limits = {"choices": choices, "least": least, "below": below, "above": above}
    return dataclasses.field(default=default, metadata={"help": text, **limits, **traits})


def having(config_class: type, trait: str) -> set[str]:
    """The names of the fields that have a trait."""
    return {field.name for field in dataclasses.fields(config_class) if field.metadata.get(trait)}


def flag(name: str) -> str:
    """A field's name as the command line spells it."""
    return "--" + name.replace("_", "-")


class Kind:
    """What a setting names, as a generator, an optimizer or a term of the loss; which other settings it looks at.

    reads: those that it looks at, and not all of its like do. ignores: those that all others of its like look at, and
    it doesn't. needs: settings -> what they may be beside it (of the loss, terms that it must have; () is anything but
    nothing). What follows from these is in `colorlib.training.choices`.
    """

    reads: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    needs: dict[str, tuple] = {}


IN_WORDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", dict: "terms with weights"}


def check_fields(config) -> None:
    """Check each field's type and limits; lists become tuples, since JSON has none. Raises `ConfigError`."""
    for field, kind in zip(dataclasses.fields(config), typing.get_type_hints(type(config)).values(), strict=True):
        name, value, limits = flag(field.name), getattr(config, field.name), field.metadata
        if isinstance(kind, types.UnionType):  # int | None
            if value is None:
                continue
            kind = typing.get_args(kind)[0]
        if kind == tuple[int, ...]:
            value = tuple(value) if isinstance(value, (list, tuple)) else value
            whole = isinstance(value, tuple) and all(type(width) is int and 0 < width < 2**14 for width in value)
            if not whole or len(value) < 2:
                raise ConfigError(f"{name} is {value}; it takes two or more positive channel counts, as 32,64,128")
            object.__setattr__(config, field.name, value)
            continue
        if kind == tuple[str, ...]:
            value = tuple(value) if isinstance(value, (list, tuple)) else value
            if not isinstance(value, tuple) or not all(isinstance(word, str) for word in value):
                raise ConfigError(f"{name} is {value!r}; it takes names, as saturation,hue")
            object.__setattr__(config, field.name, value)
            continue
        if kind is dict and isinstance(value, dict):
            object.__setattr__(config, field.name, Fixed(value))
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


def check_unchanged(now: dict, before: dict, resumable: set[str]) -> None:
    """Raise `ConfigError` for a setting, by name, that a training can't change when it goes on."""
    for name, value in now.items():
        if value != before[name] and name not in resumable:
            raise ConfigError(f"--resume can't change {flag(name)} from {before[name]} to {value}; train anew for that")


def choose(kinds: dict, config, name: str):
    """What a setting names among `kinds`. Raises `ConfigError` for a name that isn't there."""
    value = getattr(config, name)
    if value not in kinds:
        raise ConfigError(f"{flag(name)} is {value!r}; it takes one of {', '.join(kinds)}")
    return kinds[value]


class Fixed(dict):
    """A dict that isn't changed after it was made, nor are those in it: settings are shared by many."""

    def __init__(self, values=()):
        super().__init__({name: Fixed(value) if type(value) is dict else value for name, value in dict(values).items()})

    def _refuse(self, *_, **__):
        raise TypeError("settings can't be changed; make others of them by `replace`")

    __setitem__ = __delitem__ = update = setdefault = pop = popitem = clear = __ior__ = _refuse

    def __reduce__(self):
        return Fixed, (dict(self),)

    def __hash__(self):
        return hash(frozenset(self.items()))
