"""state.pt: everything a training needs to go on as if nothing had happened.

Written as a whole after each epoch (and every `save_steps`), read by --resume. It executes nothing when it is opened.
"""

import logging
from dataclasses import asdict
from pathlib import Path

import torch

from colorlib.errors import ConfigError
from colorlib.files import write_atomically
from colorlib.systems.system import Parts
from colorlib.training.progress import BestEpoch, Progress

log = logging.getLogger("colorlib")

STATE_FORMAT = 1  # of state.pt


def save_state(folder: Path, parts: Parts, progress: Progress, digest: str) -> None:
    """Write the state of a system's parts, and how far the loop has come.

    digest: tells the pictures that are trained on from others.
    """
    state = {"format": STATE_FORMAT, "digest": digest, "progress": asdict(progress)}
    state["parts"] = {name: part.state_dict() for name, part in parts.all().items()}
    write_atomically(folder / "state.pt", lambda path: torch.save(state, path))


def load_state(folder: Path, parts: Parts, digest: str) -> Progress | None:
    """Bring a system's parts back to what they were; returns how far the loop had come, or None where nothing was
    saved yet. Raises `ConfigError` for a file that can't be read, or that is of other parts or pictures.
    """
    file = folder / "state.pt"
    if not file.is_file():
        log.warning("%s has no state.pt yet: starting from the first step", folder)
        return None
    try:
        # On the processor first, whatever the device: parts go where they belong when they take their state.
        state = torch.load(file, map_location="cpu", weights_only=True)
        if state["format"] != STATE_FORMAT:
            raise ValueError(f"another colorlib wrote it, in format {state['format']}")
        if state["digest"] != digest:
            raise ValueError("it was trained on other pictures: the data set has changed since")
        forms = [[group.get("fused") for group in optimizer.param_groups] for optimizer in parts.optimizers.values()]
        for name, fused in zip(parts.optimizers, forms, strict=True):
            for group, form in zip(state["parts"][name]["param_groups"], fused, strict=True):
                group["fused"] = form  # which suits this device, and not the one that the file is from
        for name, part in parts.all().items():
            if name in state["parts"] or name != "scaler":  # begun in another precision, which needed none
                part.load_state_dict(state["parts"][name])
        best = BestEpoch(**state["progress"].pop("best"))
        progress = Progress(**state["progress"], best=best)
        if not all(type(number) is int for number in (progress.step, progress.epoch, progress.batches)):
            raise ValueError("its numbers are none")
        if not all(isinstance(row, dict) for rows in (progress.rows, progress.timing) for row in rows):
            raise ValueError("its history is none")
        progress.sums = {name: float(total) for name, total in progress.sums.items()}
        return progress
    except Exception as error:  # a damaged file can fail in nearly any way
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ConfigError(f"{file} can't be read ({reason}); train anew") from None
