"""What lesson 7 writes by hand is what colorlib does; what comes along is what results/ has; its blind test counts."""

import ast
import json
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from colorlib import color, metrics, photos
from colorlib.app import blind
from colorlib.color.difference import ciede2000
from colorlib.color.spaces import LAB
from colorlib.errors import ConfigError
from colorlib.evaluation.frechet import Moments, frechet_distance
from colorlib.evaluation.judge import Judge
from colorlib.plots import scores as drawn

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "notebooks" / "07_comparing_colorizers.ipynb"
KEPT = ROOT / "colorlib" / "lesson_07"


@pytest.fixture(scope="module")
def lesson():
    """The names that the lesson's cells with definitions give."""
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]
    names = {"torch": torch, "F": F, "color": color, "photos": photos, "LAB": LAB, "ciede2000": ciede2000}
    names |= {"ssim": metrics.ssim, "device": torch.device("cpu"), "judge": Judge(KEPT / "judge.safetensors")}
    for start in ("mae", "difference", "colorfulness", "frechet", "flatter", "bootstrap", "t_value", "wilson"):
        (cell,) = [cell for cell in cells if f"\ndef {start}(" in f"\n{cell}"]
        defined = [one for one in ast.parse(cell).body if isinstance(one, ast.FunctionDef)]
        exec(compile(ast.Module(defined, []), start, "exec"), names)
    return names


@pytest.fixture(scope="module")
def pictures(photo_set):
    return photo_set.batch(range(0, 640, 20)).float() / 255


def test_the_six_numbers_are_colorlibs(lesson, pictures):
    lab = color.rgb_to_lab(pictures)
    for ab in (0 * lab[:, 1:], 2 * lab[:, 1:], lab[:, 1:].flip(1)):
        rgb = color.join_lightness(lab[:, :1], ab)
        row = metrics.Metrics()
        row.update(rgb, pictures)
        theirs = row.compute()
        ours = lesson["scores"](rgb, pictures)
        keys = ("mae", "psnr_pooled", "ciede2000_mean", "ssim", "nazeri_accuracy_5", "colorfulness_ratio")
        assert list(ours.values()) == pytest.approx([theirs[key] for key in keys], rel=1e-3, abs=1e-3)


def test_the_frechet_distance_is_colorlibs(lesson):
    torch.manual_seed(0)
    one, other = torch.randn(300, 12), 1.5 * torch.randn(200, 12) + 0.3
    first, second = Moments(), Moments()
    first.update(one)
    second.update(other)
    assert lesson["frechet"](one, other) == pytest.approx(frechet_distance(first, second), rel=1e-5)
    assert lesson["frechet"](one, one) == pytest.approx(0, abs=1e-6)


def test_the_judge_is_flattered(lesson, pictures):
    judge, some = lesson["judge"], pictures[:8]
    labels = torch.arange(8)
    flattered = lesson["flatter"](color.lightness_of(some), labels)
    assert (judge.answers(judge.features(flattered)) == labels).float().mean() > 0.8
    assert (color.lightness_of(flattered) - color.lightness_of(some)).abs().max() < 2


def test_the_bootstrap_is_as_wide_as_theory_has_it(lesson):
    torch.manual_seed(1)
    values = torch.randn(400) + 3
    low, high = lesson["bootstrap"](values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std().item() / 20, rel=0.15)


def test_t_values_tell_a_winner(lesson):
    assert lesson["t_value"](10.0, 0.1, 11.0, 0.1) == pytest.approx(-12.25, abs=0.01)
    words = [lesson["verdict"](t) for t in (-12, -2, 2, 12)]
    assert words == ["lower", "can't be told", "can't be told", "higher"]


