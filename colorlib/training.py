"""Training: the loop around the two steps (see steps.py), and what it writes on the way.

A run's folder holds config.json, history.csv, timing.csv, preview.png, strips/, the colorizers best/ and last/, and
state.pt, from which an interrupted training goes on.
"""

import contextlib
import dataclasses
import logging
import pickle
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from colorlib import history, plots
from colorlib.config import MONITORS, RESUMABLE, Config, ConfigError, flag
from colorlib.data import DataError, PhotoSet, augment, load_photos, loader, spread
from colorlib.files import write_atomically
from colorlib.metrics import Metrics
from colorlib.models import count_parameters
from colorlib.optimizers import lr_factor
from colorlib.parallel import sum_over_processes
from colorlib.runs import Run
from colorlib.steps import Steps

log = logging.getLogger("colorlib")

STRIP_PICTURES = 8
TURNING_GRAY = 0.5  # share of the true colorfulness below which a training is turning gray
FILES = ("config.json", "history.csv", "timing.csv", "preview.png", "state.pt")
FOLDERS = ("best", "last", "strips")


class TrainingError(RuntimeError):
    """A training that can't go on; the message says why and what is left."""


class Training(Steps):
    """One training: data, the loop over its batches, and what is written on the way.

    photo_set: the pictures, where they are at hand already; otherwise the configuration says which.
    """

    def __init__(self, config: Config, photo_set: PhotoSet | None = None, progress: bool = True):
        super().__init__(config)
        self.folder = Path(config.checkpoints_path)
        self.progress = progress and self.is_main

        with self.accelerator.main_process_first():  # one process decodes, the others find its cache
            self.photo_set = photo_set or load_photos(
                config.dataset, config.dataset_path, config.image_size, self.progress
            )
        if self.photo_set.images.shape[1] != config.image_size:
            raise ConfigError(f"--image-size is {config.image_size}, but the pictures are {self.photo_set.summary}")
        self.train_indices, self.valid_indices = self._parts()
        share = (self.accelerator.process_index, self.processes)
        self.batches = loader(self.photo_set, self.train_indices, config.batch_size, config.seed, share=share)
        self.valid_batches = loader(self.photo_set, self.valid_indices, config.batch_size, shuffle=False, share=share)
        self.total_steps = config.epochs * len(self.batches)
        if config.max_steps:
            self.total_steps = min(self.total_steps, config.max_steps)

        self.step, self.epoch, self.in_epoch = 0, 0, 0  # steps, whole epochs, batches of the epoch under way
        self.sums, self.seconds = {}, 0.0  # losses and time of the epoch under way
        self.sum_dtype = torch.float32 if self.device.type == "mps" else torch.float64  # Apple's GPUs have no float64
        self.rows, self.timing, self.best, self.since_best, self.plateaus = [], [], None, 0, 0
        self.stop_requested = False

    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        config, parts = self.config, self.photo_set.split(self.config.splits, self.config.seed)
        train, valid = parts["train"], parts["valid"]
        if config.skip_gray:
            train = train[~self.photo_set.gray[train]]
        if not len(train):
            raise DataError(f"{self.photo_set.name}: no colored photo is left to train on; give more photos")
        if not len(valid):
            log.warning("too few photos to hold some out: validating on the training photos")
            valid = train
        return spread(train, config.limit_images), spread(valid, config.valid_images)

    def describe(self) -> str:
        """What will be trained on what, for the start of a log."""
        config, parts = self.config, f"{len(self.train_indices):,} to train, {len(self.valid_indices):,} to validate"
        networks = f"{config.generator} of {count_parameters(self.generator):,} parameters"
        if self.discriminator:
            networks += f" against {config.discriminator} of {count_parameters(self.discriminator):,}"
        processes = f" in {self.processes} processes" if self.processes > 1 else ""
        return (
            f"{self.photo_set.summary}; {parts}\n{networks}, {config.color_space}; "
            f"{self.total_steps:,} steps of {config.batch_size} on {self.device}{processes}, {self.precision}"
        )

    # ------------------------------------------------------------ the loop

    def fit(self) -> Run:
        """Train to the end, or to Ctrl-C; either way the folder holds a usable colorizer."""
        if self.is_main:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / "config.json", self.config.to_json())
        bar = tqdm(
            total=self.total_steps, initial=self.step, unit="step", disable=not self.progress, dynamic_ncols=True
        )
        with bar, self.stop_on_signals():
            while self.step < self.total_steps and not self.stop_requested and not self.out_of_patience():
                self.run_epoch(bar)
        if self.stop_requested:
            self.save("last")
            self.save_state()
        return Run(self.folder, self.config, self.rows, self.stop_requested)

    def run_epoch(self, bar) -> None:
        """The rest of a pass over the training pictures, then what comes at the end of each."""
        self.generator.train()
        started = time.perf_counter()
        self.batches.sampler.epoch, self.batches.sampler.start = self.epoch, self.in_epoch
        for batch in self.batches:
            losses = self.run_step(batch)
            for name, loss in losses.items():
                self.sums[name] = self.sums.get(name, 0) + loss.to(self.sum_dtype)
            self.step, self.in_epoch = self.step + 1, self.in_epoch + 1
            bar.update()
            if self.in_epoch % 10 == 1:
                self.stop_if_not_finite()
                shown = {name: f"{loss.item():.3g}" for name, loss in losses.items()}
                bar.set_postfix(epoch=self.epoch + 1, **shown, refresh=False)
            if self.config.save_steps and self.step % self.config.save_steps == 0:
                self.stop_if_not_finite()
                self.save_state()
            if self.step >= self.total_steps or self.stop_requested:
                break
        self.stop_if_not_finite()
        self.seconds += time.perf_counter() - started
        if self.in_epoch == len(self.batches) or self.step >= self.total_steps:
            self.finish_epoch()

    def run_step(self, batch: Tensor) -> dict[str, Tensor]:
        """Both networks' step on a batch of RGB uint8 `(B, 3, S, S)`."""
        config = self.config
        factor = lr_factor(config, self.step, self.total_steps, self.plateaus)
        for group in self.optimizer.param_groups:
            group["lr"] = config.lr * factor
        if self.discriminator:
            for group in self.discriminator_optimizer.param_groups:
                group["lr"] = (config.discriminator_lr or config.lr) * factor
        # All chance of a step follows from its number, so that a training that goes on needs no other memory of it.
        torch.manual_seed((config.seed * 1_000_003 + self.step) * self.processes + self.accelerator.process_index)
        rgb = batch.to(self.device, non_blocking=True)
        if config.augment:
            rgb = augment(rgb)
        return self.alternate(rgb.to(self.dtype) / 255)

    def finish_epoch(self) -> None:
        """Validate, write the history, the checkpoints and the preview, and last the state."""
        losses = {name: total.item() / self.in_epoch for name, total in self.sums.items()}
        if self.processes > 1:
            losses = {n: v / self.processes for n, v in sum_over_processes(losses, self.device).items()}
        self.epoch += 1
        lr = self.optimizer.param_groups[0]["lr"]
        valid = {f"valid_{name}": value for name, value in self.validate().items()}
        self.rows.append({"epoch": self.epoch, "step": self.step, "lr": lr, **losses, **valid})
        images = self.in_epoch * self.config.batch_size
        self.timing.append({"epoch": self.epoch, "seconds": self.seconds, "images_per_s": images / self.seconds})
        self.warn_if_gray()
        self.save("last")
        self.judge_epoch()
        if self.is_main:
            history.write_csv(self.rows, self.folder / "history.csv")
            history.write_csv(self.timing, self.folder / "timing.csv")
            self.draw_preview()
        self.in_epoch, self.sums, self.seconds = 0, {}, 0.0
        self.save_state()

    def validate(self) -> dict[str, float]:
        """The cheap metrics over the validation pictures of all processes."""
        colorizer, metrics = self.colorizer(), Metrics(cheap=True)
        for batch in self.valid_batches:
            if len(batch):  # the last batch may be too small for every process to get a share
                true_rgb = batch.to(self.device).to(self.dtype) / 255
                metrics.update(colorizer.colorize_batch(true_rgb), true_rgb)
        if self.processes > 1:
            metrics.merge(lambda sums: sum_over_processes(sums, self.device))
        return metrics.compute()

    def judge_epoch(self) -> None:
        """Is it the best so far? Counts for `best`, early stopping and the schedule `plateau`."""
        value = monitored(self.rows[-1], self.config.monitor)
        if self.best is None or value > self.best:
            self.best, self.since_best = value, 0
            self.save("best")
        else:
            self.since_best += 1
            if self.since_best % self.config.plateau_patience == 0:
                self.plateaus += 1

    def out_of_patience(self) -> bool:
        """Whether early stopping has its case."""
        patience = self.config.patience
        if patience is None or self.since_best < patience:
            return False
        if self.progress:
            tqdm.write(f"early stopping: {patience} epochs without a better {self.config.monitor}")
        return True

    # ------------------------------------------------------------ what can go wrong

    @contextlib.contextmanager
    def stop_on_signals(self):
        """Ctrl-C and SIGTERM end the training after the step under way; a second Ctrl-C ends it at once."""

        def request(number, frame):
            if self.stop_requested:
                raise KeyboardInterrupt
            self.stop_requested = True

        if self.processes > 1 or threading.current_thread() is not threading.main_thread():
            yield  # processes that don't stop at the same step would wait for each other forever
            return
        before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop_if_not_finite(self) -> None:
        """End a training whose losses have become infinite or NaN, before such weights are saved."""
        bad = [name for name, total in self.sums.items() if not torch.isfinite(total)]
        if bad:
            good = self.folder / "last" if self.rows else None
            left = f"the last good checkpoint is {good}" if good else "no checkpoint was written yet"
            raise TrainingError(f"{bad[0]} is not finite by step {self.step}; try a lower --lr, or fp32; {left}")

    def warn_if_gray(self) -> None:
        """Say so, once, when the pictures lose their color."""
        ratios = [1.0] + [row["valid_colorfulness_ratio"] for row in self.rows]
        if self.is_main and ratios[-1] < TURNING_GRAY <= ratios[-2]:
            log.warning(
                "turning gray: after epoch %d the validation pictures have %.0f %% of the true ones' colorfulness",
                self.epoch,
                100 * ratios[-1],
            )

    # ------------------------------------------------------------ what is written

    def save(self, name: str) -> None:
        """Write the colorizer folder `name` (best or last)."""
        if self.is_main:
            self.colorizer().save(self.folder / name)

    def _parts_with_state(self) -> dict:
        parts = {"generator": self.accelerator.unwrap_model(self.generator), "optimizer": self.optimizer}
        if self.discriminator:
            parts["discriminator"] = self.accelerator.unwrap_model(self.discriminator)
            parts["discriminator_optimizer"] = self.discriminator_optimizer
        if self.average:
            parts["average"] = self.average
        if self.accelerator.scaler:
            parts["scaler"] = self.accelerator.scaler
        return parts

    COUNTERS = ("step", "epoch", "in_epoch", "sums", "seconds", "rows", "timing", "best", "since_best", "plateaus")

    def save_state(self) -> None:
        """Write everything that `load_state` needs to go on as if nothing had happened."""
        if self.is_main:
            state = {name: part.state_dict() for name, part in self._parts_with_state().items()}
            counters = {name: getattr(self, name) for name in self.COUNTERS}
            state["counters"] = counters | {"train_images": len(self.train_indices)}
            write_atomically(self.folder / "state.pt", lambda path: torch.save(state, path))

    def load_state(self) -> None:
        """Go on from the folder's state.pt; without one, from the start. Raises `ConfigError`."""
        before = dataclasses.asdict(Config.load(self.folder / "config.json"))
        for name, value in dataclasses.asdict(self.config).items():
            if value != before[name] and name not in RESUMABLE:
                raise ConfigError(
                    f"--resume can't change {flag(name)} from {before[name]} to {value}; train anew for that"
                )
        file = self.folder / "state.pt"
        if not file.is_file():
            log.warning("%s has no state.pt yet: starting from the first step", self.folder)
            return
        try:
            state = torch.load(file, map_location=self.device, weights_only=True)
            for name, part in self._parts_with_state().items():
                if name in state or name != "scaler":  # begun in another precision
                    part.load_state_dict(state[name])
            counters = state["counters"]
        except (RuntimeError, KeyError, ValueError, EOFError, pickle.UnpicklingError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ConfigError(f"{file} can't be read ({reason}); train anew") from None
        if counters.pop("train_images") != len(self.train_indices):
            raise ConfigError(f"--resume: {self.config.dataset} isn't the same set of pictures as before; train anew")
        for name, value in counters.items():
            setattr(self, name, value)

    def draw_preview(self) -> None:
        """Keep how a few fixed validation pictures look now, and draw them over the epochs so far."""
        true_rgb = self.photo_set.batch(spread(self.valid_indices, STRIP_PICTURES)).to(self.device) / 255
        run = Run(self.folder, self.config, self.rows)
        run.add_strip("true", true_rgb)
        run.add_strip(f"{self.epoch:04d}", self.colorizer().colorize_batch(true_rgb))
        write_atomically(self.folder / "preview.png", plots.to_png(plots.grid(run.learning_strip())))


def monitored(row: history.Row, monitor: str) -> float:
    """The validation metric that judges an epoch, turned so that more is better."""
    if monitor == "colorfulness_error":  # how far the colorfulness is from the true pictures', in either direction
        return -abs(row["valid_colorfulness_ratio"] - 1)
    if monitor == "last":
        return row["epoch"]
    return MONITORS[monitor] * row[f"valid_{monitor}"]


def fit(
    config: Config,
    photo_set: PhotoSet | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: bool = True,
) -> Run:
    """Train what the configuration describes, and leave the run in its `checkpoints_path`.

    overwrite: replace a run that is there already; without it such a folder is refused. resume: go on with it.
    Raises `ConfigError` and `DataError` before anything is written, and `TrainingError`.
    """
    folder = Path(config.checkpoints_path)
    if (folder / "config.json").exists() and not overwrite and not resume:
        raise ConfigError(f"{folder} holds a training already; --resume it, --overwrite it, or give another folder")
    if resume and overwrite:
        raise ConfigError("--resume goes on with a training, --overwrite replaces it; give one of them")
    if resume and not (folder / "config.json").exists():
        raise ConfigError(f"{folder} holds no training to --resume; name its folder with --checkpoints-path")
    training = Training(config, photo_set, progress)
    if resume:
        training.load_state()
    elif training.is_main:
        for name in FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
    if training.progress:
        tqdm.write(training.describe())
    return training.fit()
