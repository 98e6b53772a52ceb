"""Makes results/: trains the sources' recipes at scale `class`, measures them, and keeps tables and pictures.

    python tools/results.py [--only RECIPE ...]

CIFAR-10 is expected in data/cifar10 and a folder of photos in data/photos. Every step is a command that you can type;
results/README.md lists them beside the figures.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = Path("runs")
RESULTS = Path("results")
CIFAR10 = ["--dataset", "cifar10", "--dataset-path", "data/cifar10"]
PHOTOS = ["--dataset", "data/photos"]
DATA = {
    "unet-l1": CIFAR10,
    "source-000": CIFAR10,
    "source-001": CIFAR10,
    "source-003": PHOTOS,
    "source-004": CIFAR10,
}
KEPT = ("config.json", "history.csv", "timing.csv", "losses.png", "strip.png")
COLUMNS = {
    "mae_percent": ("MAE (% of 255)", ".2f"),
    "psnr_pooled": ("PSNR pooled (dB)", ".2f"),
    "ssim": ("SSIM", ".3f"),
    "eps_accuracy_5": ("acc < 5 % (%)", ".1f"),
    "nazeri_accuracy_5": ("Nazeri 5 % (%)", ".1f"),
    "ciede2000_mean": ("CIEDE2000", ".2f"),
    "colorfulness_ratio": ("colorfulness ratio", ".2f"),
}


def commands(recipe: str) -> list[list[str]]:
    """The commands that make one recipe's results."""
    run, kept = str(RUNS / recipe), str(RESULTS / recipe)
    train = ["train", "--recipe", recipe, "--scale", "class", *DATA[recipe], "--checkpoints-path", run]
    split = ["--split", "test"] if DATA[recipe] is PHOTOS else []
    return [
        train,
        ["evaluate", run, *DATA[recipe], *split, "--json", f"{kept}/figures.json"],
        ["plot", run],
        ["table", run, "--csv", f"{kept}/losses.csv"],
    ]


def make(recipe: str) -> None:
    """Run one recipe's commands, and keep what is small."""
    shutil.rmtree(RUNS / recipe, ignore_errors=True)
    (RESULTS / recipe).mkdir(parents=True, exist_ok=True)
    for words in commands(recipe):
        print("colorlib", *words, flush=True)
        subprocess.run([sys.executable, "-m", "colorlib", *words], check=True)
    for name in KEPT:
        shutil.copyfile(RUNS / recipe / name, RESULTS / recipe / name)


def readme() -> str:
    """The page that shows all results there are, each with its commands."""
    lines = [
        "# Results",
        "",
        "What our own runs gave, at scale `class`: small networks, few epochs, one seed, on a processor. They are no "
        "contest; they show that every system trains, and what each loss does. `python tools/results.py` makes this "
        "folder anew. The data are JPEG copies: CIFAR-10 at 32x32 (quality 75, whose color is a little poorer than the "
        "original's), and 998 photographs of ImageNet classes at 64x64.",
        "",
        "`demo/` is what `make demo` drew and measured, `benchmark.json` what `python benchmarks/training.py --json "
        "results/benchmark.json` printed.",
        "",
    ]
    for recipe in DATA:
        folder = RESULTS / recipe
        if not (folder / "figures.json").exists():
            continue
        figures = json.loads((folder / "figures.json").read_text())
        config = json.loads((folder / "config.json").read_text())
        with open(folder / "timing.csv") as file:
            seconds = sum(float(row["seconds"]) for row in csv.DictReader(file))
        size = figures["image_size"]
        lines += [
            f"## {recipe}",
            "",
            *(f"    colorlib {' '.join(words)}" for words in commands(recipe)),
            "",
            f"{figures['images']:,} {figures['split']} pictures of {size}x{size} from {figures['dataset']}; seed "
            f"{config['seed']}; measured on {figures['device']}; trained in {seconds / 60:.0f} minutes.",
            "",
            "| | " + " | ".join(title for title, _ in COLUMNS.values()) + " |",
            "| --- |" + " ---: |" * len(COLUMNS),
        ]
        for row in ("model", "gray", "oracle_mean"):
            values = [format(figures[row][name], form) for name, (_, form) in COLUMNS.items()]
            lines.append(f"| {row.replace('_', ' ')} | " + " | ".join(values) + " |")
        with open(folder / "losses.csv") as file:
            heading, *rows = csv.reader(file)
        lines += ["", "| " + " | ".join(heading) + " |", "| --- |" + " ---: |" * (len(heading) - 1)]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        lines += [
            "",
            f"![Gray, after some epochs, true: how eight validation pictures of {recipe} gain their color]"
            f"({recipe}/strip.png)",
            "",
            f"![The losses of {recipe} over the epochs]({recipe}/losses.png)",
            "",
        ]
    return "\n".join(lines)


def main() -> int:
    """Make the results that are asked for, and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=list(DATA), metavar="RECIPE", help="these alone [all]")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    for recipe in DATA if arguments.only is None else arguments.only:
        make(recipe)
        (RESULTS / "README.md").write_text(readme())
    (RESULTS / "README.md").write_text(readme())
    return 0


if __name__ == "__main__":
    sys.exit(main())
