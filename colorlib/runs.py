"""What a training leaves behind in its folder, opened again: configuration, history, colorizers, learning strip."""

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from colorlib import history, plots
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.data import PhotoSet, evenly
from colorlib.errors import ConfigError
from colorlib.files import write_atomically
from colorlib.metrics import gray_row
from colorlib.resuming import FILES, FOLDERS, load_stages

STRIP_PICTURES = 8


@dataclass
class Run:
    """What a training left behind."""

    folder: Path
    history: list[history.Row]
    stopped: bool = False  # somebody asked it to, perhaps too late to cut anything off
    interrupted: bool = False  # it could have gone on
    watch: Callable[["Run"], None] | None = None  # called after each epoch, when the strip has grown

    @classmethod
    def load(cls, folder) -> "Run":
        """Open a run's folder. Raises `ConfigError`."""
        folder = Path(folder)
        if not (folder / "history.csv").is_file():
            raise ConfigError(f"{folder}: no training here; looked for history.csv")
        rows = history.read_csv(folder / "history.csv")
        if not rows:
            raise ConfigError(f"{folder / 'history.csv'}: no epoch in it; is the training still in its first one?")
        return cls(folder, rows)

    @cached_property
    def config(self) -> Config:
        """The settings that it was trained with. Raises `ConfigError`."""
        return Config.load(self.folder / "config.json")

    def colorizer(self, which: str = "best", device="cpu") -> Colorizer:
        """The colorizer of the `best` epoch (by the configuration's `monitor`), or of the `last`."""
        which = which if (self.folder / which).is_dir() else "last"
        return Colorizer.load(self.folder / which, device)

    # ------------------------------------------------------------ written while it trains

    def begin(self, config: Config) -> None:
        """Make the folder, and write down the settings."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / "config.json", config.to_json())

    def write_history(self, timing: list[history.Row]) -> None:
        """Write the rows so far, and how long each epoch took."""
        history.write_csv(self.history, self.folder / "history.csv")
        history.write_csv(timing, self.folder / "timing.csv")

    def draw_preview(self, colorizer, photo_set: PhotoSet, valid_indices: np.ndarray) -> None:
        """Keep how a few fixed validation pictures look now, and draw them over the epochs so far."""
        true_rgb = photo_set.batch(evenly(valid_indices, STRIP_PICTURES)) / 255
        self.add_strip("true", true_rgb)
        self.add_strip(f"{self.history[-1]['epoch']:04d}", colorizer.colorize_batch(true_rgb))
        write_atomically(self.folder / "preview.png", plots.to_png(plots.grid(self.learning_strip())))
        if self.watch:
            self.watch(self)

    def add_strip(self, name: str, rgb: torch.Tensor) -> None:
        """Keep a few pictures `(N, 3, S, S)` in [0, 1] side by side: those of an epoch ("0001", ...), or "true"."""
        (self.folder / "strips").mkdir(exist_ok=True)
        strip = Image.fromarray(np.concatenate(list(plots.to_pixels(rgb)), axis=1))
        write_atomically(self.folder / "strips" / f"{name}.png", lambda path: strip.save(path, format="PNG"))

    # ------------------------------------------------------------ looked at afterwards

    def strips(self, epochs: int | None = None) -> dict[int, np.ndarray]:
        """How the validation strip looked after each epoch: epoch -> uint8 `(N, S, S, 3)`.

        epochs: of so many alone, evenly taken.
        """
        found = {int(path.stem): path for path in (self.folder / "strips").glob("*.png") if path.stem.isdecimal()}
        return {int(epoch): read_strip(found[epoch]) for epoch in evenly(np.array(sorted(found)), epochs)}

    def learning_strip(self, epochs: int = 5) -> dict[str, np.ndarray]:
        """Rows for a picture of the learning: gray, the strip after a few epochs, true."""
        true = read_strip(self.folder / "strips" / "true.png")
        gray = gray_row(torch.from_numpy(true.copy()).permute(0, 3, 1, 2) / 255)
        shown = {f"epoch {epoch}": strip for epoch, strip in self.strips(epochs).items()}
        return {"gray": plots.to_pixels(gray)} | shown | {"true": true}


def read_strip(path) -> np.ndarray:
    """A strip of square pictures side by side: uint8 `(N, S, S, 3)`."""
    pixels = np.asarray(Image.open(path).convert("RGB"))
    return np.stack(np.split(pixels, pixels.shape[1] // pixels.shape[0], axis=1))


def clear(folder: Path) -> None:
    """Remove what an earlier run left in a folder, and nothing else."""
    for name in FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def clear_stages(folder: Path) -> None:
    """Remove the earlier stages of the run that stood in a folder, if it was one of several stages."""
    if not (folder / "stages.json").is_file():
        return
    for number in range(1, len(load_stages(folder))):
        clear(folder / f"stage-{number}")
        with contextlib.suppress(OSError):  # not empty: it holds somebody's files, too
            (folder / f"stage-{number}").rmdir()
    clear(folder)
    (folder / "stages.json").unlink()
