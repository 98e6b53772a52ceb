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
    assert said(check.unit_numbers, solution["split_unit"], solution["join_unit"]).startswith("✓ ")
    assert said(check.mean_hue, solution["mean_hue"]).startswith("✓ ")
    assert said(check.more_color, solution["more_color"]).startswith("✓ ")


def test_stubs_are_not_done_yet(said):
    stub = exercise_cells.stubs(NOTEBOOK)
    assert said(check.unit_numbers, stub["split_unit"], stub["join_unit"]) == "not done yet"
    assert said(check.mean_hue, stub["mean_hue"]) == "not done yet"
    assert said(check.more_color, stub["more_color"]) == "not done yet"


def nothing(*question):
    return None


def test_half_an_answer_is_told_which_half_is_missing(solution, said):
    split, join = solution["split_unit"], solution["join_unit"]
    assert said(check.unit_numbers, split, nothing) == "✗ split_unit is right; join_unit still returns None"
    assert said(check.unit_numbers, nothing, join) == "✗ join_unit is right; split_unit still returns None"
    gray_alone = said(check.unit_numbers, lambda lab: (lab[:, :1] / 100, None), join)
    assert gray_alone == "✗ split_unit's color is still None"


def test_half_an_answer_that_is_wrong_is_told_why(solution, said):
    wrong = said(check.unit_numbers, lambda lab: (lab[:, :1], lab[:, 1:] / 128), nothing)
    assert "gray still lies in [0, 100]" in wrong


@pytest.mark.parametrize(
    "split",
    [
        lambda lab: [lab[:, 0:1] * 0.01, lab[:, 1:3] * 2**-7],
        lambda lab: (lab.double()[:, :1] / 100, lab.double()[:, 1:] / 128),
        lambda lab: torch.split(lab / torch.tensor([100, 128, 128]).view(1, 3, 1, 1), [1, 2], dim=1),
    ],
)
def test_another_form_is_accepted(solution, said, split):
    assert said(check.unit_numbers, split, solution["join_unit"]).startswith("✓ ")


def test_an_error_in_the_answer_is_told_and_not_raised(said):
    assert said(check.mean_hue, lambda rgb: rgb.no_such_thing).startswith("✗ your code stopped with AttributeError")


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (lambda lab: (lab[:, :1], lab[:, 1:] / 128), "gray still lies in [0, 100]"),
        (lambda lab: (lab[:, :1] / 50 - 1, lab[:, 1:] / 128), "L / 50 - 1"),
        (lambda lab: (lab[:, :1] / 128, lab[:, 1:] / 128), "not L / 100"),
        (lambda lab: (lab[:, :1] / 100, lab[:, 1:]), "ab still lies in [-110, 110]; expected [-1, 1]"),
        (lambda lab: (lab[:, :1] / 100, lab[:, 1:] / 110), "divided ab by 110"),
        (lambda lab: (lab[:, :1] / 100, lab[:, 1:].flip(1) / 128), "in this order"),
        (lambda lab: (lab[:, 0] / 100, lab[:, 1:] / 128), "has the shape (2, 4, 4)"),
        (lambda lab: lab / 100, "two tensors"),
        (lambda lab: (lab[:, :1].numpy() / 100, lab[:, 1:] / 128), "must be a tensor, got ndarray"),
    ],
)
def test_mistakes_in_splitting(solution, said, split, words):
    message = said(check.unit_numbers, split, solution["join_unit"])
    assert message.startswith("✗ ") and words in message


@pytest.mark.parametrize(
    ("join", "words"),
    [
        (lambda gray, ab: torch.cat([gray, ab], dim=1), "L from 0 to 1; expected 0 to 100"),
        (lambda gray, ab: torch.cat([100 * gray, 110 * ab], dim=1), "ab from -94.5 to 94.5; expected -110 to 110"),
        (lambda gray, ab: torch.cat([100 * gray, 128 * ab], dim=0), "RuntimeError"),
        (lambda gray, ab: 128 * ab, "has the shape (2, 2, 4, 4); expected (2, 3, 4, 4)"),
    ],
)
def test_mistakes_in_joining(solution, said, join, words):
    message = said(check.unit_numbers, solution["split_unit"], join)
    assert message.startswith("✗ ") and words in message


def arrows(rgb, weight=None, dim=(1, 2)):
    hue, saturation, _ = color.rgb_to_hsv(rgb).unbind(dim=1)
    weight = saturation if weight is None else weight(saturation)
    angle = 2 * math.pi * hue
    return torch.atan2((weight * angle.sin()).sum(dim), (weight * angle.cos()).sum(dim)), weight.sum(dim)


