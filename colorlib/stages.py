"""From a configuration, or a recipe's tuple of them, to a trained run: `fit`.

A recipe's stages are trained one after the other, each from the generator that the one before has left. The last one
stands in the run's folder itself, the earlier ones in stage-1/, stage-2/, ... below it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from colorlib.color_spaces import COLOR_SPACES
from colorlib.colorizer import find_folder
from colorlib.config import Config
from colorlib.data import PhotoSet, load_photos, parse_splits
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.heads import HEADS
from colorlib.models import GENERATORS, count_parameters, rules_of_model
from colorlib.models.discriminators import DISCRIMINATORS
from colorlib.objective import TERMS
from colorlib.optimizers import OPTIMIZERS, SCHEDULES, rules_of_optimization
from colorlib.photo_sets import NAMED, find
from colorlib.resuming import save_stages, starts_anew
from colorlib.runs import Run, clear, clear_stages
from colorlib.settings import without_effect
from colorlib.systems import SYSTEMS, build_system, check_system, rules_of_system
from colorlib.training import Training

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
}


def fit(
    config: Config | Sequence[Config],
    photo_set: PhotoSet | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: bool = True,
    watch: Callable[[Run], None] | None = None,
) -> Run:
    """Train what the configuration describes (or a recipe's stages), and leave the run in its `checkpoints_path`.

    photo_set: the pictures, where they are at hand already; otherwise the configuration says which. overwrite:
    replace a run that is there already; without it such a folder is refused. resume: go on with it. watch: called with
    the run after each epoch, as to draw its learning strip anew. Raises `ConfigError` and `DataError` before anything
    is written, and `TrainingError`.
    """
    stages = [config] if isinstance(config, Config) else chained(config)
    if photo_set is not None:
        stages = [stage.replace(dataset=photo_set.name, dataset_path=photo_set.path) for stage in stages]
    anew = check(stages, overwrite, resume)
    for stage in stages:
        check_data(stage, photo_set)
    for number, (stage, begins) in enumerate(zip(stages, anew, strict=True)):
        if number + 1 < len(stages) and not anew[number + 1]:
            continue  # the next stage has started from this one: it is finished
        run = fit_one(stage, photo_set, begins, progress, stages, watch)
        if run.stopped and number + 1 < len(stages):
            run.interrupted = True
        if run.interrupted:
            break
    return run


def chained(stages: Sequence[Config]) -> list[Config]:
    """The stages with their folders, each starting from the best epoch of the one before."""
    folder, before, chain = Path(stages[-1].checkpoints_path), None, []
    for number, stage in enumerate(stages, start=1):
        place = folder if number == len(stages) else folder / f"stage-{number}"
        chain.append(stage.replace(checkpoints_path=str(place), start_from=before or stage.start_from))
        before = str(place / "best")
    return chain


def change(stages: Sequence[Config], given: dict, terms: dict | None = None) -> list[Config]:
    """The stages with other settings: each one that is given changes every stage where it has an effect.

    terms: more of them for every stage's objective. Raises `ConfigError` for what can't be, and for a setting that has
    an effect in none of the stages.
    """
    if terms:
        stages = [stage.replace(loss=stage.loss | terms) for stage in stages]
        given = given | ({"loss": given["loss"] | terms} if "loss" in given else {})
    changed = [stage.replace(**given) for stage in stages]
    useless = [idle(stage, given) for stage in changed]
    for name in given:
        if all(name in found for found in useless):
            raise ConfigError(useless[-1][name])
    # What has no effect in a stage stays as it was, or, if the other changes made it so, goes back to its default.
    defaults = Config().flat()
    return [
        new.replace(**{name: old.flat()[name] if name in given else defaults[name] for name in found})
        for old, new, found in zip(stages, changed, useless, strict=True)
    ]


def idle(stage: Config, given=()) -> dict[str, str]:
    """The settings of a stage that were changed, or are among `given`, and have no effect: name -> a sentence.

    Raises `ConfigError`.
    """
    rules = stage.rules() | rules_of_optimization(stage) | rules_of_model(stage.model) | rules_of_system(stage)
    return without_effect(stage.flat(), Config().flat(), rules, given)


def check(stages: Sequence[Config], overwrite: bool, resume: bool) -> list[bool]:
    """All that can be said of the stages before anything is decoded, trained or written. Raises `ConfigError`.

    Returns for each stage whether it begins anew, rather than going on.
    """
    for stage in stages:
        for sentence in idle(stage).values():
            raise ConfigError(sentence)
        if stage.splits != "own":
            parse_splits(stage.splits)
        check_system(stage)
    folder, anew = Path(stages[-1].checkpoints_path), []
    if (folder / "stages.json").exists() and not overwrite and not resume:  # stopped, perhaps, before its last stage
        raise ConfigError(f"{folder} holds a training already; --resume it, --overwrite it, or give another folder")
    for number, stage in enumerate(stages):
        begun = number == 0 or (Path(stage.checkpoints_path) / "config.json").exists()
        anew.append(starts_anew(stage, overwrite, resume and begun))
        if number == 0 and anew[0] and stage.start_from:  # the other stages start from what isn't there yet
            find_folder(stage.start_from)
    return anew


def check_data(stage: Config, photo_set: PhotoSet | None) -> None:
    """Raise `DataError` for a folder that isn't there, and `ConfigError` for pictures that don't fit the stage.

    A set by name, which may be downloaded, waits for its stage: of several processes only one may fetch it.
    """
    if photo_set is None and stage.dataset not in NAMED:
        find(stage.dataset, stage.dataset_path, stage.model.image_size)
    if photo_set is not None and photo_set.images.shape[1] != stage.model.image_size:
        raise ConfigError(f"--image-size is {stage.model.image_size}, but the pictures are {photo_set.summary}")


def fit_one(config: Config, photo_set, anew: bool, progress: bool, stages: Sequence[Config], watch=None) -> Run:
    """One of a run's stages, beginning or going on."""
    folder = Path(config.checkpoints_path)
    engine = Engine(config.device, config.precision)
    try:
        with engine.accelerator.local_main_process_first():  # one process decodes, the others find its cache
            place, show = (config.dataset, config.dataset_path), progress and engine.is_main
            photo_set = photo_set or load_photos(*place, config.model.image_size, show)
            larger = load_photos(*place, config.crop_from, show) if config.crop_from else None
        # What a training has once started from is needed no more, and may be gone, when state.pt has its weights.
        goes_on = not anew and (folder / "state.pt").is_file()
        system = build_system(config.replace(start_from=None) if goes_on else config, engine)
        training = Training(system, config, engine, photo_set, progress, larger)
        training.run.watch = watch
        if not anew:
            training.load_state()
        if engine.is_main:
            make_room(config, anew, stages)
        if training.show:
            tqdm.write(describe(training))
        return training.fit()
    finally:
        engine.close()


def make_room(config: Config, anew: bool, stages: Sequence[Config]) -> None:
    """Remove what an earlier run left where a stage begins, and write down the run's stages where they are several."""
    folder = Path(stages[-1].checkpoints_path)
    if anew:
        clear(Path(config.checkpoints_path))
    if anew and config is stages[0]:
        clear_stages(folder)
    if len(stages) > 1:
        save_stages(folder, stages)


def describe(training: Training) -> str:
    """What will be trained on what, for the start of a log."""
    networks = training.system.parts().networks
    sizes = ", ".join(f"{name} of {count_parameters(network):,} parameters" for name, network in networks.items())
    engine = training.engine
    processes = f" in {engine.processes} processes" if engine.processes > 1 else ""
    return (
        f"{training.photo_set.summary}; {len(training.train_indices):,} to train, "
        f"{len(training.valid_indices):,} to validate\n{sizes}\n{training.total_steps:,} steps of "
        f"{training.config.batch_size} on {engine.device}{processes}, {engine.precision}"
    )
