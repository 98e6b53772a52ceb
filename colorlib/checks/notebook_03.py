"""The checkers of notebook 03: the best answer to a smoothed label, least-squares costs, a doctor for GANs."""

import math

import torch
from torch import Tensor

from colorlib.checks import Mistake, done, exercise
from colorlib.losses import discriminator_loss, fooling_loss


def _numbers(answer, names: tuple[str, str], function: str) -> list[float]:
    """An answer of two finite numbers; tensors with a single element are numbers."""
    if not isinstance(done(answer), (tuple, list)) or len(answer) != 2:
        raise Mistake(f"{function} must return two numbers: {names[0]}, {names[1]}")
    numbers = []
    for value, name in zip(answer, names, strict=True):
        done(value)
        if isinstance(value, Tensor) and value.numel() != 1:
            raise Mistake(f"{name} must be one number, got a tensor of the shape {tuple(value.shape)}; take the mean")
        try:
            numbers.append(float(value))
        except (TypeError, ValueError):
            raise Mistake(f"{name} must be a number, got {type(value).__name__}") from None
        if not math.isfinite(numbers[-1]):
            raise Mistake(f"{name} is {numbers[-1]}; expected a finite number")
    return numbers


def _near(mine: float, expected: float, tolerance: float = 1e-3) -> bool:
    return abs(mine - expected) <= tolerance * max(1.0, abs(expected))


# ---------------------------------------------------------------- exercise 1


@exercise
def best_answer(function):
    """`best_answer(label) -> logit, loss`: where the cross entropy with a smoothed label is smallest."""
    for label in (0.9, 0.7):
        names = ("the logit", "the loss")
        logit, loss = _numbers(function(label), names, f"best_answer({label})")
        best = math.log(label / (1 - label))
        least = -label * math.log(label) - (1 - label) * math.log(1 - label)
        if _near(logit, label):
            raise Mistake(f"you give the probability {label}; expected the logit whose sigmoid it is")
        if _near(logit, 1 / (1 + math.exp(-label))):
            raise Mistake("you took the sigmoid of the label; expected its inverse, log(p / (1 - p))")
        if _near(logit, -best):
            raise Mistake("your logit has the wrong sign: a positive one says true")
        if _near(logit, math.log(label)):
            raise Mistake("log p is the logarithm of the probability; the logit is log(p / (1 - p))")
        if _near(logit, math.log10(label / (1 - label))):
            raise Mistake("you took the logarithm to base 10; the sigmoid's inverse has the natural one")
        if not _near(logit, best):
            raise Mistake(f"at the label {label} your logit is {logit:.3f}, where the loss is not the smallest")
        if _near(loss, 0):
            raise Mistake("the smallest loss is not 0: a label between 0 and 1 always leaves some cross entropy")
        if _near(loss, -math.log(label)):
            raise Mistake("your loss has one half only; the part (1 - label) * -log(1 - p) is missing")
        if _near(loss, -least):
            raise Mistake("your loss has the wrong sign: cross entropy is -log of the probability, never negative")
        if _near(loss, least / math.log(2)):
            raise Mistake("your loss is in bits (log2); torch's cross entropy has the natural logarithm")
        if not _near(loss, least):
            raise Mistake(f"at the label {label} your loss is {loss:.3f}; put your logit into the cross entropy")
    return "the label 0.9 asks for the logit 2.20, and no judge gets below the loss 0.325"


# ---------------------------------------------------------------- exercise 2


@exercise
def least_squares(function):
    """`least_squares(true_logits, fake_logits) -> loss of D, loss of G` (Mao et al. 2017), D's halved."""
    true, fake = torch.tensor([[2.0], [0.5], [-1.0]]), torch.tensor([[-1.5], [0.25], [3.0]])
    names = ("the loss of D", "the loss of G")
    d, g = _numbers(function(true.clone(), fake.clone()), names, "least_squares")

    def halved(true_target, fake_target, reduce=torch.mean, x=true, z=fake):
        return float(reduce((x - true_target) ** 2) + reduce((z - fake_target) ** 2)) / 2

    real, generated = discriminator_loss(true, True, "lsgan"), discriminator_loss(fake, False, "lsgan")
    right_d, right_g = float(real + generated) / 2, float(fooling_loss(fake, "lsgan"))
    if _near(d, right_g) and _near(g, right_d):
        raise Mistake("your two losses have changed places: first that of D, then that of G")
    if _near(d, halved(1, 0, x=true.sigmoid(), z=fake.sigmoid())):
        raise Mistake(
            "you took a sigmoid; least squares work on the logits themselves, which is why they don't saturate"
        )
    if _near(d, halved(1, 0, torch.sum)):
        raise Mistake("your loss of D is a sum over the batch; expected means")
    if _near(d, 2 * right_d):
        raise Mistake("your loss of D is twice as large as expected: it is halved, like above")
    if _near(d, halved(0, 1)):
        raise Mistake("D's targets have changed places: true pairs to 1, generated ones to 0")
    if _near(d, halved(1, -1)):
        raise Mistake("you pull generated pairs to -1; here their target is 0")
    if not _near(d, right_d):
        raise Mistake(f"your loss of D is {d:.3f} for the checker's logits; expected {right_d:.3f}")
    if _near(g, float(fake.square().mean())):
        raise Mistake("G pulls its own pairs to 0: it would help D; its target is 1")
    if _near(g, float((fake - 1).square().sum())):
        raise Mistake("your loss of G is a sum over the batch; expected a mean")
    if _near(g, -float(fake.square().mean())):
        raise Mistake("you gave G the negative of D's loss, the saturating way; it pulls its logits to 1 instead")
    if _near(g, right_g / 2):
        raise Mistake("your loss of G is halved; only D's is a mean of two parts")
    if not _near(g, right_g):
        raise Mistake(f"your loss of G is {g:.3f} for the checker's logits; expected {right_g:.3f}")
    return "colorlib's adversarial loss of the kind lsgan gives the same, and no probability saturates"


