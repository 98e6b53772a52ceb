"""The checkers of lesson 3: a discriminator of patches, the missing detach, costs of least squares."""

import copy
import math

import torch
from torch import Tensor, nn

from colorlib.checks import Mistake, NotDone, done, exercise, untouched
from colorlib.checks import accepted as accepted
from colorlib.checks.two_turns import (
    RATE,
    Pair,
    after,
    cost_of_d,
    cost_of_g,
    gradient_of_d,
    gradient_of_g,
    leaky_step,
    loaded,
)

# ---------------------------------------------------------------- exercise 1

SIDE, PLACES = 32, 16  # of a picture, in pixels; of its patches, after three levels of stride 2


def whole_picture(widths):
    """The stub of the exercise: the discriminator as it is."""
    network = Discriminator(widths)  # noqa: F821 (the lesson's)
    return network


def _seen(network: nn.Module, place: int) -> tuple[Tensor, Tensor]:
    """Where in a picture of 32 pixels the gradient of one logit is not 0: of gray and of color, (32, 32) each."""
    gray = torch.rand(1, 1, SIDE, SIDE, requires_grad=True)
    color = torch.rand(1, 2, SIDE, SIDE, requires_grad=True)
    network(gray, color).flatten(1)[0, place].backward()
    maps = [torch.zeros(SIDE, SIDE) if x.grad is None else x.grad[0].abs().sum(dim=0) for x in (gray, color)]
    return maps[0] > 0, maps[1] > 0


def _check_patches(function, widths: tuple[int, int, int]) -> int:
    """One network of these widths; returns how many pixels a side its logits see at most."""
    torch.manual_seed(0)
    network = function(widths)
    if network is None:
        raise Mistake("your function gives None: you forgot `return`")
    network = done(network)
    if isinstance(network, type) or not isinstance(network, nn.Module):
        raise Mistake(f"return the network itself, an nn.Module, and not {network!r}")
    network = copy.deepcopy(network).cpu().eval()  # each picture by itself
    pair = 1000 * torch.randn(2, 1, SIDE, SIDE), 1000 * torch.randn(2, 2, SIDE, SIDE)
    with torch.no_grad():
        logits = network(*pair)
    if logits.ndim < 2 or len(logits) != 2:
        raise Mistake(f"two pairs give an answer of the shape {tuple(logits.shape)}; expected (2, {PLACES})")
    number = logits[0].numel()
    if number == 1:
        raise Mistake("one logit for the whole picture, as before; no layer may take in all that is left at once")
    if number != PLACES:
        raise Mistake(f"{number} logits for a picture; the last map has 4x4 places, and each gets one of {PLACES}")
    if 0 <= logits.min() and logits.max() <= 1:
        raise Mistake("your answers lie between 0 and 1: probabilities; leave the sigmoid to the cost")
    used = {layer.out_channels for layer in network.modules() if isinstance(layer, nn.Conv2d)}
    if not set(widths) <= used:
        raise Mistake(f"asked for levels of {widths} channels, your network has {sorted(used)}; use `widths`")
    maps = [_seen(network, place) for place in range(PLACES)]
    for kind, of_kind in (("gray", 0), ("the color", 1)):
        if not all(one[of_kind].any() for one in maps):
            raise Mistake(f"your network doesn't look at {kind}; it needs the pair, gray and color side by side")
    seen = [gray | color for gray, color in maps]
    widest = max(int(at.max() - at.min()) + 1 for one in seen for at in one.nonzero().T)
    if widest >= SIDE:
        raise Mistake(f"{PLACES} logits, but at least one sees the whole picture; let each see a part")
    if len({tuple(one.flatten().tolist()) for one in seen}) < PLACES:
        raise Mistake(f"{PLACES} logits, but some look at the same pixels; each place needs a patch of its own")
    _check_larger(network)
    return widest


def _check_larger(network: nn.Module) -> None:
    """A picture of 96 pixels has 12x12 places."""
    side, places = 3 * SIDE, 9 * PLACES
    with torch.no_grad():
        number = network(torch.rand(1, 1, side, side), torch.rand(1, 2, side, side)).numel()
    if number != places:
        raise Mistake(
            f"right for {SIDE} pixels, but {number} logits for a picture of {side} pixels, which has {places} places; "
            "a layer that looks at each place alone works at every size"
        )


@exercise
def patch_discriminator(function):
    """`patch_discriminator(widths)`: a network with 16 logits, each of which sees a part of the pair."""
    if untouched(function, whole_picture):
        raise NotDone
    side = max(_check_patches(function, widths) for widths in ((8, 16, 32), (6, 10, 12)))
    return f"{PLACES} logits for a picture, each from a patch of at most {side} pixels a side"


def yours_or_ours(function, lesson_discriminator):
    """The reader's function where it passes the check, else one that makes patches of the lesson's class."""

    def ours(widths):
        network = lesson_discriminator(widths)
        network.layers[-1] = nn.Conv2d(widths[-1], 1, 1)
        return network

    return function if accepted(patch_discriminator, function) else ours


# ---------------------------------------------------------------- exercise 2


