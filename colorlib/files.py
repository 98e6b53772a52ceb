"""Writing files so that an interruption never leaves half of one."""

import errno
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

Content = str | bytes | Callable[[str], None]


def write_atomically(path, content: Content) -> None:
    """Write to a temporary file beside `path`, then rename it: the file is the old one or the new one, never half.

    content: text, bytes, or a function that writes to the path it is given. Of a symbolic link, the file that it
    points to is replaced. A file that exists keeps its permissions; a new one gets those that the umask leaves. Into
    a device or a pipe (`/dev/stdout`, `/dev/null`, `>(command)`) the content is written, and nothing is renamed.
    Raises `OSError`, `FileNotFoundError` if the folder isn't there.
    """
    path = Path(path)
    if _is_stream(path):
        _write_through(path, content)
        return
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.parent))
    existing = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    temporary = target.with_name(f".{target.name[:40]}-{secrets.token_hex(4)}")  # no longer than a name may be
    # No more open to others than the file will be, and writable until it is written; the system applies the umask.
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL, 0o666 if existing is None else existing | stat.S_IWUSR)
    mode = stat.S_IMODE(os.fstat(handle).st_mode) if existing is None else existing
    os.close(handle)
    try:
        _write(temporary, content)
        os.chmod(temporary, mode)  # some libraries write a file of their own and rename it to the path they are given
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _is_stream(path: Path) -> bool:
    """Devices, pipes and sockets; and `/dev/stdout` and its like even where the shell has made a file of it."""
    folder = path.parent.resolve()
    if folder in (Path("/dev"), Path("/dev/fd")) or folder.match("/proc/*/fd"):
        return True
    return path.exists() and not path.is_file()  # a folder, too: opening it says what is wrong


def _write_through(path: Path, content: Content) -> None:
    """Write the whole content to a file first, since what writes an image or weights may have to go back in it."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        _write(whole, content)
        with open(path, "ab") as stream:  # if it is a file after all, nothing in it is lost
            stream.write(whole.read_bytes())


def _write(path: Path, content: Content) -> None:
    if callable(content):
        try:
            content(str(path))
        except Exception as error:  # safetensors and torch have errors of their own for a full disk
            if isinstance(error, OSError) or not re.search("No space left|file write failed", str(error)):
                raise
            raise OSError(errno.ENOSPC, "no space left on the disk", str(path.parent)) from None
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
