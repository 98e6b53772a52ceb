"""The checkers of lesson 6: a number for color that does not pull the shadows most, a test that tells a control that
lives from one that does nothing, and a control of the reader's own.
"""

import torch
from torch import Tensor

from colorlib import color, photos
from colorlib.checks import Mistake, NotDone, accepted, done, exercise, untouched
from colorlib.color import lab_to_rgb, lightness_of, rgb_to_lab
from colorlib.controls import mean_saturation

# ---------------------------------------------------------------- exercise 1

TWICE = 2.2  # the darkest quarter may be pulled twice as strongly as the brightest; other sizes differ a little


def as_it_was(rgb):
    """The stub of the exercise."""
    return mean_saturation(rgb)


def mean_chroma(rgb: Tensor) -> Tensor:
    """The strongest lamp less the weakest, with no denominator: sRGB `(B, 3, H, W)` to `(B,)`."""
    return (rgb.amax(dim=1) - rgb.amin(dim=1)).mean(dim=(1, 2))


def dark_to_bright(function, rgb: Tensor) -> float:
    """How strongly the darkest quarter of a picture's a and b is pulled, as a multiple of the brightest quarter."""
    lightness, ab = lightness_of(rgb), rgb_to_lab(rgb)[:, 1:].requires_grad_()
    value = function(lab_to_rgb(torch.cat([lightness, ab], dim=1), clip=False)).sum()
    strength = torch.autograd.grad(value, ab)[0].norm(dim=1, keepdim=True)
    if not strength.isfinite().all():
        raise Mistake("the gradient isn't finite; a root or a division by 0 does that")
    dark, bright = lightness < lightness.quantile(0.25), lightness > lightness.quantile(0.75)
    return (strength[dark].mean() / strength[bright].mean().clamp_min(1e-12)).item()


def _numbers(function, rgb: Tensor) -> Tensor:
    """What the reader's function says of pictures, `(B,)`. Raises `Mistake` where that isn't one number for each."""
    value = function(rgb)
    if value is None:
        raise Mistake("your function gives None: you forgot `return`")
    value = done(value)
    if not isinstance(value, Tensor) or value.numel() != len(rgb):
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise Mistake(f"one number for each picture is wanted, ({len(rgb)},) here, and you give {got}")
    return value.reshape(-1)


@exercise
def my_saturation(function):
    """`my_saturation(rgb)`: how much color a picture has, without pulling the shadows most."""
    if untouched(function, as_it_was.__code__):
        raise NotDone
    rgb = _pictures()
    lab = rgb_to_lab(rgb)
    gray, half = (color.join_lightness(lab[:, :1], share * lab[:, 1:]) for share in (0.0, 0.5))
    value, paler, none = (_numbers(function, one) for one in (rgb, half, gray))
    if not all(one.isfinite().all() for one in (value, paler, none)):
        raise Mistake("a value isn't finite; a division by 0 does that")
    if none.abs().max() > 0.02 * value.abs().max():
        raise Mistake(f"a gray picture has no color: 0 is wanted, and you give up to {none.abs().max():.2g}")
    turned = color.join_lightness(lab[:, :1], -lab[:, 1:])
    if not (value > paler).all() or not (_numbers(function, turned) > 0).all():
        raise Mistake("more color, of whatever hue, must give a larger number; yours asks for certain hues")
    halves = torch.cat([rgb[:1, :, :8], turned[:1, :, :8]], dim=2)
    if _numbers(function, halves)[0] < 0.3 * value[0]:
        raise Mistake("opposite colors cancel in your number: measure each pixel first, and take the mean last")
    try:
        times = dark_to_bright(function, _astronaut())
    except RuntimeError:
        raise Mistake("no gradient comes back: a comparison (>), round, argmax, item or detach cuts it off") from None
    if times > TWICE:
        words = f"the darkest quarter is still pulled {times:.1f} times as strongly as the brightest"
        raise Mistake(f"{words}: does something small stand below a line of a fraction?")
    return f"0 for gray, more for more color; the dark is pulled {times:.1f} times as strongly as the bright"