@exercise
def one_step(function):
    """`one_step(G, D, adam_g, adam_d, gray, true)`: the alternating step without the leak, in either order."""
    if untouched(function, leaky_step):
        raise NotDone
    torch.manual_seed(0)
    G, D = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Tanh()), Pair()
    gray, true = torch.rand(4, 1, 8, 8), torch.rand(4, 2, 8, 8) - 0.5
    g, d = after(function, (G, D), gray, true)
    first_g, first_d = (nn.utils.parameters_to_vector(net.parameters()).detach() for net in (G, D))
    moved_g, moved_d = (first_g - g) / RATE, (first_d - d) / RATE
    later_g, later_d = loaded(G, g), loaded(D, d)

    def is_one(moved: Tensor, *gradients: Tensor) -> bool:
        return any(torch.allclose(moved, gradient, rtol=1e-3, atol=1e-4) for gradient in gradients)

    if torch.equal(g, first_g):
        raise Mistake("G's weights don't change any more: in G's own turn the prediction must keep its gradient")
    if is_one(moved_g, gradient_of_g(G, later_d, gray, true, leak=D)):
        raise Mistake("D's turn still leaves gradients in G; cut the way from D's loss back to G")
    if any(is_one(moved_g, gradient_of_g(G, later_d, gray, true, False, l1, D)) for l1 in (True, False)):
        raise Mistake("D's turn still leaves gradients in G, and in G's own turn D's verdict doesn't reach it")
    if torch.equal(d, first_d):
        raise Mistake("D's weights don't change any more: detach the generated color that D sees, and not D's answer")
    if is_one(moved_d, gradient_of_d(D, G, gray, true, half=True)):
        raise Mistake("D no longer learns from the generated pair: detach the color, not D's answer")
    if is_one(moved_g, gradient_of_g(G, later_d, gray, true, verdict=False)):
        raise Mistake("now only L1 reaches G: you cut the way in G's turn, and D's verdict must reach G there")
    if not is_one(moved_g, *(gradient_of_g(G, one, gray, true) for one in (later_d, D))):
        raise Mistake("G's weights differ from what its own cost asks for; change one thing only")
    if not is_one(moved_d, *(gradient_of_d(D, one, gray, true) for one in (G, later_g))):
        raise Mistake("G learns as it should, but D's weights differ: it sees the true pair and the generated pair")
    return "D's turn leaves G alone, and in G's turn both terms reach it"


# ---------------------------------------------------------------- exercise 3


def plain_cost_of_d(true_logits, generated_logits):
    """The stub of the exercise: still the cross entropy."""
    return cost_of_d(true_logits, generated_logits)


def plain_cost_of_g(generated_logits):
    """The stub of the exercise: still the cross entropy."""
    return cost_of_g(generated_logits)


def _compare(name: str, cost, logits: tuple[Tensor, ...], right: Tensor, known: dict[str, Tensor]) -> None:
    """Raise `Mistake` where a cost isn't right; known: what to say of a mistake -> what it gives."""
    answer = cost(*(one.clone().requires_grad_() for one in logits))
    if answer is None:
        raise Mistake(f"{name} gives None: you forgot `return`")
    answer = done(answer)
    if not isinstance(answer, Tensor) or answer.numel() != 1:
        raise Mistake(f"{name} is to be one number, the mean over batch and patches")
    if not answer.requires_grad:
        raise Mistake(f"{name} has no gradient, so nobody learns from it; no detach and no item() here")
    for words, value in {"": right, **known}.items():
        if math.isclose(answer.item(), value.item(), rel_tol=1e-4):
            if words:
                raise Mistake(f"{name}: {words}")
            return
    raise Mistake(f"{name}: gives {answer.item():.4g} where {right.item():.4g} is expected")


@exercise
def squares(of_d, of_g):
    """The costs of least squares: D's, half of both squares, and G's."""
    old = untouched(of_d, plain_cost_of_d), untouched(of_g, plain_cost_of_g)
    if all(old):
        raise NotDone
    chance = torch.Generator().manual_seed(0)
    true, fake = (2 * torch.randn(8, 16, generator=chance) + 0.3 for _ in range(2))

    def miss(logits: Tensor, wanted: float) -> Tensor:
        return (logits - wanted).square().mean()

    sigmoids = "no sigmoid here; take D's number as it is"
    known = {
        "true patches should get 1 and generated ones 0, not the other way around": (miss(true, 0) + miss(fake, 1)) / 2,
        "this is the sum of both halves; take half of it": miss(true, 1) + miss(fake, 0),
        "only the true patches are in it; generated ones should get 0": miss(true, 1) / 2,
        "only the generated patches are in it; true ones should get 1": miss(fake, 0) / 2,
        "take squares, and not absolute differences": ((true - 1).abs().mean() + fake.abs().mean()) / 2,
        sigmoids: (miss(true.sigmoid(), 1) + miss(fake.sigmoid(), 0)) / 2,
    }
    if old[0]:
        raise Mistake("G's cost is changed, and D's is still the cross entropy")
    _compare("D's cost", of_d, (true, fake), (miss(true, 1) + miss(fake, 0)) / 2, known)
    if old[1]:
        raise Mistake("D's cost is right, and G's is still the cross entropy")
    known = {
        "this is what D pays; G wants a 1 for its patches": miss(fake, 0),
        sigmoids: miss(fake.sigmoid(), 1),
    }
    half = of_g(fake)
    half = isinstance(half, Tensor) and torch.allclose(half, miss(fake, 1) / 2, rtol=1e-4)
    _compare("G's cost", of_g, (fake,), miss(fake, 1) / (2 if half else 1), known)
    note = " (Mao et al. halve G's cost, as you do; a larger w makes up for it)" if half else ""
    return "both costs are squares, and each wants the right numbers" + note
