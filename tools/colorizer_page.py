"""The page of the course's web site that colors a visitor's photo in the browser: what it is put together from.

    site/colorizer/     its text, style and JavaScript
    ort/                ONNX Runtime Web: three files of one version, from npm, kept in colorlib's cache
    model/              `starter`, as `colorlib export` writes it
    photos/             three of the bundled photographs, whose licenses allow it

Without npm and a network the runtime can't be had; then the page is left out, and `make site` says so.
"""

import base64
import hashlib
import html
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

from PIL import Image

from colorlib.colorizer import Colorizer, onnx_export
from colorlib.colorizer.folder import STARTER
from colorlib.data import cache
from colorlib.errors import InputError
from colorlib.photos import bundled_photos, read_rgb

RUNTIME, VERSION = "onnxruntime-web", "1.30.0"
SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="  # npm's integrity
RUNTIME_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
PATIENCE = 120  # seconds for a download of 33 MB
THUMBNAIL = (360, 360)  # pixels, at most; shown at a third of that
# Of the bundled photographs: the file, what it shows, whose it is (data/README.md).
PHOTOS = {
    "flower.jpg": ("a flower", "vultilion, CC BY 2.0"),
    "rocket.jpg": ("a rocket before its launch", "SpaceX, public domain"),
    "astronaut.png": ("an astronaut", "NASA, public domain"),
}


class PageError(InputError):
    """The page can't be built; the message says in a few words why."""


def runtime() -> Path:
    """The folder with ONNX Runtime Web's files, fetched from npm if it isn't there yet. Raises `PageError`."""
    folder = cache.home() / f"{RUNTIME}-{VERSION}"
    if all((folder / name).is_file() for name in RUNTIME_FILES):
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise PageError("npm, which fetches ONNX Runtime Web, isn't installed")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        command = [npm, "pack", f"{RUNTIME}@{VERSION}", "--pack-destination", place, "--silent", "--fetch-retries=0"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE, cwd=place)
            (package,) = Path(place).glob("*.tgz")
        except (subprocess.SubprocessError, OSError, ValueError):
            raise PageError(f"npm couldn't fetch {RUNTIME}@{VERSION}; is there internet?") from None
        unpack(package.read_bytes(), Path(place) / "files")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(Path(place) / "files", folder)
    return folder


def unpack(package: bytes, folder: Path) -> None:
    """Write the runtime's files from npm's package. Raises `PageError` where it isn't the very package named here."""
    if base64.b64encode(hashlib.sha512(package).digest()).decode() != SHA512:
        raise PageError(f"what npm gave as {RUNTIME}@{VERSION} isn't what it was; its checksum differs")
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        for name in RUNTIME_FILES:
            (folder / name).write_bytes(archive.extractfile(f"package/dist/{name}").read())


def network() -> Path:
    """starter.onnx with its card beside it, in half precision; made anew where anything that it depends on has changed.

    Raises `InputError` where a package is missing.
    """
    parts = [path.read_bytes() for path in (STARTER / "config.json", STARTER / "model.safetensors")]
    parts += [Path(onnx_export.__file__).read_bytes(), version("torch").encode()]
    file = cache.home() / f"onnx-{hashlib.sha256(b''.join(parts)).hexdigest()[:16]}" / "starter.onnx"
    if not (file.is_file() and file.with_suffix(".json").is_file()):
        file.parent.mkdir(parents=True, exist_ok=True)
        onnx_export.export_onnx(Colorizer.load("starter", precision="fp32"), file, half=True)
    return file


def photos() -> dict[str, Path]:
    """The example photos by name."""
    return {path.name: path for path in bundled_photos() if path.name in PHOTOS}


def text(root: Path, photo_size: int) -> str:
    """The page, in Markdown."""
    buttons = [
        f'<button type="button" data-photo="_static/colorizer/photos/{name}">'
        f'<img src="_static/colorizer/photos/small-{Path(name).stem}.jpg" alt="{html.escape(shows)}"></button>'
        for name, (shows, _) in PHOTOS.items()
    ]
    credits = "; ".join(f"{shows} ({whose})" for shows, whose in PHOTOS.values())
    page = (root / "site" / "colorizer" / "colorizer.md").read_text(encoding="utf-8")
    page = page.replace("<!-- examples -->", "\n      ".join(buttons))
    page = page.replace("<!-- photo_size -->", str(photo_size))
    return page.replace("<!-- credits -->", f"\nThe examples: {credits}.")


def assemble(root: Path, static: Path) -> str:
    """Put what the page loads into the folder `static`, and return the page in Markdown. Raises `InputError`."""
    ort, onnx, folder = runtime(), network(), static / "colorizer"
    shutil.copytree(root / "site" / "colorizer", folder, ignore=shutil.ignore_patterns("*.md"))
    shutil.copytree(ort, folder / "ort")
    (folder / "model").mkdir()
    for file in (onnx, onnx.with_suffix(".json")):
        shutil.copy(file, folder / "model")
    (folder / "photos").mkdir()
    for name, path in photos().items():
        shutil.copy(path, folder / "photos" / name)
        small = read_rgb(path).convert("L")
        small.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
        small.save(folder / "photos" / f"small-{path.stem}.jpg", quality=85)
    return text(root, json.loads(onnx.with_suffix(".json").read_text())["photo_size"])
