"""The checkers of lesson 6: they accept the solutions, wait for stubs, and name typical mistakes."""

import math

import exercise_cells
import pytest
import torch

from colorlib import color
from colorlib.checks import notebook_06 as check
from colorlib.controls import mean_saturation
from colorlib.metrics import colorfulness

NOTEBOOK = "06_controlled_parameters.ipynb"
TARGETS = (-30.0, 30.0)


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


def test_the_last_exercise_has_a_solution_and_a_stub(solution, said):
    stub = exercise_cells.stubs(NOTEBOOK)
    assert said(check.own_control, stub["my_control"], stub["my_targets"]) == "not done yet"
    assert said(check.own_control, solution["my_control"], solution["my_targets"]).startswith("✓ ")
    assert said(check.own_control, lambda rgb: 1 / 0, TARGETS).startswith("✗ your code stopped")


# ---------------------------------------------------------------- exercise 1


def arrows(hue, chroma, turn=2 * math.pi):
    return (chroma * (turn * hue).cos()).sum(dim=(1, 2)), (chroma * (turn * hue).sin()).sum(dim=(1, 2))


def direction(x, y):
    return torch.remainder(torch.atan2(y, x) / (2 * math.pi), 1.0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda h, c: (h * c).sum(dim=(1, 2)) / c.sum(dim=(1, 2)), "still one on a line"),
        (lambda h, c: h.mean(dim=(-2, -1)), "still a mean on a line"),
        (lambda h, c: direction(*arrows(h, torch.ones_like(c))), "as long as its chroma"),
        (lambda h, c: torch.atan2(*reversed(arrows(h, c))), "divide by 2 pi"),
        (lambda h, c: direction(*reversed(arrows(h, c))), "changed places"),
        (lambda h, c: torch.atan2(*reversed(arrows(h, c, turn=1.0))), "2 pi times the hue"),
        (lambda h, c: torch.atan2(*reversed(arrows(h, c))) / (2 * math.pi), "bring it into [0, 1)"),
        (lambda h, c: direction(*arrows(h, c)).mean(), "one number for the whole batch"),
        (lambda h, c: torch.zeros(len(h)), "not yet: add the arrows"),
        (lambda h, c: h, "one number for each of the 4 pictures"),
        (lambda h, c: print(end=""), "you forgot `return`"),
        (lambda h, c: 0.5, "a tensor is wanted"),
    ],
)
def test_mistakes_in_the_mean_are_named(answer, words, said):
    line = said(check.mean_hue, answer)
    assert line.startswith("✗ ") and words in line


def test_other_forms_of_the_mean_are_accepted(said):
    def complex_numbers(hue, chroma):
        total = (chroma * torch.exp(2j * math.pi * hue)).flatten(1).sum(dim=1)
        return (total.angle() / (2 * math.pi)) % 1.0

    def keeps_a_dimension(hue, chroma):
        x, y = arrows(hue, chroma)
        angle = torch.atan2(y, x) / (2 * math.pi)
        return torch.where(angle < 0, angle + 1, angle).view(-1, 1, 1)

    for form in (complex_numbers, keeps_a_dimension):
        assert said(check.mean_hue, form).startswith("✓ ")


def test_a_wrong_mean_gives_way_to_a_finished_one(solution):
    assert check.yours_or_ours(solution["mean_hue"]) is solution["mean_hue"]
    assert check.yours_or_ours(lambda hue, chroma: hue.mean(dim=(1, 2))) is check.on_the_circle


# ---------------------------------------------------------------- exercise 2


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (lambda train: mean_saturation(train(0.8)).mean() > 0.5, "two targets"),
        (lambda train: mean_saturation(train(0.1)).mean() < 0.24, "all pictures gray"),
        (lambda train: (mean_saturation(train(0.1)) - mean_saturation(train(0.9))).mean().abs() > 0.1, "the opposite"),
        (lambda train: mean_saturation(train(0.1)).mean() < mean_saturation(train(0.9)).mean(), "exactly alike"),
        (lambda train: (mean_saturation(train(0.8)).mean() - 0.8).abs() < 0.1, "goes half of the way"),
        (lambda train: True, "never trains"),
        (lambda train: train(0.5) is not None, "the same for every target"),
        (lambda train: train(7) is not None, "between 0 and 1"),
        (lambda train: train(0.5) and None, "Boolean"),
        (lambda train: print(end=""), "you forgot `return`"),
    ],
)
def test_tests_that_can_be_fooled_are_named(test, words, said):
    line = said(check.obeys, test)
    assert line.startswith("✗ ") and words in line


def test_other_forms_of_the_test_are_accepted(said):
    def three_targets(train):
        low, middle, high = (mean_saturation(train(target)).mean().item() for target in (0.2, 0.5, 0.9))
        return low + 0.05 < middle < high - 0.05

    def as_a_tensor(train):
        return (mean_saturation(train(0.9)) - mean_saturation(train(0.0)) > 0.2).all()

    def by_its_own_measure(train):
        low, high = (colorfulness(train(target)).mean() for target in (0.1, 0.9))
        return high > 1.5 * low

    for form in (three_targets, as_a_tensor, by_its_own_measure):
        assert said(check.obeys, form).startswith("✓ ")


# ---------------------------------------------------------------- exercise 3


@pytest.mark.parametrize(
    ("control", "targets", "words"),
    [
        (lambda rgb: rgb.mean(), TARGETS, "one number for each picture"),
        (lambda rgb: (color.rgb_to_lab(rgb)[:, 1] > 0).float().mean(dim=(1, 2)), (0.1, 0.9), "no gradient comes back"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 0].mean(dim=(1, 2)), (20, 80), "only looks at light and dark"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 2].flatten(1).mean(dim=1), TARGETS, "this is warmth"),
        (lambda rgb: -mean_saturation(rgb), (-0.8, -0.2), "the lesson's saturation"),
        (lambda rgb: rgb[:, 0].mean(dim=(1, 2)) - rgb[:, 0].mean(), (-0.5, 0.5), "mixes the batch"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1].mean(dim=(1, 2)), (30, -30), "from a small target"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1].mean(dim=(1, 2)), 30, "two numbers"),
        (lambda rgb: 0 * rgb.mean(dim=(1, 2, 3)), (0, 1), "0 everywhere"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1].mean(dim=(1, 2)), (-1e6, 1e6), "hardly leads to"),
    ],
)
def test_controls_that_are_none_are_named(control, targets, words, said):
    line = said(check.own_control, control, targets)
    assert line.startswith("✗ ") and words in line


@pytest.mark.parametrize(
    ("control", "targets"),
    [
        (lambda rgb: rgb[:, 0].mean(dim=(1, 2)), (0.3, 0.6)),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1].mean(dim=(1, 2)), (-20, 20)),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1:].norm(dim=1).std(dim=(1, 2)), (2.0, 20.0)),
        (lambda rgb: (rgb[:, 0] - rgb[:, 2]).mean(dim=(1, 2)), [-0.3, 0.3]),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1:].norm(dim=1)[..., :8].mean(dim=(1, 2)), (5, 40)),
        (colorfulness, (10, 70)),
    ],
)
def test_all_kinds_of_controls_are_accepted(control, targets, said):
    assert said(check.own_control, control, targets).startswith("✓ ")
