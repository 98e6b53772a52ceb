"""The checkers of notebook 01: they accept the solutions, wait for stubs, and name typical mistakes."""

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


def test_a_half_done_exercise_1_is_not_done_yet(solution, said):
    assert said(check.unit_numbers, solution["split_unit"], lambda gray, color: None) == "not done yet"


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
        (lambda gray, ab: torch.cat([100 * gray, 110 * ab], dim=1), "ab from -95 to 95; expected -110 to 110"),
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


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rgb: color.rgb_to_hsv(rgb)[:, 0].mean(dim=(1, 2)), "you averaged on a line"),
        (lambda rgb: arrows(rgb, torch.ones_like)[0] / (2 * math.pi) % 1, "weight by saturation"),
        (lambda rgb: arrows(rgb, torch.sign)[0] / (2 * math.pi) % 1, "each arrow by its saturation"),
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
