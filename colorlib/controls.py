"""Statistics of a picture that can be asked for (*controlled*).

Of all pictures alike, by a term of the objective:

    colorlib train --loss l1=100 saturation=20,target=0.5     or, as the document spells it:
    colorlib train --desired-saturation 0.5 --saturation-weight 20

or of each picture anew, by a generator that listens (`conditions` of its Model):

    colorlib train --conditions saturation,hue --loss l1=100 asked=20
    colorlib colorize CHECKPOINT PHOTO --saturation 0.5

To add a control, write the function that measures it and name it in `CONTROLS`: its loss term, its flags, its column
in the history and what a generator is told of it follow.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from colorlib.color import rgb_to_hsv, rgb_to_lab, safe_sqrt
from colorlib.errors import ConfigError
from colorlib.metrics import colorfulness

LOOKS_GRAY = 8.0  # chroma: what has less looks gray beside colors
NO_HUE = 1e-3  # a mean color that is no longer than this (of 1) is gray: a quarter of an 8-bit level


def mean_saturation(rgb: Tensor) -> Tensor:
    """HSV saturation, mean over the pixels: `(B,)`, in [0, 1] for a picture `(B, 3, H, W)` within the gamut."""
    return rgb_to_hsv(rgb)[:, 1].mean(dim=(1, 2))


def mean_hue(rgb: Tensor) -> Tensor:
    """The direction of the mean color: `(B,)` in [0, 1), where 0 is red, 1/3 green, 2/3 blue and 1 red again.

    Hue is an angle, so its mean is that of the colors as arrows around the gray axis, each as long as it is colorful
    (the mean of hues as numbers would make cyan of two reds, 0.01 and 0.99). A gray picture has hue 0.
    """
    red, green, blue = rgb.mean(dim=(2, 3)).unbind(dim=1)
    x, y = red - (green + blue) / 2, math.sqrt(3) / 2 * (green - blue)
    gray = x.square() + y.square() < NO_HUE**2  # where the angle means nothing, and its gradient grows without bound
    angle = torch.atan2(torch.where(gray, 0.0, y), torch.where(gray, 1.0, x))
    return torch.remainder(angle / (2 * math.pi), 1.0)


def mean_hue_on_a_line(rgb: Tensor) -> Tensor:
    """The mean of the pixels' HSV hues as numbers `(B,)` in [0, 1], which is what *controlled* writes.

    It is here to be tried: of two reds, 0.01 and 0.99, it makes cyan, 0.5; and a gray pixel counts as a red one.
    """
    return rgb_to_hsv(rgb)[:, 0].mean(dim=(1, 2))


def mean_a(rgb: Tensor) -> Tensor:
    """The mean of Lab's a `(B,)`: from green, about -80, to magenta, about 90; of most photos between -10 and 20."""
    return rgb_to_lab(rgb)[:, 1].mean(dim=(1, 2))


def mean_b(rgb: Tensor) -> Tensor:
    """The mean of Lab's b `(B,)`: from blue (cold), about -110, to yellow (warm), about 90."""
    return rgb_to_lab(rgb)[:, 2].mean(dim=(1, 2))


def chroma_contrast(rgb: Tensor) -> Tensor:
    """The standard deviation of Lab's chroma over the pixels `(B,)`, in Lab units: 0 where all are equally colorful."""
    chroma = safe_sqrt(rgb_to_lab(rgb)[:, 1:].square().sum(dim=1))
    return safe_sqrt(chroma.var(dim=(1, 2), correction=0))


def gray_share(rgb: Tensor) -> Tensor:
    """The share of pixels that look gray `(B,)` in [0, 1]: softly, one with a chroma of 8 counts half."""
    chroma = safe_sqrt(rgb_to_lab(rgb)[:, 1:].square().sum(dim=1))
    return torch.sigmoid((LOOKS_GRAY - chroma) / 2).mean(dim=(1, 2))


def mean_channel(channel: int) -> Callable[[Tensor], Tensor]:
    """The mean of one channel of RGB, `(B,)`, in [0, 1] for a picture within the gamut."""
    return lambda rgb: rgb[:, channel].mean(dim=(1, 2))


def hue_spread(ab: Tensor) -> Tensor:
    """How different each picture's hues are, weighted by chroma, `(B,)` in [0, 1): 0 for one hue alone, as of sepia.

    ab: Lab's, `(B, 2, H, W)`. It is how much shorter the mean color is than the mean chroma, as a part of the latter
    (to which 1 is added, so that a picture as good as gray has a spread of 0).
    """
    chroma, mean = (
        safe_sqrt(ab.square().sum(dim=1)).mean(dim=(1, 2)),
        safe_sqrt(ab.mean(dim=(2, 3)).square().sum(dim=1)),
    )
    return (chroma - mean) / (chroma + 1)


