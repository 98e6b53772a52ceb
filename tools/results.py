"""Makes results/: trains the recipes at scale `class`, measures them, and keeps tables and pictures.

    python tools/results.py [--only RECIPE ...]

CIFAR-10 is expected in data/cifar10 and a folder of photos in data/photos. Every step is a command that you can type;
results/README.md lists them beside the figures. A run that is there already goes on from where it was.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from colorlib.history import epoch_table, loss_table, read_csv
from colorlib.tables import markdown_table, metric_table, spread_rows

ROOT = Path(__file__).resolve().parent.parent
RUNS = Path("runs")
RESULTS = Path("results")
CIFAR10 = ["--dataset", "cifar10", "--dataset-path", "data/cifar10"]
PHOTOS = ["--dataset", "data/photos"]
DATA = {
    "unet-l1": CIFAR10,
    "unet-l2": CIFAR10,
    "controlled": CIFAR10,
    "faces": CIFAR10,
    "church": PHOTOS,
    "dcgan": CIFAR10,
    "coco-7": [*CIFAR10, "--encoder-weights", "results/encoder/encoder.safetensors"],
    "balanced": CIFAR10,
}
SEEDS = {"balanced": (0, 1, 2)}  # others: the recipe's own
KEPT = ("config.json", "history.csv", "timing.csv", "losses.png", "strip.png")
COLUMNS = ("mae_percent", "psnr_pooled", "ssim", "eps_accuracy_5", "nazeri_accuracy_5", "ciede2000_mean")
COLUMNS += ("colorfulness_ratio",)
JUDGE_MINUTES = "5.8"


def seeds_of(recipe: str) -> tuple[int, ...]:
    """The training seeds that a recipe's results have."""
    return SEEDS.get(recipe, (0,))


def run_name(recipe: str, seed: int) -> str:
    """A run's folder under runs/."""
    return recipe if len(seeds_of(recipe)) == 1 else f"{recipe}-seed-{seed}"


def figures_name(recipe: str, seed: int) -> str:
    """The file of a run's figures in its folder under results/."""
    return "figures.json" if len(seeds_of(recipe)) == 1 else f"figures-seed-{seed}.json"


def commands(recipe: str, seed: int) -> list[list[str]]:
    """The commands that make one run's results."""
    run, figures = str(RUNS / run_name(recipe, seed)), str(RESULTS / recipe / figures_name(recipe, seed))
    train = ["train", "--recipe", recipe, "--scale", "class", *DATA[recipe], "--seed", str(seed)]
    steps = [[*train, "--checkpoints-path", run], ["evaluate", run, "--json", figures]]
    return steps + ([["plot", run]] if seed == 0 else [])


def make(recipe: str) -> None:
    """Run one recipe's commands, and keep what is small."""
    (RESULTS / recipe).mkdir(parents=True, exist_ok=True)
    for seed in seeds_of(recipe):
        run = RUNS / run_name(recipe, seed)
        for words in commands(recipe, seed):
            if words[0] == "train" and (run / "config.json").exists():
                words = ["train", "--resume", "--checkpoints-path", str(run)]
            print("colorlib", *words, flush=True)
            subprocess.run([sys.executable, "-m", "colorlib", *words], check=True)
    for name in KEPT:
        shutil.copyfile(RUNS / run_name(recipe, 0) / name, RESULTS / recipe / name)


def section(recipe: str) -> list[str]:
    """One recipe's part of the page."""
    folder = RESULTS / recipe
    runs = [json.loads((folder / figures_name(recipe, seed)).read_text()) for seed in seeds_of(recipe)]
    first = runs[0]
    minutes = sum(row["seconds"] for row in read_csv(folder / "timing.csv")) / 60
    seeds = ", ".join(map(str, seeds_of(recipe)))
    rows = {name: first[name] for name in ("gray", "oracle_mean")}
    model = spread_rows([run["model"] for run in runs])
    several = f"; mean ± spread (sample standard deviation) of {len(runs)} training seeds" if len(runs) > 1 else ""
    size = first["image_size"]
    return [
        f"## {recipe}",
        "",
        *(f"    colorlib {' '.join(words)}" for seed in seeds_of(recipe) for words in commands(recipe, seed)),
        "",
        f"{first['images']:,} {first['part']} pictures of {size}x{size} from {first['dataset']} (parts "
        f"{first['splits']}, split seed {first['split_seed']}); training seed {seeds}{several}; trained in "
        f"{minutes:.0f} minutes, on {first['device']}, {first['precision']}.",
        "",
        metric_table({"model": model, **rows}, COLUMNS),
        "",
        markdown_table(loss_table(read_csv(folder / "history.csv"))),
        "",
        f"![Gray, after some epochs, true: how eight validation pictures of {recipe} gain their color]"
        f"({recipe}/strip.png)",
        "",
        f"![The losses of {recipe} over the epochs]({recipe}/losses.png)",
        "",
    ]


