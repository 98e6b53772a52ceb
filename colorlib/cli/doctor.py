"""`colorlib doctor`: is this machine ready for the course? Versions, device, memory, data, and a photo in color.

Each line says OK, `note` (missing, and not needed by all) or MEND (needed), and what to do. Nothing is downloaded or
changed. It speaks where other commands can't start, as with a broken torch: what may fail is imported within a check.
"""

import argparse
import contextlib
import importlib
import os
import platform
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

# What is imported of each package that pyproject.toml lists.
NEEDED = {
    "torch": "torch",
    "torchvision": "torchvision",
    "accelerate": "accelerate",
    "fastai": "fastai.vision.models.unet",
    "huggingface_hub": "huggingface_hub",
    "torchmetrics": "torchmetrics",
    "scikit-image": "skimage.color",
    "scikit-learn": "sklearn.datasets",
    "matplotlib": "matplotlib.figure",
    "pillow": "PIL.Image",
    "numpy": "numpy",
    "safetensors": "safetensors.torch",
    "tqdm": "tqdm",
    "ipython": "IPython.display",
}
FOR_NOTEBOOKS = {"jupyterlab": "jupyterlab", "ipywidgets": "ipywidgets"}

FREE_MEMORY = 3.0  # GB: at scale class, lesson 1 took 1.1 GB and lesson 2 at least 1.6 GB
FREE_DISK = 1.0  # GB: CIFAR-10 as downloaded, unpacked and decoded takes 0.54 GB, what trainings leave comes on top


@dataclass(frozen=True)
class Finding:
    """What one check found. state: OK, note or MEND; about: a word or two; text: a sentence for the user."""

    state: str
    about: str
    text: str

    def __str__(self):
        return f"{self.state:4}  {self.about:15}  {self.text}"


# ---------------------------------------------------------------- versions


def check_python() -> Iterator[Finding]:
    """The interpreter, and where colorlib lies."""
    yield Finding("OK", "Python", f"{platform.python_version()} ({sys.executable}) on {platform.platform(terse=True)}")
    folder = Path(__file__).parents[1]
    try:
        yield Finding("OK", "colorlib", f"{metadata.version('colorlib')} in {folder}")
    except metadata.PackageNotFoundError:
        yield Finding("note", "colorlib", f"in {folder}, not installed by pip: packages are checked without floors")


def floors() -> dict[str, object]:
    """The packages that colorlib asks for: name -> versions that will do. Empty where it isn't installed.

    A clone's pyproject.toml comes first: it may have been updated since the installation.
    """
    from packaging.requirements import Requirement

    project, lines = Path(__file__).parents[2] / "pyproject.toml", []
    if project.is_file() and sys.version_info >= (3, 11):
        import tomllib

        table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        lines = table["dependencies"] + table["optional-dependencies"]["notebooks"]
    else:
        with contextlib.suppress(metadata.PackageNotFoundError):
            lines = metadata.requires("colorlib")
    return {one.name: one.specifier for one in map(Requirement, lines)}


def check_packages() -> Iterator[Finding]:
    """Each package is there, is new enough, and can be imported."""
    enough_of = floors()
    for name, module in NEEDED.items():
        yield check_package(name, module, enough_of.get(name))
    for name, module in FOR_NOTEBOOKS.items():
        found = check_package(name, module, enough_of.get(name))
        yield found if found.state == "OK" else Finding("note", name, f"{found.text} (for the notebooks)")