def weighted_by_chroma(rgb):
    """Right for light colors alone: saturation times value in place of saturation."""
    hue, saturation, value = color.rgb_to_hsv(rgb).unbind(dim=1)
    angle, length = 2 * math.pi * hue, saturation * value
    mean = torch.atan2((length * angle.sin()).sum(dim=(1, 2)), (length * angle.cos()).sum(dim=(1, 2)))
    return mean / (2 * math.pi) % 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rgb: color.rgb_to_hsv(rgb)[:, 0].mean(dim=(1, 2)), "you averaged on a line"),
        (lambda rgb: arrows(rgb, torch.ones_like)[0] / (2 * math.pi) % 1, "weight by saturation"),
        (lambda rgb: arrows(rgb, torch.sign)[0] / (2 * math.pi) % 1, "each arrow by its saturation"),
        (lambda rgb: weighted_by_chroma(rgb), "a dark color counts less"),
        (lambda rgb: arrows(rgb)[0] / (2 * math.pi), "remainder"),
        (lambda rgb: arrows(rgb)[0], "radians"),
        (lambda rgb: arrows(rgb)[0] % (2 * math.pi), "radians"),
        (lambda rgb: arrows(rgb)[0].rad2deg() % 360, "degrees"),
        (lambda rgb: arrows(rgb, dim=(0, 1, 2))[0] / (2 * math.pi) % 1, "one hue for each picture"),
        (lambda rgb: arrows(rgb)[0] / (2 * math.pi) % 1 + 0 / arrows(rgb)[1], "NaN"),
        (lambda rgb: color.rgb_to_hsv(rgb)[:, 0], "has the shape"),
    ],
)
def test_mistakes_in_the_mean_hue(said, answer, words):
    message = said(check.mean_hue, answer)
    assert message.startswith("✗ ") and words in message


def scaled(rgb, *factors):
    return color.rgb_to_lab(rgb) * torch.tensor(factors).view(1, 3, 1, 1)


def more_saturation(rgb):
    """What HSV's saturation times 1.5 gives: away from each pixel's largest channel."""
    value = rgb.amax(dim=1, keepdim=True)
    return (value - 1.5 * (value - rgb)).clamp(0, 1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rgb: rgb, "1.00 times the old one"),
        (lambda rgb: color.lab_to_rgb(scaled(rgb, 1.0, 0.5, 0.5)), "0.50 times"),
        (lambda rgb: color.lab_to_rgb(scaled(rgb, 1.0, 2.0, 2.0)), "lightness L moves"),
        (more_saturation, "lightness L moves"),
        (lambda rgb: color.lab_to_rgb(scaled(rgb, 1.0, 2.0, 2.0), clip=False), "bring it into the gamut"),
        (lambda rgb: 255 * rgb, "bring it into the gamut"),
        (lambda rgb: color.lab_to_rgb(color.rgb_to_lab(rgb) + 10), "gray picture gets color"),
        (lambda rgb: color.lab_to_rgb(color.reduce_chroma(scaled(rgb, 1.0, 2.0, 1.0))), "hues turn"),
        (lambda rgb: rgb[:1], "has the shape"),
        (lambda rgb: rgb / 0, "not finite"),
    ],
)
def test_mistakes_in_adding_color(said, answer, words):
    message = said(check.more_color, answer)
    assert message.startswith("✗ ") and words in message


def test_the_plain_answer_passes_too(said):
    plain = said(check.more_color, lambda rgb: color.join_lightness(*scaled(rgb, 1.0, 1.5, 1.5).split([1, 2], dim=1)))
    assert plain.startswith("✓ ")


def first_alone(rgb):
    """Right for the first picture of a batch alone."""
    return torch.cat([color.join_lightness(*scaled(rgb[:1], 1.0, 1.5, 1.5).split([1, 2], dim=1)), rgb[1:]])


def test_every_picture_of_a_batch_gets_its_color(said):
    assert "temple's mean chroma is 1.00 times" in said(check.more_color, first_alone)


@pytest.mark.parametrize("slip", [0.2, 1.04, 1.06, 1.2, 2.0])
def test_the_lightness_is_never_refused_with_a_number_that_is_allowed(said, slip):
    def darker(rgb):
        lab = scaled(rgb, 1.0, 1.3, 1.3)
        return color.join_lightness((lab[:, :1] - slip).clamp_min(0), lab[:, 1:])

    message = said(check.more_color, darker)
    if message.startswith("✗ "):
        assert "lightness L moves" in message and float(message.split("up to ")[1].split(";")[0]) > 1
    assert message.startswith("✓ ") == (slip < 1.05)
