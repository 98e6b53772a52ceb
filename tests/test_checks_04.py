"""The checkers of lesson 4: they accept the solutions, wait for stubs, and name typical mistakes."""

import exercise_cells
import pytest
import torch
from torch import nn
from torch.nn import functional

from colorlib.checks import notebook_04 as check

NOTEBOOK = "04_pretrained_resnet18_generator.ipynb"


@pytest.fixture(scope="module")
def solution():
    return exercise_cells.solutions(NOTEBOOK)


# ---------------------------------------------------------------- exercise 1


def folded(constant):
    """An answer with the right kernel, and this function's constant."""
    return lambda kernel, mean, std: ((kernel / (2 * std)).sum(dim=1, keepdim=True), constant(kernel, mean, std))


@pytest.mark.parametrize(
    ("constant", "words"),
    [
        (lambda w, m, s: -(w * (0.5 - m) / s).sum(dim=(1, 2, 3)), "sign"),
        (lambda w, m, s: -(w * m / s).sum(dim=(1, 2, 3)), "half"),
        (lambda w, m, s: (w * 0.5 / s).sum(dim=(1, 2, 3)), "the mean"),
        (lambda w, m, s: (w * (0.5 - m)).sum(dim=(1, 2, 3)), "deviation"),
        (lambda w, m, s: (w * (0.5 - m) / s).mean(dim=(1, 2, 3)), "not its mean"),
        (lambda w, m, s: (w * (0.5 - m) / s).sum(dim=1), "one is wanted for each"),
        (lambda w, m, s: torch.zeros(len(w)) * m.sum(), "still 0"),
        (lambda w, m, s: torch.ones(len(w)), "put v = (g + 1) / 2"),
    ],
)
def test_mistakes_in_the_constant_are_named(constant, words, said):
    answer = said(check.fold, folded(constant))
    assert answer.startswith("✗ ") and words in answer


def test_another_form_of_the_constant_is_accepted(said):
    """The whole left side at g = 0, with a shape that adds to the maps; and a list of sums."""

    def at_gray(kernel, mean, std):
        return functional.conv2d((0.5 - mean).div(std).expand(-1, -1, 7, 7), kernel).view(1, -1, 1, 1)

    def one_by_one(kernel, mean, std):
        return torch.stack([((0.5 - mean[0]) / std[0] * each).sum() for each in kernel])

    for constant in (at_gray, one_by_one):
        assert said(check.fold, folded(constant)).startswith("✓ ")


def test_a_broken_kernel_is_named(said):
    def both(kernel, mean, std):
        return kernel.sum(dim=1, keepdim=True), (kernel * (0.5 - mean) / std).sum(dim=(1, 2, 3))

    assert "the kernel over gray is no longer" in said(check.fold, both)
    assert "two tensors" in said(check.fold, lambda kernel, mean, std: kernel)


def test_an_answer_of_other_shapes_gives_way_to_the_stub(solution):
    kernel, (mean, std) = torch.randn(8, 3, 7, 7), torch.rand(2, 1, 3, 1, 1) + 0.1
    stub = check.without_constant(kernel, mean, std)
    for broken in (folded(lambda w, m, s: (w * m).sum(dim=1)), lambda *arguments: 1 / 0, None, lambda *arguments: 3):
        assert all(torch.equal(*pair) for pair in zip(check.usable(broken)(kernel, mean, std), stub, strict=True))
    for given in (solution["fold"], folded(lambda w, m, s: torch.ones(len(w), 1, 1))):
        kernel_and_b = check.usable(given)(kernel, mean, std)
        assert torch.equal(kernel_and_b[1].flatten(), given(kernel, mean, std)[1].flatten())
    assert check.usable(given)(kernel, mean, std)[1].shape == (8,)


# ---------------------------------------------------------------- exercise 2


def test_mistakes_on_the_way_back_are_named(said):
    def from_the_start(ups, maps):
        x = maps[-1]
        for up, skip in zip(ups, maps, strict=False):
            x = up(x, skip)
        return x

    def without_gray(ups, maps):
        x = maps[-1]
        for up, skip in zip(ups[:-1], maps[-2:0:-1], strict=True):
            x = up(x, skip)
        return x

    def without_skips(ups, maps):
        x = maps[-1]
        for up, skip in zip(ups, maps[-2::-1], strict=True):
            x = up(x, torch.zeros_like(skip))
        return x

    def in_place_of_the_deepest(ups, maps):
        x = torch.ones_like(maps[-1])
        for up, skip in zip(ups, maps[-2::-1], strict=True):
            x = up(x, skip)
        return x

    def luck(ups, maps):
        return check.finished_decoder(ups, maps) + 1

    assert "a level wants 11 channels from below and 9 of the skip, and got 11 and 1" in said(
        check.decode, from_the_start
    )
    assert "16 pixels a side" in said(check.decode, without_gray)
    assert "doesn't reach the answer" in said(check.decode, without_skips)
    assert "the map with 1 pixels a side doesn't reach" in said(check.decode, in_place_of_the_deepest)
    assert "the values differ" in said(check.decode, luck)
    assert "you forgot `return`" in said(check.decode, lambda ups, maps: print(end=""))


def test_another_form_of_the_way_back_is_accepted(said):
    def by_popping(ups, maps):
        x = maps.pop()
        for up in ups:
            x = up(x, maps.pop())
        return x

    def by_number(ups, maps):
        x = maps[5]
        for n in range(5):
            x = ups[n](x, maps[4 - n])
        return x

    for function in (by_popping, by_number):
        assert said(check.decode, function).startswith("✓ ")


def test_ours_takes_the_place_of_an_open_one(solution):
    assert check.yours_or_ours(solution["decode"]) is solution["decode"]
    assert check.yours_or_ours(exercise_cells.stubs(NOTEBOOK)["decode"]) is check.finished_decoder


# ---------------------------------------------------------------- exercise 3


def batch_norms(encoder):
    return [layer for layer in encoder.modules() if isinstance(layer, nn.BatchNorm2d)]


def test_half_of_freezing_is_named(said):
    def both_wrong(encoder):
        encoder.train()

    def no_momentum(encoder):
        encoder.requires_grad_(False)
        for norm in batch_norms(encoder):
            norm.momentum = 0.0

    assert "but the encoder's weights change" in said(check.freeze, lambda encoder: encoder.eval())
    again = said(check.freeze, lambda encoder: encoder.requires_grad_(False).train())
    assert "the weights stay, but batch norm" in again
    assert "changes, too" in said(check.freeze, both_wrong)
    assert "uses the batch's own mean" in said(check.freeze, no_momentum)


def test_another_form_of_freezing_is_accepted(said):
    def one_by_one(encoder):
        for weight in encoder.parameters():
            weight.requires_grad = False
        for norm in batch_norms(encoder):
            norm.eval()

    assert said(check.freeze, one_by_one).startswith("✓ ")


def test_a_finished_freeze_takes_the_place_of_an_open_one(solution):
    assert check.frozen_or_ours(solution["freeze"]) is solution["freeze"]
    assert check.frozen_or_ours(exercise_cells.stubs(NOTEBOOK)["freeze"]) is check.finished_freeze
