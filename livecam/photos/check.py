"""Whether two files are one true Live Photo, and which programs would take them as one.

What each program looks at was taken from its source, its documentation or real files. If the rules
of a program are not published, the verdict is "unknown".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livecam.formats.files import read_file
from livecam.formats.movie_facts import MovieFacts, read_movie
from livecam.formats.still import StillFacts, read_still
from livecam.formats.structure import verify_movie
from livecam.formats.tiff import UNDEFINED
from livecam.photos.check_motion import check_motion
from livecam.photos.report import Report, Verdict, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from livecam.formats.files import Data
    from livecam.photos.pairs import Halves

MAX_LIVE_S = 3.1
"""Seconds; PhotoPrism takes a longer movie for a separate video."""

_HEV1 = "its HEVC has the tag hev1: Apple's players take hvc1 only"

_UUID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}")


def check(halves: Halves) -> Report:
    """Check a pair by its boxes and tags. Raises InputError for a file that cannot be read."""
    if halves.photo is not None and halves.movie is None:
        path = halves.photo
        motion = read_file(path, lambda data: check_motion(path, data))
        if motion is not None:
            return motion
    still = read_file(halves.photo, read_still) if halves.photo else None
    movie = read_file(halves.movie, _verified_facts) if halves.movie else None
    note = still.note if still else None
    in_photo = note.identifier if note else None
    in_movie = movie.identifier if movie else None
    same = in_photo is not None and in_photo == in_movie
    return Report(
        kind="Live Photo",
        name=halves.name,
        identifier=in_photo if same else None,
        still_s=movie.still.time_s if movie and movie.still else None,
        duration_s=movie.duration_s if movie else None,
        defects=tuple(_defects(still, movie)),
        verdicts=tuple(_verdicts(halves, movie, in_photo, in_movie)),
        is_candidate=bool(still and movie) or in_photo is not None or in_movie is not None,
    )


def _verified_facts(data: Data) -> MovieFacts:
    verify_movie(data)
    return read_movie(data)


def _defects(still: StillFacts | None, movie: MovieFacts | None) -> list[str]:
    if still is None or movie is None:
        return ["there is no photo" if still is None else "there is no movie"]
    return [*_photo_defects(still), *_movie_defects(movie), *_pair_defects(still, movie)]


def _photo_defects(still: StillFacts) -> list[str]:
    if still.note is None or still.note.identifier is None:
        return ["the photo has no content identifier in an Apple maker note"]
    found = []
    if still.note.type != UNDEFINED:
        found.append("the photo's maker note is not of type UNDEFINED")
    if not _UUID.fullmatch(still.note.identifier):
        found.append("the photo's content identifier is no upper-case UUID")
    return found


def _movie_defects(movie: MovieFacts) -> list[str]:
    found = []
    if movie.brand != "qt  ":
        found.append(f"the movie's brand is '{movie.brand.strip()}', not QuickTime's 'qt'")
    if not movie.codec:
        found.append("the movie has no picture")
    elif movie.codec == "hev1":
        found.append(_HEV1)
    if movie.emptied:
        found.append("a track was emptied, as FFmpeg does to metadata when it copies a movie")
    if movie.identifier is None:
        found.append("the movie has no content identifier")
    elif movie.holder != "moov/meta":
        found.append(f"the movie's content identifier lies in {movie.holder}, not in moov/meta")
    elif not _UUID.fullmatch(movie.identifier):
        found.append("the movie's content identifier is no upper-case UUID")
    if movie.still is None:
        found.append("the movie has no still-image-time track")
    elif not movie.still.begins_empty and movie.still.timescale != movie.timescale:
        found.append("the still-image-time track does not say when: it has no empty edit")
    elif movie.still.time_s > movie.duration_s:
        found.append("the still's time lies behind the end of the movie")
    return found


def _pair_defects(still: StillFacts, movie: MovieFacts) -> list[str]:
    in_photo = still.note.identifier if still.note else None
    if in_photo and movie.identifier and in_photo != movie.identifier:
        return ["the content identifiers of photo and movie differ"]
    return []


def _verdicts(
    halves: Halves, movie: MovieFacts | None, in_photo: str | None, in_movie: str | None
) -> list[Verdict]:
    if movie is None or halves.photo is None or halves.movie is None:
        programs = ("macOS Photos", "iPhone", "Immich", "PhotoPrism", "Nextcloud Memories")
        return [Verdict(name, "no", "one half is missing") for name in programs]
    if in_photo is None or in_movie is None:
        apart = "an identifier is missing"
    else:
        apart = "" if in_photo == in_movie else "the identifiers differ"
    misplaced = "" if movie.holder == "moov/meta" else "the movie's identifier is not in moov/meta"
    unseen = _HEV1 if movie.codec == "hev1" else ""
    return [
        verdict("macOS Photos", apart, misplaced, unseen),
        verdict(
            "iPhone",
            apart,
            misplaced,
            unseen,
            "" if movie.still else "no still-image-time track",
        ),
        # Immich compares what exiftool prints, which looks into both places.
        verdict("Immich", apart),
        _photoprism(halves.photo, halves.movie, movie),
        verdict(
            "Nextcloud Memories",
            apart,
            "" if movie.brand == "qt  " else "the movie is no QuickTime file",
        ),
        Verdict("Google Photos", "unknown", "its rules are not published"),
    ]


def _photoprism(photo: Path, movie_path: Path, movie: MovieFacts) -> Verdict:
    names = "" if photo.stem.lower() == movie_path.stem.lower() else "the base names differ"
    heic = photo.suffix.lower() in (".heic", ".heif") and movie_path.suffix.lower() == ".mov"
    fits = heic or 0 < movie.duration_s <= MAX_LIVE_S
    return verdict("PhotoPrism", names, "" if fits else f"longer than {MAX_LIVE_S} s")
