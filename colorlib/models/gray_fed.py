"""The generator of *church*: full resolution throughout, the gray picture fed to every layer, noise to the first three.

One dense layer projects the noise z and reshapes it to the picture's plane; six convolutions of stride 1 follow, each
with batch norm and ReLU. The document lists their feature maps and kernels and says that the output is U and V through
a sigmoid; the last convolution that gives these two is ours.
"""

import torch
from torch import Tensor, nn

from colorlib.model import Model
from colorlib.models.generator import Generator, Noise, check_full_size
from colorlib.models.heads import ACTIVATIONS, Head

WIDTHS = (128, 64, 64, 64, 64, 32)  # feature maps; the first kernel is 7x7, the others 5x5
NOISE_SIZE = 100  # length of z; the document doesn't say
NOISY_LAYERS = 3


class GrayFed(Generator):
    """Gray `(B, 1, S, S)` and noise `(B, 100)` to color `(B, out_channels, S, S)`.

    widths: feature maps of the convolutions. image_size: S, which the dense layer for the noise fixes.

    Without noise given, training draws it from a normal distribution, and evaluation uses one fixed draw: the same
    picture then always gets the same color. (Not the mean of all draws, 0: the network has never seen a plane as flat
    as that one gives, and answers with garish colors.)
    """

    reads = ("widths",)
    size_multiple = None  # it takes squares of one size alone

    def __init__(self, widths=WIDTHS, out_channels=2, image_size=64, activation="sigmoid"):
        super().__init__()
        self.image_size, self.noise = image_size, Noise(NOISE_SIZE)
        self.project = nn.Linear(NOISE_SIZE, image_size * image_size)
        self.convolutions = nn.ModuleList()
        channels = 0
        for number, width in enumerate(widths):
            kernel = 7 if number == 0 else 5
            inputs = channels + 1 + (number < NOISY_LAYERS)
            self.convolutions.append(
                nn.Sequential(
                    nn.Conv2d(inputs, width, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()
                )
            )
            channels = width
        self.to_color = nn.Conv2d(channels + 1, out_channels, kernel_size=5, padding=2)
        self.activation = ACTIVATIONS[activation]()

    @classmethod
    def from_model(cls, model: Model, head: Head) -> "GrayFed":
        """The generator that a model describes, for its head. Raises `ConfigError`."""
        check_full_size(model, head)
        return cls(model.widths, head.channels, model.image_size, head.activation)

    def initialize(self) -> None:
        """Draw the weights that training starts from: torch's own, since the document names none."""
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.BatchNorm2d)):
                module.reset_parameters()

    def check_size(self, height: int, width: int) -> None:
        """Raise `ValueError` for a picture of another size than the dense layer's."""
        if (height, width) != (self.image_size, self.image_size):
            raise ValueError(f"this generator takes {self.image_size}x{self.image_size} alone, got {height}x{width}")

    def forward(self, gray: Tensor, noise: Tensor | None = None) -> Tensor:
        self.check_size(*gray.shape[-2:])
        if noise is None:
            noise = self.noise(gray)
        plane = self.project(noise).view(-1, 1, self.image_size, self.image_size).to(gray.dtype)
        x = gray.new_zeros(len(gray), 0, self.image_size, self.image_size)
        for number, convolution in enumerate(self.convolutions):
            fed = (x, gray, plane) if number < NOISY_LAYERS else (x, gray)
            x = convolution(torch.cat(fed, dim=1))
        return self.activation(self.to_color(torch.cat([x, gray], dim=1)))
