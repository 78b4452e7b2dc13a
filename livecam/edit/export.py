"""Makes a still, a clip, an effect or the other format from an existing moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam.contract import EXPORTS
from livecam.disk.new_files import NewFiles
from livecam.edit.effects import Clip, animated, bounced, long_exposure, looped
from livecam.edit.rekey import MOST_PHOTO, paired_still, quicktime, unique_id
from livecam.edit.still import encode_still, new_tags
from livecam.errors import InputError, UsageError
from livecam.extras import install
from livecam.formats import heic
from livecam.formats.files import read_file, read_whole
from livecam.formats.live_photo_edit import rekeyed_movie
from livecam.formats.motion_photo_new import append_movie, motion_video, motion_xmp
from livecam.formats.movie_facts import read_movie
from livecam.formats.remux import container_for, remux, remuxed
from livecam.formats.still import SUFFIX, kind_of, read_still
from livecam.formats.still_edit import (
    foreign_note,
    with_identifier,
    with_motion_tags,
    with_unique_id,
    without_motion_tags,
)
from livecam.photos.judged import read_record, record_path
from livecam.photos.pictures import read_picture

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from livecam.formats.remux import Container
    from livecam.frame import Bytes
    from livecam.photos.inputs import Input
    from livecam.photos.pick import OpenMovie

LOOP, BOUNCE, LONG_EXPOSURE = 1, 2, 3
"""How Photos marks a movie that shows one of its effects."""


def export(source: Input, movie: OpenMovie, target: str, identifier: str) -> NewFiles:
    """Make one of `EXPORTS` from one input. Raises InputError, UsageError.

    `identifier`, an upper-case UUID, is written into the new files: it is the content identifier of
    a new pair, and a later run recognises by it what was done already.
    """
    match target:
        case "still":
            return _still(source, movie)
        case "muted":
            return _muted(source, movie, identifier)
        case "gif" | "webp":
            picture = animated(movie.reader, target, unique_id(identifier))
            return NewFiles({f".{target}": picture})
        case "loop":
            return _effect(source, movie, looped(movie.reader), LOOP, identifier)
        case "bounce":
            return _effect(source, movie, bounced(movie.reader), BOUNCE, identifier)
        case "long-exposure":
            return _long_exposure(source, movie, identifier)
        case "live-photo":
            return _live_photo(source, movie, identifier)
        case "motion-photo":
            return _motion_photo(source, movie, identifier)
    raise UsageError(f"nothing is called '{target}'", f"one of: {', '.join(EXPORTS)}")


def _still(source: Input, movie: OpenMovie) -> NewFiles:
    """The photo alone, its picture unchanged, and without a content identifier."""
    if source.kind == "video":
        raise InputError("a movie has no photo in it", "livecam pick --out DIR finds its best")
    photo = _photo_alone(source, movie)
    alone = with_identifier(photo, None)
    return NewFiles({SUFFIX[kind_of(photo)]: photo if alone is None else alone})


def _muted(source: Input, movie: OpenMovie, identifier: str) -> NewFiles:
    """The movie without its sound, copied from file to file."""
    clip = source.files[-1] if movie.motion is None else _movie_bytes(source, movie)
    container = container_for(clip)

    def write(target: BinaryIO) -> None:
        remux(clip, target, container, sound=False, mark=identifier)

    return NewFiles({f".{container.upper()}": write})


def _photo_alone(source: Input, movie: OpenMovie) -> bytes:
    """The photo's bytes without the movie behind them, and without the tags that promise it."""
    whole = read_whole(source.file, MOST_PHOTO)
    if movie.motion is None:
        return whole
    return without_motion_tags(whole[: movie.motion.photo_end])


def _effect(source: Input, movie: OpenMovie, clip: Clip, effect: int, identifier: str) -> NewFiles:
    """A Live Photo of an effect's movie and the key photo's frame, marked for Apple Photos."""
    index, still_s = clip.position_of(movie.reader.nearest(_still_s(movie)).index)
    image = movie.reader.picture(index)
    return _pair(source, image, clip.movie, still_s, effect, identifier)


def _long_exposure(source: Input, movie: OpenMovie, identifier: str) -> NewFiles:
    clip = _quicktime(source, movie)  # first: it says at once what is too large
    still_s = _still_s(movie)
    picture = long_exposure(movie.reader, movie.reader.nearest(still_s).index)
    return _pair(source, picture, clip, still_s, LONG_EXPOSURE, identifier)


