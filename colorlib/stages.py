"""From a configuration, or a recipe's tuple of them, to a trained run: `fit`.

A recipe's stages are trained one after the other, each from the generator that the one before has left. The last one
stands in the run's folder itself, the earlier ones in stage-1/, stage-2/, ... below it.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from torch import nn
from tqdm import tqdm

from colorlib.checkpoints import starts_anew
from colorlib.config import Config
from colorlib.data import PhotoSet, load_photos
from colorlib.engine import Engine
from colorlib.models import count_parameters
from colorlib.runs import FILES, FOLDERS, Run
from colorlib.systems import build_system
from colorlib.training import Training


def fit(
    config: Config | Sequence[Config],
    photo_set: PhotoSet | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: bool = True,
) -> Run:
    """Train what the configuration describes (or a recipe's stages), and leave the run in its `checkpoints_path`.

    photo_set: the pictures, where they are at hand already; otherwise the configuration says which. overwrite:
    replace a run that is there already; without it such a folder is refused. resume: go on with it. Raises
    `ConfigError` and `DataError` before anything is written, and `TrainingError`.
    """
    if isinstance(config, Config):
        return fit_one(config, photo_set, overwrite, resume, progress)
    for number, stage in enumerate(chained(config)):
        begun = number == 0 or (Path(stage.checkpoints_path) / "config.json").exists()
        run = fit_one(stage, photo_set, overwrite, resume and begun, progress)
        if run.interrupted:
            break
    return run


def chained(stages: Sequence[Config]) -> list[Config]:
    """The stages with their folders, each starting from the one before."""
    folder, before, chain = Path(stages[-1].checkpoints_path), None, []
    for number, stage in enumerate(stages, start=1):
        place = folder if number == len(stages) else folder / f"stage-{number}"
        chain.append(stage.replace(checkpoints_path=str(place), start_from=before or stage.start_from))
        before = str(place)
    return chain


def fit_one(config: Config, photo_set: PhotoSet | None, overwrite: bool, resume: bool, progress: bool) -> Run:
    """`fit` for one configuration."""
    folder = Path(config.checkpoints_path)
    anew = starts_anew(config, folder, overwrite, resume)
    engine = Engine(config.device, config.precision)
    try:
        with engine.accelerator.local_main_process_first():  # one process decodes, the others find its cache
            photo_set = photo_set or load_photos(
                config.dataset, config.dataset_path, config.model.image_size, progress and engine.is_main
            )
        # A training that goes on has its weights in state.pt; what it once started from may be gone.
        system = build_system(config if anew else config.replace(start_from=None), engine)
        training = Training(system, config, engine, photo_set, progress)
        if not anew:
            training.load_state()
        elif engine.is_main:
            clear(folder)
        if training.progress:
            tqdm.write(describe(training))
        return training.fit()
    finally:
        engine.close()


def clear(folder: Path) -> None:
    """Remove what an earlier run left in a folder, and nothing else."""
    for name in FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def describe(training: Training) -> str:
    """What will be trained on what, for the start of a log."""
    networks = {name: part for name, part in training.system.parts().items() if isinstance(part, nn.Module)}
    sizes = ", ".join(f"{name} of {count_parameters(part):,} parameters" for name, part in networks.items())
    engine = training.engine
    processes = f" in {engine.processes} processes" if engine.processes > 1 else ""
    return (
        f"{training.photo_set.summary}; {len(training.train_indices):,} to train, "
        f"{len(training.valid_indices):,} to validate\n{sizes}\n{training.total_steps:,} steps of "
        f"{training.config.batch_size} on {engine.device}{processes}, {engine.precision}"
    )