# ---------------------------------------------------------------- exercise 3

# Late in a training: D's losses for true and for generated pairs, G's term, and the colorfulness ratio.
PATIENTS = [
    ("healthy", "undecided judge, lively colors", (0.62, 0.60, 0.90, 0.85)),
    ("healthy", "a judge a little ahead, lively colors", (0.48, 0.45, 1.40, 0.75)),
    ("D wins", "no pair is mistaken", (0.01, 0.02, 5.50, 0.30)),
    ("D wins", "no pair is mistaken, and the colors are garish", (0.03, 0.02, 4.20, 1.70)),
    ("collapse", "undecided judge, garish colors", (0.69, 0.70, 0.69, 2.30)),
    ("collapse", "undecided judge, no color at all", (0.69, 0.69, 0.70, 0.04)),
]


def _course(real, fake, fooling, ratio, steps=120, spike=None) -> list[dict[str, float]]:
    """A made-up training that goes from an untrained judge to these values, with noise."""
    random = torch.Generator().manual_seed(7)
    rows = []
    for step in range(steps):
        done_ = min(1.0, step / (0.4 * steps))
        noise = 1 + 0.12 * (2 * torch.rand(4, generator=random) - 1)
        start = torch.tensor([0.70, 0.75, 0.80, 0.90])
        values = ((1 - done_) * start + done_ * torch.tensor([real, fake, fooling, ratio])) * noise
        names = ("loss_D_real", "loss_D_fake", "loss_G_GAN", "colorfulness_ratio")
        row = dict(zip(names, values.tolist(), strict=True))
        rows.append(row | {"loss_D": (row["loss_D_real"] + row["loss_D_fake"]) / 2})
    if spike:
        rows[-1] |= spike
    return rows


@exercise
def diagnose(function):
    """`diagnose(rows)`: healthy, D wins or collapse, for made-up trainings of each kind."""
    known = {name for name, _, _ in PATIENTS}
    wrong = []
    for name, words, values in PATIENTS:
        answer = done(function(_course(*values)))
        if answer not in known:
            raise Mistake(f"you say {answer!r}; expected one of {', '.join(sorted(known))}")
        if answer != name:
            wrong.append((name, words, answer))
    answers = {answer for _, _, answer in wrong}
    if len(wrong) == 4 and len(answers) == 1:
        raise Mistake(f"you say {answers.pop()!r} of every training")
    for name, words, answer in wrong:
        if name == "healthy" and answer == "collapse":
            raise Mistake(f"{words}: that is healthy; a D near 0.693 alone is no bad sign")
        if name == "D wins" and answer == "healthy":
            raise Mistake("D's loss near 0 is no success: D recognizes every generated pair, so D wins")
        if name == "collapse" and answer == "healthy":
            raise Mistake(f"{words}: the losses look balanced, yet the generator has collapsed; look at the colors")
        raise Mistake(f"{words}: expected {name!r}, you say {answer!r}")
    spike = {"loss_D_real": 0.02, "loss_D_fake": 0.02, "loss_D": 0.02, "loss_G_GAN": 5.0, "colorfulness_ratio": 0.85}
    if function(_course(*PATIENTS[0][2], spike=spike)) != "healthy":
        raise Mistake("one odd last row changes your mind; average over the end of the training")
    if function(_course(*PATIENTS[2][2], steps=400)) != "D wins":
        raise Mistake("a longer training changes your mind; look at its end, not at fixed steps")
    return "you tell all three apart, by losses and colors together"