@dataclass(frozen=True)
class Control:
    """A statistic of RGB `(B, 3, H, W)`: `(B,)`, with targets from `low` to `high`; an angle's ends are the same.

    unit: of the statistic, "" for a share. way: how a picture's color is moved until it has a target
    (`colorlib.moving`): its chroma scaled, its hue turned, or all of it shifted along a direction in a and b.
    common: the ends of what photographs have; obedience is measured there (`colorlib.evaluation.obedience`).
    along: what lies along the range, in words for a slider.
    """

    measure: Callable[[Tensor], Tensor]
    low: float = 0.0
    high: float = 1.0
    is_angle: bool = False
    unit: str = ""
    way: str | tuple[float, float] = "scale"
    common: tuple[float, float] = (0.1, 0.75)
    along: str = ""

    def distance(self, obtained: Tensor, target: Tensor | float) -> Tensor:
        """|obtained - target| for each picture; of an angle, the shorter way around."""
        difference = (obtained - target).abs()
        return torch.minimum(difference, self.high - self.low - difference) if self.is_angle else difference

    def error(self, obtained: Tensor, target: Tensor | float) -> Tensor:
        """The distance as tables show it, in `error_unit`: of an angle in degrees."""
        return self.distance(obtained, target) * (360 / (self.high - self.low) if self.is_angle else 1)

    @property
    def error_unit(self) -> str:
        return "degrees" if self.is_angle else self.unit

    def mean(self, values: Tensor) -> float:
        """The mean of what several pictures have, without those that have none (nan); of an angle that of the
        directions. nan where there is none."""
        values = values[values.isfinite()]
        if not self.is_angle or not len(values):
            return values.mean().item()
        angle = 2 * math.pi * (values - self.low) / (self.high - self.low)
        place = (torch.atan2(angle.sin().sum(), angle.cos().sum()) / (2 * math.pi)).remainder(1).item()
        return self.low + place * (self.high - self.low)


CONTROLS = {
    "saturation": Control(mean_saturation),
    "hue": Control(mean_hue, is_angle=True, way="turn", along="red 0, green 0.33, blue 0.67, red 1"),
    "red": Control(mean_channel(0), way=(1.0, 0.5), common=(0.2, 0.7)),
    "green": Control(mean_channel(1), way=(-1.0, 0.5), common=(0.2, 0.7)),
    "blue": Control(mean_channel(2), way=(0.0, -1.0), common=(0.2, 0.7)),
    "line_hue": Control(mean_hue_on_a_line, way="turn"),
    "colorfulness": Control(colorfulness, high=120.0, unit="of 255", common=(10.0, 80.0)),
    "warmth": Control(mean_b, -60.0, 60.0, unit="of Lab's b", way=(0.0, 1.0), common=(-20.0, 35.0)),
    "redness": Control(mean_a, -60.0, 60.0, unit="of Lab's a", way=(1.0, 0.0), common=(-15.0, 25.0)),
    "contrast": Control(chroma_contrast, high=40.0, unit="of Lab's chroma", common=(3.0, 20.0)),
    "gray": Control(gray_share),
}


def tint(color: str) -> dict[str, float]:
    """The targets of a mean color, as "#c08040": its a (redness) and b (warmth). Its lightness is the photo's own
    affair. Raises `ConfigError`.
    """
    digits = color.removeprefix("#")
    if len(digits) != 6 or set(digits.lower()) - set("0123456789abcdef"):
        raise ConfigError(f"--tint is {color!r}; it takes a color as #c08040")
    rgb = torch.tensor([int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]).view(1, 3, 1, 1)
    targets = {"redness": mean_a(rgb).item(), "warmth": mean_b(rgb).item()}
    for name, target in targets.items():
        if not CONTROLS[name].low <= target <= CONTROLS[name].high:
            raise ConfigError(f"--tint {color} is too strong a color: its {name} of {target:.0f} is beyond 60")
    return targets


Asked = dict[str, Tensor]  # name of a control -> targets (B,), where NaN leaves it free


def ask(names: tuple[str, ...], rgb: Tensor) -> Asked:
    """Targets to learn from, for true pictures `(B, 3, H, W)`. A fifth of them is asked for nothing; of the others each
    control is free, what the picture has, or drawn evenly over the control's range, a third each. Randomness is
    torch's own, on the processor.
    """
    asked = {}
    nothing = torch.rand(len(rgb)).to(rgb.device) < 1 / 5
    for name in names:
        control, (which, place) = CONTROLS[name], torch.rand(2, len(rgb)).to(rgb.device)
        anywhere = control.low + (control.high - control.low) * place
        target = torch.where(which < 2 / 3, control.measure(rgb).detach().to(place.dtype), anywhere)
        asked[name] = torch.where(nothing | (which < 1 / 3), math.nan, target)
    return asked


def check_target(name: str, target) -> None:
    """Raise `ConfigError` for a target that a control can't have."""
    control = CONTROLS[name]
    number = isinstance(target, (int, float)) and not isinstance(target, bool)
    if not number or not control.low <= target <= control.high:
        raise ConfigError(f"the target of {name} is {target!r}; it must lie in [{control.low:g}, {control.high:g}]")
