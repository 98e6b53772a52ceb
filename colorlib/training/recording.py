"""What a training writes into its folder while it goes on, for `Run` to open again: all but the state to resume from.

config.json, history.csv, timing.csv, the colorizers best/ and last/, and how a few fixed validation pictures gain
their color: strips/, and preview.png, which is drawn of them.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from colorlib import plots
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.files import write_atomically
from colorlib.history import Row, write_csv
from colorlib.training.runs import Run

STRIP_PICTURES = 8


class Recorder:
    """Writes the folder of a run; each file is replaced as a whole. Of several processes, one records.

    folder: the run's, made when it begins. pictures: those of the strip, RGB uint8 `(N, 3, S, S)`. watch: called with
    the run after each epoch, as to draw the strip in a notebook.
    """

    def __init__(self, folder, pictures: torch.Tensor, watch: Callable[[Run], None] | None = None):
        self.folder, self.watch = Path(folder), watch
        self.true_rgb = pictures / 255

    def begin(self, config: Config) -> None:
        """Make the folder, and write down the settings: from now on it holds a training that can go on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / "config.json", config.to_json())

    def keep(self, name: str, colorizer: Colorizer) -> None:
        """Write a colorizer's folder below the run's.

        name: `best` or `last`.
        """
        colorizer.save(self.folder / name)

    def end_epoch(self, rows: list[Row], timing: list[Row], colorizer: Colorizer) -> None:
        """Write the history so far, how long each epoch took, and the strip of the newest."""
        write_csv(rows, self.folder / "history.csv")
        write_csv(timing, self.folder / "timing.csv")
        self.keep_strip("true", self.true_rgb)
        self.keep_strip(f"{rows[-1]['epoch']:04d}", colorizer.colorize_batch(self.true_rgb))
        run = Run(self.folder, rows)
        write_atomically(self.folder / "preview.png", plots.to_png(plots.grid(run.learning_strip())))
        if self.watch:
            self.watch(run)

    def keep_strip(self, name: str, rgb: torch.Tensor) -> None:
        """Keep pictures `(N, 3, S, S)` in [0, 1] side by side: those of an epoch ("0001", ...), or "true"."""
        (self.folder / "strips").mkdir(exist_ok=True)
        strip = Image.fromarray(np.concatenate(list(plots.to_pixels(rgb)), axis=1))
        write_atomically(self.folder / "strips" / f"{name}.png", lambda path: strip.save(path, format="PNG"))
