"""Saves a moment: movie, scores and key photo, together or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.disk.publish import Bundle, check_folder, write_error
from livecam.errors import InputError, LivecamError, OutputError
from livecam.formats.live_photo import paired_movie
from livecam.formats.motion_photo_new import motion_photo
from livecam.formats.still import SUFFIX
from livecam.formats.tags import Tags, new_identifier
from livecam.media.movie import mux_movie, write_movie
from livecam.media.photo import encode_photo
from livecam.media.record import moment_record
from livecam.media.save_options import SaveOptions
from livecam.timebase import to_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.video.stream import VideoStream

    from livecam.capture.frame import Bytes
    from livecam.clip.moment import Moment
    from livecam.enhance.best_take import BestTake, Finder
    from livecam.enhance.merge import Merged
    from livecam.media.movie import Encoded
    from livecam.media.save_options import Codec
    from livecam.quality.choice import MomentScore

MOTION_SUFFIX = ".MP.jpg"
"""The specification wants names that end in MP."""
DEFAULT_OPTIONS = SaveOptions()

MAKE = "livecam"
"""Where a camera's maker is not known, the maker of the file."""


@dataclass(frozen=True)
class SavedFiles:
    """The files of a moment, as absolute paths."""

    movie: Path
    photo: Path
    """With a Motion Photo alone, both are that one file."""
    scores: Path
    motion_photo: Path | None = None
    encoded_again: str = ""
    """Why the movie was encoded once the moment was over, though its frames had been before."""


def save(
    moment: Moment,
    score: MomentScore,
    folder: Path | str = "recordings",
    save_options: SaveOptions = DEFAULT_OPTIONS,
) -> SavedFiles:
    """Write a scored moment into a folder, under a new name. Raises OutputError."""
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
    """The same for a moment that is still being scored: the movie is made meanwhile.

    `scored` waits for the score, `encoded` for the frames that are encoded while they come (without
    it they are encoded here); what they raise is passed on, and nothing stays behind. `finder`
    looks at a best take, and is needed for one.
    """
    with Bundle.at(folder.resolve(), moment.shutter_time) as bundle:
        movie = bundle.hidden(".MOV", publish=save_options.motion != "only")
        encoded_again = _write(movie, moment, save_options.codec, encoded)
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
        try:
            merged = _enhanced(moment, score.key) if save_options.enhance else None
            made = merged.image_bgr if merged is not None and merged.is_enhanced else None
            take = None
            if save_options.best_take and finder is not None:
                take = _best_take(moment, score, made, finder)
                tags = replace(tags, composite=take.composite(len(moment.frames), moment.time_s))
                made = made if take.image_bgr is None else take.image_bgr
            files = _stills(bundle, movie, moment, score, tags, save_options, made)
            _rewrite(movie, paired_movie(movie.read_bytes(), tags, still_s))
            record = moment_record(
                moment, score, files.movie.name, files.photo.name, tags, merged, take
            )
            text = json.dumps(record, indent=1) + "\n"
            bundle.hidden(".json").write_text(text, "utf-8")
        except OSError as err:
            raise write_error(folder, err) from err
        # Whoever waits for the photo finds everything else in its place.
        bundle.publish([".MOV", ".json", MOTION_SUFFIX, *SUFFIX.values()])
    return replace(files, encoded_again=encoded_again)


def _rewrite(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _write(
    path: Path,
    moment: Moment,
    codec: Codec,
    encoded: Callable[[], tuple[VideoStream, list[Encoded]]] | None,
) -> str:
    """Write the movie from frames that are encoded already; where that fails, encode them here.

    Why it failed, or "".
    """
    problem = ""
    if encoded is not None:
        try:
            mux_movie(path, moment, *encoded())
        except OutputError as err:
            if isinstance(err.__cause__, OSError):
                raise  # of the disk: encoding again would not help
            problem = err.message  # an encoder that gave up must not lose the moment
        else:
            return ""
    write_movie(path, moment, codec)
    return problem


def _enhanced(moment: Moment, key: int) -> Merged:
    from livecam.enhance.merge import Merged
    from livecam.enhance.moment import enhance

    try:
        return enhance(moment.frames, key)
    except ValueError as err:
        raise OutputError(f"the key photo cannot be decoded: {err}") from err
    except Exception as err:  # noqa: BLE001 - no embellishment is worth a moment
        return Merged(moment.frames[key].bgr(), 0.0, 1.0, f"it broke down: {err!r}")


def _best_take(moment: Moment, score: MomentScore, base: Bytes | None, finder: Finder) -> BestTake:
    """The key photo composed; `base` is the merged key frame, None for the frame as it is.

    Whatever goes wrong, the key frame stays as it is.
    """
    from livecam.enhance.best_take import BestTake, Stay, compose

    def picture(position: int) -> Bytes:
        if position == score.key and base is not None:
            return base
        return moment.frames[position].bgr()

    try:
        return compose(score.frames, score.key, picture, finder)
    except Exception as err:  # noqa: BLE001 - no embellishment is worth a moment
        why = err.message if isinstance(err, LivecamError) else repr(err)
        return BestTake(None, (), (Stay(0, "everybody", why),))


def _stills(
    bundle: Bundle,
    movie: Path,
    moment: Moment,
    score: MomentScore,
    tags: Tags,
    save_options: SaveOptions,
    made: Bytes | None,
) -> SavedFiles:
    """Write the key photo, and the Motion Photo that is asked for.

    `made` is the picture where it is not the key frame as it is.
    """
    key = moment.frames[score.key]
    motion = None
    if save_options.motion != "none":
        scores = [
            (judged.score, to_s(frame.t_ns - moment.start_ns))
            for frame, judged in zip(moment.frames, score.frames, strict=True)
        ]
        still_s = to_s(key.t_ns - moment.start_ns)
        # Without the identifier: it would be taken for a second photo of the pair.
        photo = encode_photo(key, replace(tags, identifier=""), "jpeg", made)
        try:
            content = motion_photo(photo, movie, still_s, scores)
        except InputError as err:
            raise OutputError(f"the Motion Photo cannot be made: {err.message}") from err
        bundle.hidden(MOTION_SUFFIX).write_bytes(content)
        motion = bundle.path(MOTION_SUFFIX)
    if save_options.motion == "only":
        assert motion is not None
        return SavedFiles(motion, motion, bundle.path(".json"), motion)
    suffix = SUFFIX[save_options.still]
    bundle.hidden(suffix).write_bytes(encode_photo(key, tags, save_options.still, made))
    return SavedFiles(bundle.path(".MOV"), bundle.path(suffix), bundle.path(".json"), motion)
