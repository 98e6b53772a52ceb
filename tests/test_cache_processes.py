"""The decoded cache where several processes use it, one was killed, or the set is large."""

import json
import os
import subprocess
import sys
import time
import tracemalloc

import pytest
from made_photos import make_photos
from PIL import Image

from colorlib.data import cache, photo_sets


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    return make_photos(tmp_path / "set", 5)


def load(folder):
    return cache.load(photo_sets.find(str(folder)), 32, progress=False)


def kept(home):
    """The folders of decoded pictures, whole or not."""
    return sorted(path.name for path in home.glob("*/*"))


def test_several_processes_at_once(tmp_path, home):
    folder = make_photos(tmp_path / "many", 300)
    script = (
        "import sys, hashlib; from colorlib.data import cache, photo_sets;"
        "print(hashlib.sha256(cache.load(photo_sets.find(sys.argv[1]), 32, False).images).hexdigest())"
    )
    command = [sys.executable, "-c", script, str(folder)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(set(answers)) == 1 and answers[0]
    assert len(kept(home)) == 1


def test_the_slower_process_takes_what_the_faster_one_made(folder, home, monkeypatch):
    real = cache._decode

    def slow(pictures, size, into, progress):
        real(pictures, size, into, progress)
        monkeypatch.setattr(cache, "_decode", real)
        load(folder)  # the faster one, from beginning to end
        assert len(kept(home)) == 2  # it leaves the slower one's folder alone

    monkeypatch.setattr(cache, "_decode", slow)
    assert len(load(folder).images) == 5
    assert len(kept(home)) == 1 and not kept(home)[0].startswith("partial")


def test_what_a_killed_process_left_goes_after_a_day(folder, home):
    load(folder)
    (made,) = home.glob("*/*")
    for name, age in {"partial-old": 2 * cache.DAY, "partial-new": 0, "partial-empty": None}.items():
        (made.parent / name).mkdir()
        if age is not None:
            (made.parent / name / "pixels").write_bytes(b"")
            os.utime(made.parent / name / "pixels", (time.time() - age,) * 2)
    make_photos(folder, 6, seed=1)
    load(folder)
    assert [name for name in kept(home) if name.startswith("partial")] == ["partial-empty", "partial-new"]


def test_memory_does_not_grow_with_the_set(monkeypatch):
    class Many:
        area, part = None, None

        def __init__(self, count):
            self.count, self.fingerprint, self.place = count, str(count), "many"

        def __len__(self):
            return self.count

        def read(self, i):
            return Image.new("RGB", (64, 64), (i % 256, i // 256, 0))

    monkeypatch.setattr(cache, "BLOCK", 8)
    peaks = []
    for count in (100, 100, 800):  # the first one imports
        tracemalloc.start()
        images = cache.load(Many(count), 64, progress=False).images
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert images.shape == (count, 64, 64, 3)
    assert peaks[2] < peaks[1] + 0.1 * 700 * 64 * 64 * 3
    assert json.loads((next(cache.home().glob("many*/*")) / "index.json").read_text())["number"][-1] == 799
