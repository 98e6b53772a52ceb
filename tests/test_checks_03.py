"""The checkers of lesson 3: they accept the solutions, wait for stubs, and name typical mistakes."""

import exercise_cells
import pytest
import torch
from torch import nn

from colorlib.checks import notebook_03 as check
from colorlib.checks.notebook_03 import cost_of_d, cost_of_g
from colorlib.models.discriminators import Discriminator

NOTEBOOK = "03_conditional_gan.ipynb"
EXERCISES = {
    "patch_discriminator": ["patch_discriminator"],
    "one_step": ["one_step"],
    "squares": ["squared_cost_of_d", "squared_cost_of_g"],
}


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


@pytest.mark.parametrize("name", EXERCISES)
def test_solutions_are_accepted(name, solution, said):
    answers = [solution[one] for one in EXERCISES[name]]
    assert said(getattr(check, name), *answers).startswith("✓ ")
    assert check.accepted(getattr(check, name), *answers)


@pytest.mark.parametrize("name", EXERCISES)
def test_stubs_are_not_done_yet(name, said):
    stubs = exercise_cells.stubs(NOTEBOOK)
    answers = [stubs[one] for one in EXERCISES[name]]
    assert said(getattr(check, name), *answers) == "not done yet"
    assert said(getattr(check, name), *[None for _ in answers]) == "not done yet"
    assert not check.accepted(getattr(check, name), *answers)


@pytest.mark.parametrize("name", EXERCISES)
def test_code_that_stops_is_reported(name, said):
    answers = [lambda *arguments: 1 / 0 for _ in EXERCISES[name]]
    assert said(getattr(check, name), *answers).startswith("✗ your code stopped with ZeroDivisionError")


# ---------------------------------------------------------------- exercise 1


