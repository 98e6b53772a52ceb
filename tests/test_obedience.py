"""Obedience: what was asked for against what was obtained, and that a trick doesn't pass for color."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from colorlib.app.parts import in_range
from colorlib.cli import main
from colorlib.color import rgb_to_lab
from colorlib.compare.sweep import figures_of, sweep_table
from colorlib.controls import CONTROLS, Control, hue_spread
from colorlib.errors import ConfigError
from colorlib.evaluation import evaluate_obedience, obedience
from colorlib.evaluation.obedience import measure_obedience, obtained_by, targets_of
from colorlib.plots.obedience import obedience as draw_obedience
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

    def colorize_batch(self, rgb):
        return obedience.join_lightness(rgb_to_lab(rgb)[:, :1], self.predict_ab(rgb))


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


def test_the_rival_is_the_free_answer_moved_and_the_true_row_the_true_picture_moved(batches):
    """Where the free answer is sepia the rival meets the target, with the one hue of sepia; the true row keeps its."""
    at = measure_obedience(Knowing(sepia=True), batches, ["saturation"])["saturation"][0]
    assert at["rival"]["error_mean"] < 0.02 and at["rival"]["hue_spread"] < 0.5 * at["true"]["hue_spread"]
    assert at["rival"]["ciede2000"] > 2 > 0.5 > at["true"]["ciede2000"]
    spreads = []
    for batch in batches:
        lab, target = rgb_to_lab(batch / 255), {"saturation": torch.full((len(batch),), at["target"])}
        ab = obedience.move(lab[:, :1], lab[:, 1:], target)
        spreads.append(hue_spread(rgb_to_lab(obedience.eight_bits(obedience.join_lightness(lab[:, :1], ab)))[:, 1:]))
    assert at["true"]["hue_spread"] == pytest.approx(torch.cat(spreads).mean().item(), rel=1e-3)


def test_what_is_summed_of_the_pictures_at_one_target():
    error = torch.tensor([0.1, 0.2, 0.3, 0.4, 2.0, math.nan])
    kept = {(row, name): [error] for row in obedience.ROWS for name in ("error", "obtained")}
    for name in ("ciede2000", "hue_spread", "colorfulness"):
        kept |= {(row, name): [torch.ones(6)] for row in obedience.ROWS}
    kept["reachable"] = [torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0])]
    summed = obedience.summed(0.5, kept, CONTROLS["saturation"])
    assert (summed["target"], summed["reachable"], summed["model"]["pictures"]) == (0.5, 0.75, 5)
    numbers = [summed["model"][name] for name in ("error_mean", "error_median", "error_p90", "obtained")]
    assert numbers == pytest.approx([0.6, 0.3, 1.36, 0.6])


def direction(rgb):
    """The angle of the mean color in a and b, in degrees."""
    a, b = rgb_to_lab(rgb)[:, 1:].mean(dim=(2, 3)).unbind(dim=1)
    return torch.remainder(torch.rad2deg(torch.atan2(b, a)), 360)


def test_a_further_control_that_is_an_angle_is_one_entry(batches, monkeypatch):
    """Its range is another one than hue's, and nobody but its entry says that it is an angle."""
    entry = Control(direction, 0.0, 360.0, is_angle=True, way="turn", along="from pink to pink")
    monkeypatch.setitem(CONTROLS, "direction", entry)
    monkeypatch.setattr(Knowing.model, "conditions", ("direction",))
    measured = measure_obedience(Knowing(), batches)
    first, second = measured["direction"]
    assert (first["target"], second["target"]) == (0.0, 180.0)
    for at in (first, second):
        assert at["model"]["error_mean"] < 20 and at["model"]["ciede2000"] < 0.5  # by chance it would be 90 degrees
        assert abs((at["model"]["obtained"] - at["target"] + 180) % 360 - 180) < 20
        assert at["gray"]["pictures"] == 0  # gray has no angle
    assert "error (degrees): mean" in obedience.obedience_table("direction", measured["direction"])
    first["model"]["obtained"] = 355.0
    line = draw_obedience(measured).axes[0].lines[0]
    assert line.get_ydata()[0] == pytest.approx(-5)  # drawn where it is nearest to 0
    assert in_range("direction") == "from pink to pink"
    assert entry.mean(torch.tensor([350.0, 20.0, math.nan])) == pytest.approx(5, abs=1e-3)


def photos_of(batch):
    """What a sweep takes of a data set."""
    return SimpleNamespace(batch=lambda indices: batch[torch.as_tensor(indices)])


def test_a_sweep_measures_the_controls_that_its_rows_name(batches, monkeypatch):
    monkeypatch.setitem(CONTROLS, "direction", Control(direction, 0.0, 360.0, is_angle=True, way="turn"))
    photos, all_of_them = photos_of(batches[0]), np.arange(len(batches[0]))
    figures = figures_of(Knowing(sepia=True), ["direction"], {"direction": 170.0}, photos, all_of_them)
    assert figures["direction"] == pytest.approx(math.degrees(math.atan2(15, 5)), abs=5)
    assert figures["direction_error"] == pytest.approx(170 - figures["direction"], abs=1)
    table = {"dataset": "x", "part": "test", "split_seed": 0, "images": 2, "scale": "class", "weight": 20, "failed": []}
    assert "error of direction (degrees)" in sweep_table(table | {"rows": {"one": figures}})


def test_a_sweep_measured_on_gray_photos_says_what_it_can(batches):
    """No hue, and no ratio to a colorfulness of nothing; it was hours of training until here."""
    gray = batches[0].float().mean(dim=1, keepdim=True).expand(-1, 3, -1, -1).round().byte()
    figures = figures_of(Knowing(), ["saturation", "hue"], {"hue": 0.5}, photos_of(gray), np.arange(len(gray)))
    assert figures["saturation"] == pytest.approx(0, abs=0.01)
    assert all(math.isnan(figures[name]) for name in ("hue", "hue_error", "colorfulness_ratio"))


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
    written = json.loads((tmp_path / "out" / "obedience.json").read_text(), parse_constant=lambda name: 1 / 0)
    assert len(written["controls"]["saturation"]) == 2 and written["part"] == "test"
    assert (tmp_path / "out" / "obedience.png").stat().st_size > 10_000
    assert "| saturation asked for" in (tmp_path / "out" / "obedience.md").read_text()
    for words in (["--json", "x.json"], ["--judge", "judge"], ["--also", "fid"]):
        assert main([*command, *words]) == 2
        assert f"{words[0]} has no effect with --obedience" in capsys.readouterr().err


def test_one_that_listens_to_nothing_has_nothing_to_obey():
    with pytest.raises(ConfigError, match="listens to no control"):
        evaluate_obedience("balanced", dataset="bundled", limit_images=4, progress=False)
