"""The checkers of lesson 5: a photo that is paler at the same L1, weights by the pull of each term, and other eyes for
the content loss.
"""

import torch
from torch import Tensor

from colorlib.checks import Mistake, NotDone, accepted, done, exercise, untouched
from colorlib.color import lab_to_rgb, rgb_to_lab


def _close(first, second, rtol: float = 1e-3) -> bool:
    return torch.allclose(torch.as_tensor(first).float(), torch.as_tensor(second).float(), rtol=rtol, atol=1e-5)


# ---------------------------------------------------------------- exercise 1


def as_it_is(true, wrong):
    """The stub of the exercise."""
    return true


def paler(true: Tensor, wrong: Tensor) -> Tensor:
    """The true color times one factor below 1, whose L1 to the true color is that of `wrong`."""
    return (1 - (wrong - true).abs().mean() / true.abs().mean()) * true


def _colors(number: int) -> tuple[Tensor, Tensor]:
    """The ab of a picture, and the same with one wrong patch: `(1, 2, 24, 24)` each."""
    chance = torch.Generator().manual_seed(number)
    true = 20 * torch.randn(1, 2, 24, 24, generator=chance) + 8
    wrong = true.clone()
    wrong[..., 3:11, 6:15] = torch.tensor([-40.0, 35.0]).view(2, 1, 1)
    return true, wrong


def _of_factors(true: Tensor, wrong: Tensor) -> dict[str, Tensor]:
    """What to say of a mistake -> the factor that makes it."""
    share = (wrong - true).abs().mean() / true.abs().mean()
    squares = (wrong - true).norm() / true.norm()
    return {
        "this has the right L1, but it is more colorful than the truth; make it paler": 1 + share,
        "this is the share to take away; what stays is the rest of 1": share,
        "this makes the squared errors alike; L1 takes absolute values": 1 - squares,
        "your L1 has lost its absolute value: errors with a plus and a minus cancel": 1
        - (wrong - true).mean() / true.mean(),
        "you compare with the L1 of `wrong` to gray; compare what each costs against the true color": 1
        - wrong.abs().mean() / true.abs().mean(),
    }


@exercise
def muted(function):
    """`muted(true, wrong)`: the true color, paler everywhere by one factor, with the L1 of `wrong`."""
    if untouched(function, as_it_is.__code__):
        raise NotDone
    for number in range(2):
        true, wrong = _colors(number)
        answer = function(true.clone(), wrong.clone())
        if answer is None:
            raise Mistake("your function gives None: you forgot `return`")
        if not isinstance(done(answer), Tensor) or answer.numel() == 1:
            raise Mistake("a whole picture's color is wanted, in the shape of `true`: multiply it by your factor")
        if answer.shape != true.shape:
            raise Mistake(f"the color has the shape {tuple(true.shape)}, and yours {tuple(answer.shape)}")
        answer = answer.detach()
        factor = (answer * true).sum() / true.square().sum()
        if not _close(answer, factor * true, 1e-2):
            raise Mistake("not every pixel is multiplied by the same factor: `true` times one number is wanted")
        if not _close(factor, (paler(true, wrong) * true).sum() / true.square().sum(), 1e-2):
            for words, value in _of_factors(true, wrong).items():
                if _close(factor, value, 1e-2):
                    raise Mistake(words)
            got, wanted = ((one - true).abs().mean() for one in (answer, wrong))
            raise Mistake(f"your picture has an L1 of {got:.2f}, and the one with the patch {wanted:.2f}")
    return "paler everywhere, and as wrong as the patch, says L1"


# ---------------------------------------------------------------- exercise 2


def all_alike(costs, made):
    """The stub of the exercise."""
    return [1.0] * len(costs)


def by_pull(costs, made: Tensor) -> list[float]:
    """A weight for each cost, so that the gradients at `made` are as long as the first one's."""
    pulls = [torch.autograd.grad(cost, made, retain_graph=True)[0].norm().item() for cost in costs]
    return [pulls[0] / pull for pull in pulls]


def _terms(number: int) -> tuple[list[Tensor], Tensor]:
    """Three costs of one prediction, whose values and whose gradients have nothing in common."""
    chance = torch.Generator().manual_seed(number)
    made = torch.randn(2, 2, 6, 6, generator=chance).requires_grad_()
    true = torch.randn(2, 2, 6, 6, generator=chance)
    off = 2 * made.tanh() - true  # all three hang on one graph
    return [off.abs().mean(), 3 + off.square().mean(), (4 * off).sin().square().mean()], made


def _of_weights(costs: list[Tensor], made: Tensor) -> dict[str, list]:
    """What to say of a mistake -> the weights that it gives."""
    gradients = [torch.autograd.grad(cost, made, retain_graph=True)[0] for cost in costs]
    pulls = [one.norm() for one in gradients]
    added = [sum(gradients[: number + 1]).norm() for number in range(len(costs))]
    sums = [one.abs().sum() for one in gradients]
    return {
        "these weights make the values alike; a step follows the gradients": [costs[0] / cost for cost in costs],
        "upside down: a term that pulls strongly needs a small weight": [pull / pulls[0] for pull in pulls],
        "these are the lengths of the gradients; the weights are the first one's, divided by each": pulls,
        "they pull alike, but the first one's weight is to stay 1": [1 / pull for pull in pulls],
        "the gradients have been added up: `backward` adds to what `made.grad` holds": [
            added[0] / pull for pull in added
        ],
        "you compare sums of absolute values; the length is the root of the sum of squares": [
            sums[0] / one for one in sums
        ],
        "the square root is missing: the length is the root of the sum of squares": [
            (pulls[0] / pull) ** 2 for pull in pulls
        ],
    }


