"""What a file is after writing it: whole, where its link points, with its permissions; streams are written through."""

import io
import os
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from colorlib.files import write_atomically

WAYS = {
    "text": "caf\u00e9",
    "bytes": "caf\u00e9".encode(),
    "function": lambda path: open(path, "wb").write("caf\u00e9".encode()),
}


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def umask():
    """Sets the umask for one test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("content", WAYS.values(), ids=WAYS)
def test_new_and_replaced_files_hold_the_content_and_nothing_else_is_left(tmp_path, content):
    path = tmp_path / "a.txt"
    for _ in range(2):
        write_atomically(path, content)
        assert path.read_bytes() == "caf\u00e9".encode()
        path.write_text("longer than what comes")
    assert names_in(tmp_path) == ["a.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    def fail(path):
        open(path, "w").write("half")
        raise KeyboardInterrupt

    (tmp_path / "a.txt").write_text("old")
    for name in ("a.txt", "new.txt"):
        with pytest.raises(KeyboardInterrupt):
            write_atomically(tmp_path / name, fail)
    assert names_in(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_text() == "old"


def test_whoever_has_opened_the_old_file_goes_on_reading_it(tmp_path):
    """It is another file under the same name, and not the same one written again."""
    path = tmp_path / "a.txt"
    path.write_text("old")
    with open(path) as opened:
        write_atomically(path, "new")
        assert opened.read() == "old" and path.read_text() == "new"


def test_of_a_link_the_target_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("old")
    (tmp_path / "middle.txt").symlink_to("real/a.txt")
    (tmp_path / "link.txt").symlink_to(tmp_path / "middle.txt")
    write_atomically(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "middle.txt").is_symlink()
    assert not (tmp_path / "real" / "a.txt").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "new"
    assert names_in(tmp_path / "real") == ["a.txt"]


def test_of_a_link_to_nothing_the_target_is_made(tmp_path):
    (tmp_path / "link.txt").symlink_to("later.txt")
    write_atomically(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "later.txt").read_text() == "new"


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path, umask, mask, mode):
    umask(mask)
    write_atomically(tmp_path / "a.txt", "new")
    assert mode_of(tmp_path / "a.txt") == mode


def test_a_function_that_makes_the_file_anew_has_no_say_in_its_permissions(tmp_path, umask):
    def save(path):
        os.unlink(path)
        os.close(os.open(path, os.O_CREAT, 0o600))

    write_atomically(tmp_path / "a.txt", save)
    assert mode_of(tmp_path / "a.txt") == 0o644


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o666, 0o444])
def test_an_existing_file_keeps_its_permissions(tmp_path, umask, mode):
    path, meanwhile = tmp_path / "a.txt", []
    path.write_text("old")
    path.chmod(mode)
    write_atomically(path, lambda temporary: meanwhile.append(stat.S_IMODE(os.stat(temporary).st_mode)))
    assert mode_of(path) == mode
    assert meanwhile[0] & stat.S_IWUSR  # it can be written,
    assert meanwhile[0] & 0o077 & ~mode == 0  # and nobody can read it who can't read the old one


@pytest.fixture
def pipe(tmp_path):
    """A named pipe, and a function that waits for what was written into it."""
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    reader.start()

    def wait():
        reader.join(timeout=10)
        assert stat.S_ISFIFO(path.stat().st_mode) and names_in(tmp_path) == ["pipe"]
        return read[0]

    return path, wait


@pytest.mark.parametrize("content", WAYS.values(), ids=WAYS)
def test_a_pipe_is_written_through(pipe, content):
    path, wait = pipe
    write_atomically(path, content)
    assert wait() == "caf\u00e9".encode()


def test_what_goes_back_in_its_file_can_be_written_into_a_pipe(pipe):
    """Pillow opens a TIFF for reading and writing, and seeks in it."""
    path, wait = pipe
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    write_atomically(path, lambda place: Image.fromarray(pixels).save(place, format="TIFF"))
    assert np.array_equal(Image.open(io.BytesIO(wait())), pixels)


def test_devices_stay_devices(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", None)  # a mistake here must not cost the machine its /dev/null
    before = os.stat("/dev/null")
    write_atomically("/dev/null", "gone")
    (tmp_path / "link").symlink_to("/dev/null")
    write_atomically(tmp_path / "link", "gone")
    after = os.stat("/dev/null")
    assert stat.S_ISCHR(after.st_mode) and (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    assert (tmp_path / "link").is_symlink()


WRITER = """
import os, sys
from colorlib.files import write_atomically
os.replace = None
print("before", flush=True)
write_atomically(sys.argv[1], "content\\n")
"""


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_standard_output_is_written_through_as_a_pipe_and_as_a_file(tmp_path, name):
    command = [sys.executable, "-c", WRITER, name]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "before\ncontent\n"
    path = tmp_path / "redirected.txt"
    with open(path, "w") as output:
        subprocess.run(command, stdout=output, check=True)
    assert path.read_text() == "before\ncontent\n"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder: .*missing"):
        write_atomically(tmp_path / "missing" / "a.txt", "new")
    assert names_in(tmp_path) == []


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "a", "new")
    assert (tmp_path / "a").is_dir() and names_in(tmp_path) == ["a"]


@pytest.mark.parametrize(
    "words",
    [
        "Error while serializing: I/O error: No space left on device (os error 28)",  # safetensors
        "[enforce fail at inline_container.cc:664] . PytorchStreamWriter failed writing file data/0: file write failed",
    ],
)
def test_a_full_disk_is_one_error_whatever_library_meets_it(tmp_path, words):
    def fail(path):
        raise RuntimeError(words)

    with pytest.raises(OSError, match="no space left on the disk") as caught:
        write_atomically(tmp_path / "weights", fail)
    assert caught.value.filename == str(tmp_path) and names_in(tmp_path) == []


def test_other_errors_of_a_library_stay_what_they_are(tmp_path):
    def fail(path):
        raise RuntimeError("no tensors")

    with pytest.raises(RuntimeError, match="no tensors"):
        write_atomically(tmp_path / "weights", fail)
