"""The networks: building them from a `Model`, initializing them, and the one call that reaches a generator.

Building is apart from initializing, so that a colorizer that is opened draws no random weights only to replace them.
"""

import contextlib

from torch import Tensor, nn

from colorlib.color.spaces import COLOR_SPACES
from colorlib.config import Config
from colorlib.controls import CONTROLS, Asked
from colorlib.errors import ConfigError
from colorlib.fields import choose
from colorlib.model import Model
from colorlib.models.discriminators import Discriminator
from colorlib.models.generator import Generator, Noise
from colorlib.models.gray_fed import GrayFed
from colorlib.models.heads import build_head
from colorlib.models.pretrained import ResNet18UNet
from colorlib.models.residual import Residual, ResidualUNet, ResidualUNet2x
from colorlib.models.unet import UNet
from colorlib.precision import in_precision

GENERATORS: dict[str, type[Generator]] = {
    "unet": UNet,
    "gray_fed": GrayFed,
    "resnet18": ResNet18UNet,
    "residual": Residual,
    "residual_unet": ResidualUNet,
    "residual_unet_2x": ResidualUNet2x,
}


def build_generator(model: Model) -> Generator:
    """The generator that a model describes: gray `(B, 1, S, S)` to what its head understands. Raises `ConfigError`."""
    kind, head = choose(GENERATORS, model, "generator"), build_head(model)
    check_conditions(model, "conditions" in kind.reads)
    generator = kind.from_model(model, head)
    try:
        generator.check_size(model.image_size, model.image_size)
    except ValueError as error:
        raise ConfigError(f"--image-size {model.image_size}: {error}") from None
    return generator


def check_conditions(model: Model, listens: bool) -> None:
    """Raise `ConfigError` for conditions that are no controls, or for a generator that doesn't listen to any."""
    given, known = ",".join(model.conditions), ", ".join(CONTROLS)
    if model.conditions and not listens:
        raise ConfigError(f"--conditions {given}: the generator {model.generator} listens to none")
    if set(model.conditions) - set(CONTROLS) or len(set(model.conditions)) < len(model.conditions):
        raise ConfigError(f"--conditions {given}: it takes some of {known}, each once")


def build_discriminator(config: Config) -> Discriminator:
    """The discriminator of a configuration: (gray, color) to logits `(B, n)`. Raises `ConfigError`."""
    channels = COLOR_SPACES[config.model.color_space].channels
    try:
        return Discriminator(
            config.discriminator, config.discriminator_widths, channels, config.model.image_size, config.spectral_norm
        )
    except ValueError as error:
        raise ConfigError(f"--discriminator {config.discriminator}: {error}") from None


def generate(generator: nn.Module, gray: Tensor, asked: Asked | None = None, precision: str = "fp32") -> Tensor:
    """Ask a generator: every training step, validation and photo comes through here.

    gray: `(B, 1, H, W)` in the color space's units, on any device; it is brought to the generator's. asked: targets of
    the controls that the generator listens to, if any. precision: "bf16" or "fp16" compute in half precision. Returns
    what the head understands, on the generator's device.
    """
    weight = next(generator.parameters())
    gray = gray.to(weight.device, weight.dtype)
    with in_precision(precision, weight.device):
        return generator(gray, asked=asked) if asked else generator(gray)


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


@contextlib.contextmanager
def drawing(network: nn.Module):
    """Evaluation mode but for what draws: its noise and its dropout are drawn anew with each call."""
    with evaluating(network):
        for module in network.modules():
            module.training = draws_by_itself(module)
        yield network


def draws(network: nn.Module) -> bool:
    """Whether a generator can give several colors to one picture."""
    return any(map(draws_by_itself, network.modules()))


def draws_by_itself(module: nn.Module) -> bool:
    """Whether a module, apart from those in it, draws noise while it trains."""
    return isinstance(module, Noise) or (isinstance(module, nn.Dropout) and module.p > 0)


def count_parameters(network: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
