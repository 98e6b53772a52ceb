"""Training: the explicit loop, its history, its checkpoints and the strip of pictures that shows it learn.

Hugging Face Accelerate carries device and mixed precision; what happens in a step is written out here.
A run's folder holds config.json, history.csv, preview.png, strips/ and the colorizers best/ and last/.
Notebook 02 walks through `generator_step`.
"""

import logging
import math
import platform
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from colorlib import history, plots
from colorlib.color import COLOR_SPACES, Prediction
from colorlib.colorizer import Colorizer
from colorlib.config import Config, ConfigError
from colorlib.data import DataError, PhotoSet, augment, load_photos, loader, spread
from colorlib.files import write_atomically
from colorlib.losses import objective
from colorlib.metrics import Metrics, gray_row
from colorlib.models import build_generator, count_parameters

log = logging.getLogger("colorlib")

STRIP_PICTURES = 8
MIXED_PRECISION = {"fp32": "no", "fp64": "no", "fp16": "fp16", "bf16": "bf16"}


def choose_device(name: str = "auto") -> torch.device:
    """The device that a setting means; `auto` is a GPU if there is one. Raises `ConfigError`."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"--device {name} can't be used here ({str(error).splitlines()[0]})") from None
    return device


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 itself; where it is emulated it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu" and platform.machine() in ("x86_64", "AMD64"):
        probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
        return bool(probe and probe())
    return False


def choose_precision(name: str, device: torch.device) -> str:
    """`auto` resolved: bf16 where native, fp16 on older GPUs, else fp32."""
    if name != "auto":
        return name
    if has_native_bfloat16(device):
        return "bf16"
    return "fp16" if device.type == "cuda" else "fp32"


def learning_rate(config: Config, step: int, total_steps: int) -> float:
    """The generator's learning rate at a step (from 0), by the schedule that the configuration names."""
    if config.lr_schedule == "decay":
        return max(config.lr * 0.1 ** (step / config.lr_decay_steps), config.lr_floor)
    if config.lr_schedule == "onecycle":  # up in the first 30 %, down to nearly 0 in the rest, both as a cosine
        peak = 0.3 * total_steps
        low, share = (0.04, step / peak) if step < peak else (1e-4, 1 - (step - peak) / max(total_steps - peak, 1))
        return config.lr * (low + (1 - low) * (1 - math.cos(math.pi * share)) / 2)
    return config.lr


@dataclass
class Run:
    """What a training left behind."""

    folder: Path
    config: Config
    history: list[history.Row]
    interrupted: bool = False

    def colorizer(self, which: str = "best", device="cpu") -> Colorizer:
        """The colorizer of the best epoch (lowest validation MAE), or of the `last`."""
        which = which if (self.folder / which).is_dir() else "last"
        return Colorizer.load(self.folder / which, device)


