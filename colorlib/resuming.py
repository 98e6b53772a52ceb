"""Which trainings a folder holds, and whether one that is asked for begins there or goes on: the rules of --resume.

A run of several stages keeps their settings in stages.json; a run of one needs no more than its config.json.
"""

import json
from pathlib import Path

from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.files import write_atomically
from colorlib.settings import flag

# What a training leaves in its folder.
FILES = ("config.json", "history.csv", "timing.csv", "preview.png", "state.pt")
FOLDERS = ("best", "last", "strips")

# What --resume may change: how long and how fast a training goes on, and where. All else would contradict its past.
RESUMABLE = {
    *("epochs", "max_steps", "patience", "lr", "discriminator_lr", "lr_schedule", "lr_decay_steps", "lr_floor"),
    *("plateau_patience", "save_steps", "device", "precision", "dataset", "dataset_path", "checkpoints_path"),
    "start_from",
}


def save_stages(folder: Path, stages) -> None:
    """Write down the settings of all stages of a run that has several."""
    folder.mkdir(parents=True, exist_ok=True)
    text = ",\n".join(stage.to_json().rstrip() for stage in stages)
    write_atomically(folder / "stages.json", f"[{text}]\n")


def load_stages(folder) -> tuple[Config, ...]:
    """The stages of the training in a folder, which may have been moved since. Raises `ConfigError`."""
    folder = Path(folder)
    several = folder / "stages.json"
    if several.exists():
        try:
            stages = [Config.from_dict(values) for values in json.loads(several.read_text())]
            if not stages:
                raise ValueError("it is empty")
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise ConfigError(f"{several}: not the stages of a training ({error})") from None
    elif (folder / "config.json").exists():
        stages = [Config.load(folder / "config.json")]
    else:
        raise ConfigError(f"{folder} holds no training to --resume; name its folder with --checkpoints-path")
    first, *others = [stage.replace(checkpoints_path=str(folder)) for stage in stages]
    return first, *(stage.replace(start_from=None) for stage in others)  # which start from the one before


def finished(stages) -> int:
    """How many of a run's stages are behind it: those before the last one that has begun."""
    begun = [number for number, stage in enumerate(stages) if (Path(stage.checkpoints_path) / "config.json").exists()]
    return max(begun, default=0)


def starts_anew(config: Config, overwrite: bool, resume: bool) -> bool:
    """Whether a training begins in its folder, rather than going on. Raises `ConfigError` where it may do neither."""
    folder = Path(config.checkpoints_path)
    there = (folder / "config.json").exists()
    if (folder / "model.safetensors").exists():
        raise ConfigError(f"{folder} holds a colorizer, which a training would spoil; give another --checkpoints-path")
    if there and overwrite:
        Config.load(folder / "config.json")  # or else it is no training's, and not ours to remove
    if not there and not (folder / "stages.json").exists():
        for name in (*FILES, *FOLDERS):  # a training would write over it
            if (folder / name).exists():
                raise ConfigError(f"{folder} has a {name} that is no training's; give another --checkpoints-path")
    if resume and overwrite:
        raise ConfigError("--resume goes on with a training, --overwrite replaces it; give one of them")
    if there and not overwrite and not resume:
        raise ConfigError(f"{folder} holds a training already; --resume it, --overwrite it, or give another folder")
    if resume and not there:
        raise ConfigError(f"{folder} holds no training to --resume; name its folder with --checkpoints-path")
    if resume:
        check_resumable(config)
    return not resume


def check_resumable(config: Config) -> None:
    """Raise `ConfigError` for a setting that a training can't change when it goes on."""
    before = Config.load(Path(config.checkpoints_path) / "config.json").flat()
    for name, value in config.flat().items():
        if value != before[name] and name not in RESUMABLE:
            raise ConfigError(f"--resume can't change {flag(name)} from {before[name]} to {value}; train anew for that")
