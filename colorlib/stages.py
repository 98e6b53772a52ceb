"""From a configuration, or a recipe's tuple of them, to a trained run: `fit`.

A recipe's stages are trained one after the other, each from the generator that the one before has left. The last one
stands in the run's folder itself, the earlier ones in stage-1/, stage-2/, ... below it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from colorlib.config import Config
from colorlib.data import PhotoSet, load_photos
from colorlib.engine import Engine
from colorlib.fastai_training import FastaiTraining
from colorlib.locks import training_lock
from colorlib.models import count_parameters
from colorlib.photo_sets import NAMED, find
from colorlib.plan import Planned, plan
from colorlib.run_folder import clear, clear_stages, save_stages
from colorlib.runs import Run
from colorlib.systems import build_system
from colorlib.training import Training

TRAININGS = {"colorlib": Training, "fastai": FastaiTraining}  # by the setting `trainer`


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
    configs = [config] if isinstance(config, Config) else list(config)
    if photo_set is not None:
        configs = [one.replace(dataset=photo_set.name, dataset_path=photo_set.path) for one in configs]
    stages = plan(configs, overwrite, resume)
    ahead = [stage for stage in stages if stage.action != "skip"]
    for stage in ahead:
        check_data(stage.config, photo_set)
    with training_lock(stages[-1].config.checkpoints_path):
        for stage in ahead:
            run = fit_one(stage, stages, photo_set, progress, watch)
            if run.stopped and stage is not stages[-1]:
                run.interrupted = True
            if run.interrupted:
                break
    return run


def check_data(config: Config, photo_set: PhotoSet | None) -> None:
    """Raise `DataError` for a folder that isn't there, and `ConfigError` for pictures that don't fit the stage.

    A set by name, which may be downloaded, waits for its stage: of several processes only one may fetch it.
    """
    if photo_set is not None:
        photo_set.check_side(config.model.image_size)
    if config.dataset not in NAMED and (photo_set is None or config.crop_from):
        find(config.dataset, config.dataset_path, config.model.image_size)


def fit_one(stage: Planned, stages: Sequence[Planned], photo_set, progress: bool, watch=None) -> Run:
    """One of a run's stages, beginning or going on."""
    config, folder = stage.config, Path(stage.config.checkpoints_path)
    engine = Engine(config.device, config.precision)
    with engine.accelerator.local_main_process_first():  # one process decodes, the others find its cache
        place, show = (config.dataset, config.dataset_path), progress and engine.is_main
        photo_set = photo_set or load_photos(*place, config.model.image_size, show)
        larger = load_photos(*place, config.crop_from, show) if config.crop_from else None
    # What a training has once started from is needed no more, and may be gone, when state.pt has its weights.
    fresh = stage.action == "begin" or not (folder / "state.pt").is_file()
    system = build_system(config, engine, fresh)
    training = TRAININGS[config.trainer](system, config, engine, photo_set, progress, larger, watch)
    if stage.action == "resume":
        training.load_state()
    if engine.is_main:
        make_room(stage, stages)
    if training.show:
        tqdm.write(describe(training))
    return training.fit()


def make_room(stage: Planned, stages: Sequence[Planned]) -> None:
    """Remove what an earlier run left where a stage begins, and write down the run's stages where they are several."""
    folder = Path(stages[-1].config.checkpoints_path)
    if stage.action == "begin":
        clear(Path(stage.config.checkpoints_path))
        if stage is stages[0]:
            clear_stages(folder)
    if len(stages) > 1:
        save_stages(folder, [stage.config for stage in stages])


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
