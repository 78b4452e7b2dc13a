"""Files that say "somebody is at work here", and can tell whether that somebody still lives."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True)
class Claim:
    """A file that is locked by the system as long as its maker lives, and is then gone."""

    path: Path
    _descriptor: int

    @classmethod
    def take(cls, path: Path) -> Self:
        """Make the file. Raises FileExistsError if there is one, OSError if none can be made."""
        while True:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            # Where the system knows no locks, nobody's claim can be seen to be abandoned.
            with contextlib.suppress(OSError):
                _lock(descriptor)
            if path.exists():  # not taken away in between as that of somebody dead
                return cls(path, descriptor)
            os.close(descriptor)

    def release(self) -> None:
        """Take the file away. Raises OSError."""
        try:
            if os.name == "nt":  # where an open file cannot be deleted
                os.close(self._descriptor)
                self.path.unlink(missing_ok=True)
            else:
                self.path.unlink(missing_ok=True)
        finally:
            if os.name != "nt":
                os.close(self._descriptor)


@contextlib.contextmanager
def taken_over(path: Path) -> Iterator[bool]:
    """Hold a claim whose maker is dead; False if it lives. At the end the file is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        yield False
        return
    try:
        _lock(descriptor)
    except OSError:
        os.close(descriptor)
        yield False
        return
    try:
        yield True
    finally:
        if os.name == "nt":
            os.close(descriptor)
        path.unlink(missing_ok=True)
        if os.name != "nt":
            os.close(descriptor)
