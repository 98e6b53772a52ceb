"""Obedience: what was asked for against what was obtained, and that a trick doesn't pass for color."""

import json
import math

import numpy as np
import pytest
import torch

from colorlib.cli import main
from colorlib.color import rgb_to_lab
from colorlib.controls import CONTROLS, hue_spread
from colorlib.errors import ConfigError
from colorlib.evaluation import evaluate_obedience, obedience
from colorlib.evaluation.obedience import measure_obedience, obtained_by, targets_of
from colorlib.recipes import get
from colorlib.training.stages import fit


class Knowing:
    """A colorizer that knows the true colors, and moves them to what it is told, or paints everything sepia."""

    device = torch.device("cpu")

    class model:
        conditions = ("saturation", "hue")

    def __init__(self, sepia=False):
        self.sepia = sepia

    def predict_ab(self, rgb, targets=None):
        lab = rgb_to_lab(rgb)
        lightness, ab = lab[:, :1], lab[:, 1:]
        if self.sepia:
            ab = torch.tensor([5.0, 15.0]).view(1, 2, 1, 1).expand_as(ab).contiguous()
        asked = {name: torch.full((len(rgb),), target) for name, target in (targets or {}).items()}
        return obedience.move(lightness, ab, asked) if asked else ab


@pytest.fixture(scope="module")
def batches(photo_set):
    colored = np.flatnonzero(~photo_set.gray)
    return [photo_set.batch(colored[::60][:12]), photo_set.batch(colored[30::60][:12])]


@pytest.fixture(autouse=True)
def few_targets(monkeypatch):
    monkeypatch.setattr(obedience, "TARGETS", 2)
    monkeypatch.setattr(obedience, "HUES", 2)


def test_one_that_knows_the_colors_obeys_and_is_right(batches):
    measured = measure_obedience(Knowing(), batches)
    assert [at["target"] for at in measured["saturation"]] == [0.1, 0.75]
    assert [at["target"] for at in measured["hue"]] == [0.0, 0.5]
    for name, error in (("saturation", 0.01), ("hue", 8.0)):
        at = measured[name][0]
        assert at["model"]["error_mean"] < error and at["model"]["pictures"] <= 24
        assert at["model"]["ciede2000"] < 0.5 < 1 < at["gray"]["ciede2000"]
        assert at["model"]["hue_spread"] == pytest.approx(at["true"]["hue_spread"], abs=0.01)
    assert measured["saturation"][0]["reachable"] >= measured["saturation"][1]["reachable"] > 0
    assert measured["saturation"][0]["gray"]["obtained"] == pytest.approx(0, abs=0.01)
    assert measured["hue"][0]["gray"]["pictures"] == 0 and math.isnan(measured["hue"][0]["gray"]["obtained"])


def test_a_trick_obeys_and_is_found_out(batches):
    sepia, knowing = (
        measure_obedience(one, batches, ["saturation"])["saturation"][0] for one in (Knowing(True), Knowing())
    )
    assert sepia["model"]["error_mean"] < 0.02
    assert sepia["model"]["hue_spread"] < 0.5 * knowing["model"]["hue_spread"]
    assert sepia["model"]["ciede2000"] > knowing["model"]["ciede2000"] + 2


def test_hue_is_that_of_the_colored_pixels():
    red_on_blueish = torch.full((1, 3, 4, 4), 0.5)
    red_on_blueish[:, 2] = 0.52  # a chroma below ten, which is most of the picture
    red_on_blueish[:, :, 0, 0] = torch.tensor([1.0, 0.0, 0.0]).view(1, 3)
    assert obtained_by(red_on_blueish, "hue").item() == pytest.approx(0, abs=1e-4)
    assert obtained_by(torch.full((1, 3, 4, 4), 0.5), "hue").isnan().all()


def test_the_spread_of_hues():
    def picture(*colors):
        return torch.tensor(colors).T.reshape(1, 2, 1, -1)

    spread = [hue_spread(ab).item() for ab in (picture((30.0, 0.0), (60.0, 0.0)), picture((40.0, 0.0), (-40.0, 0.0)))]
    assert spread[0] == pytest.approx(0, abs=1e-5) and spread[1] == pytest.approx(40 / 41)
    square = picture((40.0, 0.0), (0.0, 40.0))
    assert hue_spread(square).item() == pytest.approx((40 - math.hypot(20, 20)) / 41)
    assert hue_spread(torch.zeros(1, 2, 4, 4)).item() == 0


@pytest.mark.parametrize("name", CONTROLS)
def test_targets_lie_in_the_range(name):
    control = CONTROLS[name]
    targets = targets_of(control)
    assert targets == sorted(set(targets)) and control.low <= targets[0] and targets[-1] <= control.high


@pytest.fixture(scope="module")
def listener(photo_set, tmp_path_factory):
    (config,) = get("unet-l1", "smoke")
    settings = {"conditions": ("saturation",), "loss": {"l1": 5.0, "asked": 20.0}, "limit_images": 64, "epochs": 1}
    place = {"checkpoints_path": str(tmp_path_factory.mktemp("listener") / "run"), "device": "cpu", "precision": "fp32"}
    return fit(config.replace(**settings, **place, valid_images=16), photo_set, progress=False).folder


def test_on_the_command_line(listener, tmp_path, capsys):
    command = ["evaluate", str(listener), "--limit-images", "8", "--obedience", str(tmp_path / "out")]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "8 pictures of 32x32" in said and "saturation asked for" in said
    written = json.loads((tmp_path / "out" / "obedience.json").read_text())
    assert len(written["controls"]["saturation"]) == 2 and written["part"] == "test"
    assert (tmp_path / "out" / "obedience.png").stat().st_size > 10_000
    assert "| saturation asked for" in (tmp_path / "out" / "obedience.md").read_text()
    assert main([*command, "--json", "x.json"]) == 2
    assert "no effect with --obedience" in capsys.readouterr().err


def test_one_that_listens_to_nothing_has_nothing_to_obey():
    with pytest.raises(ConfigError, match="listens to no control"):
        evaluate_obedience("balanced", dataset="bundled", limit_images=4, progress=False)
