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
    assert said(check.rgb_to_lab, solution["my_rgb_to_lab"]).startswith("✓ ")
    assert said(check.join, solution["my_join"]).startswith("✓ ")
    assert said(check.more_color, solution["more_color"]).startswith("✓ ")
    assert said(check.mean_hue, solution["mean_hue"]).startswith("✓ ")


def test_stubs_are_not_done_yet(said):
    stub = exercise_cells.stubs(NOTEBOOK)
    assert said(check.rgb_to_lab, stub["my_rgb_to_lab"]) == "not done yet"
    assert said(check.join, stub["my_join"]) == "not done yet"
    assert said(check.more_color, stub["more_color"]) == "not done yet"
    assert said(check.mean_hue, stub["mean_hue"]) == "not done yet"


def nothing(*question):
    return None


def broken(*question):
    raise RuntimeError("broken")


@pytest.mark.parametrize("mine", [nothing, broken, torch.zeros_like, lambda rgb: rgb / 0, lambda rgb: rgb[:, :2, 1:]])
def test_the_lesson_goes_on_with_colorlib_until_an_answer_is_right(mine):
    assert check.right_one(mine, color.rgb_to_lab, torch.rand(1, 3, 4, 4)) is color.rgb_to_lab


def test_the_lesson_goes_on_with_a_right_answer(solution):
    rgb = torch.rand(1, 3, 4, 4)
    assert check.right_one(solution["my_rgb_to_lab"], color.rgb_to_lab, rgb) is solution["my_rgb_to_lab"]
    question = color.rgb_to_lab(rgb).mul(torch.tensor([1, 2, 2]).view(1, 3, 1, 1)).split([1, 2], dim=1)
    mine = solution["my_join"]
    assert check.right_one(mine, color.join_lightness, *question, tolerance=0.02) is mine


def steps(rgb):
    """f of X, Y and Z relative to white, each `(B, H, W)`."""
    lightness, a, b = color.rgb_to_lab(rgb).unbind(dim=1)
    y = (lightness + 16) / 116
    return y + a / 500, y, y - b / 200


@pytest.mark.parametrize(
    "answer",
    [
        lambda rgb: color.rgb_to_lab(rgb.double()),
        lambda rgb: torch.cat([part[:, None] for part in color.rgb_to_lab(rgb).unbind(dim=1)], dim=1),
    ],
)
def test_another_form_of_lab_is_accepted(said, answer):
    assert said(check.rgb_to_lab, answer).startswith("✓ ")


def made_of(rgb, lightness=(116, 16), a=500, b=200):
    x, y, z = steps(rgb)
    return torch.stack([lightness[0] * y - lightness[1], a * (x - y), b * (y - z)], dim=1)


def relative(rgb):
    linear = color.srgb_to_linear(rgb)
    return torch.einsum("ij,bjhw->bihw", torch.tensor(color.RGB_TO_RELATIVE_XYZ), linear)


def without_f(rgb, power=1.0):
    x, y, z = (relative(rgb) ** power).unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rgb: without_f(rgb), "f is missing"),
        (lambda rgb: without_f(rgb, 1 / 3), "only a cube root"),
        (lambda rgb: made_of(rgb, lightness=(116, 0)), "ends in - 16"),
        (lambda rgb: color.rgb_to_lab(rgb)[:, [0, 2, 1]], "exchanged: the order is L, a, b"),
        (lambda rgb: made_of(rgb, a=-500), "a has the wrong sign"),
        (lambda rgb: made_of(rgb, b=-200), "b has the wrong sign"),
        (lambda rgb: made_of(rgb, a=200, b=500), "500 (for a) and 200 (for b)"),
        (lambda rgb: color.rgb_to_lab(rgb) / 100, "divided by 100"),
        (lambda rgb: made_of(rgb, b=100), "wrong: b; right: L, a"),
        (lambda rgb: torch.stack([*steps(rgb)], dim=-1), "has the shape"),
        (lambda rgb: color.rgb_to_lab(rgb).numpy(), "must be a tensor, got ndarray"),
        (lambda rgb: rgb / 0, "not finite"),
    ],
)
def test_mistakes_in_lab(said, answer, words):
    message = said(check.rgb_to_lab, answer)
    assert message.startswith("✗ ") and words in message


