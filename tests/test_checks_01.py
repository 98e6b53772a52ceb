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
    assert said(check.recolor, solution["recolor"]).startswith("✓ ")
    assert said(check.smooth, solution["smooth"]).startswith("✓ ")


def test_stubs_are_not_done_yet(said):
    stub = exercise_cells.stubs(NOTEBOOK)
    assert said(check.two_colors, stub["two_colors"]) == "not done yet"
    assert said(check.recolor, stub["recolor"]) == "not done yet"
    assert said(check.smooth, stub["smooth"]) == "not done yet"
    assert not check.gives_a_number(stub["smooth"])


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


def test_only_pictures_are_drawn():
    assert check.gives_a_picture(moved) and check.gives_a_picture(swapped)
    for answer in (lambda rgb, other: None, lambda rgb, other: 0.5, lambda rgb, other: rgb[0], lambda rgb: rgb):
        assert not check.gives_a_picture(answer)


# ---------------------------------------------------------------- exercise 3


def weighted(weight, change=torch.square, dims=(2, 3), channels=slice(None)):
    """A loss: the changes of a and b between neighbors, each with the weight of the jump of L beside it."""

    def smooth(ab, lightness):
        pairs = [(weight(lightness.diff(dim=dim)), change(ab[:, channels].diff(dim=dim))) for dim in dims]
        return sum((weight * step).mean() for weight, step in pairs)

    return smooth


def by_exponential(jump):
    return (-jump.abs() / 4).exp()


def shifted(ab, lightness):
    """Neighbors by rolling, without the border, and L in [0, 1]; summed over all pairs."""
    loss = 0
    for dim in (2, 3):
        steps, jumps = ((x.roll(1, dim) - x).narrow(dim, 1, x.shape[dim] - 1) for x in (ab, lightness / 100))
        loss = loss + (steps**2 / (1 + 10 * jumps.abs())).sum()
    return loss


@pytest.mark.parametrize(
    "answer",
    [
        weighted(by_exponential),
        weighted(lambda jump: 1 / (1 + jump.abs())),
        weighted(lambda jump: (jump.abs() < 5).float()),
        weighted(lambda jump: 1 - jump.abs() / 100),
        weighted(by_exponential, change=torch.abs),
        weighted(lambda jump: (-((jump / 10) ** 2)).exp(), change=lambda step: (step**2 + 1e-6).sqrt()),
        shifted,
    ],
    ids=["exponential", "fraction", "threshold", "line", "sizes", "almost sizes", "rolled"],
)
def test_other_ways_to_stop_at_edges_pass(said, answer):
    assert said(check.smooth, answer).startswith("✓ ")
    assert check.gives_a_number(answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (weighted(torch.ones_like), "half done: neighbors get one color, but over edges, too"),
        (weighted(by_exponential, dims=(3,)), "half done: top to bottom, a step of color costs nothing"),
        (weighted(by_exponential, dims=(2,)), "half done: left to right, a step of color costs nothing"),
        (weighted(by_exponential, channels=slice(0, 1)), "`b` alone costs too little beside `a`"),
        (weighted(by_exponential, channels=slice(1, 2)), "a step of color costs nothing; all neighbors"),
        (weighted(lambda jump: (-jump.clamp_min(0) / 4).exp()), "take the size of the jump"),
        (weighted(lambda jump: jump.abs()), "it should cost less there"),
        (weighted(lambda jump: 1 + jump.abs()), "it should cost less there"),
        (weighted(by_exponential, change=lambda step: step), "square the differences"),
        (lambda ab, lightness: ab.square().mean(), "one color everywhere should cost nothing"),
        (lambda ab, lightness: ab.var(dim=(2, 3)).sum(), "over edges, too"),
        (lambda ab, lightness: ab.diff(dim=2).square().mean() / (1 + lightness.var()), "top to bottom|left to right"),
        (lambda ab, lightness: (ab.diff(dim=2) ** 2).mean() + (ab.diff(dim=3) ** 2).mean() - 1, "should cost nothing"),
        (lambda ab, lightness: lightness.mean() - lightness.mean(), "the same for every a and b"),
        (lambda ab, lightness: ab.diff(dim=2), "has the shape (1, 2, 15, 16)"),
        (lambda ab, lightness: "smooth", "must return one number"),
        (lambda ab, lightness: ab.sum() / 0, "not finite"),
        (lambda ab, lightness: (ab.diff(dim=2) * lightness.diff(dim=3)).mean(), "RuntimeError"),
    ],
)
def test_mistakes_in_the_loss(said, answer, words):
    message = said(check.smooth, answer)
    assert message.startswith("✗ ") and any(word in message for word in words.split("|"))


def test_an_edge_elsewhere_does_not_make_a_step_cheap(said):
    def by_the_mean(ab, lightness):
        steps = sum(ab.diff(dim=dim).square().mean() for dim in (2, 3))
        return steps / (1 + sum(lightness.diff(dim=dim).abs().mean() for dim in (2, 3)))

    assert "weigh each pair of neighbors" in said(check.smooth, by_the_mean)


@pytest.mark.parametrize("answer", [lambda ab, lightness: 1 / 0, lambda ab, lightness: 3.0, lambda ab, lightness: ab])
def test_only_a_loss_with_a_gradient_is_followed(answer):
    assert not check.gives_a_number(answer)