def _pair(
    source: Input, image: Bytes, clip: bytes, still_s: float, effect: int, identifier: str
) -> NewFiles:
    photo = read_whole(source.file, MOST_PHOTO) if source.kind != "video" else None
    still, lost = paired_still(image, photo, identifier, "jpeg")
    new_movie = rekeyed_movie(clip, still_s, identifier, effect)
    return NewFiles({".MOV": new_movie, ".JPG": still}, lost)


def _live_photo(source: Input, movie: OpenMovie, identifier: str) -> NewFiles:
    """A Motion Photo's two parts, or two files that go together, as an Apple pair.

    The picture is encoded again only if its metadata cannot be changed.
    """
    if source.kind == "video":
        raise InputError(
            "a movie alone is half of a Live Photo", "livecam pick --out DIR finds its best frame"
        )
    if source.kind == "live-photo" and _is_pair(*source.files):
        raise InputError("it is a Live Photo already")
    photo = _photo_alone(source, movie)
    kind = kind_of(photo)
    still = with_identifier(photo, identifier)
    maker = foreign_note(photo)
    note = f"the maker's note of {maker} is lost: Apple's takes its place" if maker else ""
    if still is None:
        kind = "heic" if heic.is_installed() else "jpeg"
        image = read_picture(source.file) if heic.is_installed() else _still_frame(movie)
        note = "" if heic.is_installed() else f"the photo is the movie's frame: {install('heic')}"
        still, lost = paired_still(image, photo, identifier, kind)
        note = "; ".join(filter(None, (note, lost)))
    clip = rekeyed_movie(_quicktime(source, movie), _still_s(movie), identifier)
    return NewFiles({".MOV": clip, SUFFIX[kind]: still}, note)


def _is_pair(photo: Path, movie: Path) -> bool:
    note = read_file(photo, read_still).note
    found = read_file(movie, read_movie).identifier
    return note is not None and found is not None and note.identifier == found


def _motion_photo(source: Input, movie: OpenMovie, identifier: str) -> NewFiles:
    """A Live Photo as one file: the JPEG unchanged, or the HEIC as a JPEG, and the movie as MP4."""
    if source.kind != "live-photo":
        raise InputError("only a Live Photo can become a Motion Photo")
    photo, note = read_whole(source.file, MOST_PHOTO), ""
    if kind_of(photo) == "heic":
        image = read_picture(source.file) if heic.is_installed() else _still_frame(movie)
        note = "" if heic.is_installed() else f"the photo is the movie's frame: {install('heic')}"
        size_wh = (image.shape[1], image.shape[0])
        tags = new_tags(photo, size_wh, unique_id(identifier))
        photo, lost = encode_still(image, tags, "jpeg", photo)
        note = "; ".join(filter(None, (note, lost)))
    # With the content identifier it would be taken for a second photo of the pair.
    photo = with_identifier(photo, None) or photo
    photo = with_unique_id(photo, unique_id(identifier)) or photo
    still_s = _still_s(movie)
    video = motion_video(_movie_bytes(source, movie), still_s, _known_scores(source))
    still_us = round(still_s * 1e6)
    tagged = with_motion_tags(photo, still_us, len(video), motion_xmp(still_us, len(video)))
    if tagged is None:
        raise InputError("its photo has no room for the tags of a Motion Photo")
    return NewFiles({".MP.jpg": append_movie(tagged, video, "jpeg")}, note)


def _known_scores(source: Input) -> list[tuple[float, float]]:
    """Score and time in seconds of each frame, from livecam's record; empty if there is none."""
    record = read_record(record_path(source)) or {}
    try:
        if record["movie"] != source.files[-1].name:
            return []
        return [(float(frame["score"]), float(frame["time_s"])) for frame in record["frames"]]
    except (ValueError, KeyError, TypeError):
        return []


def _still_frame(movie: OpenMovie) -> Bytes:
    return movie.reader.picture(movie.reader.nearest(_still_s(movie)).index)


def _still_s(movie: OpenMovie) -> float:
    """The photo's time in the movie; the middle of a movie without one."""
    return movie.still_s if movie.still_s is not None else movie.reader.duration_s / 2


def _movie_bytes(source: Input, movie: OpenMovie) -> bytes:
    """The movie of a Live Photo or Motion Photo, which is short."""
    whole = read_whole(source.files[-1], MOST_PHOTO)
    return whole if movie.motion is None else whole[movie.motion.start : movie.motion.end]


def _quicktime(source: Input, movie: OpenMovie) -> bytes:
    """The movie as a QuickTime file: copied into one unless it is one already."""
    if movie.motion is None:
        return quicktime(source.files[-1])
    container: Container = "mov"
    return remuxed(_movie_bytes(source, movie), container)
