"""The networks, and how a configuration names them."""

from torch import nn

from colorlib.color import COLOR_SPACES
from colorlib.config import Config, ConfigError
from colorlib.models.discriminators import Discriminator
from colorlib.models.gray_fed import GrayFed
from colorlib.models.unet import UNet


def build_generator(config: Config) -> nn.Module:
    """The generator that a configuration describes: gray `(B, 1, S, S)` to color `(B, C, S, S)`."""
    space = COLOR_SPACES[config.color_space]
    if config.generator == "gray_fed":
        return GrayFed(config.widths, space.channels, config.image_size, space.activation)
    return UNet(config.widths, space.channels, config.stem_stride, space.activation, config.dropout, config.upsampling)


def build_discriminator(config: Config) -> nn.Module | None:
    """The discriminator that a configuration describes: (gray, color) to logits; None for regression alone."""
    if config.discriminator == "none":
        return None
    channels = COLOR_SPACES[config.color_space].channels
    try:
        return Discriminator(
            config.discriminator, config.discriminator_widths, channels, config.image_size, config.spectral_norm
        )
    except ValueError as error:
        raise ConfigError(f"--discriminator-widths: {error}") from None


def count_parameters(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
