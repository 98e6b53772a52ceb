"""`make demo`: the bundled photographs in color within seconds, then a training of one's own in two or three minutes.

First `starter`, the colorizer that comes with colorlib, colorizes whole photos. Then a small U-Net is trained on tiles,
colorizes tiles from areas that training never saw and the whole photos, and is measured beside the reference rows.
"""

from pathlib import Path

import numpy as np

from colorlib import metrics, photos, plots
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.data import evenly, load_photos
from colorlib.errors import ConfigError
from colorlib.evaluation import as_json, evaluate, report
from colorlib.files import write_atomically
from colorlib.model import Model
from colorlib.training.stages import fit

PHOTO_SIZE = 256  # pixels: at this side a whole photo shows things about as large as the tiles did
CONFIG = Config(
    Model(image_size=64, widths=(16, 32, 64, 128)),
    dataset="bundled",
    epochs=8,
    batch_size=32,
    valid_images=200,
    lr=2e-3,
    lr_schedule="onecycle",
)
MARK = "made-by-colorlib-demo.txt"  # in a folder that the demo may replace


def run_demo(output: Path, yours: list[str]) -> int:
    """Colorize, train, measure; write everything below `output`. yours: photos, or folders of them, to colorize too.

    Returns the exit code.
    """
    jobs = photos.plan_outputs(yours, output / "yours")
    if (output / "config.json").exists() and not any((output / name).exists() for name in (MARK, "tiles.png")):
        raise ConfigError(f"{output} holds another training; give another --output")
    output.mkdir(parents=True, exist_ok=True)
    write_atomically(output / MARK, "`colorlib demo` made this folder, and makes it anew each time.\n")
    starter = Colorizer.load("starter")
    draw_photos(starter, output / "starter", None)
    for path, place in jobs:
        photo = photos.open_photo(path)
        photos.save_photo(starter.colorize(photo), place, photos.exif_bytes(photo))
    print(f"Look at {output / 'starter.png'}: gray, the colorizer that comes with colorlib, true.")
    if jobs:
        print(f"Yours are in {output / 'yours'}.")
    print("Now a small network learns from the same photographs, for two or three minutes.\n")

    config = CONFIG.replace(checkpoints_path=str(output))
    photo_set = load_photos(config.dataset, size=config.model.image_size)
    run = fit(config, photo_set, overwrite=True)
    if run.interrupted:
        print(f"interrupted; the colorizer as it is now: {output / 'last'}")
        return 130
    colorizer = run.colorizer()

    result = evaluate(run.folder, progress=False)  # on its test part
    write_atomically(output / "metrics.json", as_json(result))
    test = photo_set.split(config.splits, config.split_seed)["test"]
    draw_tiles(colorizer, photo_set.batch(evenly(test, 10)) / 255, output / "tiles.png")
    draw_photos(colorizer, output / "photos", PHOTO_SIZE)

    print(f"\nOn tiles from areas that training never saw:\n\n{report(result)}")
    print(f"\nLook at {output / 'tiles.png'} and {output / 'photos.png'} (gray, ours, true).")
    print("Next: `make lab` opens the notebooks. Or colorize a photo of your own:")
    print("  .venv/bin/colorlib colorize starter YOUR_PHOTO.jpg --output outputs/mine")
    return 0


def draw_tiles(colorizer: Colorizer, true_rgb, path: Path) -> None:
    """Tiles in three rows: gray, ours, true."""
    rows = {"gray": metrics.gray_row(true_rgb), "ours": colorizer.colorize_batch(true_rgb), "true": true_rgb}
    png = plots.to_png(plots.grid(rows))
    write_atomically(path, png)


def draw_photos(colorizer: Colorizer, folder: Path, size: int | None) -> None:
    """The whole bundled photos, colorized into a folder, and beside it a picture of its name that compares them."""
    folder.mkdir(exist_ok=True)
    originals = [photos.read_rgb(path) for path in photos.bundled_photos()]
    columns = {"gray": [], "ours": [], "true": []}
    for path, original, ours in zip(
        photos.bundled_photos(), originals, colorizer.colorize_many(originals, size), strict=True
    ):
        write_atomically(folder / f"{path.stem}.png", lambda temporary, image=ours: image.save(temporary, format="PNG"))
        for label, image in (("gray", original.convert("L").convert("RGB")), ("ours", ours), ("true", original)):
            columns[label].append(photos.square(image, 256))
    png = plots.to_png(plots.grid({label: np.stack(images) for label, images in columns.items()}, tile=1.6))
    write_atomically(folder.with_suffix(".png"), png)
