"""Many trainings, one after the other or several at once: what is done is kept, what has begun goes on.

`train_all` is for any list of trainings, each a recipe's stages with a folder of its own. Each may also be started
elsewhere, as `colorlib train --checkpoints-path FOLDER`: one that another process is at is waited for, not trained
twice (`colorlib.training.locks`). With several at once each is a process of its own, `python -m
colorlib.compare.trainings`, which is given its settings and answers with its `Outcome`.
"""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from colorlib.config import Config
from colorlib.data import PhotoSet, load_photos
from colorlib.engine import stop_on_signals
from colorlib.errors import ConfigError, DataError
from colorlib.fields import flag
from colorlib.history import read_csv
from colorlib.training.locks import BusyError
from colorlib.training.progress import BestEpoch
from colorlib.training.run_folder import has_begun, load_stages
from colorlib.training.stages import begin_or_resume

log = logging.getLogger("colorlib")

Stages = Sequence[Config]
WAIT = 5  # seconds between two looks at a folder in which another process trains
# What a training's result doesn't follow from, or only in its last digits.
HARMLESS = {"dataset_path", "device", "precision", "save_steps", "checkpoints_path"}


class Outcome(NamedTuple):
    """What became of a training: done, failed, busy (another process is at it) or stopped; why, in one line."""

    status: str
    reason: str = ""


def folder_of(stages: Stages) -> Path:
    """Where a training stands."""
    return Path(stages[-1].checkpoints_path)


def test_part(config: Config, progress: bool = False) -> tuple[PhotoSet, np.ndarray]:
    """The pictures of a training, and the indices of those to measure on. Raises `DataError` where there are none."""
    photo_set = load_photos(config.dataset, config.dataset_path, config.model.image_size, progress)
    test = photo_set.split(config.splits, config.split_seed)["test"]
    if not len(test):
        raise DataError(f"{photo_set.summary}; none is of the part test to measure on; give other --splits")
    return photo_set, test


def is_complete(stages: Stages) -> bool:
    """Whether a training stands in its folder, finished. Raises `ConfigError` for one with other settings."""
    folder, config = folder_of(stages), stages[-1]
    if not has_begun(folder):
        return False
    before = load_stages(folder)
    if len(before) != len(stages):
        raise ConfigError(f"{folder} holds a training of {len(before)} stages, not {len(stages)}; give another folder")
    for had, has in zip(before, stages, strict=True):
        old, new = had.flat(), has.flat()
        for name in new:
            if new[name] != old[name] and name not in HARMLESS:
                was = f"{folder} was trained with {flag(name)} {old[name]}"
                raise ConfigError(f"{was}, and {new[name]} is asked for; give another folder")
    history = folder / "history.csv"
    rows = read_csv(history) if history.exists() else []
    best = BestEpoch()
    for row in rows:
        best.update(row, config)
    last = rows[-1] if rows else {"epoch": 0, "step": 0}
    over = last["epoch"] >= config.epochs or (config.max_steps is not None and last["step"] >= config.max_steps)
    return bool(rows) and (over or best.out_of_patience(config))


def train_one(stages: Stages, progress: bool = True) -> Outcome:
    """Begin a training, or go on with it; whatever goes wrong is in the outcome."""
    try:
        run = begin_or_resume(stages, progress=progress)
    except BusyError as error:
        return Outcome("busy", str(error))
    except Exception as error:  # others are to be trained after it, whatever it was
        log.debug("a training failed", exc_info=True)
        known = isinstance(error, (ValueError, OSError))  # whose words are for a user
        reason = (str(error) or type(error).__name__).splitlines()[0]
        return Outcome("failed", reason if known else f"{type(error).__name__}: {reason}")
    return Outcome("stopped") if run.interrupted else Outcome("done")


