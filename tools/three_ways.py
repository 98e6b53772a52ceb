"""Three ways to color, on equal terms: regression, the balanced GAN, and classification; the results/three-ways.

    python tools/three_ways.py data/tiny-imagenet data/photos --minutes 12 --runs runs/three-ways

The same pictures of 64 pixels, the same U-Net but for its last layer, and the same minutes of one processor core: how
many steps fit into them is measured before each training, as the core's own time, so that other work beside doesn't
count. Loss, optimizer and learning rate are those of the recipes, each of which was tuned for itself.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import torch
from whole_photos import SHOWN, draw, in_gray, in_halves, measure_whole

from colorlib import evaluation, recipes
from colorlib.config import Config
from colorlib.engine import Engine
from colorlib.files import write_atomically
from colorlib.measurement import pictures_of
from colorlib.systems import build_system
from colorlib.tables import markdown_table
from colorlib.training.run_folder import has_begun
from colorlib.training.runs import Run
from colorlib.training.stages import begin_or_resume

RESULTS = Path(__file__).resolve().parent.parent / "results" / "three-ways"


def ways(path: str) -> dict[str, Config]:
    """The three configurations, without their length."""
    (starter, *_), (balanced,) = recipes.get("starter"), recipes.get("balanced")
    trunk = {name: getattr(starter.model, name) for name in ("image_size", "widths", "stem_stride", "upsampling")}
    same = {"dataset_path": path, "device": "cpu", "precision": "fp32", "epochs": 1000}
    gan = {name: getattr(starter, name) for name in ("dataset", "splits", "batch_size")} | trunk
    return {
        "regression (L1)": starter.replace(**same, head="color", loss={"l1": 100.0}),
        "balanced GAN": balanced.replace(**same, **gan, discriminator_widths=(32, 64, 128)),
        "classification": starter.replace(**same, temperature=0.38),
    }


def steps_in(minutes: float, config: Config, tries: int = 30) -> int:
    """How many steps of a configuration one core takes in so many minutes of its time."""
    system = build_system(config, Engine(config.device, config.precision))
    rgb = torch.rand(config.batch_size, 3, config.model.image_size, config.model.image_size)
    for number in range(tries + 5):
        if number == 5:  # the first steps are slower
            begun = time.process_time()
        system.step(rgb)
    return int(minutes * 60 * tries / (time.process_time() - begun))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("squares", help="Tiny ImageNet's folder")
    parser.add_argument("photos", help="folder of whole photographs that no training saw")
    parser.add_argument("--minutes", type=float, default=12, help="of one core, for each way [12]")
    parser.add_argument("--runs", default="runs/three-ways", help="folder for the trainings; finished ones are kept")
    parser.add_argument("--count", type=int, default=96, help="whole photographs to measure [96]")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    _, whole = in_halves(arguments.photos, 2 * arguments.count)
    rows, pictures, lines = {}, {"gray": in_gray(whole)}, []
    for name, config in ways(arguments.squares).items():
        folder = Path(arguments.runs) / name.split()[0]
        if has_begun(folder):  # with as many steps as were measured then
            steps = Config.load(folder / "config.json").max_steps
        else:
            steps = steps_in(arguments.minutes, config)
        run = begin_or_resume([config.replace(max_steps=steps, checkpoints_path=str(folder))])
        rows[name] = figures_of(run, whole, pictures, name)
        steps = run.config.max_steps
        lines.append([name, in_words(run.config.loss), f"{steps:,}", f"{steps * run.config.batch_size:,}"])
    gray = measure_whole(whole, pictures["gray"])
    pictures["true"] = whole
    write(rows, gray, lines, arguments.minutes, len(whole))
    draw(pictures, RESULTS)


def in_words(loss: dict) -> str:
    """An objective as the command line spells it."""
    return " ".join(
        f"{name}={term:g}"
        if isinstance(term, float)
        else f"{name}="
        + ",".join(f"{value:g}" if option == "weight" else f"{option}={value}" for option, value in term.items())
        for name, term in loss.items()
    )


def figures_of(run: Run, whole, pictures: dict, name: str) -> dict:
    """What one way gives on the squares held out, and on whole photographs; these join `pictures`."""
    colorizer, config = run.colorizer("last"), run.config
    result = evaluation.evaluate(colorizer, **pictures_of(config), part="test")
    pictures[name.split()[0]] = list(colorizer.colorize_many(whole))
    return {"model": dataclasses.asdict(config.model), "squares": result} | {
        "whole": measure_whole(whole, pictures[name.split()[0]])
    }


def write(rows: dict, gray: dict, lines: list, minutes: float, count: int) -> None:
    """figures.json and table.md."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_atomically(RESULTS / "figures.json", evaluation.as_json({"minutes": minutes, **rows, "gray, whole": gray}))
    squares = next(iter(rows.values()))["squares"]
    measured = {
        f"{squares['images']:,} squares of 64 pixels": {name: row["squares"]["model"] for name, row in rows.items()}
        | {"gray": squares["gray"], "oracle mean": squares["oracle_mean"]},
        f"{count} whole photographs": {name: row["whole"] for name, row in rows.items()} | {"gray": gray},
    }
    table = [["measured on", "way", *SHOWN.values()]]
    for place, some in measured.items():
        table += [[place, name, *(f"{row[key]:.2f}" for key in SHOWN)] for name, row in some.items()]
    trained = [["way", "loss", "steps", "pictures"], *lines]
    text = f"{minutes:g} minutes of one core for each way.\n\n"
    text += f"{markdown_table(trained, left=2)}\n\n{markdown_table(table, left=2)}\n"
    write_atomically(RESULTS / "table.md", text)
    print(text)


if __name__ == "__main__":
    main()
