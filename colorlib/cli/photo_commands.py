"""What the commands that use a trained colorizer do: colorize, app, export, share, demo. Each returns its exit code."""

import logging
from pathlib import Path

from tqdm import tqdm

from colorlib import photos, plots
from colorlib.colorizer import Colorizer, hub
from colorlib.colorizer.sheet import read_axes, sheet
from colorlib.controls import CONTROLS, tint
from colorlib.engine import choose_device
from colorlib.errors import ConfigError, PhotoError
from colorlib.files import write_atomically

log = logging.getLogger("colorlib")


def colorize(arguments) -> int:
    colorizer = Colorizer.load(arguments.checkpoint, choose_device(arguments.device), arguments.precision)
    jobs = photos.plan_outputs(arguments.photos, Path(arguments.output))
    targets = {name: getattr(arguments, name) for name in CONTROLS if getattr(arguments, name) is not None}
    if arguments.tint is not None:
        doubled = set(tint(arguments.tint)) & set(targets)
        if doubled:
            raise ConfigError(f"--tint and --{doubled.pop()} ask for the same; give one of them")
        targets |= tint(arguments.tint)
    if arguments.exact and not (targets or arguments.sheet):
        raise ConfigError("--exact has no effect without a target, as --saturation 0.5")
    axes = read_axes(arguments.sheet or ())
    if axes and arguments.size:
        raise ConfigError("--size has no effect with --sheet, whose photos are small")
    for name, _ in axes:
        if name in targets:
            raise ConfigError(f"--sheet and --{name} ask for the same; give one of them")
    failed, opened = [], []

    def readable():
        for path, place in jobs:
            try:
                image = photos.open_photo(path)
            except PhotoError as error:
                failed.append(path)
                log.warning("left out: %s", error)
                continue
            opened.append((place, photos.exif_bytes(image)))
            yield image

    bar = tqdm(total=len(jobs), unit="photo", desc="colorizing", disable=len(jobs) < 2)
    with bar:
        if axes:
            for photo in readable():
                figure, place = sheet(colorizer, photo, axes, targets, arguments.exact), Path(opened.pop(0)[0])
                place.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(place.with_name(f"{place.name}-sheet.png"), plots.to_png(figure))
                bar.update()
        else:
            for colorized in colorizer.colorize_many(readable(), arguments.size, targets, exact=arguments.exact):
                photos.save_photo(colorized, *opened.pop(0))
                bar.update()
    done = len(jobs) - len(failed)
    print(f"colorized {done} photo{'s' * (done != 1)} into {arguments.output}")
    if failed:
        log.warning("%d of %d photos could not be read", len(failed), len(jobs))
    return 2 if failed else 0


def app(arguments) -> int:
    from colorlib.app.server import serve

    return serve(arguments.checkpoint, arguments.host, arguments.port, arguments.device, arguments.precision)


def export(arguments) -> int:
    from colorlib.colorizer.onnx_export import export_onnx

    card = export_onnx(Colorizer.load(arguments.checkpoint, precision="fp32"), arguments.onnx, arguments.half)
    file = Path(arguments.onnx)
    told = ", ".join(condition["name"] for condition in card["conditions"]) or "nothing"
    print(f"{file}, {file.stat().st_size / 1e6:.1f} MB, and its card, {file.with_suffix('.json')}")
    print(f"it sees photos at a short side of {card['photo_size']} pixels and can be told {told}")
    return 0


def share(arguments) -> int:
    colorizer = Colorizer.load(arguments.checkpoint)
    if not arguments.yes:
        visible = "you alone" if arguments.private else "everyone"
        question = f"Upload {arguments.checkpoint} as {arguments.name}, for {visible} to see? [y/N] "
        try:
            answer = input(question)
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            print("nothing was uploaded")
            return 1
    print(hub.upload(colorizer, arguments.name, arguments.license, arguments.private))
    return 0


def demo(arguments) -> int:
    from colorlib.demo import run_demo

    return run_demo(Path(arguments.output), arguments.photos)
