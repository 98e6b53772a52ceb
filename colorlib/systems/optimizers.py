"""Optimizers and learning-rate schedules, as the configuration names them.

torch has schedulers too; they are objects with a memory, and a resumed training would have to bring it back. Here the
learning rate follows from the number of the step alone, which is why a resumed training is the same to the bit.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn

from colorlib.config import Config
from colorlib.fields import Kind, choose


@dataclass(frozen=True)
class Maker(Kind):
    """An optimizer or a schedule: what makes it, and which settings it looks at that not all others do.

    make: of an optimizer (parameters, learning rate, fused, configuration) -> the optimizer; of a schedule
    (configuration, step, total steps, plateaus) -> what multiplies the learning rate.
    """

    make: Callable
    reads: tuple[str, ...] = ()


def adam(parameters, lr: float, fused: bool, config: Config) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr, (config.beta1, config.beta2), fused=fused)


def adamw(parameters, lr: float, fused: bool, config: Config) -> torch.optim.Optimizer:
    betas = (config.beta1, config.beta2)
    return torch.optim.AdamW(parameters, lr, betas, weight_decay=config.weight_decay, fused=fused)


def rmsprop(parameters, lr: float, fused: bool, config: Config) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(parameters, lr, alpha=config.rmsprop_decay)


OPTIMIZERS = {
    "adam": Maker(adam, ("beta1", "beta2")),
    "adamw": Maker(adamw, ("beta1", "beta2", "weight_decay")),
    "rmsprop": Maker(rmsprop, ("rmsprop_decay",)),
}
SCHEDULES = {
    "constant": Maker(lambda config, step, total, plateaus: 1.0),
    "decay": Maker(lambda config, step, *_: 0.1 ** (step / config.lr_decay_steps), ("lr_decay_steps", "lr_floor")),
    "onecycle": Maker(lambda config, step, total, plateaus: one_cycle(step, total)),
    "plateau": Maker(lambda config, step, total, plateaus: 0.1**plateaus, ("plateau_patience", "lr_floor")),
}


def optimizer_maker(
    config: Config, lr: float, encoder: Callable[[nn.Module], Iterable[nn.Parameter]] = lambda network: ()
) -> Callable[[nn.Module], torch.optim.Optimizer]:
    """What makes the optimizer of a network, with this learning rate over its parameters.

    encoder: those of the network's parameters that learn by the setting `encoder_lr`.

    A function, because the network has to be on its device before its optimizer is made (`Engine.prepare`). Adam comes
    in its fused form where there is one, which takes one pass over the weights instead of a dozen.
    """
    kind = choose(OPTIMIZERS, config, "optimizer")

    def make(network: nn.Module) -> torch.optim.Optimizer:
        groups = parameter_groups(network, lr, encoder(network), config.encoder_lr)
        fused = groups[0]["params"][0].device.type in ("cpu", "cuda")
        return kind.make(groups, lr, fused, config)

    return make


def parameter_groups(
    network: nn.Module, lr: float, encoder: Iterable[nn.Parameter] = (), encoder_lr: float = 1.0
) -> list[dict]:
    """What an optimizer changes, as torch takes it: all of a network; its pre-trained encoder apart, if it has one.

    encoder: the encoder's parameters. encoder_lr: its learning rate as a fraction of `lr`; where it is frozen it is
    left out.
    """
    slower = set(encoder)
    groups = [{"params": [weight for weight in network.parameters() if weight not in slower], "lr": lr}]
    encoder = [weight for weight in network.parameters() if weight in slower and weight.requires_grad]
    return groups + ([{"params": encoder, "lr": lr * encoder_lr}] if encoder else [])


def learning_rate(config: Config, start: float, step: int, total_steps: int, plateaus: int = 0) -> float:
    """The learning rate at a step (from 0) of an optimizer that was given the learning rate `start`.

    plateaus: how often the validation metric has stopped improving so far (schedule `plateau`). A schedule that has a
    floor goes no lower; a learning rate that is below it from the start stays what it is.
    """
    kind = choose(SCHEDULES, config, "lr_schedule")
    floor = min(config.lr_floor, start) if "lr_floor" in kind.reads else 0.0
    return max(start * kind.make(config, step, total_steps, plateaus), floor)


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
