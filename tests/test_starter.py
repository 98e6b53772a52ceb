"""The colorizer that comes with colorlib: there without a download, small, packaged, and colorful."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from colorlib import photos, recipes
from colorlib.cli import main
from colorlib.color import rgb_to_lab
from colorlib.colorizer import Colorizer
from colorlib.colorizer.folder import SHIPPED, STARTER
from colorlib.metrics import colorfulness
from colorlib.photos import bundled_photos

ROOT = Path(__file__).parent.parent


def test_it_is_small_and_in_half_precision():
    assert sum(path.stat().st_size for path in STARTER.iterdir()) < 12e6
    with safe_open(STARTER / "model.safetensors", "pt") as file:
        kinds = {file.get_tensor(name).dtype for name in file.keys()}
    assert kinds == {torch.float16, torch.int64}


def test_it_is_packaged(tmp_path):
    """In a wheel as pip builds it; what an editable install finds beside the code may be missing there."""
    (tmp_path / "project").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE.md"):
        (tmp_path / "project" / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(["cp", "-r", str(ROOT / "colorlib"), str(tmp_path / "project")], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*command, "-w", str(tmp_path), str(tmp_path / "project")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = ZipFile(wheel).namelist()
    shipped = [f"{name}/{file}" for name in SHIPPED for file in ("config.json", "model.safetensors", "README.md")]
    for name in ("color/ab_prior.txt", *shipped):
        assert f"colorlib/{name}" in names


def test_the_gan_is_there_by_its_name():
    """It is small, in half precision, and the network of the recipe whose name it has."""
    assert (SHIPPED["balanced"] / "model.safetensors").stat().st_size < 4e6
    gan = Colorizer.load("balanced", precision="fp32")
    assert gan.model == recipes.get("balanced", "class")[0].model
    assert gan.colorize(Image.new("L", (50, 40), 120)).size == (50, 40)


def test_its_name_is_enough(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (90, 60), 120).save("photo.png")
    assert main(["colorize", "starter", "photo.png", "--output", "out"]) == 0
    assert Image.open("out/photo.png").size == (90, 60)
    Colorizer.load("starter").save("starter")  # a folder of that name comes first
    (tmp_path / "starter" / "config.json").write_text("{}")
    assert main(["colorize", "starter", "photo.png", "--output", "out"]) == 2


def test_it_colors_photographs():
    """Of the bundled photographs, none of which it has seen: colorful, and nearer to the truth than gray for most."""
    colorizer, nearer, ratios = Colorizer.load("starter", precision="fp32"), [], []
    originals = [photos.read_rgb(path).resize((192, 128)) for path in bundled_photos()]
    for original, ours in zip(originals, colorizer.colorize_many(originals), strict=True):
        pair = [torch.from_numpy(np.asarray(one).copy()).permute(2, 0, 1)[None] / 255 for one in (original, ours)]
        true, predicted = pair
        error = (rgb_to_lab(predicted) - rgb_to_lab(true))[:, 1:].norm(dim=1).mean()
        nearer.append((error < rgb_to_lab(true)[:, 1:].norm(dim=1).mean()).item())
        ratios.append((colorfulness(predicted) / colorfulness(true)).item())
    assert sum(nearer) >= len(nearer) / 2 and np.median(ratios) > 0.3


def test_the_demo_takes_photos_of_yours(tmp_path, monkeypatch):
    from colorlib import demo

    class Stopped(Exception):
        pass

    def stop(*given, **options):
        raise Stopped

    monkeypatch.setattr(demo, "fit", stop)
    Image.new("L", (40, 30), 120).save(tmp_path / "mine.png")
    with pytest.raises(Stopped):
        demo.run_demo(tmp_path / "demo", [str(tmp_path / "mine.png")])
    assert (tmp_path / "demo" / "yours" / "mine.png").exists() and (tmp_path / "demo" / "starter.png").exists()
    assert len(list((tmp_path / "demo" / "starter").glob("*.png"))) == len(bundled_photos())
