"""What pre-training is worth: the same GAN from scratch, after L1, and after an encoder and L1; results/head-start.

    python tools/head_start.py --runs runs/head-start

CIFAR-10 is expected in data/cifar10. The recipe is `coco-7` at scale class, shortened: each start gets the same steps
of the GAN, on the same pictures, in the same order. The curves are of test pictures that no training saw; step 0 is
what a start gives before the GAN. What is there already is kept.
"""

import argparse
import json
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from colorlib import plots
from colorlib.colorizer import Colorizer
from colorlib.config import Config
from colorlib.data import PhotoSet, evenly, load_photos, loader
from colorlib.engine import Engine, device_name
from colorlib.files import write_atomically
from colorlib.metrics import METRICS, measure
from colorlib.recipes import get
from colorlib.systems import build_system
from colorlib.tables import markdown_table, spread_rows
from colorlib.training.choices import change
from colorlib.training.run_folder import has_begun
from colorlib.training.stages import begin_or_resume

RESULTS = Path(__file__).resolve().parent.parent / "results" / "head-start"
ENCODER = RESULTS.parent / "encoder" / "encoder.safetensors"
CURVES = ("mae_percent", "ciede2000_mean", "colorfulness_ratio")
STARTS = ("from scratch", "L1 first", "encoder, then L1 first")
COLORS = {"from scratch": "#777777", "L1 first": "#d08020", "encoder, then L1 first": "#1f6fb4"}


def stages_of(start: str, seed: int, pictures: int, passes: int, before: int, path: str) -> list[Config]:
    """The stages of a start: pre-training, if any, and the GAN."""
    shared = {"dataset_path": path, "seed": seed, "valid_images": 64, "device": "cpu", "precision": "fp32"}
    first, gan = change(get("coco-7", "class"), shared | {"encoder_weights": "none"})
    gan = gan.replace(limit_images=pictures, epochs=passes)
    weights = str(ENCODER) if start.startswith("encoder") else "none"
    first = first.replace(limit_images=before, epochs=1, encoder_weights=weights)
    return [gan] if start == "from scratch" else [first, gan]


def measured(colorizer: Colorizer, photo_set: PhotoSet, count: int) -> dict[str, dict]:
    """The rows of metrics over test pictures: of the colorizer, of gray, of the mean of each picture's true color."""
    indices = evenly(photo_set.split()["test"], count)
    return measure(loader(photo_set, indices, 100, shuffle=False), colorizer.colorize_batch, colorizer.device)


def curve(start: str, seed: int, folder: Path, photo_set: PhotoSet, arguments) -> list[dict]:
    """One start with one seed, trained unless it has been: the rows of its GAN, the first of step 0."""
    kept, wanted = folder / "curve.json", lengths(arguments)
    if kept.exists() and json.loads(kept.read_text())["lengths"] == wanted:
        return json.loads(kept.read_text())["rows"]
    stages = stages_of(start, seed, arguments.pictures, arguments.passes, arguments.before, arguments.cifar10)
    gan_folder, so_far = folder / "gan", folder / "rows.json"
    if not has_begun(gan_folder):
        so_far.unlink(missing_ok=True)
    rows = json.loads(so_far.read_text()) if so_far.exists() else []
    if len(stages) == 2:
        begin_or_resume([stages[0].replace(checkpoints_path=str(folder / "l1"))], photo_set)
        begin = Colorizer.load(folder / "l1" / "last", precision="fp32")
        gan = stages[1].replace(start_from=str(folder / "l1" / "last"))
    else:
        begin = build_system(stages[0], Engine("cpu", "fp32")).colorizer()
        gan = stages[0]

    def keep(colorizer: Colorizer, step: int) -> None:
        row = measured(colorizer, photo_set, arguments.test)
        rows[:] = [other for other in rows if other["step"] < step]  # cut off before its state was saved
        rows.append({"step": step, **{name: row["model"][name] for name in CURVES}})
        rows[-1]["gray"] = {name: row["gray"][name] for name in CURVES}
        rows[-1]["oracle"] = {name: row["oracle_mean"][name] for name in CURVES}
        print(start, seed, rows[-1], flush=True)
        write_atomically(so_far, json.dumps(rows))

    if not rows:
        keep(begin, 0)
    run_watch = lambda run: keep(run.colorizer("last"), run.history[-1]["step"])  # noqa: E731
    begin_or_resume([gan.replace(checkpoints_path=str(gan_folder))], photo_set, watch=run_watch)
    shutil.rmtree(folder)  # a gigabyte of weights
    folder.mkdir(parents=True)
    write_atomically(kept, json.dumps({"lengths": wanted, "rows": rows}, indent=2) + "\n")
    return rows


