"""Two trainings never write into one folder: the one that trains there holds its lock.

The system lets go of the lock when its process ends, however it ends, so a crash leaves nothing to clean up. It holds
between machines, too, on a file system that both see, if that has locks (NFS from version 4 on has).
"""

import contextlib
import os
from pathlib import Path

from colorlib.errors import ConfigError

try:
    import fcntl
except ImportError:  # Windows has none: there it is yours not to train twice in one folder
    fcntl = None


class BusyError(ConfigError):
    """A folder in which another process trains."""


@contextlib.contextmanager
def training_lock(folder):
    """Hold the lock of a training's folder, which is made if it isn't there. Raises `BusyError`.

    Of several processes that train as one, the first holds it for all.
    """
    if fcntl is None or os.environ.get("RANK", "0") != "0":
        yield
        return
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / ".lock"
    handle = take(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(handle)  # which lets go of the lock
        with contextlib.suppress(OSError):  # not empty, as it should be
            folder.rmdir()


def take(file: Path) -> int:
    """Lock a file, made if it isn't there; returns its handle. Raises `BusyError`."""
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise BusyError(
                f"{file.parent}: another process trains there; wait for it, or give another folder"
            ) from None
        # Whoever held it before has removed the file, and somebody may have made and locked a new one since.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(file)):
                return handle
        os.close(handle)
