"""New files on disk: together or not at all, under names that are free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from livecam.disk.publish import Bundle, check_folder, write_error

if TYPE_CHECKING:
    from pathlib import Path

Content: TypeAlias = bytes | Callable[[BinaryIO], None]
"""A file's bytes, or a function that writes them: a movie may be larger than memory."""


@dataclass(frozen=True)
class NewFiles:
    """The content of files to be written under one name."""

    content: dict[str, Content]
    """By suffix; the movie before the photo."""
    note: str = ""
    """What a person should know about them."""


def write_new(files: NewFiles, folder: Path, name: str) -> tuple[Path, ...]:
    """Write files of one name together or not at all. Raises OutputError, InputError."""
    folder = folder.resolve()
    check_folder(folder)
    with Bundle.named(folder, name) as bundle:
        write_into(bundle, files.content)
        bundle.publish(list(files.content))
        return tuple(bundle.path(suffix) for suffix in files.content)


def write_into(bundle: Bundle, content: dict[str, Content]) -> None:
    """Write content into a bundle that is still to be published. Raises OutputError, InputError."""
    for suffix, one in content.items():
        if callable(one):
            try:
                one(bundle.open(suffix))
            except OSError as err:
                raise write_error(bundle.folder, err) from err
        else:
            bundle.write(suffix, one)
