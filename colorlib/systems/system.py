"""What a system hands to the loop around it, and what the loop asks of it: see `colorlib.systems`."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.fields import Kind


@dataclass
class Parts:
    """What a system is made of: each by a name of its own, each with a state_dict.

    networks: those that learn. optimizers: whose learning rates the schedule sets. others: moving averages and their
    like, which are saved with them.
    """

    networks: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    others: dict[str, Any] = field(default_factory=dict)

    def all(self) -> dict[str, Any]:
        """All of them by name: what must be saved to go on."""
        return self.networks | self.optimizers | self.others


class System(Kind):
    """What is trained: made of a configuration, an engine, and whether it begins (`fresh`) or takes up a saved state.

    It must have the three methods that the training loop calls.
    """

    @classmethod
    def check(cls, config: Config) -> None:
        """Raise `ConfigError` for what can't be trained, before anything is built. All can, unless it says more."""

    def step(self, rgb: Tensor) -> dict[str, Tensor]:
        """One step on a batch, sRGB `(B, 3, S, S)` in [0, 1]; its losses by the history's names, without gradient."""
        raise NotImplementedError

    def parts(self) -> Parts:
        """Its networks, optimizers and all else that must be saved to go on."""
        raise NotImplementedError

    def colorizer(self) -> Colorizer:
        """What it has learned so far."""
        raise NotImplementedError
