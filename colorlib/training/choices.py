"""What the settings name, and what they do to each other.

`KINDS` has the kinds of everything that is chosen by name. `idle` says which settings have no effect beside the
others; all rules about that stand here. `change` brings what the command line gives into the stages of a recipe.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from colorlib.color.spaces import COLOR_SPACES
from colorlib.config import Config
from colorlib.controls import CONTROLS
from colorlib.data.photo_sets import NAMED
from colorlib.errors import ConfigError
from colorlib.losses.objective import TERMS, settings_of_terms
from colorlib.model import MODEL_FIELDS, Model
from colorlib.models import GENERATORS
from colorlib.models.discriminators import DISCRIMINATORS
from colorlib.models.heads import HEADS
from colorlib.settings import choose, flag, having
from colorlib.systems import SYSTEMS
from colorlib.systems.optimizers import OPTIMIZERS, SCHEDULES
from colorlib.training.fastai_training import TRAININGS
from colorlib.training.progress import MONITORS

# Settings that name one of several kinds -> those that there are. Where kinds look at settings that not all of their
# like do, each has their names in `settings`; one that ignores what the others look at says so in `ignores`,
# and one that has no effect but with some values of another setting, in `needs`.
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
    "trainer": TRAININGS,
}
CHOSEN = ("system", "generator", "head", "optimizer", "lr_schedule", "trainer")  # whose kinds have `settings`


class Idle(NamedTuple):
    """Some settings by name, when they have no effect, and beside what."""

    names: Sequence[str]
    when: bool
    beside: str


def rules(stage: Config) -> list[Idle]:
    """Which settings have no effect beside the others. Raises `ConfigError` for a kind that isn't there."""
    choose(MONITORS, stage, "monitor")
    values, found = stage.flat(), []
    for name in CHOSEN:
        kind = choose(KINDS[name], stage.model if name in MODEL_FIELDS else stage, name)
        unused = {setting for other in KINDS[name].values() for setting in other.settings} - set(kind.settings)
        unused |= set(getattr(kind, "ignores", ()))  # of what all others of its like look at
        found.append(Idle(sorted(unused), True, f"{flag(name)} {values[name]}"))
        for other, allowed in getattr(kind, "needs", {}).items():
            beside = f"{flag(other)} {values[other]}, other than {' or '.join(allowed)}"
            found.append(Idle([name], values[other] not in allowed, beside))
    for setting, terms, used in settings_of_terms(stage.loss):
        found.append(Idle([setting], not used, f"a --loss without {' or '.join(terms)}"))
    epochs, highest = f"--epochs {stage.epochs}", max(stage.lr, stage.discriminator_lr or 0)
    by_plateaus, always_better = stage.lr_schedule == "plateau", stage.monitor == "last"
    no_plateau = stage.plateau_patience >= stage.epochs
    return found + [
        Idle(["compare_with"], not (stage.model.conditions or set(CONTROLS) & set(stage.loss)), "no target"),
        Idle(["crop_from"], not stage.augment, "--augment False"),
        Idle(["patience"], stage.patience is not None and stage.patience >= stage.epochs, epochs),
        Idle(["patience"], always_better, "--monitor last"),
        Idle(["lr_schedule"], by_plateaus and always_better, "--monitor last"),
        Idle(["plateau_patience"], no_plateau, epochs),
        Idle(["lr_schedule"], by_plateaus and no_plateau, epochs),
        Idle(["lr_floor"], stage.lr_floor >= highest, f"--lr {highest:g}, which is no higher"),
        Idle(["encoder_weights"], stage.start_from is not None, "--start-from"),
        Idle(["save_steps"], (stage.save_steps or 0) > (stage.max_steps or math.inf), f"--max-steps {stage.max_steps}"),
    ]


def idle(stage: Config, given=()) -> dict[str, str]:
    """The settings of a stage that were changed, or are among `given`, and have no effect: name -> a sentence.

    Raises `ConfigError`.
    """
    values, defaults = stage.flat(), Config().flat()
    return {
        name: f"{flag(name)} {values[name]} has no effect with {rule.beside}; leave it out"
        for rule in rules(stage)
        for name in rule.names
        if rule.when and (values[name] != defaults[name] or name in given)
    }


def with_effect(stages: Sequence[Config], given: dict) -> dict:
    """Of some settings those that have an effect in one of a recipe's stages. Raises `ConfigError`."""
    useless = [idle(stage.replace(**given), given) for stage in stages]
    return {name: value for name, value in given.items() if not all(name in one for one in useless)}


def refuse_useless(recipes: dict[str, Sequence[Config]], given: dict) -> None:
    """Raise `ConfigError` for a setting that has an effect in none of several recipes, each by its name."""
    effective = [with_effect(stages, given) for stages in recipes.values()]
    for setting in given:
        if not any(setting in settings for settings in effective):
            raise ConfigError(f"{flag(setting)} has no effect in any of {', '.join(recipes)}; leave it out")


def change(stages: Sequence[Config], given: dict, terms: dict | None = None, only: int | None = None) -> list[Config]:
    """The stages with other settings: each one that is given changes every stage where it has an effect.

    terms: more of them for the objective. only: the number of the one stage (from 1 on) that is changed; what all
    stages share, and where the first one starts from, is changed all the same. Raises `ConfigError` for what can't
    be, and for a setting that has an effect in none of the stages.
    """
    if only is not None and not 1 <= only <= len(stages):
        raise ConfigError(f"--stage is {only}; there are {len(stages)} of them, numbered from 1")
    shared, first = MODEL_FIELDS - having(Model, "addable") | having(Config, "shared"), having(Config, "first")
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
