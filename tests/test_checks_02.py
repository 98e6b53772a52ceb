"""The checkers of notebook 02: they accept the solutions, wait for stubs, name typical mistakes and half answers."""

import json
import math
import random

import exercise_cells
import pytest
import torch
from torch import nn

from colorlib.checks import notebook_02 as check
from colorlib.models import unet

NOTEBOOK = "02_unet_baseline.ipynb"


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


def test_solutions_are_accepted(solution, said):
    assert said(check.up, solution["Up"]).startswith("✓ ")
    assert said(check.vivid_loss, solution["vivid_loss"]).startswith("✓ ")
    assert said(check.mostly, solution["mostly"]).startswith("✓ ")


def test_stubs_are_not_done_yet(said):
    stub = exercise_cells.stubs(NOTEBOOK)
    assert said(check.up, stub["Up"]) == "not done yet"
    assert said(check.vivid_loss, stub["vivid_loss"]) == "not done yet"
    assert said(check.mostly, stub["mostly"]) == "not done yet"


def test_code_that_stops_is_reported(said):
    for checker in (check.vivid_loss, check.mostly):
        assert said(checker, lambda *answer: 1 / 0).startswith("✗ your code stopped with ZeroDivisionError")
    assert said(check.up, up_with(lambda self, x, skip: 1 / 0)).startswith("✗ your code stopped with ZeroDivision")


# ---------------------------------------------------------------- Up.forward


def up_with(forward):
    """The stub's class with this `forward`."""

    class Up(exercise_cells.stubs(NOTEBOOK)["Up"]):
        pass

    Up.forward = forward
    return Up


def both(self, x, skip):
    return torch.cat([self.conv(x), skip], dim=1)


RIGHT_UPS = {
    "functional": lambda self, x, skip: nn.functional.relu(self.norm(both(self, x, skip))),
    "clamp": lambda self, x, skip: self.norm(torch.hstack((self.conv(x), skip))).clamp_min(0),
    "module": lambda self, x, skip: nn.ReLU()(self.norm(both(self, x, skip))),
}


def right(self, x, skip, large=None):
    return torch.relu(self.norm(torch.cat([self.conv(x) if large is None else large, skip], dim=1)))


@pytest.mark.parametrize("forward", RIGHT_UPS.values(), ids=RIGHT_UPS)
def test_up_in_other_forms_is_accepted(forward, said):
    assert said(check.up, up_with(forward)).startswith("✓ ")


def test_colorlibs_up_is_accepted(said):
    assert said(check.up, unet.Up).startswith("✓ ")


UP_MISTAKES = {
    "only enlarged": (lambda self, x, skip: self.conv(x), "its skip, the batch norm and the ReLU are missing"),
    "added": (lambda self, x, skip: self.conv(x) + skip, "you added the skip, as a ResNet does"),
    "added, ReLU": (lambda self, x, skip: torch.relu(self.conv(x) + skip), "(the ReLU is right)"),
    "norm first": (lambda self, x, skip: torch.relu(self.norm(self.conv(x))), "concatenate first"),
    "not enlarged": (lambda self, x, skip: torch.cat([x, skip], dim=1), "enlarge x with self.conv first"),
    "other dimension": (lambda self, x, skip: torch.cat([self.conv(x), skip], dim=2), "has the shape (3, 4, 16, 8)"),
    "swapped": (
        lambda self, x, skip: torch.relu(self.norm(torch.cat([skip, self.conv(x)], dim=1))),
        "the skip is first",
    ),
    "half: concatenated": (both, "the batch norm and the ReLU are missing"),
    "half: no ReLU": (lambda self, x, skip: self.norm(both(self, x, skip)), "the ReLU behind it is missing"),
    "half: no norm": (lambda self, x, skip: torch.relu(both(self, x, skip)), "the batch norm before it is missing"),
    "ReLU first": (lambda self, x, skip: self.norm(torch.relu(both(self, x, skip))), "change their order"),
    "leaky": (lambda self, x, skip: nn.functional.leaky_relu(self.norm(both(self, x, skip)), 0.2), "LeakyReLU"),
    "no skip": (lambda self, x, skip: right(self, x, 0 * skip), "was replaced by zeros"),
    "stacked": (lambda self, x, skip: torch.relu(self.norm(torch.cat([self.conv(x), skip]))), "dim=0"),
    "half: stacked": (lambda self, x, skip: torch.cat([self.conv(x), skip]), "the channels are dim=1"),
    "interpolated": (
        lambda self, x, skip: right(self, x, skip, nn.functional.interpolate(x, scale_factor=2)),
        "got 12 channels",
    ),
    "ReLU twice": (
        lambda self, x, skip: right(self, x, skip, torch.relu(self.conv(x))),
        "one ReLU too many",
    ),
    "ReLU before and after": (
        lambda self, x, skip: torch.relu(self.norm(torch.relu(both(self, x, skip)))),
        "one ReLU too many",
    ),
    "something else": (lambda self, x, skip: 2 * right(self, x, skip), "the shape is right, but the values are not"),
    "no tensor": (lambda self, x, skip: [1], "must be a tensor"),
    "NaN": (lambda self, x, skip: float("nan") * right(self, x, skip), "not finite"),
}


