"""Regression: a generator that is trained to come near the true color, by the terms of its objective.

Notebook 02 writes its step by hand.
"""

import dataclasses

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from colorlib.color import COLOR_SPACES
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.losses import Prediction, objective
from colorlib.models import build_generator, generate
from colorlib.optimizers import optimizer_maker
from colorlib.settings import flag


class Regression:
    """The generator, its optimizer, its moving average (if any), and one step. Raises `ConfigError`."""

    def __init__(self, config: Config, engine: Engine):
        self.config, self.engine = config, engine
        self.terms = objective(config.loss)
        generator = build_generator(config.model)
        self.space = COLOR_SPACES[config.model.color_space]
        torch.manual_seed(config.seed)
        generator.initialize()
        if config.start_from:
            start_from(generator, config)
        generator = generator.to(engine.device, engine.dtype)
        self.average = None
        if config.ema:  # a copy, made before `prepare` wraps mixed precision around the original
            self.average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
        self.generator, self.optimizer = engine.prepare(generator, optimizer_maker(config, config.lr))

    def predict(self, rgb: Tensor) -> Prediction:
        """Split pictures, sRGB `(B, 3, S, S)` in [0, 1], and predict their color from their gray."""
        gray, color = self.space.split(rgb)
        return Prediction(self.space, gray, color, generate(self.generator, gray))

    def generator_step(self, prediction: Prediction) -> dict[str, Tensor]:
        """min over G of the objective: the sum of its weighted terms, as lambda ||G(x) - y||_1."""
        losses = {f"loss_G_{term.column}": term(prediction) for term in self.terms}
        losses["loss_G"] = sum(losses.values())
        self.optimizer.zero_grad()
        self.engine.backward(losses["loss_G"])
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.engine.plain(self.generator))
        return {name: loss.detach() for name, loss in losses.items()}

    def step(self, rgb: Tensor) -> dict[str, Tensor]:
        """One step on a batch, sRGB `(B, 3, S, S)` in [0, 1]; returns the losses by the history's names."""
        return self.generator_step(self.predict(rgb))

    def parts(self) -> dict:
        """All that must be saved to go on."""
        parts = {"generator": self.engine.plain(self.generator), "optimizer": self.optimizer}
        if self.average:
            parts["average"] = self.average
        if self.engine.accelerator.scaler:
            parts["scaler"] = self.engine.accelerator.scaler
        return parts

    def colorizer(self) -> Colorizer:
        """The generator as it is now, or its moving average."""
        generator = self.average.module if self.average else self.engine.plain(self.generator)
        return Colorizer(generator, self.config.model, self.engine.precision)


def start_from(generator, config: Config) -> None:
    """Give a generator the weights of the colorizer that the configuration starts from. Raises `ConfigError`."""
    earlier = Colorizer.load(config.start_from)
    for field in dataclasses.fields(config.model):
        had, has = getattr(earlier.model, field.name), getattr(config.model, field.name)
        if had != has and field.name not in ("image_size", "dropout"):
            raise ConfigError(f"--start-from {config.start_from}: its {flag(field.name)} is {had}, and yours {has}")
    try:
        generator.load_state_dict(earlier.generator.state_dict())
    except RuntimeError:
        raise ConfigError(
            f"--start-from {config.start_from}: its weights don't fit an --image-size of {config.model.image_size}; "
            f"it was trained at {earlier.model.image_size}"
        ) from None
