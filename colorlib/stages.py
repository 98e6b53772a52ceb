"""From a configuration, or a recipe's tuple of them, to a trained run: `fit`.

A recipe's stages are trained one after the other, each from the generator that the one before has left. The last one
stands in the run's folder itself, the earlier ones in stage-1/, stage-2/, ... below it.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from colorlib.checkpoints import starts_anew
from colorlib.config import Config, stages_text
from colorlib.data import PhotoSet, load_photos, parse_splits
from colorlib.engine import Engine
from colorlib.errors import ConfigError
from colorlib.files import write_atomically
from colorlib.losses import objective
from colorlib.models import build_discriminator, build_generator, count_parameters, refuse_idle_settings
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
    stages = [config] if isinstance(config, Config) else chained(config)
    if photo_set is not None:
        stages = [stage.replace(dataset=photo_set.name) for stage in stages]
    anew = check(stages, overwrite, resume)
    for number, (stage, begins) in enumerate(zip(stages, anew, strict=True)):
        if number + 1 < len(stages) and not anew[number + 1]:
            continue  # the next stage has started from this one: it is finished
        run = fit_one(stage, photo_set, begins, progress, stages)
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


def check(stages: Sequence[Config], overwrite: bool, resume: bool) -> list[bool]:
    """All that can be said of the stages before anything is decoded, trained or written. Raises `ConfigError`.

    Returns for each stage whether it begins anew, rather than going on.
    """
    for stage in stages:
        objective(stage.loss)
        if stage.splits != "own":
            parse_splits(stage.splits)
        check_networks(stage)
        refuse_idle_settings(stage.model)
    anew = []
    for number, stage in enumerate(stages):
        folder = Path(stage.checkpoints_path)
        begun = number == 0 or (folder / "config.json").exists()
        anew.append(starts_anew(stage, folder, overwrite, resume and begun))
    return anew


def check_networks(stage: Config) -> None:
    """Build a stage's networks without memory and put a batch of nothing through them. Raises `ConfigError`."""
    with torch.device("meta"):  # only shapes are looked at
        generator, discriminator = build_generator(stage.model), build_discriminator(stage)
        gray = torch.empty(stage.batch_size, 1, stage.model.image_size, stage.model.image_size)
        try:
            color = generator(gray)
            if discriminator:
                discriminator(gray, color)
        except ValueError as error:  # batch norm with one value for each channel
            raise ConfigError(
                f"--batch-size {stage.batch_size} is too small for these networks ({error}); give a larger batch, a "
                "larger --image-size or fewer --widths"
            ) from None


def fit_one(config: Config, photo_set, anew: bool, progress: bool, stages: Sequence[Config]) -> Run:
    """One of a run's stages, beginning or going on."""
    place = Path(config.checkpoints_path)
    engine = Engine(config.device, config.precision)
    try:
        with engine.accelerator.local_main_process_first():  # one process decodes, the others find its cache
            photo_set = photo_set or load_photos(
                config.dataset, config.dataset_path, config.model.image_size, progress and engine.is_main
            )
        # What a training has once started from is needed no more, and may be gone, when state.pt has its weights.
        goes_on = not anew and (place / "state.pt").is_file()
        system = build_system(config.replace(start_from=None) if goes_on else config, engine)
        training = Training(system, config, engine, photo_set, progress)
        if not anew:
            training.load_state()
        if engine.is_main:
            make_room(config, anew, stages)
        if training.progress:
            tqdm.write(describe(training))
        return training.fit()
    finally:
        engine.close()


def make_room(config: Config, anew: bool, stages: Sequence[Config]) -> None:
    """Remove what earlier runs left where a stage begins, and write down the run's stages where they are several."""
    folder = Path(stages[-1].checkpoints_path)
    if anew:
        clear(Path(config.checkpoints_path))
    if anew and config is stages[0]:
        for old in [folder, *folder.glob("stage-[0-9]*")]:
            if old != Path(config.checkpoints_path):
                clear(old)
                if old != folder and not any(old.iterdir()):
                    old.rmdir()
        (folder / "stages.json").unlink(missing_ok=True)
    if len(stages) > 1:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "stages.json", stages_text(stages))


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