def train_all(
    trainings: Sequence[Stages], jobs: int = 1, say: Callable[[str], None] = print, progress: bool = True
) -> list[Outcome]:
    """Train all, `jobs` of them at once; returns what became of each. After Ctrl-C those that are left are `stopped`.

    say: told in a line what happens. progress: show bars, where one is trained at a time.
    """
    outcomes: list[Outcome | None] = [None] * len(trainings)
    waiting_for = set()  # those that another process is at
    while None in outcomes:
        ahead = []
        for number, stages in enumerate(trainings):
            if outcomes[number] is None:
                try:
                    outcomes[number] = Outcome("done") if is_complete(stages) else None
                except (ValueError, OSError) as error:
                    outcomes[number] = Outcome("failed", str(error))
                if outcomes[number] is None:
                    ahead.append(number)
        if ahead and waiting_for >= set(ahead):
            time.sleep(WAIT)
        chosen = [trainings[number] for number in ahead]
        results = one_by_one(chosen, say, progress) if jobs == 1 else at_once(chosen, jobs, say)
        for number, result in zip(ahead, results, strict=True):
            if result.status == "busy":
                if number not in waiting_for:
                    say(f"{result.reason.partition(';')[0]}; it will be waited for")
                waiting_for.add(number)
            else:
                outcomes[number] = result
        if any(result.status == "stopped" for result in results):
            outcomes = [outcome or Outcome("stopped") for outcome in outcomes]
    return outcomes


def one_by_one(trainings: Sequence[Stages], say: Callable[[str], None], progress: bool) -> list[Outcome]:
    """Train in this process, until one is stopped."""
    outcomes = []
    for stages in trainings:
        if any(outcome.status == "stopped" for outcome in outcomes):
            outcomes.append(Outcome("stopped"))
            continue
        outcomes.append(train_one(stages, progress))
        say_what_became(stages, outcomes[-1], say)
    return outcomes


def at_once(trainings: Sequence[Stages], jobs: int, say: Callable[[str], None]) -> list[Outcome]:
    """Train in processes, `jobs` at a time, which share the processor's cores. Ctrl-C ends all in order."""
    outcomes: dict[int, Outcome] = {}
    running: dict[int, subprocess.Popen] = {}
    stop = []

    def request_stop() -> bool:
        for process in running.values():
            process.terminate()  # it ends after the step under way
        stop.append(True)
        return len(stop) > 2

    with stop_on_signals(request_stop):
        while len(outcomes) < len(trainings):
            for number in range(len(trainings)):
                if number not in outcomes and number not in running:
                    if stop:
                        outcomes[number] = Outcome("stopped")
                    elif len(running) < jobs:
                        running[number] = start(trainings[number], jobs)
            for number, process in list(running.items()):
                if process.poll() is not None:
                    outcomes[number] = answer(running.pop(number), folder_of(trainings[number]), bool(stop))
                    say_what_became(trainings[number], outcomes[number], say)
            time.sleep(0.05)
    return [outcomes[number] for number in range(len(trainings))]


def start(stages: Stages, jobs: int) -> subprocess.Popen:
    """A process that trains, away from the terminal's Ctrl-C; what it says is in a .log beside the folder."""
    folder = folder_of(stages)
    folder.parent.mkdir(parents=True, exist_ok=True)
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    settings = json.dumps([json.loads(stage.to_json()) for stage in stages])
    with open(folder.with_name(f"{folder.name}.log"), "a") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "colorlib.compare.trainings"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            start_new_session=True,
            env={"OMP_NUM_THREADS": threads, **os.environ},
        )
    process.stdin.write(settings)
    process.stdin.close()
    return process


def answer(process: subprocess.Popen, folder: Path, stopped: bool) -> Outcome:
    """What a process that has ended says of its training. stopped: it was asked to end, perhaps before it began."""
    with process.stdout as stdout:
        text = stdout.read()
    try:
        return Outcome(*json.loads(text))
    except ValueError:  # it was killed, perhaps
        if stopped:
            return Outcome("stopped")
        return Outcome("failed", f"its process ended with {process.returncode}; see {folder}.log")


def say_what_became(stages: Stages, outcome: Outcome, say: Callable[[str], None]) -> None:
    """One line on what became of a training; of one that another process is at, its own is said once."""
    if outcome.status != "busy":
        say(f"{folder_of(stages)}: {outcome.status}{': ' if outcome.reason else ''}{outcome.reason}")


def train_as_asked() -> None:
    """Train what standard input has the settings of; the outcome is all that goes to standard output."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    logging.basicConfig(format="colorlib: %(message)s", level=logging.WARNING)
    stages = [Config.from_dict(values) for values in json.load(sys.stdin)]
    outcome = train_one(stages, progress=False)
    os.write(stdout, json.dumps(outcome).encode())


if __name__ == "__main__":
    train_as_asked()
