"""Which files belong together. The one rule, for every command:

1. A photo and a movie in one folder that carry the same content identifier are one Live Photo,
   whatever their names (`IMG_1.HEIC` and `IMG_1_HEVC.MOV`, `IMG_E1.JPG`, `IMG_1 (1).MOV`). If
   several files carry it, those with the same name go together.
2. Otherwise a photo and a movie with the same name (ignoring case, and whether letters are composed
   or decomposed) are one, unless their identifiers differ, only the photo has an identifier, the
   movie has none and is longer than any Live Photo's, or the photo itself holds a movie.
3. A third file with the same name never joins them.

A file that cannot be read is reported, and its other half is used alone.
"""  # noqa: D400, D415 - the first line introduces the rule

from __future__ import annotations

import itertools
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.formats.files import read_file
from livecam.formats.heif import is_picture
from livecam.formats.jpeg import SOI
from livecam.formats.motion_photo import find_motion_movie
from livecam.formats.movie_facts import MovieFacts, read_movie
from livecam.formats.still import read_still
from livecam.formats.structure import is_movie, verify_movie
from livecam.photos.folders import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from livecam.formats.files import Data

STILLS = (".jpg", ".jpeg", ".heic", ".heif", ".hif")
MOVIES = (".mov", ".mp4", ".m4v", ".mp")
"""Takeout calls the movie of a Motion Photo NAME.MP."""

LONGEST_S = 10.0
"""Most seconds of a movie that is paired by its name only: three times what phones record."""


@dataclass(frozen=True)
class Halves:
    """A photo and the movie that belongs to it; at most one of them may be missing."""

    photo: Path | None
    movie: Path | None

    @property
    def files(self) -> list[Path]:
        """The photo, the movie, or both."""
        return [path for path in (self.photo, self.movie) if path is not None]

    @property
    def name(self) -> str:
        """Name without suffix of the photo, or of the movie if there is no photo."""
        return self.files[0].stem


@dataclass(frozen=True)
class Broken:
    """A file that cannot be read. Its other half is used alone."""

    path: Path
    error: InputError


@dataclass(frozen=True)
class Apart:
    """A photo and a movie of one name that do not belong together."""

    photo: Path
    movie: Path
    why: str


@dataclass(frozen=True)
class _Half:
    path: Path
    is_photo: bool
    identifier: str | None
    duration_s: float = 0.0


def pair_up(files: Iterable[Path]) -> Iterator[Halves | Broken | Apart]:
    """Pair the photos and movies of one folder; files of other kinds are left out.

    Yields in the order of names, except that files with an identifier but without a partner of the
    same name come last.
    """
    by_name: dict[str, list[Path]] = {}
    for path in sorted(files):
        by_name.setdefault(name_of(path), []).append(path)
    waiting: list[_Half] = []
    for group in by_name.values():
        halves: list[_Half] = []
        for path in group:
            try:
                half = _read(path)
            except InputError as err:
                yield Broken(path, err)
                continue
            if half is not None:
                halves.append(half)
        pairs, rest = _by_identifier(halves)
        yield from pairs
        # What has an identifier may belong to a file of another name.
        if any(half.identifier for half in rest):
            waiting += rest
        else:
            yield from _by_name(rest)
    pairs, rest = _by_identifier(waiting)
    yield from pairs
    for _, left in itertools.groupby(rest, key=lambda half: name_of(half.path)):
        yield from _by_name(list(left))


def find_other_half(path: Path, beside: Sequence[Path]) -> Path | None:
    """The other half of a file, among the files beside it; None if there is none.

    Files with the same name are tried first: reading a whole folder of movies takes seconds. Raises
    InputError if `path` itself cannot be read.
    """
    own = _read(path)
    if own is None:
        return None
    wanted = MOVIES if own.is_photo else STILLS
    others = [other for other in beside if other.suffix.lower() in wanted and other != path]
    named = [other for other in others if name_of(other) == name_of(path)]
    rest = [other for other in others if other not in named] if own.identifier else []
    for group in (named, rest):
        for halves in pair_up([path, *group]):
            if isinstance(halves, Halves) and path in halves.files and len(halves.files) == 2:
                return next(other for other in halves.files if other != path)
    return None


def name_of(path: Path) -> str:
    """A file's name in a form for comparing: systems differ in case and in composed letters."""
    return unicodedata.normalize("NFC", path.stem).casefold()


def _by_identifier(halves: Sequence[_Half]) -> tuple[list[Halves], list[_Half]]:
    """Pairs by their identifiers, and what is left."""
    movies: dict[str, list[_Half]] = {}
    for half in halves:
        if not half.is_photo and half.identifier:
            movies.setdefault(half.identifier, []).append(half)
    pairs: list[Halves] = []
    taken: set[Path] = set()
    for photo in halves:
        fitting = movies.get(photo.identifier or "") if photo.is_photo else None
        if fitting:
            movie = fitting.pop(0)
            pairs.append(Halves(photo.path, movie.path))
            taken |= {photo.path, movie.path}
    return pairs, [half for half in halves if half.path not in taken]


