"""The checkers of lesson 7: they accept the solutions, wait for stubs, and name typical mistakes."""

import math

import exercise_cells
import pytest
import torch

from colorlib.checks import fair_tables
from colorlib.checks import notebook_07 as check

NOTEBOOK = "07_comparing_colorizers.ipynb"


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


def test_every_exercise_has_a_solution_and_a_stub(solution, said):
    stub = exercise_cells.stubs(NOTEBOOK)
    for name, checker in {"nobody_wants": check.beats, "compared": check.paired, "audit": check.audits}.items():
        assert said(checker, stub[name]) == "not done yet"
        assert said(checker, solution[name]).startswith("✓ ")
    assert said(check.own_cost, stub["my_cost"], stub["my_claim"]) == "not done yet"
    assert said(check.own_cost, solution["my_cost"], solution["my_claim"]).startswith("✓ ")
    assert said(check.audits, lambda report: 1 / 0).startswith("✗ your code stopped")


# ---------------------------------------------------------------- exercise 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda L, ab: 0 * ab, "this is gray, and gray loses"),
        (lambda L, ab: ab.clone(), "the network's own colors"),
        (lambda L, ab: 0.9 * ab, "but the pictures keep"),
        (lambda L, ab: 1.5 * ab, "the colors got stronger"),
        (lambda L, ab: torch.tensor([1.0, 5.0]).view(1, 2, 1, 1).expand_as(ab), "pale enough"),
        (lambda L, ab: -0.3 * ab, "pale enough, but the MAE doesn't fall"),
        (lambda L, ab: ab[:, :, :2], "you give (60, 2, 2, 6)"),
        (lambda L, ab: print(end=""), "you forgot `return`"),
        (lambda L, ab: ab / 0, "not finite"),
        (lambda L, ab: 0.5, "a tensor is wanted"),
    ],
)
def test_pictures_that_do_not_win_are_named(answer, words, said):
    line = said(check.beats, answer)
    assert line.startswith("✗ ") and words in line


@pytest.mark.parametrize(
    "answer",
    [
        lambda L, ab: 0.3 * ab,
        lambda L, ab: 0.5 * ab.mean(dim=(2, 3), keepdim=True),
        lambda L, ab: 0.1 * ab,
        lambda L, ab: ab * (10 / ab.norm(dim=1, keepdim=True).clamp_min(10)),
    ],
)
def test_all_kinds_of_pale_pictures_win(answer, said):
    assert said(check.beats, answer).startswith("✓ ")


def test_the_world_of_the_checker_is_the_lessons():
    """Gray loses to the network, as it does on the test pictures, and a half of the color wins."""
    L, guess, true = check._network()
    gray, half, whole = (check._off(L, factor * guess, true)[0] for factor in (0, 0.5, 1))
    assert half < whole < gray


def test_a_shape_that_does_not_fit_gives_way_to_the_stub():
    ab = torch.rand(2, 2, 4, 4)
    assert torch.equal(check.usable(lambda L, ab: ab[:, :, :3])(None, ab), ab)
    assert torch.equal(check.usable(lambda L, ab: ab / 2)(torch.rand(2, 1, 4, 4), ab), ab / 2)


# ---------------------------------------------------------------- exercise 2


def normal(first, second, reach=1.96):
    d = first - second
    error = d.std() / math.sqrt(len(d))
    return d.mean() - reach * error, d.mean() + reach * error


def unpaired(first, second):
    middle = (first - second).mean()
    apart = ((first.var() + second.var()) / len(first)).sqrt()
    return middle - 1.96 * apart, middle + 1.96 * apart


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (unpaired, "still drawn apart"),
        (lambda a, b: normal(b, a), "the other way around"),
        (lambda a, b: normal(a, b)[::-1], "low is above high"),
        (lambda a, b: normal(a, b, reach=1.0), "too narrow"),
        (lambda a, b: normal(a, b, reach=2.9), "too wide"),
        (lambda a, b: tuple((a - b).quantile(q) for q in (0.025, 0.975)), "single pictures"),
        (lambda a, b: (a - b).mean(), "two numbers"),
        (lambda a, b: (float("nan"), 1.0), "finite"),
        (lambda a, b: tuple(x + 0.5 for x in normal(a, b)), "its middle"),
        (lambda a, b: print(end=""), "you forgot `return`"),
    ],
)
def test_intervals_that_are_none_are_named(answer, words, said):
    line = said(check.paired, answer)
    assert line.startswith("✗ ") and words in line