def encoder_section() -> list[str]:
    """What the encoder can name."""
    rows = read_csv(RESULTS / "encoder" / "history.csv")
    return [
        "## An encoder that has seen photographs",
        "",
        "    colorlib pretrain-encoder --dataset tiny-imagenet --output runs/encoder",
        "",
        "A ResNet18 that names what is in gray photographs of Tiny ImageNet, 200 classes, 64x64; "
        "[encoder.safetensors](encoder/encoder.safetensors) is its last epoch in half precision. On two threads of an "
        "Intel Xeon (AVX512, without AMX), fp32, beside other work. Of 100 test pictures that it hasn't seen (parts "
        "98/1/1, split seed 0; training seed 0) its likeliest class is the right one in "
        f"{rows[-1]['test_top1_percent']:.1f}, and one of its five likeliest in {rows[-1]['test_top5_percent']:.1f}; "
        "by chance it would be 0.5 and 2.5.",
        "",
        epoch_table(rows, ["epoch", "step", "loss", "valid_top1_percent", "valid_top5_percent"]),
        "",
        "`python tools/longer_decoder.py --dataset-path data/tiny-imagenet` made [decoder.safetensors]"
        "(encoder/decoder.safetensors), a decoder on this encoder, which lesson 4's second stage starts from.",
        "",
    ]


def judge_section() -> list[str]:
    """What the judge can name, in true, gray and colorized pictures."""
    rows = read_csv(RESULTS / "judge" / "history.csv")
    result = json.loads((RESULTS / "judge" / "balanced.json").read_text())
    names = {"model": "balanced", "gray": "gray", "oracle_mean": "oracle mean", "true": "true"}
    return [
        "## A judge of colors",
        "",
        "    colorlib pretrain-judge --dataset cifar10 --output runs/judge",
        "    colorlib evaluate balanced --dataset cifar10 --limit-images 2000 --judge results/judge/judge.safetensors "
        "--json results/judge/balanced.json",
        "",
        "A classifier of CIFAR-10's ten classes, 0.66 M parameters; [judge.safetensors](judge/judge.safetensors) is "
        "its last epoch in half precision, 1.3 MB. One thread of an Intel Xeon (AVX512, without AMX), fp32, training "
        f"seed 0: {JUDGE_MINUTES} minutes of that thread's own time, and longer by the clock, beside other work. It "
        "learned from true colors of CIFAR-10's training part alone. Below, on "
        f"{result['images']:,} pictures of the test part: how often it names the class, and the Frechet distance of "
        "its features from the true pictures', which is no FID.",
        "",
        metric_table(
            {label: result[name] for name, label in names.items()},
            ("judge_accuracy", "judge_distance", "mae_percent", "colorfulness_ratio"),
        ),
        "",
        epoch_table(rows, ["epoch", "step", "loss", "valid_top1_percent", "valid_top5_percent"]),
        "",
    ]


def head_start_section() -> list[str]:
    """What pre-training is worth."""
    about = json.loads((RESULTS / "head-start" / "curves.json").read_text())["about"]
    seeds = ", ".join(map(str, about["seeds"]))
    return [
        "## What pre-training is worth",
        "",
        "    python tools/head_start.py --runs runs/head-start",
        "",
        "fastai's U-Net on a ResNet18 (31 M parameters), CIFAR-10 at 32x32: the GAN of `coco-7`, the same steps of 64 "
        f"pictures out of {about['pictures']:,}, from three starts. L1: one epoch of {about['before']:,} pictures by "
        f"a fastai Learner. {about['test']} test pictures (parts own, split seed 0); training seeds {seeds}, mean ± "
        "sample standard deviation, in the picture the least and the most; on "
        f"{about['device']}, fp32.",
        "",
        (RESULTS / "head-start" / "table.md").read_text().strip(),
        "",
        "L1 first is a head start in MAE and CIEDE2000 for the first steps; after 64 steps the starts lie within each "
        "other's spread. The encoder adds nothing that three seeds would show. It learned at 64 pixels; at these "
        "pictures' 32 it names one or two of 100 validation photos.",
        "",
        "![Three panels, MAE, CIEDE2000 and colorfulness ratio over the steps of the GAN, each with a curve for every "
        "start](head-start/curves.png)",
        "",
    ]


