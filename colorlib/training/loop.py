"""The loop under every training: passes over the pictures, steps and what is summed of them, Ctrl-C, and the state
that an interrupted training goes on from.

What a step is, what follows a pass and what is left in the folder is the concern of those above: `colorlib.training`,
which trains colorizers, and `colorlib.training.encoder`, which trains classifiers.
"""

import contextlib
import dataclasses
import time
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from colorlib.data import EpochOrder
from colorlib.engine import Engine, stop_on_signals
from colorlib.errors import ConfigError, TrainingError
from colorlib.systems.system import Parts
from colorlib.training.checkpoints import load_state, save_state
from colorlib.training.progress import Progress


class Loop:
    """Passes over batches until there were enough. A class made of it has `run_step`, `finish_epoch` and `parts`.

    config: has `epochs` and `save_steps`. batches: what a pass gives, one for each step; order: the one that they come
    in. digest: tells the pictures from others. max_steps: an end before the epochs'. show: a bar for the progress.
    """

    kept = "last"  # what every epoch leaves in the folder

    def __init__(
        self, config, folder, engine: Engine, batches, order: EpochOrder, digest: str, max_steps=None, show=True
    ):
        self.config, self.folder, self.engine = config, Path(folder), engine
        self.batches, self.order, self.digest = batches, order, digest
        self.total_steps = min(config.epochs * len(order), max_steps or config.epochs * len(order))
        self.show = show and engine.is_main
        self.progress, self.stop_requested = Progress(), False
        self.since = time.perf_counter()  # the time that progress.seconds doesn't hold yet began then

    # ------------------------------------------------------------ what a kind of training says

    def run_step(self, batch) -> dict[str, Tensor]:
        """One step on a batch; returns its losses by the history's names, each a scalar without gradient."""
        raise NotImplementedError

    def finish_epoch(self, losses: dict[str, float]) -> None:
        """Add a row to `progress.rows`, of the epoch's mean losses and more; keep what has been learned."""
        raise NotImplementedError

    def parts(self) -> Parts:
        """Networks, optimizers and all else that must be saved to go on."""
        raise NotImplementedError

    def is_enough(self) -> bool:
        """Whether no other pass shall follow, though there are steps left."""
        return False

    # ------------------------------------------------------------ the loop

    def run(self) -> None:
        """Train to the end, or to Ctrl-C."""
        # Processes that don't stop at the same step would wait for each other forever.
        signals = stop_on_signals(self.request_stop) if self.engine.processes == 1 else contextlib.nullcontext()
        with signals:
            self.run_epochs()
        if self.progress.batches or not self.progress.rows:  # within an epoch: a longer training goes on there
            self.save_state()

    def run_epochs(self) -> None:
        """Pass after pass, to the end, to Ctrl-C, or till it is enough."""
        progress, shown = self.progress, {"disable": not self.show, "dynamic_ncols": True}
        with tqdm(total=self.total_steps, initial=progress.step, unit="step", **shown) as bar:
            while progress.step < self.total_steps and not self.stop_requested and not self.is_enough():
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
        for network in self.parts().networks.values():
            network.train()
        self.since = time.perf_counter()
        self.order.epoch, self.order.start = self.progress.epoch, self.progress.batches

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
            self.stop_if_not_finite(self.parts().networks)
            self.save_state()

    def end_pass(self) -> None:
        """What comes after the last step of a pass, whole or cut off."""
        self.stop_if_not_finite(self.parts().networks)
        if self.progress.batches == len(self.order):
            self.close_epoch()
            self.save_state()

    def close_epoch(self) -> None:
        """Take the steps so far as an epoch: its losses are their mean over batches and processes."""
        self.count_time()
        progress = self.progress
        means = {name: total.item() / progress.batches for name, total in progress.sums.items()}
        progress.epoch += 1
        self.finish_epoch({name: total / self.engine.processes for name, total in self.engine.sum(means).items()})
        progress.begin_epoch()
        self.since = time.perf_counter()

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
            good = self.folder / self.kept if self.progress.rows else None
            left = f"the last good checkpoint is {good}" if good else "no checkpoint was written yet"
            raise TrainingError(
                f"{bad[0]} is not finite by step {self.progress.step}; try a lower --lr, or fp32; {left}"
            )

    # ------------------------------------------------------------ what is kept

    def count_time(self) -> None:
        """Add the time since the last call to that of the epoch."""
        now = time.perf_counter()
        self.progress.seconds, self.since = self.progress.seconds + now - self.since, now

    def save_state(self) -> None:
        """Write everything that `load_state` needs to go on as if nothing had happened."""
        self.count_time()
        engine = self.engine
        totals = engine.sum({name: total.item() for name, total in self.progress.sums.items()})
        means = {name: total / engine.processes for name, total in totals.items()}  # each will begin with their mean
        if engine.is_main:
            save_state(self.folder, self.parts(), dataclasses.replace(self.progress, sums=means), self.digest)

    def load_state(self) -> bool:
        """Go on from the folder's state.pt; without one, from the start. Returns which. Raises `ConfigError`."""
        progress = load_state(self.folder, self.parts(), self.digest)
        if progress is None:
            return False
        begun = progress.epoch + (progress.batches > 0)
        if begun > self.config.epochs:
            raise ConfigError(f"--epochs is {self.config.epochs}, and this training has begun {begun}")
        number = {"dtype": self.engine.sum_dtype, "device": self.engine.device}
        progress.sums = {name: torch.tensor(total, **number) for name, total in progress.sums.items()}
        self.progress = progress
        return True
