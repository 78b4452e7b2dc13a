"""Puts files into the system's trash, and brings them back within the run."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.errors import OutputError
from livecam.media.claim import Claim, taken_over

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
    _claim: Claim

    def bring_back(self) -> None:
        """Put them where they were. Raises OutputError, and may then be tried again."""
        try:
            for file in self.files:
                if not file.exists():
                    _second(self.folder / file.name, file)
        except OSError as err:
            raise OutputError(f"it cannot be brought back: {err}") from err
        self.forget()

    def forget(self) -> None:
        """Let them stay in the trash for good."""
        with contextlib.suppress(OSError):
            self._claim.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def put_away(files: Iterable[Path]) -> Removed:
    """Put files of one folder into the trash: all or none. Raises OutputError.

    Nothing is ever unlinked: a second link beside them (or a copy of the file, where there are no
    links) can bring them back under their old names.
    """
    from send2trash import send2trash

    wanted = tuple(dict.fromkeys(files))
    removed = None
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=wanted[0].parent))
        removed = Removed(folder, wanted, Claim.take(folder / LOCK))
        for file in wanted:
            _second(file, folder / file.name)
        for file in wanted:
            send2trash(file)
    except OSError as err:
        if removed is not None:
            with contextlib.suppress(OutputError):
                removed.bring_back()
        raise OutputError(f"{wanted[0].name} cannot be put into the trash: {err}") from err
    return removed


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
    """The same file under another name."""
    try:
        os.link(file, other)
    except OSError:
        shutil.copy2(file, other)
