"""New files on disk: together or not at all, under names that nobody has used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from livecam.disk.publish import Bundle, check_folder, write_error

Content: TypeAlias = bytes | Callable[[Path], None]
"""A file's bytes, or what writes them to a path: a movie may be larger than memory."""


@dataclass(frozen=True)
class NewFiles:
    """The content of files to be written under one name."""

    content: dict[str, Content]
    """By suffix; the movie before the photo."""
    note: str = ""
    """What a person should know of them."""


def write_new(files: NewFiles, folder: Path, name: str) -> tuple[Path, ...]:
    """Write files of one name together or not at all. Raises OutputError, InputError."""
    folder = folder.resolve()
    check_folder(folder)
    with Bundle.named(folder, name) as bundle:
        try:
            for suffix, content in files.content.items():
                if callable(content):
                    content(bundle.hidden(suffix))
                else:
                    bundle.hidden(suffix).write_bytes(content)
        except OSError as err:
            raise write_error(folder, err) from err
        bundle.publish(list(files.content))
        return tuple(bundle.path(suffix) for suffix in files.content)
