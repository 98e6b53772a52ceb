"""Generators that draw: several colorizations of one picture, their mean error, the best, and how they differ."""

import pytest
import torch

from colorlib.color import join_lightness, lightness_of
from colorlib.colorizer import Colorizer
from colorlib.evaluation import draws as module
from colorlib.evaluation.draws import COUNT, Draws
from colorlib.metrics import METRICS
from colorlib.model import Model
from colorlib.models import build_generator, draws

NOISE = Model(generator="gray_fed", image_size=16, widths=(4, 4, 4), color_space="yuv")
DROPOUT = Model(image_size=16, widths=(4, 8), dropout=0.5)


def colorizer(model):
    torch.manual_seed(0)
    generator = build_generator(model)
    generator.initialize()
    return Colorizer(generator, model)


@pytest.mark.parametrize("model", [NOISE, DROPOUT])
def test_draws_differ_and_a_photo_stays_the_same(model):
    it, rgb = colorizer(model), torch.rand(2, 3, 16, 16)
    assert draws(it.generator) and not draws(build_generator(Model(widths=(4, 8))))
    torch.manual_seed(1)
    first, second = (it.predict_ab(rgb, draw=True) for _ in range(2))
    assert not torch.equal(first, second)
    torch.testing.assert_close(it.predict_ab(rgb), it.predict_ab(rgb), rtol=0, atol=0)
    # Batch norm stays as in evaluation: what is beside a picture doesn't matter, and nothing is learned by drawing.
    before = {name: value.clone() for name, value in it.generator.state_dict().items()}
    it.predict_ab(rgb, draw=True)
    assert all(torch.equal(before[name], value) for name, value in it.generator.state_dict().items())
    assert it.generator.training  # the mode it had


def test_mean_best_and_spread_by_hand():
    it, true = colorizer(NOISE), torch.rand(3, 3, 16, 16)
    examiner = Draws(it, len(true))
    state = torch.get_rng_state()
    examiner.look({"true": true})
    assert torch.equal(state, torch.get_rng_state())  # a measurement changes no training's chance
    torch.manual_seed(0)
    answers = [it.predict_ab(true, draw=True) for _ in range(COUNT)]
    errors = torch.stack(
        [(join_lightness(lightness_of(true), ab) - true).abs().mean(dim=(1, 2, 3)) * 100 for ab in answers]
    )
    figures = examiner.figures()["model"]
    assert figures["draws_mae_percent"] == pytest.approx(errors.mean().item(), rel=1e-5)
    assert figures["best_draw_mae_percent"] == pytest.approx(errors.min(dim=0).values.mean().item(), rel=1e-5)
    off = torch.stack(answers) - torch.stack(answers).mean(dim=0)
    spread = off.square().sum(dim=2).mean(dim=(0, 2, 3)).sqrt().mean().item()
    assert figures["draws_spread"] == pytest.approx(spread, rel=1e-4) and spread > 0
    assert figures["best_draw_mae_percent"] < figures["draws_mae_percent"]
    assert str(COUNT) in METRICS["draws_mae_percent"].title and str(COUNT) in METRICS["best_draw_mae_percent"].title


def test_of_many_pictures_some_are_taken_evenly(monkeypatch):
    monkeypatch.setattr(module, "AT_MOST", 4)
    taken = []
    monkeypatch.setattr(Draws, "draw", lambda self, true: taken.extend(true[:, 0, 0, 0].tolist()) or (
        torch.ones(COUNT, len(true)), torch.ones(len(true))
    ))  # fmt: skip
    examiner = Draws(colorizer(NOISE), 10)
    pictures = torch.arange(10.0).view(-1, 1, 1, 1).expand(-1, 3, 16, 16)
    for few in pictures.split(4):
        examiner.look({"true": few})
    assert taken == [0, 3, 6, 9]
    assert examiner.figures()["model"]["draws_mae_percent"] == pytest.approx(1)
