"""Makes something else of a moment that exists: a still, a clip, an effect, the other format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam.contract import EXPORTS
from livecam.edit.effects import Clip, animated, bounced, long_exposure, looped
from livecam.edit.files import NewFiles
from livecam.edit.rekey import paired_still, unique_id
from livecam.edit.still import encode_still, new_tags, with_identifier, without_xmp
from livecam.errors import InputError, UsageError
from livecam.formats import heic
from livecam.formats.heif import xmp_extent
from livecam.formats.jpeg import XMP_HEADER, insert_segment
from livecam.formats.live_photo_edit import rekeyed_movie
from livecam.formats.motion_photo_new import append_movie, motion_xmp
from livecam.formats.remux import remuxed
from livecam.formats.still import SUFFIX, kind_of
from livecam.formats.tags import new_identifier
from livecam.photos.pictures import read_picture

if TYPE_CHECKING:
    from livecam.capture.frame import Bytes
    from livecam.photos.inputs import Input
    from livecam.photos.pick import OpenMovie

LOOP, BOUNCE, LONG_EXPOSURE = 1, 2, 3
"""How Photos marks a movie that shows one of its effects."""


def export(source: Input, movie: OpenMovie, target: str) -> NewFiles:
    """Make one of `EXPORTS` of one input. Raises InputError."""
    match target:
        case "still":
            return _still(source, movie)
        case "muted":
            muted = remuxed(_movie_bytes(source, movie), "mov", sound=False)
            return NewFiles({".MOV": muted})
        case "gif" | "webp":
            return NewFiles({f".{target}": animated(movie.reader, target)})
        case "loop":
            return _effect(source, movie, looped(movie.reader), LOOP)
        case "bounce":
            return _effect(source, movie, bounced(movie.reader), BOUNCE)
        case "long-exposure":
            return _long_exposure(source, movie)
        case "live-photo":
            return _live_photo(source, movie)
        case "motion-photo":
            return _motion_photo(source, movie)
    raise UsageError(f"nothing is called '{target}'", f"one of: {', '.join(EXPORTS)}")


def _still(source: Input, movie: OpenMovie) -> NewFiles:
    """The photo alone, its picture untouched, and no longer half of anything."""
    if source.kind == "video":
        raise InputError("a movie has no photo in it", "livecam pick --out DIR finds its best")
    photo = _photo_alone(source, movie)
    alone = with_identifier(photo, None)
    return NewFiles({SUFFIX[kind_of(photo)]: photo if alone is None else alone})


def _photo_alone(source: Input, movie: OpenMovie) -> bytes:
    """The photo's bytes without the movie behind them, and without a word of it."""
    whole = source.file.read_bytes()
    if movie.motion is None:
        return whole
    photo = whole[: movie.motion.photo_end]
    if movie.motion.kind == "jpeg":
        return without_xmp(without_xmp(photo, b"MotionPhoto"), b"MicroVideo")
    # A HEIC's XMP lies amid offsets: what it says is taken back in its place.
    place = xmp_extent(photo)
    if place is None:
        return photo
    packet = photo[place.start : place.end].replace(b'MotionPhoto="1"', b'MotionPhoto="0"')
    return photo[: place.start] + packet + photo[place.end :]


def _effect(source: Input, movie: OpenMovie, clip: Clip, effect: int) -> NewFiles:
    """An effect's movie with the key photo's frame beside it: a Live Photo that Photos knows."""
    index, still_s = clip.place_of(movie.reader.nearest(_still_s(movie)).index)
    return _pair(source, movie.reader.picture(index), clip.movie, still_s, effect)


def _long_exposure(source: Input, movie: OpenMovie) -> NewFiles:
    still_s = _still_s(movie)
    picture = long_exposure(movie.reader, movie.reader.nearest(still_s).index)
    return _pair(source, picture, _quicktime(source, movie), still_s, LONG_EXPOSURE)


def _pair(source: Input, image: Bytes, clip: bytes, still_s: float, effect: int) -> NewFiles:
    identifier = new_identifier()
    photo = source.file.read_bytes() if source.kind != "video" else None
    still = paired_still(image, photo, identifier, "jpeg")
    return NewFiles({".MOV": rekeyed_movie(clip, still_s, identifier, effect), ".JPG": still})


def _live_photo(source: Input, movie: OpenMovie) -> NewFiles:
    """A Motion Photo's two parts as an Apple pair; a JPEG's picture is not encoded anew."""
    if movie.motion is None:
        raise InputError("only a Motion Photo can become a Live Photo")
    identifier = new_identifier()
    photo = _photo_alone(source, movie)
    kind = kind_of(photo)
    still = with_identifier(photo, identifier)
    note = ""
    if still is None:
        # A HEIC's tags cannot grow in their place: the picture is written anew.
        kind = "heic" if heic.is_installed() else "jpeg"
        image = read_picture(source.file) if heic.is_installed() else _still_frame(movie)
        note = "" if heic.is_installed() else f"the photo is the movie's frame: {heic.HINT}"
        still = paired_still(image, photo, identifier, kind)
    clip = rekeyed_movie(_quicktime(source, movie), _still_s(movie), identifier)
    return NewFiles({".MOV": clip, SUFFIX[kind]: still}, note)


def _motion_photo(source: Input, movie: OpenMovie) -> NewFiles:
    """A Live Photo as one file: its JPEG as it is, or its HEIC as a JPEG, and the movie as MP4."""
    if source.kind != "live-photo":
        raise InputError("only a Live Photo can become a Motion Photo")
    photo, note = source.file.read_bytes(), ""
    if kind_of(photo) == "heic":
        image = read_picture(source.file) if heic.is_installed() else _still_frame(movie)
        note = "" if heic.is_installed() else f"the photo is the movie's frame: {heic.HINT}"
        size_wh = (image.shape[1], image.shape[0])
        tags = new_tags(photo, size_wh, unique_id(new_identifier()))
        photo = encode_still(image, tags, "jpeg")
    # With the identifier it would be taken for a second photo of the pair.
    photo = with_identifier(photo, None) or photo
    video = remuxed(_movie_bytes(source, movie), "mp4")
    xmp = motion_xmp(round(_still_s(movie) * 1e6), len(video))
    photo = insert_segment(photo, XMP_HEADER + xmp, behind_exif=True)
    return NewFiles({".MP.jpg": append_movie(photo, video, "jpeg")}, note)


def _still_frame(movie: OpenMovie) -> Bytes:
    return movie.reader.picture(movie.reader.nearest(_still_s(movie)).index)


def _still_s(movie: OpenMovie) -> float:
    """The photo's time in the movie; the middle of a movie without one."""
    return movie.still_s if movie.still_s is not None else movie.reader.duration_s / 2


def _movie_bytes(source: Input, movie: OpenMovie) -> bytes:
    whole = source.files[-1].read_bytes()
    return whole if movie.motion is None else whole[movie.motion.start : movie.motion.end]


def _quicktime(source: Input, movie: OpenMovie) -> bytes:
    """The movie as a QuickTime file: an iPhone's as it is, any other's copied into one."""
    clip = _movie_bytes(source, movie)
    return clip if source.kind == "live-photo" else remuxed(clip, "mov")
