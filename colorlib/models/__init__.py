"""The networks, and how a configuration names them."""

from torch import nn

from colorlib.color import COLOR_SPACES
from colorlib.config import Config
from colorlib.models.unet import UNet


def build_generator(config: Config) -> nn.Module:
    """The generator that a configuration describes: gray `(B, 1, S, S)` to color `(B, C, S, S)`."""
    space = COLOR_SPACES[config.color_space]
    return UNet(config.widths, space.channels, config.stem_stride, space.activation)


def count_parameters(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
