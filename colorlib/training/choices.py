"""What the settings name, and what they do to each other: every rule about a combination stands here.

`KINDS` has the kinds of everything that is chosen by name. `check` is the one place that refuses settings before a
training:

    rules      a table: which settings have no effect beside the others
    clashes    a table: what can't be together
    the parts  what concerns one alone, it checks itself: a field its limits (`colorlib.fields`), a term its options,
               the system that its networks fit each other and the pictures (`check`), the precision its device

Where does a new rule go? A kind that looks at a setting of its own names it in `reads`, and what else follows from
the kind in `ignores` and `needs` (`colorlib.fields.Kind`): the tables have it then. A rule between two settings is a
line of a table. What is wrong whatever the others are is the part's. Flags that are no settings are checked where they
are read, and what needs the pictures or the folder, by the training that opens them.

`change` brings what the command line gives into the stages of a recipe.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from colorlib.color.spaces import COLOR_SPACES
from colorlib.config import Config
from colorlib.controls import CONTROLS
from colorlib.data import parse_splits
from colorlib.data.photo_sets import NAMED
from colorlib.engine import choose_device
from colorlib.errors import ConfigError
from colorlib.fields import choose, flag, having
from colorlib.losses.objective import TERMS, objective
from colorlib.model import MODEL_FIELDS, Model
from colorlib.models import GENERATORS
from colorlib.models.discriminators import DISCRIMINATORS
from colorlib.models.heads import HEADS
from colorlib.precision import choose_precision
from colorlib.systems import SYSTEMS
from colorlib.systems.optimizers import OPTIMIZERS, SCHEDULES
from colorlib.training import Training
from colorlib.training.fastai_training import FastaiTraining
from colorlib.training.progress import MONITORS

TRAININGS: dict[str, type[Training]] = {"colorlib": Training, "fastai": FastaiTraining}  # whose loop trains

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
    "trainer": TRAININGS,
}
# Whose kinds are of `colorlib.fields.Kind`, as those of the terms are.
CHOSEN = ("system", "generator", "head", "optimizer", "lr_schedule", "trainer")


def check(stage: Config) -> None:
    """Raise `ConfigError` for settings that can't be, alone or together, whatever is in the folder."""
    objective(stage.loss)
    for sentence in [*idle(stage).values(), *(clash.sentence for clash in clashes(stage) if clash.when)]:
        raise ConfigError(sentence)
    if stage.splits != "own":
        parse_splits(stage.splits)
    choose_precision(stage.precision, choose_device(stage.device))
    SYSTEMS[stage.system].check(stage)


# ------------------------------------------------------------ the tables


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
        kind, beside = chosen(stage, name), f"{flag(name)} {values[name]}"
        unread = {setting for other in KINDS[name].values() for setting in other.reads} - set(kind.reads)
        found.append(Idle(sorted(unread | set(kind.ignores)), True, beside))
    for other, allowed in chosen(stage, "trainer").needs.items():
        beside = f"{flag(other)} {values[other]}, other than {' or '.join(allowed)}"
        found.append(Idle(["trainer"], values[other] not in allowed, beside))
    for setting in sorted({setting for kind in TERMS.values() for setting in kind.reads}):
        reading = [name for name, kind in TERMS.items() if setting in kind.reads]
        found.append(Idle([setting], not set(reading) & set(stage.loss), f"a --loss without {' or '.join(reading)}"))
    comparing = any(TERMS[name].compares for name in stage.loss if name in TERMS)
    epochs, highest = f"--epochs {stage.epochs}", max(stage.lr, stage.discriminator_lr or 0)
    by_plateaus, always_better = stage.lr_schedule == "plateau", stage.monitor == "last"
    no_plateau = stage.plateau_patience >= stage.epochs
    return found + [
        Idle(["compare_with"], not (stage.model.conditions or set(CONTROLS) & set(stage.loss)), "no target"),
        Idle(["compare_with"], not comparing, "a --loss that looks at no true color"),
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


class Clash(NamedTuple):
    """Settings that can't be together: when that is so, and the sentence that says it."""

    when: bool
    sentence: str


def clashes(stage: Config) -> list[Clash]:
    """What can't be together, of kinds that are there."""
    values, model, found = stage.flat(), stage.model, []
    for name in stage.loss:
        for other, allowed in TERMS[name].needs.items():
            met = values[other] in allowed if allowed else bool(values[other])
            wanted = f"{flag(other)} {' or '.join(allowed)}".rstrip()
            found.append(Clash(not met, f"--loss has the term {name}, which needs {wanted}"))
    for term in SYSTEMS[stage.system].needs.get("loss", ()):
        alone = f"--system {stage.system} has no effect without the term {term}; add {term}=1 to --loss"
        found.append(Clash(term not in stage.loss, alone))
    deaf = "--conditions has no effect without the term asked; add asked=20, say, to --loss"
    whole = f"--crop-from is {stage.crop_from}; it must be above --image-size, which is {model.image_size}"
    return found + [
        Clash(bool(model.conditions) and "asked" not in stage.loss, deaf),
        Clash(stage.crop_from is not None and stage.crop_from <= model.image_size, whole),
    ]


def chosen(stage: Config, name: str):
    """The kind that a setting names. Raises `ConfigError` for one that isn't there."""
    return choose(KINDS[name], stage.model if name in MODEL_FIELDS else stage, name)


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


# ------------------------------------------------------------ what is given


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


def change(
    stages: Sequence[Config], given: dict, terms: dict | None = None, only: int | None = None, resume: bool = False
) -> list[Config]:
    """The stages with other settings: each one that is given changes every stage where it has an effect.

    terms: more of them for the objective. only: the number of the one stage (from 1 on) that is changed; what all
    stages share, and where the first one starts from, is changed all the same. Raises `ConfigError` for what can't
    be, and for a setting that has an effect in none of the stages.
    """
    if only is not None and not 1 <= only <= len(stages):
        raise ConfigError(f"--stage is {only}; there are {len(stages)} of them, numbered from 1")
    shared, first = MODEL_FIELDS - having(Model, "addable") | having(Config, "shared"), having(Config, "first")
    for name in sorted(first & set(given)) if resume else ():
        raise ConfigError(f"{flag(name)} has no effect with --resume: the training goes on from its own weights")
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
