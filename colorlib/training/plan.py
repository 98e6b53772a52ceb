"""What will be done for each stage of a training, decided before anything is decoded, removed or written.

Whatever can be refused is refused here: settings without effect, systems that can't be built, folders that hold
something else, and a --resume that contradicts its past.
"""

import itertools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from colorlib.colorizer.folder import find_folder
from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.fields import check_unchanged, having
from colorlib.model import Model
from colorlib.systems.supervised import check_start
from colorlib.training.choices import check
from colorlib.training.run_folder import check_either, check_room, load_stages

log = logging.getLogger("colorlib")


class Planned(NamedTuple):
    """A stage's configuration, with its folder and where it starts from; and what will be done: `begin`, `resume`, or
    `skip`, since it is finished.
    """

    config: Config
    action: str


def plan(stages: Sequence[Config], overwrite: bool = False, resume: bool = False) -> list[Planned]:
    """What will be done for each stage. Raises `ConfigError` for all that can't be done."""
    if not stages:
        raise ConfigError("there is no stage to train")
    check_either(resume, overwrite)
    stages = chained(stages)
    for stage in stages:
        check(stage)
    for before, stage in itertools.pairwise(stages):
        check_start(before.model, stage.model, stage.start_from)
    if resume:
        return going_on(stages)
    folder = Path(stages[-1].checkpoints_path)
    if (folder / "stages.json").exists():
        if not overwrite:  # it was stopped, perhaps, before its last stage
            raise ConfigError(f"{folder} holds a training already; --resume it, --overwrite it, or give another folder")
        load_stages(folder)  # which say what to remove
    for stage in stages:
        check_room(Path(stage.checkpoints_path), overwrite)
    if stages[0].start_from:  # the others start from what isn't there yet
        earlier = Model.load(find_folder(stages[0].start_from) / "config.json")
        check_start(earlier, stages[0].model, stages[0].start_from)
    return [Planned(stage, "begin") for stage in stages]


def chained(stages: Sequence[Config]) -> list[Config]:
    """The stages with their folders, each starting from the best epoch of the one before. Raises `ConfigError`."""
    folder, before, chain = Path(stages[-1].checkpoints_path), stages[0].start_from, []
    for number, stage in enumerate(stages, start=1):
        if number > 1 and stage.start_from:
            raise ConfigError(f"stage {number} starts from stage {number - 1}; leave out its --start-from")
        place = folder if number == len(stages) else folder / f"stage-{number}"
        chain.append(stage.replace(checkpoints_path=str(place), start_from=before))
        before = str(place / "best")
    return chain


def going_on(stages: list[Config]) -> list[Planned]:
    """The plan of a training that goes on: in the last stage that has begun, which needs those before it no more."""
    folder = stages[-1].checkpoints_path
    before = chained(load_stages(folder))
    if len(before) != len(stages):
        raise ConfigError(f"{folder} holds a training of {len(before)} stages, not {len(stages)}")
    begun = [n for n, stage in enumerate(stages) if (Path(stage.checkpoints_path) / "config.json").exists()]
    now = begun[-1] if begun else 0
    if stages[:now] != before[:now] and stages[now:] == before[now:]:
        raise ConfigError(f"stage {now + 1} has begun; what is given changes only stages that are finished")
    place = Path(stages[now].checkpoints_path)
    if (place / "model.safetensors").exists():
        raise ConfigError(f"{place} holds a colorizer, which a training would spoil; give another folder")
    if begun:
        check_resumable(stages[now], Config.load(place / "config.json"))
    actions = ["skip"] * now + ["resume" if begun else "begin"] + ["begin"] * (len(stages) - now - 1)
    return [Planned(*pair) for pair in zip(before[:now] + stages[now:], actions, strict=True)]


def check_resumable(config: Config, before: Config) -> None:
    """Raise `ConfigError` for settings that don't go on with those before; warn of what will be odd."""
    check_unchanged(config.flat(), before.flat(), having(Config, "resumable"))
    length = (config.epochs, config.max_steps)
    if config.lr_schedule == "onecycle" and length != (before.epochs, before.max_steps):
        log.warning("--lr-schedule onecycle spans a whole training: with another length the learning rate makes a jump")
