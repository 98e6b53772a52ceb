"""How a generator is told what is asked for: feature-wise linear modulation (FiLM; Perez et al. 2018).

The targets, as "saturation 0.5, hue free", become a vector; a small network makes of it a scale and a shift for every
channel of every decoder level. It starts from scales of 1 and shifts of 0: a network that hasn't learned to listen yet
is the one without it.
"""

import math

import torch
from torch import Tensor, nn

from colorlib.controls import CONTROLS, Asked

HIDDEN = 128  # width of the small network


def condition_size(name: str) -> int:
    """How many numbers tell a generator about a control: its target and whether there is one; an angle takes two."""
    return 3 if CONTROLS[name].is_angle else 2


def tell(names: tuple[str, ...], asked: Asked, like: Tensor) -> Tensor:
    """What is asked of the controls `names`, as a vector `(B, n)` with the dtype and device of `like` `(B, ...)`.

    asked: see `colorlib.controls.Asked`; a control that isn't in it, or whose target is NaN, is free. A target is told
    as a number in [-1, 1], an angle as its cosine and sine, what is free as 0; then 1 where there is a target, else 0.
    """
    parts = []
    for name in names:
        control = CONTROLS[name]
        target = asked[name].to(like.device, like.dtype) if name in asked else like.new_full((len(like),), math.nan)
        given = target.isfinite().to(like.dtype)
        place = (target.nan_to_num(control.low) - control.low) / (control.high - control.low)
        if control.is_angle:
            parts += [(2 * math.pi * place).cos() * given, (2 * math.pi * place).sin() * given]
        else:
            parts.append((2 * place - 1) * given)
        parts.append(given)
    return torch.stack(parts, dim=1)


class Film(nn.Module):
    """Targets of the controls `names` to a scale and a shift `(B, C, 1, 1)` for each of some levels' C channels."""

    def __init__(self, names: tuple[str, ...], channels: list[int]):
        super().__init__()
        self.names, self.channels = names, channels
        self.hidden = nn.Linear(sum(map(condition_size, names)), HIDDEN)
        self.to_levels = nn.Linear(HIDDEN, 2 * sum(channels))

    def initialize(self) -> None:
        """Draw the weights that training starts from: no effect yet."""
        self.hidden.reset_parameters()
        nn.init.zeros_(self.to_levels.weight)
        nn.init.zeros_(self.to_levels.bias)

    def forward(self, asked: Asked, like: Tensor) -> list[tuple[Tensor, Tensor]]:
        levels = self.to_levels(torch.relu(self.hidden(tell(self.names, asked, like))))
        pairs = levels[:, :, None, None].split([2 * count for count in self.channels], dim=1)
        return [(1 + scale, shift) for scale, shift in (pair.chunk(2, dim=1) for pair in pairs)]
