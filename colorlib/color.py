"""RGB to Lab, YUV and HSV and back, on batches, differentiable, on any device.

Every function takes and returns `(B, 3, H, W)` float tensors. RGB is sRGB in [0, 1]; Lab is CIE 1976 under
illuminant D65 and the 2 degree observer, with L in [0, 100] and a, b in about [-110, 110] (what scikit-image
calls Lab too). Gradients are finite everywhere: black, white and outside the gamut included.

Sources: IEC 61966-2-1 (sRGB), CIE 15 (Lab), the value ranges of the documents that each `ColorSpace` names.
Built in notebook 01.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

# Linear sRGB to XYZ, and the white point that the rows sum up to (D65, 2 degree observer).
RGB_TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
WHITE = (0.95047, 1.0, 1.08883)
# The Y row gives luma; U and V are scaled so that they span [-0.436, 0.436] and [-0.615, 0.615] (BT.470).
RGB_TO_YUV = (
    (0.299, 0.587, 0.114),
    (-0.14714119, -0.28886916, 0.43601035),
    (0.61497538, -0.51496512, -0.10001026),
)
U_MAX, V_MAX = 0.43601035, 0.61497538

EPSILON = (6 / 29) ** 3  # below this share of white, Lab's cube root becomes a straight line
SLOPE = (29 / 6) ** 2 / 3


def _invert(matrix):
    return tuple(map(tuple, torch.linalg.inv(torch.tensor(matrix, dtype=torch.float64)).tolist()))


RGB_TO_SHARE = tuple(tuple(m / white for m in row) for row, white in zip(RGB_TO_XYZ, WHITE, strict=True))
SHARE_TO_RGB = _invert(RGB_TO_SHARE)
YUV_TO_RGB = _invert(RGB_TO_YUV)


def _check(image: Tensor, name: str) -> Tensor:
    """A batch in at least single precision, since half precision can't hold Lab to 1e-3."""
    if not isinstance(image, Tensor) or image.ndim != 4 or image.shape[1] != 3:
        got = tuple(image.shape) if hasattr(image, "shape") else type(image).__name__
        raise ValueError(f"{name} must be a (B, 3, H, W) tensor, got {got}")
    if not image.is_floating_point():
        raise ValueError(f"{name} must be a float tensor, got {image.dtype}; divide uint8 RGB by 255 first")
    return image.float() if image.dtype in (torch.float16, torch.bfloat16) else image


def _mix(image: Tensor, matrix) -> Tensor:
    """Each output channel is a weighted sum of the input's: a 3x3 matrix applied to every pixel.

    Written as sums rather than a matrix product, which autocast would run in half precision.
    """
    c0, c1, c2 = image.unbind(dim=1)
    return torch.stack([(m0 * c0).add(c1, alpha=m1).add(c2, alpha=m2) for m0, m1, m2 in matrix], dim=1)


def _curve_from(x: Tensor, threshold: float, slope: float, curve) -> Tensor:
    """`curve(x)` above the threshold, and a straight line with this slope that goes on from it below.

    `torch.where` would still differentiate the curve where it isn't used, and 0 times an infinite slope is NaN. So
    the curve never sees anything below the threshold, and the line nothing above it.
    """
    return curve(x.clamp_min(threshold)) + slope * (x.clamp_max(threshold) - threshold)


def _power(x: Tensor, exponent: float) -> Tensor:
    """`x ** exponent` for x above 0. torch's own takes any x, and on a processor twice the time."""
    return (exponent * x.log()).exp()


def srgb_to_linear(rgb: Tensor) -> Tensor:
    """Undo the sRGB transfer curve: values in [0, 1] to light intensities in [0, 1]."""
    return _curve_from(rgb, 0.04045, 1 / 12.92, lambda v: _power((v + 0.055) / 1.055, 2.4))


def linear_to_srgb(linear: Tensor) -> Tensor:
    """The sRGB transfer curve: light intensities in [0, 1] to values in [0, 1]."""
    return _curve_from(linear, 0.0031308, 12.92, lambda v: 1.055 * _power(v, 1 / 2.4) - 0.055)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """sRGB `(B, 3, H, W)` in [0, 1] to Lab `(B, 3, H, W)`: L in [0, 100], a and b in about [-110, 110]."""
    dtype, rgb = rgb.dtype if isinstance(rgb, Tensor) else None, _check(rgb, "rgb")
    share = _mix(srgb_to_linear(rgb.contiguous()), RGB_TO_SHARE)  # of white's X, Y and Z
    f = _curve_from(share, EPSILON, SLOPE, lambda t: _power(t, 1 / 3))
    x, y, z = f.unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1).to(dtype)


