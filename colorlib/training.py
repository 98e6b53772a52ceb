"""The loop around a system: epochs, history, the best epoch, early stopping, interruptions.

It knows nothing of GANs: what is trained, and how one step goes, is the system's (`colorlib.systems`). What a run's
folder holds is written by `colorlib.recording`, but for state.pt, from which an interrupted training goes on.
"""

import contextlib
import dataclasses
import logging
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from colorlib.checkpoints import load_state, save_state
from colorlib.config import Config
from colorlib.data import PhotoSet, evenly, loader
from colorlib.engine import Engine, stop_on_signals
from colorlib.errors import ConfigError, DataError, TrainingError
from colorlib.history import read_csv
from colorlib.metrics import Metrics
from colorlib.optimizers import learning_rate
from colorlib.progress import Progress, alarms
from colorlib.recording import STRIP_PICTURES, Recorder
from colorlib.runs import Run
from colorlib.systems import System
from colorlib.training_pictures import prepared, train_and_valid

log = logging.getLogger("colorlib")


class Training:
    """One training of a system on a set of photographs. Raises `ConfigError` and `DataError`.

    config: epochs, batch, schedule, parts, folder (its model and objective are the system's concern). show: a bar for
    the progress. larger: a `PhotoSet` of the same photographs with a longer side, to train on random crops of. watch:
    called with the run after each epoch.
    """

    def __init__(
        self, system: System, config: Config, engine: Engine, photo_set: PhotoSet, show=True, larger=None, watch=None
    ):
        self.system, self.config, self.engine, self.photo_set = system, config, engine, photo_set
        self.folder = Path(config.checkpoints_path)
        self.show = show and engine.is_main
        if config.batch_size % engine.processes:
            raise ConfigError(f"--batch-size {config.batch_size} can't be divided among {engine.processes} processes")
        photo_set.check_side(config.model.image_size)
        self.train_indices, self.valid_indices = train_and_valid(photo_set, config)
        process = (engine.process, engine.processes)
        if larger is not None and not np.array_equal(larger.key, photo_set.key):
            raise DataError(f"{photo_set.name}: other pictures at {config.crop_from} pixels; leave out --crop-from")
        self.batches = loader(larger or photo_set, self.train_indices, config.batch_size, config.seed, process=process)
        self.valid_batches = loader(photo_set, self.valid_indices, config.batch_size, shuffle=False, process=process)
        shown = photo_set.batch(evenly(self.valid_indices, STRIP_PICTURES))
        self.recorder = Recorder(self.folder, shown, watch) if engine.is_main else None
        self.total_steps = config.epochs * len(self.batches)
        if config.max_steps:
            self.total_steps = min(self.total_steps, config.max_steps)
        # The learning rate that each parameter group was given, which the schedule multiplies.
        self.optimizers = list(system.parts().optimizers.values())
        self.start_rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]
        self.progress, self.stop_requested = Progress(), False
        self.since = time.perf_counter()  # the time that progress.seconds doesn't hold yet began then

    # ------------------------------------------------------------ the loop

    def fit(self) -> Run:
        """Train to the end, or to Ctrl-C; either way the folder holds a usable colorizer."""
        progress, config = self.progress, self.config
        if self.recorder:
            self.recorder.begin(config)
        # Processes that don't stop at the same step would wait for each other forever.
        signals = stop_on_signals(self.request_stop) if self.engine.processes == 1 else contextlib.nullcontext()
        with signals:
            self.run_epochs()
        if progress.batches or not progress.rows:  # within an epoch
            self.save_state()  # before it is closed: a longer training goes on within it
            if progress.step >= self.total_steps:
                self.finish_epoch()
            else:
                self.save_colorizer("last")
        interrupted = self.stop_requested and progress.step < self.total_steps
        return Run(self.folder, progress.rows, self.stop_requested, interrupted)

    def run_epochs(self) -> None:
        """Pass after pass over the training pictures, to the end, to Ctrl-C, or till patience is at an end."""
        progress, config = self.progress, self.config
        shown = {"disable": not self.show, "dynamic_ncols": True}
        with tqdm(total=self.total_steps, initial=progress.step, unit="step", **shown) as bar:
            while progress.step < self.total_steps and not self.stop_requested:
                if progress.best.out_of_patience(config):
                    if self.show:
                        tqdm.write(f"early stopping: {config.patience} epochs without a better {config.monitor}")
                    break
                self.begin_pass()
                for batch in self.batches:
                    losses = self.run_step(batch)
                    self.count_step(losses, len(batch))
                    bar.update()
                    if progress.batches % 10 == 1:
                        figures = {name: f"{loss.item():.3g}" for name, loss in losses.items()}
                        bar.set_postfix(epoch=progress.epoch + 1, **figures, refresh=False)
                    if progress.step >= self.total_steps or self.stop_requested:
                        break
                self.end_pass()

    def begin_pass(self) -> None:
        """Set out on a pass over the training pictures, or the rest of one."""
        for network in self.system.parts().networks.values():
            network.train()
        self.since = time.perf_counter()
        self.batches.sampler.epoch, self.batches.sampler.start = self.progress.epoch, self.progress.batches

    def run_step(self, batch: Tensor) -> dict[str, Tensor]:
        """The system's step on a batch of RGB uint8 `(B, 3, S, S)`, at the learning rate of its number."""
        step = self.progress.step
        for optimizer, rates in zip(self.optimizers, self.start_rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = learning_rate(self.config, rate, step, self.total_steps, self.progress.best.plateaus)
        return self.system.step(self.prepare(batch))

    def prepare(self, batch: Tensor) -> Tensor:
        """The next step's batch, RGB uint8 `(B, 3, S, S)`, on the device, augmented: sRGB in [0, 1]."""
        return prepared(batch, self.progress.step, self.config, self.engine)

    def as_rgb(self, batch: Tensor) -> Tensor:
        """RGB uint8 as it is, on the device: sRGB in [0, 1]."""
        return batch.to(self.engine.device).to(self.engine.dtype) / 255

    def count_step(self, losses: dict[str, Tensor], pictures: int) -> None:
        """Take in a step that was made; keep the state where it is time to."""
        progress = self.progress
        for name, loss in losses.items():
            progress.sums[name] = progress.sums.get(name, 0) + loss.to(self.engine.sum_dtype)
        progress.step, progress.batches = progress.step + 1, progress.batches + 1
        progress.pictures += pictures * self.engine.processes
        if progress.batches % 10 == 1:
            self.stop_if_not_finite()
        if self.config.save_steps and progress.step % self.config.save_steps == 0:
            self.stop_if_not_finite(self.system.parts().networks)
            self.save_state()

    def end_pass(self) -> None:
        """What comes after the last step of a pass, whole or cut off."""
        self.stop_if_not_finite(self.system.parts().networks)
        if self.progress.batches == len(self.batches):
            self.finish_epoch()
            self.save_state()

    def finish_epoch(self) -> None:
        """Validate, write the history, the colorizers and the preview."""
        self.count_time()
        progress = self.progress
        losses = {name: total.item() / progress.batches for name, total in progress.sums.items()}
        losses = {name: total / self.engine.processes for name, total in self.engine.sum(losses).items()}
        progress.epoch += 1
        about = {"epoch": progress.epoch, "step": progress.step, "lr": self.optimizers[0].param_groups[0]["lr"]}
        valid = {f"valid_{name}": value for name, value in self.validate().items()}
        progress.rows.append(about | losses | valid)
        rate = progress.pictures / progress.seconds
        progress.timing.append({"epoch": progress.epoch, "seconds": progress.seconds, "images_per_s": rate})
        if self.engine.is_main:
            for sentence in alarms(progress.rows):
                log.warning(sentence)
        self.save_colorizer("last")
        if progress.best.update(progress.rows[-1], self.config):
            self.save_colorizer("best")
        if self.recorder:
            self.recorder.end_epoch(progress.rows, progress.timing, self.system.colorizer())
        progress.begin_epoch()
        self.since = time.perf_counter()

    def validate(self) -> dict[str, float]:
        """The cheap metrics over the validation pictures of all processes."""
        colorizer, metrics = self.system.colorizer(), Metrics(cheap=True)
        for batch in self.valid_batches:
            if len(batch):  # the last batch may be too small for every process to get a part of it
                true_rgb = self.as_rgb(batch)
                metrics.update(colorizer.colorize_batch(true_rgb), true_rgb)
        metrics.merge(self.engine.sum)
        return metrics.compute()

    # ------------------------------------------------------------ what can go wrong

    def request_stop(self) -> bool:
        """End after the step under way; returns whether that had been asked for before."""
        again, self.stop_requested = self.stop_requested, True
        return again

    def stop_if_not_finite(self, networks: dict | None = None) -> None:
        """End a training whose losses, or the networks' weights, have become infinite or NaN, before it is saved.

        Losses are a step older than weights, and weights take time to look at: they are, before they are saved.
        """
        numbers = dict(self.progress.sums)
        for name, network in (networks or {}).items():
            weights = [weight.sum() for weight in network.state_dict().values() if weight.is_floating_point()]
            numbers[f"a weight of the {name}"] = sum(weights)
        finite = {name: float(torch.isfinite(number)) for name, number in numbers.items()}
        # All processes stop together, or those that don't would wait for the others forever.
        bad = [name for name, count in self.engine.sum(finite).items() if count < self.engine.processes]
        if bad:
            good = self.folder / "last" if self.progress.rows else None
            left = f"the last good checkpoint is {good}" if good else "no checkpoint was written yet"
            raise TrainingError(
                f"{bad[0]} is not finite by step {self.progress.step}; try a lower --lr, or fp32; {left}"
            )

    # ------------------------------------------------------------ what is kept

    def count_time(self) -> None:
        """Add the time since the last call to that of the epoch."""
        now = time.perf_counter()
        self.progress.seconds, self.since = self.progress.seconds + now - self.since, now

    def save_colorizer(self, name: str) -> None:
        """Write the colorizer folder `name` (best or last)."""
        if self.recorder:
            self.recorder.keep(name, self.system.colorizer())

    def save_state(self) -> None:
        """Write everything that `load_state` needs to go on as if nothing had happened."""
        self.count_time()
        engine = self.engine
        totals = engine.sum({name: total.item() for name, total in self.progress.sums.items()})
        means = {name: total / engine.processes for name, total in totals.items()}  # each will begin with their mean
        progress = dataclasses.replace(self.progress, sums=means)
        if engine.is_main:
            save_state(self.folder, self.system.parts(), progress, self.photo_set.digest(self.train_indices))

    def load_state(self) -> None:
        """Go on from the folder's state.pt; without one, from the start. Raises `ConfigError`."""
        progress = load_state(self.folder, self.system.parts(), self.photo_set.digest(self.train_indices))
        if progress is not None:
            begun = progress.epoch + (progress.batches > 0)
            if begun > self.config.epochs:
                raise ConfigError(f"--epochs is {self.config.epochs}, and this training has begun {begun}")
            number = {"dtype": self.engine.sum_dtype, "device": self.engine.device}
            progress.sums = {name: torch.tensor(total, **number) for name, total in progress.sums.items()}
            self.progress = progress
            written = self.folder / "history.csv"
            for row in read_csv(written) if written.exists() else ():
                if row["epoch"] > progress.epoch and row.get("step", math.inf) < row["epoch"] * len(self.batches):
                    with contextlib.suppress(KeyError):  # by another colorlib, without the metric
                        progress.best.remember(row, self.config)  # of an epoch that was cut off
