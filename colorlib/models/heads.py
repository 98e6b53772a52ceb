"""What the output of a generator means: the color itself, or how likely each bin of a and b is.

A generator ends in as many channels as its head wants. All else, terms of the objective, discriminators, colorizers,
asks the head for the color, and so doesn't know which kind of network it has before it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from colorlib.color import bins as ab_bins
from colorlib.color.spaces import COLOR_SPACES, ColorSpace, LabSpace
from colorlib.errors import ConfigError
from colorlib.fields import Kind, choose
from colorlib.model import Model

# The last function of a generator, by the name that a head or color space calls it.
ACTIVATIONS = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "none": nn.Identity}


class ColorHead(Kind):
    """The output is the color in the units of the space: `(B, C, H, W)`."""

    reduction = 1  # how many times smaller than the picture the output is, per side

    def __init__(self, space: ColorSpace):
        self.space, self.channels, self.activation = space, space.channels, space.activation
        self.predicts = space.predicts

    @classmethod
    def from_model(cls, model: Model, space: ColorSpace) -> "ColorHead":
        """The head that a model describes, for a color space."""
        return cls(space)

    def color(self, output: Tensor, gray: Tensor) -> Tensor:
        """The generator's output as color `(B, C, H, W)`, for gray `(B, 1, H, W)`; both in the space's units."""
        return output


class BinsHead(Kind):
    """The output is a logit for each bin of a and b, at half the picture's size: `(B, Q, H/2, W/2)`.

    Half the size, because color is coarse where the eye is concerned, and a quarter of the pixels costs a quarter.
    The color is the annealed mean of the bins, brought up to the picture's size: see `colorlib.color.bins`.
    """

    reads = ("temperature",)
    reduction = 2

    def __init__(self, space: ColorSpace, temperature: float = 0.38):
        if not isinstance(space, LabSpace) or space.channels != 2:
            raise ConfigError(
                f"--head bins predicts a and b alone, and --color-space {space.name} wants more; give lab or lab_unit"
            )
        self.space, self.channels, self.activation = space, ab_bins.bin_count(), "none"
        self.temperature = temperature
        self.predicts = f"how likely each of {self.channels} bins of a and b is"

    @classmethod
    def from_model(cls, model: Model, space: ColorSpace) -> "BinsHead":
        """The head that a model describes, for a color space. Raises `ConfigError` for a space without a and b."""
        return cls(space, model.temperature)

    def color(self, output: Tensor, gray: Tensor) -> Tensor:
        """The generator's output as color `(B, 2, H, W)`, for gray `(B, 1, H, W)`; both in the space's units."""
        output = output.to(torch.promote_types(output.dtype, torch.float32))
        ab = ab_bins.annealed_mean(output, self.temperature) / self.space.ab_scale
        return functional.interpolate(ab, gray.shape[-2:], mode="bilinear")


HEADS = {"color": ColorHead, "bins": BinsHead}
Head = ColorHead | BinsHead


def build_head(model: Model) -> Head:
    """The head that a model describes. Raises `ConfigError`."""
    head, space = choose(HEADS, model, "head"), choose(COLOR_SPACES, model, "color_space")
    return head.from_model(model, space)
