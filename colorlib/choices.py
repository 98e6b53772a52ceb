"""What the settings name, and what they do to each other.

`KINDS` has the kinds of everything that is chosen by name. `idle` says which settings have no effect beside the
others; all rules about that stand here. `change` brings what the command line gives into the stages of a recipe.
"""

from collections.abc import Sequence
from typing import NamedTuple

from colorlib.color_spaces import COLOR_SPACES
from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.heads import HEADS
from colorlib.model import MODEL_FIELDS
from colorlib.models import GENERATORS
from colorlib.models.discriminators import DISCRIMINATORS
from colorlib.objective import TERMS, settings_of_terms
from colorlib.optimizers import OPTIMIZERS, SCHEDULES
from colorlib.photo_sets import NAMED
from colorlib.progress import MONITORS
from colorlib.settings import choose, flag, having
from colorlib.systems import SYSTEMS

# Settings that name one of several kinds -> those that there are. Where kinds look at settings that not all of their
# like do, each has their names in `settings`; one that ignores what the others look at says so in `ignores`.
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
CHOSEN = ("system", "generator", "head", "optimizer", "lr_schedule")  # whose kinds have `settings`


class Rule(NamedTuple):
    """Some settings by name, whether they have an effect, and with what they have none."""

    names: Sequence[str]
    used: bool
    reason: str


def rules(stage: Config) -> list[Rule]:
    """Which settings have an effect beside the others. Raises `ConfigError` for a kind that isn't there."""
    choose(MONITORS, stage, "monitor")
    found = []
    for name in CHOSEN:
        holder = stage.model if name in MODEL_FIELDS else stage
        kind = choose(KINDS[name], holder, name)
        unused = {setting for other in KINDS[name].values() for setting in other.settings} - set(kind.settings)
        unused |= set(getattr(kind, "ignores", ()))  # of what all others of its like look at
        found.append(Rule(sorted(unused), False, f"{flag(name)} {getattr(holder, name)}"))
    for setting, terms, used in settings_of_terms(stage.loss):
        found.append(Rule([setting], used, f"a --loss without {' or '.join(terms)}"))
    epochs, plateau = f"--epochs {stage.epochs}", stage.lr_schedule == "plateau"
    last = stage.monitor == "last"  # finds every epoch better than the one before
    by_fastai, one_cycle = stage.trainer == "fastai", stage.lr_schedule == "onecycle"
    highest = max(stage.lr, stage.discriminator_lr or 0)
    return found + [
        Rule(["crop_from"], stage.augment, "--augment False"),
        Rule(["patience"], stage.patience is None or stage.patience < stage.epochs, epochs),
        Rule(["patience"], not last, "--monitor last"),
        Rule(["lr_schedule"], not (plateau and last), "--monitor last"),
        Rule(["plateau_patience"], stage.plateau_patience < stage.epochs, epochs),
        Rule(["lr_schedule"], not plateau or stage.plateau_patience < stage.epochs, epochs),
        Rule(["lr_floor"], stage.lr_floor < highest, f"--lr {highest:g}, which is no higher"),
        Rule(["encoder_weights"], stage.start_from is None, "--start-from"),
        Rule(["beta1", "max_steps", "patience", "conditions"], not by_fastai, "--trainer fastai"),
        Rule(["trainer"], one_cycle or not by_fastai, f"--lr-schedule {stage.lr_schedule}, other than onecycle"),
        Rule(["trainer"], stage.optimizer != "rmsprop" or not by_fastai, "--optimizer rmsprop"),
        Rule(["trainer"], stage.system == "supervised" or not by_fastai, f"--system {stage.system}"),
        Rule(["save_steps"], (stage.save_steps or 0) <= (stage.max_steps or 1e18), f"--max-steps {stage.max_steps}"),
    ]


def idle(stage: Config, given=()) -> dict[str, str]:
    """The settings of a stage that were changed, or are among `given`, and have no effect: name -> a sentence.

    Raises `ConfigError`.
    """
    values, defaults = stage.flat(), Config().flat()
    return {
        name: f"{flag(name)} {values[name]} has no effect with {rule.reason}; leave it out"
        for rule in rules(stage)
        for name in rule.names
        if not rule.used and (values[name] != defaults[name] or name in given)
    }


def change(stages: Sequence[Config], given: dict, terms: dict | None = None, only: int | None = None) -> list[Config]:
    """The stages with other settings: each one that is given changes every stage where it has an effect.

    terms: more of them for the objective. only: the number of the one stage (from 1 on) that is changed; what all
    stages share, and where the first one starts from, is changed all the same. Raises `ConfigError` for what can't
    be, and for a setting that has an effect in none of the stages.
    """
    if only is not None and not 1 <= only <= len(stages):
        raise ConfigError(f"--stage is {only}; there are {len(stages)} of them, numbered from 1")
    shared, first = MODEL_FIELDS | having(Config, "shared"), having(Config, "first")
    changed, effective, sentences, defaults = [], set(), {}, Config().flat()
    for number, stage in enumerate(stages, start=1):
        meant = only in (None, number)
        mine = {name: value for name, value in given.items() if meant or name in shared}
        if number == 1:
            mine |= {name: given[name] for name in first & set(given)}
        else:  # which start from the stage before
            mine = {name: value for name, value in mine.items() if name not in first}
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
