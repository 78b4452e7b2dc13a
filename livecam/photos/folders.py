"""Walks folders one at a time, so that a library of any size is looked through as a stream."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


LIBRARY, ORIGINALS = ".photoslibrary", ("originals", "Masters")
"""Suffix of an Apple Photos library, and its folders of originals (since macOS 10.15; before)."""


def walk(
    folder: Path, suffixes: tuple[str, ...], on_error: Callable[[OSError], None] | None = None
) -> Iterator[tuple[Path, list[Path]]]:
    """Yield each folder that holds files with these suffixes, and those files, sorted by name.

    Hidden files and folders are skipped, links to folders are not followed. Entries that are not
    regular files (a pipe, a dangling link) are included: whoever opens them reports them.
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
