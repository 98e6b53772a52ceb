"""The discriminators: is this color the true one for this gray picture?

They see the pair (gray, color) and answer with logits: one for the picture, or one for each patch of it. A positive
logit says "true". Built in notebook 03.

    conv   4x4 convolutions of stride 2, then one convolution to one logit (*controlled*, *faces*, *dcgan*)
    patch  the same, with a logit for each patch
    patch70  the 70x70 PatchGAN for 256x256 (Isola et al. 2017): its last two convolutions have stride 1, and its
             first layer has no norm
    dense  5x5 convolutions of stride 2, then two dense layers (*church*)
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as normalize_spectrum

KINDS = ("conv", "patch", "patch70", "dense")


class Discriminator(nn.Module):
    """Gray `(B, 1, S, S)` and color `(B, C, S, S)` to logits `(B, n)`, n = 1 or the number of patches.

    kind: see the module's docstring. widths: channels of the convolutions. spectral_norm: bound each layer's slope
    (Miyato et al. 2018) in place of batch norm.
    """

    def __init__(self, kind="conv", widths=(64, 128, 256, 512), color_channels=2, image_size=32, spectral_norm=False):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"there is no such kind; it takes one of {', '.join(KINDS)}")
        wrap = normalize_spectrum if spectral_norm else (lambda layer: layer)
        kernel, padding = (5, 2) if kind == "dense" else (4, 1)
        layers, channels, size = [], 1 + color_channels, image_size
        for number, width in enumerate(widths):
            stride = 1 if kind == "patch70" and number == len(widths) - 1 else 2
            normalize = not spectral_norm and not (kind == "patch70" and number == 0)
            layers.append(wrap(nn.Conv2d(channels, width, kernel, stride, padding, bias=not normalize)))
            if normalize:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.LeakyReLU(0.2))
            channels, size = width, (size + 2 * padding - kernel) // stride + 1
        if size < (2 if kind == "patch70" else 1):
            raise ValueError(f"{len(widths)} levels leave too little of a picture of {image_size} pixels")
        if kind == "dense":
            layers += [nn.Flatten(), wrap(nn.Linear(channels * size * size, 512)), wrap(nn.Linear(512, 1))]
        elif kind == "conv":
            layers.append(wrap(nn.Conv2d(channels, 1, kernel_size=size)))  # all that is left of the picture at once
        elif kind == "patch70":
            layers.append(wrap(nn.Conv2d(channels, 1, kernel_size=4, padding=1)))
        else:
            layers.append(wrap(nn.Conv2d(channels, 1, kernel_size=1)))
        self.layers = nn.Sequential(*layers)
        self.spectral_norm = spectral_norm

    def initialize(self) -> None:
        """Draw DCGAN's weights (Radford et al. 2016); with spectral norm those that torch has drawn stay."""
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)) and not self.spectral_norm:
                nn.init.normal_(layer.weight, std=0.02)

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        return self.layers(torch.cat([gray, color], dim=1)).flatten(start_dim=1)

    @property
    def receptive_field(self) -> int:
        """Side of the square of pixels that one logit of the convolutions sees."""
        return receptive_field(
            (layer.kernel_size[0], layer.stride[0]) for layer in self.layers if isinstance(layer, nn.Conv2d)
        )


def receptive_field(layers: Iterable[tuple[int, int]]) -> int:
    """Pixels a side that one output sees through convolutions (kernel, stride), from the picture on.

    Each layer widens the field by kernel - 1 of its own input's steps; each stride makes the steps longer.
    """
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field
