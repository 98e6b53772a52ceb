"""Optimizers and learning-rate schedules, as the configuration names them."""

import math

import torch
from torch import nn

from colorlib.config import Config


def build_optimizer(model: nn.Module, config: Config, lr: float) -> torch.optim.Optimizer:
    """Adam, AdamW or RMSprop over a model's parameters; Adam in its fused form where there is one."""
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(model.parameters(), lr=lr, alpha=config.rmsprop_decay)
    fused = next(model.parameters()).device.type in ("cpu", "cuda")
    options = {"lr": lr, "betas": (config.beta1, config.beta2), "fused": fused}
    if config.optimizer == "adamw":
        return torch.optim.AdamW(model.parameters(), weight_decay=config.weight_decay, **options)
    return torch.optim.Adam(model.parameters(), **options)


def lr_factor(config: Config, step: int, total_steps: int, plateaus: int = 0) -> float:
    """What the generator's and the discriminator's learning rates are multiplied with at a step (from 0).

    plateaus: how often the validation metric has stopped improving so far (schedule `plateau`).
    """
    if config.lr_schedule == "decay":
        return max(0.1 ** (step / config.lr_decay_steps), config.lr_floor / config.lr)
    if config.lr_schedule == "plateau":
        return max(0.1**plateaus, config.lr_floor / config.lr)
    if config.lr_schedule == "onecycle":  # up in the first 30 %, down to nearly 0 in the rest, both as a cosine
        peak = 0.3 * total_steps
        low, share = (0.04, step / peak) if step < peak else (1e-4, 1 - (step - peak) / max(total_steps - peak, 1))
        return low + (1 - low) * (1 - math.cos(math.pi * share)) / 2
    return 1.0
