"""A colorizer by its name on the Hugging Face hub: against a small hub of our own, through the library itself."""

import os
import socket
import subprocess
import sys
import threading
from functools import partial

import huggingface_hub
import numpy as np
import pytest
from fake_hub import NOWHERE, TOKEN, files_of, forbid_waiting, make_colorizer, point_library_at, running_hub, sentence
from PIL import Image

from colorlib.colorizer import Colorizer, hub

FILES = {"config.json", "model.safetensors"}


@pytest.fixture
def folder(tmp_path):
    make_colorizer().save(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.fixture
def photo():
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8))


@pytest.fixture
def point_at(monkeypatch, tmp_path):
    return lambda address: point_library_at(address, monkeypatch, tmp_path)


@pytest.fixture
def fake(point_at, folder):
    """A hub that holds a colorizer, among files that nobody should fetch."""
    with running_hub() as server:
        server.repositories["owner/name"] = files_of(folder) | {"pytorch_model.bin": b"x", "hubconf.py": b"x"}
        point_at(server.address)
        yield server


# ------------------------------------------------------------ names


@pytest.mark.parametrize("name", ["owner/name", "a/b", "Owner-1/na_me.v2", "checkpoints/best"])
def test_names_of_the_hub(name):
    assert hub.is_hub_name(name)


@pytest.mark.parametrize(
    "name",
    ["name", "./x", "../x", "a/..", "owner/", "owner/name/", "/owner/name", "a/b/c", "a//b", "", "/", "a b/c"]
    + ["~/x", "C:\\x", "é/x", "a/b\n", "a/b.git", "a--b/c", "-a/b", "a/b:c", "a/" + "b" * 97],
)
def test_no_names_of_the_hub(name):
    assert not hub.is_hub_name(name)


def test_the_library_is_imported_when_it_is_needed():
    code = "import sys, colorlib.colorizer.hub; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# ------------------------------------------------------------ downloading


def test_by_name_as_by_folder(fake, folder, photo):
    by_name = Colorizer.load("owner/name", precision="fp32").colorize(photo)
    assert np.array_equal(by_name, Colorizer.load(folder, precision="fp32").colorize(photo))


def test_nothing_but_a_colorizers_files_is_fetched(fake):
    assert {path.name for path in hub.download("owner/name").iterdir()} == FILES
    assert {path.split("/")[-1] for _, path in fake.asked if "/resolve/" in path} == FILES


def test_a_second_time_asks_once_and_shows_no_progress(fake, capsys):
    first = hub.download("owner/name")
    fake.asked.clear()
    capsys.readouterr()
    assert hub.download("owner/name") == first
    assert fake.asked == [("GET", "/api/models/owner/name")]
    assert capsys.readouterr().err == ""


def test_a_newer_one_replaces_what_was_downloaded(fake, tmp_path, photo):
    Colorizer.load("owner/name")
    make_colorizer(seed=1).save(tmp_path / "newer")
    fake.repositories["owner/name"] = files_of(tmp_path / "newer")
    newer = Colorizer.load("owner/name", precision="fp32").colorize(photo)
    assert np.array_equal(newer, make_colorizer(seed=1).colorize(photo))


def test_a_folder_of_that_name_wins(fake, tmp_path, monkeypatch, photo):
    monkeypatch.chdir(tmp_path)
    make_colorizer(seed=1).save(tmp_path / "owner" / "name")
    local = Colorizer.load("owner/name", precision="fp32").colorize(photo)
    assert np.array_equal(local, make_colorizer(seed=1).colorize(photo))
    assert fake.asked == []


def test_no_such_repository(fake):
    said = sentence(Colorizer.load, "owner/other")
    assert "no such folder here" in said and "no such repository" in said and "hf auth login" in said


def test_a_private_one_opens_for_who_is_logged_in(fake, monkeypatch):
    fake.private.add("owner/name")
    assert "no such repository" in sentence(hub.download, "owner/name")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert {path.name for path in hub.download("owner/name").iterdir()} == FILES


def test_one_to_ask_for(fake):
    fake.gated.add("owner/name")
    assert f"ask at {fake.address}/owner/name" in sentence(hub.download, "owner/name")


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_repository_without_a_colorizer(fake, file):
    del fake.repositories["owner/name"][file]
    assert f"no colorizer: it has no {file}" in sentence(hub.download, "owner/name")
    assert not [path for _, path in fake.asked if "/resolve/" in path]


def test_without_internet(point_at, monkeypatch):
    point_at(NOWHERE)
    forbid_waiting(monkeypatch)
    said = sentence(Colorizer.load, "owner/name")
    assert "without internet, give a colorizer's folder" in said and "no such repository" not in said


@pytest.mark.parametrize("upload", [False, True])
def test_a_hub_that_never_answers(point_at, monkeypatch, upload):
    call = partial(hub.upload, make_colorizer()) if upload else hub.download
    monkeypatch.setattr(hub, "PATIENCE", 0.3)
    forbid_waiting(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_at(f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        hanging_up = threading.Timer(20, silent.shutdown, [socket.SHUT_RDWR])  # so that this test has an end
        hanging_up.start()
        assert ("no upload" if upload else "no download") in sentence(call, "owner/name")
        assert hanging_up.is_alive()
        hanging_up.cancel()


def test_without_internet_the_earlier_download_serves(fake, point_at, caplog):
    first = hub.download("owner/name")
    assert caplog.messages == []
    point_at(NOWHERE)
    assert hub.download("owner/name") == first
    assert "taking what was downloaded before" in caplog.text


def test_without_internet_half_a_download_does_not_serve(fake, point_at):
    (hub.download("owner/name") / "model.safetensors").unlink()
    point_at(NOWHERE)
    assert "no download" in sentence(hub.download, "owner/name")


@pytest.mark.parametrize(("status", "said"), [(401, "hf auth login"), (403, "hf auth login"), (503, "no download")])
def test_a_hub_that_refuses(fake, status, said):
    fake.status = status
    assert said in sentence(hub.download, "owner/name")


def test_a_transfer_that_breaks_off(fake, monkeypatch):
    whole = huggingface_hub.snapshot_download

    def broken(*arguments, local_files_only=False, **options):
        if not local_files_only:
            raise RuntimeError("the transfer broke off")
        return whole(*arguments, local_files_only=True, **options)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", broken)
    assert "(the transfer broke off)" in sentence(hub.download, "owner/name")


def test_from_the_command_line(fake, tmp_path, photo):
    photo.save(tmp_path / "photo.png")
    surroundings = os.environ | {"HF_ENDPOINT": fake.address, "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "colorlib", "colorize", "owner/name", "photo.png", "--output", "out"]
    options = ["--device", "cpu", "--precision", "fp32"]
    done = subprocess.run(command + options, cwd=tmp_path, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(Image.open(tmp_path / "out" / "photo.png"), make_colorizer().colorize(photo))
