"""What a training leaves behind in its folder, opened again: configuration, history, colorizers, learning strip."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from colorlib import history, plots
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.data import evenly
from colorlib.errors import ConfigError
from colorlib.metrics import gray_row


@dataclass
class Run:
    """What a training left behind."""

    folder: Path
    history: list[history.Row]
    stopped: bool = False  # somebody asked it to, perhaps too late to cut anything off
    interrupted: bool = False  # it could have gone on

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
