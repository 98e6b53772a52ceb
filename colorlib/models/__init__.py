"""The networks: building them from a `Model`, initializing them, and the one call that reaches a generator.

Building is apart from initializing, so that a colorizer that is opened draws no random weights only to replace them.
"""

import contextlib

import torch
from torch import Tensor, nn

from colorlib.color import COLOR_SPACES
from colorlib.config import Config, Model
from colorlib.errors import ConfigError
from colorlib.models.discriminators import Discriminator
from colorlib.models.gray_fed import GrayFed
from colorlib.models.unet import UNet
from colorlib.settings import refuse_idle

# A generator is a class with `from_model(model, space)`, `initialize()`, `check_size(height, width)`,
# and `settings`, the names of the model's settings that it alone looks at.
GENERATORS = {"unet": UNet, "gray_fed": GrayFed}

HALF_PRECISION = {"bf16": torch.bfloat16, "fp16": torch.float16}


def build_generator(model: Model) -> nn.Module:
    """The generator that a model describes, gray `(B, 1, S, S)` to color `(B, C, S, S)`. Raises `ConfigError`."""
    if model.generator not in GENERATORS:
        raise ConfigError(f"--generator is {model.generator!r}; it takes one of {', '.join(GENERATORS)}")
    if model.color_space not in COLOR_SPACES:
        raise ConfigError(f"--color-space is {model.color_space!r}; it takes one of {', '.join(COLOR_SPACES)}")
    generator = GENERATORS[model.generator].from_model(model, COLOR_SPACES[model.color_space])
    try:
        generator.check_size(model.image_size, model.image_size)
    except ValueError as error:
        raise ConfigError(f"--image-size {model.image_size}: {error}") from None
    return generator


def refuse_idle_settings(model: Model) -> None:
    """Raise `ConfigError` for a setting that was changed and that the model's generator doesn't look at."""
    everyone = {name for generator in GENERATORS.values() for name in generator.settings}
    idle = everyone - set(GENERATORS[model.generator].settings)
    refuse_idle(model, {tuple(sorted(idle)): (False, f"--generator {model.generator}")})


def build_discriminator(config: Config) -> nn.Module | None:
    """The discriminator of a configuration: (gray, color) to logits `(B, n)`; None for regression alone."""
    if config.discriminator == "none":
        return None
    channels = COLOR_SPACES[config.model.color_space].channels
    try:
        return Discriminator(
            config.discriminator, config.discriminator_widths, channels, config.model.image_size, config.spectral_norm
        )
    except ValueError as error:
        raise ConfigError(f"--discriminator {config.discriminator}: {error}") from None


def generate(generator: nn.Module, gray: Tensor, precision: str = "fp32") -> Tensor:
    """Ask a generator for color: every training step, validation and photo comes through here.

    gray: `(B, 1, H, W)` in the color space's units, on any device; it is brought to the generator's. precision:
    "bf16" or "fp16" compute in half precision. Returns `(B, C, H, W)` on the generator's device.
    """
    weight = next(generator.parameters())
    gray = gray.to(weight.device, weight.dtype)
    half = HALF_PRECISION.get(precision)
    with torch.autocast(weight.device.type, half) if half else contextlib.nullcontext():
        return generator(gray)


@contextlib.contextmanager
def evaluating(network: nn.Module):
    """Every part of a network in evaluation mode, and afterwards in the mode it had."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield network
    finally:
        for module, training in modes:
            module.training = training


def count_parameters(network: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