class Training:
    """One training: networks, optimizer, data, and the loop over them.

    photo_set: the pictures, where they are at hand already; otherwise the configuration says which.
    """

    def __init__(self, config: Config, photo_set: PhotoSet | None = None, progress: bool = True):
        self.config, self.progress = config, progress
        self.folder = Path(config.checkpoints_path)
        self.device = choose_device(config.device)
        self.precision = choose_precision(config.precision, self.device)
        AcceleratorState._reset_state(reset_partial_state=True)  # a notebook trains more than once
        self.accelerator = Accelerator(mixed_precision=MIXED_PRECISION[self.precision], cpu=self.device.type == "cpu")
        self.dtype = torch.float64 if self.precision == "fp64" else torch.float32

        self.photo_set = photo_set or load_photos(
            config.dataset, config.dataset_path, config.image_size, progress=progress
        )
        if self.photo_set.images.shape[1] != config.image_size:
            raise ConfigError(f"--image-size is {config.image_size}, but the pictures are {self.photo_set.summary}")
        self.train_indices, self.valid_indices = self._parts()
        self.batches = loader(self.photo_set, self.train_indices, config.batch_size, config.seed)
        self.total_steps = config.epochs * len(self.batches)
        if config.max_steps:
            self.total_steps = min(self.total_steps, config.max_steps)

        torch.manual_seed(config.seed)
        self.space = COLOR_SPACES[config.color_space]
        self.terms = objective(config)
        generator = build_generator(config).to(self.dtype).to(memory_format=torch.channels_last)
        optimizer = self._optimizer(generator)
        self.generator, self.optimizer = self.accelerator.prepare(generator, optimizer)
        self.device = self.accelerator.device
        self.step, self.epoch, self.rows, self.best = 0, 0, [], float("inf")

    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        config, parts = self.config, self.photo_set.split(self.config.splits, self.config.seed)
        train, valid = parts["train"], parts["valid"]
        if config.skip_gray:
            train = train[~self.photo_set.gray[train]]
        if not len(train):
            raise DataError(f"{self.photo_set.name}: no colored photo is left to train on; give more photos")
        if not len(valid):
            log.warning("too few photos to hold some out: validating on the training photos")
            valid = train
        return spread(train, config.limit_images), spread(valid, config.valid_images)

    def _optimizer(self, model) -> torch.optim.Optimizer:
        config = self.config
        options = {"lr": config.lr, "betas": (config.beta1, config.beta2)}
        if self.device.type in ("cuda", "cpu"):
            options["fused"] = True
        if config.optimizer == "adamw":
            return torch.optim.AdamW(model.parameters(), weight_decay=config.weight_decay, **options)
        return torch.optim.Adam(model.parameters(), **options)

    def describe(self) -> str:
        """What will be trained on what, for the start of a log."""
        config, parts = self.config, f"{len(self.train_indices):,} to train, {len(self.valid_indices):,} to validate"
        widths, parameters = "-".join(map(str, config.widths)), count_parameters(self.generator)
        return (
            f"{self.photo_set.summary}; {parts}\n"
            f"{config.generator} {widths}, {parameters:,} parameters, {config.color_space}; "
            f"{self.total_steps:,} steps of {config.batch_size} on {self.device}, {self.precision}"
        )

    # ------------------------------------------------------------ one step

    def prepare(self, batch: Tensor) -> Tensor:
        """RGB uint8 `(B, 3, S, S)` as it came from the loader to augmented sRGB in [0, 1] on the device."""
        rgb = batch.to(self.device, non_blocking=True)
        if self.config.augment:
            # Seeded by the step: what a step sees doesn't depend on the steps before it.
            rgb = augment(rgb, torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.step))
        return rgb.to(self.dtype) / 255

    def generator_step(self, rgb: Tensor) -> dict[str, Tensor]:
        """Predict color from gray, add up the weighted terms, go one step down their gradient."""
        gray, color = self.space.split(rgb)
        prediction = Prediction(self.space, gray, color, self.generator(gray))
        losses = {f"loss_G_{term.name}": term.weight * term.function(prediction) for term in self.terms}
        losses["loss_G"] = sum(losses.values())
        self.optimizer.zero_grad()
        self.accelerator.backward(losses["loss_G"])
        self.optimizer.step()
        return {name: loss.detach() for name, loss in losses.items()}

    # ------------------------------------------------------------ the loop

    def fit(self) -> Run:
        """Train to the end, or to Ctrl-C; either way the folder holds a usable colorizer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / "config.json", lambda path: Path(path).write_text(self.config.to_json()))
        interrupted = False
        bar = tqdm(total=self.total_steps, unit="step", disable=not self.progress, dynamic_ncols=True)
        with bar:
            try:
                while self.step < self.total_steps:
                    self.run_epoch(bar)
            except KeyboardInterrupt:
                interrupted = True
                self.save("last")
        return Run(self.folder, self.config, self.rows, interrupted)

    def run_epoch(self, bar) -> None:
        """One pass over the training pictures, then validation, history, checkpoints and preview."""
        started, images, sums = time.perf_counter(), 0, {}
        self.generator.train()
        self.batches.sampler.epoch = self.epoch
        for number, batch in enumerate(self.batches):
            lr = learning_rate(self.config, self.step, self.total_steps)
            for group in self.optimizer.param_groups:
                group["lr"] = lr
            losses = self.generator_step(self.prepare(batch))
            for name, loss in losses.items():
                sums[name] = sums.get(name, 0) + loss.double()
            self.step += 1
            images += len(batch)
            bar.update()
            if number % 10 == 0:
                shown = {name: f"{loss.item():.3g}" for name, loss in losses.items()}
                bar.set_postfix(epoch=self.epoch + 1, **shown, refresh=False)
            if self.step >= self.total_steps:
                break
        seconds = time.perf_counter() - started
        self.epoch += 1
        self.rows.append(
            {
                "epoch": self.epoch,
                "step": self.step,
                "lr": lr,
                **{name: (total / (number + 1)).item() for name, total in sums.items()},
                **{f"valid_{name}": value for name, value in self.validate().items()},
                "images_per_s": images / seconds,
                "seconds": seconds,
            }
        )
        self.save("last")
        if self.rows[-1]["valid_mae"] < self.best:
            self.best = self.rows[-1]["valid_mae"]
            self.save("best")
        history.write_csv(self.rows, self.folder / "history.csv")
        self.draw_preview()

    def validate(self) -> dict[str, float]:
        """The cheap metrics over the validation pictures."""
        colorizer, metrics = Colorizer(self.generator, self.config), Metrics(cheap=True)
        for batch in loader(self.photo_set, self.valid_indices, self.config.batch_size, shuffle=False):
            true_rgb = batch.to(self.device).to(self.dtype) / 255
            metrics.update(colorizer.colorize_batch(true_rgb), true_rgb)
        return metrics.compute()

    def save(self, name: str) -> None:
        """Write the colorizer folder `name` (best or last)."""
        Colorizer(self.accelerator.unwrap_model(self.generator), self.config).save(self.folder / name)

    def draw_preview(self) -> None:
        """Keep how a few fixed validation pictures look now, and draw them over the epochs so far."""
        true_rgb = self.photo_set.batch(spread(self.valid_indices, STRIP_PICTURES)).to(self.device) / 255
        now = plots.to_pixels(Colorizer(self.generator, self.config).colorize_batch(true_rgb))
        strips = self.folder / "strips"
        strips.mkdir(exist_ok=True)
        strip = Image.fromarray(np.concatenate(list(now), axis=1))
        write_atomically(strips / f"{self.epoch:04d}.png", lambda path: strip.save(path, format="PNG"))
        rows = {"gray": gray_row(true_rgb)}
        for epoch in spread(np.arange(1, self.epoch + 1), 5):
            pixels = np.asarray(Image.open(strips / f"{epoch:04d}.png"))
            rows[f"epoch {epoch}"] = np.stack(np.split(pixels, len(true_rgb), axis=1))
        png = plots.to_png(plots.grid(rows | {"true": true_rgb}))
        write_atomically(self.folder / "preview.png", lambda path: Path(path).write_bytes(png))


def fit(config: Config, photo_set: PhotoSet | None = None, overwrite: bool = False, progress: bool = True) -> Run:
    """Train what the configuration describes, and leave the run in its `checkpoints_path`.

    overwrite: replace a run that is there already; without it such a folder is refused. Raises `ConfigError` and
    `DataError` before anything is written.
    """
    if (Path(config.checkpoints_path) / "config.json").exists() and not overwrite:
        raise ConfigError(
            f"{config.checkpoints_path} holds a training already; give another --checkpoints-path, or --overwrite"
        )
    training = Training(config, photo_set, progress)
    for name in ("best", "last", "strips"):
        shutil.rmtree(training.folder / name, ignore_errors=True)
    for name in ("config.json", "history.csv", "preview.png"):
        (training.folder / name).unlink(missing_ok=True)
    if progress:
        tqdm.write(training.describe())
    return training.fit()
