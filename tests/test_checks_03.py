"""The checkers of notebook 03: they accept the solutions, wait for stubs, and name typical mistakes."""

import math

import exercise_cells
import pytest
import torch

from colorlib.checks import notebook_03 as check

NOTEBOOK = "03_conditional_gan.ipynb"


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


EXERCISES = ("best_answer", "least_squares", "diagnose")


@pytest.mark.parametrize("name", EXERCISES)
def test_solutions_are_accepted(name, solution, said):
    assert said(getattr(check, name), solution[name]).startswith("✓ ")


@pytest.mark.parametrize("name", EXERCISES)
def test_stubs_are_not_done_yet(name, said):
    stub = exercise_cells.stubs(NOTEBOOK)[name]
    assert said(getattr(check, name), stub) == "not done yet"
    assert said(getattr(check, name), None) == "not done yet"


@pytest.mark.parametrize("name", EXERCISES)
def test_code_that_stops_is_reported(name, said):
    answer = said(getattr(check, name), lambda *arguments: 1 / 0)
    assert answer.startswith("✗ your code stopped with ZeroDivisionError")


# ---------------------------------------------------------------- exercise 1


def logit(p):
    return math.log(p / (1 - p))


def entropy(p):
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


BEST_ANSWER = {
    "probability 0.9": lambda p: (p, entropy(p)),
    "its inverse": lambda p: (1 / (1 + math.exp(-p)), entropy(p)),
    "wrong sign: a positive": lambda p: (-logit(p), entropy(p)),
    "the logit is log(p / (1 - p))": lambda p: (math.log(p), entropy(p)),
    "base 10": lambda p: (logit(p) / math.log(10), entropy(p)),
    "not the smallest": lambda p: (5.0, entropy(p)),
    "is not 0": lambda p: (logit(p), 0.0),
    "one half only": lambda p: (logit(p), -math.log(p)),
    "never negative": lambda p: (logit(p), -entropy(p)),
    "in bits": lambda p: (logit(p), entropy(p) / math.log(2)),
    "your loss is 3.000": lambda p: (logit(p), 3.0),
    "must return two numbers": lambda p: logit(p),
    "must be a number, got str": lambda p: ("two", entropy(p)),
    "expected a finite number": lambda p: (math.inf, entropy(p)),
    "take the mean": lambda p: (torch.full((3,), logit(p)), entropy(p)),
}


@pytest.mark.parametrize(("diagnosis", "wrong"), BEST_ANSWER.items())
def test_best_answer_names_the_mistake(diagnosis, wrong, said):
    answer = said(check.best_answer, wrong)
    assert answer.startswith("✗ ") and diagnosis in answer


def test_best_answer_takes_tensors(said):
    assert said(check.best_answer, lambda p: (torch.tensor([logit(p)]), torch.tensor(entropy(p)))).startswith("✓ ")


def test_best_answer_must_hold_for_every_label(said):
    assert said(check.best_answer, lambda p: (logit(0.9), entropy(0.9))).startswith("✗ ")


# ---------------------------------------------------------------- exercise 2


def squares(true_target=1, fake_target=0, g_target=1, reduce=torch.mean, half=2, g_half=1, map_=lambda x: x):
    """Least-squares losses that are right or, with other arguments, typically wrong."""

    def function(true, fake):
        true, fake = map_(true), map_(fake)
        d = (reduce((true - true_target) ** 2) + reduce((fake - fake_target) ** 2)) / half
        return d, reduce((fake - g_target) ** 2) / g_half

    return function


def right_d(true, fake):
    return squares()(true, fake)[0]


LEAST_SQUARES = {
    "have changed places: first that of D": lambda true, fake: squares()(true, fake)[::-1],
    "took a sigmoid": squares(map_=torch.sigmoid),
    "loss of D is a sum": squares(reduce=torch.sum),
    "twice as large": squares(half=1),
    "D's targets have changed places": squares(true_target=0, fake_target=1),
    "to -1": squares(fake_target=-1),
    "your loss of D is": squares(half=3),
    "would help D": squares(g_target=0),
    "loss of G is a sum": lambda true, fake: (right_d(true, fake), (fake - 1).square().sum()),
    "the saturating way": lambda true, fake: (right_d(true, fake), -fake.square().mean()),
    "loss of G is halved": squares(g_half=2),
    "your loss of G is": squares(g_half=3),
    "take the mean": lambda true, fake: ((true - 1) ** 2, (fake - 1) ** 2),
    "must return two numbers": right_d,
}


@pytest.mark.parametrize(("diagnosis", "wrong"), LEAST_SQUARES.items())
def test_least_squares_names_the_mistake(diagnosis, wrong, said):
    answer = said(check.least_squares, wrong)
    assert answer.startswith("✗ ") and diagnosis in answer


# ---------------------------------------------------------------- exercise 3


def doctor(part=4, low=0.15, high=1.5, winning=0.2, begin=None, last_only=False):
    """A doctor that is right or, with other arguments, typically wrong."""

    def function(rows):
        end = rows[-1:] if last_only else rows[-len(rows) // part :] if begin is None else rows[begin : begin + 20]
        loss, ratio = (sum(row[name] for row in end) / len(end) for name in ("loss_D", "colorfulness_ratio"))
        if loss < winning:
            return "D wins"
        return "healthy" if low < ratio < high else "collapse"

    return function


DIAGNOSE = {
    "'healthy' of every training": lambda rows: "healthy",
    "'collapse' of every training": lambda rows: "collapse",
    "alone is no bad sign": lambda rows: "D wins" if doctor()(rows) == "D wins" else "collapse",
    "is no success": doctor(winning=0),
    "look at the colors": doctor(low=0, high=9),
    "no color at all: the losses": doctor(low=0),
    "expected 'D wins', you say 'collapse'": lambda rows: doctor()(rows).replace("D wins", "collapse"),
    "one odd last row": doctor(last_only=True),
    "not at fixed steps": doctor(begin=90),
    "expected one of": lambda rows: "fine",
}


@pytest.mark.parametrize(("diagnosis", "wrong"), DIAGNOSE.items())
def test_diagnose_names_the_mistake(diagnosis, wrong, said):
    answer = said(check.diagnose, wrong)
    assert answer.startswith("✗ ") and diagnosis in answer


@pytest.mark.parametrize("part", [2, 3, 8])
def test_diagnose_leaves_the_limits_open(part, said):
    assert said(check.diagnose, doctor(part=part, low=0.3, high=1.3, winning=0.3)).startswith("✓ ")
