"""Finds the two halves of Live Photos among files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

STILLS = (".jpg", ".jpeg", ".heic", ".heif")
MOVIES = (".mov", ".mp4", ".m4v")


@dataclass(frozen=True)
class Halves:
    """A photo and the movie of the same base name; at most one of them may be missing."""

    photo: Path | None
    movie: Path | None

    @property
    def files(self) -> list[Path]:
        """Those that there are."""
        return [path for path in (self.photo, self.movie) if path is not None]

    @property
    def name(self) -> str:
        """What both are called."""
        return self.files[0].stem


def find_halves(paths: Iterable[Path]) -> list[Halves]:
    """Pairs among files and folders, by folder and base name, as photo programs keep them.

    A half named alone brings the other, if that lies beside it. Two files named together that
    differ in their names are taken as meant for each other. Raises InputError.
    """
    paths = list(paths)
    for path in paths:
        if not path.exists():
            raise InputError(f"there is no {path}")
        if path.is_file() and path.suffix.lower() not in STILLS + MOVIES:
            raise InputError(f"{path.name} is neither a photo nor a movie of a Live Photo")
    if len(paths) == 2 and all(path.is_file() for path in paths):
        photo = next((path for path in paths if path.suffix.lower() in STILLS), None)
        movie = next((path for path in paths if path.suffix.lower() in MOVIES), None)
        if photo is not None and movie is not None:
            return [Halves(photo, movie)]
    groups: dict[tuple[Path, str], list[Path]] = {}
    for path in paths:
        beside = sorted(path.rglob("*") if path.is_dir() else path.parent.iterdir())
        for file in beside:
            # A folder brings all that lies in it, a file only its own other half.
            wanted = path.is_dir() or file.stem.lower() == path.stem.lower()
            is_half = file.suffix.lower() in STILLS + MOVIES and not file.is_dir()
            if wanted and is_half and not _is_hidden(file):
                group = groups.setdefault((file.parent, file.stem.lower()), [])
                if file not in group:
                    group.append(file)
    return [_halves(group) for group in groups.values()]


def _halves(group: list[Path]) -> Halves:
    return Halves(
        next((path for path in group if path.suffix.lower() in STILLS), None),
        next((path for path in group if path.suffix.lower() in MOVIES), None),
    )


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".")
