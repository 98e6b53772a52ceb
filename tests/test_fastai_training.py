"""Training by fastai's Learner: the same books as our own loop's, and a recipe of two stages from end to end."""

import math
import shutil
import signal

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from colorlib import evaluate, fit
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.errors import ConfigError, TrainingError
from colorlib.model import Model
from colorlib.recipes import get
from colorlib.training.choices import change
from colorlib.training.fastai_training import FastaiTraining
from colorlib.training.plan import plan

SMALL = Config(
    Model(widths=(8, 16)),
    trainer="fastai",
    lr_schedule="onecycle",
    limit_images=256,
    valid_images=32,
    batch_size=32,
    epochs=3,
    lr=1e-2,
)


def weights(folder):
    return load_file(folder / "model.safetensors")


def test_a_learner_fills_the_folder_as_our_loop_does_and_learns(photo_set, tmp_path):
    config = SMALL.replace(checkpoints_path=str(tmp_path / "run"), ema=0.9)
    run = fit(config, photo_set, progress=False)
    assert [row["step"] for row in run.history] == [8, 16, 24]
    assert run.history[-1]["loss_G_L1"] < run.history[0]["loss_G_L1"]
    assert run.history[-1]["lr"] < 1e-3 < run.history[0]["lr"] <= 1e-2  # one cycle ends near zero
    names = {path.name for path in run.folder.iterdir()}
    assert {"config.json", "history.csv", "timing.csv", "best", "last", "strips", "preview.png", "state.pt"} <= names
    assert Colorizer.load(run.folder).colorize(Image.new("L", (50, 40))).size == (50, 40)


@pytest.fixture(scope="module")
def whole(photo_set, tmp_path_factory):
    return fit(SMALL.replace(checkpoints_path=str(tmp_path_factory.mktemp("whole"))), photo_set, progress=False)


@pytest.mark.parametrize("step", [4, 7, 11, 15])  # of 8 an epoch, from 0: the last one, too
def test_ctrl_c_and_resumed_is_bit_equal(step, whole, photo_set, tmp_path, monkeypatch):
    real, parts = FastaiTraining.loss, SMALL.replace(checkpoints_path=str(tmp_path / "parts"))

    def interrupted(self, output, color):
        if self.progress.step == step and output.requires_grad:
            signal.raise_signal(signal.SIGINT)
        return real(self, output, color)

    monkeypatch.setattr(FastaiTraining, "loss", interrupted)
    assert fit(parts, photo_set, progress=False).interrupted
    monkeypatch.setattr(FastaiTraining, "loss", real)
    resumed = fit(parts, photo_set, resume=True, progress=False)
    assert not resumed.interrupted
    first, second = weights(whole.folder / "last"), weights(resumed.folder / "last")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (whole.folder / "history.csv").read_bytes() == (resumed.folder / "history.csv").read_bytes()


def test_pictures_are_validated_once_by_our_metrics(photo_set, tmp_path, monkeypatch, capsys):
    """Shown: the Learner's table then has a line for each epoch, and nothing that wasn't measured."""
    calls, real = [], FastaiTraining.loss
    monkeypatch.setattr(FastaiTraining, "loss", lambda *given: calls.append(given[1].requires_grad) or real(*given))
    run = fit(SMALL.replace(checkpoints_path=str(tmp_path / "run"), epochs=1), photo_set)
    assert calls == [True] * 8 and math.isfinite(run.history[0]["valid_mae"])
    assert "None" not in capsys.readouterr().out


def test_the_scale_of_half_precision_is_kept_when_a_training_goes_on(photo_set, tmp_path, monkeypatch):
    """A scaler that doubles its scale after each step, on the processor, whose numbers it changes by nothing."""
    real, scalers = Engine.__init__, []

    def scaled(self, *arguments):
        real(self, *arguments)
        self.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=1)
        scalers.append(self.accelerator.scaler)

    config = SMALL.replace(checkpoints_path=str(tmp_path / "plain"), lr=1e-3, device="cpu")
    plain = fit(config.replace(precision="fp32", epochs=2), photo_set, progress=False)
    monkeypatch.setattr(Engine, "__init__", scaled)
    config = config.replace(checkpoints_path=str(tmp_path / "scaled"), precision="fp32", epochs=2)
    interrupted, loss = iter(range(100)), FastaiTraining.loss

    def stopped(self, output, color):
        if next(interrupted) == 7:
            self.request_stop()
        return loss(self, output, color)

    monkeypatch.setattr(FastaiTraining, "loss", stopped)
    fit(config, photo_set, progress=False)
    assert scalers[0].get_scale() == 4 * 2**8
    run = fit(config, photo_set, resume=True, progress=False)
    assert scalers[1].get_scale() == 4 * 2**16
    first, second = weights(plain.folder / "last"), weights(run.folder / "last")
    assert all(torch.allclose(first[name].float(), second[name].float(), atol=1e-4) for name in first)


