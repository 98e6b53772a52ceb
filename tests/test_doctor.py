"""`colorlib doctor`: what it says of a machine, where all is well and where something is broken."""

import dataclasses
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torchvision
from made_photos import make_photos
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from colorlib import cli
from colorlib.cli import doctor
from colorlib.cli.doctor import Finding, check_memory, check_package, check_sets, enough, findings
from colorlib.data import cache, photo_sets, set_openers
from colorlib.data.named_sets import NAMED

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parent.parent


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A working folder, a home and a cache of decoded photos with nothing in them."""
    for name in ("work", "home", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLORLIB_CIFAR10", str(tmp_path / "work" / "data" / "cifar10"))
    return tmp_path


def by_name(found) -> dict[str, Finding]:
    return {finding.about: finding for finding in found}


def test_all_packages_of_the_project_are_looked_at():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert list(doctor.NEEDED) == [Requirement(line).name for line in project["dependencies"]]
    notebooks = [Requirement(line).name for line in project["optional-dependencies"]["notebooks"]]
    assert list(doctor.FOR_NOTEBOOKS) == notebooks
    asked = {name: str(specifier) for name, specifier in doctor.floors().items()}
    assert asked["torch"] == str(Requirement(project["dependencies"][0]).specifier) and set(asked) >= set(doctor.NEEDED)


def test_a_package_that_is_there_is_fine():
    version = importlib.metadata.version("numpy")
    assert check_package("numpy", "numpy", SpecifierSet(">=1.24")) == Finding("OK", "numpy", version)


def test_a_package_that_is_missing_old_or_broken_says_what_to_type(tmp_path, monkeypatch):
    missing = check_package("no-such-thing", "nothing", SpecifierSet(">=1.0"))
    assert missing == Finding("MEND", "no-such-thing", 'is missing: pip install --upgrade "no-such-thing>=1.0"')
    old = check_package("numpy", "numpy", SpecifierSet(">=999"))
    assert old.state == "MEND" and "too old, >=999 is asked for" in old.text
    (tmp_path / "broken_here.py").write_text("raise OSError('a library is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    broken = check_package("numpy", "broken_here")
    assert broken.state == "MEND" and "can't be imported (a library is missing)" in broken.text


def test_little_memory_is_a_note():
    assert enough("memory", int(4e9), int(8e9), 3.0, "close something").state == "OK"
    little = enough("memory", int(1e9), int(8e9), 3.0, "close something")
    assert little == Finding("note", "memory", "1.0 of 8.0 GB free; 3 GB are wanted: close something")


def test_a_folder_that_cannot_be_written_to_is_named(machine, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: "cache" not in str(path))
    found = by_name(check_memory())
    assert found["disk, here"].state != "MEND"
    assert found["disk, decoded"].state == "MEND" and "COLORLIB_CACHE" in found["disk, decoded"].text


def test_data_that_is_not_here_is_a_note_and_nothing_is_downloaded(machine, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("asked for a download")

    for name, entry in NAMED.items():
        monkeypatch.setitem(NAMED, name, dataclasses.replace(entry, download=entry.download and refuse))
    found = by_name(check_sets())
    assert set(found) == set(NAMED)
    assert {name for name, finding in found.items() if finding.state == "note"} == set(found) - {"bundled"}
    assert "`colorlib data cifar10` downloads it" in found["cifar10"].text
    assert found["bundled"].state == "OK"


def test_data_that_is_here_is_named_with_the_sizes_it_is_decoded_at(machine):
    place = machine / "work" / "data" / "tiny-imagenet"
    make_photos(place / "train", 12)
    found = by_name(check_sets())["tiny-imagenet"]
    assert found == Finding(
        "OK", "tiny-imagenet", "12 pictures in data/tiny-imagenet; not decoded yet, which takes a while once"
    )
    for size in (64, 8):
        cache.load(photo_sets.find("tiny-imagenet", place), size, progress=False)
    assert by_name(check_sets())["tiny-imagenet"].text.endswith("decoded at 8, 64 pixels")
    make_photos(place / "train" / "more", 1)  # another set, though at the same place
    assert "not decoded yet" in by_name(check_sets())["tiny-imagenet"].text


def test_a_damaged_cifar10_is_a_note_and_nothing_is_downloaded(machine, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "download", lambda self: pytest.fail("asked for a download"))
    folder = machine / "work" / "data" / "cifar10" / set_openers.CIFAR10_FOLDER
    folder.mkdir(parents=True)
    (folder / "data_batch_1").write_bytes(np.zeros(10, np.uint8))
    found = by_name(check_sets())["cifar10"]
    assert found.state == "note" and "damaged, or some are missing" in found.text


def test_one_check_that_breaks_leaves_the_others(machine):
    def breaks():
        yield Finding("OK", "first", "well")
        raise RuntimeError("no such luck\nand a second line")

    found = list(findings({"device": breaks, "other": lambda: [Finding("OK", "other", "well")]}))
    assert [finding.state for finding in found] == ["OK", "MEND", "OK"]
    assert found[1].about == "device" and "no such luck)" in found[1].text


def test_the_exit_code_says_whether_anything_is_to_mend(monkeypatch, capsys):
    for state, code, last in (("OK", 0, "ready"), ("note", 0, "ready"), ("MEND", 2, "1 to mend")):
        monkeypatch.setattr(doctor, "findings", lambda state=state: [Finding(state, "x", "y")])
        assert cli.main(["doctor"]) == code
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith(state) and lines[-1].startswith(last)


def test_it_speaks_where_torch_cannot_be_imported(machine):
    """A real process, in which torch is a broken module: versions and the reason are printed all the same."""
    (machine / "torch.py").write_text("raise ImportError('libcudart is missing')")
    path = os.pathsep.join([str(machine), str(ROOT)])
    command = [sys.executable, "-m", "colorlib", "doctor"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "MEND  torch" in done.stdout and "libcudart is missing" in done.stdout and "OK    Python" in done.stdout


def test_here_and_now_all_is_well(machine):
    """The whole command, on the machine that the tests run on."""
    states = {finding.about: finding for finding in findings()}
    assert [finding for finding in states.values() if finding.state == "MEND"] == []
    assert "opened in" in states["starter"].text and "colored 451 x 300 pixels" in states["starter"].text
    assert states["precision"].text.split(":")[0] in ("fp32", "bf16", "fp16")
