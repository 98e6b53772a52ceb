"""Optimizers and learning-rate schedules, as the configuration names them.

torch has schedulers too; they are objects with a memory, and a resumed training would have to bring it back. Here the
learning rate follows from the number of the step alone, which is why a resumed training is the same to the bit.
"""

import math
from collections.abc import Callable

import torch
from torch import nn

from colorlib.config import Config


def optimizer_maker(config: Config, lr: float) -> Callable[[nn.Module], torch.optim.Optimizer]:
    """What makes the optimizer of a network: Adam, AdamW or RMSprop with this learning rate over its parameters.

    A function, because the network has to be on its device before its optimizer is made (`Engine.prepare`). Adam comes
    in its fused form where there is one, which takes one pass over the weights instead of a dozen.
    """

    def make(network: nn.Module) -> torch.optim.Optimizer:
        if config.optimizer == "rmsprop":
            return torch.optim.RMSprop(network.parameters(), lr=lr, alpha=config.rmsprop_decay)
        fused = next(network.parameters()).device.type in ("cpu", "cuda")
        options = {"lr": lr, "betas": (config.beta1, config.beta2), "fused": fused}
        if config.optimizer == "adamw":
            return torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay, **options)
        return torch.optim.Adam(network.parameters(), **options)

    return make


def learning_rate(config: Config, start: float, step: int, total_steps: int, plateaus: int = 0) -> float:
    """The learning rate at a step (from 0) of an optimizer that was given the learning rate `start`.

    plateaus: how often the validation metric has stopped improving so far (schedule `plateau`). A learning rate that
    is below the floor from the start stays what it is.
    """
    floor = min(config.lr_floor, start)
    if config.lr_schedule == "decay":
        return max(start * 0.1 ** (step / config.lr_decay_steps), floor)
    if config.lr_schedule == "plateau":
        return max(start * 0.1**plateaus, floor)
    if config.lr_schedule == "onecycle":
        return start * one_cycle(step, total_steps)
    return start


def one_cycle(step: int, total_steps: int) -> float:
    """What multiplies the learning rate: up from 0.04 to 1 in the first 30 % of the steps, then down to nearly 0.

    The idea is from Smith and Topin (2018); the form, half a cosine each way, is that of fastai's `fit_one_cycle`.
    """
    peak = 0.3 * total_steps
    if step < peak:
        low, height = 0.04, step / peak
    else:
        low, height = 1e-4, 1 - (step - peak) / max(total_steps - peak, 1)
    return low + (1 - low) * (1 - math.cos(math.pi * height)) / 2
