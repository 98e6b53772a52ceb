"""What lesson 6 writes by hand is what colorlib does; what its text says of it is so."""

import ast
import dataclasses
import json
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from colorlib import color, controls, photos
from colorlib.checks import notebook_06 as check
from colorlib.color.spaces import LAB
from colorlib.colorizer import Colorizer
from colorlib.models import build_generator, film
from colorlib.moving import move, rotate
from colorlib.plots import controls as drawn

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "notebooks" / "06_controlled_parameters.ipynb"
NAN = math.nan


@pytest.fixture(scope="module")
def lesson():
    """The names that the lesson's cells with definitions give."""
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]
    names = {"torch": torch, "nn": nn, "math": math, "color": color, "controls": controls, "photos": photos, "LAB": LAB}
    names |= {"F": nn.functional, "device": torch.device("cpu")}
    names |= {"rotate": rotate, "BOTH": ("saturation", "hue")}
    starts = ("def mean_sat", "def pull", "def descend", "def scaled", "def mean_hue", "def turned", "def shown_of")
    for start in (*starts, "def down", "def ada", "def cem", "def tell", "class Film", "def wishes"):
        (cell,) = [cell for cell in cells if f"\n{start}" in f"\n{cell}"]
        defined = [one for one in ast.parse(cell).body if isinstance(one, (ast.FunctionDef, ast.ClassDef))]
        exec(compile(ast.Module(defined, []), start, "exec"), names)
    return names


@pytest.fixture(scope="module")
def pictures(photo_set):
    return photo_set.batch(range(0, 640, 20)).float() / 255


def test_saturation_is_colorlibs_but_for_black(lesson, pictures):
    light = pictures.clamp_min(0.02)
    assert torch.allclose(lesson["mean_saturation"](light), controls.mean_saturation(light), atol=1e-5)


def test_what_is_shown_lies_in_the_gamut_and_has_a_gradient(lesson, pictures):
    lab = color.rgb_to_lab(pictures)
    ab = (4 * lab[:, 1:]).requires_grad_()
    shown = lesson["as_shown"](lab[:, :1], ab)
    assert -2e-3 < shown.min() and shown.max() < 1 + 2e-3
    assert torch.allclose(shown, color.join_lightness(lab[:, :1], ab.detach()), atol=5e-3)
    (gradient,) = torch.autograd.grad(lesson["mean_saturation"](shown).sum(), ab)
    assert gradient.isfinite().all() and (gradient != 0).float().mean() > 0.9


def test_pixels_reach_their_target(lesson):
    _, L, ab = lesson["load"](photos.read_rgb(photos.bundled_photos()[0]), 32)
    for target in (0.2, 0.6):
        moved, costs = lesson["descend"](L, ab, lesson["mean_saturation"], target)
        assert (lesson["mean_saturation"](lesson["as_shown"](L, moved)) - target).abs() < 0.02
        assert costs[-1] < 0.02 < costs[0]
    pink, _ = lesson["descend"](L, ab, lesson["mean_hue"], 0.9, apart=lesson["around"])
    found = lesson["mean_hue"](color.join_lightness(L, pink))
    assert lesson["around"](found, 0.9) < 0.03


def test_a_turn_meets_the_hue_and_keeps_the_chroma(lesson):
    _, L, ab = lesson["load"](photos.read_rgb(photos.bundled_photos()[0]), 32)
    pink = lesson["turned"](L, ab, 0.9)
    assert lesson["around"](lesson["mean_hue"](color.join_lightness(L, pink)), 0.9) < 0.005
    assert torch.allclose(pink.norm(dim=1), ab.norm(dim=1), atol=1e-3)


def test_the_dark_pixels_are_pulled_most(lesson):
    _, L, ab = lesson["load"](next(photos.read_rgb(p) for p in photos.bundled_photos() if p.stem == "astronaut"))
    times = lesson["dark_to_bright"](L, lesson["pull"](L, ab, lesson["mean_saturation"], 0.9))
    assert 7 < times < 12
    assert lesson["dark_to_bright"](L, lesson["pull"](L, ab, check.mean_chroma, 1000.0)) < 2


def test_bisection_is_what_colorlib_moves_by(lesson):
    _, L, ab = lesson["load"](photos.read_rgb(photos.bundled_photos()[0]), 48)
    ours, factor = lesson["scaled"](L, ab, 0.5)
    theirs = move(L, ab, {"saturation": torch.tensor([0.5])})
    assert factor > 1
    apart = (color.join_lightness(L, ours) - color.join_lightness(L, theirs)).abs().mean()
    assert apart < 0.01  # black pixels count otherwise


def test_the_circular_mean_is_near_colorlibs(lesson, pictures):
    strong = (pictures.amax(dim=1) - pictures.amin(dim=1)).mean(dim=(1, 2)) > 0.1
    assert strong.sum() >= 5
    apart = lesson["around"](lesson["mean_hue"](pictures), controls.mean_hue(pictures))
    assert apart[strong].median() < 0.02
    reds = torch.tensor([[[1.0, 1.0]], [[0.06, 0.0]], [[0.0, 0.06]]])[None]  # hues 0.01 and 0.99
    assert lesson["around"](lesson["mean_hue"](reds), 0.0) < 0.001
    assert lesson["hue_on_line"](reds).item() == pytest.approx(0.5, abs=0.001)


def test_targets_are_told_as_colorlib_tells_them(lesson):
    gray = torch.zeros(3, 1, 8, 8)
    asked = {"saturation": torch.tensor([0.1, NAN, 0.9]), "hue": torch.tensor([0.6, 0.2, NAN])}
    for some in (asked, {"hue": asked["hue"]}, {}):
        theirs = film.tell(("saturation", "hue"), some, gray)
        assert torch.allclose(lesson["tell"](some, gray), theirs, atol=1e-6)


