"""RGB to Lab, YUV and HSV and back, on batches, differentiable, on any device.

Every conversion takes and returns `(B, 3, H, W)` float tensors. RGB is sRGB in [0, 1]; Lab is CIE 1976 under
illuminant D65 and the 2 degree observer, with L in [0, 100] and a, b in about [-110, 110] (what scikit-image
calls Lab too). Values and gradients are finite everywhere: black, white and outside the gamut included.

Origin: IEC 61966-2-1 (sRGB), CIE 15 (Lab). Built in notebook 01.
"""

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

KNEE = 6 / 29  # below this cube root (of X, Y or Z relative to white) Lab goes on as a straight line
SLOPE = 1 / (3 * KNEE**2)  # of that line
GAMUT_REACH = 0.5 + 1e-4  # a screen shows the linear RGB values that lie no farther than this from 0.5
NO_COLOR = 1e-6  # channels that differ by less than this differ by rounding alone


def _invert(matrix):
    return tuple(map(tuple, torch.linalg.inv(torch.tensor(matrix, dtype=torch.float64)).tolist()))


RGB_TO_RELATIVE_XYZ = tuple(tuple(m / white for m in row) for row, white in zip(RGB_TO_XYZ, WHITE, strict=True))
RELATIVE_XYZ_TO_RGB = _invert(RGB_TO_RELATIVE_XYZ)
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
    """Each output channel is a weighted sum of the input's: a matrix of three columns applied to every pixel."""
    c0, c1, c2 = image.unbind(dim=1)  # sums and no matrix product, which autocast would run in half precision
    return torch.stack([(m0 * c0).add(c1, alpha=m1).add(c2, alpha=m2) for m0, m1, m2 in matrix], dim=1)


def _curve_from(x: Tensor, threshold: float, slope: float, curve) -> Tensor:
    """`curve(x)` above the threshold, and a straight line with this slope that goes on from it below.

    `torch.where` would still differentiate the curve where it isn't used, and 0 times an infinite slope is NaN. So
    the curve never sees anything below the threshold; what was cut away goes on the line.
    """
    above = x.clamp_min(threshold)
    return torch.add(curve(above), x - above, alpha=slope)


def _power(x: Tensor, exponent: float) -> Tensor:
    """`x ** exponent` for x above 0. torch's own takes any x, and on a processor twice the time."""
    return (exponent * x.log()).exp()


def srgb_to_linear(rgb: Tensor) -> Tensor:
    """Undo the sRGB transfer curve: values in [0, 1] to light intensities in [0, 1]."""
    return _curve_from(rgb, 0.04045, 1 / 12.92, lambda v: _power((v + 0.055) / 1.055, 2.4))


def linear_to_srgb(linear: Tensor) -> Tensor:
    """The sRGB transfer curve: light intensities in [0, 1] to values in [0, 1]."""
    return _curve_from(linear, 0.0031308, 12.92, lambda v: 1.055 * _power(v, 1 / 2.4) - 0.055)


def _to_root(relative: Tensor) -> Tensor:
    """X, Y or Z relative to white, in [0, 1], to the cube root from which Lab is made."""
    return _curve_from(relative, KNEE**3, SLOPE, lambda t: _power(t, 1 / 3))


def _from_root(root: Tensor) -> Tensor:
    """Undo `_to_root`."""
    return _curve_from(root, KNEE, 1 / SLOPE, lambda f: f**3)


def safe_sqrt(x: Tensor, least: float = 1e-12) -> Tensor:
    """The square root of what isn't negative; where it is as good as 0, it is 0 with gradient 0, and not infinite."""
    some = x > least
    return torch.where(some, torch.where(some, x, 1.0).sqrt(), 0.0)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """sRGB `(B, 3, H, W)` in [0, 1] to Lab `(B, 3, H, W)`: L in [0, 100], a and b in about [-110, 110]."""
    linear = srgb_to_linear(_check(rgb, "rgb").contiguous())
    x, y, z = _to_root(_mix(linear, RGB_TO_RELATIVE_XYZ)).unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1).to(rgb.dtype)


