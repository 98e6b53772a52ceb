"""The checkers of lesson 7: a picture that wins and that nobody wants, and a cost whose author says beforehand in what
it will win; those about tables, `paired` and `audits`, stand in `colorlib.checks.fair_tables`.
"""

import torch
from torch import Tensor

from colorlib.checks import Mistake, NotDone, accepted, done, exercise, untouched
from colorlib.checks.fair_tables import audits, each_for_itself, paired, paired_or_ours
from colorlib.color import join_lightness
from colorlib.metrics import colorfulness

__all__ = [
    "accepted",
    "audits",
    "beats",
    "chroma_too",
    "each_for_itself",
    "own_cost",
    "paired",
    "paired_or_ours",
    "usable",
]

# ---------------------------------------------------------------- exercise 1


def as_it_is(L, ab):
    """The stub of the exercise."""
    return ab  # change it


def _network() -> tuple[Tensor, Tensor, Tensor]:
    """L, and what a network says, and the truth, of 60 pictures: in a quarter it is right."""
    chance = torch.Generator().manual_seed(0)
    L = 35 + 30 * torch.rand(60, 1, 6, 6, generator=chance)
    angle = 6.28 * torch.rand(60, 1, 1, 1, generator=chance)
    true = 21 * torch.cat([angle.cos(), angle.sin()], dim=1) + torch.tensor([1.0, 3.0]).view(1, 2, 1, 1)
    true = true + 5 * torch.randn(60, 2, 6, 6, generator=chance)
    turned = torch.stack([-true[:, 1], true[:, 0]], dim=1)  # another hue, by a quarter of the circle
    guess = torch.where(torch.rand(60, 1, 1, 1, generator=chance) < 0.265, true, turned)
    return L, guess + 5 * torch.randn(60, 2, 6, 6, generator=chance), true


def _off(L: Tensor, ab: Tensor, true: Tensor) -> tuple[float, float]:
    """MAE (0 to 255) and mean colorfulness of a and b, with L."""
    rgb, truth = join_lightness(L, ab), join_lightness(L, true)
    return 255 * (rgb - truth).abs().mean().item(), colorfulness(rgb).mean().item()


def _ab_of(function, L: Tensor, ab: Tensor) -> Tensor:
    """What a function makes of a and b, of their shape. Raises `Mistake`."""
    answer = function(L.clone(), ab.clone())
    if answer is None:
        raise Mistake("your function gives None: you forgot `return`")
    answer = done(answer)
    if not isinstance(answer, Tensor):
        raise Mistake(f"a tensor is wanted, and you give {type(answer).__name__}")
    try:
        answer = answer.expand_as(ab)
    except RuntimeError:
        raise Mistake(
            f"a and b of each pixel are wanted, {tuple(ab.shape)}, and you give {tuple(answer.shape)}"
        ) from None
    if not answer.isfinite().all():
        raise Mistake("some of your a and b are not finite numbers")
    return answer


@exercise
def beats(function):
    """`nobody_wants(L, ab)`: a lower MAE than the network's, and at most half of its color."""
    if untouched(function, as_it_is.__code__):
        raise NotDone
    L, guess, true = _network()
    answer = _ab_of(function, L, guess)
    before, lively = _off(L, guess, true)
    after, pale = _off(L, answer, true)
    gray, _ = _off(L, 0 * guess, true)
    said = f"MAE {before:.1f} before and {after:.1f} after, on made pictures"
    if answer.abs().max() < 0.5:
        raise Mistake(f"this is gray, and gray loses: its MAE is {gray:.1f}, the network's {before:.1f}")
    if torch.allclose(answer, guess, atol=0.1):
        raise Mistake("these are the network's own colors")
    if pale > 0.5 * lively and after < before:
        raise Mistake(f"the MAE falls ({said}), but the pictures keep {pale / lively:.0%} of their color: at most 50 %")
    if pale > 1.05 * lively:
        raise Mistake(f"the colors got stronger, and wrong strong colors cost most: {said}")
    if after >= before:
        half = "pale enough, but " if pale <= 0.5 * lively else ""
        raise Mistake(f"{half}the MAE doesn't fall: {said}")
    return f"it wins with {pale / lively:.0%} of the color: {said}"


def usable(function):
    """The reader's `nobody_wants` where it gives a and b of the right shape, else the stub."""
    try:
        L, guess, _ = _network()
        _ab_of(function, L, guess)
    except Exception:
        return as_it_is
    return lambda L, ab: _ab_of(function, L, ab)


# ---------------------------------------------------------------- exercise 4


def plain(made, true):
    """The stub of the exercise."""
    return (made - true).abs().mean()


CLAIMS = ("MAE", "CIEDE2000", "colorfulness")


def chroma_too(made: Tensor, true: Tensor) -> Tensor:
    """An example: L1, and what is missing in chroma, where the truth has more."""
    missing = true.norm(dim=1) - made.norm(dim=1)
    return (made - true).abs().mean() + missing.clamp_min(0).mean()


def _multiple(cost, other, pairs) -> bool:
    """Whether a cost is a multiple of another one on all pairs."""
    ratios = torch.tensor([float(cost(*pair)) / float(other(*pair)) for pair in pairs])
    return bool(ratios[0] > 0 and (ratios / ratios[0] - 1).abs().max() < 1e-3)


@exercise
def own_cost(function, claim):
    """`my_cost(made, true)`, one number with a gradient, and in what it will win."""
    if untouched(function, plain.__code__):
        raise NotDone
    if claim not in CLAIMS:
        raise Mistake(f"my_claim is {claim!r}; it names one of {', '.join(CLAIMS)}")
    chance = torch.Generator().manual_seed(0)
    pairs = [tuple(0.3 * torch.randn(2, 5, 2, 8, 8, generator=chance) * size) for size in (0.3, 1.0, 2.0)]
    made, true = pairs[1][0].clone().requires_grad_(), pairs[1][1]
    value = done(function(made, true))
    if not isinstance(value, Tensor) or value.numel() != 1:
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise Mistake(f"one number for the whole batch is wanted, and you give {got}; take a mean")
    if not value.requires_grad:
        raise Mistake("no gradient comes back: a comparison (>), round, argmax, item or detach cuts it off")
    (gradient,) = torch.autograd.grad(value.sum(), made)
    if not gradient.isfinite().all() or not gradient.any():
        raise Mistake("its gradient is 0 everywhere, or isn't finite: it moves no network")
    still = torch.zeros_like(made).requires_grad_()
    (begun,) = torch.autograd.grad(function(still, true).sum(), still)
    if not begun.isfinite().all():
        raise Mistake("its gradient isn't finite where made is exactly 0, as a root there; add a little: + 1e-6")
    if abs(float(function(pairs[1][0], true)) - float(function(pairs[1][0], true.roll(1, dims=0)))) < 1e-7:
        raise Mistake("it doesn't look at the true colors: the network would learn one answer for all")
    for name, other in {"L1": plain, "L2": lambda made, true: (made - true).square().mean()}.items():
        if _multiple(function, other, pairs):
            raise Mistake(f"this is {name}, perhaps times a number; Adam's steps hardly know the difference")
    moved = pairs[1][0].clone().requires_grad_()
    adam, costs = torch.optim.Adam([moved], lr=0.02), []
    for _ in range(60):
        cost = function(moved, true).sum()
        adam.zero_grad()
        cost.backward()
        adam.step()
        costs.append((moved - true).abs().mean().item())
    if not costs[-1] < 0.8 * costs[0]:
        raise Mistake("downhill on your cost, made doesn't come nearer to true: is a sign turned around?")
    return f"a cost of your own, and a claim: it will win in {claim}"