def test_what_comes_along_is_what_results_has():
    results = ROOT / "results"
    assert (KEPT / "judge.safetensors").read_bytes() == (results / "judge" / "judge.safetensors").read_bytes()
    ours = json.loads((KEPT / "comparison.json").read_text())
    assert ours == json.loads((results / "comparison" / "table.json").read_text())
    assert set(ours["recipes"]) == {*(f"coco-{number}" for number in range(1, 8)), "rebalanced"}
    assert (KEPT / "unseen.json").read_bytes() == (results / "comparison" / "unseen.json").read_bytes()
    assert all(recipe["seeds"] == [0, 1, 2] for recipe in ours["recipes"].values()) and not ours["failed"]


# ---------------------------------------------------------------- drawings


def test_places_share_where_scores_are_equal():
    rows = {"a": {"x": 1.0}, "b": {"x": 2.0}, "c": {"x": 1.0}}
    assert drawn.places(rows, "x", "low") == {"a": 0, "b": 2, "c": 0}
    assert drawn.places(rows, "x", "high") == {"a": 1, "b": 0, "c": 1}
    assert drawn.places({"a": {"x": 0.7}, "b": {"x": 1.2}}, "x", "one") == {"a": 1, "b": 0}


def test_drawings_take_what_the_lesson_gives():
    rows = {"gray": {"x": 1.0, "y": 0.0}, "net": {"x": 2.0, "y": float("inf")}, "true": {"x": 0.0, "y": 1.0}}
    texts = [
        text.get_text() for text in drawn.score_card(rows, {"x": "low", "y": "one"}, beside=("true",)).axes[0].texts
    ]
    assert {"gray", "net", "true", "∞", "2.0", "0.00"} <= set(texts)
    assert len(drawn.orders({"one": ["A", "B"], "two": ["B", "A"]}).axes[0].lines) == 2
    assert drawn.intervals({"a": (0.5, 0.1, 0.9), "b": (0.0, -1.0, 1.0)}, "x").axes[0].get_xlabel() == "x"
    recipes = {"r": {"m": (1.0, 0.1), "n": (1.0, 0.1)}, "s": {"m": (2.0, None), "n": (0.5, 0.2)}}
    panels = {"m": ("M", "low"), "n": ("N", "one")}
    assert len(drawn.experiments(recipes, {"gray": {"m": 1.5, "n": 0.0}}, panels).axes) == 2
    assert len(drawn.trials(torch.rand(5, 3, 8, 8), torch.rand(5, 3, 8, 8)).axes) == 10


# ---------------------------------------------------------------- the blind test


def test_the_interval_is_wilsons(lesson):
    for wrong, count in ((0, 12), (5, 12), (12, 12), (31, 100)):
        rate, low, high = blind.fooling_rate(wrong, count)
        assert rate == wrong / count and 0 <= low <= rate <= high <= 1
        assert (low, high) == pytest.approx(lesson["wilson"](wrong, count), abs=1e-6)
    assert blind.fooling_rate(5, 12)[1:] == pytest.approx((0.1933, 0.6805), abs=1e-3)
    with pytest.raises(ValueError):
        blind.fooling_rate(3, 0)


def test_sides_are_mixed_and_stay():
    assert blind.sides(40, 3) == blind.sides(40, 3) != blind.sides(40, 4)
    assert 10 < blind.sides(40, 3).count("L") < 30


def test_the_widget_asks_and_counts():
    pytest.importorskip("ipywidgets", reason="ipywidgets isn't installed (the extra notebooks)")
    true, made = torch.ones(6, 3, 8, 8), torch.zeros(6, 3, 8, 8)
    asked = blind.which_is_real(true, made, seed=2)
    white = blind.enlarged(true[0])
    for number in range(6):
        real = "L" if asked.pictures[0].value == white else "R"
        assert real == asked.sides[number]
        right, wrong = (asked.left, asked.right) if real == "L" else (asked.right, asked.left)
        (wrong if number < 2 else right).click()
    assert "fooled in 2 of 6 pairs: a fooling rate of 33%" in asked.said.value and asked.left.disabled
    asked.left.click()
    assert asked.answered == 6
    with pytest.raises(ConfigError, match="like batches"):
        blind.which_is_real(true, made[:2])
