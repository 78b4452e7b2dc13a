"""Takes the last photo back: into the system's trash, and out again within the run."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.errors import OutputError

if TYPE_CHECKING:
    from livecam.contract import Saved


class Undo:
    """The newest moment of a run, and whether it is in the trash now.

    Nothing is ever unlinked: files go to the trash, and a second link beside them (or a copy of the
    file, where there are no links) brings them back under their old names.
    """

    def __init__(self) -> None:
        self._done: Saved | None = None
        self._kept: dict[Path, Path] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def toggle(self, newest: Saved | None) -> str:
        """Take it back, or bring it back; what was done, in a sentence. Raises OutputError."""
        if newest is None:
            return "there is no photo to take back yet"
        name = Path(newest.photo).name
        if self._done is not None and self._done.id == newest.id:
            self._bring_back()
            return f"{name} is back"
        files = [newest.movie, newest.photo, newest.scores, newest.motion_photo or ""]
        self._put_away([Path(file) for file in dict.fromkeys(files) if file])
        self._done = newest
        return f"{name} is in the trash; u brings it back"

    def _put_away(self, files: list[Path]) -> None:
        from send2trash import send2trash

        self._forget()
        self._folder = tempfile.TemporaryDirectory(prefix=".livecam-undo-", dir=files[0].parent)
        try:
            for file in files:
                kept = Path(self._folder.name, file.name)
                _second(file, kept)
                self._kept[file] = kept
            for file in files:
                send2trash(file)
        except OSError as err:
            # Never half of a photo: what has gone before comes back.
            with contextlib.suppress(OutputError):
                self._bring_back()
            raise OutputError(f"{files[0].name} cannot be put into the trash: {err}") from err

    def _bring_back(self) -> None:
        try:
            for file, kept in self._kept.items():
                if not file.exists():
                    _second(kept, file)
        except OSError as err:
            raise OutputError(f"it cannot be brought back: {err}") from err
        self._forget()

    def _forget(self) -> None:
        self._done, self._kept = None, {}
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._folder.cleanup()
            self._folder = None

    def close(self) -> None:
        """At the end of the run: what is in the trash stays there."""
        self._forget()


def _second(file: Path, other: Path) -> None:
    """The same file under another name."""
    try:
        os.link(file, other)
    except OSError:
        other.write_bytes(file.read_bytes())
