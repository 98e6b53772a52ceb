"""The setup cell brings colorlib into an empty folder's notebook, as in Colab, by pip from one address.

Each test runs the cell in a kernel of a fresh virtual environment that has everything but colorlib and torchmetrics,
which Colab lacks too. pip gets no internet: a small stand-in for torchmetrics lies in a folder of wheels.
"""

import shutil
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook
from tool import ROOT, load_tool

publish = load_tool("publish")
LOOK = """\
import colorlib, torchmetrics
from pathlib import Path

home = Path(colorlib.__file__).parent
data = "color/ab_prior.txt", "starter/config.json", "starter/model.safetensors", "plots/notebook.py"
print(home, torchmetrics.__file__, all((home / name).is_file() for name in data))"""


@pytest.fixture
def machine(tmp_path):
    """A Python of its own, which sees this one's packages but two. Gives the interpreter's path."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if not one.name.startswith(("colorlib", "__editable__", "torchmetrics", "_virtualenv", "distutils-precedence")):
            (packages / one.name).symlink_to(one)
    venv.create(tmp_path / "venv", symlinks=True, with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    (own / "packages.pth").write_text(f"{packages}\n")
    return python


@pytest.fixture
def wheels(tmp_path):
    """A folder with a stand-in for the package that Colab lacks."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    about = "torchmetrics-99.0.dist-info"
    with zipfile.ZipFile(folder / "torchmetrics-99.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("torchmetrics.py", "")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: torchmetrics\nVersion: 99.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return folder


@pytest.fixture
def run_all(machine, wheels, tmp_path, monkeypatch):
    """Run cells in an empty folder on that machine; gives the text that each wrote, and the error that stopped it."""
    for name in ("PYTHONPATH", "COLORLIB_SOURCE", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    offline = {
        "NO_INDEX": "1",
        "FIND_LINKS": str(wheels),
        "NO_BUILD_ISOLATION": "0",
        "CONFIG_FILE": "/dev/null",
        "RETRIES": "0",
    }
    for name, value in offline.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    folder = tmp_path / "content"
    folder.mkdir()

    def run(*sources):
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
        manager = KernelManager()
        manager._kernel_spec = KernelSpec(argv=[str(machine), "-m", "ipykernel_launcher", "-f", "{connection_file}"])
        client = NotebookClient(notebook, km=manager, timeout=200, resources={"metadata": {"path": str(folder)}})
        try:
            client.execute()
            stopped = None
        except CellExecutionError as error:
            stopped = error
        return ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells], stopped

    return run


def course(folder: Path) -> Path:
    """What pip needs of the repository, in a folder."""
    shutil.copytree(ROOT / "colorlib", folder / "colorlib", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE", "NOTICE.md"):
        shutil.copy(ROOT / file, folder)
    return folder


def repository(folder: Path) -> str:
    """A git address of the course."""
    course(folder)
    for command in ("init -q", "add .", "-c user.name=Ada -c user.email=a@example.org commit -q -m course"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True, capture_output=True)
    return f"git+{folder.as_uri()}"


def package(folder: Path) -> str:
    """A zip of the course, as GitHub makes them: with one folder in it."""
    course(folder / "course-main")
    return shutil.make_archive(str(folder), "zip", folder)


def drive(folder: Path) -> str:
    """A folder in Drive."""
    return str(course(folder / "My Drive" / "lessons" / "2026" / "colorization"))


@pytest.mark.parametrize("source", [repository, package, drive])
def test_in_an_empty_folder_it_installs_and_goes_on(run_all, tmp_path, source):
    address = source(tmp_path / "source")
    (_, said, seen), stopped = run_all(f"COLORLIB_SOURCE = {address!r}", publish.setup_cell(None), LOOK)
    assert stopped is None
    assert "rror" not in said
    colorlib, torchmetrics, data = seen.split()
    site = Path(colorlib).parent
    assert site.is_relative_to(tmp_path / "venv") and Path(torchmetrics).parent == site
    assert data == "True"


def test_stamped_it_needs_nothing_else(run_all, tmp_path):
    address = repository(tmp_path / "source")
    cell = publish.setup_cell("owner/name").replace("git+https://github.com/owner/name", address)
    (_, seen), stopped = run_all(cell, LOOK)
    assert stopped is None
    assert str(tmp_path / "venv") in seen


def test_the_variable_may_be_the_environment_s(run_all, tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_SOURCE", repository(tmp_path / "source"))
    (_, seen), stopped = run_all(publish.setup_cell(None), LOOK)
    assert stopped is None and "True" in seen


def sentence(stopped) -> list[str]:
    """What stopped a cell, line by line; it is no traceback."""
    assert stopped.ename == "SystemExit"
    return stopped.evalue.splitlines()


def test_without_an_address_it_says_what_to_type(run_all):
    (said, after), stopped = run_all(publish.setup_cell(None), "print('went on')")
    first, second = sentence(stopped)
    assert "Type its address in a cell above" in first
    assert second.startswith('COLORLIB_SOURCE = "git+https://')
    assert after == "" and "rror" not in said


@pytest.mark.parametrize("wrong", ["git+file:///nowhere", "https://127.0.0.1:9/course.zip", "/nowhere/course"])
def test_a_wrong_address_gets_a_sentence(run_all, wrong):
    (_, said), stopped = run_all(f"COLORLIB_SOURCE = {wrong!r}", publish.setup_cell(None))
    assert sentence(stopped)[0].startswith("No course was found.")
    assert "rror" not in said and "Traceback" not in said


def test_a_wrong_stamped_address_gets_a_sentence(run_all):
    cell = publish.setup_cell("owner/name").replace("git+https://github.com/owner/name", "git+file:///nowhere")
    (said,), stopped = run_all(cell)
    assert sentence(stopped) == ["Nothing came from git+file:///nowhere. Is there internet?"]
    assert "rror" not in said


def test_where_colorlib_is_installed_it_does_nothing(run_all, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (said, seen), stopped = run_all(publish.setup_cell(None), "import colorlib; print(colorlib.__file__)")
    assert (said, stopped) == ("", None)
    assert seen.strip() == str(ROOT / "colorlib" / "__init__.py")


@pytest.mark.parametrize("repo", [None, "owner-of-a-long-name/image-colorization-course"])
def test_it_is_short(repo):
    lines = publish.setup_cell(repo).splitlines()
    assert len([line for line in lines if line]) <= 6
    assert max(map(len, lines)) <= 88


def test_the_machine_lacks_what_the_cell_brings(machine):
    look = "from importlib.util import find_spec as f; print(f('torch') is None, f('colorlib'), f('torchmetrics'))"
    run = subprocess.run([machine, "-I", "-c", look], capture_output=True, text=True, cwd="/")
    assert run.stdout.split() == ["False", "None", "None"]
