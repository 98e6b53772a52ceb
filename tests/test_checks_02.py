"""The checkers of notebook 02: they accept the solutions, wait for stubs, and name typical mistakes."""

import exercise_cells
import pytest
import torch

from colorlib import color
from colorlib.checks import notebook_02 as check

NOTEBOOK = "02_unet_baseline.ipynb"


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


def test_solutions_are_accepted(solution, said):
    assert said(check.receptive_field, solution["receptive_field"]).startswith("✓ ")
    assert said(check.two_psnrs, solution["two_psnrs"]).startswith("✓ ")
    assert said(check.livelier, solution["livelier"], solution["price"]).startswith("✓ ")


def test_stubs_are_not_done_yet(solution, said):
    stub = exercise_cells.stubs(NOTEBOOK)
    assert said(check.receptive_field, stub["receptive_field"]) == "not done yet"
    assert said(check.two_psnrs, stub["two_psnrs"]) == "not done yet"
    assert said(check.livelier, stub["livelier"], stub["price"]) == "not done yet"
    assert said(check.livelier, solution["livelier"], stub["price"]) == "not done yet"


def test_code_that_stops_is_reported(said):
    for checker in (check.receptive_field, check.two_psnrs):
        assert said(checker, lambda *answer: 1 / 0).startswith("✗ your code stopped with ZeroDivisionError")


def field(stem=3, kernel=4, reach=1, grows=True, early=False):
    """A receptive field that is right or, with other arguments, typically wrong."""

    def function(levels):
        size, step = 1, 1
        for level in range(levels):
            if early and level:
                step *= 2
            size += ((kernel if level else stem) - reach) * step
            if grows and level and not early:
                step *= 2
        return size

    return function


FIELD_MISTAKES = {
    "4x4 in the first level": (field(stem=4), "first level a 4x4 kernel"),
    "the step never grows": (field(grows=False), "you add 3 at each level"),
    "the whole kernel": (field(reach=0), "the whole kernel"),
    "the step grows too early": (field(early=True), "doubled the step before using it"),
    "the area": (lambda levels: field()(levels) ** 2, "an area"),
    "the step alone": (lambda levels: 2 ** (levels - 1), "the kernels overlap"),
    "a constant": (lambda levels: 3, "receptive_field(2) is 3; expected 6"),
    "no number": (lambda levels: [levels], "must be a number"),
    "a tensor": (lambda levels: torch.ones(2), "must be one number"),
}


@pytest.mark.parametrize(("function", "diagnosis"), FIELD_MISTAKES.values(), ids=FIELD_MISTAKES)
def test_receptive_field_diagnosis(function, diagnosis, said):
    line = said(check.receptive_field, function)
    assert line.startswith("✗ ") and diagnosis in line


def squared(rgb, true_rgb):
    return (rgb - true_rgb).square().mean(dim=(1, 2, 3))


def decibels(mean_first=False, scale=-10, peak=0.0, log=torch.log10, twice=None):
    """Two PSNRs that are right or, with other arguments, typically wrong."""

    def function(rgb, true_rgb):
        error = squared(rgb, true_rgb)
        mean, pooled = peak + scale * log(error).mean(), peak + scale * log(error.mean())
        pair = {None: (mean, pooled), "mean": (mean, mean), "pooled": (pooled, pooled)}[twice]
        return pair[::-1] if mean_first else pair

    return function


PSNR_MISTAKES = {
    "swapped": (decibels(mean_first=True), "changed places"),
    "pooled twice": (decibels(twice="pooled"), "both of your answers are pooled"),
    "mean twice": (decibels(twice="mean"), "both of your answers are means"),
    "sign": (decibels(scale=10), "sign"),
    "natural logarithm": (decibels(log=torch.log), "natural logarithm"),
    "20 in place of 10": (decibels(scale=-20), "20 log10 is for amplitudes"),
    "peak 255 for errors in [0, 1]": (decibels(peak=48.1308), "48 dB too many"),
    "peak 1 for errors in 0 to 255": (decibels(peak=-48.1308), "48 dB too few"),
    "each picture": (lambda *two: (-10 * squared(*two).log10(), 20.0), "one PSNR for each picture"),
    "one number": (lambda *two: -10 * squared(*two).mean().log10(), "two numbers"),
    "no error left": (lambda *two: (float("inf"), 20.0), "finite"),
    "something else": (lambda *two: (30.0, 20.0), "expected"),
}


@pytest.mark.parametrize(("function", "diagnosis"), PSNR_MISTAKES.values(), ids=PSNR_MISTAKES)
def test_two_psnrs_diagnosis(function, diagnosis, said):
    line = said(check.two_psnrs, function)
    assert line.startswith("✗ ") and diagnosis in line


def livelier_by(factor):
    return lambda lightness, ab: color.join_lightness(lightness, factor * ab)


def clipped(lightness, ab):
    return color.lab_to_rgb(torch.cat([lightness, 5 * ab], dim=1))


LIVELIER_MISTAKES = {
    "only ab": (lambda lightness, ab: 1.5 * ab, "must return sRGB of the shape (3, 3, 32, 32), got (3, 2, 32, 32)"),
    "Lab for RGB": (lambda lightness, ab: torch.cat([lightness, ab], dim=1), "did you join L?"),
    "clipped": (clipped, "use color.join_lightness"),
    "no more color": (livelier_by(1.0), "the colorfulness is 1.00 times the old one"),
    "paler": (livelier_by(0.5), "expected at least 1.1 times"),
    "NaN": (livelier_by(float("nan")), "finite"),
}


@pytest.mark.parametrize(("function", "diagnosis"), LIVELIER_MISTAKES.values(), ids=LIVELIER_MISTAKES)
def test_livelier_diagnosis(function, diagnosis, said):
    line = said(check.livelier, function, lambda *answer: 0.0)
    assert line.startswith("✗ ") and diagnosis in line


def prices(function):
    """The new and the old MAE, and the MAE between the two, as a wrong price may use them."""

    def parts(lightness, ab, true_rgb):
        old, new = color.join_lightness(lightness, ab), livelier_by(3.0)(lightness, ab)
        return function(*(255 * (a - b).abs().mean().item() for a, b in ((new, true_rgb), (old, true_rgb), (new, old))))

    return parts


PRICE_MISTAKES = {
    "sign": (prices(lambda new, old, between: old - new), "wrong sign"),
    "scale of [0, 1]": (prices(lambda new, old, between: (new - old) / 255), "another scale"),
    "percent": (prices(lambda new, old, between: (new - old) / 2.55), "another scale"),
    "against the old pictures": (prices(lambda new, old, between: between), "compared with the true ones"),
    "the new MAE": (prices(lambda new, old, between: new), "that is the new MAE itself"),
    "for free": (lambda *answer: 0.0, "your price is 0.00, but MAE goes from"),
    "each picture": (lambda *answer: torch.zeros(3), "must be one number"),
}


@pytest.mark.parametrize(("function", "diagnosis"), PRICE_MISTAKES.values(), ids=PRICE_MISTAKES)
def test_price_diagnosis(function, diagnosis, said):
    line = said(check.livelier, livelier_by(3.0), function)
    assert line.startswith("✗ ") and diagnosis in line


def test_any_honest_price_is_accepted(said):
    assert said(check.livelier, livelier_by(3.0), prices(lambda new, old, between: new - old)).startswith("✓ ")
