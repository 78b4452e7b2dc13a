"""Which files are ours, in folders where others may put things too.

Nothing here follows a link: a link is never ours, wherever it leads. Nor does a name alone make a
file ours: it must be a regular file that our user owns.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = ".livecam-"
"""The beginning of the names of all that we hide in a folder."""
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))


def make_file(path: Path, mode: int = 0o600) -> BinaryIO:
    """Make a file, to be read and written; by default only its owner may read it (`mode`).

    Raises FileExistsError if anything has the name, even a broken link, and OSError.
    """
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | _FLAGS, mode), "w+b")


def open_file(path: Path, *, writable: bool = False) -> BinaryIO:
    """Open a file of ours. Raises OSError; PermissionError for what is not ours."""
    # Opening a pipe would otherwise wait for somebody to write into it.
    flags = (os.O_RDWR if writable else os.O_RDONLY) | getattr(os, "O_NONBLOCK", 0) | _FLAGS
    descriptor = os.open(path, flags)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or not _is_of_our_user(found, path.parent):
        os.close(descriptor)
        raise PermissionError(errno.EPERM, "it is not ours", str(path))
    return os.fdopen(descriptor, "r+b" if writable else "rb")


def is_file(path: Path) -> bool:
    """Whether this is a regular file of ours."""
    found = _lstat(path)
    return found is not None and stat.S_ISREG(found.st_mode) and _is_of_our_user(found, path.parent)


def is_folder(path: Path) -> bool:
    """Whether this is a folder of ours, not a link to one."""
    found = _lstat(path)
    return found is not None and stat.S_ISDIR(found.st_mode) and _is_of_our_user(found, path.parent)


def is_same(path: Path, file: BinaryIO) -> bool:
    """Whether a path still names this open file, and not another that took its place."""
    found = _lstat(path)
    return found is not None and os.path.samestat(found, os.fstat(file.fileno()))


def remove(path: Path) -> bool:
    """Delete a file of ours; False where there is none, or it is not ours. Raises OSError."""
    if not is_file(path):
        return False
    path.unlink(missing_ok=True)
    return True


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _is_of_our_user(found: os.stat_result, folder: Path) -> bool:
    if not hasattr(os, "geteuid") or found.st_uid == os.geteuid():
        return True
    # Memory cards and network folders may give all files one owner, whoever makes them.
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            return os.fstat(probe.fileno()).st_uid == found.st_uid
    except OSError:
        return False
