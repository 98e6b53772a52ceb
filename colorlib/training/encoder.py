"""An encoder that has seen photographs, made here: a ResNet18 that learns to name what is in gray ones.

    colorlib pretrain-encoder --dataset tiny-imagenet --output encoder

Its classes are the folders of the data set. What it has learned on the way to their names, edges, textures, parts, is
what a generator begins with (--generator resnet18 --encoder-weights encoder/encoder.safetensors). Used in notebook 04.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from colorlib.color.spaces import LAB
from colorlib.data import EpochOrder, PhotoSet, augment, evenly, load_photos
from colorlib.data.photo_sets import class_words
from colorlib.encoder_config import EncoderConfig, load_encoder_config, resumed
from colorlib.engine import Engine
from colorlib.errors import ConfigError, DataError
from colorlib.fields import having
from colorlib.files import write_atomically
from colorlib.history import write_csv
from colorlib.models import evaluating
from colorlib.models.classifier import resized
from colorlib.models.resnet import gray_resnet18
from colorlib.systems.optimizers import one_cycle
from colorlib.systems.system import Parts
from colorlib.training.locks import training_lock
from colorlib.training.loop import Loop
from colorlib.training.run_folder import check_either, check_room, clear

SMOOTHING = 0.1  # of the labels: a tenth of the target is spread over all classes


def pretrain_encoder(given: dict, resume: bool = False, overwrite: bool = False, progress: bool = True) -> list[dict]:
    """Train an encoder, and leave it in the folder `output`; returns the rows of its history.

    given: settings that differ from the defaults of `EncoderConfig`, or, with resume, from those of the training in the
    folder, which goes on. overwrite: replace one that is there. Raises `ConfigError`, `DataError`, `TrainingError`.
    """
    return pretrain(EncoderTraining, given, resume, overwrite, progress)


def pretrain(kind: type["EncoderTraining"], given: dict, resume: bool, overwrite: bool, progress: bool) -> list[dict]:
    """`pretrain_encoder`, for any training of a classifier."""
    check_either(resume, overwrite)
    config = kind.config_class(**given)
    folder, left = Path(config.output), ("config.json", "state.pt", "history.csv", f"{config.made}.safetensors")
    room = (folder, overwrite, lambda path: load_encoder_config(path, kind.config_class), left)
    if resume:
        config = resumed(folder, given, kind.config_class)
    else:
        check_room(*room)
    engine = Engine(config.device, config.precision)
    if engine.processes > 1:
        raise ConfigError("a classifier is trained by one process; start it without torchrun")
    photo_set = load_photos(config.dataset, config.dataset_path, config.image_size, progress)
    training = kind(config, engine, photo_set, progress)
    with training_lock(folder):
        if resume:
            training.load_state()
        else:  # another process may have trained there since
            check_room(*room)
            clear(folder, left)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "config.json", json.dumps(dataclasses.asdict(config), indent=2) + "\n")
        training.run()
    return training.progress.rows


class EncoderTraining(Loop):
    """The training of a classifier of gray pictures. Raises `DataError` for a set without classes.

    Another classifier says how its network is built and what that sees. config_class: the dataclass of its settings,
    which names what it leaves in its folder.
    """

    config_class = EncoderConfig

    def __init__(self, config: EncoderConfig, engine: Engine, photo_set: PhotoSet, show: bool = True):
        self.photo_set, self.kept = photo_set, f"{config.made}.safetensors"
        train, self.valid, self.test = pictures_with_classes(photo_set, config)
        self.classes, self.labels = np.unique(photo_set.folder, return_inverse=True)
        order = EpochOrder(train, config.batch_size, config.seed)
        super().__init__(config, config.output, engine, order, order, photo_set.digest(train), show=show)
        torch.manual_seed(config.seed)
        self.network, self.optimizer = engine.prepare(self.build(len(self.classes)), self.make_optimizer)

    def build(self, classes: int) -> nn.Module:
        """The network, to logits of so many classes, with random weights."""
        return gray_resnet18(classes)

    def make_optimizer(self, network) -> torch.optim.Optimizer:
        config = self.config
        fused = self.engine.device.type in ("cpu", "cuda")
        return torch.optim.AdamW(network.parameters(), config.lr, weight_decay=config.weight_decay, fused=fused)

    def parts(self) -> Parts:
        """What must be saved to go on."""
        scaler = self.engine.accelerator.scaler  # of half precision, where there is one
        others = {"scaler": scaler} if scaler else {}
        return Parts({"network": self.engine.plain(self.network)}, {"optimizer": self.optimizer}, others)

    def run_step(self, indices: np.ndarray) -> dict[str, Tensor]:
        """One step down the cross entropy of a batch."""
        step = self.progress.step
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.lr * one_cycle(step, self.total_steps)
        torch.manual_seed(self.config.seed * 1_000_003 + step)  # all chance of a step follows from its number
        seen, label = self.batch(indices, augmented=True)
        logits = self.network(resized(seen, growing(self.config.image_size, step / self.total_steps)))
        loss = functional.cross_entropy(logits.float(), label, label_smoothing=SMOOTHING)
        self.engine.descend(loss, self.optimizer)
        return {"loss": loss.detach()}

    def batch(self, indices: np.ndarray, augmented: bool = False) -> tuple[Tensor, Tensor]:
        """What the network sees `(B, C, S, S)`, and the number of its class `(B,)`, on the device."""
        rgb = self.photo_set.batch(indices).to(self.engine.device)
        rgb = (augment(rgb) if augmented else rgb).to(self.engine.dtype) / 255
        return self.see(rgb), torch.from_numpy(self.labels[indices]).to(self.engine.device)

    def see(self, rgb: Tensor) -> Tensor:
        """Of pictures, sRGB `(B, 3, S, S)` in [0, 1], what the network sees: gray `(B, 1, S, S)` in [-1, 1]."""
        return LAB.split(rgb)[0]

    def finish_epoch(self, losses: dict[str, float]) -> None:
        """Validate, write the history and the weights."""
        progress, size = self.progress, self.config.image_size
        row = {"epoch": progress.epoch, "step": progress.step} | losses
        row |= {f"valid_{name}": value for name, value in self.measure(self.valid, size).items()}
        row["valid_top1_percent_half_size"] = self.measure(self.valid, size // 2)["top1_percent"]
        if progress.epoch == self.config.epochs:
            row |= {f"test_{name}": value for name, value in self.measure(self.test, size).items()}
        progress.rows.append(row)
        write_csv(progress.rows, self.folder / "history.csv")
        self.save_network(row)
        if self.show:
            tqdm.write(json.dumps(row))

    @torch.no_grad()
    def measure(self, indices: np.ndarray, size: int) -> dict[str, float]:
        """In how many of 100 pictures the right class is the likeliest one, and one of the five likeliest."""
        right = torch.zeros(2)
        with evaluating(self.network):
            for few in np.array_split(indices, -(-len(indices) // self.config.batch_size)):
                seen, label = self.batch(few)
                best = self.network(resized(seen, size)).topk(min(5, len(self.classes))).indices
                hit = best == label[:, None]
                right += torch.stack([hit[:, 0].sum(), hit.any(1).sum()]).cpu()
        top1, top5 = (100 * right / len(indices)).tolist()
        return {"top1_percent": top1, "top5_percent": top5}

    def save_network(self, row: dict) -> None:
        """Write the file of weights: in half precision, with the names of classes, figures and settings."""
        weights = {
            name: (value.half() if value.is_floating_point() else value).contiguous().cpu()
            for name, value in self.engine.plain(self.network).state_dict().items()
        }
        words = class_words(self.config.dataset, self.config.dataset_path)
        names = [words.get(name, name) for name in self.classes.tolist()]
        about = {"classes": names, "folders": self.classes.tolist(), "figures": row}
        about = {name: json.dumps(value) for name, value in about.items()}
        places = having(type(self.config), "resumable")
        settings = {name: value for name, value in dataclasses.asdict(self.config).items() if name not in places}
        about["settings"] = json.dumps(settings)
        write_atomically(self.folder / self.kept, lambda path: save_file(weights, path, about))


def pictures_with_classes(photo_set: PhotoSet, config: EncoderConfig) -> list[np.ndarray]:
    """Indices of the pictures to train on, to validate on and to test on. Raises `DataError`."""
    if photo_set.folder is None or len(np.unique(photo_set.folder)) < 2:
        raise DataError(f"{photo_set.name} has no classes; it takes a folder for each, as train/CLASS/*.jpg")
    split = photo_set.split(config.splits, config.split_seed)
    chosen = [split[name] for name in ("train", "valid", "test")]
    if photo_set.own_part is not None:
        chosen = [part[photo_set.own_part[part] == "train"] for part in chosen]
    chosen[0] = evenly(chosen[0], config.limit_images)
    if min(map(len, chosen)) < 1 or len(chosen[0]) < 2:
        raise DataError(f"{photo_set.name}: too few pictures in a part of {config.splits}; give other --splits")
    return chosen


def growing(size: int, done: float) -> int:
    """The side at which pictures are seen when so much of a training is done, from 0 to 1: small ones cost less.

    From half the size it grows, in multiples of 8 pixels, to the whole, which it has for the last 30 %. So batch norm's
    statistics are those of the whole in the end.
    """
    return size if done >= 0.7 else min(size, max(16, 8 * round(size * (0.5 + 0.5 * done / 0.7) / 8)))
