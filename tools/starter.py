"""Make colorlib/starter, the colorizer that comes with colorlib, of a training; and results/starter, what it can do.

    colorlib train --recipe starter --scale full --dataset-path data/tiny-imagenet --checkpoints-path runs/starter
    python tools/starter.py runs/starter data/photos

How vivid it is, its temperature, and the size and sharpness at which it sees a photo are chosen on photographs that
validate and on every other whole one; figures and pictures are of the test part and of the other whole photographs,
which nothing was trained or chosen on.
"""

import argparse
import copy
import dataclasses
import itertools
import json
from pathlib import Path

import torch
from whole_photos import SHOWN, draw, in_gray, in_halves, measure_whole

from colorlib import evaluation
from colorlib.color import bins as ab_bins
from colorlib.colorizer import Colorizer
from colorlib.colorizer.folder import STARTER
from colorlib.files import write_atomically
from colorlib.measurement import pictures_of
from colorlib.model import Model
from colorlib.tables import markdown_table
from colorlib.training.runs import Run

RESULTS = Path(__file__).resolve().parent.parent / "results" / "starter"
VIVID = (0.0, 0.03, 0.05, 0.07)  # see `more_vivid`
TEMPERATURES, SIZES = (0.3,), ((64, 0), (64, 100), (64, 150), (96, 100))  # 0.2 gains 0.05 of CIEDE2000, and is spottier
PALEST = 0.68  # of the true colorfulness: paler than this, fewer errors are no merit


def with_model(colorizer: Colorizer, **changes) -> Colorizer:
    return Colorizer(colorizer.generator, dataclasses.replace(colorizer.model, **changes), "fp32")


def more_vivid(colorizer: Colorizer, strength: float) -> Colorizer:
    """As if it had been trained with `rebalance` larger by `strength`: rare bins are likelier by their class weights.

    What a classifier says is proportional to how often a bin occurs where it hesitates; a factor of each bin is a
    summand of its logit, and so of the last layer's bias.
    """
    generator = copy.deepcopy(colorizer.generator)
    with torch.no_grad():
        generator.to_color.bias += ab_bins.class_weights(strength).log().to(generator.to_color.bias)
    return Colorizer(generator, colorizer.model, "fp32")


def best(results: dict) -> object:
    """The choice with the smallest CIEDE2000 among those that aren't pale."""
    colorful = {name: row for name, row in results.items() if row["colorfulness_ratio"] >= PALEST}
    return min(colorful or results, key=lambda name: results[name]["ciede2000_mean"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="the training")
    parser.add_argument("photos", help="folder of whole photographs that it didn't learn from")
    parser.add_argument("--count", type=int, default=100, help="whole photographs to measure [100]")
    arguments = parser.parse_args()
    run = Run.load(arguments.run)
    colorizer, config = run.colorizer("last"), run.config
    where = pictures_of(config)

    tried = {}
    for strength, temperature in itertools.product(VIVID, TEMPERATURES):
        trial = with_model(more_vivid(colorizer, strength), temperature=temperature)
        row = evaluation.evaluate(trial, **where, part="valid", limit_images=1000)["model"]
        tried[strength, temperature] = row
        print("vivid", strength, "temperature", temperature, {name: round(row[name], 3) for name in SHOWN}, flush=True)
    strength, temperature = best(tried)
    colorizer = with_model(more_vivid(colorizer, strength), temperature=temperature)

    choosing, showing = in_halves(arguments.photos, 2 * arguments.count)
    sizes = {}
    for size, sharpen in SIZES:
        trial = with_model(colorizer, photo_size=size, photo_sharpen=sharpen)
        sizes[size, sharpen] = row = measure_whole(choosing, trial.colorize_many(choosing))
        print("size", size, "sharpened", sharpen, {name: round(row[name], 3) for name in SHOWN}, flush=True)
    size, sharpen = best(sizes)
    colorizer = with_model(colorizer, photo_size=size, photo_sharpen=sharpen)
    colorizer.save(STARTER, torch.float16)

    colorizer = Colorizer.load(STARTER, precision="fp32")  # as it is shipped
    result = evaluation.evaluate(colorizer, **where, part="test")
    ours = list(colorizer.colorize_many(showing))
    gray = in_gray(showing)
    rows = {"whole": {"starter": measure_whole(showing, ours), "gray": measure_whole(showing, gray)}}
    rows["squares"] = {"starter": result["model"], "gray": result["gray"], "oracle mean": result["oracle_mean"]}
    RESULTS.mkdir(parents=True, exist_ok=True)
    settings = {
        "vivid, temperature": {str(pair): row for pair, row in tried.items()},
        "photo_size, photo_sharpen": {str(pair): row for pair, row in sizes.items()},
    }
    write_atomically(
        RESULTS / "figures.json", evaluation.as_json({**rows, "chosen_from": settings, "held_out": result})
    )
    lines = [["measured on", "row", *SHOWN.values()]]
    names = {
        "squares": f"Tiny ImageNet, test part: {result['images']:,} squares of 64 pixels",
        "whole": f"{len(showing)} whole photographs of ImageNet classes, short side 256 pixels",
    }
    for place, table in rows.items():
        lines += [[names[place], name, *(f"{row[key]:.2f}" for key in SHOWN)] for name, row in table.items()]
    write_atomically(RESULTS / "table.md", markdown_table(lines, left=2) + "\n")
    print(markdown_table(lines, left=2))
    draw({"gray": gray, "starter": ours, "true": showing}, RESULTS, most=48)
    print(json.dumps(json.loads(Model.load(STARTER / "config.json").to_json())))


if __name__ == "__main__":
    main()
