"""Saves a moment: movie, scores and key photo, together or not at all."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.disk.publish import Bundle, check_folder
from livecam.enhance.retouch import REACH, Retouch, Retouched, retouch
from livecam.errors import InputError, OutputError
from livecam.formats.live_photo import paired_movie
from livecam.formats.motion_photo_new import motion_photo
from livecam.formats.remux import with_turn_matrix
from livecam.formats.still import SUFFIX
from livecam.formats.tags import Tags, new_identifier
from livecam.frame import UPRIGHT
from livecam.media.movie import mux_movie, write_movie
from livecam.media.photo import encode_photo
from livecam.media.record import moment_record
from livecam.media.save_options import SaveOptions
from livecam.timebase import to_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.video.stream import VideoStream

    from livecam.frame import Bytes
    from livecam.media.movie import Encoded
    from livecam.media.save_options import Codec
    from livecam.moment import Moment
    from livecam.quality.choice import MomentScore
    from livecam.quality.finder import Finder

MOTION_SUFFIX = ".MP.jpg"
"""The specification wants names that end in MP."""
DEFAULT_OPTIONS = SaveOptions()

MAKE = "livecam"
"""The maker in EXIF if the camera's maker is not known."""


@dataclass(frozen=True)
class SavedFiles:
    """The files of a moment, as absolute paths."""

    movie: Path
    photo: Path
    """If only a Motion Photo is saved, `movie` and `photo` are that one file."""
    scores: Path
    motion_photo: Path | None = None
    encoded_again: str = ""
    """Why frames that were encoded during the capture were encoded again; "" if they were not."""


def save(
    moment: Moment,
    score: MomentScore,
    folder: Path | str = "recordings",
    save_options: SaveOptions = DEFAULT_OPTIONS,
) -> SavedFiles:
    """Write a scored moment into a folder, under a new name. Raises OutputError, UsageError."""
    check_folder(Path(folder))
    if not save_options.best_take:
        return save_when_scored(moment, lambda: score, Path(folder), save_options)
    from livecam.quality.finder import FaceFinder

    with contextlib.closing(FaceFinder()) as finder:
        return save_when_scored(moment, lambda: score, Path(folder), save_options, finder=finder)


def save_when_scored(
    moment: Moment,
    scored: Callable[[], MomentScore],
    folder: Path,
    save_options: SaveOptions = DEFAULT_OPTIONS,
    encoded: Callable[[], tuple[VideoStream, list[Encoded]]] | None = None,
    finder: Finder | None = None,
) -> SavedFiles:
    """Do the same for a moment that is still being scored: the movie is made in the meantime.

    `scored` waits for the score, `encoded` for the frames that are encoded during the capture. If
    `encoded` is None or raises OutputError, they are encoded here. What `scored` raises is passed
    on, and no file stays behind. A best take needs `finder`.
    """
    with Bundle.at(folder.resolve(), moment.shutter_time) as bundle:
        movie, encoded_again = _movie(moment, save_options.codec, encoded)
        turn = moment.frames[0].turn
        if turn != UPRIGHT:
            movie = with_turn_matrix(movie, turn.matrix(moment.mode.size_wh))
        score = scored()
        key = moment.frames[score.key]
        still_s = to_s(key.t_ns - moment.start_ns)
        tags = Tags(
            taken=moment.clock.at(key.t_ns),
            make=moment.make or MAKE,
            model=moment.camera,
            software=f"livecam {metadata.version('livecam')}",
            identifier=new_identifier(),
        )
        finder = finder if save_options.best_take else None
        made = _retouched(moment, score, Retouch(save_options.enhance, finder))
        tags = replace(tags, composite=made.composite)
        content = _stills(movie, moment, score, tags, save_options, made.image_bgr)
        if save_options.motion != "only":
            content[".MOV"] = paired_movie(movie, tags, still_s)
        files = _named(bundle, list(content))
        record = moment_record(moment, score, files.movie.name, files.photo.name, tags, made)
        content[".json"] = (json.dumps(record, indent=1) + "\n").encode()
        for suffix, one in content.items():
            bundle.write(suffix, one)
        # The photo comes last: when it appears, all other files are there already.
        bundle.publish([".MOV", ".json", MOTION_SUFFIX, *SUFFIX.values()])
    return replace(files, encoded_again=encoded_again)


def _movie(
    moment: Moment,
    codec: Codec,
    encoded: Callable[[], tuple[VideoStream, list[Encoded]]] | None,
) -> tuple[bytes, str]:
    """The movie from frames that are encoded already; if that fails, they are encoded here.

    Also returns why it failed, or "".
    """
    problem = ""
    if encoded is not None:
        made = io.BytesIO()
        try:
            mux_movie(made, moment, *encoded())
        except OutputError as err:
            problem = err.message  # an encoder that gave up must not lose the moment
        else:
            return made.getvalue(), ""
    made = io.BytesIO()
    write_movie(made, moment, codec)
    return made.getvalue(), problem


def _retouched(moment: Moment, score: MomentScore, wanted: Retouch) -> Retouched:
    """The result of retouching the key frame. Raises OutputError if it cannot be decoded."""

    def around() -> Iterator[Bytes]:
        for i in range(max(0, score.key - REACH), min(len(moment.frames), score.key + REACH + 1)):
            if i != score.key and moment.frames[i].is_whole():
                with contextlib.suppress(ValueError):  # one frame less to merge with
                    yield moment.frames[i].bgr()

    def picture(position: int) -> Bytes:
        return moment.frames[position].bgr()

    try:
        return retouch(score, picture, around, wanted, moment.start_ns)
    except ValueError as err:
        raise OutputError(f"the key photo cannot be decoded: {err}") from err


def _stills(
    movie: bytes,
    moment: Moment,
    score: MomentScore,
    tags: Tags,
    save_options: SaveOptions,
    made: Bytes | None,
) -> dict[str, bytes]:
    """The key photo and the Motion Photo, as far as they are wanted, by suffix.

    `made` is the retouched picture, (H, W, 3) uint8 BGR; None for the key frame as it is.
    """
    key, content = moment.frames[score.key], {}
    if save_options.motion != "none":
        scores = [
            (judged.score, to_s(frame.t_ns - moment.start_ns))
            for frame, judged in zip(moment.frames, score.frames, strict=True)
        ]
        still_s = to_s(key.t_ns - moment.start_ns)
        # Without the identifier: it would be taken for a second photo of the pair.
        photo = encode_photo(key, replace(tags, identifier=""), "jpeg", made)
        try:
            content[MOTION_SUFFIX] = motion_photo(photo, movie, still_s, scores)
        except InputError as err:
            raise OutputError(f"the Motion Photo cannot be made: {err.message}") from err
    if save_options.motion != "only":
        suffix = SUFFIX[save_options.still]
        content[suffix] = encode_photo(key, tags, save_options.still, made)
    return content


def _named(bundle: Bundle, suffixes: list[str]) -> SavedFiles:
    """Where files of these suffixes will be."""
    motion = bundle.path(MOTION_SUFFIX) if MOTION_SUFFIX in suffixes else None
    photo = next((bundle.path(suffix) for suffix in suffixes if suffix in SUFFIX.values()), motion)
    assert photo is not None
    movie = bundle.path(".MOV") if ".MOV" in suffixes else photo
    return SavedFiles(movie, photo, bundle.path(".json"), motion)
