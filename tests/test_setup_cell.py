"""The setup cell finds colorlib in a clone, on Drive, or fetches it, as a student on Colab would need it.

Each test runs the cell's text in a Python without site-packages (`-I -S`), where nothing but the cell can make
colorlib importable.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CELL = (ROOT / "tools" / "setup_cell.py").read_text(encoding="utf-8")

COLAB = "import sys, types; sys.modules['google.colab'] = types.ModuleType('google.colab')\n"
REPORT = "\nimport importlib.util, json\nprint(json.dumps([sys.path[0], importlib.util.find_spec('colorlib').origin]))"


def run_cell(folder: Path, source: str | None = None, colab: bool = False, cell: str = CELL):
    """Run the cell in a folder, with COLORLIB_SOURCE set to `source`; then say where colorlib comes from."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "COLORLIB_", "PYTHON"))}
    env = kept | ({"COLORLIB_SOURCE": source} if source else {})
    code = (COLAB if colab else "") + cell + REPORT
    command = [sys.executable, "-I", "-S", "-c", code]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def found(run) -> Path:
    """The folder that a successful run put first on `sys.path`, which is where colorlib would be imported from."""
    assert run.returncode == 0, run.stderr
    message, report = run.stdout.splitlines()
    assert message == "colorlib is ready"
    first, origin = json.loads(report)
    assert Path(origin) == Path(first) / "colorlib" / "__init__.py"
    return Path(first)


def copy_course(folder: Path) -> Path:
    """A small copy of the repository: the package, and an empty folder of notebooks."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "colorlib", folder / "colorlib", ignore=ignored)
    (folder / "notebooks" / "solutions").mkdir(parents=True)
    return folder


@pytest.fixture
def empty(tmp_path):
    """Where a student's notebook stands alone."""
    folder = tmp_path / "content"
    folder.mkdir()
    return folder


@pytest.fixture
def repository(tmp_path):
    """The address of a git repository with colorlib in it."""
    folder = copy_course(tmp_path / "origin")
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "--no-verify", "-m", "course"]):
        subprocess.run(["git", *command], cwd=folder, env=env, check=True, capture_output=True)
    return folder.as_uri()


def test_without_the_cell_colorlib_is_not_there(empty):
    run = run_cell(empty, cell="import sys")
    assert "NoneType" in run.stderr  # so the other tests' find is the cell's doing


@pytest.mark.parametrize("inside", [".", "notebooks", "notebooks/solutions"])
def test_in_a_clone(tmp_path, inside):
    course = copy_course(tmp_path / "course")
    assert found(run_cell(course / inside)) == course


def test_in_this_repository():
    assert found(run_cell(ROOT / "notebooks")) == ROOT


def test_a_clone_is_preferred_to_the_source(tmp_path):
    course = copy_course(tmp_path / "course")
    assert found(run_cell(course / "notebooks", source="file:///nowhere.git")) == course
    assert not (course / "notebooks" / "colorlib-course").exists()


@pytest.mark.parametrize("colab", [True, False])
def test_from_a_git_address(empty, repository, colab):
    assert found(run_cell(empty, repository, colab)) == empty / "colorlib-course"


def test_a_second_run_fetches_nothing(empty, repository):
    found(run_cell(empty, repository, colab=True))
    assert found(run_cell(empty, "file:///nowhere.git", colab=True)) == empty / "colorlib-course"


@pytest.mark.parametrize("top", ["course-main", "."])
def test_from_a_zip(empty, tmp_path, top):
    copy_course(tmp_path / "packed" / top)
    archive = shutil.make_archive(str(tmp_path / "course"), "zip", tmp_path / "packed")
    expected = empty / "colorlib-course" / top
    assert found(run_cell(empty, Path(archive).as_uri(), colab=True)) == expected
    assert found(run_cell(empty, "file:///nowhere.zip", colab=True)) == expected


def test_from_drive(empty, tmp_path):
    drive = tmp_path / "MyDrive"
    course = copy_course(drive / "colorization")
    (drive / "notes.txt").touch()
    cell = CELL.replace("/content/drive/MyDrive", drive.as_posix())
    assert cell != CELL
    assert found(run_cell(empty, colab=True, cell=cell)) == course
    assert run_cell(empty, colab=False, cell=cell).returncode == 1


@pytest.mark.parametrize("colab", [True, False])
def test_with_neither_it_says_what_to_do(empty, colab):
    run = run_cell(empty, colab=colab)
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.splitlines() == ["Open this notebook in a clone of the course, or set COLORLIB_SOURCE."]
    assert list(empty.iterdir()) == []


def test_it_is_short_and_runs_on_python_3_10():
    ast.parse(CELL, feature_version=(3, 10))
    lines = CELL.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 88
    assert "pip" not in CELL