def lab_to_linear_rgb(lab: Tensor) -> Tensor:
    """Lab `(B, 3, H, W)` to linear RGB, not clipped: a value outside [0, 1] marks a color outside the gamut."""
    lightness, a, b = _check(lab, "lab").unbind(dim=1)
    y = (lightness + 16) / 116
    f = torch.stack([y + a / 500, y, y - b / 200], dim=1)
    share = torch.where(f > 6 / 29, f**3, (f - 4 / 29) / SLOPE)
    return _mix(share, SHARE_TO_RGB)


def lab_to_rgb(lab: Tensor, clip: bool = True) -> Tensor:
    """Lab `(B, 3, H, W)` to sRGB `(B, 3, H, W)`.

    With `clip`, colors outside the gamut are cut to [0, 1], which moves their lightness and hue (see
    `reduce_chroma`); without it they keep their values outside [0, 1], and their gradient.
    """
    rgb = linear_to_srgb(lab_to_linear_rgb(lab))
    return (rgb.clamp(0, 1) if clip else rgb).to(lab.dtype)


def rgb_to_yuv(rgb: Tensor) -> Tensor:
    """sRGB `(B, 3, H, W)` in [0, 1] to YUV: Y in [0, 1], U in [-0.436, 0.436], V in [-0.615, 0.615]."""
    return _mix(_check(rgb, "rgb"), RGB_TO_YUV).to(rgb.dtype)


def yuv_to_rgb(yuv: Tensor, clip: bool = True) -> Tensor:
    """YUV `(B, 3, H, W)` to sRGB `(B, 3, H, W)`, cut to [0, 1] with `clip`."""
    rgb = _mix(_check(yuv, "yuv"), YUV_TO_RGB)
    return (rgb.clamp(0, 1) if clip else rgb).to(yuv.dtype)


def rgb_to_hsv(rgb: Tensor) -> Tensor:
    """sRGB `(B, 3, H, W)` in [0, 1] to HSV, all in [0, 1]; hue 0 is red, 1/3 green, 2/3 blue.

    Hue is an angle (1 is 0 again); where there is no color, hue and saturation are 0 with gradient 0.
    """
    dtype, rgb = rgb.dtype if isinstance(rgb, Tensor) else None, _check(rgb, "rgb")
    red, green, blue = rgb.unbind(dim=1)
    value, low = rgb.amax(dim=1), rgb.amin(dim=1)
    span = value - low
    colored = span > 0
    safe_span = torch.where(colored, span, 1.0)
    saturation = torch.where(colored, span / torch.where(colored, value, 1.0), 0.0)
    sixth = torch.where(
        value == red,
        (green - blue) / safe_span,
        torch.where(value == green, 2 + (blue - red) / safe_span, 4 + (red - green) / safe_span),
    )
    hue = torch.where(colored, torch.remainder(sixth / 6, 1.0), 0.0)
    return torch.stack([hue, saturation, value], dim=1).to(dtype)


@torch.no_grad()
def reduce_chroma(lab: Tensor, steps: int = 12) -> Tensor:
    """Bring Lab `(B, 3, H, W)` into the sRGB gamut by lowering chroma alone: lightness and hue stay.

    Along the line from a color to the gray of its lightness, bisection finds the farthest color that a screen
    can show, to 1 / 2^steps of the chroma.
    """

    def shown(pixels):
        linear = lab_to_linear_rgb(pixels)
        return ((linear >= -1e-4) & (linear <= 1 + 1e-4)).all(dim=1)

    outside = ~shown(lab)  # (B, H, W)
    pixels = lab.movedim(1, -1)[outside].T[None, :, None]  # (1, 3, 1, N): the bisection sees only these
    low, high = torch.zeros_like(pixels[:, :1]), torch.ones_like(pixels[:, :1])
    for _ in range(steps):
        middle = (low + high) / 2
        fits = shown(torch.cat([pixels[:, :1], pixels[:, 1:] * middle], dim=1))[:, None]
        low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
    fitted = torch.cat([pixels[:, :1], pixels[:, 1:] * low], dim=1)[0, :, 0].T
    return lab.movedim(1, -1).masked_scatter(outside[..., None], fitted).movedim(-1, 1)


def join_lightness(lightness: Tensor, ab: Tensor) -> Tensor:
    """The picture with exactly this lightness and, as far as the gamut allows, this color.

    lightness: `(B, 1, H, W)` in [0, 100]; ab: `(B, 2, H, W)` in Lab units. Returns sRGB in [0, 1].
    """
    return lab_to_rgb(reduce_chroma(torch.cat([lightness, ab], dim=1)))


