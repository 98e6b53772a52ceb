"""The folder of a training: what it holds, the settings of its stages, and how it is cleared for another.

A run of several stages keeps their settings in stages.json; a run of one needs no more than its config.json. The last
stage stands in the folder itself, the earlier ones in stage-1/, stage-2/, ... below it.
"""

import contextlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.files import write_atomically

# What a training leaves in its folder.
LEFT = ("config.json", "history.csv", "timing.csv", "preview.png", "state.pt", "best", "last", "strips")


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
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise ConfigError(f"{several}: not the stages of a training ({error})") from None
    elif (folder / "config.json").exists():
        stages = [Config.load(folder / "config.json")]
    else:
        raise ConfigError(f"{folder} holds no training to --resume; name its folder with --checkpoints-path")
    first, *others = [stage.replace(checkpoints_path=str(folder)) for stage in stages]
    return first, *(stage.replace(start_from=None) for stage in others)  # which start from the one before


def has_begun(folder) -> bool:
    """Whether the folder holds a training, as far as it may have come."""
    return (Path(folder) / "stages.json").exists() or (Path(folder) / "config.json").exists()


def check_either(resume: bool, overwrite: bool) -> None:
    """Raise `ConfigError` where both are asked for."""
    if resume and overwrite:
        raise ConfigError("--resume goes on with a training, --overwrite replaces it; give one of them")


def check_room(folder: Path, overwrite: bool, load: Callable = Config.load, left: Sequence[str] = LEFT) -> None:
    """Raise `ConfigError` for a folder in which a training may not begin.

    load: reads the settings of a training of this kind, or refuses them; left: names of what one leaves.
    """
    there = (folder / "config.json").exists()
    if (folder / "model.safetensors").exists():
        raise ConfigError(f"{folder} holds a colorizer, which a training would spoil; give another folder")
    if there and not overwrite:
        raise ConfigError(f"{folder} holds a training already; --resume it, --overwrite it, or give another folder")
    if there:
        load(folder / "config.json")  # or else it is no such training's, and not ours to remove
    elif not (folder / "stages.json").exists():
        for name in left:  # a training would write over it
            if (folder / name).exists():
                raise ConfigError(f"{folder} has {name}, which is no training's; give another folder")


def clear(folder: Path, left: Sequence[str] = LEFT) -> None:
    """Remove what an earlier training left in a folder, and nothing else."""
    for name in left:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name, ignore_errors=True)
        else:
            (folder / name).unlink(missing_ok=True)
        for rest in folder.glob(f".{name}-????????"):  # of one that was killed while it wrote
            rest.unlink()


def clear_stages(folder: Path) -> None:
    """Remove the earlier stages of the training that stood in a folder, if it was one of several stages."""
    if not (folder / "stages.json").is_file():
        return
    for number in range(1, len(load_stages(folder))):
        clear(folder / f"stage-{number}")
        with contextlib.suppress(OSError):  # not empty: it holds somebody's files, too
            (folder / f"stage-{number}").rmdir()
    clear(folder)
    (folder / "stages.json").unlink()
