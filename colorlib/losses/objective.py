"""The objective of a generator: a mapping from the names of terms to their weights and options.

    --loss l1=100 l2=2000 adversarial=1,kind=lsgan

To add a term, write a function of one `Prediction` (in `colorlib.losses`, or beside what it needs) and give it a line
in `TERMS`. Its name then works in --loss, and the history has its column `loss_G_...`. A term with options is a
class, whose arguments they are. A term that needs more than the prediction, as the weights of a network, has a method
`prepare(engine, config)`, which is called once when a training begins or goes on, after all settings were checked. One
that makes sense with certain settings only names them in `needs`, each with its value, or None for any; one that alone
looks at certain settings names them in `settings`.
"""

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from colorlib import losses
from colorlib.config import Config
from colorlib.controls import CONTROLS
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.losses import Prediction
from colorlib.losses.perceptual import ContentLoss
from colorlib.settings import flag

# name in --loss -> (its column in the history, what makes the function of a prediction out of the term's options)
TERMS: dict[str, tuple[str, Callable[..., Callable[[Prediction], Tensor]]]] = {
    "l1": ("L1", lambda: losses.l1),
    "l2": ("L2", lambda: losses.l2),
    "gamut": ("gamut", lambda: losses.gamut),
    "hues": ("hues", lambda: losses.hues),
    "cross_entropy": ("cross_entropy", losses.CrossEntropy),
    "adversarial": ("GAN", losses.Adversarial),
    "asked": ("asked", losses.AskedFor),
    "content": ("content", ContentLoss),
    **{name: (name, partial(losses.Target, name)) for name in CONTROLS},
}


@dataclass(frozen=True)
class Term:
    """One part of the objective: `weight * function(prediction)`, in the history's column `loss_G_<column>`."""

    column: str
    weight: float
    function: Callable[[Prediction], Tensor]

    def __call__(self, prediction: Prediction) -> Tensor:
        return self.weight * self.function(prediction)

    def prepare(self, engine: Engine, config: Config) -> None:
        """Get what the function needs besides a prediction, if it needs anything. Raises `ConfigError`."""
        if hasattr(self.function, "prepare"):
            self.function.prepare(engine, config)


def objective(loss: dict) -> list[Term]:
    """The terms of an objective: name -> weight, or name -> {"weight": ..., option: ...}. Raises `ConfigError`.

    No network is loaded yet: a wrong name or option is said before anything else is done.
    """
    return [make_term(name, given) for name, given in loss.items()]


def check_objective(config: Config) -> None:
    """Raise `ConfigError` for an objective that can't be, or that asks for what the other settings don't give."""
    settings = config.flat()
    if config.model.conditions and "asked" not in config.loss:
        raise ConfigError("--conditions has no effect without the term asked; add asked=20, say, to --loss")
    for name, term in zip(config.loss, objective(config.loss), strict=True):
        for setting, value in getattr(term.function, "needs", {}).items():
            there = bool(settings[setting]) if value is None else settings[setting] == value
            if not there:
                raise ConfigError(f"--loss has the term {name}, which needs {flag(setting)} {value or ''}".rstrip())


def settings_of_terms(loss: dict) -> Iterator[tuple[str, list[str], bool]]:
    """Each setting that only some terms look at, these terms' names, and whether one of them is in an objective."""
    looking = {}
    for name, (_, make) in TERMS.items():
        for setting in getattr(make, "settings", ()):
            looking.setdefault(setting, []).append(name)
    for setting, names in looking.items():
        yield setting, names, any(name in loss for name in names)


def make_term(name: str, given) -> Term:
    """One term of an objective, of its weight, or of a dict with its weight and options. Raises `ConfigError`."""
    if name not in TERMS:
        raise ConfigError(f"--loss has no term {name!r}; there are {', '.join(sorted(TERMS))}")
    options = dict(given) if isinstance(given, dict) else {"weight": given}
    weight = options.pop("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise ConfigError(f"--loss {name}: the weight is {weight!r}; it must be above 0 (leave the term out for 0)")
    column, make = TERMS[name]
    known = inspect.signature(make).parameters
    for option in options:
        if option not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise ConfigError(f"--loss {name}: no option {option!r}; {takes}")
    missing = [o for o, p in known.items() if p.default is p.empty and o not in options]
    if missing:
        raise ConfigError(f"--loss {name} needs its option {missing[0]}, as {name}={weight:g},{missing[0]}=...")
    return Term(column, float(weight), make(**options))