def test_other_forms_of_the_interval_are_accepted(said):
    def own_draws(first, second):
        again = torch.randint(len(first), (2000, len(first)))
        means = (first[again] - second[again]).mean(dim=1).sort().values
        return torch.stack([means[50], means[1949]])

    for form in (normal, own_draws, lambda a, b: list(normal(a, b, reach=2.0))):
        assert said(check.paired, form).startswith("✓ ")
    assert check.paired_or_ours(unpaired) is fair_tables.by_picture
    assert check.paired_or_ours(normal) is normal


# ---------------------------------------------------------------- exercise 3


def test_audits_that_miss_or_wrong_are_named(solution, said):
    right = solution["audit"]
    without = {
        word: lambda report, word=word: [one for one in right(report) if one != word] for word in fair_tables.WORDS
    }
    for word, audit in without.items():
        line = said(check.audits, audit)
        assert line.startswith("✗ ") and f"doesn't say {word!r}" in line
    always = said(check.audits, lambda report: list(fair_tables.WORDS))
    assert "an honest report" in always and "unjust" in always
    assert "doesn't say" in said(check.audits, lambda report: [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: ["best seed"] if r["published"] < sum(r["errors"]) / len(r["errors"]) else [], "rounded"),
        (lambda r: ["best seed"] if r["published"] == min(r["errors"]) else [], "one seed"),
        (lambda r: ["other pictures"] if r["gray measured on"] != r["measured on"] else [], "another order"),
        (lambda r: "no gray", "a list of words"),
        (lambda r: ["no gray row"], "none of the words"),
        (lambda r: print(end=""), "you forgot `return`"),
    ],
)
def test_typical_mistakes_of_an_audit_are_named(change, words, said):
    line = said(check.audits, change)
    assert line.startswith("✗ ") and words in line


def test_other_forms_of_an_audit_are_accepted(solution, said):
    assert said(check.audits, lambda report: set(solution["audit"](report))).startswith("✓ ")
    assert said(check.audits, lambda report: tuple(solution["audit"](report))).startswith("✓ ")


# ---------------------------------------------------------------- exercise 4


@pytest.mark.parametrize(
    ("cost", "claim", "words"),
    [
        (check.chroma_too, "PSNR", "my_claim is 'PSNR'"),
        (lambda made, true: 3 * (made - true).abs().mean(), "MAE", "this is L1"),
        (lambda made, true: (made - true).square().sum(), "MAE", "this is L2"),
        (lambda made, true: (made - true).abs(), "MAE", "one number for the whole batch"),
        (lambda made, true: (made - true).detach().abs().mean(), "MAE", "no gradient"),
        (lambda made, true: made.square().mean() + made.abs().mean(), "MAE", "doesn't look at the true colors"),
        (lambda made, true: -(made - true).abs().mean() - (made * true).mean() ** 2, "MAE", "a sign turned around"),
        (lambda made, true: (made.norm(dim=1) - 1).abs().mean() + 0 * true.mean(), "MAE", "doesn't look"),
        (lambda made, true: (made - true).abs().mean() + made.square().sum(dim=1).sqrt().mean(), "MAE", "exactly 0"),
    ],
)
def test_costs_that_are_none_are_named(cost, claim, words, said):
    line = said(check.own_cost, cost, claim)
    assert line.startswith("✗ ") and words in line


@pytest.mark.parametrize(
    "cost",
    [
        lambda made, true: ((made - true).abs() * (1 + 5 * true.norm(dim=1, keepdim=True))).mean(),
        lambda made, true: torch.nn.functional.huber_loss(made, true, delta=0.1),
        lambda made, true: (made - true).abs().mean() + (made - true).square().mean(),
        lambda made, true: (made - true).square().sum(dim=1).add(1e-6).sqrt().mean(),
    ],
)
def test_all_kinds_of_costs_are_accepted(cost, said):
    assert said(check.own_cost, cost, "CIEDE2000").startswith("✓ ")
