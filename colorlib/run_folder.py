"""The folder of a training: what it holds, the settings of its stages, and how it is cleared for another.

A run of several stages keeps their settings in stages.json; a run of one needs no more than its config.json. The last
stage stands in the folder itself, the earlier ones in stage-1/, stage-2/, ... below it.
"""

import contextlib
import json
import shutil
from pathlib import Path

from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.files import write_atomically

# What a training leaves in its folder.
FILES = ("config.json", "history.csv", "timing.csv", "preview.png", "state.pt")
FOLDERS = ("best", "last", "strips")


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


def clear(folder: Path) -> None:
    """Remove what an earlier training left in a folder, and nothing else."""
    for name in FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in FILES:
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
