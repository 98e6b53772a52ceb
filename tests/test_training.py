"""The training loop: its formulas, its schedule, its folder, its interruptions."""

import csv
import logging
import signal

import numpy as np
import pytest
import torch

from colorlib import devices, history, losses, training
from colorlib.color import LAB, Prediction
from colorlib.config import Config, ConfigError
from colorlib.data import load_photos
from colorlib.devices import choose_precision
from colorlib.models import build_generator
from colorlib.optimizers import lr_factor
from colorlib.recipes import RECIPES, get
from colorlib.training import Training, fit


@pytest.fixture(scope="module")
def photo_set():
    return load_photos("bundled", size=32, progress=False)


@pytest.fixture
def config(tmp_path):
    return get("unet-l1", "smoke").replace(
        limit_images=64, valid_images=32, epochs=2, checkpoints_path=str(tmp_path / "run"), device="cpu"
    )


def test_losses_are_the_formulas():
    torch.manual_seed(0)
    true, predicted = torch.randn(2, 2, 4, 4), torch.randn(2, 2, 4, 4)
    prediction = Prediction(LAB, torch.zeros(2, 1, 4, 4), true, predicted)
    assert torch.allclose(losses.l1(prediction), torch.nn.functional.l1_loss(predicted, true))
    assert torch.allclose(losses.l2(prediction), torch.nn.functional.mse_loss(predicted, true))


def test_objective_names_and_weights():
    assert [(t.name, t.weight) for t in losses.objective(Config(l1_weight=10, l2_weight=3))] == [("L1", 10), ("L2", 3)]
    assert [t.name for t in losses.objective(Config(l1_weight=0, l2_weight=3))] == ["L2"]


