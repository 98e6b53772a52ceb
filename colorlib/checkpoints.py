"""state.pt: everything a training needs to go on as if nothing had happened.

Written as a whole after each epoch (and every `save_steps`), read by --resume. It executes nothing when it is opened.
"""

import logging
import pickle
from pathlib import Path

import torch

from colorlib.config import RESUMABLE, Config
from colorlib.errors import ConfigError
from colorlib.files import write_atomically
from colorlib.settings import flag

log = logging.getLogger("colorlib")


FORMAT = 1  # of state.pt


def save_state(folder: Path, parts: dict, progress: dict, digest: str) -> None:
    """Write the state of a system's parts (name -> network, optimizer, ...), and the loop's own numbers.

    digest: tells the pictures that are trained on from others.
    """
    state = {"format": FORMAT, "digest": digest, "progress": progress}
    state["parts"] = {name: part.state_dict() for name, part in parts.items()}
    write_atomically(folder / "state.pt", lambda path: torch.save(state, path))


def load_state(folder: Path, parts: dict, device: torch.device, digest: str) -> dict | None:
    """Bring a system's parts back to what they were; returns the loop's numbers, or None where nothing was saved yet.

    Raises `ConfigError` for a file that can't be read, or that is of other parts or pictures.
    """
    file = folder / "state.pt"
    if not file.is_file():
        log.warning("%s has no state.pt yet: starting from the first step", folder)
        return None
    try:
        # "cpu" rather than "cpu:0", as several processes call it: torch.load knows no number there
        state = torch.load(file, map_location=device.type, weights_only=True)
        if state["format"] != FORMAT:
            raise ValueError(f"another colorlib wrote it, in format {state['format']}")
        if state["digest"] != digest:
            raise ValueError("it was trained on other pictures: the data set has changed since")
        for name, part in parts.items():
            if name in state["parts"] or name != "scaler":  # begun in another precision, which needed none
                part.load_state_dict(state["parts"][name])
        return state["progress"]
    except (RuntimeError, KeyError, ValueError, TypeError, EOFError, pickle.UnpicklingError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ConfigError(f"{file} can't be read ({reason}); train anew") from None


def check_resumable(config: Config, folder: Path) -> None:
    """Raise `ConfigError` for a setting that a training can't change when it goes on."""
    before = Config.load(folder / "config.json").flat()
    for name, value in config.flat().items():
        if value != before[name] and name not in RESUMABLE:
            raise ConfigError(f"--resume can't change {flag(name)} from {before[name]} to {value}; train anew for that")


def starts_anew(config: Config, folder: Path, overwrite: bool, resume: bool) -> bool:
    """Whether a training begins in this folder, rather than going on. Raises `ConfigError` where it may do neither."""
    there = (folder / "config.json").exists()
    if resume and overwrite:
        raise ConfigError("--resume goes on with a training, --overwrite replaces it; give one of them")
    if there and not overwrite and not resume:
        raise ConfigError(f"{folder} holds a training already; --resume it, --overwrite it, or give another folder")
    if resume and not there:
        raise ConfigError(f"{folder} holds no training to --resume; name its folder with --checkpoints-path")
    if resume:
        check_resumable(config, folder)
    return not resume