def lengths(arguments) -> dict[str, int]:
    """What a curve follows from, but for its start and seed."""
    return {name: getattr(arguments, name) for name in ("before", "pictures", "passes", "test")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", default="runs/head-start", help="folder for the trainings")
    parser.add_argument("--cifar10", default="data/cifar10", help="CIFAR-10's folder")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--before", type=int, default=4096, help="pictures of the L1 pre-training [4096]")
    parser.add_argument("--pictures", type=int, default=1024, help="pictures of a pass of the GAN [1024]")
    parser.add_argument("--passes", type=int, default=4, help="passes of the GAN over them [4]")
    parser.add_argument("--test", type=int, default=500, help="test pictures of each point [500]")
    arguments = parser.parse_args()
    photo_set = load_photos("cifar10", arguments.cifar10, 32)
    curves = {start: [] for start in STARTS}
    for seed in arguments.seeds:
        for start in STARTS:
            folder = Path(arguments.runs) / f"{start.replace(' ', '-').replace(',', '')}-seed-{seed}"
            curves[start].append(curve(start, seed, folder, photo_set, arguments))
    write(curves, arguments)


def write(curves: dict[str, list[list[dict]]], arguments) -> None:
    """curves.json, table.md and curves.png."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    about = lengths(arguments) | {"seeds": arguments.seeds, "device": device_name(torch.device("cpu"))}
    write_atomically(RESULTS / "curves.json", json.dumps({"about": about, **curves}, indent=2) + "\n")
    last = curves[STARTS[0]][0][-1]
    lines = [["start", "GAN steps", *(METRICS[name].title for name in CURVES)]]
    for start, runs in curves.items():
        for point in (0, 1, -1):
            spread = spread_rows([{name: rows[point][name] for name in CURVES} for rows in runs])
            lines.append([start, str(runs[0][point]["step"]), *(in_words(*spread[name]) for name in CURVES)])
    for name in ("gray", "oracle"):
        lines.append([name, "", *(f"{last[name][metric]:.2f}" for metric in CURVES)])
    write_atomically(RESULTS / "table.md", markdown_table(lines, left=1) + "\n")
    write_atomically(RESULTS / "curves.png", plots.to_png(draw(curves)))
    print((RESULTS / "table.md").read_text())


def in_words(mean: float, deviation: float | None) -> str:
    return f"{mean:.2f}" if deviation is None else f"{mean:.2f} ± {deviation:.2f}"


def draw(curves: dict[str, list[list[dict]]]) -> plt.Figure:
    """A panel for each metric: the mean of the seeds as a line, and between the least and the most of them a band."""
    figure, panels = plt.subplots(1, len(CURVES), figsize=(11, 3.6), layout="constrained")
    for panel, name in zip(panels, CURVES, strict=True):
        for start, runs in curves.items():
            steps = [row["step"] for row in runs[0]]
            values = np.array([[row[name] for row in rows] for rows in runs])
            panel.plot(steps, values.mean(0), color=COLORS[start], marker="o", markersize=4, label=start)
            panel.fill_between(steps, values.min(0), values.max(0), color=COLORS[start], alpha=0.2, linewidth=0)
        gray = curves[STARTS[0]][0][0]["gray"][name]
        panel.axhline(gray, color="black", linestyle=":", linewidth=1, label="gray")
        unit = METRICS[name].unit
        panel.set_title(METRICS[name].title + (f" ({unit})" if unit else ""), fontsize=11)
        panel.set_xlabel("steps of the GAN")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].legend(fontsize=8.5, frameon=False)
    return figure


if __name__ == "__main__":
    main()
