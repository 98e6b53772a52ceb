"""Two trainings never write into one folder, and a process that has ended locks nothing."""

import subprocess
import sys

import pytest

from colorlib.config import Config
from colorlib.errors import ConfigError
from colorlib.training.locks import BusyError, training_lock
from colorlib.training.stages import fit

HOLD = """
import sys, time
from colorlib.training.locks import training_lock
with training_lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_leaves_no_lock(tmp_path):
    folder = tmp_path / "runs" / "it"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="another process trains there"), training_lock(folder):
            pass
        with pytest.raises(ConfigError, match="another process trains there"):
            fit(Config(checkpoints_path=str(folder)), progress=False)
        assert [path.name for path in folder.iterdir()] == [".lock"]  # nothing was written beside it
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with training_lock(folder):
        pass
    assert not folder.exists()  # nor is anything left of a lock


def test_who_waits_for_a_lock_that_is_removed_takes_a_new_one(tmp_path, monkeypatch):
    """The one before removed its file between our opening and our locking it."""
    from colorlib.training import locks

    real = locks.fcntl.flock
    calls = []

    def removed_meanwhile(handle, how):
        calls.append(handle)
        if len(calls) == 1:
            (tmp_path / "it" / ".lock").unlink()
        return real(handle, how)

    monkeypatch.setattr(locks.fcntl, "flock", removed_meanwhile)
    with training_lock(tmp_path / "it"):
        assert len(calls) == 2 and (tmp_path / "it" / ".lock").exists()
        with pytest.raises(BusyError), training_lock(tmp_path / "it"):
            pass
