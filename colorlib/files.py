"""Writing files so that an interruption never leaves half of one."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_atomically(path, content: str | bytes | Callable[[str], None]) -> None:
    """Write to a temporary file beside `path`, then rename it: the file is the old one or the new one, never half.

    content: text, bytes, or a function that writes to the path it is given.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        if callable(content):
            content(temporary)
        else:
            Path(temporary).write_bytes(content.encode() if isinstance(content, str) else content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
