"""The checkers of lesson 1: they accept the solutions, wait for stubs, and name typical mistakes."""

import math

import exercise_cells
import pytest
import torch

from colorlib import color
from colorlib.checks import notebook_01 as check

NOTEBOOK = "01_lab_color_space.ipynb"


@pytest.fixture
def solution():
    return exercise_cells.solutions(NOTEBOOK)


def test_solutions_are_accepted(solution, said):
    assert said(check.two_colors, solution["two_colors"]).startswith("✓ ")
    assert said(check.strongest, solution["strongest"]).startswith("✓ ")
    assert said(check.recolor, solution["recolor"]).startswith("✓ ")


def test_stubs_are_not_done_yet(said):
    stub = exercise_cells.stubs(NOTEBOOK)
    assert said(check.two_colors, stub["two_colors"]) == "not done yet"
    assert said(check.strongest, stub["strongest"]) == "not done yet"
    assert said(check.recolor, stub["recolor"]) == "not done yet"


# ---------------------------------------------------------------- exercise 1


def of_lightness(red, blue, wanted):
    """A color with this red and blue, and the green that gives it this L."""
    green = torch.linspace(0, 1, 2001)
    row = torch.stack([red + 0 * green, green, blue + 0 * green]).view(1, 3, 1, -1)
    return (red, float(green[(color.lightness_of(row) - wanted).abs().argmin()]), blue)


@pytest.mark.parametrize(
    "pair",
    [
        (of_lightness(0.9, 0.2, 60.0), of_lightness(0.1, 0.6, 60.0)),
        [list(of_lightness(0.8, 0.8, 50.0)), list(of_lightness(0.2, 0.1, 50.3))],
        torch.tensor([of_lightness(0.9, 0.2, 70.0), of_lightness(0.3, 0.9, 70.0)]),
    ],
    ids=["tuples", "lists", "a tensor"],
)
def test_colors_of_one_lightness_pass(said, pair):
    assert said(check.two_colors, pair).startswith("✓ ")


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (((1, 0, 0), (0, 1, 0)), "the eye doesn't count the lamps alike"),
        (((1, 0, 0), (0, 0.212671 / 0.715160, 0)), "undo the screen's curve"),
        (((1, 0.5, 0), (0, 0.3, 1)), "the colors differ enough, but"),
        (((0.5, 0.5, 0.5), (0.6, 0.6, 0.6)), "✗ in gray the word can still be seen: L is 53.4 and 63.2"),
        ((of_lightness(0.5, 0.5, 60.0), of_lightness(0.5, 0.6, 60.0)), "half done"),
        (((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), "half done"),
        (((255, 100, 0), (0, 170, 30)), "in [0, 1]"),
        (((1, 0), (0, 1)), "three numbers"),
        (((1, 0, math.nan), (0, 1, 0)), "in [0, 1]"),
        ((1, 2), "three numbers"),
        ((1, 0, 0), "expected two colors"),
        ("red and green", "expected two colors"),
        (((0.6, 0.9, 0.75), (1, 0)), "expected two colors"),
        ((of_lightness(0.55, 0.8, 85.0), of_lightness(0.65, 0.8, 85.0)), "half done: L is the same"),  # two mint greens
    ],
)
def test_mistakes_in_two_colors(said, pair, words):
    message = said(check.two_colors, pair)
    assert message.startswith("✗ ") and words in message


def test_only_two_colors_are_drawn():
    assert check.are_two_colors(((1, 0, 0), [0, 1, 0])) and check.are_two_colors(torch.zeros(2, 3))
    for value in (None, ..., (None, None), (1, 0, 0), "red", ((1, 0), (0, 1)), ((1, 0, math.nan), (0, 1, 0))):
        assert not check.are_two_colors(value)


# ---------------------------------------------------------------- exercise 2


def walked(hue):
    """Another right answer: one lightness after the other, and the chroma that is left of a very strong color."""
    turn, best = math.radians(hue), (0.0, 0.0)
    for level in range(101):
        lab = torch.tensor([float(level), 200 * math.cos(turn), 200 * math.sin(turn)]).view(1, 3, 1, 1)
        chroma = float(color.reduce_chroma(lab)[:, 1:].norm())
        best = max(best, (chroma, float(level)))
    return best[1], best[0]


def as_tensors(hue):
    return torch.tensor(check.strongest_of(hue))


def coarsely(hue):
    """Right to two units."""
    lightness, chroma = check.strongest_of(hue)
    return round(lightness), chroma - 1.5


def off_by_two(hue):
    """Two units too much of both, as the task allows."""
    lightness, chroma = check.strongest_of(hue)
    return lightness + 2, chroma + 2


def off_by_two_below(hue):
    lightness, chroma = check.strongest_of(hue)
    return lightness - 2, chroma - 2


