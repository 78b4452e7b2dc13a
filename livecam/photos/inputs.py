"""What files and folders hold: Live Photos, Motion Photos, movies and sets of pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from livecam.errors import InputError
from livecam.formats.files import read_file
from livecam.formats.motion_photo import find_motion_movie
from livecam.formats.movie_facts import read_movie
from livecam.formats.still import read_still
from livecam.photos.pairs import MOVIES, STILLS

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["live-photo", "motion-photo", "video", "pictures"]

PICTURES = (*STILLS, ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif")
VIDEOS = (
    *MOVIES, ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".3gp", ".wmv",
    ".flv", ".ogv",
)  # fmt: skip


@dataclass(frozen=True)
class Input:
    """One thing to pick from."""

    kind: Kind
    files: tuple[Path, ...]
    """Photo and movie of a Live Photo; the one file of a Motion Photo or movie; the pictures."""
    below: Path = field(default=Path())
    """The folder it was found in, relative to the one that was named."""

    @property
    def file(self) -> Path:
        """What it is called by: the photo, the movie, the first picture."""
        return self.files[0]


@dataclass(frozen=True)
class Found:
    """Everything in the files and folders that were named."""

    inputs: list[Input]
    errors: list[tuple[Path, InputError]]
    """What was named or found, and cannot be used."""


def find_inputs(paths: Iterable[Path]) -> Found:
    """Sort files and folders into inputs, in the order of their names.

    A half of a Live Photo brings the other, if that lies beside it. Loose pictures named together,
    or lying in one folder, are one set.
    """
    named = list(paths)
    meant = _meant_pair(named)
    if meant is not None:
        return Found([Input("live-photo", meant)], [])
    sorter = _Sorter()
    sorter.add([path for path in named if not path.is_dir()], Path())
    for folder in (path for path in named if path.is_dir()):
        by_parent: dict[Path, list[Path]] = {}
        for path in sorted(folder.rglob("*")):
            known = path.suffix.lower() in PICTURES + VIDEOS
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            # What is no file (a pipe, a link to nothing) is named where it is looked at.
            if known and not hidden and not path.is_dir():
                by_parent.setdefault(path.parent, []).append(path)
        for parent, content in by_parent.items():
            sorter.add(content, parent.relative_to(folder))
    return Found(sorter.inputs, sorter.errors)


def _meant_pair(named: list[Path]) -> tuple[Path, Path] | None:
    """Two files named together that are halves of each other, whatever they are called."""
    if len(named) != 2 or not all(path.is_file() for path in named):
        return None
    photo = next((path for path in named if path.suffix.lower() in STILLS), None)
    movie = next((path for path in named if path.suffix.lower() in MOVIES), None)
    if photo is None or movie is None:
        return None
    return (photo, movie) if _belong(photo, movie) else None


class _Sorter:
    """Files becoming inputs. Remembers what lies in a folder, for the second halves."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.errors: list[tuple[Path, InputError]] = []
        self._folders: dict[Path, dict[str, list[Path]]] = {}

    def add(self, files: list[Path], below: Path) -> None:
        """Files of one folder, or those that were named: pairs and movies first, the rest a set."""
        loose: list[Path] = []
        done: set[Path] = set()
        for path in files:
            if path in done:
                continue
            done.add(path)
            if not path.is_file():
                reason = "is no regular file" if path.exists() else "does not exist"
                self.errors.append((path, InputError(f"{path} {reason}")))
                continue
            halves = self._halves(path)
            if halves is not None:
                done.update(halves)
                self.inputs.append(Input("live-photo", halves, below))
            elif path.suffix.lower() not in PICTURES:
                self.inputs.append(Input("video", (path,), below))
            else:
                self._add_picture(path, below, loose)
        if loose:
            self.inputs.append(Input("pictures", tuple(loose), below))

    def _add_picture(self, path: Path, below: Path, loose: list[Path]) -> None:
        is_motion = False
        if path.suffix.lower() in STILLS:
            try:
                is_motion = read_file(path, find_motion_movie) is not None
            except InputError as err:
                self.errors.append((path, err))
                return
        if is_motion:
            self.inputs.append(Input("motion-photo", (path,), below))
        else:
            loose.append(path)

    def _halves(self, path: Path) -> tuple[Path, Path] | None:
        """The Live Photo that a file is a half of."""
        beside = self._beside(path)
        if path.suffix.lower() in STILLS:
            movies = (other for other in beside if other.suffix.lower() in MOVIES)
            return next(((path, movie) for movie in movies if _belong(path, movie)), None)
        if path.suffix.lower() in MOVIES:
            photos = (other for other in beside if other.suffix.lower() in STILLS)
            return next(((photo, path) for photo in photos if _belong(photo, path)), None)
        return None

    def _beside(self, path: Path) -> list[Path]:
        """Files in the same folder that are called the same."""
        stems = self._folders.get(path.parent)
        if stems is None:
            stems = self._folders[path.parent] = {}
            for other in sorted(path.parent.iterdir()):
                known = other.suffix.lower() in STILLS + MOVIES
                if known and not other.name.startswith(".") and other.is_file():
                    stems.setdefault(other.stem.lower(), []).append(other)
        return stems.get(path.stem.lower(), [])


def _belong(photo: Path, movie: Path) -> bool:
    """Whether they are halves of one Live Photo: equal identifiers, or none that says otherwise.

    Where both have one, the identifiers decide. Where one half has lost its own, being called the
    same is enough, if the other shows that it was a half.
    """
    try:
        note = read_file(photo, read_still).note
        facts = read_file(movie, read_movie)
    except InputError:
        # What is wrong with them is said when they are read; by name they belong together.
        return photo.stem.lower() == movie.stem.lower()
    in_photo = note.identifier if note else None
    if in_photo and facts.identifier:
        return in_photo == facts.identifier
    same_name = photo.stem.lower() == movie.stem.lower()
    return same_name and bool(in_photo or facts.identifier or facts.still)