def together(lightness, ab):
    return torch.cat([lightness, ab], dim=1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (together, "looks like Lab"),
        (lambda lightness, ab: color.lab_to_rgb(together(lightness, ab)), "half done, reduce_chroma is missing"),
        (lambda lightness, ab: color.lab_to_rgb(together(lightness, ab), clip=False), "leaves [0, 1]"),
        (lambda lightness, ab: color.join_lightness(lightness, ab.flip(1)), "exchanged"),
        (lambda lightness, ab: color.join_lightness(lightness, 0 * ab), "must be the same photo"),
        (
            lambda lightness, ab: color.join_lightness(lightness, ab / (ab.norm(dim=1).max() / 60).clamp_min(1)),
            "must be the same photo",
        ),
        (lambda lightness, ab: torch.cat([lightness, ab], dim=0), "RuntimeError"),
        (lambda lightness, ab: lightness, "has the shape"),
    ],
)
def test_mistakes_in_joining(said, answer, words):
    message = said(check.join, answer)
    assert message.startswith("✗ ") and words in message


def test_an_error_in_the_answer_is_told_and_not_raised(said):
    assert said(check.mean_hue, lambda rgb: rgb.no_such_thing).startswith("✗ your code stopped with AttributeError")


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


def stronger(rgb, most=1.0, width=30.0):
    """Right for the default values: the pale colors' chroma grows."""
    lightness, ab = color.rgb_to_lab(rgb).split([1, 2], dim=1)
    factor = 1 + most * torch.exp(-((ab.norm(dim=1, keepdim=True) / width) ** 2))
    return color.join_lightness(lightness, factor * ab)


def turned(rgb):
    """The palest colors are turned by a right angle."""
    lightness, ab = color.rgb_to_lab(stronger(rgb)).split([1, 2], dim=1)
    chroma = ab.norm(dim=1, keepdim=True)
    right_angle = torch.stack([-ab[:, 1], ab[:, 0]], dim=1)
    return color.join_lightness(lightness, torch.where((chroma > 0.5) & (chroma < 9.5), right_angle, ab))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rgb: rgb, "1.00 times the old chroma; expected 1.3"),
        (lambda rgb: color.lab_to_rgb(scaled(rgb, 1.0, 0.5, 0.5)), "lose chroma"),
        (lambda rgb: color.join_lightness(*scaled(rgb, 1.0, 2.0, 2.0).split([1, 2], dim=1)), "at most 1.1 is allowed"),
        (lambda rgb: stronger(rgb, most=0.1), "expected 1.3 or more"),
        (lambda rgb: color.lab_to_rgb(scaled(rgb, 1.0, 2.0, 2.0)), "lightness L moves"),
        (more_saturation, "lightness L moves"),
        (lambda rgb: color.lab_to_rgb(scaled(rgb, 1.0, 2.0, 2.0), clip=False), "bring it into the gamut"),
        (lambda rgb: 255 * rgb, "bring it into the gamut"),
        (lambda rgb: color.lab_to_rgb(color.rgb_to_lab(rgb) + 10), "gray picture gets color"),
        (lambda rgb: color.lab_to_rgb(color.reduce_chroma(scaled(rgb, 1.0, 2.0, 1.0))), "hues turn"),
        (turned, "hues turn"),
        (lambda rgb: rgb[:1], "has the shape"),
        (lambda rgb: rgb / 0, "not finite"),
    ],
)
def test_mistakes_in_adding_color(said, answer, words):
    message = said(check.more_color, answer)
    assert message.startswith("✗ ") and words in message


def by_steps(rgb):
    """Another right answer: a factor that jumps."""
    lightness, ab = color.rgb_to_lab(rgb).split([1, 2], dim=1)
    return color.join_lightness(lightness, torch.where(ab.norm(dim=1, keepdim=True) < 20, 1.5, 1.0) * ab)


def by_a_line(rgb):
    """Another right answer: a factor that falls on a line from 2 to 1."""
    lightness, ab = color.rgb_to_lab(rgb).split([1, 2], dim=1)
    return color.join_lightness(lightness, (2 - ab.norm(dim=1, keepdim=True) / 50).clamp_min(1) * ab)


@pytest.mark.parametrize("answer", [stronger, by_steps, by_a_line])
def test_other_ways_to_add_color_pass(said, answer):
    assert said(check.more_color, answer).startswith("✓ ")


def first_alone(rgb):
    """Right for the first picture of a batch alone."""
    return torch.cat([stronger(rgb[:1]), rgb[1:]])


def test_every_picture_of_a_batch_gets_its_color(said):
    assert "temple's pale pixels have 1.00 times" in said(check.more_color, first_alone)


@pytest.mark.parametrize("slip", [0.2, 1.04, 1.06, 1.2, 2.0])
def test_the_lightness_is_never_refused_with_a_number_that_is_allowed(said, slip):
    def darker(rgb):
        lab = color.rgb_to_lab(stronger(rgb))
        return color.join_lightness((lab[:, :1] - slip).clamp_min(0), lab[:, 1:])

    message = said(check.more_color, darker)
    if message.startswith("✗ "):
        assert "lightness L moves" in message and float(message.split("up to ")[1].split(";")[0]) > 1
    assert message.startswith("✓ ") == (slip < 1.05)
