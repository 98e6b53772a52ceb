"""How much faster is our training than a plain one of the same networks? Ratios, measured in one interleaved run.

    python benchmarks/training.py [--photos FOLDER] [--repeats 5] [--batch-size 4] [--json FILE]

The networks are the 54 M-parameter U-Net for 256x256 and the 70x70 PatchGAN of recipe faces. The reference is a
training as tutorials have it: float32, contiguous tensors, default Adam, both networks' gradients computed in both
steps; photos opened, resized (bicubic) and converted by scikit-image one by one in a DataLoader with two workers. Ours
is `Training.run_step` and the loader of the decoded cache, from its second epoch on.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from skimage.color import rgb2lab
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from colorlib import photos
from colorlib.color.spaces import LAB
from colorlib.data import load_photos, loader
from colorlib.engine import Engine, device_name
from colorlib.models import build_discriminator, build_generator, count_parameters
from colorlib.recipes import get
from colorlib.systems.gan import GAN
from colorlib.tables import markdown_table
from colorlib.training import Training

SIZE = 256


def seconds(function, device) -> float:
    """How long one call takes, a GPU's work included."""
    started = time.perf_counter()
    function()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


# ---------------------------------------------------------------- the reference


class PlainPhotos(Dataset):
    """L and ab of one photo at a time, the way tutorials do it."""

    def __init__(self, paths):
        self.paths = paths

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        photo = Image.open(self.paths[i]).convert("RGB").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
        lab = torch.from_numpy(rgb2lab(np.asarray(photo)).astype("float32")).permute(2, 0, 1)
        return lab[:1] / 50 - 1, lab[1:] / 110


class PlainTraining:
    """The alternating step with nothing done for speed."""

    def __init__(self, config, device):
        self.generator = build_generator(config.model).to(device)
        self.discriminator = build_discriminator(config).to(device)
        options = {"lr": config.lr, "betas": (0.5, 0.999)}
        self.adam_g = torch.optim.Adam(self.generator.parameters(), **options)
        self.adam_d = torch.optim.Adam(self.discriminator.parameters(), **options)

    def step(self, gray, color):
        bce = functional.binary_cross_entropy_with_logits
        predicted = self.generator(gray)
        fake, real = self.discriminator(gray, predicted.detach()), self.discriminator(gray, color)
        loss = (bce(fake, torch.zeros_like(fake)) + bce(real, torch.ones_like(real))) / 2
        self.adam_d.zero_grad()
        loss.backward()
        self.adam_d.step()
        logits = self.discriminator(gray, predicted)
        loss = bce(logits, torch.ones_like(logits)) + 100 * functional.l1_loss(predicted, color)
        self.adam_g.zero_grad()
        loss.backward()
        self.adam_g.step()


# ---------------------------------------------------------------- the measurement


def make_photos(folder: Path, count: int) -> Path:
    """JPEG photos of about 400x300 cut out of the bundled ones, for a machine without a folder of photos."""
    originals = [photos.read_rgb(path) for path in photos.bundled_photos()]
    random = np.random.default_rng(0)
    for i in range(count):
        photo = originals[i % len(originals)]
        left, top = random.integers(0, photo.width - 400 + 1), random.integers(0, photo.height - 300 + 1)
        photo.crop((left, top, left + 400, top + 300)).save(folder / f"{i:03d}.jpg", quality=90)
    return folder


