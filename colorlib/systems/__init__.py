"""The systems: what is trained, apart from the loop that trains it (`colorlib.training`).

A system owns its networks and optimizers. The loop asks it for three things:

    step(rgb) -> losses     one step on a batch, sRGB (B, 3, S, S) in [0, 1]; name -> scalar tensor, without gradient
    parts() -> Parts        its networks, optimizers and all else that must be saved to go on
    colorizer()             what it has learned so far, as a `Colorizer`

Another kind of system (diffusion, say) is another `System` with these three. To give it a name, it also says which
settings it alone looks at, `reads`; of those that all others look at what it doesn't, `ignores`, as "loss"; and what
it can't be made of, `check(config)`. Its line in `SYSTEMS` makes it one that --system takes. What it learns is a
generator of `colorlib.models.GENERATORS`, so that every command can open it. How that one gets from gray to its answer
is its own affair: in evaluation mode it may take many passes.
"""

from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.fields import choose
from colorlib.systems.gan import GAN
from colorlib.systems.supervised import Supervised
from colorlib.systems.system import System

SYSTEMS: dict[str, type[System]] = {"supervised": Supervised, "gan": GAN}


def build_system(config: Config, engine: Engine, fresh: bool = True) -> System:
    """The system that a configuration names. Raises `ConfigError`.

    fresh: its networks have the weights to begin with; without it none, since those of a saved state will follow.
    """
    return choose(SYSTEMS, config, "system")(config, engine, fresh)