def _by_name(halves: Sequence[_Half]) -> Iterator[Halves | Apart]:
    """The remaining files of one name: at most one pair, reasons against pairs, single files."""
    photos = [half for half in halves if half.is_photo]
    movies = [half for half in halves if not half.is_photo]
    pair: tuple[_Half, _Half] | None = None
    for photo, movie in itertools.product(photos, movies):
        why = _says_otherwise(photo, movie)
        if not why:
            pair = (photo, movie)
            break
        yield Apart(photo.path, movie.path, why)
    if pair is not None:
        yield Halves(pair[0].path, pair[1].path)
    for half in halves:
        if pair is None or half not in pair:
            yield Halves(half.path, None) if half.is_photo else Halves(None, half.path)


def _says_otherwise(photo: _Half, movie: _Half) -> str:
    """Why two files with the same name are not a pair; "" if they may be one."""
    if photo.identifier and movie.identifier:
        return "their content identifiers differ"
    if photo.identifier:
        return "the movie lacks the photo's content identifier"
    if movie.duration_s > LONGEST_S and not movie.identifier:
        return f"the movie lasts {movie.duration_s:.0f} s"
    try:
        if read_file(photo.path, holds_movie):
            return "the photo holds a movie of its own"
    except InputError as err:
        return err.message  # the photo cannot be read
    return ""


def _read(path: Path) -> _Half | None:
    """A photo's or movie's identifier; None for other files. Raises InputError."""
    if path.suffix.lower() in STILLS:
        return _Half(path, True, _identifier_of(path))
    if path.suffix.lower() in MOVIES:
        facts = read_file(path, movie_facts)
        if facts is None:
            return _Half(path, False, None)
        return _Half(path, False, facts.identifier, facts.duration_s)
    return None


def _identifier_of(photo: Path) -> str | None:
    """A photo's identifier; None if it has none, or its metadata cannot be read.

    A PNG named .jpg is still a picture: errors are reported when it is decoded.
    """
    try:
        note = read_file(photo, read_still).note
    except InputError:
        return None
    return note.identifier if note else None


def holds_movie(data: Data) -> bool:
    """Whether a photo is a Motion Photo, or should be one."""
    try:
        return find_motion_movie(data) is not None
    except InputError:
        return True  # it promises a movie that is not there


def movie_facts(data: Data) -> MovieFacts | None:
    """The facts in the boxes of a whole QuickTime or MP4 file; None for another container.

    Raises InputError for a damaged file, and for a picture.
    """
    if bytes(data[:2]) == SOI:
        raise InputError("it is a JPEG picture, not a movie")
    if is_picture(data):
        raise InputError("it is a HEIC picture, not a movie")
    if not is_movie(data):
        return None
    verify_movie(data)
    return read_movie(data)


def find_halves(paths: Iterable[Path]) -> Iterator[Halves]:
    """Pairs and single files among files and folders, for `livecam check`, as they are found.

    A half that is named alone brings the other. A photo and a movie that are named together count
    as one pair, whatever their identifiers. Files that cannot be read are included: the check says
    why. Raises InputError for a missing file or one of another kind.
    """
    paths = list(paths)
    for path in paths:
        if not path.exists():
            raise InputError(f"there is no {path}")
        if path.is_file() and path.suffix.lower() not in STILLS + MOVIES:
            raise InputError(f"{path.name} is neither a photo nor a movie of a Live Photo")
    files = [path for path in paths if not path.is_dir()]
    if len(paths) == len(files) == 2:
        photo = next((path for path in paths if path.suffix.lower() in STILLS), None)
        movie = next((path for path in paths if path.suffix.lower() in MOVIES), None)
        if photo is not None and movie is not None:
            yield Halves(photo, movie)
            return
    done: set[Path] = set()
    for path in files:
        if path not in done:
            halves = _with_other(path)
            done.update(halves.files)
            yield halves
    for folder in (path for path in paths if path.is_dir()):
        for halves in _in_folder(folder):
            if not done & set(halves.files):
                yield halves


def _in_folder(folder: Path) -> Iterator[Halves]:
    for _, files in walk(folder, STILLS + MOVIES):
        yield from _for_check(files)


def _for_check(files: Iterable[Path]) -> Iterator[Halves]:
    """Pairs and single files; a photo and a movie that disagree are checked as one pair."""
    apart: set[Path] = set()
    for found in pair_up(files):
        match found:
            case Apart(photo, movie):
                if not apart & {photo, movie}:
                    apart |= {photo, movie}
                    yield Halves(photo, movie)
            case Broken(path):
                yield _alone(path)
            case Halves() if not apart & set(found.files):
                yield found


def _with_other(path: Path) -> Halves:
    beside = sorted(path.parent.iterdir())
    try:
        other = find_other_half(path, beside)
    except InputError:
        return _alone(path)
    if other is not None:
        return Halves(path, other) if path.suffix.lower() in STILLS else Halves(other, path)
    named = [file for file in beside if name_of(file) == name_of(path) and file.is_file()]
    return next(halves for halves in _for_check(named) if path in halves.files)


def _alone(path: Path) -> Halves:
    return Halves(path, None) if path.suffix.lower() in STILLS else Halves(None, path)
