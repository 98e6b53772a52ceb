"""The systems: what is trained, apart from the loop that trains it (`colorlib.training`).

A system owns its networks and optimizers. The loop asks it for three things:

    step(rgb) -> losses     one step on a batch, sRGB (B, 3, S, S) in [0, 1]; name -> scalar tensor, without gradient
    parts() -> dict         all that must be saved to go on: name -> network, optimizer, ... with a state_dict
    colorizer()             what it has learned so far: colorize_batch(rgb) -> rgb, save(folder)

Another kind of system (diffusion, say) is another class with these three.
"""

from typing import Protocol

from torch import Tensor

from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.systems.gan import GAN
from colorlib.systems.regression import Regression


class System(Protocol):
    """What the training loop needs of a system."""

    def step(self, rgb: Tensor) -> dict[str, Tensor]: ...

    def parts(self) -> dict: ...

    def colorizer(self): ...


def build_system(config: Config, engine: Engine) -> System:
    """The system that a configuration describes: a GAN if it has a discriminator, else regression."""
    return Regression(config, engine) if config.discriminator == "none" else GAN(config, engine)
