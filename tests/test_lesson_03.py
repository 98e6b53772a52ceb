"""What lesson 3 writes by hand is what colorlib and torch do; what its text says of costs and gradients is so."""

import copy
import json
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from colorlib import recipes
from colorlib.color_spaces import LAB
from colorlib.engine import Engine
from colorlib.models import discriminators
from colorlib.systems import build_system

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "03_conditional_gan.ipynb"
WIDTHS = (8, 16, 32)


@pytest.fixture(scope="module")
def lesson():
    """The names that the lesson's cells with definitions give."""
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]
    names = {"torch": torch, "nn": nn, "F": F}
    for start in ("class Discriminator", "def field", "def cost_of_d", "def turn_of_d", "def stops_after", "def adam"):
        (cell,) = [cell for cell in cells if cell.startswith(start)]
        exec(cell.split("\n\n\nlevels")[0].split("\n\n\nprint")[0].split("\n\nlevels")[0], names)
    return names


def test_the_discriminator_is_colorlibs(lesson):
    mine, theirs = lesson["Discriminator"](WIDTHS), discriminators.Discriminator("conv", WIDTHS)
    mine.load_state_dict(theirs.state_dict())
    gray, color = torch.rand(4, 1, 32, 32), torch.rand(4, 2, 32, 32)
    assert torch.allclose(mine(gray, color), theirs(gray, color), atol=1e-6)


def test_the_field_is_what_the_gradient_reaches(lesson):
    """The lesson's rule, colorlib's, and the gradient of a value in the middle agree: 4, 10, 22, 46."""
    layers = [(4, 2), (4, 2), (4, 2), (4, 1)]
    expected = [4, 10, 22, 46]
    assert [lesson["field"](layers[:n]) for n in (1, 2, 3, 4)] == expected
    assert [discriminators.receptive_field(layers[:n]) for n in (1, 2, 3, 4)] == expected
    network = nn.Sequential(*[nn.Conv2d(1, 1, kernel, stride, 1) for kernel, stride in layers])
    for n in (1, 2, 3, 4):
        picture = torch.rand(1, 1, 128, 128, requires_grad=True)
        values = network[:n](picture)
        values[0, 0, values.shape[2] // 2, values.shape[3] // 2].backward()
        assert int((picture.grad[0, 0].abs().sum(dim=0) > 0).sum()) == expected[n - 1]


def test_the_costs_are_torchs_cross_entropy(lesson):
    true, fake = 3 * torch.randn(2, 64, 1)
    bce = F.binary_cross_entropy_with_logits
    ours = lesson["cost_of_d"](true, fake)
    assert ours == pytest.approx(((bce(true, torch.ones(64, 1)) + bce(fake, torch.zeros(64, 1))) / 2).item(), abs=1e-6)
    assert lesson["cost_of_g"](fake) == pytest.approx(bce(fake, torch.ones(64, 1)).item(), abs=1e-6)
    assert math.isfinite(lesson["cost_of_d"](-1000 * torch.ones(8, 1), 1000 * torch.ones(8, 1)))


def test_undecided_is_log_2_and_the_value_of_the_game_minus_log_4(lesson):
    logits = torch.zeros(8, 1)
    assert lesson["cost_of_d"](logits, logits).item() == pytest.approx(math.log(2))
    value = (logits.sigmoid().log() + (1 - logits.sigmoid()).log()).mean().item()
    assert value == pytest.approx(-math.log(4))
    assert 2 * lesson["cost_of_d"](logits, logits).item() == pytest.approx(-value)


def test_the_step_is_colorlibs(lesson):
    """The costs, and all weights of both networks after a step."""
    (config,) = recipes.get("controlled", "smoke")
    config = config.replace(loss={"adversarial": 1.0, "l1": 100.0}, discriminator_widths=WIDTHS)
    system = build_system(config, Engine("cpu", "fp32"))
    G, D = copy.deepcopy(system.generator), lesson["Discriminator"](WIDTHS)
    D.load_state_dict(system.discriminator.state_dict())
    rgb = torch.rand(16, 3, 32, 32)
    losses = system.step(rgb)
    gray, true = LAB.split(rgb)
    predicted = G(gray)
    d = lesson["turn_of_d"](D, lesson["adam"](D, config.discriminator_lr), gray, true, predicted)
    g = lesson["turn_of_g"](D, lesson["adam"](G, config.lr), gray, true, predicted)
    assert d == pytest.approx(losses["loss_D"].item(), abs=1e-4)
    assert g == pytest.approx(losses["loss_G_GAN"].item(), abs=1e-4)
    for mine, theirs in ((G, system.generator), (D, system.discriminator)):
        for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
            assert (a - b).abs().mean() < 1e-6


def test_half_the_cost_changes_next_to_nothing_under_adam(lesson):
    """Twenty steps on a cost and on half of it end at nearly the same weights; under plain descent they don't."""
    torch.manual_seed(0)
    first = nn.Linear(8, 1)
    inputs, labels = torch.randn(64, 8), torch.randint(0, 2, (64, 1)).float()

    def trained(factor, make):
        network = copy.deepcopy(first)
        optimizer = make(network)
        for _ in range(20):
            optimizer.zero_grad()
            (factor * F.binary_cross_entropy_with_logits(network(inputs), labels)).backward()
            optimizer.step()
        return network.weight.detach() - first.weight.detach()

    def slow(make):
        whole, half = trained(1, make), trained(0.5, make)
        return ((whole - half).norm() / whole.norm()).item()

    assert slow(lambda network: lesson["adam"](network, 1e-2)) < 1e-3
    assert slow(lambda network: torch.optim.SGD(network.parameters(), lr=1e-2)) > 0.4


def test_patience_is_colorlibs(lesson):
    """As tests/test_gan.py has it of a training: 10, 9, 9.5, 9.4, 9.3 and no further with a patience of 3."""
    assert lesson["stops_after"]([10.0, 9.0, 9.5, 9.4, 9.3, 8.0], 3) == 5
    assert lesson["stops_after"]([5, 4, 4], 1) == 3  # as good is no better
    assert lesson["stops_after"]([3, 2, 1], 1) == 3