class Pair(nn.Module):
    """Any function of the pair, after layers that give 16 logits of the pixels around 4x4 places."""

    def __init__(self, widths, before=lambda g, c: torch.cat([g, c], dim=1), after=lambda logits: logits, kernel=1):
        super().__init__()
        first, second, third = widths
        layers = [nn.Conv2d(3, first, 4, 2, 1), nn.LeakyReLU(), nn.Conv2d(first, second, 4, 2, 1), nn.LeakyReLU()]
        layers += [nn.Conv2d(second, third, 4, 2, 1), nn.LeakyReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(third, 1, kernel, padding=kernel // 2))
        self.before, self.after = before, after

    def forward(self, gray, color):
        return self.after(self.layers(self.before(gray, color)))


class Everything(nn.Module):
    """Sixteen logits that all see everything."""

    def __init__(self, widths):
        super().__init__()
        self.levels = Pair(widths).layers[:-1]
        self.last = nn.Linear(16 * widths[-1], 16)

    def forward(self, gray, color):
        return self.last(self.levels(torch.cat([gray, color], dim=1)).flatten(1))


class LastIsGlobal(Pair):
    """Fifteen logits of patches, and one of the whole picture."""

    def forward(self, gray, color):
        logits = super().forward(gray, color).flatten(1)
        return torch.cat([logits[:, 1:], logits.mean(dim=1, keepdim=True)], dim=1)


def of(**how):
    return lambda widths: Pair(widths, **how)


def repeated(logits):
    return logits.flatten(1)[:, 5:6].repeat(1, 16)


WRONG_PATCHES = {
    "return the network itself": lambda widths: Discriminator,
    "one logit for the whole picture": lambda widths: Discriminator("conv", widths),
    "36 logits": lambda widths: Discriminator("patch70", widths),
    "9 logits": of(after=lambda logits: logits[..., :3, :3]),
    "leave the sigmoid": of(after=torch.sigmoid),
    "doesn't look at gray": of(before=lambda gray, color: torch.cat([0 * gray, color], dim=1)),
    "doesn't look at the color": of(before=lambda gray, color: gray.expand(-1, 3, -1, -1)),
    "at least one sees the whole picture": Everything,
    "16 logits, but at least one": LastIsGlobal,
    "some look at the same pixels": of(after=repeated),
    "use `widths`": lambda widths: Pair((8, 16, 32)),
    "you forgot `return`": lambda widths: None,
    "for a picture of 96 pixels": of(kernel=1, after=lambda logits: nn.functional.adaptive_avg_pool2d(logits, 4)),
    "expected (2, 16)": of(after=lambda logits: logits.mean(dim=0, keepdim=True)),
}


def test_the_praise_names_the_field(solution, said):
    praise = said(check.patch_discriminator, solution["patch_discriminator"])
    assert "16 logits" in praise and "at most 22 pixels" in praise


@pytest.mark.parametrize("words", WRONG_PATCHES)
def test_patches_diagnosis(words, said):
    answer = said(check.patch_discriminator, WRONG_PATCHES[words])
    assert answer.startswith("✗ ") and words in answer


def test_patches_in_another_form(said):
    """Logits as a map are as good as in a row, and batch norm and another name for the layers do no harm."""
    for answer in (lambda widths: Discriminator("patch", widths), of()):
        assert said(check.patch_discriminator, answer).startswith("✓ ")


def test_until_it_is_right_a_finished_one_takes_its_place(solution):
    """It is of the lesson's class, and its first levels have the weights that the same seed gives that class."""
    lesson = solution["Discriminator"]
    ours = check.yours_or_ours(lesson, lesson)
    torch.manual_seed(3)
    patches = ours((4, 8, 8))
    torch.manual_seed(3)
    whole = lesson((4, 8, 8))
    assert patches(torch.rand(2, 1, 32, 32), torch.rand(2, 2, 32, 32)).shape == (2, 16)
    assert all(torch.equal(patches.layers[n].weight, whole.layers[n].weight) for n in (0, 2, 4))
    mine = solution["patch_discriminator"]
    assert check.yours_or_ours(mine, lesson) is mine


# ---------------------------------------------------------------- exercise 2


def same(x):
    return x


def leaky(G, gray):
    return G(gray)


def step(of_d=lambda G, gray: G(gray).detach(), of_g=same, on_d=same, on_fake=same, between=False, twice=False):
    """The step with what D sees, what G's verdict sees, what D says, and zero_grad between the turns."""

    def one_step(G, D, adam_g, adam_d, gray, true):
        adam_g.zero_grad()
        adam_d.zero_grad()
        cost_of_d(on_d(D(gray, true)), on_d(on_fake(D(gray, of_d(G, gray))))).backward()
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


def g_first(G, D, adam_g, adam_d, gray, true):
    predicted = G(gray)
    adam_g.zero_grad()
    (cost_of_g(D(gray, predicted)) + 100 * (predicted - true).abs().mean()).backward()
    adam_g.step()
    adam_d.zero_grad()
    cost_of_d(D(gray, true), D(gray, predicted.detach())).backward()
    adam_d.step()


@pytest.mark.parametrize(
    "answer",
    [step(), step(of_d=without_gradient), step(of_d=leaky, between=True), g_first],
    ids=["detach", "no_grad", "zero_grad between", "G's turn first"],
)
def test_every_way_to_stop_the_leak_is_accepted(answer, said):
    assert said(check.one_step, answer).startswith("✓ ")


def frozen(G, D, adam_g, adam_d, gray, true):
    cost_of_d(D(gray, true), D(gray, G(gray).detach())).backward()
    adam_d.step()


WRONG_STEPS = {
    "D's weights don't change": step(on_d=lambda z: z.detach().requires_grad_()),
    "G's weights don't change": frozen,
    "D no longer learns from the generated pair": step(of_d=leaky, on_fake=lambda z: z.detach()),
    "still leaves gradients in G; cut": step(of_d=leaky),
    "still leaves gradients in G, and": step(of_d=leaky, of_g=lambda p: p.detach()),
    "now only L1 reaches G": step(of_g=lambda p: p.detach()),
    "change one thing only": step(twice=True),
}


@pytest.mark.parametrize("words", WRONG_STEPS)
def test_step_diagnosis(words, said):
    answer = said(check.one_step, WRONG_STEPS[words])
    assert answer.startswith("✗ ") and words in answer


# ---------------------------------------------------------------- exercise 3


def half(true, fake):
    return ((true - 1) ** 2).mean() / 2 + (fake**2).mean() / 2


def full(fake):
    return (1 - fake).pow(2).mean()


WRONG_SQUARES = {
    "the other way around": (lambda t, f: half(f, t), full),
    "sum of both halves": (lambda t, f: 2 * half(t, f), full),
    "only the true": (lambda t, f: ((t - 1) ** 2).mean() / 2, full),
    "only the generated": (lambda t, f: (f**2).mean() / 2, full),
    "not absolute": (lambda t, f: ((t - 1).abs().mean() + f.abs().mean()) / 2, full),
    "D's cost: no sigmoid": (lambda t, f: half(t.sigmoid(), f.sigmoid()), full),
    "D's cost is to be one number": (lambda t, f: (t - 1) ** 2 + f**2, full),
    "D's cost: gives": (lambda t, f: half(t, f) + 1, full),
    "this is what D pays": (half, lambda f: (f**2).mean()),
    "D's cost has no gradient": (lambda t, f: half(t.detach(), f.detach()), full),
    "D's cost gives None": (lambda t, f: None, full),
    "G's cost has no gradient": (half, lambda f: full(f.detach())),
    "G's cost: no sigmoid": (half, lambda f: full(f.sigmoid())),
}


@pytest.mark.parametrize("words", WRONG_SQUARES)
def test_squares_diagnosis(words, said):
    answer = said(check.squares, *WRONG_SQUARES[words])
    assert answer.startswith("✗ ") and words in answer


def test_half_an_answer_is_told_which_half(said):
    stubs = exercise_cells.stubs(NOTEBOOK)
    assert "G's is still" in said(check.squares, half, stubs["squared_cost_of_g"])
    assert "D's is still" in said(check.squares, stubs["squared_cost_of_d"], full)


def test_squares_in_another_form(said):
    mse = torch.nn.functional.mse_loss

    def by_torch(true, fake):
        return 0.5 * (mse(true, torch.ones_like(true)) + mse(fake, torch.zeros_like(fake)))

    assert said(check.squares, by_torch, lambda fake: mse(fake, torch.ones_like(fake))).startswith("✓ ")


def test_a_half_in_the_cost_of_g_is_mao_et_al(said):
    answer = said(check.squares, half, lambda fake: full(fake) / 2)
    assert answer.startswith("✓ ") and "Mao" in answer
    assert check.accepted(check.squares, half, lambda fake: full(fake) / 2)


def test_the_praise_keeps_the_answer_to_the_question(said):
    assert "0.25" not in said(check.squares, half, full)
