"""What a system hands to the loop around it, and what the loop asks of it: see `colorlib.systems`."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from colorlib.colorizer import Colorizer
from colorlib.config import Config


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


class System(Protocol):
    """What the training loop needs of a system; `settings` and `check` are for one with a name."""

    settings: tuple[str, ...]

    @classmethod
    def check(cls, config: Config) -> None: ...

    def step(self, rgb: Tensor) -> dict[str, Tensor]: ...

    def parts(self) -> Parts: ...

    def colorizer(self) -> Colorizer: ...
