"""What the settings name, and what they do to each other.

`KINDS` has the kinds of everything that is chosen by name. `idle` says which settings have no effect beside the
others, and `change` brings what the command line gives into the stages of a recipe.
"""

from collections.abc import Sequence

from colorlib.color_spaces import COLOR_SPACES
from colorlib.config import MODEL_FIELDS, Config
from colorlib.errors import ConfigError
from colorlib.heads import HEADS
from colorlib.models import GENERATORS, rules_of_model
from colorlib.models.discriminators import DISCRIMINATORS
from colorlib.objective import TERMS
from colorlib.optimizers import OPTIMIZERS, SCHEDULES, rules_of_optimization
from colorlib.photo_sets import NAMED
from colorlib.progress import MONITORS
from colorlib.settings import choose, flag, without_effect
from colorlib.systems import SYSTEMS, rules_of_system

# Settings that name one of several kinds -> those that there are.
KINDS = {
    "system": SYSTEMS,
    "generator": GENERATORS,
    "head": HEADS,
    "color_space": COLOR_SPACES,
    "discriminator": DISCRIMINATORS,
    "dataset": NAMED,
    "loss": TERMS,
    "optimizer": OPTIMIZERS,
    "lr_schedule": SCHEDULES,
    "monitor": MONITORS,
}

# What all stages of a run share: the model, the photographs, and where and on what it is trained.
SHARED = MODEL_FIELDS | {
    *("dataset", "dataset_path", "splits", "split_seed", "skip_gray"),
    *("seed", "device", "precision", "checkpoints_path"),
}


def idle(stage: Config, given=()) -> dict[str, str]:
    """The settings of a stage that were changed, or are among `given`, and have no effect: name -> a sentence.

    Raises `ConfigError`.
    """
    choose(MONITORS, stage, "monitor")
    rules = stage.rules() | rules_of_optimization(stage) | rules_of_model(stage.model) | rules_of_system(stage)
    return without_effect(stage.flat(), Config().flat(), rules, given)


def change(stages: Sequence[Config], given: dict, terms: dict | None = None, only: int | None = None) -> list[Config]:
    """The stages with other settings: each one that is given changes every stage where it has an effect.

    terms: more of them for the objective. only: the number of the one stage (from 1 on) that is changed; what all
    stages share, and where the first one starts from, is changed all the same. Raises `ConfigError` for what can't
    be, and for a setting that has an effect in none of the stages.
    """
    if only is not None and not 1 <= only <= len(stages):
        raise ConfigError(f"--stage is {only}; there are {len(stages)} of them, numbered from 1")
    changed, effective, sentences, defaults = [], set(), {}, Config().flat()
    for number, stage in enumerate(stages, start=1):
        meant = only in (None, number)
        mine = {name: value for name, value in given.items() if meant or name in SHARED}
        mine.pop("start_from", None)
        if number == 1 and "start_from" in given:  # the others start from the stage before
            mine["start_from"] = given["start_from"]
        if meant and terms:
            mine["loss"] = mine.get("loss", stage.loss) | terms
        new = stage.replace(**mine)
        useless = idle(new, mine)
        effective |= set(mine) - set(useless)
        sentences |= useless
        # What has no effect here stays as it was, or, if the other changes made it so, goes back to its default.
        back = {name: stage.flat()[name] if name in mine else defaults[name] for name in useless}
        changed.append(new.replace(**back))
    for name in given:
        if name not in effective:
            raise ConfigError(sentences.get(name, f"{flag(name)} changes no stage"))
    return changed
