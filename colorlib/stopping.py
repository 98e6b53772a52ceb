"""When a training ends before its last step, and which epoch was its best: metrics, patience, Ctrl-C."""

import contextlib
import math
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from colorlib.config import MONITORS, Config
from colorlib.history import Row


def monitored(row: Row, monitor: str) -> float:
    """The validation metric that judges an epoch, turned so that more is better."""
    if monitor == "colorfulness_error":  # how far the colorfulness is from the true pictures', in either direction
        return -abs(row["valid_colorfulness_ratio"] - 1)
    if monitor == "last":
        return row["epoch"]
    return MONITORS[monitor] * row[f"valid_{monitor}"]


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
        value = monitored(row, config.monitor)
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


@contextlib.contextmanager
def stop_on_signals(request: Callable[[], bool]):
    """Turn Ctrl-C and SIGTERM into a call of `request`; where it returns True, they stop at once as usual."""

    def handle(number, frame):
        if request():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
