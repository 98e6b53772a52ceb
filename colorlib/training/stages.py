"""From a configuration, or a recipe's tuple of them, to a trained run: `fit`.

A recipe's stages are trained one after the other, each from the generator that the one before has left. The last one
stands in the run's folder itself, the earlier ones in stage-1/, stage-2/, ... below it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from colorlib.config import Config
from colorlib.data import PhotoSet, load_photos
from colorlib.data.photo_sets import NAMED, find
from colorlib.engine import Engine
from colorlib.fields import choose
from colorlib.models import count_parameters
from colorlib.systems import build_system
from colorlib.training import Training
from colorlib.training.choices import TRAININGS
from colorlib.training.locks import training_lock
from colorlib.training.plan import Planned, plan
from colorlib.training.run_folder import clear, clear_stages, has_begun, save_stages
from colorlib.training.runs import Run


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
    planned = plan(configs, overwrite, resume)
    for now in planned:
        if now.action != "skip":
            check_data(now.config, photo_set)
    with training_lock(planned[-1].config.checkpoints_path):
        planned = plan(configs, overwrite, resume)  # anew: another process may have trained there a moment ago
        for now in (now for now in planned if now.action != "skip"):
            run = fit_one(now, planned, photo_set, progress, watch)
            if run.stopped and now is not planned[-1]:
                run.interrupted = True
            if run.interrupted:
                break
    return run


def begin_or_resume(configs: Sequence[Config], photo_set: PhotoSet | None = None, progress=True, watch=None) -> Run:
    """`fit`, which goes on where a training was begun in the folder: of a table of recipes and seeds, each can be
    called again until all are done. A training that is at its end is opened, and takes no step.

    Raises `ConfigError` for one that was begun with other settings, and all that `fit` does.
    """
    begun = has_begun(configs[-1].checkpoints_path)
    return fit(configs, photo_set, resume=begun, progress=progress, watch=watch)


def check_data(config: Config, photo_set: PhotoSet | None) -> None:
    """Raise `DataError` for a folder that isn't there, and `ConfigError` for pictures that don't fit the stage.

    A set by name, which may be downloaded, waits for its stage: of several processes only one may fetch it.
    """
    if photo_set is not None:
        photo_set.check_side(config.model.image_size)
    if config.dataset not in NAMED and (photo_set is None or config.crop_from):
        find(config.dataset, config.dataset_path, config.model.image_size)


def fit_one(now: Planned, planned: Sequence[Planned], photo_set, progress: bool, watch=None) -> Run:
    """One of a run's stages, beginning or going on."""
    config, folder = now.config, Path(now.config.checkpoints_path)
    engine = Engine(config.device, config.precision)
    # What a training has once started from is needed no more, and may be gone, when state.pt has its weights.
    fresh = now.action == "begin" or not (folder / "state.pt").is_file()
    system = build_system(config, engine, fresh)  # before photos are decoded: weights to begin with may be missing
    with engine.accelerator.local_main_process_first():  # one process decodes, the others find its cache
        place, show = (config.dataset, config.dataset_path), progress and engine.is_main
        photo_set = photo_set or load_photos(*place, config.model.image_size, show)
        larger = load_photos(*place, config.crop_from, show) if config.crop_from else None
    training = choose(TRAININGS, config, "trainer")(system, config, engine, photo_set, progress, larger, watch)
    if now.action == "resume":
        training.load_state()
    if engine.is_main:
        make_room(now, planned)
    if training.show:
        tqdm.write(describe(training))
    run = training.fit()
    engine.accelerator.wait_for_everyone()  # the first process writes what all start the next stage from
    return run


def make_room(now: Planned, planned: Sequence[Planned]) -> None:
    """Remove what an earlier run left where a stage begins, and write down the run's stages where they are several."""
    folder = Path(planned[-1].config.checkpoints_path)
    if now.action == "begin":
        clear(Path(now.config.checkpoints_path))
        if now is planned[0]:
            clear_stages(folder)
    if len(planned) > 1:
        save_stages(folder, [each.config for each in planned])


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
