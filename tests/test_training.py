"""The training loop: its formulas, its schedule, its folder, its interruptions."""

import csv
import logging
import math
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from made_photos import make_photos
from safetensors.torch import load_file

from colorlib import history
from colorlib.cli import main
from colorlib.color.spaces import LAB
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.data import load_photos
from colorlib.engine import Engine
from colorlib.errors import ConfigError, DataError, TrainingError
from colorlib.evaluation import evaluate
from colorlib.model import Model
from colorlib.models import GENERATORS, build_generator
from colorlib.models.generator import Generator
from colorlib.models.unet import UNet
from colorlib.photos import bundled_photos
from colorlib.recipes import get
from colorlib.systems import SYSTEMS, build_system
from colorlib.systems.gan import GAN
from colorlib.systems.optimizers import learning_rate
from colorlib.systems.supervised import Supervised
from colorlib.systems.system import Parts, System
from colorlib.training import Training, run_folder
from colorlib.training.checkpoints import load_state, save_state
from colorlib.training.choices import change
from colorlib.training.progress import BestEpoch, Progress
from colorlib.training.run_folder import load_stages
from colorlib.training.runs import Run
from colorlib.training.stages import begin_or_resume, fit


@pytest.fixture
def config(tmp_path):
    (config,) = get("unet-l1", "smoke")
    return config.replace(
        limit_images=64, valid_images=32, epochs=2, checkpoints_path=str(tmp_path / "run"), device="cpu"
    )