@exercise
def balance(function):
    """`balance(costs, made)`: weights with which each cost pulls at `made` as strongly as the first."""
    if untouched(function, all_alike.__code__):
        raise NotDone
    for number in range(2):
        costs, made = _terms(number)
        try:
            answer = function(costs, made)
        except RuntimeError as error:
            if "second time" in str(error):
                raise Mistake("the costs share a graph, which the first gradient frees: retain_graph=True") from None
            raise
        if answer is None:
            raise Mistake("your function gives None: you forgot `return`")
        try:
            weights = torch.tensor([float(torch.as_tensor(one).detach()) for one in done(answer)])
        except TypeError:
            raise Mistake("a list of numbers is wanted, one for each cost") from None
        if len(weights) != len(costs):
            raise Mistake(f"{len(costs)} costs want {len(costs)} weights, and you give {len(weights)}")
        costs, made = _terms(number)
        if not _close(weights, by_pull(costs, made)):
            for words, values in _of_weights(costs, made).items():
                if _close(weights, [float(torch.as_tensor(one).detach()) for one in values]):
                    raise Mistake(words)
            lengths = [torch.autograd.grad(cost, made, retain_graph=True)[0].norm() for cost in costs]
            pulls = ", ".join(f"{weight * length:.3f}" for weight, length in zip(weights, lengths, strict=True))
            raise Mistake(f"with your weights the three terms of a test pull by {pulls}; make them alike")
    return "every term pulls as strongly as the first"


def yours_or_ours(checker, function, ours):
    """The reader's function where it passes the check, else a finished one."""
    return function if accepted(checker, function) else ours


# ---------------------------------------------------------------- exercise 3


def lamps(rgb):
    """The stub of the exercise: red, green and blue."""
    return 2 * rgb.flatten(0, 1)[:, None] - 1


def _share_of_color(function) -> tuple[float, float, float]:
    """How much of what moves the gray pictures is color, how far color alone moves them, and their largest value."""
    chance = torch.Generator().manual_seed(3)
    lab = torch.rand(4, 3, 8, 8, generator=chance) * torch.tensor([30.0, 40, 40]).view(3, 1, 1)
    lab = torch.nn.functional.interpolate(lab + torch.tensor([35.0, -20, -20]).view(3, 1, 1), size=24)
    other = torch.cat([lab[:, :1], -0.4 * lab[:, 1:].flip(1)], dim=1)  # another hue, and paler
    lighter = lab + torch.tensor([12.0, 0, 0]).view(3, 1, 1)
    seen, colored, light = (function(lab_to_rgb(one)) for one in (lab, other, lighter))
    by_color, by_light = ((one - seen).square().mean().item() for one in (colored, light))
    return by_color / (by_color + by_light + 1e-12), by_color, seen.abs().max().item()


@exercise
def eyes(function):
    """`my_eyes(rgb)`: gray pictures for the encoder, in which color counts more than in red, green and blue."""
    if untouched(function, lamps.__code__):
        raise NotDone
    rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).requires_grad_()
    answer = function(rgb)
    if answer is None:
        raise Mistake("your function gives None: you forgot `return`")
    if not isinstance(done(answer), Tensor) or answer.ndim != 4 or answer.shape[1] != 1:
        got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise Mistake(f"gray pictures are wanted, (n, 1, H, W), and you give {got}; see `lamps`, which flattens")
    if answer.shape[2:] != rgb.shape[2:] or len(answer) % len(rgb):
        raise Mistake(f"of (2, 3, 16, 16) you make {tuple(answer.shape)}; each picture gives the same number, as large")
    if not answer.requires_grad:
        raise Mistake("no gradient comes back: a comparison (>), round, detach or scikit-image cuts it off")
    if not answer.isfinite().all() or not torch.autograd.grad(answer.sum(), rgb)[0].isfinite().all():
        raise Mistake("the pictures or their gradient aren't finite; a root or a division by 0 does that")
    share, moved, largest = _share_of_color(function)
    if largest > 3:
        raise Mistake(f"your values go up to {largest:.0f}; the encoder knows gray pictures in [-1, 1]: divide")
    if moved < 1e-6 or largest < 0.02:
        raise Mistake("color alone moves nothing that is worth mentioning: these pictures show light and dark")
    usual = _share_of_color(lamps)[0]
    if share < 0.8:
        raise Mistake(
            f"of what moves your pictures in a test, {share:.0%} is color, and {usual:.0%} with red, green and blue; "
            "take the light and dark out"
        )
    return f"color makes {share:.0%} of what moves these pictures in a test; with red, green and blue it is {usual:.0%}"


def opponents(rgb: Tensor) -> Tensor:
    """A finished answer: a and b of Lab as gray pictures, (2 B, 1, H, W), about [-1, 1]."""
    return (rgb_to_lab(rgb)[:, 1:] / 60).flatten(0, 1)[:, None]
