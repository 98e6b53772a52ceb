"""Make colorlib/listener, the colorizer that comes with colorlib and listens, of a training; and results/controls.

    colorlib train --recipe listener --scale full --dataset-path data/tiny-imagenet --checkpoints-path runs/listener
    python tools/listener.py runs/listener data/photos

It sees a photo as `starter` does. Its figures, free and told, are of the test part and of whole photographs that
nothing was trained or chosen on, beside those of `starter` and of the honest rival: see
`colorlib.evaluation.obedience`.
"""

import argparse
import dataclasses
import io
from pathlib import Path

import torch
from PIL import Image
from whole_photos import SHOWN, in_gray, in_halves, measure_whole

from colorlib import evaluation, photos, plots
from colorlib.colorizer import Colorizer
from colorlib.colorizer.folder import SHIPPED
from colorlib.files import write_atomically
from colorlib.measurement import pictures_of
from colorlib.plots.gallery import gallery
from colorlib.plots.obedience import obedience
from colorlib.tables import markdown_table
from colorlib.training.runs import Run

RESULTS = Path(__file__).resolve().parent.parent / "results" / "controls"
TOLD = [{}, {"saturation": 0.2}, {"saturation": 0.5}, {"hue": 0.1}, {"hue": 0.6}]
PHOTOS = ("china", "flower", "coffee")


def pictures(colorizer: Colorizer) -> None:
    """Three bundled photographs: for each target the answer when told, and below it the free answer moved."""
    deaf = Colorizer(colorizer.generator, dataclasses.replace(colorizer.model, conditions=()), "fp32")
    shown = {}
    for path in photos.bundled_photos():
        if path.stem in PHOTOS:
            photo = photos.read_rgb(path)
            photo.thumbnail((440, 440))
            words = [", ".join(f"{name} {target:g}" for name, target in asked.items()) for asked in TOLD]
            for asked, word in zip(TOLD, words, strict=True):
                title = f"{path.stem}, told {word}" if asked else f"{path.stem}, free"
                shown[title] = colorizer.colorize(photo, targets=asked)
            shown[f"{path.stem}, true"] = photo
            for asked, word in zip(TOLD[1:], words[1:], strict=True):
                shown[f"{path.stem}, moved to {word}"] = deaf.colorize(photo, targets=asked, exact=True)
    sheet = Image.open(io.BytesIO(plots.to_png(gallery(shown, columns=len(TOLD), width=220)))).convert("RGB")
    place = RESULTS / "pictures.jpg"
    write_atomically(place, lambda temporary: sheet.save(temporary, format="JPEG", quality=88, subsampling=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="the training")
    parser.add_argument("photos", help="folder of whole photographs that it didn't learn from")
    parser.add_argument("--count", type=int, default=100, help="whole photographs to measure [100]")
    parser.add_argument("--told", type=int, default=300, help="squares to measure obedience on [300]")
    arguments = parser.parse_args()
    run = Run.load(arguments.run)
    starter = Colorizer.load("starter", precision="fp32")
    seen = {name: getattr(starter.model, name) for name in ("photo_size", "photo_sharpen", "temperature")}
    colorizer = run.colorizer("last")
    colorizer = Colorizer(colorizer.generator, dataclasses.replace(colorizer.model, **seen), "fp32")
    colorizer.save(SHIPPED["listener"], torch.float16)

    colorizer = Colorizer.load("listener", precision="fp32")  # as it is shipped
    RESULTS.mkdir(parents=True, exist_ok=True)
    where = pictures_of(run.config)
    where |= {"part": "test", "precision": "fp32"}
    told = evaluation.evaluate_obedience(colorizer, **where, limit_images=arguments.told)
    write_atomically(RESULTS / "obedience.json", evaluation.as_json(told))
    write_atomically(RESULTS / "obedience.md", evaluation.report_obedience(told) + "\n")
    write_atomically(RESULTS / "obedience.png", plots.to_png(obedience(told["controls"])))

    _, showing = in_halves(arguments.photos, 2 * arguments.count)
    squares = {name: evaluation.evaluate(one, **where) for name, one in (("listener", colorizer), ("starter", starter))}
    rows = {f"squares, {name}": result["model"] for name, result in squares.items()}
    rows["squares, gray"] = squares["listener"]["gray"]
    rows |= {
        f"whole, {name}": measure_whole(showing, one.colorize_many(showing))
        for name, one in (("listener", colorizer), ("starter", starter))
    }
    rows["whole, gray"] = measure_whole(showing, in_gray(showing))
    free = {"squares": squares["listener"]["images"], "whole_photographs": len(showing), "rows": rows}
    write_atomically(RESULTS / "free.json", evaluation.as_json(free))
    lines = [["told nothing", *SHOWN.values()]]
    lines += [[name, *(f"{row[key]:.2f}" for key in SHOWN)] for name, row in rows.items()]
    write_atomically(RESULTS / "free.md", markdown_table(lines) + "\n")
    print(markdown_table(lines))
    print(evaluation.report_obedience(told))
    pictures(colorizer)


if __name__ == "__main__":
    main()