def test_a_step_is_adam_on_the_weighted_loss(config, photo_set):
    """The system's step against the same step written with plain PyTorch."""
    ours = Supervised(config, Engine("cpu", "fp32"))
    plain = build_generator(config.model)
    plain.load_state_dict(ours.generator.state_dict())
    optimizer = torch.optim.Adam(plain.parameters(), lr=config.lr, betas=(0.5, 0.999))
    rgb = photo_set.batch(range(16)).float() / 255
    gray, color = LAB.split(rgb)
    loss = 100 * (plain(gray) - color).abs().mean()
    loss.backward()
    optimizer.step()
    measured = ours.step(rgb)
    assert measured["loss_G"].item() == pytest.approx(loss.item(), rel=1e-5)
    assert measured["loss_G_L1"] == measured["loss_G"]
    for a, b in zip(plain.parameters(), ours.generator.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_fit_learns_and_leaves_its_folder(config, photo_set, begin):
    run = fit(config.replace(epochs=4, limit_images=256), photo_set, progress=False)
    names = {path.name for path in run.folder.iterdir()}
    assert names == set(run_folder.LEFT)
    assert run.history[-1]["loss_G"] < run.history[0]["loss_G"]
    assert Config.load(run.folder / "config.json") == run.config
    with open(run.folder / "history.csv") as file:
        assert [int(row["epoch"]) for row in csv.DictReader(file)] == [1, 2, 3, 4]
    assert history.read_csv(run.folder / "history.csv") == run.history
    best = min(row["valid_mae"] for row in run.history)
    validated = begin(run.config)
    validated.system.generator = run.colorizer("best").generator
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
    real = Supervised.step

    def interrupted(self, rgb):
        signal.raise_signal(signal.SIGINT)  # Ctrl-C in the middle of a step
        return real(self, rgb)

    monkeypatch.setattr(Supervised, "step", interrupted)
    run = fit(config, photo_set, progress=False)
    assert run.interrupted and not run.history
    assert run.colorizer().colorize(np.zeros((20, 30), np.uint8)).size == (30, 20)


def test_a_cut_off_epoch_is_not_the_last(config, photo_set):
    """With --monitor last, best/ is the newest epoch: the whole one, where a longer training has finished it."""
    config = config.replace(monitor="last", epochs=1, patience=None)
    run = fit(config.replace(max_steps=1), photo_set, progress=False)
    cut_off = to_color(run.folder / "best" / "model.safetensors")
    run = fit(config.replace(max_steps=None), photo_set, resume=True, progress=False)
    best, last = (to_color(run.folder / name / "model.safetensors") for name in ("best", "last"))
    assert torch.equal(best, last) and not torch.equal(best, cut_off)


def test_an_epoch_that_max_steps_cut_off_is_known_to_be_the_best(config, photo_set, monkeypatch):
    """A longer training forgets its row, and must not put a worse colorizer in its place."""
    maes = iter([1.0, 3.0, 2.0])
    metrics = {"mae_percent": 4.0, "psnr_pooled": 20.0, "colorfulness": 1.0, "colorfulness_ratio": 1.0}
    monkeypatch.setattr(Training, "validate", lambda self: {"mae": next(maes), **metrics})
    config = config.replace(monitor="mae", epochs=2, patience=None)
    run = fit(config.replace(max_steps=1), photo_set, progress=False)
    best = to_color(run.folder / "best" / "model.safetensors")
    run = fit(config.replace(max_steps=None), photo_set, resume=True, progress=False)
    assert [row["valid_mae"] for row in run.history] == [3.0, 2.0]
    assert torch.equal(best, to_color(run.folder / "best" / "model.safetensors"))


def test_max_steps(config, photo_set):
    assert fit(config.replace(max_steps=3), photo_set, progress=False).history[-1]["step"] == 3


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp64"])
@pytest.mark.parametrize("space", ["lab", "lab_unit", "lab_3", "yuv"])
def test_every_precision_and_color_space_trains(config, photo_set, precision, space):
    run = fit(config.replace(precision=precision, color_space=space, max_steps=1), photo_set, progress=False)
    assert np.isfinite(list(run.history[0].values())).all()


def test_learning_rate_schedules():
    decay = Config(lr_decay_steps=1e4)  # of *controlled*
    assert learning_rate(decay, 3e-4, 0, 0) == 3e-4
    assert learning_rate(decay, 3e-4, 10_000, 0) == pytest.approx(3e-5)
    assert learning_rate(decay, 3e-4, 10**6, 0) == 1e-6
    assert learning_rate(decay, 2e-7, 10**6, 0) == 2e-7  # below the floor from the start, and kept
    assert learning_rate(Config(lr_schedule="constant"), 1e-3, 500, 1000) == 1e-3
    one = Config(lr_schedule="onecycle")
    cycle = [learning_rate(one, 2.0, step, 100) for step in range(100)]
    assert max(cycle) == pytest.approx(2) and cycle.index(max(cycle)) == 30
    assert cycle[0] == pytest.approx(0.08) and cycle[-1] < 0.02
    up, down = (1 - math.cos(math.pi / 2)) / 2, (1 + math.cos(math.pi / 7)) / 2  # half a cosine each way
    assert cycle[15] == pytest.approx(2 * (0.04 + 0.96 * up)) and cycle[40] == pytest.approx(2 * down, rel=1e-3)
    plateau = Config(lr_schedule="plateau", lr_floor=1e-4)
    assert learning_rate(plateau, 0.1, 7, 100, plateaus=2) == pytest.approx(1e-3)
    assert learning_rate(plateau, 0.1, 7, 100, plateaus=9) == 1e-4


def test_each_optimizer_has_the_schedule_of_its_own_learning_rate(begin, tmp_path):
    (config,) = get("controlled", "smoke")
    settings = {"lr_schedule": "decay", "lr_decay_steps": 1.0, "lr_floor": 1e-5, "lr": 1e-3, "discriminator_lr": 1e-6}
    training = begin(config.replace(limit_images=64, checkpoints_path=str(tmp_path), **settings))
    rates = []
    for training.progress.step in (0, 1, 9):
        training.run_step(training.photo_set.batch(range(4)))
        system = training.system
        rates.append([o.param_groups[0]["lr"] for o in (system.optimizer, system.discriminator_optimizer)])
    assert rates == [pytest.approx(pair) for pair in ([1e-3, 1e-6], [1e-4, 1e-6], [1e-5, 1e-6])]


def test_augmentation_reaches_the_step(config, photo_set, begin):
    """With it the system sees other pictures than the loader gave, and others in each step; without it the same."""
    batch = photo_set.batch(range(16))
    for augmented in (True, False):
        training, seen = begin(config.replace(augment=augmented)), []
        training.system.step = lambda rgb, seen=seen: seen.append(rgb) or {}
        for training.progress.step in (0, 1):
            training.run_step(batch)
        assert torch.equal(seen[0], batch / 255) != augmented
        assert torch.equal(seen[0], seen[1]) != augmented


def test_parts_follow_from_the_split_seed_not_from_the_training_seed(config, begin):
    def parts(**changes):
        training = begin(config.replace(limit_images=None, **changes))
        return set(training.train_indices), set(training.valid_indices)

    assert parts(seed=1) == parts(seed=2)
    assert parts(split_seed=1) != parts(split_seed=2)


def test_gray_photos_are_left_out(config, photo_set, begin):
    with_gray = begin(config.replace(skip_gray=False, limit_images=None))
    without = begin(config.replace(limit_images=None))
    assert photo_set.gray[with_gray.train_indices].any() and not photo_set.gray[without.train_indices].any()


def npz_of(tmp_path, count):
    pictures = np.random.default_rng(0).integers(0, 255, (count, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", images=pictures)
    return str(tmp_path / "few.npz")


def test_too_few_photos_to_validate(config, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="colorlib"):
        run = fit(config.replace(dataset=npz_of(tmp_path, 3), splits="100/0", max_steps=1), progress=False)
    assert "too few photos" in caplog.text and len(run.history) == 1


def test_one_photo_is_too_few_to_train_on(config, tmp_path):
    with pytest.raises(DataError, match="1 colored photos to train on"):
        fit(config.replace(dataset=npz_of(tmp_path, 1), splits="100/0"), progress=False)
    assert not (tmp_path / "run").exists()


def to_color(file):
    """The weights of the last layer, out of a state.pt or a colorizer's folder."""
    if file.suffix == ".pt":
        return torch.load(file)["parts"]["generator"]["to_color.weight"]
    return load_file(file)["to_color.weight"]


@pytest.fixture
def two_stages(config, tmp_path):
    """Supervised, then a GAN that learns next to nothing, so that its weights are those it started from."""
    (gan,) = get("controlled", "smoke")
    gan = gan.replace(limit_images=64, valid_images=32, max_steps=1, lr=1e-9, lr_schedule="constant")
    return config.replace(epochs=3, monitor="mae"), gan.replace(checkpoints_path=str(tmp_path / "run"))


def test_stages_are_trained_one_after_the_other(two_stages, photo_set, monkeypatch):
    """The second starts from the weights of the first's best epoch; the run's folder is the last one's."""
    maes = iter([5.0, 4.0, 6.0, 1.0])  # the second epoch is the first stage's best
    metrics = {"mae_percent": 4.0, "psnr_pooled": 20.0, "colorfulness": 1.0, "colorfulness_ratio": 1.0}
    monkeypatch.setattr(Training, "validate", lambda self: {"mae": next(maes), **metrics})
    run = fit(two_stages, photo_set, progress=False)
    assert run.folder.name == "run" and "loss_G_GAN" in run.history[0]
    best, last = (to_color(run.folder / "stage-1" / name / "model.safetensors") for name in ("best", "last"))
    second = to_color(run.folder / "state.pt")
    assert torch.allclose(best, second, atol=1e-6) and not torch.allclose(last, second, atol=1e-6)
    longer = tuple(stage.replace(epochs=5, max_steps=None) for stage in two_stages)
    monkeypatch.setattr(Training, "validate", lambda self: {"mae": 1.0, **metrics})
    again = fit(longer, photo_set, resume=True, progress=False)
    assert len(again.history) == 5 and len(Run.load(run.folder / "stage-1").history) == 3  # which the second began from
    assert [stage.epochs for stage in load_stages(run.folder)] == [3, 5]
    shutil.rmtree(run.folder / "stage-1")  # which is needed no more
    longer = tuple(stage.replace(epochs=6, max_steps=None) for stage in two_stages)
    assert len(fit(longer, photo_set, resume=True, progress=False).history) == 6
    with pytest.raises(ConfigError, match="2 stages, not 3"):
        fit((two_stages[0], *two_stages), photo_set, resume=True, progress=False)
    with pytest.raises(ConfigError, match="holds a training already"):
        fit(two_stages, photo_set, progress=False)


def test_what_changes_only_finished_stages_is_refused(two_stages, photo_set):
    run = fit(two_stages, photo_set, progress=False)
    longer = change(load_stages(run.folder), {"epochs": 9}, only=1)
    with pytest.raises(ConfigError, match="stage 2 has begun; what is given changes only stages that are finished"):
        fit(longer, resume=True, progress=False)


def test_overwriting_refuses_before_it_removes(two_stages, photo_set):
    """Where the stages can't be read, nobody knows what to remove: so nothing is."""
    folder = fit(two_stages, photo_set, progress=False).folder
    (folder / "stages.json").write_text("[")
    with pytest.raises(ConfigError, match="not the stages of a training"):
        fit(two_stages, photo_set, overwrite=True, progress=False)
    assert (folder / "state.pt").exists() and (folder / "best").is_dir() and (folder / "stage-1" / "best").is_dir()


def test_only_plateaus_of_the_schedule_plateau_count():
    row = {"valid_mae": 1.0, "epoch": 1}
    for schedule, plateaus in (("constant", 0), ("plateau", 2)):
        best = BestEpoch()
        for _ in range(7):
            best.update(row, Config(lr_schedule=schedule, plateau_patience=3))
        assert best.plateaus == plateaus


def test_a_training_is_begun_gone_on_with_and_left_alone_by_the_same_call(two_stages, photo_set, monkeypatch):
    steps, real = [], Training.run_step

    def counted(self, batch):
        steps.append(self.folder.name)
        if len(steps) == 3:
            self.request_stop()
        return real(self, batch)

    monkeypatch.setattr(Training, "run_step", counted)
    assert begin_or_resume(two_stages, photo_set, progress=False).interrupted
    run = begin_or_resume(two_stages, photo_set, progress=False)
    taken = len(steps)
    assert not run.interrupted and taken > 3 and "stage-1" in steps and run.folder.name in steps
    assert begin_or_resume(two_stages, photo_set, progress=False).history == run.history and len(steps) == taken
    with pytest.raises(ConfigError, match="--resume can't change --seed"):
        begin_or_resume([stage.replace(seed=5) for stage in two_stages], photo_set, progress=False)


def test_weights_to_begin_with_are_read_once_and_missed_before_photos_are_decoded(config, tmp_path, monkeypatch):
    missing = config.replace(generator="resnet18", widths=(32, 64, 128, 256), encoder_weights=str(tmp_path / "no.pth"))
    monkeypatch.setattr("colorlib.training.stages.load_photos", lambda *arguments: pytest.fail("decoded"))
    with pytest.raises(ConfigError, match=r"no\.pth: no such file"):
        fit(missing, progress=False)
    assert not (tmp_path / "run").exists()
    read = []
    monkeypatch.setattr("colorlib.systems.supervised.encoder_weights", lambda name: read.append(name) or {})
    monkeypatch.setattr(
        "colorlib.training.stages.load_photos", lambda *arguments: (_ for _ in ()).throw(DataError("enough"))
    )
    monkeypatch.setattr("colorlib.models.pretrained.ResNet18UNet.load_encoder", lambda self, weights: None)
    with pytest.raises(DataError, match="enough"):
        fit(missing, progress=False)
    assert len(read) == 1


def test_no_stage_is_no_training():
    with pytest.raises(ConfigError, match="no stage to train"):
        fit([])


def test_only_the_first_stage_starts_from_elsewhere(two_stages, photo_set, tmp_path):
    first, second = two_stages
    with pytest.raises(ConfigError, match="stage 2 starts from stage 1"):
        fit((first, second.replace(start_from="starter")), photo_set, progress=False)
    assert not (tmp_path / "run").exists()


def test_a_stage_that_died_at_once_still_starts_from_the_one_before(two_stages, photo_set, monkeypatch):
    """Killed before its first state.pt, then resumed: not from random weights."""

    def dies(self, rgb):
        raise MemoryError

    monkeypatch.setattr(GAN, "step", dies)
    with pytest.raises(MemoryError):
        fit(two_stages, photo_set, progress=False)
    monkeypatch.undo()
    run = fit(two_stages, photo_set, resume=True, progress=False)
    best = to_color(run.folder / "stage-1" / "best" / "model.safetensors")
    assert torch.allclose(best, to_color(run.folder / "state.pt"), atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": {"l7": 1.0}},
        {"image_size": 30},
        {"generator": "x"},
        {"batch_size": 1, "image_size": 8},
        {"splits": "80"},
    ],
)
def test_what_can_not_be_is_said_before_anything_is_done(two_stages, changes, monkeypatch, tmp_path):
    """Of the second stage too, before the photos are decoded and the first stage is trained."""
    first, second = two_stages
    monkeypatch.setattr("colorlib.training.stages.load_photos", lambda *arguments: pytest.fail("decoded"))
    loss = changes.get("loss", second.loss) | {"adversarial": 1.0}
    with pytest.raises((ConfigError, DataError)):
        fit((first, second.replace(**changes | {"loss": loss})), progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("changes, name", [({"widths": (4, 8, 16)}, "widths"), ({"color_space": "yuv"}, "color-space")])
def test_starting_from_another_network_is_refused(config, photo_set, tmp_path, changes, name):
    fit(config.replace(max_steps=1), photo_set, progress=False)
    other = config.replace(**changes, start_from=config.checkpoints_path, checkpoints_path=str(tmp_path / "b"))
    with pytest.raises(ConfigError, match=f"--start-from .*: its --{name} is"):
        fit(other, photo_set, progress=False)


def test_the_rate_counts_the_pictures_that_were_there(config, photo_set):
    run = fit(config.replace(limit_images=20, batch_size=128, epochs=1), photo_set, progress=False)
    (row,) = history.read_csv(run.folder / "timing.csv")
    assert row["images_per_s"] * row["seconds"] == pytest.approx(20)


def test_the_best_epoch_is_by_the_monitored_metric(config):
    def best_of(values, monitor, name):
        best = BestEpoch()
        rows = [{"epoch": i, f"valid_{name}": value} for i, value in enumerate(values)]
        return [best.update(row, config.replace(monitor=monitor)) for row in rows]

    assert best_of([0.4, 0.9, 1.05, 1.3], "colorfulness_error", "colorfulness_ratio") == [True, True, True, False]
    assert best_of([5.0, 6.0, 4.0], "mae", "mae") == [True, False, True]
    assert best_of([20.0, 21.0, 19.0], "psnr_pooled", "psnr_pooled") == [True, True, False]
    assert best_of([float("nan"), 6.0, float("nan"), 5.0], "mae", "mae") == [True, True, False, True]


def test_the_loop_trains_any_system(config, photo_set, tmp_path, monkeypatch):
    """The seam: ten lines that learn the mean color of all pictures train, save and resume through the same loop."""

    class MeanColor(System):
        @classmethod
        def check(cls, config):
            if config.batch_size == 13:
                raise ConfigError("it fears 13")

        def __init__(self, config, engine, fresh=True):
            self.net = torch.nn.Conv2d(1, 3, 1)  # gray to RGB
            self.adam = torch.optim.Adam(self.net.parameters(), lr=0.05)

        def step(self, rgb):
            loss = (self.net(rgb.mean(dim=1, keepdim=True)) - rgb).square().mean()
            self.adam.zero_grad(), loss.backward(), self.adam.step()
            return {"loss_mean": loss.detach()}

        def parts(self):
            return Parts({"net": self.net}, {"adam": self.adam})

        def colorizer(self):
            return self

        def colorize_batch(self, rgb):
            return self.net(rgb.mean(dim=1, keepdim=True)).detach().clamp(0, 1)

        def save(self, folder):
            folder.mkdir(parents=True, exist_ok=True)
            torch.save(self.net.state_dict(), folder / "net.pt")

    config = config.replace(epochs=6, monitor="psnr_pooled", lr_schedule="constant", limit_images=256)
    engine = Engine("cpu", "fp32")

    def training(folder, **changes):
        settings = config.replace(checkpoints_path=str(tmp_path / folder), **changes)
        torch.manual_seed(0)
        return Training(MeanColor(settings, engine), settings, engine, photo_set, show=False)

    whole = training("whole").fit()
    assert whole.history[-1]["loss_mean"] < 0.5 * whole.history[0]["loss_mean"]
    assert (tmp_path / "whole" / "best" / "net.pt").exists()
    stopped = training("parts")
    real = stopped.system.step
    stopped.system.step = lambda rgb: (stopped.progress.step == 11 and stopped.request_stop(), real(rgb))[1]
    assert stopped.fit().interrupted  # in the second epoch
    again = training("parts")
    again.load_state()
    assert again.progress.step == 12
    resumed = again.fit()
    a, b = (torch.load(tmp_path / name / "last" / "net.pt") for name in ("whole", "parts"))
    assert resumed.history[-1]["step"] == whole.history[-1]["step"]
    assert all(torch.equal(a[name], b[name]) for name in a)

    monkeypatch.setitem(SYSTEMS, "mean", MeanColor)  # and by its name
    named = config.replace(system="mean", epochs=1, checkpoints_path=str(tmp_path / "named"))
    assert "loss_mean" in fit(named, photo_set, progress=False).history[0]
    for changes, words in (
        ({"batch_size": 13}, "it fears 13"),
        ({"spectral_norm": True}, "no effect with --system mean"),
        ({"system": "x"}, "--system is 'x'; it takes one of supervised, gan, mean"),
    ):
        with pytest.raises(ConfigError, match=words):
            fit(named.replace(**changes), photo_set, overwrite=True, progress=False)


# ------------------------------------------------------------ ends


@pytest.fixture
def four_steps(config):
    """Four steps in an epoch."""
    return config.replace(limit_images=64, batch_size=16, epochs=2, lr_schedule="constant", precision="fp32")


def stopping_at(monkeypatch, step):
    real = Training.run_step

    def stopped(self, batch):
        if self.progress.step == step:
            self.request_stop()
        return real(self, batch)

    monkeypatch.setattr(Training, "run_step", stopped)
    return lambda: monkeypatch.setattr(Training, "run_step", real)


def test_ctrl_c_in_the_last_step_of_a_limit_loses_nothing_of_its_epoch(four_steps, photo_set, monkeypatch):
    go_on = stopping_at(monkeypatch, 1)
    assert not fit(four_steps.replace(max_steps=2), photo_set, progress=False).interrupted
    go_on()
    run = fit(four_steps, photo_set, resume=True, progress=False)
    assert [(row["epoch"], row["step"]) for row in run.history] == [(1, 4), (2, 8)]


def test_a_resume_that_is_at_its_end_already_closes_its_epoch(four_steps, photo_set, monkeypatch):
    go_on = stopping_at(monkeypatch, 1)
    assert fit(four_steps, photo_set, progress=False).interrupted
    go_on()
    run = fit(four_steps.replace(max_steps=2), photo_set, resume=True, progress=False)
    assert [(row["epoch"], row["step"]) for row in run.history] == [(1, 2)] and not run.interrupted
    assert (run.folder / "best").is_dir()


def test_weights_that_break_in_an_epochs_last_step_are_not_saved(four_steps, photo_set, monkeypatch):
    real = Supervised.step
    steps = []

    def breaking(self, rgb):
        losses = real(self, rgb)
        steps.append(1)
        if len(steps) == 8:
            torch.nn.init.constant_(self.generator.to_color.weight, math.nan)
        return losses

    monkeypatch.setattr(Supervised, "step", breaking)
    with pytest.raises(TrainingError, match="a weight of the generator is not finite by step 8; .*last good.*last"):
        fit(four_steps, photo_set, progress=False)
    Colorizer.load(Path(four_steps.checkpoints_path) / "last")  # the first epoch's
    assert torch.load(Path(four_steps.checkpoints_path) / "state.pt")["progress"]["step"] == 4


@pytest.mark.parametrize("name", ["best/wedding.jpg", "strips/mine.txt", "history.csv", "preview.png"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_nobodys_files_are_written_over(config, photo_set, tmp_path, name, overwrite):
    file = tmp_path / "album" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    with pytest.raises(ConfigError, match="which is no training's; give another folder"):
        fit(config.replace(checkpoints_path=str(tmp_path / "album")), photo_set, overwrite=overwrite, progress=False)
    assert file.read_text() == "mine"


# ------------------------------------------------------------ crops


def test_a_training_on_crops_validates_on_whole_pictures(config, tmp_path, monkeypatch):
    folder = make_photos(tmp_path / "album", 60, size=(64, 64))
    seen, real = [], Supervised.step
    monkeypatch.setattr(Supervised, "step", lambda self, rgb: seen.append(rgb) or real(self, rgb))
    crops = config.replace(dataset=str(folder), crop_from=48, batch_size=16, splits="50/50", epochs=1)
    run = fit(crops, progress=False)
    assert {tuple(rgb.shape[1:]) for rgb in seen} == {(3, 32, 32)}
    whole = load_photos(str(folder), size=32, progress=False)
    training = Training(
        Supervised(crops, Engine("cpu")), crops, Engine("cpu"), whole, False, load_photos(str(folder), size=48)
    )
    assert next(iter(training.batches)).shape[2:] == (48, 48) and training.valid_batches.dataset.photo_set is whole
    assert len(run.history) == 1


def test_crops_of_other_pictures_are_refused(config):
    with pytest.raises(DataError, match="other pictures at 64 pixels; leave out --crop-from"):
        fit(config.replace(dataset="bundled", crop_from=64), progress=False)  # tiles: of 64 pixels there are fewer
    with pytest.raises(ConfigError, match="--crop-from is 32; it must be above --image-size, which is 32"):
        fit(config.replace(crop_from=32), progress=False)


# ------------------------------------------------------------ a system and a generator of another kind


class Samples(Generator):
    """A generator that takes four passes to its answer, as one that samples would."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 2, 1)

    @classmethod
    def from_model(cls, model, head):
        return cls()

    def forward(self, gray, color=None):
        color = gray.new_zeros(len(gray), 2, *gray.shape[2:]) if color is None else color
        for _ in range(1 if self.training else 4):
            color = color + 0.5 * self.layer(torch.cat([gray, color], dim=1)).tanh()
        return color


class Denoises(System):
    """A system that teaches it to come nearer to the truth from anywhere."""

    ignores = ("loss", "ema")

    def __init__(self, config, engine, fresh=True):
        self.config, self.net = config, Samples()
        self.adam = torch.optim.Adam(self.net.parameters(), lr=0.02)

    def step(self, rgb):
        gray, true = LAB.split(rgb)
        loss = (self.net(gray, true + torch.randn_like(true)) - true).square().mean()
        self.adam.zero_grad(), loss.backward(), self.adam.step()
        return {"loss_noise": loss.detach()}

    def parts(self):
        return Parts({"net": self.net}, {"adam": self.adam})

    def colorizer(self):
        return Colorizer(self.net, self.config.model, "fp32")


def test_what_another_system_has_learned_is_opened_measured_and_drawn(config, photo_set, monkeypatch, tmp_path):
    monkeypatch.setitem(SYSTEMS, "denoise", Denoises)
    monkeypatch.setitem(GENERATORS, "samples", Samples)
    settings = {"system": "denoise", "generator": "samples", "epochs": 3, "limit_images": 256}
    with pytest.raises(ConfigError, match="--widths .* has no effect with --generator samples"):
        fit(config.replace(**settings), photo_set, progress=False)
    settings["widths"] = Model().widths
    for name, value in {"loss": {"l2": 7.0}, "ema": 0.9}.items():
        with pytest.raises(ConfigError, match=f"--{name} .* has no effect with --system denoise"):
            fit(config.replace(**settings, **{name: value}), photo_set, progress=False)
    settings["loss"] = Config().loss
    run = fit(config.replace(**settings), photo_set, progress=False)
    assert run.history[-1]["loss_noise"] < run.history[0]["loss_noise"]
    result = evaluate(Colorizer.load(run.folder), limit_images=20, progress=False)
    assert 0 < result["model"]["mae"] < 100
    assert main(["colorize", str(run.folder), str(bundled_photos()[0]), "--output", str(tmp_path / "out")]) == 0
    assert main(["plot", str(run.folder)]) == 0 and main(["table", str(run.folder)]) == 0


# ------------------------------------------------------------ what must not be spoiled, nor break the loop


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_colorizers_folder_is_not_trained_in(config, photo_set, tmp_path, overwrite):
    place = tmp_path / "mine"
    Colorizer(build_generator(config.model), config.model).save(place)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    with pytest.raises(ConfigError, match="holds a colorizer"):
        fit(config.replace(checkpoints_path=str(place)), photo_set, overwrite=overwrite, progress=False)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_a_foreign_config_is_not_written_over(config, photo_set, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"theme": "dark"}')
    with pytest.raises(ConfigError, match="not the settings of a training"):
        fit(config, photo_set, overwrite=True, progress=False)


def test_a_statistic_of_batch_norm_that_breaks_is_not_saved(config, photo_set, monkeypatch):
    real = Supervised.step

    def breaking(self, rgb):
        losses = real(self, rgb)
        self.generator.encoder[0][1].running_var.fill_(math.inf)
        return losses

    monkeypatch.setattr(Supervised, "step", breaking)
    with pytest.raises(TrainingError, match="a weight of the generator is not finite"):
        fit(config, photo_set, progress=False)
    assert not (Path(config.checkpoints_path) / "best").exists()


def test_save_steps_keeps_the_state_within_an_epoch(four_steps, photo_set, monkeypatch):
    """Killed in the fourth step, it goes on after the third."""
    real = Training.run_step

    def killed(self, batch):
        if self.progress.step == 3:
            raise KeyboardInterrupt
        return real(self, batch)

    monkeypatch.setattr(Training, "run_step", killed)
    settings = four_steps.replace(save_steps=3)
    with pytest.raises(KeyboardInterrupt):
        fit(settings, photo_set, progress=False)
    progress = torch.load(Path(settings.checkpoints_path) / "state.pt")["progress"]
    assert (progress["step"], progress["batches"], progress["epoch"]) == (3, 3, 0)
    steps = []
    monkeypatch.setattr(Training, "run_step", lambda self, batch: steps.append(self.progress.step) or real(self, batch))
    fit(settings, photo_set, resume=True, progress=False)
    assert steps == [3, 4, 5, 6, 7]


def test_a_training_that_goes_on_needs_no_first_weights(config, photo_set, monkeypatch):
    """Which may be a download, once a generator's encoder has learned from photographs."""
    fit(config.replace(epochs=1), photo_set, progress=False)
    monkeypatch.setattr(UNet, "initialize", lambda self: pytest.fail("drew first weights"))
    assert len(fit(config.replace(epochs=2), photo_set, resume=True, progress=False).history) == 2
    with pytest.raises(ConfigError, match="--epochs is 1, and this training has begun 2"):
        fit(config.replace(epochs=1), photo_set, resume=True, progress=False)
    part = config.replace(epochs=3, max_steps=5)  # two steps an epoch
    fit(part, photo_set, resume=True, progress=False)
    with pytest.raises(ConfigError, match="--epochs is 2, and this training has begun 3"):  # and is within it
        fit(config.replace(epochs=2), photo_set, resume=True, progress=False)


def test_onecycle_says_that_another_length_makes_a_jump(config, photo_set, caplog):
    fit(config.replace(epochs=1, lr_schedule="onecycle"), photo_set, progress=False)
    fit(config.replace(epochs=2, lr_schedule="onecycle"), photo_set, resume=True, progress=False)
    assert "the learning rate makes a jump" in caplog.text


def test_another_temperature_or_photo_size_starts_from_the_same_weights(config, photo_set, tmp_path):
    classifier = config.replace(head="bins", stem_stride=2, loss={"cross_entropy": 1.0}, max_steps=1)
    first = fit(classifier, photo_set, progress=False)
    place = {"start_from": str(first.folder), "checkpoints_path": str(tmp_path / "second")}
    config = classifier.replace(temperature=0.2, photo_size=64, **place)
    weights = first.colorizer().generator.state_dict()
    begun = build_system(config, Engine("cpu")).generator.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in begun.items())
    assert fit(config, photo_set, progress=False).colorizer().model.photo_size == 64


@pytest.mark.parametrize(
    "damage",
    [
        {"parts": {"generator": {}, "optimizer": 5}},
        {"progress": 5},
        {"progress": {"step": "x"}},
        {"progress": {"sums": {"loss_G": "x"}}},
    ],
)
def test_a_damaged_state_is_a_sentence(config, photo_set, damage):
    run = fit(config.replace(max_steps=1), photo_set, progress=False)
    state = torch.load(run.folder / "state.pt")
    for name, value in damage.items():
        state[name] = state[name] | value if name == "progress" and isinstance(value, dict) else value
    torch.save(state, run.folder / "state.pt")
    with pytest.raises(ConfigError, match="state.pt can't be read"):
        fit(config, photo_set, resume=True, progress=False)


def test_an_optimizer_keeps_the_form_that_suits_its_device(tmp_path):
    def parts(fused):
        net = torch.nn.Linear(2, 2)
        return Parts({"net": net}, {"adam": torch.optim.Adam(net.parameters(), fused=fused)})

    for saved, device in ((True, "cpu"), (False, "meta")):  # as on a GPU, a fused Adam keeps its step on the device
        begun, resumed = parts(saved), parts(not saved)
        begun.networks["net"](torch.ones(1, 2)).sum().backward()
        begun.optimizers["adam"].step()
        save_state(tmp_path, begun, Progress(), "digest")
        optimizer = resumed.optimizers["adam"]
        if device == "meta":
            net = torch.nn.Linear(2, 2, device="meta")
            optimizer = torch.optim.Adam(net.parameters())
            optimizer.param_groups[0]["fused"] = True
            resumed = Parts({}, {"adam": optimizer})
        load_state(tmp_path, resumed, "digest")
        assert optimizer.param_groups[0]["fused"] is not saved
        (step, *_) = (state["step"] for state in optimizer.state.values())
        assert step.device.type == device


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_training_leaves_the_stages_of_others_alone(config, photo_set, tmp_path, overwrite):
    """Somebody called an experiment stage-1: it is no stage of a run beside it."""
    small = config.replace(max_steps=1)
    fit(small.replace(checkpoints_path=str(tmp_path / "runs" / "stage-1")), photo_set, progress=False)
    photo = tmp_path / "runs" / "stage-1" / "best" / "wedding.jpg"
    photo.write_text("mine")
    for again in range(2 if overwrite else 1):
        place = str(tmp_path / "runs")
        fit(small.replace(checkpoints_path=place), photo_set, overwrite=overwrite and again > 0, progress=False)
    assert photo.read_text() == "mine" and (photo.parent / "model.safetensors").exists()


def test_overwriting_a_run_of_stages_removes_those_it_had_and_no_others(two_stages, photo_set):
    fit(two_stages, photo_set, progress=False)
    folder = Path(two_stages[-1].checkpoints_path)
    (folder / "stage-7").mkdir()
    (folder / "stage-7" / "mine.txt").write_text("mine")
    fit(two_stages[0].replace(checkpoints_path=str(folder), epochs=1), photo_set, overwrite=True, progress=False)
    assert not (folder / "stage-1").exists() and not (folder / "stages.json").exists()
    assert (folder / "stage-7" / "mine.txt").exists()


@pytest.mark.parametrize("changes", [{"photo_size": 101}, {"generator": "gray_fed", "photo_size": 64}])
def test_a_photo_size_that_cannot_be_is_said_before_the_training(config, photo_set, changes):
    with pytest.raises(ConfigError, match=f"--photo-size {changes['photo_size']}: "):
        fit(config.replace(**changes), photo_set, progress=False)


def test_a_state_within_an_epoch_is_read_in_the_precision_of_its_device(four_steps, photo_set, monkeypatch):
    """Apple's GPUs have no float64, in which a processor adds up: the file holds plain numbers."""
    go_on = stopping_at(monkeypatch, 1)
    run = fit(four_steps, photo_set, progress=False)
    go_on()
    sums = torch.load(run.folder / "state.pt")["progress"]["sums"]
    assert sums and all(type(total) is float for total in sums.values())
    engine = Engine("cpu", "fp32")
    engine.sum_dtype = torch.float32
    training = Training(Supervised(four_steps, engine), four_steps, engine, photo_set, show=False)
    training.load_state()
    assert {total.dtype for total in training.progress.sums.values()} == {torch.float32}


# ------------------------------------------------------------ stages that are stopped, or can't be


def test_a_run_stopped_in_its_first_stage_is_a_training_too(two_stages, photo_set, monkeypatch):
    go_on = stopping_at(monkeypatch, 1)
    assert fit(two_stages, photo_set, progress=False).interrupted
    go_on()
    folder = Path(two_stages[-1].checkpoints_path)
    assert not (folder / "config.json").exists() and (folder / "stage-1").is_dir()
    with pytest.raises(ConfigError, match="holds a training already"):
        fit(two_stages[0].replace(checkpoints_path=str(folder)), photo_set, progress=False)
    assert (folder / "stage-1" / "state.pt").exists()


def test_a_stop_in_a_stages_last_moment_keeps_the_next_one_from_starting(two_stages, photo_set, monkeypatch):
    real = Training.validate

    def late(self):
        if self.progress.step == self.total_steps:
            self.request_stop()
        return real(self)

    monkeypatch.setattr(Training, "validate", late)
    assert fit(two_stages, photo_set, progress=False).interrupted
    monkeypatch.setattr(Training, "validate", real)
    folder = Path(two_stages[-1].checkpoints_path)
    assert not (folder / "config.json").exists()
    assert not fit(two_stages, photo_set, resume=True, progress=False).interrupted


@pytest.mark.parametrize("changes, error", [({"dataset": "/nowhere"}, DataError), ({"image_size": 64}, ConfigError)])
def test_what_is_wrong_with_the_second_stages_pictures_is_said_first(two_stages, photo_set, changes, error):
    pictures = photo_set if "image_size" in changes else None
    with pytest.raises(error):
        fit((two_stages[0], two_stages[1].replace(**changes)), pictures, progress=False)
    assert not Path(two_stages[-1].checkpoints_path).exists()
