"""Walks folders one at a time, so that a library of any size is looked through as a stream."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


LIBRARY, ORIGINALS = ".photoslibrary", ("originals", "Masters")
"""Apple Photos' folder, and where in it originals lie (of macOS 10.15 and later, and before)."""


def walk(
    folder: Path, suffixes: tuple[str, ...], on_error: Callable[[OSError], None] | None = None
) -> Iterator[tuple[Path, list[Path]]]:
    """Each folder that holds files of these kinds, and these, in the order of their names.

    Hidden files and folders are passed over, links to folders not followed. What is no regular file
    (a pipe, a link to nothing) is among them: it is named where it is looked at.
    """
    for parent, folders, names in os.walk(folder, onerror=on_error):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if PurePath(parent).suffix.lower() == LIBRARY:
            # Everything else in there is made by Photos, for itself.
            folders[:] = [name for name in folders if name in ORIGINALS]
            continue
        known = sorted(
            name
            for name in names
            if not name.startswith(".") and PurePath(name).suffix.lower() in suffixes
        )
        if known:
            yield Path(parent), [Path(parent, name) for name in known]
