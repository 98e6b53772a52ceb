"""The checkers of lesson 3: they accept the solutions, wait for stubs, and name typical mistakes."""

import exercise_cells
import pytest
import torch
from torch import nn

from colorlib.checks import notebook_03 as check
from colorlib.checks.notebook_03 import cost_of_d, cost_of_g
from colorlib.models.discriminators import Discriminator

NOTEBOOK = "03_conditional_gan.ipynb"
EXERCISES = ("patch_discriminator", "one_step", "diagnose")


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


@pytest.mark.parametrize("name", EXERCISES)
def test_solutions_are_accepted(name, solution, said):
    assert said(getattr(check, name), solution[name]).startswith("✓ ")


@pytest.mark.parametrize("name", EXERCISES)
def test_stubs_are_not_done_yet(name, said):
    stub = exercise_cells.stubs(NOTEBOOK)[name]
    assert said(getattr(check, name), stub) == "not done yet"
    assert said(getattr(check, name), None) == "not done yet"


@pytest.mark.parametrize("name", EXERCISES)
def test_code_that_stops_is_reported(name, said):
    answer = said(getattr(check, name), lambda *arguments: 1 / 0)
    assert answer.startswith("✗ your code stopped with ZeroDivisionError")


# ---------------------------------------------------------------- exercise 1


class Pair(nn.Module):
    """Any function of the pair, after layers that give 16 logits."""

    def __init__(self, before=lambda gray, color: torch.cat([gray, color], dim=1), after=lambda logits: logits):
        super().__init__()
        layers = [nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(), nn.Conv2d(8, 8, 4, 2, 1), nn.LeakyReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8, 1, 4, 2, 1))
        self.before, self.after = before, after

    def forward(self, gray, color):
        return self.after(self.layers(self.before(gray, color)))


class Global(nn.Module):
    """Several logits that all see everything."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3 * 32 * 32, 16)

    def forward(self, gray, color):
        return self.layer(torch.cat([gray, color], dim=1).flatten(1))


WRONG_PATCHES = {
    "return the network itself": lambda widths: Discriminator,
    "one logit for the whole picture": lambda widths: Discriminator("conv", widths),
    "leave the sigmoid": lambda widths: Pair(after=torch.sigmoid),
    "doesn't look at gray": lambda widths: Pair(before=lambda gray, color: torch.cat([0 * gray, color], dim=1)),
    "doesn't look at the color": lambda widths: Pair(before=lambda gray, color: gray.expand(-1, 3, -1, -1)),
    "each still sees the whole picture": lambda widths: Global(),
    "expected (2, number of patches)": lambda widths: Pair(after=lambda logits: logits.mean(dim=0, keepdim=True)),
}


def test_the_praise_names_the_field(solution, said):
    praise = said(check.patch_discriminator, solution["patch_discriminator"])
    assert "16 logits" in praise and "at most 22 pixels" in praise


@pytest.mark.parametrize("words", WRONG_PATCHES)
def test_patches_diagnosis(words, said):
    answer = said(check.patch_discriminator, WRONG_PATCHES[words])
    assert answer.startswith("✗ ") and words in answer


@pytest.mark.parametrize("kind", ["flat", "map", "70"])
def test_patches_in_another_form(kind, said):
    """Logits as a map are as good as in a row, and so is a last convolution of 4x4, as in the 70x70 PatchGAN."""
    answers = {
        "flat": lambda widths: Discriminator("patch", widths),
        "map": lambda widths: Pair(),
        "70": lambda widths: Discriminator("patch70", widths),
    }
    assert said(check.patch_discriminator, answers[kind]).startswith("✓ ")


# ---------------------------------------------------------------- exercise 2


def step(of_d=lambda G, gray: G(gray).detach(), of_g=lambda p: p, on_d=lambda z: z, between=False, twice=False):
    """The step with what D sees, what G's verdict sees, what D says, and zero_grad between the turns."""

    def one_step(G, D, adam_g, adam_d, gray, true):
        adam_g.zero_grad()
        adam_d.zero_grad()
        cost_of_d(on_d(D(gray, true)), on_d(D(gray, of_d(G, gray)))).backward()
        adam_d.step()
        if between:
            adam_g.zero_grad()
        predicted = G(gray)
        distance = (1 + twice) * 100 * (of_g(predicted) - true).abs().mean() if twice else None
        distance = 100 * (predicted - true).abs().mean() if distance is None else distance
        (cost_of_g(D(gray, of_g(predicted))) + distance).backward()
        adam_g.step()

    return one_step


