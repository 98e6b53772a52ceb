"""Writing files so that an interruption never leaves half of one."""

import os
import tempfile
from pathlib import Path


def write_atomically(path, write) -> None:
    """Call `write(temporary path)`, then rename: the file is the old one or the new one, never half of one."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        write(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
