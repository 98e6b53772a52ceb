"""The loop around a system: epochs, history, the best epoch, early stopping, interruptions.

It knows nothing of GANs: what is trained, and how one step goes, is the system's (`colorlib.systems`). A run's folder
holds config.json, history.csv, timing.csv, preview.png, strips/, the colorizers best/ and last/, and state.pt, from
which an interrupted training goes on.
"""

import contextlib
import dataclasses
import logging
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from colorlib import history
from colorlib.checkpoints import load_state, save_state
from colorlib.config import Config
from colorlib.data import PhotoSet, augment, evenly, loader
from colorlib.engine import Engine
from colorlib.errors import ConfigError, DataError, TrainingError
from colorlib.files import write_atomically
from colorlib.metrics import Metrics
from colorlib.optimizers import learning_rate
from colorlib.runs import Run
from colorlib.stopping import BestEpoch, stop_on_signals
from colorlib.systems import System

log = logging.getLogger("colorlib")

TURNING_GRAY = 0.5  # times the true colorfulness: below it a training is turning gray
# The loop's own numbers, which state.pt keeps.
PROGRESS = ("step", "epoch", "in_epoch", "pictures", "sums", "seconds", "rows", "timing")


class Training:
    """One training of a system on a set of photographs. Raises `ConfigError` and `DataError`.

    config: epochs, batch, schedule, parts, folder (its model and objective are the system's concern).
    """

    def __init__(self, system: System, config: Config, engine: Engine, photo_set: PhotoSet, progress: bool = True):
        self.system, self.config, self.engine, self.photo_set = system, config, engine, photo_set
        self.folder = Path(config.checkpoints_path)
        self.progress = progress and engine.is_main
        if config.batch_size % engine.processes:
            raise ConfigError(f"--batch-size {config.batch_size} can't be divided among {engine.processes} processes")
        if photo_set.images.shape[1] != config.model.image_size:
            raise ConfigError(f"--image-size is {config.model.image_size}, but the pictures are {photo_set.summary}")
        self.train_indices, self.valid_indices = self._choose_pictures()
        process = (engine.process, engine.processes)
        self.batches = loader(photo_set, self.train_indices, config.batch_size, config.seed, process=process)
        self.valid_batches = loader(photo_set, self.valid_indices, config.batch_size, shuffle=False, process=process)
        self.total_steps = config.epochs * len(self.batches)
        if config.max_steps:
            self.total_steps = min(self.total_steps, config.max_steps)
        optimizers = [part for part in system.parts().values() if isinstance(part, torch.optim.Optimizer)]
        # Each parameter group beside the learning rate that it was given, which the schedule multiplies.
        self.start_rates = [(optimizer, [group["lr"] for group in optimizer.param_groups]) for optimizer in optimizers]

        self.step, self.epoch = 0, 0
        self.in_epoch, self.pictures = 0, 0  # batches and pictures of the epoch under way
        self.sums, self.seconds, self.since = {}, 0.0, time.perf_counter()  # losses and time of the epoch under way
        self.rows, self.timing, self.best, self.stop_requested = [], [], BestEpoch(), False

    def _choose_pictures(self) -> tuple[np.ndarray, np.ndarray]:
        config, parts = self.config, self.photo_set.split(self.config.splits, self.config.split_seed)
        train, valid = parts["train"], parts["valid"]
        if config.skip_gray:
            train = train[~self.photo_set.gray[train]]
        train = evenly(train, config.limit_images)
        if len(train) < 2:
            raise DataError(
                f"{self.photo_set.name}: {len(train)} colored photos to train on; it takes two or more, so give more "
                "photos, another --split-seed or a larger --limit-images"
            )
        if not len(valid):
            log.warning("too few photos to hold some out: validating on the training photos")
            valid = train
        return train, evenly(valid, config.valid_images)

    # ------------------------------------------------------------ the loop

    def fit(self) -> Run:
        """Train to the end, or to Ctrl-C; either way the folder holds a usable colorizer."""
        if self.engine.is_main:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / "config.json", self.config.to_json())
        bar = tqdm(
            total=self.total_steps, initial=self.step, unit="step", disable=not self.progress, dynamic_ncols=True
        )
        # Processes that don't stop at the same step would wait for each other forever.
        signals = stop_on_signals(self.request_stop) if self.engine.processes == 1 else contextlib.nullcontext()
        with bar, signals:
            while self.step < self.total_steps and not self.stop_requested:
                if self.best.out_of_patience(self.config):
                    if self.progress:
                        tqdm.write(
                            f"early stopping: {self.config.patience} epochs without a better {self.config.monitor}"
                        )
                    break
                self.run_epoch(bar)
        if self.stop_requested:
            self.save("last")
            self.save_state()
        if self.in_epoch and self.step >= self.total_steps:  # gone on with, and at its end already
            return Run.load(self.folder)
        return Run(self.folder, self.rows, self.stop_requested and self.step < self.total_steps)

    def run_epoch(self, bar) -> None:
        """The rest of a pass over the training pictures, then what comes at the end of each."""
        for part in self.system.parts().values():
            if isinstance(part, nn.Module):
                part.train()
        self.since = time.perf_counter()
        self.batches.sampler.epoch, self.batches.sampler.start = self.epoch, self.in_epoch
        for batch in self.batches:
            losses = self.run_step(batch)
            for name, loss in losses.items():
                self.sums[name] = self.sums.get(name, 0) + loss.to(self.engine.sum_dtype)
            self.step, self.in_epoch = self.step + 1, self.in_epoch + 1
            self.pictures += len(batch) * self.engine.processes
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
        if self.in_epoch == len(self.batches):
            self.finish_epoch()
            self.save_state()
        elif self.step >= self.total_steps:
            self.save_state()  # before the epoch is closed: a longer training goes on within it
            self.finish_epoch()

    def run_step(self, batch: Tensor) -> dict[str, Tensor]:
        """The system's step on a batch of RGB uint8 `(B, 3, S, S)`."""
        for optimizer, rates in self.start_rates:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = learning_rate(self.config, rate, self.step, self.total_steps, self.best.plateaus)
        # All chance of a step follows from its number, so that a training that goes on needs no other memory of it.
        engine = self.engine
        torch.manual_seed((self.config.seed * 1_000_003 + self.step) * engine.processes + engine.process)
        rgb = batch.to(engine.device, non_blocking=True)
        if self.config.augment:
            rgb = augment(rgb)
        return self.system.step(rgb.to(engine.dtype) / 255)

    def finish_epoch(self) -> None:
        """Validate, write the history, the colorizers and the preview."""
        self.count_time()
        losses = {name: total.item() / self.in_epoch for name, total in self.sums.items()}
        losses = {name: total / self.engine.processes for name, total in self.engine.sum(losses).items()}
        self.epoch += 1
        lr = self.start_rates[0][0].param_groups[0]["lr"]
        valid = {f"valid_{name}": value for name, value in self.validate().items()}
        self.rows.append({"epoch": self.epoch, "step": self.step, "lr": lr, **losses, **valid})
        rate = self.pictures / self.seconds
        self.timing.append({"epoch": self.epoch, "seconds": self.seconds, "images_per_s": rate})
        self.warn_if_gray()
        self.save("last")
        if self.best.update(self.rows[-1], self.config):
            self.save("best")
        if self.engine.is_main:
            history.write_csv(self.rows, self.folder / "history.csv")
            history.write_csv(self.timing, self.folder / "timing.csv")
            Run(self.folder, self.rows).draw_preview(self.system.colorizer(), self.photo_set, self.valid_indices)
        self.in_epoch, self.pictures, self.sums, self.seconds = 0, 0, {}, 0.0
        self.since = time.perf_counter()

    def validate(self) -> dict[str, float]:
        """The cheap metrics over the validation pictures of all processes."""
        colorizer, metrics = self.system.colorizer(), Metrics(cheap=True)
        for batch in self.valid_batches:
            if len(batch):  # the last batch may be too small for every process to get a part of it
                true_rgb = batch.to(self.engine.device).to(self.engine.dtype) / 255
                metrics.update(colorizer.colorize_batch(true_rgb), true_rgb)
        metrics.merge(self.engine.sum)
        return metrics.compute()

    # ------------------------------------------------------------ what can go wrong

    def request_stop(self) -> bool:
        """End after the step under way; returns whether that had been asked for before."""
        again, self.stop_requested = self.stop_requested, True
        return again

    def stop_if_not_finite(self) -> None:
        """End a training whose losses have become infinite or NaN, before such weights are saved."""
        finite = {name: float(torch.isfinite(total)) for name, total in self.sums.items()}
        # All processes stop together, or those that don't would wait for the others forever.
        bad = [name for name, count in self.engine.sum(finite).items() if count < self.engine.processes]
        if bad:
            good = self.folder / "last" if self.rows else None
            left = f"the last good checkpoint is {good}" if good else "no checkpoint was written yet"
            raise TrainingError(f"{bad[0]} is not finite by step {self.step}; try a lower --lr, or fp32; {left}")

    def warn_if_gray(self) -> None:
        """Say so, once, when the pictures lose their color."""
        ratios = [1.0] + [row["valid_colorfulness_ratio"] for row in self.rows]
        if self.engine.is_main and ratios[-1] < TURNING_GRAY <= ratios[-2]:
            log.warning(
                "turning gray: after epoch %d the validation pictures have %.0f %% of the true ones' colorfulness",
                self.epoch,
                100 * ratios[-1],
            )

    # ------------------------------------------------------------ what is written

    def count_time(self) -> None:
        """Add the time since the last call to that of the epoch."""
        now = time.perf_counter()
        self.seconds, self.since = self.seconds + now - self.since, now

    def save(self, name: str) -> None:
        """Write the colorizer folder `name` (best or last)."""
        if self.engine.is_main:
            self.system.colorizer().save(self.folder / name)

    def save_state(self) -> None:
        """Write everything that `load_state` needs to go on as if nothing had happened."""
        self.count_time()
        sums = self.sums
        if self.engine.processes > 1:  # each will begin with their mean
            totals = self.engine.sum({name: total.item() for name, total in self.sums.items()})
            sums = {name: torch.tensor(total / self.engine.processes) for name, total in totals.items()}
        if self.engine.is_main:
            progress = {name: getattr(self, name) for name in PROGRESS} | {"sums": sums}
            progress["best"] = dataclasses.asdict(self.best)
            save_state(self.folder, self.system.parts(), progress, self.photo_set.digest(self.train_indices))

    def load_state(self) -> None:
        """Go on from the folder's state.pt; without one, from the start. Raises `ConfigError`."""
        digest = self.photo_set.digest(self.train_indices)
        progress = load_state(self.folder, self.system.parts(), self.engine.device, digest)
        if progress is not None:
            self.best = BestEpoch(**progress["best"])
            for name in PROGRESS:
                setattr(self, name, progress[name])
