"""New files on disk: together or not at all, under names that nobody has used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.media.publish import Bundle, check_folder, write_error

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class NewFiles:
    """The content of files to be written under one name."""

    content: dict[str, bytes]
    """By suffix; the movie before the photo."""
    note: str = ""
    """What a person should know of them."""


def write_new(files: NewFiles, folder: Path, name: str) -> tuple[Path, ...]:
    """Write files of one name together or not at all. Raises OutputError."""
    folder = folder.resolve()
    check_folder(folder)
    with Bundle.named(folder, name) as bundle:
        try:
            for suffix, content in files.content.items():
                bundle.hidden(suffix).write_bytes(content)
        except OSError as err:
            raise write_error(folder, err) from err
        bundle.publish(list(files.content))
        return tuple(bundle.path(suffix) for suffix in files.content)
