"""The wheel that pip makes of this repository, without a network: its files and metadata; the citation beside it."""

import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
BUILD = "from setuptools.build_meta import build_wheel; build_wheel('dist')"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built by the setuptools that is installed here."""
    pytest.importorskip("setuptools", "77")  # which knows license expressions
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE.md"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "colorlib", folder / "colorlib", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_it_holds_every_file_of_the_package_and_no_other(wheel):
    files = {path for path in (ROOT / "colorlib").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    expected = {path.relative_to(ROOT).as_posix() for path in files}
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected


def test_its_metadata_names_license_command_and_readme(wheel):
    (info,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = message_from_bytes(wheel.read(f"{info}/METADATA"))
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_payload().startswith("# Image colorization with conditional GANs")
    for name in metadata.get_all("License-File"):
        assert wheel.read(f"{info}/licenses/{name}") == (ROOT / name).read_bytes()
    assert b"colorlib = colorlib.cli:main" in wheel.read(f"{info}/entry_points.txt")


def test_citation_and_changelog_are_of_this_version(wheel):
    (version,) = {name.split("-")[1] for name in wheel.namelist() if name.endswith("METADATA")}
    version = version.removesuffix(".dist")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # what the format asks for
    assert (citation["version"], citation["license"]) == (version, "MIT")
    assert f"\n## {version} (" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
