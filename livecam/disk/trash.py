"""Puts files into the system's trash, and brings them back within the run."""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.disk.claim import Claim, taken_over
from livecam.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livecam.contract import Saved

PREFIX = ".livecam-undo-"
LOCK = "lock"


@dataclass(frozen=True, eq=False)
class Removed:
    """Files that are in the trash and can still be brought back."""

    folder: Path
    """Where a second link to each of them lies."""
    files: tuple[Path, ...]
    _claim: Claim | None

    def bring_back(self) -> None:
        """Put them where they were. Raises OutputError, and may then be tried again."""
        for file in self.files:
            kept = self.folder / file.name
            try:
                if not _is_there(file):
                    _second(kept, file)
                elif not _is_same(kept, file):
                    raise FileExistsError(errno.EEXIST, "another file has its name")
            except OSError as err:
                raise OutputError(f"{file.name} cannot be brought back: {err.strerror}") from err
        self.forget()

    def forget(self) -> None:
        """Let them stay in the trash for good."""
        with contextlib.suppress(OSError):
            if self._claim is not None:
                self._claim.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def put_away(files: Iterable[Path]) -> Removed:
    """Put files of one folder into the trash: all or none. Raises OutputError.

    Nothing is ever unlinked: a second link beside them (or a copy of the file, where there are no
    links) can bring them back under their old names.
    """
    from send2trash import send2trash

    wanted = tuple(dict.fromkeys(files))
    name, parent = wanted[0].name, wanted[0].parent
    if sys.platform == "win32" and not _has_bin(parent):
        raise OutputError(f"{name} cannot be put into the trash: there is none on this drive")
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    except OSError as err:
        raise OutputError(f"{name} cannot be put into the trash: {err.strerror}") from err
    gone: list[Path] = []
    claim = None
    try:
        claim = Claim.take(folder / LOCK)
        for file in wanted:
            _second(file, folder / file.name)
        for file in wanted:
            send2trash(file)
            gone.append(file)
    except Exception as err:
        # Never half of a photo: what has gone before comes back.
        removed = Removed(folder, tuple(gone), claim)
        with contextlib.suppress(OutputError):
            removed.bring_back()
        raise OutputError(f"{name} cannot be put into the trash: {err}") from err
    return Removed(folder, wanted, claim)


def forget_abandoned(folder: Path) -> None:
    """Take away what runs that were killed kept for bringing files back: they are in the trash."""
    for kept in folder.glob(f"{PREFIX}*"):
        with taken_over(kept / LOCK) as is_ours:
            if is_ours:
                shutil.rmtree(kept, ignore_errors=True)


class Undo:
    """The newest moment of a run, and whether it is in the trash now."""

    def __init__(self) -> None:
        self._done: Saved | None = None
        self._removed: Removed | None = None

    def toggle(self, newest: Saved | None) -> str:
        """Take it back, or bring it back; what was done, in a sentence. Raises OutputError."""
        if newest is None:
            return "there is no photo to take back yet"
        name = Path(newest.photo).name
        if self._removed is not None and self._done is not None and self._done.id == newest.id:
            self._removed.bring_back()
            self._removed = None
            return f"{name} is back"
        self.close()
        files = [newest.movie, newest.photo, newest.scores, newest.motion_photo or ""]
        self._removed = put_away([Path(file) for file in files if file])
        self._done = newest
        return f"{name} is in the trash; u brings it back"

    def close(self) -> None:
        """At the end of the run: what is in the trash stays there."""
        if self._removed is not None:
            self._removed.forget()
            self._removed = None


def _second(file: Path, other: Path) -> None:
    """The same file under another name, which must be free. Raises OSError."""
    try:
        os.link(file, other)
    except FileExistsError:
        raise
    except OSError:  # no links here
        with file.open("rb") as source, other.open("xb") as target:
            shutil.copyfileobj(source, target)
        shutil.copystat(file, other)


def _is_there(file: Path) -> bool:
    """Whether a name is taken, if only by a link that leads nowhere."""
    return os.path.lexists(file)


def _is_same(kept: Path, file: Path) -> bool:
    return file.is_file() and (kept.samefile(file) or filecmp.cmp(kept, file, shallow=False))


def _has_bin(folder: Path) -> bool:
    """Whether Windows keeps what is deleted here; elsewhere it deletes for good, without a word."""
    import ctypes

    fixed = 3
    drive = os.path.splitdrive(folder.resolve())[0] + "\\"
    return bool(ctypes.windll.kernel32.GetDriveTypeW(drive) == fixed)  # type: ignore[attr-defined,unused-ignore]
