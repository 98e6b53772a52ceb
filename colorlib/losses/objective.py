"""The objective of a generator: a mapping from the names of terms to their weights and options.

    --loss l1=100 l2=2000 adversarial=1,kind=lsgan

To add a term, write a function of one `Prediction` (in `colorlib.losses`, or beside what it needs) and give it a line
in `TERMS`. Its name then works in --loss, and the history has its column `loss_G_...`. A term with options is a
`Criterion`, whose arguments they are; so is one that needs more than the prediction, as the weights of a network. What
a term has to do with other settings stands in its line.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor

from colorlib import losses
from colorlib.config import Config
from colorlib.controls import CONTROLS
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.fields import Kind
from colorlib.losses import Criterion, Prediction
from colorlib.losses.perceptual import ContentLoss


@dataclass(frozen=True)
class TermKind(Kind):
    """A term that --loss can name, and what it has to do with other settings (`Kind`).

    column: the history's. make: of the term's options its function of a prediction. compares: whether the true color
    matters to it, and so --compare-with (to the adversarial term it does: the discriminator sees true pairs).
    """

    column: str
    make: Callable[..., Callable[[Prediction], Tensor]]
    compares: bool = True
    reads: tuple[str, ...] = ()
    needs: dict[str, tuple] = field(default_factory=dict)


# By their names in --loss.
TERMS: dict[str, TermKind] = {
    "l1": TermKind("L1", lambda: losses.l1),
    "l2": TermKind("L2", lambda: losses.l2),
    "gamut": TermKind("gamut", lambda: losses.gamut, compares=False),
    "hues": TermKind("hues", lambda: losses.hues),
    "cross_entropy": TermKind("cross_entropy", losses.CrossEntropy, needs={"head": ("bins",)}),
    "adversarial": TermKind("GAN", losses.Adversarial, needs={"system": ("gan",)}),
    "asked": TermKind("asked", losses.AskedFor, compares=False, needs={"conditions": ()}),
    "content": TermKind("content", ContentLoss, reads=("content_weights",)),
    **{name: TermKind(name, partial(losses.Target, name), compares=False) for name in CONTROLS},
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
        if isinstance(self.function, Criterion):
            self.function.prepare(engine, config)


def objective(loss: dict) -> list[Term]:
    """The terms of an objective: name -> weight, or name -> {"weight": ..., option: ...}. Raises `ConfigError`.

    No network is loaded yet: a wrong name or option is said before anything else is done.
    """
    return [make_term(name, given) for name, given in loss.items()]


def make_term(name: str, given) -> Term:
    """One term of an objective, of its weight, or of a dict with its weight and options. Raises `ConfigError`."""
    if name not in TERMS:
        raise ConfigError(f"--loss has no term {name!r}; there are {', '.join(sorted(TERMS))}")
    options = dict(given) if isinstance(given, dict) else {"weight": given}
    weight = options.pop("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise ConfigError(f"--loss {name}: the weight is {weight!r}; it must be above 0 (leave the term out for 0)")
    kind = TERMS[name]
    known = inspect.signature(kind.make).parameters
    for option in options:
        if option not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise ConfigError(f"--loss {name}: no option {option!r}; {takes}")
    missing = [o for o, p in known.items() if p.default is p.empty and o not in options]
    if missing:
        raise ConfigError(f"--loss {name} needs its option {missing[0]}, as {name}={weight:g},{missing[0]}=...")
    return Term(kind.column, float(weight), kind.make(**options))
