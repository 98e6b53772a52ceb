"""The discriminators: is this color the true one for this gray picture?

They see the pair (gray, color) and answer with logits: one for the picture, or one for each patch of it. A positive
logit says "true". Built in notebook 03.

    conv   4x4 convolutions of stride 2, then one convolution to one logit (*controlled*, *faces*, *dcgan*)
    patch  the same, with a logit for each patch
    patch70  the 70x70 PatchGAN for 256x256 (Isola et al. 2017): its last two convolutions have stride 1, and its
             first layer has no norm
    dense  5x5 convolutions of stride 2, then two dense layers without an activation (*church*)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as normalize_spectrum


@dataclass(frozen=True)
class Layout:
    """What kinds of discriminators differ in.

    ending: (channels, side, wrap) of the last map to the layers that make logits of it. kernel, padding: of the
    convolutions. last_stride: of the last one. first_norm: whether the first one has batch norm. least_side: of the map
    that the ending needs.
    """

    ending: Callable[[int, int, Callable], list[nn.Module]]
    kernel: int = 4
    padding: int = 1
    last_stride: int = 2
    first_norm: bool = True
    least_side: int = 1


def one_logit(channels: int, side: int, wrap: Callable) -> list[nn.Module]:
    """All that is left of the picture at once."""
    return [wrap(nn.Conv2d(channels, 1, kernel_size=side))]


def logit_by_patch(channels: int, side: int, wrap: Callable) -> list[nn.Module]:
    """A logit for each place of the map."""
    return [wrap(nn.Conv2d(channels, 1, kernel_size=1))]


def logit_by_70(channels: int, side: int, wrap: Callable) -> list[nn.Module]:
    """A logit for each 4x4 places, which have seen 70x70 pixels."""
    return [wrap(nn.Conv2d(channels, 1, kernel_size=4, padding=1))]


def dense_layers(channels: int, side: int, wrap: Callable) -> list[nn.Module]:
    """Two dense layers, and no activation between them, as *church* says: the first narrows what the second weighs."""
    return [nn.Flatten(), wrap(nn.Linear(channels * side * side, 512)), wrap(nn.Linear(512, 1))]


DISCRIMINATORS = {
    "conv": Layout(one_logit),
    "patch": Layout(logit_by_patch),
    "patch70": Layout(logit_by_70, last_stride=1, first_norm=False, least_side=2),
    "dense": Layout(dense_layers, kernel=5, padding=2),
}


class Discriminator(nn.Module):
    """Gray `(B, 1, S, S)` and color `(B, C, S, S)` to logits `(B, n)`, n = 1 or the number of patches.

    kind: a name in `DISCRIMINATORS`. widths: channels of the convolutions. spectral_norm: bound each layer's slope
    (Miyato et al. 2018) in place of batch norm.
    """

    def __init__(self, kind="conv", widths=(64, 128, 256, 512), color_channels=2, image_size=32, spectral_norm=False):
        super().__init__()
        if kind not in DISCRIMINATORS:
            raise ValueError(f"there is no such kind; it takes one of {', '.join(DISCRIMINATORS)}")
        form = DISCRIMINATORS[kind]
        wrap = normalize_spectrum if spectral_norm else (lambda layer: layer)
        layers, channels, side = [], 1 + color_channels, image_size
        for number, width in enumerate(widths):
            stride = form.last_stride if number == len(widths) - 1 else 2
            norm = not spectral_norm and (form.first_norm or number > 0)
            layers.append(wrap(nn.Conv2d(channels, width, form.kernel, stride, form.padding, bias=not norm)))
            if norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.LeakyReLU(0.2))
            channels, side = width, (side + 2 * form.padding - form.kernel) // stride + 1
        if side < form.least_side:
            raise ValueError(f"{len(widths)} levels leave too little of a picture of {image_size} pixels")
        self.layers = nn.Sequential(*layers, *form.ending(channels, side, wrap))
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
