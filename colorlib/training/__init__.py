"""The training of a colorizer: the loop around a system, with its validation, best epoch and early stopping.

It knows nothing of GANs: what is trained, and how one step goes, is the system's (`colorlib.systems`). The passes
themselves, interruptions and state.pt are `colorlib.training.loop`'s; what else a run's folder holds,
`colorlib.training.recording`'s.
"""

import contextlib
import logging
import math

import numpy as np
from torch import Tensor
from tqdm import tqdm

from colorlib.config import Config
from colorlib.data import PhotoSet, evenly, loader
from colorlib.engine import Engine
from colorlib.errors import ConfigError, DataError
from colorlib.fields import Kind
from colorlib.history import read_csv
from colorlib.metrics import Metrics
from colorlib.systems import System
from colorlib.systems.optimizers import learning_rate
from colorlib.systems.system import Parts
from colorlib.training.loop import Loop
from colorlib.training.progress import alarms
from colorlib.training.recording import STRIP_PICTURES, Recorder
from colorlib.training.runs import Run
from colorlib.training.training_pictures import prepared, train_and_valid

log = logging.getLogger("colorlib")


class Training(Kind, Loop):
    """One training of a system on a set of photographs. Raises `ConfigError` and `DataError`.

    config: epochs, batch, schedule, folder, how pictures are divided (its model and objective are the system's
    concern). show: a bar for the progress. larger: a `PhotoSet` of the same photographs with a longer side, to train on
    random crops of. watch: called with the run after each epoch.
    """

    def __init__(
        self, system: System, config: Config, engine: Engine, photo_set: PhotoSet, show=True, larger=None, watch=None
    ):
        self.system, self.photo_set = system, photo_set
        if config.batch_size % engine.processes:
            raise ConfigError(f"--batch-size {config.batch_size} can't be divided among {engine.processes} processes")
        photo_set.check_side(config.model.image_size)
        self.train_indices, self.valid_indices = train_and_valid(photo_set, config)
        process = (engine.process, engine.processes)
        if larger is not None and not np.array_equal(larger.key, photo_set.key):
            raise DataError(f"{photo_set.name}: other pictures at {config.crop_from} pixels; leave out --crop-from")
        batches = loader(larger or photo_set, self.train_indices, config.batch_size, config.seed, process=process)
        digest, place = photo_set.digest(self.train_indices), config.checkpoints_path
        super().__init__(config, place, engine, batches, batches.sampler, digest, config.max_steps, show)
        self.valid_batches = loader(photo_set, self.valid_indices, config.batch_size, shuffle=False, process=process)
        shown = photo_set.batch(evenly(self.valid_indices, STRIP_PICTURES))
        self.recorder = Recorder(self.folder, shown, watch) if engine.is_main else None
        # The learning rate that each parameter group was given, which the schedule multiplies.
        self.optimizers = list(system.parts().optimizers.values())
        self.start_rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]

    def parts(self) -> Parts:
        """The system's."""
        return self.system.parts()

    # ------------------------------------------------------------ the loop

    def fit(self) -> Run:
        """Train to the end, or to Ctrl-C; either way the folder holds a usable colorizer."""
        if self.recorder:
            self.recorder.begin(self.config)
        self.run()
        at_the_end = self.progress.step >= self.total_steps
        if at_the_end and self.progress.batches:  # by max_steps, within an epoch
            self.close_epoch()
        elif self.progress.batches or not self.progress.rows:
            self.save_colorizer("last")
        return Run(self.folder, self.progress.rows, self.stop_requested, self.stop_requested and not at_the_end)

    def is_enough(self) -> bool:
        """Whether patience is at an end."""
        out = self.progress.best.out_of_patience(self.config)
        if out and self.show:
            tqdm.write(f"early stopping: {self.config.patience} epochs without a better {self.config.monitor}")
        return out

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

    def finish_epoch(self, losses: dict[str, float]) -> None:
        """Validate, write the history, the colorizers and the preview."""
        progress = self.progress
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

    def validate(self) -> dict[str, float]:
        """The cheap metrics over the validation pictures of all processes."""
        colorizer, metrics = self.system.colorizer(), Metrics(cheap=True)
        for batch in self.valid_batches:
            if len(batch):  # the last batch may be too small for every process to get a part of it
                true_rgb = self.as_rgb(batch)
                metrics.update(colorizer.colorize_batch(true_rgb), true_rgb)
        metrics.merge(self.engine.sum)
        return metrics.compute()

    # ------------------------------------------------------------ what is kept

    def save_colorizer(self, name: str) -> None:
        """Write the colorizer folder `name` (best or last)."""
        if self.recorder:
            self.recorder.keep(name, self.system.colorizer())

    def load_state(self) -> bool:
        """As the loop's; and the best epoch so far may be one that was cut off, and is gone on with."""
        if not super().load_state():
            return False
        written = self.folder / "history.csv"
        for row in read_csv(written) if written.exists() else ():
            if row["epoch"] > self.progress.epoch and row.get("step", math.inf) < row["epoch"] * len(self.batches):
                with contextlib.suppress(KeyError):  # by another colorlib, without the metric
                    self.progress.best.remember(row, self.config)
        return True