@pytest.mark.parametrize(("forward", "diagnosis"), UP_MISTAKES.values(), ids=UP_MISTAKES)
def test_up_diagnosis(forward, diagnosis, said):
    line = said(check.up, up_with(forward))
    assert line.startswith("✗ ") and diagnosis in line


def test_the_lesson_goes_on_with_the_students_class_once_it_is_right(solution, capsys):
    assert check.up_or_ours(solution["Up"]) is solution["Up"]
    assert capsys.readouterr().out == ""
    for wrong in (exercise_cells.stubs(NOTEBOOK)["Up"], up_with(both)):
        assert check.up_or_ours(wrong) is unet.Up
        assert "goes on with colorlib's" in capsys.readouterr().out


# ---------------------------------------------------------------- the loss


def weight(true):
    return 1 + 5 * true.norm(dim=1, keepdim=True)


RIGHT_LOSSES = {
    "by hand": lambda p, y: ((1 + 5 * (y[:, :1] ** 2 + y[:, 1:] ** 2).sqrt()) * abs(p - y)).mean(),
    "sums": lambda p, y: (weight(y) * (y - p).abs()).sum() / p.numel(),
    "weights with the mean 1": lambda p, y: (weight(y) * (p - y).abs()).mean() / weight(y).mean(),
}


@pytest.mark.parametrize("function", RIGHT_LOSSES.values(), ids=RIGHT_LOSSES)
def test_losses_in_other_forms_are_accepted(function, said):
    assert said(check.vivid_loss, function).startswith("✓ ")


LOSS_MISTAKES = {
    "L1": (lambda p, y: (p - y).abs().mean(), "plain L1"),
    "no keepdim": (lambda p, y: ((1 + 5 * y.norm(dim=1)) * (p - y).abs()).mean(), "keepdim=True"),
    "half: no mean": (lambda p, y: weight(y) * (p - y).abs(), "the mean over batch, channels and pixels is missing"),
    "sum": (lambda p, y: (weight(y) * (p - y).abs()).sum(), "you took the sum"),
    "chroma of the prediction": (lambda p, y: (weight(p) * (p - y).abs()).mean(), "taken from the prediction"),
    "squared": (lambda p, y: (weight(y) * (p - y).square()).mean(), "the error is squared"),
    "without the 1": (lambda p, y: ((weight(y) - 1) * (p - y).abs()).mean(), "without the 1"),
    "one norm": (lambda p, y: ((1 + 5 * y.norm()) * (p - y).abs()).mean(), "dim=1, keepdim=True"),
    "each channel": (lambda p, y: ((1 + 5 * y.abs()) * (p - y).abs()).mean(), "each channel by its own value"),
    "Lab units": (lambda p, y: ((1 + 5 * 110 * (weight(y) - 1) / 5) * (p - y).abs()).mean(), "multiplied by 110"),
    "other units": (lambda p, y: ((1 + (weight(y) - 1) / 110) * (p - y).abs()).mean(), "divided by 110"),
    "110 times": (lambda p, y: 110 * (weight(y) * (p - y).abs()).mean(), "110 times too large"),
    "no root": (
        lambda p, y: ((1 + 5 * y.square().sum(dim=1, keepdim=True)) * (p - y).abs()).mean(),
        "the square root is missing",
    ),
    "sum of channels": (lambda p, y: (weight(y) * (p - y).abs()).sum(dim=1).mean(), "summed over the two channels"),
    "|a| + |b|": (lambda p, y: ((1 + 5 * y.abs().sum(1, True)) * (p - y).abs()).mean(), "the sum |a| + |b|"),
    "a + b": (lambda p, y: ((1 + 5 * y.sum(1, True)) * (p - y).abs()).mean(), "the sum a + b"),
    "no abs": (lambda p, y: (weight(y) * (p - y)).mean(), "the absolute value is missing"),
    "norm of the error": (lambda p, y: (weight(y) * (p - y).norm(dim=1, keepdim=True)).mean(), "abs() of each channel"),
    "brackets": (lambda p, y: (1 + (weight(y) - 1) * (p - y).abs()).mean(), "brackets are missing"),
    "no gradient": (lambda p, y: (weight(y) * (p - y).abs()).mean().detach(), "it has no gradient"),
    "a number": (lambda p, y: 1.5, "must be a tensor"),
    "NaN": (lambda p, y: (p * float("nan")).mean(), "expected a finite number"),
    "something else": (lambda p, y: p.mean(), "expected"),
}


