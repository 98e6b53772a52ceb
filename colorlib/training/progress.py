"""How far a training has come: the numbers that the loop keeps; early stopping, and alarms, which look at them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from colorlib.config import Config
from colorlib.fields import choose
from colorlib.history import Row

# What can judge an epoch by its row, to choose the best: more is better.
MONITORS = {
    "mae": lambda row: -row["valid_mae"],
    "psnr_pooled": lambda row: row["valid_psnr_pooled"],
    "colorfulness_error": lambda row: -abs(row["valid_colorfulness_ratio"] - 1),  # from the truth in either direction
    "last": lambda row: row["epoch"],
}


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
        value = choose(MONITORS, config, "monitor")(row)
        if math.isfinite(value) and (self.value is None or value > self.value):
            self.value, self.epochs_since = value, 0
            return True
        self.epochs_since += 1
        if config.lr_schedule == "plateau" and self.epochs_since % config.plateau_patience == 0:
            self.plateaus += 1
        return self.value is None  # no epoch could be judged yet: the newest stands in for the best

    def remember(self, row: Row, config: Config) -> None:
        """Take in an epoch that counts no more, since it is being finished now, but whose colorizer may be in best/."""
        value = choose(MONITORS, config, "monitor")(row)
        if config.monitor != "last" and math.isfinite(value) and (self.value is None or value > self.value):
            self.value = value

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


class Alarm(NamedTuple):
    """A sign in the rows that a training goes wrong: shown by so many epochs in a row, said once each time it begins.

    sentence: with places for the row's numbers by their columns, and for `percent`, of the true colorfulness.
    """

    shows: Callable[[Row], bool]
    epochs: int
    sentence: str


VALID_COLOR = "after epoch {epoch} the validation pictures have {percent:.0f} % of the true ones' colorfulness"
ALARMS = (
    Alarm(lambda row: row.get("valid_colorfulness_ratio", math.nan) < 0.5, 1, f"turning gray: {VALID_COLOR}"),
    Alarm(lambda row: row.get("valid_colorfulness_ratio", math.nan) > 2, 1, f"turning garish: {VALID_COLOR}"),
    Alarm(
        # It knows the generated pairs, with any kind of adversarial loss, and doesn't take all others for such. (Where
        # labels are smoothed, its loss on true pairs stays high: 0.33 with a label of 0.9.)
        lambda row: row.get("loss_D_fake", math.inf) < 0.05 and row.get("loss_D_real", math.inf) < 0.65,
        2,
        "the discriminator wins: after epoch {epoch} its loss on generated pairs is {loss_D_fake:.3f}, so it "
        "recognizes nearly every one",
    ),
)


def alarms(rows: list[Row]) -> list[str]:
    """What the newest row gives cause to warn of, a sentence each; nothing that was said after the row before."""

    def rings(alarm: Alarm, rows: list[Row]) -> bool:
        return len(rows) >= alarm.epochs and all(map(alarm.shows, rows[-alarm.epochs :]))

    begun = [alarm for alarm in ALARMS if rings(alarm, rows) and not rings(alarm, rows[:-1])]
    percent = 100 * rows[-1].get("valid_colorfulness_ratio", math.nan) if begun else None
    return [alarm.sentence.format(**rows[-1], percent=percent) for alarm in begun]
