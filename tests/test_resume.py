"""A training killed at any moment goes on as if nothing had happened; two processes train as one."""

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.history import read_csv
from colorlib.models import build_generator
from colorlib.recipes import get
from colorlib.systems import build_system
from colorlib.training import Training
from colorlib.training.checkpoints import load_state, save_state
from colorlib.training.progress import Progress
from colorlib.training.stages import fit

SETTINGS = [
    *("--recipe", "controlled", "--scale", "smoke", "--limit-images", "256", "--valid-images", "32"),
    *(
        "--epochs",
        "4",
        "--precision",
        "fp32",
        "--device",
        "cpu",
        "--ema",
        "0.9",
        "--dropout",
        "0.3",
        "--save-steps",
        "3",
    ),
]
TWO = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


def command(folder, *more):
    return [sys.executable, "-m", "colorlib", "train", *SETTINGS, "--checkpoints-path", str(folder), *more]


def run_whole(folder, *more):
    subprocess.run(command(folder, *more), check=True, capture_output=True)


def same_run(a, b):
    """Weights of best and last, and the history, to the bit."""
    for name in ("best", "last"):
        weights, others = (load_file(folder / name / "model.safetensors") for folder in (a, b))
        assert all(torch.equal(weights[key], others[key]) for key in weights)
    assert (a / "history.csv").read_bytes() == (b / "history.csv").read_bytes()


@pytest.fixture(scope="module")
def never_interrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    run_whole(folder)
    return folder


def test_the_scaler_of_half_precision_is_saved_and_brought_back(tmp_path):
    """Of a GPU's fp16; its state is the same on a processor."""
    (config,) = get("unet-l1", "smoke")
    engine = Engine("cpu", "fp32")
    system = build_system(config, engine)
    engine.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    save_state(tmp_path, system.parts(), Progress(), "pictures")
    engine.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    load_state(tmp_path, system.parts(), "pictures")
    assert engine.accelerator.scaler.get_scale() == 8


