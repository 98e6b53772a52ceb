"""The color spaces of the documents: how a photo is split into gray and color, and joined again.

`lab` and `yuv` are everybody's; the value ranges are those of the document that each line at the end names. Built in
notebook 01.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from colorlib.color import U_MAX, V_MAX, lab_to_rgb, rgb_to_lab, rgb_to_yuv, yuv_to_rgb


@dataclass(frozen=True)
class ColorSpace:
    """How a photo is split into what the generator sees (gray) and what it predicts (color).

    `split(rgb) -> gray, color` and `join(gray, color) -> rgb` are inverse to each other on colors of the gamut.
    """

    name: str
    channels: int  # how many the generator predicts
    activation: str  # the generator's last function: "tanh" for colors in [-1, 1], "sigmoid" for [0, 1]
    sees: str  # gray, in words
    predicts: str  # color, in words
    darkest: float  # the gray of a black pixel; that of a white one is 1

    def split(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """sRGB `(B, 3, H, W)` in [0, 1] to gray `(B, 1, H, W)` and color `(B, channels, H, W)`."""
        raise NotImplementedError

    def join(self, gray: Tensor, color: Tensor, clip: bool = True) -> Tensor:
        """Gray `(B, 1, H, W)` and color `(B, channels, H, W)` to sRGB `(B, 3, H, W)`; to train, `clip=False`."""
        raise NotImplementedError

    def lab(self, gray: Tensor, color: Tensor) -> Tensor:
        """The picture in Lab `(B, 3, H, W)`, not clipped, whatever the space."""
        raise NotImplementedError

    def ab(self, gray: Tensor, color: Tensor) -> Tensor:
        """The color as Lab's a and b `(B, 2, H, W)`, about [-110, 110], not clipped, whatever the space."""
        return self.lab(gray, color)[:, 1:]


@dataclass(frozen=True)
class LabSpace(ColorSpace):
    """gray = L / lightness_scale - lightness_shift; color = (a, b) / ab_scale, gray in front for 3 channels."""

    lightness_scale: float
    lightness_shift: float
    ab_scale: float

    def split(self, rgb):
        lab = rgb_to_lab(rgb)
        gray, ab = lab[:, :1] / self.lightness_scale - self.lightness_shift, lab[:, 1:] / self.ab_scale
        return gray, ab if self.channels == 2 else torch.cat([gray, ab], dim=1)

    def join(self, gray, color, clip=True):
        return lab_to_rgb(self.lab(gray, color), clip)

    def lab(self, gray, color):
        lightness = (gray + self.lightness_shift) * self.lightness_scale
        return torch.cat([lightness, self.ab(gray, color)], dim=1)

    def ab(self, gray, color):
        return color[:, -2:] * self.ab_scale


@dataclass(frozen=True)
class YuvSpace(ColorSpace):
    """gray = Y in [0, 1]; color = U and V, each moved from its own range to [0, 1]."""

    def split(self, rgb):
        y, u, v = rgb_to_yuv(rgb).split(1, dim=1)
        return y, torch.cat([u / U_MAX, v / V_MAX], dim=1) / 2 + 0.5

    def join(self, gray, color, clip=True):
        u, v = (2 * color - 1).split(1, dim=1)
        return yuv_to_rgb(torch.cat([gray, u * U_MAX, v * V_MAX], dim=1), clip)

    def lab(self, gray, color):
        return rgb_to_lab(self.join(gray, color, clip=False))


L, AB, L_AB = "the lightness L of Lab", "the channels a and b", "the channels L, a and b, of which a and b are used"
LAB = LabSpace("lab", 2, "tanh", L, AB, -1, lightness_scale=50, lightness_shift=1, ab_scale=110)
LAB_UNIT = LabSpace("lab_unit", 2, "tanh", L, AB, 0, lightness_scale=100, lightness_shift=0, ab_scale=128)  # *dcgan*
LAB_3 = LabSpace("lab_3", 3, "tanh", L, L_AB, -1, lightness_scale=50, lightness_shift=1, ab_scale=110)  # *faces*
YUV = YuvSpace("yuv", 2, "sigmoid", "the luma Y of YUV", "the channels U and V", 0)  # *church*
COLOR_SPACES = {space.name: space for space in (LAB, LAB_UNIT, LAB_3, YUV)}