def test_the_handmade_film_fits_into_the_u_net(lesson, pictures):
    balanced = Colorizer.load("balanced")
    model = dataclasses.replace(balanced.model, conditions=("saturation", "hue"))
    theirs = build_generator(model).film
    channels = [level.norm.num_features for level in balanced.generator.decoder]
    ours = lesson["Film"](channels)
    assert ours.channels == theirs.channels
    ours.load_state_dict(theirs.state_dict())
    asked = {"saturation": torch.tensor([0.3, NAN]), "hue": torch.tensor([NAN, 0.7])}
    gray, _ = LAB.split(pictures[:2])
    for mine, its in zip(ours(asked, gray), theirs(asked, gray), strict=True):
        assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(mine, its, strict=True))
    balanced.generator.film = ours
    told = Colorizer(balanced.generator, model)
    assert not torch.equal(told.predict_ab(pictures[:1], {"saturation": 0.9}), told.predict_ab(pictures[:1]))


def test_a_third_of_the_wishes_is_free(lesson):
    torch.manual_seed(0)
    asked = lesson["wishes"](3000)
    for name, high in (("saturation", 0.8), ("hue", 1.0)):
        assert asked[name].isnan().float().mean().item() == pytest.approx(1 / 3, abs=0.04)
        assert 0.95 * high < asked[name].nan_to_num(0).max() <= high
    assert lesson["wishes"](50, ())["saturation"].isnan().all() and lesson["wishes"](50, ())["hue"].isnan().all()
    assert lesson["wishes"](50, ("saturation",))["saturation"].isfinite().any()
    nothing = {"saturation": torch.full((4,), NAN), "hue": torch.full((4,), NAN)}
    assert lesson["disobedience"](torch.rand(4, 3, 8, 8), nothing) == 0


@pytest.mark.parametrize("name", ["ada", "ben", "cem", "dora"])
def test_only_dora_moves_g_toward_the_target(lesson, pictures, name):
    """The gradient of the term that reaches G, apart from L1's: none for Ada and Ben, of another quantity for Cem."""
    lesson["l1"] = lambda made, true: 0 * made.sum()
    gray, true = LAB.split(pictures[:8])
    G, D = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 1, 4, 4)
    nn.init.normal_(G.weight, std=0.1)
    before = lesson["mean_saturation"](lesson["shown_of"](gray, G(gray))).mean().item()
    adams = [torch.optim.SGD(one.parameters(), lr=2e-4) for one in (G, D)]
    start = G.weight.detach().clone()
    for _ in range(20):
        lesson[name](G, D, *adams, gray, true, 0.9)
    after = lesson["mean_saturation"](lesson["shown_of"](gray, G(gray))).mean().item()
    if name in ("ada", "ben"):
        assert torch.equal(G.weight, start)
    elif name == "dora":
        assert after > before + 0.02
    else:
        assert not torch.equal(G.weight, start)


def test_what_the_text_says_of_listener_was_measured():
    """Its errors, and where it is nearer to the true colors than its rival, as results/controls has them."""
    measured = json.loads((ROOT / "results" / "controls" / "obedience.json").read_text(encoding="utf-8"))["controls"]
    text = NOTEBOOK.read_text(encoding="utf-8")
    for name, words in (("saturation", "off by {:.3f} to {:.3f}"), ("hue", "the hue by {:.1f} to {:.1f} degrees")):
        errors = [row["model"]["error_mean"] for row in measured[name]]
        assert words.format(min(errors), max(errors)) in text
    better = {
        name: [row["model"]["ciede2000"] < row["rival"]["ciede2000"] for row in rows] for name, rows in measured.items()
    }
    assert [row["target"] for row in measured["saturation"]] == [0.1, 0.23, 0.36, 0.49, 0.62, 0.75]
    assert better["saturation"][:2] == [False, False] and all(better["saturation"][3:])
    assert sum(better["hue"]) == 1
    assert all(row["gray"]["ciede2000"] < row["model"]["ciede2000"] for row in measured["saturation"])


def test_drawings_take_what_the_lesson_gives():
    photo, ab = torch.rand(1, 3, 40, 40), 20 * torch.randn(1, 2, 40, 40)
    assert len(drawn.arrows(photo, ab, {"less": ab, "more": -ab}).axes) == 4
    assert len(drawn.strengths({"one": ab, "other": -ab}).axes) == 3
    assert len(drawn.circle(photo, {"line": 0.5, "arrows": 0.1}).axes) == 3
    assert len(drawn.turn(photo, {"before": ab, "after": -ab}).axes) == 2
    assert [axis.get_title() for axis in drawn.terms({"Ada": [(1.0, 2.0), (0.5, 2.0)]} | {"Ben": [(1, 1)]}, "ab").axes]
    words = [text.get_text() for text in drawn.film({"S": 0.5}, (16, 64, 128), 32).axes[0].texts]
    assert {"32 x 32\n16 maps", "8 x 8\n128 maps", "16 x 16\n128 maps", "32 scales\n32 shifts"} <= set(words)
    hue = torch.rand(3, 5), torch.rand(3, 5).where(torch.rand(3, 5) > 0.2, NAN)
    figure = drawn.asked_and_obtained({"hue": hue}, torch.rand(5, 3, 8, 8))
    assert figure.axes[0].get_xlabel() == "hue asked for"
    strip = drawn.asked_strip({"step 1": torch.rand(2, 3, 8, 8), "step 2": torch.rand(2, 3, 8, 8)}, ["S 0.1", "S 0.9"])
    assert [axis.get_title() for axis in strip.axes[:2]] == ["S 0.1", "S 0.9"]