def test_killed_hard_and_resumed_is_bit_equal(never_interrupted, tmp_path):
    """A real SIGKILL, at a moment that differs each time; then a second one; then to the end."""
    folder = tmp_path / "run"
    moments = random.Random()
    for start in ([], ["--resume"]):
        process = subprocess.Popen(command(folder, *start), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        state = folder / "state.pt"
        before = state.stat().st_mtime_ns if state.exists() else 0
        while process.poll() is None:  # wait until it has come on a bit, so that there is something to lose
            if state.exists() and state.stat().st_mtime_ns != before:
                time.sleep(moments.uniform(0, 0.5))
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    torch.load(folder / "state.pt", weights_only=True)  # whole, whenever the kill came
    run_whole(folder, "--resume")
    same_run(never_interrupted, folder)


def test_ctrl_c_in_an_epoch_and_resumed_is_the_same(never_interrupted, photo_set, tmp_path, monkeypatch):
    config = Config.load(never_interrupted / "config.json").replace(checkpoints_path=str(tmp_path / "run"))
    real = Training.run_step

    def interrupted(self, batch):
        if self.progress.step == 11:
            signal.raise_signal(signal.SIGINT)
        return real(self, batch)

    monkeypatch.setattr(Training, "run_step", interrupted)
    assert fit(config, photo_set, progress=False).interrupted
    monkeypatch.setattr(Training, "run_step", real)
    assert not fit(config, photo_set, resume=True, progress=False).interrupted
    # Another process, perhaps with another number of threads: equal to rounding is what can be asked of it.
    rows, others = read_csv(never_interrupted / "history.csv"), read_csv(tmp_path / "run" / "history.csv")
    assert [row["step"] for row in rows] == [row["step"] for row in others]
    for row, other in zip(rows, others, strict=True):
        assert other["loss_G"] == pytest.approx(row["loss_G"], rel=1e-3)


def test_resume_can_train_longer(tmp_path, never_interrupted):
    folder = tmp_path / "run"
    run_whole(folder, "--max-steps", "8")
    resumed = [
        sys.executable,
        "-m",
        "colorlib",
        "train",
        "--resume",
        "--checkpoints-path",
        str(folder),
        "--max-steps",
        "16",
    ]
    subprocess.run(resumed, check=True, capture_output=True)
    assert [row["step"] for row in read_csv(folder / "history.csv")] == [8, 16]
    run_whole(folder, "--resume", "--max-steps", "16")  # at its end already
    config = json.loads((folder / "config.json").read_text())
    assert config["max_steps"] == 16 and config["model"]["dropout"] == 0.3  # the rest is as it was


def test_resume_keeps_the_time_that_was_spent(photo_set, tmp_path, monkeypatch):
    """Interrupted within an epoch: timing.csv counts the steps before and after, and not what lies between."""
    (config,) = get("controlled", "smoke")
    config = config.replace(limit_images=128, epochs=1, checkpoints_path=str(tmp_path / "run"))
    real, clock = Training.run_step, [0.0]
    monkeypatch.setattr("colorlib.training.loop.time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def half_a_second(self, batch):
        clock[0] += 0.5
        if self.progress.step == 1 and clock[0] < 1000:
            self.request_stop()
        return real(self, batch)

    monkeypatch.setattr(Training, "run_step", half_a_second)
    assert fit(config, photo_set, progress=False).interrupted
    clock[0] += 1000
    fit(config, photo_set, resume=True, progress=False)
    (row,) = read_csv(tmp_path / "run" / "timing.csv")
    assert row["seconds"] == 0.5 * 4  # steps


def test_a_limit_within_an_epoch_is_gone_on_from(photo_set, tmp_path):
    """Ended by --max-steps in the middle of an epoch, and resumed with more: the same as without a limit."""
    (config,) = get("controlled", "smoke")
    config = config.replace(limit_images=128, epochs=3, lr_schedule="constant", precision="fp32", device="cpu")
    whole = fit(config.replace(checkpoints_path=str(tmp_path / "whole")), photo_set, progress=False)
    config = config.replace(checkpoints_path=str(tmp_path / "parts"))
    limited = config.replace(max_steps=6)  # of 4 an epoch
    assert [row["step"] for row in fit(limited, photo_set, progress=False).history] == [4, 6]
    assert [row["step"] for row in fit(limited, photo_set, resume=True, progress=False).history] == [4, 6]
    parts = fit(config, photo_set, resume=True, progress=False)
    assert parts.history == whole.history and len(parts.history) == 3
    weights, others = (load_file(run.folder / "last" / "model.safetensors") for run in (whole, parts))
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_resume_with_other_networks_is_refused(tmp_path):
    (config,) = get("controlled", "smoke")
    config = config.replace(max_steps=1, limit_images=32, checkpoints_path=str(tmp_path / "run"))
    fit(config, progress=False)
    with pytest.raises(ConfigError, match="can't change --widths"):
        fit(config.replace(widths=(4, 8, 16)), resume=True, progress=False)
    with pytest.raises(ConfigError, match="can't change --batch-size"):
        fit(config.replace(batch_size=16), resume=True, progress=False)
    with pytest.raises(ConfigError, match="give one of them"):
        fit(config, resume=True, overwrite=True, progress=False)


def test_resume_with_other_pictures_or_none_is_refused(photo_set, tmp_path):
    (config,) = get("controlled", "smoke")
    config = config.replace(max_steps=1, checkpoints_path=str(tmp_path / "run"), limit_images=None)
    with pytest.raises(ConfigError, match="no training to --resume"):
        fit(config, photo_set, resume=True, progress=False)
    fit(config, photo_set, progress=False)
    fewer = dataclasses.replace(
        photo_set, images=photo_set.images[:900], key=photo_set.key[:900], gray=photo_set.gray[:900]
    )
    with pytest.raises(ConfigError, match="was trained on other pictures"):
        fit(config, fewer, resume=True, progress=False)
    others = dataclasses.replace(photo_set, key=np.roll(photo_set.key, 500))  # as many, and not the same
    with pytest.raises(ConfigError, match="was trained on other pictures"):
        fit(config, others, resume=True, progress=False)
    (tmp_path / "run" / "state.pt").write_bytes(b"")
    with pytest.raises(ConfigError, match="state.pt can't be read"):
        fit(config, photo_set, resume=True, progress=False)


def test_two_processes_share_one_validation_picture_and_half_precision(tmp_path):
    """One of them has nothing to validate on, and batch norm's statistics keep single precision."""
    settings = ["--recipe", "controlled", "--scale", "smoke", "--limit-images", "64", "--valid-images", "1"]
    settings += ["--epochs", "1", "--precision", "bf16", "--device", "cpu", "--checkpoints-path", str(tmp_path / "run")]
    argv = [*TWO, "-m", "colorlib", "train", *settings]
    done = subprocess.run(argv, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    (row,) = read_csv(tmp_path / "run" / "history.csv")
    assert row["valid_mae"] > 0


def test_two_processes_train_as_one(tmp_path):
    """The same global batch, in one process and in two (gloo, on the CPU): the same training, but for rounding."""
    settings = ["--recipe", "controlled", "--scale", "smoke", "--limit-images", "128", "--valid-images", "31"]
    settings += ["--epochs", "2", "--precision", "fp32", "--device", "cpu", "--augment", "False", "--lr", "2e-4"]
    for name, start in (("one", [sys.executable]), ("two", TWO)):
        argv = [*start, "-m", "colorlib", "train", *settings, "--checkpoints-path", str(tmp_path / name)]
        done = subprocess.run(argv, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.count("the best epoch's colorizer") == 1  # one writer
    one, two = (read_csv(tmp_path / name / "history.csv") for name in ("one", "two"))
    assert len(one) == len(two) == 2
    for row, other in zip(one, two, strict=True):
        for column, value in row.items():
            assert other[column] == pytest.approx(value, rel=2e-2, abs=1e-3), column
    first, second = (Colorizer.load(tmp_path / name / "last").generator for name in ("one", "two"))
    begun = build_generator(Colorizer.load(tmp_path / "one" / "last").model)
    torch.manual_seed(0)
    begun.initialize()
    for (name, start), one, two in zip(
        begun.named_parameters(), first.parameters(), second.parameters(), strict=True
    ):  # they have come to the same place, measured by the way that they went
        assert (one - two).norm() < 0.25 * (one - start).norm(), name


def test_two_processes_resume(tmp_path):
    """Killed after the first epoch, and resumed by two processes: the same as without a stop, but for rounding."""
    settings = ["--recipe", "controlled", "--scale", "smoke", "--limit-images", "128", "--valid-images", "31"]
    settings += ["--precision", "fp32", "--device", "cpu"]

    def train(name, *more):
        argv = [*TWO, "-m", "colorlib", "train", *more, "--checkpoints-path", str(tmp_path / name)]
        done = subprocess.run(argv, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        assert done.returncode == 0, done.stderr[-2000:]

    train("whole", *settings, "--epochs", "2", "--lr-schedule", "constant")
    train("parts", *settings, "--epochs", "1", "--lr-schedule", "constant")
    train("parts", "--resume", "--epochs", "2")
    whole, parts = (read_csv(tmp_path / name / "history.csv") for name in ("whole", "parts"))
    assert len(parts) == len(whole) == 2
    for column, value in whole[1].items():
        assert parts[1][column] == pytest.approx(value, rel=1e-2, abs=1e-3), column


def test_a_batch_that_cannot_be_divided_is_refused(tmp_path, photo_set, monkeypatch):
    from accelerate import Accelerator

    monkeypatch.setattr(Accelerator, "num_processes", property(lambda self: 3))
    (config,) = get("controlled", "smoke")
    with pytest.raises(ConfigError, match="divided among 3 processes"):
        fit(config.replace(checkpoints_path=str(tmp_path)), photo_set, progress=False)


STAGES = """
import sys
from colorlib import fit
from colorlib.recipes import get
small = {"limit_images": 64, "valid_images": 8, "epochs": 1, "device": "cpu", "precision": "fp32"}
stages = [get(name, "smoke")[0].replace(**small, checkpoints_path=sys.argv[1]) for name in ("unet-l1", "controlled")]
fit(stages, progress=False)
"""


def test_two_processes_train_several_stages(tmp_path):
    """Each stage has an engine of its own; the group of processes is the same for all."""
    (tmp_path / "stages.py").write_text(STAGES)
    argv = [*TWO, str(tmp_path / "stages.py"), str(tmp_path / "run")]
    done = subprocess.run(argv, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    assert "loss_G_GAN" in (tmp_path / "run" / "history.csv").read_text()
    assert (tmp_path / "run" / "stage-1" / "best" / "model.safetensors").exists()