def _astronaut() -> Tensor:
    """The lesson's photo, sRGB `(1, 3, 92, 92)`."""
    (path,) = [path for path in photos.bundled_photos() if path.stem == "astronaut"]
    return torch.tensor(photos.square(photos.read_rgb(path), 92)).permute(2, 0, 1)[None] / 255


def fair_or_ours(function):
    """The reader's `my_saturation` where it passes the check, else a finished one."""
    return function if accepted(my_saturation, function) else mean_chroma


# ---------------------------------------------------------------- exercise 2


def no_verdict(train):
    """The stub of the exercise."""
    return None


def _with_saturation(value: float) -> Tensor:
    """Eight pictures whose saturations have this mean (cut to what can be), sRGB `(8, 3, 4, 4)`."""
    chance = torch.Generator().manual_seed(1)
    each = (value + torch.linspace(-0.05, 0.05, 8)).clamp(0, 1).view(8, 1, 1, 1)
    middle = torch.rand(8, 1, 4, 4, generator=chance)
    order = torch.rand(8, 3, 4, 4, generator=chance).argsort(dim=1)
    channels = torch.cat([torch.zeros_like(middle), middle, torch.ones_like(middle)], dim=1)
    return 0.7 * (1 - each * channels.gather(1, order))


def _a_little(share: float, more: float = 0.0):
    """A training that goes `more` between the targets 0.1 and 0.8, and no further, whatever else is asked."""
    return lambda target, n: share + more * (min(max(target, 0.1), 0.8) - 0.1) / 0.7


# (what to say where the verdict is wrong, whether it lives, what is obtained of a target in the nth training)
PASSED = "your test lets pass a training "
VIVID = PASSED + "that makes all pictures vivid, whatever is asked: ask for two targets"
LITTLE = "a little, like Cem's: less than a fifth of the way between two targets; want a larger difference"
TRAININGS = [
    ("a control that goes half of the way lives, and your test says it doesn't", True, lambda t, n: 0.15 + 0.5 * t),
    ("a control that meets its target lives, and your test says it doesn't", True, lambda t, n: t),
    ("a control as Dora's lives, and your test says it doesn't", True, _a_little(0.11, 0.29)),
    (PASSED + "whose pictures are the same for every target", False, lambda t, n: 0.25),
    (VIVID, False, lambda t, n: 0.7),
    (VIVID, False, lambda t, n: 0.45),
    (PASSED + "that makes all pictures gray, whatever is asked: ask for two targets", False, lambda t, n: 0.02),
    (PASSED + "that does the opposite of what it is asked", False, lambda t, n: 0.8 - 0.7 * t),
    (PASSED + "whose trainings differ by chance alone, by 0.005", False, lambda t, n: 0.25 + 0.005 * t + 0.002 * n),
    (PASSED + "whose pictures follow " + LITTLE, False, _a_little(0.18, 0.06)),
    (PASSED + "whose pictures follow " + LITTLE, False, _a_little(0.17, 0.08)),
]


@exercise
def obeys(function):
    """`obeys(train)`: whether the pictures of train(target) follow the target."""
    if untouched(function, no_verdict.__code__):
        raise NotDone
    for words, alive, obtained in TRAININGS:
        calls = []

        def train(target, obtained=obtained, calls=calls):
            calls.append(float(target))
            return _with_saturation(obtained(float(target), len(calls)))

        verdict = function(train)
        if verdict is None:
            raise Mistake("your function gives None: you forgot `return`")
        if not calls:
            raise Mistake("your test never trains: call train(target)")
        if min(calls) < 0 or max(calls) > 1:
            raise Mistake("a saturation lies between 0 and 1; ask for targets there")
        if verdict and len(set(calls)) < 2:
            raise Mistake("your test says alive after one target alone; pictures that follow differ between two")
        if len(calls) > 10:
            raise Mistake(f"your test trains {len(calls)} times; each takes seconds, and few are enough")
        if bool(verdict) != alive:
            raise Mistake(words)
    return "your test passes the controls that live, and none of the others"