def without_gradient(G, gray):
    with torch.no_grad():
        return G(gray)


@pytest.mark.parametrize(
    "answer",
    [step(), step(of_d=without_gradient), step(of_d=lambda G, gray: G(gray), between=True)],
    ids=["detach", "no_grad", "zero_grad between"],
)
def test_every_way_to_stop_the_leak_is_accepted(answer, said):
    assert said(check.one_step, answer).startswith("✓ ")


def frozen(G, D, adam_g, adam_d, gray, true):
    cost_of_d(D(gray, true), D(gray, G(gray).detach())).backward()
    adam_d.step()


WRONG_STEPS = {
    "D's weights don't change": step(on_d=lambda z: z.detach().requires_grad_()),
    "G's weights don't change": frozen,
    "still leaves gradients in G": step(of_d=lambda G, gray: G(gray)),
    "now only L1 reaches G": step(of_g=lambda p: p.detach()),
    "change one thing only": step(twice=True),
}


@pytest.mark.parametrize("words", WRONG_STEPS)
def test_step_diagnosis(words, said):
    answer = said(check.one_step, WRONG_STEPS[words])
    assert answer.startswith("✗ ") and words in answer


# ---------------------------------------------------------------- exercise 3


def mean(history, name, count=3):
    return sum(row[name] for row in history[-count:]) / len(history[-count:])


def doctor(lowest=0.25, palest=0.5, strongest=1.5, count=3):
    def diagnose(history):
        if mean(history, "loss_D", count) < lowest:
            return "D wins"
        ratio = mean(history, "valid_colorfulness_ratio", count)
        return "healthy" if palest < ratio < strongest else "wrong colors"

    return diagnose


WRONG_DOCTORS = {
    "expected one of": lambda history: "ill",
    "of every training": lambda history: "healthy",
    "look at the colorfulness ratio": lambda history: "D wins" if mean(history, "loss_D") < 0.25 else "healthy",
    "its loss near 0 is no success": doctor(lowest=0),
    "near 0.69 alone is no bad sign": lambda history: (
        "wrong colors" if mean(history, "loss_D") > 0.6 else doctor()(history)
    ),
    "one odd last epoch": doctor(count=1),
    "not at fixed epochs": lambda history: doctor()(history[:8]) if len(history) < 10 else "healthy",
}


@pytest.mark.parametrize("words", WRONG_DOCTORS)
def test_doctor_diagnosis(words, said):
    answer = said(check.diagnose, WRONG_DOCTORS[words])
    assert answer.startswith("✗ ") and words in answer


def test_a_loss_near_log_2_is_never_enough(said):
    """The rule "D near 0.69 means a collapse" is refused, at whatever limit."""
    for limit in (0.55, 0.6, 0.65, 0.68):

        def by_loss(history, limit=limit):
            loss = mean(history, "loss_D")
            return "D wins" if loss < 0.25 else "wrong colors" if loss > limit else "healthy"

        assert said(check.diagnose, by_loss).startswith("✗ ")


@pytest.mark.parametrize("answer", [doctor(), doctor(0.1, 0.45, 2.0), doctor(0.4, 0.6, 1.3, 4)], ids=range(3))
def test_other_limits_are_accepted(answer, said):
    assert said(check.diagnose, answer).startswith("✓ ")
