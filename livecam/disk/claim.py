"""Files that say "somebody is at work here", and can tell whether that somebody still lives."""

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
        """Lock a file as long as it is open. Raises OSError where somebody else has."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def lock(file: BinaryIO) -> None:
        """Lock a file as long as it is open. Raises OSError where somebody else has."""
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True)
class Claim:
    """A file that is locked by the system as long as its maker lives, and is then gone."""

    path: Path
    file: BinaryIO
    """Open, for what the maker has to say to whoever finds it."""

    @classmethod
    def take(cls, path: Path, mode: int = 0o600) -> Self:
        """Make the file. Raises FileExistsError if there is one, OSError if none can be made."""
        while True:
            file = own.make_file(path, mode)
            # Where the system knows no locks, nobody's claim can be seen to be abandoned.
            with contextlib.suppress(OSError):
                lock(file)
            if own.is_same(path, file):  # not taken away in between as that of somebody dead
                return cls(path, file)
            file.close()

    def release(self) -> None:
        """Take the file away. Raises OSError."""
        _take_away(self.path, self.file)


@contextlib.contextmanager
def taken_over(path: Path) -> Iterator[BinaryIO | None]:
    """Hold a claim whose maker is dead, to be read; None if it lives, or was never one of ours.

    At the end the file is gone.
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
    """Hold a claim for as long as `held`, whether its maker is dead or nobody has made it.

    False where somebody is at work.
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
