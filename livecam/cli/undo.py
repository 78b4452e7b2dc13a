"""The `u` key: undoes the newest step of a run, or puts its newest photo into the trash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from livecam.edit.undo_stack import UndoStack

if TYPE_CHECKING:
    from livecam.contract import Saved


class Undo:
    """One stack for all that is changed in a run: key photos in `r`, and photos in the trash."""

    def __init__(self) -> None:
        self.stack = UndoStack()
        self._before_newest = 0
        """Steps that were done when the newest photo was saved: these are of older photos."""

    def saved(self) -> None:
        """A photo was saved: what was changed before is of older ones."""
        self._before_newest = self.stack.steps

    def press(self, newest: Saved | None) -> str:
        """Undo what was done since the newest photo, else trash it; say what was done.

        Raises OutputError.
        """
        if newest is None:
            return "there is no photo to take back yet"
        if self.stack.steps > self._before_newest:
            told, _, _ = self.stack.undo()
            return f"{told}; u puts the newest photo into the trash"
        return f"{self.remove(newest)}; u brings it back"

    def remove(self, saved: Saved) -> str:
        """Put a photo into the trash; say so. Raises OutputError."""
        files = [saved.movie, saved.photo, saved.scores, saved.motion_photo or ""]
        return self.stack.remove_files([Path(file) for file in files if file], saved.photo)

    def close(self) -> None:
        """At the end of the run: what is in the trash stays there."""
        self.stack.close()
