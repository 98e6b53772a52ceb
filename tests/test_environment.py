"""environment.yml (conda) and pyproject.toml (pip) ask for the same packages, with floors and nothing tighter."""

import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
CONDA_NAMES = {"torch": "pytorch"}  # where conda-forge's name differs from PyPI's
TEXT = (ROOT / "environment.yml").read_text(encoding="utf-8")
ENVIRONMENT = yaml.safe_load(TEXT)
TABLES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = TABLES["project"]


def pip_floors() -> dict[str, str]:
    """Conda's name -> floor, of what pyproject.toml needs for the course and its tests."""
    extras = PROJECT["optional-dependencies"]
    lines = PROJECT["dependencies"] + extras["notebooks"] + extras["test"] + extras["site"]
    requirements = [Requirement(line) for line in lines]
    return {CONDA_NAMES.get(one.name, one.name): str(one.specifier) for one in requirements}


def conda_floors() -> dict[str, str]:
    """Name -> floor, of environment.yml's packages except Python and pip, and of those that pip installs there."""
    lines = [line for line in ENVIRONMENT["dependencies"] if isinstance(line, str)]
    lines += ENVIRONMENT["dependencies"][-1]["pip"][:-1]
    floors = {}
    for line in lines:
        package, floor = re.fullmatch(r"([a-z0-9_-]+)(.*)", line).groups()
        floors[package] = floor
    return {package: floor for package, floor in floors.items() if package not in ("python", "pip")}


def test_both_ask_for_the_same():
    assert conda_floors() == pip_floors()


def test_python_is_the_same():
    assert PROJECT["requires-python"] == ">=3.10"
    assert "python>=3.10" in ENVIRONMENT["dependencies"]


@pytest.mark.parametrize("floors", [pip_floors(), conda_floors()], ids=["pyproject.toml", "environment.yml"])
def test_only_floors(floors):
    tight = {package: floor for package, floor in floors.items() if not re.fullmatch(r">=\d+(\.\d+)*", floor)}
    assert tight == {}


def test_every_dependency_says_what_it_is_for():
    after = TEXT.split("dependencies:\n")[1]
    silent = [line for line in after.splitlines() if not re.search(r"\S  # \S+", line) and line != "  - pip:"]
    assert silent == []


def test_colorlib_itself_is_installed_by_pip():
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    assert ENVIRONMENT["dependencies"][-1]["pip"][-1] == "-e ."


def test_the_package_carries_every_file_of_its_folder():
    """What a notebook needs in Colab comes with pip: Python files in packages, and the others as package data."""
    package = ROOT / "colorlib"
    patterns = TABLES["tool"]["setuptools"]["package-data"]["colorlib"]
    files = [path.relative_to(package) for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    data = {path for path in files if any(path.match(pattern) for pattern in patterns)}
    modules = {path for path in files if path.suffix == ".py" and (package / path.parent / "__init__.py").is_file()}
    assert {str(path) for path in set(files) - data - modules} == set()
