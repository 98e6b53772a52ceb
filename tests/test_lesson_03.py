"""What lesson 3 writes by hand is what colorlib and torch do; what its text says of costs and gradients is so."""

import ast
import copy
import json
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from colorlib import metrics, recipes
from colorlib.color.spaces import LAB
from colorlib.engine import Engine
from colorlib.models import discriminators
from colorlib.plots import verdicts
from colorlib.systems import build_system
from colorlib.training.progress import alarms

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "03_conditional_gan.ipynb"
WIDTHS = (8, 16, 32)


@pytest.fixture(scope="module")
def lesson():
    """The names that the lesson's cells with definitions give."""
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]
    names = {"torch": torch, "nn": nn, "F": F, "LAB": LAB, "metrics": metrics}
    starts = ("class Discriminator", "def field", "def predict", "def cost_of_d", "def batches", "def adam")
    for start in (*starts, "def logits_on", "def cost_of_g", "def turn_of_g", "def push", "def measure"):
        (cell,) = [cell for cell in cells if cell.startswith(start)]
        body = ast.parse(cell).body
        defined = [one for one in body if isinstance(one, (ast.FunctionDef, ast.ClassDef))]
        exec(compile(ast.Module(defined, []), start, "exec"), names)
    return names


def test_the_discriminator_is_colorlibs_with_spectral_norm(lesson):
    """With the weights that spectral norm makes; both leave out batch norm."""
    mine, theirs = lesson["Discriminator"](WIDTHS), discriminators.Discriminator("conv", WIDTHS, spectral_norm=True)
    theirs.eval()
    with torch.no_grad():
        for number in (0, 2, 4, 6):
            mine.layers[number].weight.copy_(theirs.layers[number].weight)
            mine.layers[number].bias.copy_(theirs.layers[number].bias)
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
    G, D = copy.deepcopy(system.generator), copy.deepcopy(system.discriminator)
    rgb = torch.rand(16, 3, 32, 32)
    losses = system.step(rgb)
    gray, true = LAB.split(rgb)
    adams = lesson["adam"](G, config.lr), lesson["adam"](D, config.discriminator_lr)
    d, g = lesson["both_turns"](G, D, *adams, gray, true, w=1.0)
    assert d == pytest.approx(losses["loss_D"].item(), abs=1e-4)
    assert g == pytest.approx(losses["loss_G_GAN"].item(), abs=1e-4)
    for mine, theirs in ((G, system.generator), (D, system.discriminator)):
        for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
            assert (a - b).abs().mean() < 1e-6


def test_the_turn_of_d_leaves_g_alone(lesson):
    G, D = nn.Conv2d(1, 2, 3, padding=1), lesson["Discriminator"]((4, 4, 4))
    adams = lesson["adam"](G, 0.0), lesson["adam"](D, 1e-3)
    gray, true = torch.rand(4, 1, 32, 32), torch.rand(4, 2, 32, 32)
    lesson["turn_of_d"](D, adams[1], gray, true, G(gray).detach())
    assert all(weight.grad is None for weight in G.parameters())


def test_the_push_grows_with_w_and_is_what_the_gradients_say(lesson):
    """A D that is twice as steep pushes twice as hard where its verdict is undecided."""
    G = nn.Conv2d(1, 2, 3, padding=1)
    D = lesson["Discriminator"]((4, 4, 4))
    with torch.no_grad():
        D.layers[-1].weight.mul_(1e-3)
        D.layers[-1].bias.zero_()
    rgb = torch.rand(8, 3, 32, 32)
    once = lesson["push"](D, G, rgb)
    with torch.no_grad():
        D.layers[-1].weight.mul_(2)
    assert lesson["push"](D, G, rgb) == pytest.approx(2 * once, rel=0.02)


def test_smaller_logits_are_as_often_right_and_cost_nearly_as_much_as_undecided(lesson):
    true, fake = 4 + torch.randn(500), -4 + torch.randn(500)
    assert lesson["cost_of_d"](true, fake) < 0.1
    assert lesson["cost_of_d"](true / 20, fake / 20) > 0.55
    assert torch.equal(true > 0, true / 20 > 0)


def test_batches_follow_from_the_seed(lesson):
    rgb = torch.rand(50, 3, 2, 2)
    one, same, other = (torch.cat(list(lesson["batches"](rgb, 3, seed))) for seed in (1, 1, 2))
    assert one.shape == (96, 3, 2, 2) and torch.equal(one, same) and not torch.equal(one, other)


def test_the_map_names_the_share_of_true_patches():
    logits = torch.full((4, 4), -2.0)
    logits[0] = 3.0
    figure = verdicts.verdict_map({"own": (torch.rand(3, 32, 32), logits), "other": (torch.rand(3, 32, 32), -logits)})
    assert [axis.get_xlabel()[:3] for axis in figure.axes[2:4]] == ["25%", "75%"]


def test_the_histogram_holds_every_logit():
    """Those beyond its reach are in the outermost bars, so that all bars of a kind make 100 %."""
    figure = verdicts.histogram({"true": torch.linspace(-50, 50, 300), "generated": torch.zeros(10, 16)})
    (axis,) = figure.axes
    assert sum(bar.get_height() for bar in axis.patches) == pytest.approx(200)


def test_the_signs_mark_the_epoch_that_is_kept():
    names = "loss_D", "loss_G_GAN", "right_on_true", "right_on_generated", "valid_colorfulness_ratio", "valid_mae"
    history = [{"epoch": epoch} | {name: epoch / 4 for name in names} for epoch in (1, 2, 3)]
    figure = verdicts.signs(history, kept=2)
    assert all(any(set(line.get_xdata()) == {2} for line in axis.get_lines()) for axis in figure.axes)


def test_the_trade_has_a_dot_for_each_training():
    figure = verdicts.trade({"gray": ([12.7], [0.0]), "patches": ([11.9, 12.0, 11.8], [0.5, 0.52, 0.49])})
    (axis,) = figure.axes
    assert [len(dots.get_offsets()) for dots in axis.collections] == [1, 3]
    assert [words.get_text() for words in axis.get_legend().get_texts()] == ["gray", "patches"]


def test_the_alarm_of_colorlib_finds_its_numbers(lesson):
    """After two epochs in which D recognizes every pair, the rows of `measure` make it ring."""

    class Sure(nn.Module):
        def forward(self, gray, color):
            return torch.where(color.abs().mean(dim=(1, 2, 3)) > 0, 20.0, -20.0)[:, None]

    class Gray(nn.Module):
        def forward(self, gray):
            return torch.zeros(len(gray), 2, *gray.shape[2:])

    row = lesson["measure"](Gray(), Sure(), torch.rand(8, 3, 32, 32))
    assert row["right_on_true"] == row["right_on_generated"] == 1
    assert any("discriminator wins" in words for words in alarms([row | {"epoch": 1}, row | {"epoch": 2}]))
