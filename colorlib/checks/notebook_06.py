"""The checkers of lesson 6: a mean of angles, a test that tells a control that lives from one that doesn't, and a
control of the reader's own.
"""

import math

import torch
from torch import Tensor

from colorlib import color
from colorlib.checks import Mistake, NotDone, accepted, done, exercise, untouched
from colorlib.color import lab_to_rgb, lightness_of, rgb_to_lab
from colorlib.controls import mean_saturation

# ---------------------------------------------------------------- exercise 1


def on_a_line(hue, chroma):
    """The stub of the exercise."""
    return hue.mean(dim=(1, 2))


def on_the_circle(hue: Tensor, chroma: Tensor) -> Tensor:
    """The direction of the pixels' arrows added up: `(B, H, W)` each to `(B,)` in [0, 1)."""
    angle = 2 * math.pi * hue
    x, y = (chroma * angle.cos()).mean(dim=(1, 2)), (chroma * angle.sin()).mean(dim=(1, 2))
    return torch.remainder(torch.atan2(y, x) / (2 * math.pi), 1.0)


def _apart(first: Tensor, second: Tensor) -> Tensor:
    """How far hues are apart, the shorter way around."""
    difference = (first - second).abs() % 1.0
    return torch.minimum(difference, 1 - difference)


def _of_hues(hue: Tensor, chroma: Tensor) -> dict[str, Tensor]:
    """What to say of a mistake -> what it gives."""
    angle, plain = 2 * math.pi * hue, torch.ones_like(chroma)
    x, y = (chroma * angle.cos()).sum(dim=(1, 2)), (chroma * angle.sin()).sum(dim=(1, 2))
    weighted = (chroma * hue).sum(dim=(1, 2)) / chroma.sum(dim=(1, 2))
    return {
        "this is still a mean on a line: two reds, 0.01 and 0.99, make cyan": hue.mean(dim=(1, 2)),
        "the chroma counts now, but the mean is still one on a line": weighted,
        "it goes around the circle, but each pixel counts alike: let its arrow be as long as its chroma": on_the_circle(
            hue, plain
        ),
        "this is an angle in radians; divide by 2 pi to have a hue": torch.atan2(y, x),
        "the sine and the cosine have changed places": torch.atan2(x, y) / (2 * math.pi),
        "hue 1 is a whole turn: its angle is 2 pi times the hue": torch.atan2(
            (chroma * hue.sin()).sum(dim=(1, 2)), (chroma * hue.cos()).sum(dim=(1, 2))
        ),
    }


@exercise
def mean_hue(function):
    """`mean_hue(hue, chroma)`: the circular mean, weighted by chroma, of each picture."""
    if untouched(function, on_a_line.__code__):
        raise NotDone
    chance = torch.Generator().manual_seed(0)
    width = torch.tensor([0.1, 0.15, 0.2, 0.1]).view(4, 1, 1)
    center = torch.tensor([0.0, 0.3, 0.7, 0.93]).view(4, 1, 1)
    hue = torch.remainder(center + width * torch.randn(4, 6, 6, generator=chance), 1.0)
    chroma = torch.rand(4, 6, 6, generator=chance) ** 2
    answer = function(hue.clone(), chroma.clone())
    if answer is None:
        raise Mistake("your function gives None: you forgot `return`")
    answer = done(answer)
    if not isinstance(answer, Tensor):
        raise Mistake(f"a tensor is wanted, and you give {type(answer).__name__}")
    if answer.numel() == 1:
        raise Mistake("one number for the whole batch; each picture has a hue of its own: mean over dim=(1, 2)")
    if answer.numel() != len(hue):
        raise Mistake(f"one number for each of the {len(hue)} pictures is wanted, and you give {tuple(answer.shape)}")
    answer = answer.reshape(len(hue))
    right = on_the_circle(hue, chroma)
    if not answer.isfinite().all():
        raise Mistake("some of your hues are not finite numbers")
    if _apart(answer, right).max() > 1e-3:
        for words, value in _of_hues(hue, chroma).items():
            if torch.allclose(answer, value, atol=1e-4) or _apart(answer, value).max() < 1e-4:
                raise Mistake(words)
        raise Mistake("not yet: add the arrows (chroma times cosine, chroma times sine), then take their direction")
    if answer.min() < 0 or answer.max() >= 1 + 1e-6:
        raise Mistake("the direction is right; bring it into [0, 1): torch.atan2 gives half of the angles below 0")
    return "hues are averaged around the circle, each as strongly as its chroma"


def yours_or_ours(function):
    """The reader's `mean_hue` where it passes the check, else a finished one."""
    return function if accepted(mean_hue, function) else on_the_circle


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


# what to say where the verdict is wrong -> (whether it lives, what is obtained of a target in the nth training)
PASSED = "your test lets pass a training "
TRAININGS = {
    "a control that goes half of the way in a short training lives, and your test says it doesn't": (
        True,
        lambda target, n: 0.15 + 0.5 * target,
    ),
    "a control that meets its target exactly lives, and your test says it doesn't": (True, lambda target, n: target),
    PASSED + "whose pictures are the same for every target": (False, lambda target, n: 0.25),
    PASSED + "that makes all pictures vivid, whatever is asked: ask for two targets": (False, lambda target, n: 0.7),
    PASSED + "that makes all pictures gray, whatever is asked: ask for two targets": (False, lambda target, n: 0.02),
    PASSED + "that does the opposite of what it is asked": (False, lambda target, n: 0.8 - 0.7 * target),
    "two trainings never end exactly alike: 0.005 more is no obedience, and your test takes it for one": (
        False,
        lambda target, n: 0.25 + 0.005 * target + 0.002 * n,
    ),
}


@exercise
def obeys(function):
    """`obeys(train)`: whether the pictures of train(target) follow the target."""
    if untouched(function, no_verdict.__code__):
        raise NotDone
    for words, (alive, obtained) in TRAININGS.items():
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
