"""Supervised learning: a generator that is trained on pairs of gray and true color, by the terms of its objective.

Regression with L1 or L2, classification with cross entropy. Notebook 02 writes its step by hand.
"""

import contextlib
import dataclasses

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.controls import Asked, ask
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.fields import flag
from colorlib.losses import Prediction, Target
from colorlib.losses.objective import objective
from colorlib.model import Model
from colorlib.models import build_generator, generate
from colorlib.models.generator import Generator
from colorlib.models.heads import build_head
from colorlib.models.resnet import encoder_weights
from colorlib.moving import move_roughly
from colorlib.systems.optimizers import optimizer_maker
from colorlib.systems.system import Parts, System


class Supervised(System):
    """The generator, its optimizer, its moving average (if any), and one step. Raises `ConfigError`."""

    @classmethod
    def check(cls, config: Config) -> None:
        """Raise `ConfigError` for what can't be trained: networks are put together, without memory, and tried."""
        with torch.device("meta"):  # only shapes are looked at
            cls.try_out(config)

    @classmethod
    def try_out(cls, config: Config) -> tuple[Tensor, Tensor]:
        """Gray pictures of nothing, and the color of them. Raises `ConfigError` where the networks can't take them."""
        model, head = config.model, build_head(config.model)
        gray = torch.empty(config.batch_size, 1, model.image_size, model.image_size)
        generator = build_generator(model)
        with too_small(config):
            color = head.color(generator(gray), gray)
        try:
            generator.check_size(model.photo_size or model.image_size, model.photo_size or model.image_size)
        except ValueError as error:
            raise ConfigError(f"--photo-size {model.photo_size}: {error}") from None
        return gray, color

    def __init__(self, config: Config, engine: Engine, fresh: bool = True):
        self.config, self.engine = config, engine
        generator, self.head = build_generator(config.model), build_head(config.model)
        self.terms = objective(config.loss)
        for term in self.terms:
            term.prepare(engine, config)
        torch.manual_seed(config.seed)
        if fresh and config.start_from:
            start_from(generator, config)
        elif fresh:
            generator.initialize()
            if config.encoder_weights != "none":
                generator.load_encoder(encoder_weights(config.encoder_weights))
        if config.encoder_lr == 0:
            generator.freeze_encoder()
        generator = generator.to(engine.device, engine.dtype)
        self.average = None
        if config.ema:  # a copy, made before `prepare` wraps mixed precision around the original
            self.average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(config.ema), use_buffers=True)
        maker = optimizer_maker(config, config.lr, encoder=lambda network: network.encoder_parameters())
        self.generator, self.optimizer = engine.prepare(generator, maker)

    def predict(self, rgb: Tensor) -> Prediction:
        """Split pictures, sRGB `(B, 3, S, S)` in [0, 1], and predict their color from their gray."""
        asked = ask(self.config.model.conditions, rgb)
        if self.config.compare_with == "moved":
            rgb = move_roughly(rgb, asked | self.fixed_targets(len(rgb)))
        gray, color = self.head.space.split(rgb)
        return Prediction(self.head, gray, color, generate(self.generator, gray, asked), asked=asked)

    def fixed_targets(self, count: int) -> Asked:
        """What the objective wants of all pictures alike, for `count` of them."""
        fixed = [term.function for term in self.terms if isinstance(term.function, Target)]
        return {term.name: torch.full((count,), float(term.target)) for term in fixed}

    def generator_step(self, prediction: Prediction) -> dict[str, Tensor]:
        """min over G of the objective: the sum of its weighted terms, as lambda ||G(x) - y||_1."""
        losses = self.weigh(prediction)
        self.engine.descend(losses["loss_G"], self.optimizer)
        self.update_average()
        return detached(losses)

    def weigh(self, prediction: Prediction) -> dict[str, Tensor]:
        """The weighted terms by the history's names, and their sum `loss_G`."""
        losses = {f"loss_G_{term.column}": term(prediction) for term in self.terms}
        return losses | {"loss_G": sum(losses.values())}

    def update_average(self) -> None:
        """Bring the moving average of the generator's weights, if there is one, a step further."""
        if self.average:
            self.average.update_parameters(self.engine.plain(self.generator))

    def step(self, rgb: Tensor) -> dict[str, Tensor]:
        """One step on a batch, sRGB `(B, 3, S, S)` in [0, 1]; returns the losses by the history's names."""
        return self.generator_step(self.predict(rgb))

    def parts(self) -> Parts:
        """The generator and its optimizer; the moving average and the scaler of half precision, where there are any."""
        others = {"average": self.average, "scaler": self.engine.accelerator.scaler}
        return Parts(
            networks={"generator": self.engine.plain(self.generator)},
            optimizers={"optimizer": self.optimizer},
            others={name: part for name, part in others.items() if part},
        )

    def colorizer(self) -> Colorizer:
        """The generator as it is now, or its moving average."""
        generator = self.average.module if self.average else self.engine.plain(self.generator)
        return Colorizer(generator, self.config.model, self.engine.precision)


def detached(losses: dict[str, Tensor]) -> dict[str, Tensor]:
    """Losses without their gradient, as the loop wants them."""
    return {name: loss.detach() for name, loss in losses.items()}


@contextlib.contextmanager
def too_small(config: Config):
    """Turn what batch norm says of a batch with one value for each channel into a `ConfigError`."""
    try:
        yield
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(
            f"--batch-size {config.batch_size} is too small for these networks ({error}); give a larger batch, a "
            "larger --image-size or fewer --widths"
        ) from None


def start_from(generator: Generator, config: Config) -> None:
    """Give a generator the weights of the colorizer that the configuration starts from. Raises `ConfigError`.

    To a colorizer without conditions some may be added: what listens to them is begun anew, and has no effect yet.
    """
    earlier = Colorizer.load(config.start_from)
    check_start(earlier.model, config.model, config.start_from)
    weights = earlier.generator.state_dict()
    if config.model.conditions and not earlier.model.conditions:
        generator.initialize_conditions()
        weights = generator.state_dict() | weights
    try:
        generator.load_state_dict(weights)
    except RuntimeError:
        raise ConfigError(
            f"--start-from {config.start_from}: its weights don't fit an --image-size of {config.model.image_size}; "
            f"it was trained at {earlier.model.image_size}"
        ) from None


def check_start(earlier: Model, model: Model, place) -> None:
    """Raise `ConfigError` for a model that can't begin with the weights of an earlier one, which lie in `place`."""
    for field in dataclasses.fields(model):
        had, has = getattr(earlier, field.name), getattr(model, field.name)
        added = field.metadata.get("addable") and not had
        if had != has and not added and not field.metadata.get("adjustable"):
            raise ConfigError(f"--start-from {place}: its {flag(field.name)} is {had}, and yours {has}")
