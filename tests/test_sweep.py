"""The sweep over the document's targets: one training each, the table, the grid."""

import json

import pytest
import torch

from colorlib.cli import main
from colorlib.color import rgb_to_lab
from colorlib.compare import sweep as sweeping
from colorlib.compare.sweep import SWEEPS, row_for, stages_of, sweep, to_the_moved
from colorlib.errors import ConfigError, DataError

TINY = {"limit_images": 32, "valid_images": 8, "epochs": 1, "device": "cpu", "precision": "fp32"}


def test_the_documents_rows():
    rows = SWEEPS["controlled"]
    assert [row.label for row in rows[:2]] == ["U-Net", "GAN"] and len(rows) == 12
    assert [row.targets["saturation"] for row in rows[2:7]] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert [row.targets["hue"] for row in rows[7:11]] == [0.0, 0.25, 0.6, 0.85]
    assert rows[11].targets == {"saturation": 0.75, "hue": 0.6}


def test_a_row_is_the_recipe_with_its_targets(tmp_path):
    (stage,) = stages_of(row_for(saturation=0.75, hue=0.6), tmp_path, "smoke", TINY)
    assert stage.system == "gan" and stage.loss["l1"] == 100.0
    assert stage.loss["saturation"] == {"weight": 20.0, "target": 0.75} and stage.loss["hue"]["target"] == 0.6
    assert stage.checkpoints_path == str(tmp_path / "saturation-0.75-hue-0.6") and stage.limit_images == 32
    (unet,) = stages_of(SWEEPS["controlled"][0], tmp_path, "smoke", TINY | {"discriminator_lr": 1e-4})
    assert unet.discriminator_lr is None  # which has none


def test_it_trains_measures_and_goes_on(tmp_path, monkeypatch, capsys):
    rows = (SWEEPS["controlled"][0], row_for(saturation=0.0))
    monkeypatch.setitem(sweeping.SWEEPS, "controlled", rows)
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in TINY.items()]
    command = ["sweep", "controlled", "--scale", "smoke", "--output", str(tmp_path), "--test-images", "12", *flags]
    assert main(command) == 0
    table = json.loads((tmp_path / "table.json").read_text())
    assert set(table["rows"]) == {"U-Net", "saturation 0"} and table["images"] == 12
    asked = table["rows"]["saturation 0"]
    assert asked["saturation_error"] == pytest.approx(asked["saturation"]) and "hue_error" not in asked
    assert asked["ciede2000_moved"] < asked["ciede2000"] and "rival_hue_spread" not in asked  # no GAN was told nothing
    assert "saturation_error" not in table["rows"]["U-Net"]
    assert "| saturation 0 " in (tmp_path / "table.md").read_text()
    assert (tmp_path / "pictures.png").stat().st_size > 5_000
    weights = tmp_path / "U-Net" / "last" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    assert main(command) == 0 and weights.stat().st_mtime_ns == before  # nothing is trained twice
    capsys.readouterr()
    assert main([*command, "--splits", "98"]) == 2


def test_the_weights_rows_weigh_and_look_at_what_they_say(tmp_path):
    rows = SWEEPS["weights"]
    stages = [stages_of(row, tmp_path, "smoke", TINY)[0] for row in rows]
    assert [stage.loss.get("saturation", {}).get("weight") for stage in stages] == [None, 1, 5, 20, 100, 1, 5, 20, 100]
    assert [stage.compare_with for stage in stages] == ["true"] * 5 + ["moved"] * 4
    assert len({stage.checkpoints_path for stage in stages}) == 9


def test_the_rival_is_moved_to_the_target():
    """Gray stays gray for a saturation of 0; a colorizer that paints the true colors is its own moved picture."""

    class Knowing:
        def predict_ab(self, rgb):
            return rgb_to_lab(rgb)[:, 1:]

    true = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    values = to_the_moved(true, true, {"saturation": 0.2}, Knowing())
    assert values["rival_ciede2000_moved"].max() < 0.5 < values["ciede2000_moved"].max()
    gone = to_the_moved(true, true, {"saturation": 0.0}, Knowing())
    assert gone["rival_hue_spread"].max() < 0.05 < gone["hue_spread"].max()


def test_one_that_fails_is_named_and_the_rest_go_on(tmp_path, monkeypatch):
    monkeypatch.setitem(sweeping.SWEEPS, "controlled", (SWEEPS["controlled"][0], row_for(saturation=0.0)))
    (tmp_path / "saturation-0").mkdir()
    (tmp_path / "saturation-0" / "config.json").write_text("{}")
    table, stopped = sweep("controlled", tmp_path, "smoke", TINY, test_images=4, say=lambda line: None, progress=False)
    assert not stopped and set(table["rows"]) == {"U-Net"}
    assert [one["row"] for one in table["failed"]] == ["saturation 0"]
    assert "failed: saturation 0" in (tmp_path / "table.md").read_text()


def test_what_cannot_be_measured_is_not_trained(tmp_path):
    with pytest.raises(DataError, match="none is of the part test to measure on; give other --splits"):
        sweep("controlled", tmp_path / "out", "smoke", TINY | {"splits": "90/10/0"}, say=print, progress=False)
    assert not (tmp_path / "out").exists()


def test_a_setting_without_effect_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--rmsprop-decay has no effect in any of U-Net, GAN"):
        sweep("controlled", tmp_path / "out", "smoke", TINY | {"rmsprop_decay": 0.5})
    assert not (tmp_path / "out").exists()
