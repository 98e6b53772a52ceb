"""The U-Net of *controlled*, *faces* and *dcgan*: an encoder, a decoder, skip connections between mirror levels.

    encoder level: 4x4 convolution, stride 2, batch norm, LeakyReLU(0.2)
    decoder level: 4x4 transposed convolution, stride 2, concatenation with the encoder's map, batch norm, ReLU
                   (or, as an option, a 3x3 convolution and bilinear upsampling in place of the transposed one)
    last layer:    1x1 convolution, tanh (sigmoid for YUV)

64-128-256-512-512 with a first level of stride 1 is the published form for 32x32 (Nazeri et al. 2018), 16.7 M
parameters; eight levels, 64 to 512, all of stride 2, the form for 256x256. Built in notebook 02.
"""

import torch
from torch import Tensor, nn

from colorlib.controls import Asked
from colorlib.errors import ConfigError
from colorlib.model import Model
from colorlib.models.film import Film
from colorlib.models.generator import Generator
from colorlib.models.heads import ACTIVATIONS, Head


class Down(nn.Sequential):
    """One encoder level: `(B, inputs, H, W)` to `(B, outputs, H / stride, W / stride)`.

    A level of stride 1 has a 3x3 kernel: an even one would need one more column of zeros on one side than on the
    other, and shift the finest skip connection by half a pixel.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 2):
        kernel_size = 4 if stride == 2 else 3
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel_size, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2),
        )


class Up(nn.Module):
    """One decoder level: `(B, inputs, H, W)` and a skip `(B, skip, 2H, 2W)` to `(B, outputs + skip, 2H, 2W)`.

    upsampling: "transposed" is the documents' transposed convolution. Its neighboring outputs come from different
    weights, which shows as a checkerboard until training has evened them out; "resize" can't have one (Odena et al.
    2016), and costs less, since it convolves before it enlarges.
    """

    def __init__(self, inputs: int, outputs: int, skip: int, dropout: float = 0.0, upsampling: str = "transposed"):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.conv = enlarging(inputs, outputs, upsampling)
        self.channels = outputs + skip
        self.norm = nn.BatchNorm2d(self.channels)

    def forward(self, x: Tensor, skip: Tensor | None, modulation: tuple[Tensor, Tensor] | None = None) -> Tensor:
        x = self.dropout(self.conv(x))
        if skip is not None:
            x = torch.cat([x, skip], dim=1)
        x = self.norm(x)
        if modulation is not None:
            scale, shift = modulation
            x = x * scale + shift
        return torch.relu(x)


def enlarging(inputs: int, outputs: int, upsampling: str) -> nn.Module:
    """The convolution of a decoder level: `(B, inputs, H, W)` to `(B, outputs, 2H, 2W)`. upsampling: see `Up`."""
    if upsampling == "transposed":
        return nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=False)
    conv = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=False)
    return nn.Sequential(conv, nn.Upsample(scale_factor=2, mode="bilinear"))


class UNet(Generator):
    """Gray `(B, 1, H, W)` to color `(B, out_channels, H, W)`, in [-1, 1] for tanh, [0, 1] for sigmoid, any for none.

    widths: channels of the encoder levels, from the picture down. stem_stride: 1 keeps the first level at the
    picture's size; 2 halves it there too. dropout: noise in the three lowest decoder levels while training (Isola et
    al. 2017). upsampling: see `Up`. last_level: without it, and with a stem of stride 2, the output has half the
    picture's size. conditions: names of controls that it listens to (`colorlib.models.film`), each at the targets that
    a call asks for, if any. H and W must be multiples of `size_multiple`. Weights are torch's until `initialize`.
    """

    reads = ("widths", "stem_stride", "dropout", "upsampling", "conditions")
    down, up = Down, Up  # what its levels are made of

    def __init__(
        self,
        widths=(64, 128, 256, 512, 512),
        out_channels=2,
        stem_stride=1,
        activation="tanh",
        dropout=0.0,
        upsampling="transposed",
        last_level=True,
        conditions=(),
    ):
        super().__init__()
        self.size_multiple = 2 ** (len(widths) - (stem_stride == 1))
        strides = [stem_stride] + [2] * (len(widths) - 1)
        inputs = [1, *widths[:-1]]
        self.encoder = nn.ModuleList(map(self.down, inputs, widths, strides))

        skips = list(widths[-2::-1])  # the map each decoder level meets, from the bottom up
        if stem_stride == 2 and last_level:
            skips.append(0)  # the level that returns to the picture's size has no mirror
        self.decoder, modulated = nn.ModuleList(), []
        channels = widths[-1]
        for number, skip in enumerate(skips):
            level = self.up(channels, skip or widths[0], skip, dropout if number < 3 else 0.0, upsampling)
            self.decoder.append(level)
            channels = level.channels
            modulated.append(channels)
        self.film = Film(conditions, modulated) if conditions else None

        self.to_color = nn.Conv2d(channels, out_channels, kernel_size=1)
        self.activation = ACTIVATIONS[activation]()

    @classmethod
    def from_model(cls, model: Model, head: Head) -> "UNet":
        """The U-Net that a model describes, for its head. Raises `ConfigError`."""
        if head.reduction > model.stem_stride:
            raise ConfigError(f"--head {model.head} wants a smaller output, which takes --stem-stride {head.reduction}")
        return cls(
            model.widths,
            out_channels=head.channels,
            stem_stride=model.stem_stride,
            activation=head.activation,
            dropout=model.dropout,
            upsampling=model.upsampling,
            last_level=head.reduction == 1,
            conditions=model.conditions,
        )

    def initialize(self) -> None:
        """Draw the weights that training starts from."""
        self.apply(he_initialization)
        self.initialize_conditions()
        nn.init.normal_(self.to_color.weight, std=0.01)  # the first prediction is nearly gray

    def initialize_conditions(self) -> None:
        """Draw the weights of what listens to controls, if it does: they have no effect yet."""
        if self.film:
            self.film.initialize()

    def check_size(self, height: int, width: int) -> None:
        """Raise `ValueError` for a picture that doesn't halve evenly on every level."""
        if height % self.size_multiple or width % self.size_multiple:
            levels = f"with {len(self.encoder)} levels, "
            raise ValueError(f"{levels}sides must be multiples of {self.size_multiple}, got {height}x{width}")

    def forward(self, gray: Tensor, asked: Asked | None = None) -> Tensor:
        self.check_size(*gray.shape[-2:])
        maps, x = [], gray
        for down in self.encoder:
            x = down(x)
            maps.append(x)
        maps.pop()  # the bottom itself is no skip
        modulations = self.film(asked or {}, gray) if self.film else [None] * len(self.decoder)
        for up, modulation in zip(self.decoder, modulations, strict=True):
            x = up(x, maps.pop() if maps else None, modulation)
        return self.answer(x)

    def answer(self, x: Tensor) -> Tensor:
        """What the decoder has made `(B, C, H, W)` as color, or as what else the head understands."""
        return self.activation(self.to_color(x))


def he_initialization(module: nn.Module) -> None:
    """He et al. 2015, for layers followed by (Leaky)ReLU."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight, a=0.2, mode="fan_in" if isinstance(module, nn.Conv2d) else "fan_out")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