@pytest.mark.parametrize("answer", [walked, as_tensors, coarsely, off_by_two, off_by_two_below, check.strongest_of])
def test_other_ways_to_the_strongest_color_pass(said, answer):
    assert said(check.strongest, answer).startswith("✓ ")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda hue: check.strongest_of(hue)[::-1], "exchanged"),
        (lambda hue: (50, 40), "for every hue"),
        (lambda hue: check.strongest_of(math.degrees(hue)), "radians"),
        (lambda hue: (check.strongest_of(hue)[0], 140), "no screen shows"),
        (lambda hue: (check.strongest_of(hue)[0], check.strongest_of(hue)[1] + 6), "no screen shows"),
        (lambda hue: (check.strongest_of(hue)[0], 20), "a stronger color"),
        (lambda hue: check.strongest_of(hue) if hue < 300 else (30, 60), "a stronger color"),
        (lambda hue: check.strongest_of(hue)[0], "two numbers"),
        (lambda hue: (check.strongest_of(hue)[0], math.nan), "finite"),
        (lambda hue: (check.strongest_of(hue)[0], -5), "negative"),
        (lambda hue: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_mistakes_in_the_strongest_color(said, answer, words):
    message = said(check.strongest, answer)
    assert message.startswith("✗ ") and words in message


# ---------------------------------------------------------------- exercise 3


def moved(rgb, other, shift=True, stretch=True, join=color.join_lightness):
    """The solution, and its halves."""
    before, wanted = color.rgb_to_lab(rgb), color.rgb_to_lab(other)
    ab, goal = before[:, 1:], wanted[:, 1:]
    mean, spread = ab.mean(dim=(2, 3), keepdim=True), ab.std(dim=(2, 3), keepdim=True)
    factor = goal.std(dim=(2, 3), keepdim=True) / spread if stretch else 1
    return join(before[:, :1], (ab - mean) * factor + (goal.mean(dim=(2, 3), keepdim=True) if shift else mean))


def by_rank(rgb, other):
    """Another right answer: the smallest a gets the other's smallest a, and so on."""
    before, goal = color.rgb_to_lab(rgb), color.rgb_to_lab(other)[:, 1:].flatten(2).sort(dim=2).values
    order = before[:, 1:].flatten(2).argsort(dim=2)
    ab = torch.empty_like(goal).scatter(2, order, goal)
    return color.join_lightness(before[:, :1], ab.view_as(before[:, 1:]))


def in_double(rgb, other):
    return moved(rgb.double(), other.double())


@pytest.mark.parametrize("answer", [moved, by_rank, in_double])
def test_other_ways_to_recolor_pass(said, answer):
    assert said(check.recolor, answer).startswith("✓ ")


def swapped(rgb, other):
    return color.join_lightness(color.lightness_of(rgb), color.rgb_to_lab(other)[:, 1:])


def flat(rgb, other):
    ab = color.rgb_to_lab(other)[:, 1:]
    return color.join_lightness(color.lightness_of(rgb), ab.mean(dim=(2, 3), keepdim=True).expand_as(ab))


def all_three(rgb, other):
    """Mean and spread of L, too."""
    before, goal = color.rgb_to_lab(rgb), color.rgb_to_lab(other)
    even = (before - before.mean(dim=(2, 3), keepdim=True)) / before.std(dim=(2, 3), keepdim=True)
    lab = even * goal.std(dim=(2, 3), keepdim=True) + goal.mean(dim=(2, 3), keepdim=True)
    return color.join_lightness(lab[:, :1].clamp(0, 100), lab[:, 1:])


def clipped(lightness, ab):
    return color.lab_to_rgb(torch.cat([lightness, 2 * ab], dim=1))


def upside_down(rgb, other):
    """Right mean and spread, and every order turned round."""
    before, goal = color.rgb_to_lab(rgb), color.rgb_to_lab(other)[:, 1:].mean(dim=(2, 3), keepdim=True)
    ab = color.rgb_to_lab(moved(rgb, other))[:, 1:]
    return color.join_lightness(before[:, :1], 2 * goal - ab)


def inverted(rgb, other):
    """The mean less the pixel."""
    before, goal = color.rgb_to_lab(rgb), color.rgb_to_lab(other)[:, 1:]
    return color.join_lightness(before[:, :1], goal.mean(dim=(2, 3), keepdim=True) - before[:, 1:])


def by_variance(rgb, other, down=2):
    before, goal = color.rgb_to_lab(rgb), color.rgb_to_lab(other)[:, 1:]
    ab = before[:, 1:]
    factor = goal.var(dim=(2, 3), keepdim=True) / ab.std(dim=(2, 3), keepdim=True) ** down
    even = (ab - ab.mean(dim=(2, 3), keepdim=True)) * factor
    return color.join_lightness(before[:, :1], even + goal.mean(dim=(2, 3), keepdim=True))


def half_by_variance(rgb, other):
    return by_variance(rgb, other, down=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (swapped, "no longer follow"),
        (upside_down, "the order is turned round"),
        (inverted, "the order is turned round"),
        (by_variance, "that is the variance"),
        (half_by_variance, "that is the variance"),
        (flat, "the mean is right; the spread"),
        (lambda rgb, other: moved(rgb, other, stretch=False), "the mean is right; the spread"),
        (lambda rgb, other: moved(rgb, other, shift=False), "the spread is right; the mean"),
        (lambda rgb, other: rgb, "neither"),
        (all_three, "L moves"),
        (lambda rgb, other: moved(rgb, other, join=clipped), "L moves"),
        (lambda rgb, other: 255 * rgb, "join brings it there"),
        (lambda rgb, other: color.rgb_to_lab(rgb), "join brings it there"),
        (lambda rgb, other: rgb / 0, "not finite"),
        (lambda rgb, other: rgb[0], "has the shape"),
        (lambda rgb, other: 0.5, "must be a tensor"),
    ],
)
def test_mistakes_in_recoloring(said, answer, words):
    message = said(check.recolor, answer)
    assert message.startswith("✗ ") and words in message
