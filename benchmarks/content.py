"""What the content term costs: time and memory of one value with its gradient, by network and size of the pictures.

    python benchmarks/content.py --encoder results/encoder/encoder.safetensors

Time is the processor's, of all threads, so other work beside counts little; memory is the peak beyond what the network
and the pictures take. Each line is measured in a process of its own.
"""

import argparse
import multiprocessing
import resource
import time

import torch

from colorlib.color.spaces import LAB
from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.losses import Prediction
from colorlib.losses.objective import objective
from colorlib.models.heads import ColorHead

SIZES = ((32, 64), (64, 64), (256, 4))  # side in pixels, pictures in a batch
TIMES = 3


def peak() -> float:
    """The largest memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(weights: str, side: int, batch: int) -> tuple[tuple[str, ...], float, float]:
    """The layers, processor milliseconds for each picture, and MB for each picture."""
    config = Config(loss={"content": 1.0}, content_weights=weights)
    (term,) = objective(config.loss)
    term.prepare(Engine("cpu", "fp32"), config)
    gray, color = LAB.split(torch.rand(batch, 3, side, side))
    before, since = peak(), time.process_time()
    for _ in range(TIMES):
        predicted = (0.5 * color).requires_grad_()
        term(Prediction(ColorHead(LAB), gray, color, predicted)).backward()
    seconds = (time.process_time() - since) / TIMES
    return tuple(term.function.weights), 1000 * seconds / batch, (peak() - before) / batch


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", required=True, metavar="FILE", help="a file of `colorlib pretrain-encoder`")
    named = {"VGG16": "none", "gray ResNet18": parser.parse_args().encoder}
    for name, given in named.items():
        for side, batch in SIZES:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                layers, milliseconds, megabytes = pool.apply(measure, (given, side, batch))
            print(f"{name}, {'+'.join(layers)}, {side} px: {milliseconds:.1f} ms and {megabytes:.1f} MB for a picture")