def test_the_one_cycle_moves_learning_rate_and_momentum_of_each_group(photo_set, tmp_path, monkeypatch):
    seen, real = [], FastaiTraining.loss

    def watched(self, output, color):
        if output.requires_grad:
            seen.append([(group["lr"], group["betas"][0]) for group in self.system.optimizer.param_groups])
        return real(self, output, color)

    monkeypatch.setattr(FastaiTraining, "loss", watched)
    config = SMALL.replace(model=Model(generator="resnet18"), encoder_lr=0.1, limit_images=64, batch_size=16, epochs=2)
    fit(config.replace(checkpoints_path=str(tmp_path / "run")), photo_set, progress=False)
    rates, moms = zip(*(step[0] for step in seen), strict=True)
    assert len(seen) == 8 and max(rates) == pytest.approx(1e-2) and rates.index(max(rates)) == 2  # a quarter of 8
    assert moms[0] == 0.95 and moms[2] == pytest.approx(0.85) and rates[0] == pytest.approx(1e-2 / 25)
    assert all(step[1][0] == pytest.approx(0.1 * step[0][0]) for step in seen)  # the encoder's
    shutil.rmtree(tmp_path)  # half a gigabyte


def test_a_loss_that_is_not_finite_is_one_line_of_ours(photo_set, tmp_path):
    config = SMALL.replace(checkpoints_path=str(tmp_path / "run"), lr=1e35)
    with pytest.raises(TrainingError, match=r"^\S.* is not finite by step \d+; try a lower --lr") as said:
        fit(config, photo_set, progress=False)
    assert "\n" not in str(said.value) and "Recording" not in str(said.value)


def test_several_processes_are_refused_before_a_run_is_removed(photo_set, tmp_path, monkeypatch):
    config = SMALL.replace(checkpoints_path=str(tmp_path / "run"), epochs=1)
    fit(config, photo_set, progress=False)
    kept = sorted(path.name for path in (tmp_path / "run").iterdir())
    real = Engine.__init__

    def two(self, *arguments):
        real(self, *arguments)
        self.processes = 2

    monkeypatch.setattr(Engine, "__init__", two)
    with pytest.raises(ConfigError, match="--trainer fastai trains in one process"):
        fit(config, photo_set, progress=False, overwrite=True)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == kept


def test_what_a_learner_cannot_do_is_refused(photo_set, tmp_path):
    for changes, words in (
        ({"lr_schedule": "constant"}, "--trainer fastai has no effect with --lr-schedule constant"),
        ({"optimizer": "rmsprop"}, "--trainer fastai has no effect with --optimizer rmsprop"),
        ({"max_steps": 3}, "--max-steps 3 has no effect with --trainer fastai"),
        ({"patience": 1}, "--patience 1 has no effect with --trainer fastai"),
        (
            {"system": "gan", "loss": {"l1": 1.0, "adversarial": 1.0}},
            "--trainer fastai has no effect with --system gan",
        ),
        ({"conditions": ("hue",)}, "--conditions .* has no effect with --trainer fastai"),
    ):
        with pytest.raises(ConfigError, match=words):
            plan([SMALL.replace(checkpoints_path=str(tmp_path / "run"), **changes)])
    assert not (tmp_path / "run").exists()


def test_the_recipe_of_two_stages_ends_in_a_colorizer(tmp_path):
    """Build, one epoch of a Learner, save; the GAN from there; load, colorize, evaluate. With the newest fastai."""
    stages = change(get("coco-7", "smoke"), {"encoder_weights": "none", "checkpoints_path": str(tmp_path / "run")})
    assert [stage.trainer for stage in stages] == ["fastai", "colorlib"]
    assert [stage.encoder_weights for stage in stages] == ["none", "none"]
    run = fit(stages, progress=False)
    before, after = weights(run.folder / "stage-1" / "best"), weights(run.folder / "best")
    moved = [(after[name] - before[name]).abs().max() for name in after if name.endswith("conv1.weight")]
    assert 0 < max(moved) < 0.1  # it began where the first stage had ended
    assert "loss_G_GAN" in run.history[0] and math.isfinite(run.history[0]["valid_mae"])
    Colorizer.load(run.folder).colorize(Image.new("L", (61, 43), 128))
    result = evaluate(run.folder, limit_images=16, progress=False)
    assert result["image_size"] == 32 and result["model"]["mae"] > 0
    shutil.rmtree(tmp_path)  # more than a gigabyte
