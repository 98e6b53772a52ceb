"""The checkers of lesson 5: they accept the solutions, wait for stubs, and name typical mistakes."""

import exercise_cells
import pytest
import torch

from colorlib import color
from colorlib.checks import accepted
from colorlib.checks import notebook_05 as check

NOTEBOOK = "05_perceptual_loss.ipynb"
EXERCISES = {"muted": check.muted, "balance": check.balance, "my_eyes": check.eyes}


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


@pytest.mark.parametrize("name", EXERCISES)
def test_solutions_are_accepted_and_stubs_wait(name, solution, said):
    checker, stub = EXERCISES[name], exercise_cells.stubs(NOTEBOOK)[name]
    assert said(checker, solution[name]).startswith("✓ ") and accepted(checker, solution[name])
    assert said(checker, stub) == said(checker, None) == "not done yet"
    assert not accepted(checker, stub)
    assert said(checker, lambda *arguments: 1 / 0).startswith("✗ your code stopped with ZeroDivisionError")
    assert "you forgot `return`" in said(checker, lambda *arguments: print(end=""))


def test_a_wrong_answer_gives_way_to_a_finished_one(solution):
    right = solution["muted"]
    assert check.yours_or_ours(check.muted, right, check.paler) is right
    assert check.yours_or_ours(check.muted, lambda true, wrong: 0.5 * true, check.paler) is check.paler


# ---------------------------------------------------------------- exercise 1


def share(true, wrong):
    return (wrong - true).abs().mean() / true.abs().mean()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda true, wrong: (1 + share(true, wrong)) * true, "more colorful than the truth"),
        (lambda true, wrong: share(true, wrong) * true, "the share to take away"),
        (lambda true, wrong: (1 - (wrong - true).norm() / true.norm()) * true, "squared errors alike"),
        (lambda true, wrong: (1 - (wrong - true).mean() / true.mean()) * true, "lost its absolute value"),
        (lambda true, wrong: (1 - wrong.abs().mean() / true.abs().mean()) * true, "against the true color"),
        (lambda true, wrong: true - (wrong - true).abs().mean(), "the same factor"),
        (lambda true, wrong: wrong, "the same factor"),
        (lambda true, wrong: 0.8 * true, "and the one with the patch"),
        (lambda true, wrong: 1 - share(true, wrong), "a whole picture's color"),
        (lambda true, wrong: true[:, :1], "has the shape"),
    ],
)
def test_mistakes_in_the_factor_are_named(answer, words, said):
    line = said(check.muted, answer)
    assert line.startswith("✗ ") and words in line


def test_a_search_for_the_factor_is_accepted(said):
    def bisection(true, wrong):
        low, high = 0.0, 1.0
        for _ in range(30):
            middle = (low + high) / 2
            off = (middle * true - true).abs().mean()
            low, high = (middle, high) if off > (wrong - true).abs().mean() else (low, middle)
        return true * middle

    assert said(check.muted, bisection).startswith("✓ ")


# ---------------------------------------------------------------- exercise 2


def pulls(costs, made, size=torch.Tensor.norm):
    return [size(torch.autograd.grad(cost, made, retain_graph=True)[0]).item() for cost in costs]


def over(values):
    return [values[0] / value for value in values]


def added(costs, made):
    lengths = []
    for cost in costs:
        cost.backward(retain_graph=True)
        lengths.append(made.grad.norm())
    return over(lengths)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda costs, made: over(costs), "make the values alike"),
        (lambda costs, made: [one / pulls(costs, made)[0] for one in pulls(costs, made)], "upside down"),
        (lambda costs, made: pulls(costs, made), "the lengths of the gradients"),
        (lambda costs, made: [1 / one for one in pulls(costs, made)], "is to stay 1"),
        (lambda costs, made: over(pulls(costs, made, lambda one: one.abs().sum())), "sums of absolute values"),
        (lambda costs, made: over(pulls(costs, made, lambda one: one.square().sum())), "the square root is missing"),
        (added, "have been added up"),
        (lambda costs, made: [torch.autograd.grad(one, made)[0].norm() for one in costs], "frees: retain_graph=True"),
        (lambda costs, made: over(pulls(costs, made))[:2], "3 costs want 3 weights"),
        (lambda costs, made: 1.0, "a list of numbers"),
        (lambda costs, made: [1.0, 2.0, 3.0], "make them alike"),
    ],
)
def test_mistakes_in_the_weights_are_named(answer, words, said):
    line = said(check.balance, answer)
    assert line.startswith("✗ ") and words in line


def test_other_forms_of_the_weights_are_accepted(said):
    def by_backward(costs, made):
        lengths = []
        for cost in costs:
            made.grad = None
            cost.backward(retain_graph=True)
            lengths.append(made.grad.square().sum() ** 0.5)
        return torch.stack([lengths[0] / one for one in lengths])

    for form in (by_backward, lambda costs, made: tuple(over(pulls(costs, made)))):
        assert said(check.balance, form).startswith("✓ ")


# ---------------------------------------------------------------- exercise 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rgb: 2 * rgb.mean(dim=1, keepdim=True) - 1, "take the light and dark out"),
        (lambda rgb: color.lightness_of(rgb) / 50 - 1, "light and dark"),
        (lambda rgb: 2 * rgb[:, :1] - 1, "take the light and dark out"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1:].flatten(0, 1)[:, None], "divide"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1:] / 60, "gray pictures are wanted"),
        (lambda rgb: (rgb[:, :1] > rgb[:, 1:2]).float(), "no gradient comes back"),
        (lambda rgb: (rgb[:, :1] - rgb[:, 1:2])[..., ::2, ::2], "as large"),
        (lambda rgb: 0 * rgb[:, :1], "light and dark"),
        (lambda rgb: (rgb[:, :1] - rgb[:, 1:2]) / 0, "aren't finite"),
        (lambda rgb: torch.cat([check.lamps(rgb), check.opponents(rgb)]), "take the light and dark out"),
    ],
)
def test_eyes_that_see_no_more_color_are_named(answer, words, said):
    line = said(check.eyes, answer)
    assert line.startswith("✗ ") and words in line


@pytest.mark.parametrize(
    "form",
    [
        lambda rgb: rgb[:, :1] - rgb[:, 1:2],
        lambda rgb: (rgb - rgb.mean(dim=1, keepdim=True)).flatten(0, 1)[:, None],
        lambda rgb: torch.cat([rgb[:, :1] - rgb[:, 1:2], (rgb[:, :1] + rgb[:, 1:2]) / 2 - rgb[:, 2:]]),
        lambda rgb: (color.rgb_to_lab(rgb)[:, 1:].square().sum(dim=1, keepdim=True) + 1e-3).sqrt() / 40 - 0.5,
        lambda rgb: 4 * color.rgb_to_yuv(rgb)[:, 1:].reshape(-1, 1, *rgb.shape[2:]),
    ],
)
def test_all_kinds_of_eyes_for_color_are_accepted(form, said):
    assert said(check.eyes, form).startswith("✓ ")
