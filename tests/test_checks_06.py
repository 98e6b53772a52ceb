"""The checkers of lesson 6: they accept the solutions, wait for stubs, and name typical mistakes."""

import exercise_cells
import pytest

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


def chroma(rgb):
    return rgb.amax(dim=1) - rgb.amin(dim=1)


def lab_chroma(rgb):
    return color.rgb_to_lab(rgb)[:, 1:].norm(dim=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rgb: 2 * mean_saturation(rgb), "times as strongly as the brightest"),
        (lambda rgb: (chroma(rgb) / rgb.amax(dim=1).clamp_min(0.1)).mean(dim=(1, 2)), "below a line of a fraction"),
        (lambda rgb: chroma(rgb).mean(), "one number for each picture"),
        (lambda rgb: chroma(rgb), "one number for each picture"),
        (lambda rgb: 0.3, "one number for each picture"),
        (lambda rgb: print(end=""), "you forgot `return`"),
        (lambda rgb: rgb.mean(dim=(1, 2, 3)), "a gray picture has no color"),
        (lambda rgb: 1 - chroma(rgb).mean(dim=(1, 2)), "a gray picture has no color"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 2].mean(dim=(1, 2)), "of whatever hue"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, 1:].mean(dim=(2, 3)).norm(dim=1), "opposite colors cancel"),
        (lambda rgb: (lab_chroma(rgb) // 0.1).mean(dim=(1, 2)), "no gradient comes back"),
        (lambda rgb: chroma(rgb).detach().mean(dim=(1, 2)), "no gradient comes back"),
        (lambda rgb: 1 / 0, "your code stopped"),
    ],
)
def test_numbers_that_are_none_are_named(answer, words, said):
    line = said(check.my_saturation, answer)
    assert line.startswith("✗ ") and words in line


@pytest.mark.parametrize(
    "answer",
    [
        lambda rgb: chroma(rgb).mean(dim=(1, 2)),
        lambda rgb: chroma(rgb).sum(dim=(1, 2)) / rgb.amax(dim=1).sum(dim=(1, 2)),
        lambda rgb: lab_chroma(rgb).mean(dim=(1, 2), keepdim=True),
        lambda rgb: (chroma(rgb) / rgb.amax(dim=1).clamp_min(0.3)).mean(dim=(1, 2)),
        lambda rgb: (chroma(rgb) / rgb.amax(dim=1).clamp_min(0.02) * (rgb.amax(dim=1) > 0.3)).mean(dim=(1, 2)),
        lambda rgb: (mean_saturation(rgb) * 0) + rgb.std(dim=1).mean(dim=(1, 2)),
    ],
)
def test_other_numbers_that_do_not_pull_the_shadows_are_accepted(answer, said):
    assert said(check.my_saturation, answer).startswith("✓ ")


def test_a_wrong_number_gives_way_to_a_finished_one(solution):
    assert check.fair_or_ours(solution["my_saturation"]) is solution["my_saturation"]
    assert check.fair_or_ours(mean_saturation) is check.mean_chroma


# ---------------------------------------------------------------- exercise 2


def follows(train, margin):
    low, high = (mean_saturation(train(target)).mean() for target in (0.1, 0.8))
    return high - low > margin


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (lambda train: mean_saturation(train(0.8)).mean() > 0.35, "one target alone"),
        (lambda train: [train(S) for S in (0.1, 0.9)] and bool(mean_saturation(train(0.1)).mean() < 0.24), "gray"),
        (lambda train: (mean_saturation(train(0.1)) - mean_saturation(train(0.9))).mean().abs() > 0.1, "the opposite"),
        (lambda train: mean_saturation(train(0.1)).mean() < mean_saturation(train(0.9)).mean(), "by chance alone"),
        (lambda train: follows(train, 0.02), "a little, like Cem's"),
        (lambda train: follows(train, 0.05), "a little, like Cem's"),
        (lambda train: follows(train, 0.07), "a little, like Cem's"),
        (lambda train: follows(train, 0.3), "as Dora's lives"),
        (lambda train: 0.25 < mean_saturation(train(0.8)).mean() < 0.95, "one target alone"),
        (lambda train: 0.25 < mean_saturation(train(0.8) + 0 * train(0.8)).mean() < 0.95, "one target alone"),
        (lambda train: (mean_saturation(train(0.8)).mean() - 0.8).abs() < 0.1, "goes half of the way"),
        (lambda train: True, "never trains"),
        (lambda train: train(0.5) is not train(0.6), "the same for every target"),
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