def summary(reference: list[float], ours: list[float], unit_of_work: int) -> dict:
    """Pictures per second of both, and the ratio of each interleaved pair: median, least and most."""
    ratios = [slow / fast for slow, fast in zip(reference, ours, strict=True)]
    return {
        "reference_per_s": unit_of_work / statistics.median(reference),
        "ours_per_s": unit_of_work / statistics.median(ours),
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def measure(folder: Path, repeats: int, batch_size: int) -> tuple[dict, dict, Training]:
    """Rows of the table (step, input, both), and the seconds of our step that each part takes."""
    with tempfile.TemporaryDirectory() as scratch:
        (config,) = get("faces")
        config = config.replace(
            dataset=str(folder), color_space="lab", batch_size=batch_size, limit_images=None, checkpoints_path=scratch
        )
        photo_set = load_photos(str(folder), size=SIZE)
        engine = Engine()
        training = Training(GAN(config, engine), config, engine, photo_set, show=False)
    device = engine.device
    plain = PlainTraining(config, device)

    batch = photo_set.batch(range(batch_size))
    gray, color = (x.contiguous().to(device) for x in LAB.split(batch.float() / 255))
    plain_input = DataLoader(PlainPhotos(photos.find_photos(folder)), batch_size, shuffle=True, num_workers=2)
    our_input = loader(photo_set, np.arange(len(photo_set)), batch_size)

    def read_plain():
        for plain_gray, plain_color in plain_input:
            plain_gray.to(device), plain_color.to(device)

    def read_ours():
        for rgb in our_input:
            LAB.split(rgb.to(device).float() / 255)

    work = {
        "step": (lambda: plain.step(gray, color), lambda: training.run_step(batch), batch_size),
        "input, second epoch": (read_plain, read_ours, len(photo_set)),
    }
    rows, times = {}, {}
    for name, (reference, ours, unit) in work.items():
        reference(), ours()  # warm up
        pairs = [(seconds(reference, device), seconds(ours, device)) for _ in range(repeats)]
        times[name] = [[t / unit for t in side] for side in zip(*pairs, strict=True)]
        rows[name] = summary(*([t * unit for t in side] for side in times[name]), unit)
    if device.type == "cpu":  # the same two cores do both
        both = [[a + b for a, b in zip(*sides, strict=True)] for sides in zip(*times.values(), strict=True)]
    else:  # workers read while the GPU computes: the slower of the two sets the pace
        both = [[max(a, b) for a, b in zip(*sides, strict=True)] for sides in zip(*times.values(), strict=True)]
    rows["whole loop"] = summary(*both, 1)
    return rows, parts_of_step(training.system, batch, device), training


def parts_of_step(system: GAN, batch, device) -> dict[str, float]:
    """Seconds that the parts of our step take, by running them one after the other."""
    rgb = batch.to(device).float() / 255
    parts = {
        "RGB to Lab": lambda: system.space.split(rgb),
        "generator, forward": lambda: system.predict(rgb),
        "discriminator's step, forward and backward": None,
        "generator's step, with its forward pass": lambda: system.generator_step(system.predict(rgb)),
    }
    prediction = system.predict(rgb)
    parts["discriminator's step, forward and backward"] = lambda: system.discriminator_step(prediction)
    return {name: min(seconds(part, device) for _ in range(3)) for name, part in parts.items()}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", help="folder of photos [96 made of the bundled ones]")
    parser.add_argument("--repeats", type=int, default=5, help="interleaved pairs [5]")
    parser.add_argument("--batch-size", type=int, default=4, help="photos in a step [4]")
    parser.add_argument("--json", help="write the figures there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(arguments.photos) if arguments.photos else make_photos(Path(scratch), 96)
        rows, parts, training = measure(folder, arguments.repeats, arguments.batch_size)
    sizes = [count_parameters(network) / 1e6 for network in (training.system.generator, training.system.discriminator)]
    print(
        f"U-Net of {sizes[0]:.1f} M and PatchGAN of {sizes[1]:.1f} M parameters, {SIZE}x{SIZE}, "
        f"batches of {arguments.batch_size}, on {device_name(training.engine.device)}; ours in "
        f"{training.engine.precision}\n"
    )
    lines = [["", "reference (photos/s)", "ours (photos/s)", "ratio", "least", "most"]]
    lines += [[name, *(f"{value:.2f}" for value in row.values())] for name, row in rows.items()]
    print(markdown_table(lines) + "\n")
    print("Where the time of our step goes:")
    for name, value in parts.items():
        print(f"  {name}: {value:.2f} s")
    if arguments.json:
        figures = {
            "device": device_name(training.engine.device),
            "precision": training.engine.precision,
            "rows": rows,
            "parts": parts,
        }
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