def controls_section() -> list[str]:
    """How well `listener` obeys, beside the honest rival."""
    folder = RESULTS / "controls"
    return [
        "## One colorizer that is told what is asked for",
        "",
        "    python tools/listener.py runs/listener data/photos --told 200",
        "",
        "`listener`, `starter`'s network after two more epochs in which it learned to listen (seed 0), against the "
        "honest rival: its own free answer, moved to the target. CIEDE2000 is to the true picture moved to the target; "
        "the spread of hues is 0 for one hue alone, as of sepia. One training: the spread over seeds isn't known.",
        "",
        (folder / "obedience.md").read_text().strip(),
        "",
        "It obeys, and for the saturations from 0.49 on it is nearer to the true colors than the rival. But it has "
        "fewer hues there, and in all hues but one it is farther away. A row in which gray is the nearest says that "
        "color is wrong more often than it helps: a strong saturation punishes every wrong hue. Told nothing, it has "
        "become worse than `starter`, on the test part's 1,049 squares and on 100 whole photographs:",
        "",
        (folder / "free.md").read_text().strip(),
        "",
        "![Curves of what was obtained, CIEDE2000 and the spread of hues over the saturation and the hue that were "
        "asked for](controls/obedience.png)",
        "",
        "![Three photographs, free and told four targets, and below each the free answer moved to the "
        "target](controls/pictures.jpg)",
        "",
    ]


def comparison_section() -> list[str]:
    """The eight ways side by side, and which of the document's claims our figures bear."""
    text = (RESULTS / "comparison" / "table.md").read_text()
    return [
        "## Eight ways side by side",
        "",
        "    colorlib compare --recipes coco-1 coco-2 coco-3 coco-4 coco-5 coco-6 coco-7 rebalanced --seeds 0 1 2 "
        "--dataset tiny-imagenet --image-size 32 --encoder-weights results/encoder/encoder.safetensors "
        "--content-weights results/encoder/encoder.safetensors --test-images 2000 --output runs/comparison --jobs 2",
        "",
        "The document *coco*'s seven colorizers and, eighth, the classification with rebalanced classes that it names "
        "as future work: 5,000 photographs at 32x32, each seen three times. 24 trainings of 1 to 10 minutes of one "
        "thread of an Intel Xeon (AVX512, without AMX) that did other work beside; stopped once and continued.",
        "",
        text.split("\n", 2)[2].replace("\n## ", "\n### ").strip(),
        "",
        (RESULTS / "comparison" / "claims.md").read_text().strip(),
        "",
        "![Two panels, accuracy and colorfulness over the epochs, a curve for every recipe](comparison/accuracy.png)",
        "",
        "![Eight test photographs in gray, as each recipe colors them, and true](comparison/pictures.png)",
        "",
        "![One validation photograph over the epochs of each recipe](comparison/learning.png)",
        "",
    ]


def page() -> str:
    """The page that shows all results there are, each with its commands."""
    lines = [
        "# Results",
        "",
        "What our own runs gave, at scale `class`: small networks, few epochs, on a processor. They are no contest; "
        "they show that every system trains, and what each loss does. `python tools/results.py` makes this folder "
        "anew. The data are JPEG copies: CIFAR-10 at 32x32 (quality 75, whose color is a little poorer than the "
        "original's), and 998 photographs of ImageNet classes at 64x64. Minutes are those of one thread of a processor "
        "that did other work beside.",
        "",
        "`demo/` is what `make demo` drew and measured, `benchmark.json` what `python benchmarks/training.py --json "
        "results/benchmark.json` printed. `starter/` is the colorizer that comes with colorlib, as `python "
        "tools/starter.py runs/starter data/photos` measured it ([table](starter/table.md)) and drew it on 48 whole "
        "photographs. `three-ways/` compares regression, the balanced GAN and classification on equal terms "
        "([table](three-ways/table.md)), as `python tools/three_ways.py data/tiny-imagenet data/photos --minutes 8` "
        "trained, measured and drew them. In its 24 whole photographs regression is brown all over; the GAN has the "
        "most color, and most of it is wrong: red and green patches on grass, fur and walls; classification colors "
        "skies, wood, fur and skin believably, leaves grass brown, and is calm where it isn't sure. So the starter "
        "classifies.",
        "",
    ]
    for make_section in (encoder_section, judge_section, head_start_section, controls_section, comparison_section):
        lines += make_section()
    for recipe in DATA:
        if all((RESULTS / recipe / figures_name(recipe, seed)).exists() for seed in seeds_of(recipe)):
            lines += section(recipe)
    return "\n".join(lines)


def main() -> int:
    """Make the results that are asked for, and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=list(DATA), metavar="RECIPE", help="these alone [all]")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    for recipe in DATA if arguments.only is None else arguments.only:
        make(recipe)
        (RESULTS / "README.md").write_text(page())
    (RESULTS / "README.md").write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