@dataclass(frozen=True)
class ColorSpace:
    """How a photo is split into what the generator sees (gray) and what it predicts (color).

    `split(rgb) -> gray, color` and `join(gray, color) -> rgb` are inverse to each other on colors of the gamut.
    """

    name: str
    channels: int  # how many the generator predicts
    activation: str  # the generator's last function: "tanh" for colors in [-1, 1], "sigmoid" for [0, 1]

    def split(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """sRGB `(B, 3, H, W)` in [0, 1] to gray `(B, 1, H, W)` and color `(B, channels, H, W)`."""
        raise NotImplementedError

    def join(self, gray: Tensor, color: Tensor, clip: bool = True) -> Tensor:
        """Gray `(B, 1, H, W)` and color `(B, channels, H, W)` to sRGB `(B, 3, H, W)`; differentiable."""
        raise NotImplementedError

    def ab(self, gray: Tensor, color: Tensor) -> Tensor:
        """The predicted color as Lab's a and b `(B, 2, H, W)`, about [-110, 110], whatever the space."""
        raise NotImplementedError

    def neutral(self, gray: Tensor) -> Tensor:
        """The color that makes `join(gray, color)` a gray picture."""
        raise NotImplementedError


@dataclass(frozen=True)
class LabSpace(ColorSpace):
    """gray = L / lightness_scale - lightness_shift; color = (a, b) / ab_scale, gray in front for 3 channels."""

    lightness_scale: float
    lightness_shift: float
    ab_scale: float

    def split(self, rgb):
        lab = rgb_to_lab(rgb)
        gray = lab[:, :1] / self.lightness_scale - self.lightness_shift
        ab = lab[:, 1:] / self.ab_scale
        return gray, ab if self.channels == 2 else torch.cat([gray, ab], dim=1)

    def join(self, gray, color, clip=True):
        lightness = (gray + self.lightness_shift) * self.lightness_scale
        return lab_to_rgb(torch.cat([lightness, self.ab(gray, color)], dim=1), clip)

    def ab(self, gray, color):
        return color[:, -2:] * self.ab_scale

    def neutral(self, gray):
        ab = torch.zeros_like(gray).expand(-1, 2, -1, -1)
        return ab if self.channels == 2 else torch.cat([gray, ab], dim=1)


@dataclass(frozen=True)
class YuvSpace(ColorSpace):
    """gray = Y in [0, 1]; color = U and V, each moved from its own range to [0, 1]."""

    def split(self, rgb):
        y, u, v = rgb_to_yuv(rgb).split(1, dim=1)
        return y, torch.cat([u / U_MAX, v / V_MAX], dim=1) / 2 + 0.5

    def join(self, gray, color, clip=True):
        u, v = (2 * color - 1).split(1, dim=1)
        return yuv_to_rgb(torch.cat([gray, u * U_MAX, v * V_MAX], dim=1), clip)

    def ab(self, gray, color):
        return rgb_to_lab(self.join(gray, color))[:, 1:]

    def neutral(self, gray):
        return torch.full_like(gray, 0.5).expand(-1, 2, -1, -1)


LAB = LabSpace("lab", 2, "tanh", lightness_scale=50, lightness_shift=1, ab_scale=110)
LAB_UNIT = LabSpace("lab_unit", 2, "tanh", lightness_scale=100, lightness_shift=0, ab_scale=128)  # source 004
LAB_3 = LabSpace("lab_3", 3, "tanh", lightness_scale=50, lightness_shift=1, ab_scale=110)  # source 001
YUV = YuvSpace("yuv", 2, "sigmoid")  # source 003
COLOR_SPACES = {space.name: space for space in (LAB, LAB_UNIT, LAB_3, YUV)}


@dataclass(frozen=True)
class Prediction:
    """What the generator said about a batch, beside the truth. Loss terms and metrics take one of these.

    gray: `(B, 1, H, W)`; true and predicted: `(B, C, H, W)`; all in the units of `space`.
    """

    space: ColorSpace
    gray: Tensor
    true: Tensor
    predicted: Tensor

    @cached_property
    def true_rgb(self) -> Tensor:
        """The true picture, sRGB `(B, 3, H, W)` in [0, 1]."""
        return self.space.join(self.gray, self.true)

    @cached_property
    def rgb(self) -> Tensor:
        """The predicted picture, sRGB `(B, 3, H, W)` in [0, 1], with a gradient back to the prediction."""
        return self.space.join(self.gray, self.predicted)