@pytest.mark.parametrize(("function", "diagnosis"), LOSS_MISTAKES.values(), ids=LOSS_MISTAKES)
def test_vivid_loss_diagnosis(function, diagnosis, said):
    line = said(check.vivid_loss, function)
    assert line.startswith("✗ ") and diagnosis in line


def test_the_check_after_a_fallback_still_says_not_done(capsys):
    """The class that the lesson goes on with has another name, so that a check run twice judges the student's."""
    names = exercise_cells.stubs(NOTEBOOK) | {"check": check}
    cells = json.loads((exercise_cells.NOTEBOOKS / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    (cell,) = (text for text in ("".join(cell["source"]) for cell in cells) if text.startswith("check.up("))
    for _ in range(2):
        exec(cell, names)
        assert capsys.readouterr().out.startswith("not done yet")


# ---------------------------------------------------------------- a majority


def draw(chance=0.6, turn=2 * math.pi):
    def mostly(own):
        return torch.where(torch.rand_like(own) < chance, own, turn * torch.rand_like(own))

    return mostly


def by_hand(own):
    return torch.stack([angle if random.random() < 0.6 else angle + random.uniform(0, 2 * math.pi) for angle in own])


def masked(own):
    keep = (torch.rand(8) < 0.6).float()
    return keep * own + (1 - keep) * (2 * torch.rand(8) - 1) * math.pi


@pytest.mark.parametrize("function", [draw(), by_hand, masked, draw(0.62)])
def test_majorities_in_other_forms_are_accepted(function, said):
    random.seed(0)
    assert said(check.mostly, function).startswith("✓ ")


def one_coin(own):
    return own if torch.rand(()) < 0.6 else 2 * math.pi * torch.rand_like(own)


def one_angle(own):
    return torch.where(torch.rand_like(own) < 0.6, own, 2 * math.pi * torch.rand(()))


def twice(own):
    drawn = torch.rand_like(own)
    return torch.where(drawn < 0.6, own, 2 * math.pi * drawn)


def twice_from_above(own):
    drawn = torch.rand_like(own)
    return torch.where(drawn > 0.4, own, 2 * math.pi * drawn)


def five_of_eight(own):
    return torch.where(torch.randperm(8) < 5, own, 2 * math.pi * torch.rand_like(own))


def the_same_five(own):
    return torch.where(torch.arange(8) < 5, own, 2 * math.pi * torch.rand_like(own))


FROZEN = draw()(torch.arange(8.0))
MOSTLY_MISTAKES = {
    "always own": (lambda own: own, "always keeps its own hue"),
    "half: any": (lambda own: 2 * math.pi * torch.rand_like(own), "no photo ever keeps its own"),
    "frozen": (lambda own: FROZEN, "every call gives the same angles"),
    "one coin": (one_coin, "one draw decides for all eight"),
    "reversed": (draw(0.4), "own and other have changed places"),
    "other chance": (draw(0.8), "80% keep their own hue; expected about 60 %"),
    "shuffled": (
        lambda own: torch.where(torch.rand_like(own) < 0.55, own, own[torch.randperm(8)]),
        "the own hues of other photos",
    ),
    "the mask": (lambda own: torch.rand_like(own) < 0.6, "that is the mask"),
    "the same five": (the_same_five, "the same photos keep their hue"),
    "five of eight": (five_of_eight, "5 of eight keep their hue at every call"),
    "another order": (lambda own: own[torch.randperm(8)], "in another order"),
    "one draw, twice": (twice, "draw a second time"),
    "one draw, twice, from above": (twice_from_above, "draw a second time"),
    "degrees": (draw(turn=360), "in degrees"),
    "half: one radian": (draw(turn=1.0), "only a part of the circle"),
    "half: half a turn": (draw(turn=math.pi), "only a part of the circle"),
    "one angle for all": (one_angle, "one and the same angle"),
    "shape": (lambda own: own[:1], "has the shape (1,); expected (8,)"),
    "shape of angles": (lambda own: torch.rand(8, 1), "expected (8,)"),
    "no tensor": (lambda own: [1.0] * 8, "must be a tensor"),
    "NaN": (lambda own: own * float("nan"), "not finite"),
}


@pytest.mark.parametrize(("function", "diagnosis"), MOSTLY_MISTAKES.values(), ids=MOSTLY_MISTAKES)
def test_mostly_diagnosis(function, diagnosis, said):
    line = said(check.mostly, function)
    assert line.startswith("✗ ") and diagnosis in line


def test_the_check_draws_none_of_the_students_random_numbers(said):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    said(check.mostly, draw())
    assert torch.equal(torch.rand(4), expected)
