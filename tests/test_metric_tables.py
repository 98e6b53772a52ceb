"""Rows of metrics as tables, over several seeds too; and how speed is measured."""

import itertools

import pytest
import torch

from colorlib import evaluation, metrics
from colorlib.errors import ConfigError
from colorlib.tables import metric_table, spread_rows

# ---------------------------------------------------------------- speed


class Clock:
    """A clock that only `work` moves: a list of how long each call takes, the last for all others."""

    def __init__(self, *durations):
        self.now, self.calls = 0.0, 0
        self.durations = itertools.chain(durations, itertools.repeat(durations[-1]))

    def work(self):
        self.now += next(self.durations)
        self.calls += 1


def test_one_busy_window_does_not_count(monkeypatch):
    clock = Clock(*[0.125] * 3, *[0.125] * 4, 0.5, 0.5, *[0.125])  # warm-up, a good window of 0.5 s, two busy ones
    monkeypatch.setattr(evaluation.time, "perf_counter", lambda: clock.now)
    assert evaluation.images_per_second(clock.work, 32) == pytest.approx(256)
    assert clock.calls == 3 + 4 + 1 + 1 + 4 + 4


def test_the_first_calls_are_not_timed(monkeypatch):
    clock = Clock(9, 9, 9, 0.25)
    monkeypatch.setattr(evaluation.time, "perf_counter", lambda: clock.now)
    assert evaluation.images_per_second(clock.work, 10, windows=1, seconds=1) == pytest.approx(40)
    assert clock.calls == 3 + 4


# ---------------------------------------------------------------- tables


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_every_metric_has_a_column():
    measurement = metrics.Metrics()
    measurement.update(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16))
    measured = measurement.compute()
    elsewhere = {"fps", "judge_accuracy", "judge_distance", "lpips", "fid"}
    elsewhere |= {"draws_mae_percent", "best_draw_mae_percent", "draws_spread"}
    assert set(metrics.METRICS) == {*measured, *elsewhere}
    heading, _, shown = cells(metric_table({"gray": measured}))
    assert heading[1:] == [
        "MAE (0-255)",
        "MAE (%)",
        "PSNR pooled (dB)",
        "PSNR mean (dB)",
        "SSIM",
        "acc < 5 % (%)",
        "Nazeri 5 % (%)",
        "CIEDE2000",
        "colorfulness ratio",
    ]
    assert shown[1] == f"{measured['mae']:.2f}" and shown[5] == f"{measured['ssim']:.3f}"


def test_chosen_columns_and_missing_numbers():
    rows = {"model": {"fps": 812.4, "mae": 7.0}, "oracle_mean": {"mae": 12.346, "fps": None}}
    heading, _, *body = cells(metric_table(rows, ["fps", "ssim", "mae"]))
    assert heading == ["", "FPS (pictures/s)", "MAE (0-255)"]
    assert body == [["model", "812", "7.00"], ["oracle mean", "", "12.35"]]
    with pytest.raises(ConfigError, match="no metric is called 'psnr_mean'; there are mae, "):
        metric_table(rows, ["mae", "psnr_mean"])


def test_several_seeds_show_mean_and_deviation():
    runs = [{"mae": 1.0, "ssim": 0.5, "fps": 3}, {"mae": 2.0, "ssim": 0.5, "fps": None}, {"mae": 6.0, "ssim": 0.5}]
    spread = spread_rows(runs)
    assert spread == {"mae": (pytest.approx(3.0), pytest.approx(7**0.5)), "ssim": (0.5, 0.0)}
    single = spread_rows(runs[:1])
    assert single == {"mae": (1.0, None), "ssim": (0.5, None), "fps": (3.0, None)}
    _, _, several, one = cells(metric_table({"three": spread, "one": single}, ["mae", "ssim"]))
    assert several == ["three", "3.00 ± 2.65", "0.500 ± 0.000"]
    assert one == ["one", "1.00", "0.500"]
    with pytest.raises(ValueError, match="no rows"):
        spread_rows([])
