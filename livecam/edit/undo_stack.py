"""Makes the changes that a viewer asks for (a new key photo, the trash), and undoes them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.disk.changes import Change
from livecam.edit.in_place import KeyChange, make_key
from livecam.errors import InputError
from livecam.photos.judged import record_of
from livecam.text import counted, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.photos.inputs import Input
    from livecam.photos.pick import Pick

MOST_UNDO = 20
"""Steps that can be taken back."""


class _Several:
    """Changes that are one step."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    @property
    def removed(self) -> list[Path]:
        return [path for change in self._changes for path in change.removed]

    def undo(self) -> None:
        for change in reversed(self._changes):
            change.undo()

    def forget(self) -> None:
        for change in self._changes:
            change.forget()


class UndoStack:
    """The changes that were made, to be undone from the newest on. Safe from any thread.

    Everything that is replaced or removed lies in the system's trash; after `close` it stays there.
    """

    def __init__(self) -> None:
        self._done: list[tuple[str, KeyChange | Change | _Several]] = []
        self._lock = threading.Lock()

    def make_key(self, pick: Pick, position: int) -> tuple[Input, str]:
        """Make a judged frame the key photo. Returns the moment as it is now, and what was done.

        Raises InputError, OutputError.
        """
        with self._lock:
            change = make_key(pick, position)
            name = visible(change.source.file.name)
            self._note(f"the key photo of {name}", change)
        note = f" ({change.note})" if change.note else ""
        return change.source, f"{name} has a new key photo{note}; the old one is in the trash"

    @property
    def steps(self) -> int:
        """How many steps can be undone."""
        with self._lock:
            return len(self._done)

    def remove(self, source: Input) -> str:
        """Put a moment into the trash, its record too. Raises OutputError."""
        record = record_of(source)
        files = [*source.files, *([record] if record is not None else [])]
        return self.remove_files(files, source.file.name)

    def remove_files(self, files: Sequence[Path], name: str) -> str:
        """Put files into the trash together; `name` is what they are called. Raises OutputError."""
        name = visible(Path(name).name)
        with self._lock:
            self._note(name, Change.make(files))
        return f"{name} is in the trash"

    def remove_all(self, sources: Sequence[Input]) -> str:
        """Put several moments into the trash, as one step; all or none. Raises OutputError."""
        done: list[Change] = []
        with self._lock:
            try:
                for source in sources:
                    record = record_of(source)
                    files = [*source.files, *([record] if record is not None else [])]
                    done.append(Change.make(files))
            except BaseException:
                for change in reversed(done):
                    change.undo()
                raise
            self._note(counted(len(sources), "moment"), _Several(done))
        return f"{counted(len(sources), 'moment')} in the trash"

    def undo(self) -> tuple[str, list[Path], Input | None]:
        """Undo the newest step. Returns what was done, folders, and the moment as it is again.

        The moment is None if files were brought back from the trash. Raises InputError if there is
        nothing to undo, OutputError.
        """
        with self._lock:
            if not self._done:
                raise InputError("there is nothing to undo")
            what, step = self._done[-1]
            source = None
            if isinstance(step, KeyChange):
                source = step.undo()
                folders = [source.file.parent]
            else:
                step.undo()
                folders = list({path.parent: None for path in step.removed})
            self._done.pop()
        is_are = "are as they were" if isinstance(step, _Several) else "is as it was"
        return f"{what} {is_are}", folders, source

    def close(self) -> None:
        """Make all changes final."""
        with self._lock:
            for _, step in self._done:
                step.forget()
            self._done.clear()

    def _note(self, what: str, step: KeyChange | Change | _Several) -> None:
        self._done.append((what, step))
        while len(self._done) > MOST_UNDO:
            self._done.pop(0)[1].forget()
