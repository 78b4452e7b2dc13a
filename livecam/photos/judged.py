"""The judged frames of a moment: from livecam's own record, or by judging them now."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from livecam.errors import InputError
from livecam.formats.files import read_whole
from livecam.formats.json_text import MOST_BYTES, parse_json
from livecam.media.record import frame_scores
from livecam.photos.pick import ALL_UP_TO_S, Pick, PresentKey, Wanted, open_movie, pick
from livecam.quality.choice import MomentScore
from livecam.quality.explain import TIE
from livecam.timebase import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livecam.photos.inputs import Input
    from livecam.quality.finder import FaceFinder

LONG_S, LONG_FRAMES = 60.0, 48
"""In a movie longer than this many seconds, only this many frames are judged: a user waits."""


def record_path(source: Input) -> Path:
    """Where livecam's record of a moment would lie: NAME.JPG and NAME.MP.jpg have NAME.json."""
    return source.file.with_name(f"{source.file.stem.removesuffix('.MP')}.json")


def record_of(source: Input) -> Path | None:
    """Livecam's record of a Live or Motion Photo, if it lies beside the photo and names it."""
    if source.kind not in ("live-photo", "motion-photo"):
        return None
    path = record_path(source)
    record = read_record(path)
    return path if record is not None and record.get("photo") == source.file.name else None


def read_record(path: Path) -> dict[str, Any] | None:
    """The content of `NAME.json`; None if it is missing, or not the record of a moment."""
    try:
        record = parse_json(read_whole(path, MOST_BYTES))
    except (OSError, InputError):
        return None
    is_moment = isinstance(record, dict) and record.get("kind") == "moment"
    return record if is_moment else None


def judge(source: Input, finder: FaceFinder, given_up: Callable[[], bool] = lambda: False) -> Pick:
    """The choice from an input, and how each frame was judged.

    Raises InputError, ModelError, and LivecamError once `given_up` returns True.
    """
    path = record_of(source)
    record = read_record(path) if path is not None else None
    if record is not None:
        try:
            found = from_record(source, record)
            with open_movie(source) as movie:
                if len(movie.reader.times) == len(found.score.frames):
                    return found  # otherwise the movie was cut since
        except (LookupError, TypeError, ValueError):
            pass  # of another version, or damaged: judge the movie instead
    if source.kind == "pictures":
        raise InputError(f"{source.file.name} is a picture, not a moment")
    with open_movie(source) as movie:
        lasts_s = movie.reader.duration_s
        if lasts_s > LONG_S:
            wanted = Wanted(LONG_FRAMES, is_default=False)
        else:
            # A viewer shows every frame of a moment, so all are judged.
            wanted = Wanted(is_default=lasts_s > ALL_UP_TO_S)
        with finder.until(given_up):
            return pick(source, finder, wanted, movie)


def key_of(pick: Pick) -> int | None:
    """Position of the frame that is the key photo now; None if it was not judged."""
    if pick.present is None:
        return None
    index = pick.present.index
    return next((at for at, frame in enumerate(pick.score.frames) if frame.index == index), None)


def best_of(pick: Pick) -> int:
    """Position of the frame that the score would choose; among equals, the key photo."""
    frames, now = pick.score.frames, key_of(pick)
    looked_at = (at for at, frame in enumerate(frames) if frame.offered and not frame.estimated)
    offered = list(looked_at) or [pick.score.key]
    most = max(frames[at].score for at in offered)
    equals = [at for at in offered if frames[at].score >= most - TIE]
    for known in (now, pick.score.key):
        if known is not None and known in equals:
            return known
    return equals[0]


def from_record(source: Input, record: dict[str, Any]) -> Pick:
    """The choice from the content of `NAME.json`. Raises LookupError, TypeError, ValueError."""
    frames = frame_scores(record)
    key = int(record["key"]["index"])
    now = frames[key]
    alternatives = tuple(int(other["index"]) for other in record["alternatives"])
    if any(not 0 <= at < len(frames) for at in (key, *alternatives)):
        raise ValueError("it names frames that are not there")
    numbers = [float(record["duration_s"]), *(frame.score for frame in frames)]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("its numbers are none")
    score = MomentScore(
        record["basis"],
        frames,
        key,
        str(record["key"]["reason"]),
        str(record["basis_note"]),
        alternatives,
    )
    present = PresentKey(now.index, now.t_ns / NS_PER_S, now.score)
    return Pick(source, float(record["duration_s"]), score, present)