# ---------------------------------------------------------------- exercise 3


def warmth(rgb):
    """The stub of the exercise: the mean of b."""
    return color.rgb_to_lab(rgb)[:, 2].mean(dim=(1, 2))


def _pictures() -> Tensor:
    """Six small pictures with some color, sRGB `(6, 3, 16, 16)`."""
    chance = torch.Generator().manual_seed(2)
    coarse = torch.rand(6, 3, 4, 4, generator=chance) * 0.6 + 0.2
    return torch.nn.functional.interpolate(coarse, size=16, mode="bilinear")


def _same_up_to_scale(first: Tensor, second: Tensor) -> bool:
    """Whether one is a multiple of the other, plus a constant."""
    both = torch.stack([first, second]).double()
    return bool(torch.corrcoef(both)[0, 1].abs() > 0.9999)


def _descend(function, rgb: Tensor, target: float) -> Tensor:
    """How far the control is from its target, as a mean, before and after 40 steps of a and b downhill."""
    lightness, ab = lightness_of(rgb), rgb_to_lab(rgb)[:, 1:].clone().requires_grad_()
    adam, distances = torch.optim.Adam([ab], lr=1.0), []
    for _ in range(41):
        distance = (function(lab_to_rgb(torch.cat([lightness, ab], dim=1), clip=False)) - target).abs().mean()
        distances.append(distance.item())
        adam.zero_grad()
        distance.backward()
        adam.step()
    return torch.tensor([distances[0], min(distances)])


@exercise
def own_control(function, targets):
    """`my_control(rgb)`, a number for each picture that color can move, and two targets for it."""
    if untouched(function, warmth.__code__):
        raise NotDone
    rgb = _pictures().requires_grad_()
    value = done(function(rgb))
    if not isinstance(value, Tensor) or value.numel() != len(rgb):
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise Mistake(f"one number for each picture is wanted, (6,) here, and you give {got}")
    value = value.reshape(-1)
    if not value.requires_grad:
        raise Mistake("no gradient comes back: a comparison (>), round, argmax, item or detach cuts it off")
    (gradient,) = torch.autograd.grad(value[0], rgb, retain_graph=True)
    if not value.isfinite().all() or not gradient.isfinite().all():
        raise Mistake("the value or its gradient isn't finite; a root or a division by 0 does that")
    if gradient[1:].abs().max() > 0:
        raise Mistake("each picture is measured for itself; yours mixes the batch (take means over pixels alone)")
    if not gradient.any():
        raise Mistake("the gradient is 0 everywhere: no step can change what you measure")
    lab = rgb_to_lab(rgb.detach())
    other = lab_to_rgb(torch.cat([lab[:, :1], 0.5 * lab[:, 1:].roll(1, dims=1)], dim=1))
    if torch.allclose(function(other).reshape(-1), value, rtol=1e-3, atol=1e-4):
        raise Mistake("it only looks at light and dark; the network can change a and b, and never L")
    known = {"warmth, the example": warmth(rgb), "the lesson's saturation": mean_saturation(rgb)}
    for words, theirs in known.items():
        if _same_up_to_scale(value.detach(), theirs.detach()):
            raise Mistake(f"this is {words}; measure something else")
    try:
        low, high = (float(target) for target in targets)
    except (TypeError, ValueError):
        raise Mistake("my_targets holds two numbers, as (0.1, 0.6)") from None
    if not high - low > 0:
        raise Mistake("my_targets goes from a small target to a large one")
    for target in (low, high):
        before, after = _descend(lambda x: function(x).reshape(-1), rgb.detach(), target)
        if after > 0.9 * before and after > 0.05 * (high - low):
            raise Mistake(f"the function is right, but its gradient hardly leads to {target:g}; choose a nearer target")
    return "a control: one number for each picture, which color can move"
