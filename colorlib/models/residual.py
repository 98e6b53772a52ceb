"""The residual generators of *coco*: 4 without downsampling, 5 a U-Net of residual blocks, 6 with upsampling layers.

    residual block: 3x3 convolution, batch norm, ReLU, 3x3 convolution, batch norm; plus what came in; ReLU

What came in goes past the two convolutions (He et al. 2016), and so does the gradient on its way back: a network of
many blocks is no harder to train than one of few. The document names the kinds of generators and no sizes; those of
its recipes (`colorlib.recipes.coco`) are ours.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from colorlib.model import Model
from colorlib.models.generator import Generator, check_full_size
from colorlib.models.heads import ACTIVATIONS, Head
from colorlib.models.unet import UNet, Up, enlarging, he_initialization


class ResidualBlock(nn.Module):
    """`(B, inputs, H, W)` to `(B, outputs, H / stride, W / stride)`.

    What came in is added as it is; where its shape changes, by way of a 1x1 convolution and batch norm.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.past = nn.Identity()
        if stride > 1 or inputs != outputs:
            convolution = nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)
            self.past = nn.Sequential(convolution, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor, modulation: tuple[Tensor, Tensor] | None = None) -> Tensor:
        x = self.convolutions(x) + self.past(x)
        if modulation is not None:
            scale, shift = modulation
            x = x * scale + shift
        return torch.relu(x)


class Residual(Generator):
    """Gray `(B, 1, H, W)`, of any size, to color `(B, out_channels, H, W)`, in [-1, 1] for tanh, [0, 1] for sigmoid.

    A 7x7 convolution, a residual block for each of the widths, and a 7x7 convolution, all at the picture's size:
    nothing is made smaller on the way. So each color is decided by what lies near: with nine blocks by 49x49 pixels,
    whatever the size of the picture. Nine of width 64, the recipe's, have 0.68 M parameters.
    """

    reads = ("widths",)

    def __init__(self, widths=(64,) * 9, out_channels=2, activation="tanh"):
        super().__init__()
        convolution = nn.Conv2d(1, widths[0], kernel_size=7, padding=3, bias=False)
        self.stem = nn.Sequential(convolution, nn.BatchNorm2d(widths[0]), nn.ReLU())
        self.blocks = nn.Sequential(*map(ResidualBlock, [widths[0], *widths[:-1]], widths))
        self.to_color = nn.Conv2d(widths[-1], out_channels, kernel_size=7, padding=3)
        self.activation = ACTIVATIONS[activation]()

    @classmethod
    def from_model(cls, model: Model, head: Head) -> "Residual":
        """The generator that a model describes, for its head. Raises `ConfigError`."""
        check_full_size(model, head)
        return cls(model.widths, head.channels, head.activation)

    def initialize(self) -> None:
        """Draw the weights that training starts from."""
        self.apply(he_initialization)
        nn.init.normal_(self.to_color.weight, std=0.01 / 7)  # of 7x7 summands: the first prediction is nearly gray

    def forward(self, gray: Tensor) -> Tensor:
        return self.activation(self.to_color(self.blocks(self.stem(gray))))


class ResidualUp(nn.Module):
    """One decoder level: `(B, inputs, H, W)` and a skip `(B, skip, 2H, 2W)` to `(B, outputs, 2H, 2W)`.

    It enlarges, meets the skip, and makes `outputs` channels of both in a residual block. upsampling: as of `Up`.
    """

    def __init__(self, inputs: int, outputs: int, skip: int, dropout: float = 0.0, upsampling: str = "transposed"):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.conv = enlarging(inputs, outputs, upsampling)
        self.block = ResidualBlock(outputs + skip, outputs)
        self.channels = outputs

    def forward(self, x: Tensor, skip: Tensor | None, modulation: tuple[Tensor, Tensor] | None = None) -> Tensor:
        x = self.dropout(self.conv(x))
        if skip is not None:
            x = torch.cat([x, skip], dim=1)
        return self.block(x, modulation)


class ResidualUNet(UNet):
    """The U-Net with a residual block in each of its levels: experiment 5.

    It takes all that `UNet` takes. Eight levels, 64 to 512, for 256x256: 77 M parameters, where the U-Net has 55 M.
    """

    down, up = ResidualBlock, ResidualUp


class ResidualUNet2x(ResidualUNet):
    """The same with an upsampling layer added: experiment 6. It decides on colors at twice the picture's size.

    "Upsampling layers are added to our ResidualUNet with the hope to improve the resolution of colored output", says
    the document, and no more. Here one layer, a U-Net's `Up` without a skip, follows the decoder, and the colors that
    it leads to are averaged over 2x2, since the picture has no more pixels than it has.
    """

    def __init__(self, widths=(64, 128, 256, 512, 512), *others, upsampling="transposed", **options):
        super().__init__(widths, *others, upsampling=upsampling, **options)
        self.finer = Up(self.to_color.in_channels, self.to_color.in_channels, skip=0, upsampling=upsampling)

    @classmethod
    def from_model(cls, model: Model, head: Head) -> "ResidualUNet2x":
        """The generator that a model describes, for its head. Raises `ConfigError`."""
        check_full_size(model, head)
        return super().from_model(model, head)

    def answer(self, x: Tensor) -> Tensor:
        """What the decoder has made `(B, C, H, W)`, enlarged, as color, and averaged."""
        return functional.avg_pool2d(super().answer(self.finer(x, None)), kernel_size=2)
