"""Whether a photo is a true Motion Photo, by the checks of the specification's own library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livecam.formats.motion_photo import MotionMovie, find_motion_movie, tags_of
from livecam.photos.report import Report, Verdict, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from livecam.formats.files import Data
    from livecam.formats.xmp import MotionTags

_NAME = re.compile(r"^[^\s/\\][^/\\]*MP\.(JPG|jpg|JPEG|jpeg|HEIC|heic|AVIF|avif)$")
"""The form of names in the specification; programs may ignore other files."""
_MIMES = ("image/jpeg", "image/heic", "image/heif", "image/avif")
_VIDEO_MIMES = ("video/mp4", "video/quicktime")


def check_motion(path: Path, data: Data) -> Report | None:
    """A report on a Motion Photo; None for a photo that promises no movie. Raises InputError."""
    movie = find_motion_movie(data)
    if movie is None:
        return None
    tags = tags_of(data)
    return Report(
        kind="Motion Photo",
        name=path.name,
        identifier=None,
        still_s=movie.still_s,
        duration_s=None,
        defects=tuple(_defects(path.name, data, movie, tags)),
        verdicts=tuple(_verdicts(movie, tags)),
        is_candidate=True,
    )


def _defects(name: str, data: Data, movie: MotionMovie, tags: MotionTags | None) -> list[str]:
    found = []
    if not _NAME.match(name):
        found.append("its name does not end in MP, as the specification wants")
    if tags is None or not tags.motion_photo:
        return [*found, "its XMP does not say that it is a Motion Photo 1.0"]
    if tags.version != 1:
        found.append("its XMP names no version 1 of Motion Photo")
    if tags.is_unset:
        found.append("its XMP does not say when in the movie the photo was taken")
    semantics = [item.semantic for item in tags.items]
    if semantics not in (["Primary", "MotionPhoto"], ["Primary", "GainMap", "MotionPhoto"]):
        return [*found, "its XMP does not list the photo and then the movie"]
    primary, video = tags.items[0], tags.items[-1]
    if primary.mime not in _MIMES or video.mime not in _VIDEO_MIMES:
        found.append("its XMP names a kind of file that no Motion Photo holds")
    if primary.length != 0:
        found.append(f"its XMP gives the photo a length of {primary.length}; it must be 0")
    if video.length != movie.end - movie.start:
        wrong, right = video.length, movie.end - movie.start
        found.append(f"its XMP gives the movie {wrong} bytes; it has {right}")
    if movie.kind == "heic" and primary.padding != movie.start - movie.photo_end:
        found.append("its XMP gives the photo another padding than the movie's box has a header")
    if movie.end != len(data):
        found.append("the movie is not the last thing in the file")
    return found


def _verdicts(movie: MotionMovie, tags: MotionTags | None) -> list[Verdict]:
    flagged = tags is not None
    samsung_heic = movie.kind == "heic"
    apart = "a Motion Photo; 'livecam export --to live-photo' makes a pair of it"
    return [
        Verdict("macOS Photos", "no", apart),
        Verdict("iPhone", "no", apart),
        verdict("Immich", "" if flagged else "its XMP has no MotionPhoto or MicroVideo"),
        verdict("PhotoPrism", "" if flagged else "its XMP has no MotionPhoto or MicroVideo"),
        verdict("Nextcloud Memories", "movies in HEIC files are not read" if samsung_heic else ""),
        Verdict("Google Photos", "unknown", "its rules are not published"),
    ]
