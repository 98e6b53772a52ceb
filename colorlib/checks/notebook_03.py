"""The checkers of lesson 3: a discriminator of patches, the missing detach, a doctor for GANs."""

import copy
import dis

import torch
from torch import Tensor, nn

from colorlib.checks import Mistake, NotDone, done, exercise
from colorlib.losses import discriminator_loss, fooling_loss

# ---------------------------------------------------------------- exercise 1


def _seen(network: nn.Module, place: int) -> tuple[Tensor, Tensor]:
    """Where in a picture of 32 pixels the gradient of one logit is not 0: of gray and of color, (32, 32) each."""
    gray = torch.rand(1, 1, 32, 32, requires_grad=True)
    color = torch.rand(1, 2, 32, 32, requires_grad=True)
    network(gray, color).flatten(1)[0, place].backward()
    maps = [torch.zeros(32, 32) if x.grad is None else x.grad[0].abs().sum(dim=0) for x in (gray, color)]
    return maps[0] > 0, maps[1] > 0


@exercise
def patch_discriminator(function):
    """`patch_discriminator(widths)`: a network with several logits, each of which sees a part of the pair."""
    torch.manual_seed(0)
    network = done(function((8, 16, 32)))
    if isinstance(network, type) or not isinstance(network, nn.Module):
        raise Mistake(f"return the network itself, an nn.Module, and not {network!r}")
    network = copy.deepcopy(network).cpu().eval()  # each picture by itself
    pair = 20 * torch.randn(2, 1, 32, 32), 20 * torch.randn(2, 2, 32, 32)
    with torch.no_grad():
        logits = network(*pair)
    if len(logits) != 2:
        raise Mistake(f"two pairs give an answer of the shape {tuple(logits.shape)}; expected (2, number of patches)")
    number = logits[0].numel()
    if number == 1:
        raise Mistake(
            "one logit for the whole picture, as before: the last convolution must not take in all that is left"
        )
    if 0 <= logits.min() and logits.max() <= 1:
        raise Mistake(
            "your answers lie between 0 and 1: probabilities; leave the sigmoid to the loss and return logits"
        )
    maps = [_seen(network, place) for place in range(0, number, -(-number // 16))]
    if not any(gray.any() for gray, _ in maps):
        raise Mistake("your network doesn't look at gray; it needs the pair, gray and color side by side")
    if not any(color.any() for _, color in maps):
        raise Mistake("your network doesn't look at the color; it needs the pair, gray and color side by side")
    seen = [gray | color for gray, color in maps]
    if all(bool(one.all()) for one in seen):
        raise Mistake(f"you have {number} logits, and each still sees the whole picture; let each see a part")
    side = max(int(one.any(dim=0).sum()) for one in seen)
    return f"{number} logits for a picture, each from a patch of at most {side} pixels a side"


# ---------------------------------------------------------------- exercise 2


def cost_of_d(true_logits: Tensor, generated_logits: Tensor) -> Tensor:
    """D's cost: the mean of its two halves, as the lesson writes it."""
    return (discriminator_loss(true_logits, True) + discriminator_loss(generated_logits, False)) / 2


def cost_of_g(generated_logits: Tensor) -> Tensor:
    """G's adversarial cost, the non-saturating one."""
    return fooling_loss(generated_logits)


def leaky_step(G, D, adam_g, adam_d, gray, true):
    """The stub of the exercise: D's turn leaves gradients in G."""
    adam_g.zero_grad()
    adam_d.zero_grad()
    loss_d = cost_of_d(D(gray, true), D(gray, G(gray)))
    loss_d.backward()
    adam_d.step()
    predicted = G(gray)
    loss_g = cost_of_g(D(gray, predicted)) + 100 * (predicted - true).abs().mean()
    loss_g.backward()
    adam_g.step()


class _Pair(nn.Module):
    """A discriminator that is as small as can be, and smooth."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 1, 3)

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        return self.layer(torch.cat([gray, color], dim=1)).flatten(1)


def _after(step, start: tuple[nn.Module, nn.Module], gray: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """The weights of G and D after a step from the same start, by plain gradient descent."""
    G, D = copy.deepcopy(start)
    step(G, D, *(torch.optim.SGD(net.parameters(), lr=0.1) for net in (G, D)), gray, true)
    return tuple(torch.cat([weight.detach().flatten() for weight in net.parameters()]) for net in (G, D))


def _expected(adversarial: bool):
    """The step as it should be, with or without what D tells G."""

    def step(G, D, adam_g, adam_d, gray, true):
        predicted = G(gray)
        adam_d.zero_grad()
        cost_of_d(D(gray, true), D(gray, predicted.detach())).backward()
        adam_d.step()
        adam_g.zero_grad()
        cost = 100 * (predicted - true).abs().mean()
        (cost + cost_of_g(D(gray, predicted)) * adversarial).backward()
        adam_g.step()

    return step


def _untouched(function) -> bool:
    """Whether a function does, instruction for instruction, what the stub does."""
    written, stub = (
        [(instruction.opname, instruction.argval) for instruction in dis.get_instructions(one)]
        for one in (getattr(function, "__code__", None) or "", leaky_step)
    )
    return written == stub


@exercise
def one_step(function):
    """`one_step(G, D, adam_g, adam_d, gray, true)`: the alternating step without the leak."""
    if _untouched(function):
        raise NotDone
    torch.manual_seed(0)
    start = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Tanh()), _Pair()
    gray, true = torch.rand(4, 1, 8, 8), torch.rand(4, 2, 8, 8) - 0.5
    g, d = _after(function, start, gray, true)
    first_g, first_d = (torch.cat([w.detach().flatten() for w in net.parameters()]) for net in start)
    right_g, right_d = _after(_expected(True), start, gray, true)
    if torch.equal(d, first_d):
        raise Mistake("D's weights don't change any more: detach the generated color that D sees, and not D's answer")
    if torch.equal(g, first_g):
        raise Mistake("G's weights don't change any more: in G's own turn the prediction must keep its gradient")
    if torch.allclose(g, _after(leaky_step, start, gray, true)[0], atol=1e-6):
        raise Mistake("D's turn still leaves gradients in G; cut the way from D's loss back to G")
    if torch.allclose(g, _after(_expected(False), start, gray, true)[0], atol=1e-6):
        raise Mistake("now only L1 reaches G: you cut the way in G's turn, and D's verdict must reach G there")
    if not torch.allclose(g, right_g, atol=1e-5):
        raise Mistake("the leak is gone, but G's weights differ from what its own cost asks for; change one thing only")
    if not torch.allclose(d, right_d, atol=1e-5):
        raise Mistake("G learns as it should, but D's weights differ: it sees the true pair and the generated pair")
    return "D's turn leaves G alone, and in G's turn both terms reach it"


# ---------------------------------------------------------------- exercise 3

# The end of a training: D's loss, G's adversarial loss, the colorfulness ratio.
PATIENTS = [
    ("healthy", "an undecided D and lively colors", (0.69, 0.69, 0.85)),
    ("healthy", "a D a little ahead and lively colors", (0.47, 1.40, 0.75)),
    ("D wins", "a D that is never mistaken, and pale colors", (0.01, 5.5, 0.45)),
    ("D wins", "a D that is never mistaken, and lively colors", (0.02, 4.2, 0.90)),
    ("wrong colors", "an undecided D and garish colors", (0.70, 0.69, 2.40)),
    ("wrong colors", "a D a little ahead and garish colors", (0.50, 1.30, 2.60)),
    ("wrong colors", "an undecided D and no color at all", (0.69, 0.70, 0.04)),
    ("wrong colors", "losses as in a healthy training and a third of the true color", (0.50, 1.40, 0.33)),
]


def _course(loss_d, loss_g, ratio, epochs=8, last=None) -> list[dict[str, float]]:
    """A made-up history that goes from an untrained D and pale colors to these values, with noise."""
    random = torch.Generator().manual_seed(7)
    start, end = torch.tensor([0.72, 0.80, 0.60]), torch.tensor([loss_d, loss_g, ratio])
    history = []
    for epoch in range(1, epochs + 1):
        part = min(1.0, (epoch - 1) / (0.4 * epochs))
        values = ((1 - part) * start + part * end) * (1 + 0.08 * (2 * torch.rand(3, generator=random) - 1))
        row = dict(zip(("loss_D", "loss_G_GAN", "valid_colorfulness_ratio"), values.tolist(), strict=True))
        history.append({"epoch": epoch} | row | {"valid_mae": 12 + 4 * abs(row["valid_colorfulness_ratio"] - 0.4)})
    history[-1] |= last or {}
    return history


@exercise
def diagnose(function):
    """`diagnose(history)`: healthy, D wins or wrong colors, for made-up trainings of each kind."""
    known = sorted({name for name, _, _ in PATIENTS})
    wrong, answers = [], set()
    for name, words, values in PATIENTS:
        answer = done(function(_course(*values)))
        answers.add(answer)
        if answer not in known:
            raise Mistake(f"you say {answer!r}; expected one of {', '.join(known)}")
        if answer != name:
            wrong.append((name, words, answer))
    if len(answers) == 1:
        raise Mistake(f"you say {answers.pop()!r} of every training")
    right = len(PATIENTS) - len(wrong)
    for name, words, answer in wrong:
        start = f"{right} of {len(PATIENTS)} are right; {words}: "
        if name == "healthy" and answer == "wrong colors":
            raise Mistake(start + "that is healthy; a loss of D near 0.69 alone is no bad sign, so look at the colors")
        if name == "D wins":
            raise Mistake(start + "there D wins, whatever the colors; its loss near 0 is no success")
        if name == "wrong colors":
            raise Mistake(start + "the losses look balanced, and the colors are wrong; look at the colorfulness ratio")
        raise Mistake(start + f"expected {name!r}, you say {answer!r}")
    odd = {"loss_D": 0.02, "loss_G_GAN": 5.0}
    if function(_course(*PATIENTS[0][2], last=odd)) != "healthy":
        raise Mistake("one odd last epoch changes your mind; average over the last few")
    if function(_course(*PATIENTS[2][2], epochs=30)) != "D wins":
        raise Mistake("a longer training changes your mind; look at its end, not at fixed epochs")
    return "you tell all three apart, by D's loss and the colors together"
