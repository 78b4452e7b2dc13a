"""What files and folders hold: Live Photos, Motion Photos, movies and sets of pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from livecam.errors import InputError
from livecam.formats.animation import is_animated
from livecam.formats.files import read_file
from livecam.formats.motion_photo import find_motion_movie
from livecam.formats.raw import RAW
from livecam.photos.folders import LIBRARY, walk
from livecam.photos.pairs import (
    MOVIES,
    STILLS,
    Apart,
    Broken,
    Halves,
    find_other_half,
    pair_up,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kind = Literal["live-photo", "motion-photo", "video", "pictures"]

PICTURES = (*STILLS, *RAW, ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".jp2", ".j2k")
ARCHIVE = ".livp"
"""A ZIP file that holds a Live Photo."""
MAYBE_ANIMATED = (".png", ".webp", ".avif")
VIDEOS = (
    *MOVIES, ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".3gp",
    ".wmv", ".flv", ".ogv", ".gif",
)  # fmt: skip
UNSUPPORTED = {
    ".jxl": "JPEG XL pictures",
    ".m3u8": "play lists (HLS) name other files, which",
}
"""By suffix: what a user might expect to be read, but no library here can read."""

KNOWN = (*PICTURES, *VIDEOS, ARCHIVE, *UNSUPPORTED)


HERE = Path()


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
        """The file that names it: the photo, the movie or the first picture."""
        return self.files[0]


@dataclass(frozen=True)
class Problem:
    """A file or folder that was named or found, and cannot be used."""

    path: Path
    error: InputError


@dataclass(frozen=True)
class Remark:
    """What a person should know of files that were found."""

    text: str


@dataclass(frozen=True)
class Found:
    """Everything in the files and folders that were named."""

    inputs: list[Input]
    errors: list[tuple[Path, InputError]]
    remarks: list[str]


def find_inputs(paths: Iterable[Path]) -> Found:
    """All that `discover` yields, in three lists."""
    found = Found([], [], [])
    for one in discover(paths):
        if isinstance(one, Input):
            found.inputs.append(one)
        elif isinstance(one, Problem):
            found.errors.append((one.path, one.error))
        else:
            found.remarks.append(one.text)
    return found


def discover(paths: Iterable[Path]) -> Iterator[Input | Problem | Remark]:
    """Sort files and folders into inputs, folder by folder, in the order of their names.

    `livecam.photos.pairs` decides which files are halves of one Live Photo; a half that is named
    brings the other. Loose pictures that are named together, or lie in one folder, are one set.
    """
    named = list(paths)
    if len(named) == 2 and all(path.is_file() for path in named):
        # Two named files may be a pair even if they lie in different folders.
        pairs = [one for one in pair_up(named) if isinstance(one, Halves)]
        if len(pairs) == 1 and pairs[0].photo is not None and pairs[0].movie is not None:
            yield Input("live-photo", (pairs[0].photo, pairs[0].movie))
            return
    files = [path for path in named if not path.is_dir()]
    yield from inputs_among(_whole_pairs(files), Path())
    for folder in (path for path in named if path.is_dir()):
        if folder.suffix.lower() == LIBRARY:
            yield Remark(f"{folder.name}: its originals alone are looked at")
        unread: list[OSError] = []
        for parent, content in walk(folder, KNOWN, unread.append):
            yield from inputs_among(content, parent.relative_to(folder))
        for err in unread:
            path = Path(err.filename or folder)
            yield Problem(path, InputError(f"{path} cannot be read: {err.strerror}"))


def _whole_pairs(files: list[Path]) -> Iterator[Path]:
    """Named files, each with its other half."""
    beside: dict[Path, list[Path]] = {}
    done: set[Path] = set()
    for path in files:
        if path in done:
            continue
        done.add(path)
        yield path
        if not path.is_file():
            continue
        if path.parent not in beside:
            beside[path.parent] = _visible(path.parent)
        try:
            other = find_other_half(path, beside[path.parent])
        except InputError:
            continue  # reported later, when the file is sorted
        if other is not None and other not in done:
            done.add(other)
            yield other


def _visible(folder: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []  # a folder whose files can be named but not listed
    return [path for path in found if not path.name.startswith(".") and path.is_file()]


def inputs_among(files: Iterable[Path], below: Path = HERE) -> Iterator[Input | Problem | Remark]:
    """Inputs among files of one folder, or named files: pairs and movies first, the rest a set."""
    loose: list[Path] = []
    halves: list[Path] = []
    others: list[Path] = []
    for path in files:
        if not path.is_file():
            reason = "is not a regular file" if path.exists() else "does not exist"
            yield Problem(path, InputError(f"{path} {reason}"))
        elif path.suffix.lower() in UNSUPPORTED:
            what = UNSUPPORTED[path.suffix.lower()]
            yield Problem(path, InputError(f"{path.name}: {what} are not supported"))
        elif path.suffix.lower() == ARCHIVE:
            yield Input("live-photo", (path,), below)
        elif path.suffix.lower() in RAW:
            yield Remark(f"{path.name}: the preview inside the raw file is looked at")
            others.append(path)
        elif path.suffix.lower() in STILLS + MOVIES:
            halves.append(path)
        else:
            others.append(path)
    for found in _merged(halves, others):
        match found:
            case Broken(path, error):
                yield Problem(path, error)
            case Apart(photo, movie, why):
                text = f"{photo.name} and {movie.name} are looked at apart: {why}"
                yield Remark(text)
            case Halves(Path() as photo, Path() as movie):
                yield Input("live-photo", (photo, movie), below)
            case Halves(None, Path() as movie):
                yield Input("video", (movie,), below)
            case Halves(Path() as photo, None):
                yield from _photo(photo, below, loose)
            case Path() as path if _is_movie(path):
                yield Input("video", (path,), below)
            case Path() as path:
                loose.append(path)
    if loose:
        yield Input("pictures", tuple(sorted(loose)), below)


def _merged(halves: list[Path], others: list[Path]) -> Iterator[Halves | Broken | Apart | Path]:
    """Photos and movies paired by the rule, then files that cannot be half of a Live Photo."""
    folders: dict[Path, list[Path]] = {}
    for path in halves:
        folders.setdefault(path.parent, []).append(path)
    for content in folders.values():
        yield from pair_up(content)
    yield from others


def _photo(path: Path, below: Path, loose: list[Path]) -> Iterator[Input | Problem | Remark]:
    try:
        motion = read_file(path, find_motion_movie)
    except InputError as err:
        # The picture itself is whole.
        loose.append(path)
        yield Remark(f"{err.message}: the picture alone is looked at")
        return
    if motion is not None:
        yield Input("motion-photo", (path,), below)
    else:
        loose.append(path)


def _is_movie(path: Path) -> bool:
    """Whether a file that cannot be half of a Live Photo is a movie or an animation."""
    suffix = path.suffix.lower()
    if suffix not in MAYBE_ANIMATED:
        return suffix not in PICTURES
    try:
        return read_file(path, is_animated)
    except InputError:
        return False
