"""A small network that names what is in a color picture: the judge's (`colorlib.evaluation.judge`).

A ResNet (He et al. 2016) cut down for pictures of 32 to 64 pixels: each level halves the picture, adds one residual
convolution, and the mean over the last level's places are the features. With the default widths 0.65 M parameters.
"""

from torch import Tensor, nn
from torch.nn import functional

MEAN, DEVIATION = 0.45, 0.25  # of natural pictures' values in [0, 1], roughly


class Level(nn.Module):
    """`(B, inputs, H, W)` to `(B, outputs, H / stride, W / stride)`: a convolution, and one more added to it."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.change = convolution(inputs, outputs, stride)
        self.refine = convolution(outputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.change(x)
        return x + self.refine(x)


def convolution(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """3x3, batch norm, ReLU."""
    conv = nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class ColorClassifier(nn.Module):
    """sRGB `(B, 3, S, S)` in [0, 1] to logits `(B, classes)`.

    widths: channels of the stem, which keeps the picture's size, and of the levels, each of which halves it.
    """

    def __init__(self, classes: int, widths: tuple[int, ...]):
        super().__init__()
        pairs = zip(widths, widths[1:], strict=False)
        levels = [Level(inputs, outputs, stride=2) for inputs, outputs in pairs]
        self.body = nn.Sequential(convolution(3, widths[0], 1), *levels)
        self.answer = nn.Linear(widths[-1], classes)

    def features(self, rgb: Tensor) -> Tensor:
        """What the answer is made of: `(B, widths[-1])`, the mean of each map of the last level, from 0 up."""
        return self.body((rgb - MEAN) / DEVIATION).mean(dim=(2, 3))

    def forward(self, rgb: Tensor) -> Tensor:
        return self.answer(self.features(rgb))


def resized(pictures: Tensor, size: int) -> Tensor:
    """Pictures `(B, C, S, S)` at another side in pixels."""
    if pictures.shape[-1] == size:
        return pictures
    smooth = pictures.device.type != "mps"  # where older versions of torch can't
    return functional.interpolate(pictures, (size, size), mode="bilinear", antialias=smooth)
