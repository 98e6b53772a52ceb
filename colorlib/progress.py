"""How far a training has come: the numbers that the loop keeps; early stopping, and alarms, which look at them."""

import math
from dataclasses import dataclass, field
from typing import Any

from colorlib.config import Config
from colorlib.history import MONITORS, Row

TURNING_GRAY = 0.5  # times the true colorfulness: below it a training is turning gray


@dataclass
class BestEpoch:
    """The best value of the monitored metric so far, and what follows from how long ago that was.

    value: None before the first epoch. epochs_since: epochs without a better one. plateaus: how often `plateau`
    divides the learning rate.
    """

    value: float | None = None
    epochs_since: int = 0
    plateaus: int = 0

    def update(self, row: Row, config: Config) -> bool:
        """Take in an epoch's row of the history; returns whether it is the best so far."""
        value = MONITORS[config.monitor](row)
        if math.isfinite(value) and (self.value is None or value > self.value):
            self.value, self.epochs_since = value, 0
            return True
        self.epochs_since += 1
        if self.epochs_since % config.plateau_patience == 0:
            self.plateaus += 1
        return self.value is None  # no epoch could be judged yet: the newest stands in for the best

    def out_of_patience(self, config: Config) -> bool:
        """Whether early stopping has its case."""
        return config.patience is not None and self.epochs_since >= config.patience


@dataclass
class Progress:
    """How far a training has come: the loop's own numbers.

    step, epoch: how many are behind it. batches, pictures, sums, seconds: of the epoch under way, its batches and
    pictures, sums of the losses by name (in a file as numbers), and time spent. rows, timing: the history so far.
    """

    step: int = 0
    epoch: int = 0
    batches: int = 0
    pictures: int = 0
    sums: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    rows: list[Row] = field(default_factory=list)
    timing: list[Row] = field(default_factory=list)
    best: BestEpoch = field(default_factory=BestEpoch)

    def begin_epoch(self) -> None:
        """Nothing of a new epoch is behind it yet."""
        self.batches, self.pictures, self.sums, self.seconds = 0, 0, {}, 0.0


def alarms(rows: list[Row]) -> list[str]:
    """What a person should know of the newest epoch, by the history so far: a sentence for each; each is said once."""
    ratios = [1.0] + [row["valid_colorfulness_ratio"] for row in rows]
    if not ratios[-1] < TURNING_GRAY <= ratios[-2]:
        return []
    now = f"after epoch {rows[-1]['epoch']} the validation pictures have {100 * ratios[-1]:.0f} %"
    return [f"turning gray: {now} of the true ones' colorfulness"]