def lightness_of(rgb: Tensor) -> Tensor:
    """sRGB `(B, 3, H, W)` in [0, 1] to Lab's L alone `(B, 1, H, W)` in [0, 100], in half the time of all three."""
    linear = srgb_to_linear(_check(rgb, "rgb").contiguous())
    return (116 * _to_root(_mix(linear, RGB_TO_RELATIVE_XYZ[1:2])) - 16).to(rgb.dtype)


def lab_to_linear_rgb(lab: Tensor) -> Tensor:
    """Lab `(B, 3, H, W)` to linear RGB, not clipped: a value outside [0, 1] marks a color outside the gamut."""
    lightness, a, b = _check(lab, "lab").unbind(dim=1)
    root = (lightness + 16) / 116
    return _mix(_from_root(torch.stack([root + a / 500, root, root - b / 200], dim=1)), RELATIVE_XYZ_TO_RGB)


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
    """sRGB `(B, 3, H, W)` in [0, 1] to HSV `(B, 3, H, W)`, all in [0, 1]; hue 0 is red, 1/3 green, 2/3 blue.

    Hue is an angle (1 is 0 again); where there is no color, hue and saturation are 0 with gradient 0. Outside the
    gamut, where a channel is negative, saturation goes on above 1 (to 2 at most), so that it keeps its gradient.
    """
    image = _check(rgb, "rgb")
    red, green, blue = image.unbind(dim=1)
    value, low = image.amax(dim=1), image.amin(dim=1)
    colored = value - low > NO_COLOR
    span = torch.where(colored, value - low, 1.0)
    below_zero = (-low).clamp_min(0)  # 0 in the gamut, where saturation is span / value
    saturation = (span + below_zero) / torch.where(colored, value.clamp_min(0) + below_zero, 1.0)
    sixth = torch.where(value == green, 2 + (blue - red) / span, 4 + (red - green) / span)
    hue = torch.where(value == red, (green - blue) / span, sixth).remainder(6) / 6
    return torch.stack([hue * colored, saturation * colored, value], dim=1).to(rgb.dtype)


@torch.no_grad()
def reduce_chroma(lab: Tensor, steps: int = 12) -> Tensor:
    """Bring Lab `(B, 3, H, W)` into the sRGB gamut by lowering chroma alone: lightness and hue stay.

    Along the line from a color to the gray of its lightness, bisection finds the farthest color that a screen
    can show, to 1 / 2^steps of the chroma. Only the pixels outside the gamut take part.
    """
    pixels = _check(lab, "lab").movedim(1, 0).flatten(1).clone()  # (3, N)
    linear = lab_to_linear_rgb(pixels[None, :, None])[0, :, 0]
    outside = ((linear - 0.5).abs().amax(dim=0) > GAMUT_REACH).nonzero()[:, 0]
    lightness, a, b = pixels[:, outside]
    root = (lightness + 16) / 116
    # On the way to gray X and Z change and Y stays. In place and without branches: this takes most of the time.
    ways = a / 500, b / -200
    rows = [(m0, m1 * _from_root(root) - 0.5, m2) for m0, m1, m2 in RELATIVE_XYZ_TO_RGB]
    kept = torch.full_like(root, 0.5)  # the fraction of the chroma that is kept
    for step in range(2, steps + 2):
        x, z = (_from_root(torch.addcmul(root, kept, way)) for way in ways)
        red, green, blue = (y.add(x, alpha=m0).add_(z, alpha=m2).abs_() for m0, y, m2 in rows)
        too_far = torch.maximum(torch.maximum(red, green), blue) - GAMUT_REACH
        kept.sub_(too_far.sign_(), alpha=1 / 2**step)
    pixels[1:, outside] *= kept - 1 / 2 ** (steps + 1)  # rather a little too gray than outside
    return pixels.unflatten(1, (lab.shape[0], *lab.shape[2:])).movedim(0, 1).to(lab.dtype)


def join_lightness(lightness: Tensor, ab: Tensor) -> Tensor:
    """The picture with exactly this lightness and, as far as the gamut allows, this color.

    lightness: `(B, 1, H, W)` in [0, 100]; ab: `(B, 2, H, W)` in Lab units. Returns sRGB in [0, 1].
    """
    return lab_to_rgb(reduce_chroma(torch.cat([lightness, ab], dim=1)))
