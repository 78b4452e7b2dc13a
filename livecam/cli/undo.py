"""The key that puts the newest photo of a run into the trash, and brings it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from livecam.disk.changes import Change

if TYPE_CHECKING:
    from livecam.contract import Saved


class Undo:
    """The newest moment of a run, and whether it is in the trash now."""

    def __init__(self) -> None:
        self._done: Saved | None = None
        self._removed: Change | None = None

    def toggle(self, newest: Saved | None) -> str:
        """Put the newest photo into the trash, or back; say what was done. Raises OutputError."""
        if newest is None:
            return "there is no photo to take back yet"
        name = Path(newest.photo).name
        if self._removed is not None and self._done is not None and self._done.id == newest.id:
            self._removed.undo()
            self._removed = None
            return f"{name} is back"
        self.close()
        files = [newest.movie, newest.photo, newest.scores, newest.motion_photo or ""]
        self._removed = Change.make([Path(file) for file in files if file])
        self._done = newest
        return f"{name} is in the trash; u brings it back"

    def close(self) -> None:
        """At the end of the run: what is in the trash stays there."""
        if self._removed is not None:
            self._removed.forget()
            self._removed = None