def check_package(name: str, module: str, floor=None) -> Finding:
    """One package. floor: a specifier of `packaging`, as `>=2.4`; None: any version will do."""
    install = f'pip install --upgrade "{name}{floor or ""}"'
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding("MEND", name, f"is missing: {install}")
    if floor is not None and not floor.contains(version, prereleases=True):
        return Finding("MEND", name, f"{version} is too old, {floor} is asked for: {install}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(module)
    except Exception as error:  # a package that doesn't fit the others can fail in nearly any way
        reason = (str(error) or type(error).__name__).splitlines()[0]
        return Finding("MEND", name, f"{version} can't be imported ({reason}): {install}")
    return Finding("OK", name, version)


# ---------------------------------------------------------------- the machine


def check_device() -> Iterator[Finding]:
    """What computes, in which precision, and why."""
    import torch

    from colorlib.engine import choose_device, choose_precision, device_name

    device = choose_device("auto")
    if device.type == "cpu" and shutil.which("nvidia-smi"):
        text = (
            f"{device_name(device)}: an NVIDIA driver is here, but torch {torch.__version__} can't use its GPU; "
            "install the torch that pytorch.org names for your driver"
        )
        yield Finding("note", "device", text)
    else:
        enough = "" if device.type != "cpu" else "; no GPU, and the lessons need none"
        yield Finding("OK", "device", device_name(device) + enough)
    precision = choose_precision("auto", device)
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        why = f"a GPU of compute capability {major}.{minor}; bf16 from 8.0 on, fp16 below"
    elif device.type == "mps":
        why = "Apple's GPUs have no faster one that is supported here"
    else:
        why = f"this processor has {'' if precision == 'bf16' else 'no '}AMX, with which bf16 is faster"
    yield Finding("OK", "precision", f"{precision}: {why}")


def check_memory() -> Iterator[Finding]:
    """What is free of the memory, of a GPU's, and of the disks that are written to."""
    import psutil
    import torch

    memory = psutil.virtual_memory()
    yield enough("memory", memory.available, memory.total, FREE_MEMORY, "close other notebooks (Kernel, Shut Down)")
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        yield enough("GPU memory", free, total, FREE_MEMORY, "another program uses the GPU; nvidia-smi names it")
    from colorlib.data.cache import home

    for about, folder in {"disk, here": Path.cwd(), "disk, decoded": home().absolute()}.items():
        there = next(place for place in (folder, *folder.parents) if place.exists())
        if not os.access(there, os.W_OK):
            other = "name another folder with COLORLIB_CACHE" if folder != Path.cwd() else "change to a folder of yours"
            yield Finding("MEND", about, f"{there} can't be written to: {other}")
            continue
        usage = shutil.disk_usage(there)
        yield enough(about, usage.free, usage.total, FREE_DISK, "delete what you don't need", f" for {folder}")


def enough(about: str, free: int, total: int, least: float, what_to_do: str, where: str = "") -> Finding:
    """Whether so many bytes are free; least: in GB."""
    text = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free{where}"
    if free >= least * 1e9:
        return Finding("OK", about, text)
    return Finding("note", about, f"{text}; {least:.0f} GB are wanted: {what_to_do}")


# ---------------------------------------------------------------- data


def check_sets() -> Iterator[Finding]:
    """Which data sets lie where, and at which sizes they are decoded. Only the bundled photos must be here."""
    from colorlib.data.cache import decoded_sizes
    from colorlib.data.named_sets import NAMED
    from colorlib.errors import InputError

    for name, entry in NAMED.items():
        place = entry.place()
        try:
            found = entry.look()
        except InputError as error:
            yield Finding("MEND" if place is None else "note", name, str(error))
            continue
        if found is None:
            yield Finding("note", name, f"not in {place}; {entry.how_to_get()}")
            continue
        sizes = ", ".join(map(str, decoded_sizes(found)))
        decoded = f"decoded at {sizes} pixels" if sizes else "not decoded yet, which takes a while once"
        yield Finding("OK", name, f"{len(found):,} pictures {f'in {place}' if place else 'in the packages'}; {decoded}")


def check_starter() -> Iterator[Finding]:
    """The colorizer that comes with colorlib opens, and colors a photo."""
    from colorlib import photos
    from colorlib.colorizer import Colorizer

    photo = photos.read_rgb(photos.bundled_photos()[1])
    begun = time.perf_counter()
    colorizer = Colorizer.load("starter", "auto")
    opened = time.perf_counter()
    colorizer.colorize(photo.convert("L"))
    now = time.perf_counter()
    size = f"{photo.width} x {photo.height}"
    yield Finding("OK", "starter", f"opened in {opened - begun:.1f} s, colored {size} pixels in {now - opened:.1f} s")


CHECKS = {
    "Python": check_python,
    "packages": check_packages,
    "device": check_device,
    "memory": check_memory,
    "data": check_sets,
    "starter": check_starter,
}


def findings(checks: dict[str, Callable] = CHECKS) -> Iterator[Finding]:
    """What all checks find, as they find it; a check that can't go on is a finding, too."""
    for about, check in checks.items():
        try:
            yield from check()
        except Exception as error:  # whatever is broken, the other checks still have something to say
            reason = (str(error) or type(error).__name__).splitlines()[0]
            yield Finding("MEND", about, f"stopped ({reason}); mend what stands above, else install colorlib anew")


def add_doctor_flags(parser: argparse.ArgumentParser, argv: list[str]) -> None:
    parser.description = "Say whether this machine is ready for the course. It downloads and changes nothing."


def doctor(arguments) -> int:
    """Print all findings; the exit code is 0 where nothing that is needed is missing, else 2."""
    bad = 0
    for finding in findings():
        print(finding, flush=True)
        bad += finding.state == "MEND"
    print(f"{bad} to mend, see MEND above" if bad else "ready: all that is needed is here")
    return 2 if bad else 0
