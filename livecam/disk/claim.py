"""Lock files: they say that a process is at work, and show whether that process still runs."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self

from livecam.disk import own

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def lock(file: BinaryIO) -> None:
        """Lock a file as long as it is open. Raises OSError if somebody else holds it."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def lock(file: BinaryIO) -> None:
        """Lock a file as long as it is open. Raises OSError if somebody else holds it."""
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True)
class Claim:
    """A file that its maker keeps locked; if the maker dies, the system releases the lock."""

    path: Path
    file: BinaryIO
    """Open: its maker writes what a later run should know."""

    @classmethod
    def take(cls, path: Path, mode: int = 0o600) -> Self:
        """Make the file. Raises FileExistsError if there is one, OSError if none can be made."""
        while True:
            file = own.make_file(path, mode)
            # Without file locks, no claim can be seen to be abandoned.
            with contextlib.suppress(OSError):
                lock(file)
            if own.is_same(path, file):  # nobody has taken it for abandoned meanwhile
                return cls(path, file)
            file.close()

    def release(self) -> None:
        """Delete the file. Raises OSError."""
        _take_away(self.path, self.file)


@contextlib.contextmanager
def taken_over(path: Path) -> Iterator[BinaryIO | None]:
    """Take over a claim whose maker is dead, and yield its open file; None if it cannot be had.

    That is so if its maker lives, or the file is not ours. The file is deleted at the end.
    """
    with contextlib.ExitStack() as held:
        try:
            file = own.open_file(path, writable=True)
            held.callback(file.close)
            lock(file)
            is_dead = own.is_same(path, file)
        except OSError:
            is_dead = False
        if not is_dead:
            yield None
            return
        held.callback(_take_away, path, file)
        yield file


def hold(path: Path, held: contextlib.ExitStack) -> bool:
    """Hold a claim until `held` closes, whether it was abandoned or does not exist yet.

    False where another process is at work.
    """
    if os.path.lexists(path):
        return held.enter_context(taken_over(path)) is not None
    try:
        held.callback(Claim.take(path).release)
    except OSError:
        return False
    return True


def _take_away(path: Path, file: BinaryIO) -> None:
    try:
        if os.name == "nt":  # where an open file cannot be deleted
            file.close()
            path.unlink(missing_ok=True)
        elif own.is_same(path, file):
            path.unlink(missing_ok=True)
    finally:
        file.close()