def test_a_step_is_adam_on_the_weighted_loss(config, photo_set):
    """generator_step against the same step written with plain PyTorch."""
    ours = Training(config.replace(precision="fp32"), photo_set, progress=False)
    plain = build_generator(config)
    plain.load_state_dict(ours.generator.state_dict())
    optimizer = torch.optim.Adam(plain.parameters(), lr=config.lr, betas=(0.5, 0.999))
    rgb = photo_set.batch(range(16)).float() / 255
    gray, color = LAB.split(rgb)
    loss = 100 * (plain(gray) - color).abs().mean()
    loss.backward()
    optimizer.step()
    measured = ours.generator_step(rgb)
    assert measured["loss_G"].item() == pytest.approx(loss.item(), rel=1e-5)
    assert measured["loss_G_L1"] == measured["loss_G"]
    for a, b in zip(plain.parameters(), ours.generator.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_fit_learns_and_leaves_its_folder(config, photo_set):
    run = fit(config.replace(epochs=4, limit_images=256), photo_set, progress=False)
    names = {path.name for path in run.folder.iterdir()}
    assert names == {*training.FILES, *training.FOLDERS}
    assert run.history[-1]["loss_G"] < run.history[0]["loss_G"]
    assert Config.load(run.folder / "config.json") == run.config
    with open(run.folder / "history.csv") as file:
        assert [int(row["epoch"]) for row in csv.DictReader(file)] == [1, 2, 3, 4]
    assert history.read_csv(run.folder / "history.csv") == run.history
    best = min(row["valid_mae"] for row in run.history)
    validated = Training(run.config, photo_set, progress=False)
    validated.generator = run.colorizer("best").generator
    assert validated.validate()["mae"] == pytest.approx(best, rel=1e-4)


def test_the_same_seed_gives_the_same_weights(config, photo_set, tmp_path):
    runs = [fit(config.replace(checkpoints_path=str(tmp_path / n)), photo_set, progress=False) for n in "ab"]
    other = fit(config.replace(checkpoints_path=str(tmp_path / "c"), seed=9), photo_set, progress=False)
    a, b, c = (run.colorizer("last").generator.state_dict() for run in (*runs, other))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not all(torch.equal(a[name], c[name]) for name in a)


def test_a_run_is_not_overwritten_by_accident(config, photo_set):
    fit(config.replace(max_steps=1), photo_set, progress=False)
    with pytest.raises(ConfigError, match="holds a training already"):
        fit(config, photo_set, progress=False)
    assert len(fit(config.replace(max_steps=3), photo_set, overwrite=True, progress=False).history) == 2


def test_overwriting_leaves_nothing_of_the_old_run(config, photo_set):
    fit(config.replace(epochs=3), photo_set, progress=False)
    run = fit(config.replace(epochs=1), photo_set, overwrite=True, progress=False)
    assert {path.name for path in (run.folder / "strips").iterdir()} == {"0001.png", "true.png"}


def test_interruption_leaves_a_usable_colorizer(config, photo_set, monkeypatch):
    real = Training.generator_step

    def interrupted(self, rgb):
        signal.raise_signal(signal.SIGINT)  # Ctrl-C in the middle of a step
        return real(self, rgb)

    monkeypatch.setattr(Training, "generator_step", interrupted)
    run = fit(config, photo_set, progress=False)
    assert run.interrupted and not run.history
    assert run.colorizer().colorize(np.zeros((20, 30), np.uint8)).size == (30, 20)


def test_max_steps(config, photo_set):
    assert fit(config.replace(max_steps=3), photo_set, progress=False).history[-1]["step"] == 3


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp64"])
@pytest.mark.parametrize("space", ["lab", "lab_unit", "lab_3", "yuv"])
def test_every_precision_and_color_space_trains(config, photo_set, precision, space):
    run = fit(config.replace(precision=precision, color_space=space, max_steps=1), photo_set, progress=False)
    assert np.isfinite(list(run.history[0].values())).all()


def test_auto_precision(monkeypatch):
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    monkeypatch.setattr(devices, "has_native_bfloat16", lambda device: True)
    assert choose_precision("auto", cpu) == choose_precision("auto", gpu) == "bf16"
    monkeypatch.setattr(devices, "has_native_bfloat16", lambda device: False)
    assert choose_precision("auto", cpu) == "fp32" and choose_precision("auto", gpu) == "fp16"
    assert choose_precision("fp64", gpu) == "fp64"


def test_learning_rate_schedules():
    decay = Config(lr=3e-4, lr_decay_steps=1e4)  # source 000
    assert lr_factor(decay, 0, 0) == 1
    assert lr_factor(decay, 10_000, 0) == pytest.approx(0.1)
    assert 3e-4 * lr_factor(decay, 10**6, 0) == pytest.approx(1e-6)
    assert lr_factor(Config(lr_schedule="constant", lr=1e-3), 500, 1000) == 1
    cycle = [lr_factor(Config(lr_schedule="onecycle", lr=1e-3), step, 100) for step in range(100)]
    assert max(cycle) == pytest.approx(1) and cycle.index(max(cycle)) == 30
    assert cycle[0] < 0.1 and cycle[-1] < 0.01
    assert lr_factor(Config(lr_schedule="plateau"), 7, 100, plateaus=2) == pytest.approx(0.01)


def test_gray_photos_are_left_out(config, photo_set):
    with_gray = Training(config.replace(skip_gray=False, limit_images=None), photo_set, progress=False)
    without = Training(config.replace(limit_images=None), photo_set, progress=False)
    assert photo_set.gray[with_gray.train_indices].any() and not photo_set.gray[without.train_indices].any()


def test_too_few_photos_to_validate(config, tmp_path, caplog):
    pictures = np.random.default_rng(0).integers(0, 255, (1, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "one.npz", images=pictures)
    with caplog.at_level(logging.WARNING, logger="colorlib"):
        run = fit(config.replace(dataset=str(tmp_path / "one.npz"), max_steps=1), progress=False)
    assert "too few photos" in caplog.text and len(run.history) == 1


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"image_size": 30}, "multiple of 8"),
        ({"lr": 0}, "--lr"),
        ({"l1_weight": 0}, "l2-weight"),
        ({"precision": "fp8"}, "one of auto"),
        ({"widths": (4,)}, "--widths"),
        ({"max_steps": 0}, "--max-steps"),
    ],
)
def test_bad_settings_are_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        Config(**changes)


def test_bad_device_is_named():
    with pytest.raises(ConfigError, match="--device toaster"):
        devices.choose_device("toaster")


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("scale", ["smoke", "class", "full"])
def test_every_recipe_is_a_configuration(name, scale):
    build_generator(get(name, scale))


def test_unknown_recipes_are_named():
    with pytest.raises(ConfigError, match="no recipe 'x'"):
        get("x")
