"""The present key photo: judged at its own resolution, and kept unless a change is worth it.

A phone's photo has four to twenty times the pixels of its movie's frames, and the user has seen it,
named it and perhaps printed it. A frame replaces it only if in the photo somebody's eyes are shut,
or a face is turned away, blurred or missing, and in the frame that is not so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livecam.photos.pictures import picture_frame
from livecam.quality.explain import COMPLAINT_BELOW, DECISIVE, STRONG_BELOW, complaints
from livecam.quality.score import score_frames, score_pictures
from livecam.timebase import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from livecam.quality.finder import FaceFinder
    from livecam.quality.measures import FrameReading
    from livecam.quality.score import FaceScore, FrameScore

MIN_GAIN = 0.2
"""By how much a frame's score must be better: two thirds of the distance between two words of
`quality.explain`, and four times the difference within which 97.8 % of frames' scores stay from one
set of looks to another (`tests/benchmarks/sparse.py`)."""
PLAINLY_BAD = 0.3
"""Score below which a scene without faces is "poor" (blurred, black, burnt out)."""
FAR_NS = 10 * NS_PER_S
"""How far behind the last frame the photo is placed: no frame then counts as close to it."""


@dataclass(frozen=True)
class PresentPhoto:
    """The photo, judged together with the frames."""

    score: FrameScore
    """With boxes in the photo's own pixels."""
    size_wh: tuple[int, int]
    stays: str = ""
    """Why the photo stays, as part of a sentence; "" if a frame is worth replacing it."""
    frames: tuple[FrameScore, ...] = ()
    """The frames that were looked at, judged with it: people have the same numbers."""


def judge_photo(
    path: Path,
    readings: Sequence[FrameReading],
    movie_wh: tuple[int, int],
    best: FrameScore,
    finder: FaceFinder,
    min_gain: float = MIN_GAIN,
) -> PresentPhoto:
    """Judge the photo in `path` together with its movie's frames, and compare it to the `best`.

    `readings` are those of the frames that were looked at. Raises InputError if the photo cannot be
    read, ModelError.
    """
    frame, size_wh = picture_frame(path, len(readings))
    finder.start(alone=True)
    # In the movie's coordinates, to match people: the movie shows the middle of the photo.
    scale = movie_wh[0] / size_wh[0]
    reading = finder.read(frame, (movie_wh[0], round(size_wh[1] * scale)))
    down = (movie_wh[1] - size_wh[1] * scale) / 2
    faces = tuple(
        replace(face, box_xyxy=_moved(face.box_xyxy, 1.0, down)) for face in reading.faces
    )
    last_ns = max(one.t_ns for one in readings)
    reading = replace(reading, t_ns=last_ns + FAR_NS, faces=faces)
    basis, judged = score_frames([*readings, reading])
    photo = judged[-1]
    if basis == "faces":
        stays = _why_it_stays(photo, best, min_gain)
    else:
        frames = [one for one in readings if one.index == best.index]
        stays = _why_a_scene_stays(reading, frames)
    boxes = [_moved(face.box_xyxy, 1 / scale, -down / scale) for face in photo.faces]
    own = tuple(replace(face, box_xyxy=box) for face, box in zip(photo.faces, boxes, strict=True))
    return PresentPhoto(replace(photo, faces=own), size_wh, stays, judged[:-1])


def _why_it_stays(photo: FrameScore, best: FrameScore, min_gain: float) -> str:
    gain = best.score - photo.score
    if gain < min_gain:
        return "no frame is better" if gain <= 0 else f"no frame is better by {min_gain:g}"
    found = {face.person: face for face in best.faces}
    shown = {face.person for face in photo.faces if face.counts}
    if any(face.counts and face.person not in shown for face in best.faces):
        return ""  # somebody is missing in it
    for face in photo.faces:
        other = found.get(face.person)
        if face.counts and other is not None and _is_spoiled(face, other):
            return ""
    return "nobody's eyes are shut in it, no face is turned away or blurred"


def _is_spoiled(face: FaceScore, other: FaceScore) -> bool:
    """Whether a part that spoils a face is good in the other frame."""
    return any(
        face.parts.get(name, 1.0) < STRONG_BELOW and other.parts.get(name, 1.0) >= COMPLAINT_BELOW
        for name in DECISIVE
    )


def _why_a_scene_stays(photo: FrameReading, best: Sequence[FrameReading]) -> str:
    """Why a photo without faces stays; "" if a frame is worth replacing it."""
    _, judged = score_pictures([photo, *best])
    own, others = judged[0].score, [frame.score for frame in judged[1:]]
    if own < PLAINLY_BAD <= max(others, default=0.0) - PLAINLY_BAD:
        return ""
    return "there is no face in it, and it is not plainly bad"


def spoilt(photo: FrameScore) -> list[str]:
    """What is wrong with the photo, in words: "eyes closed" and the like."""
    words = []
    for face in photo.faces:
        wrong = {
            name: face.parts[name]
            for name in DECISIVE
            if face.counts and face.parts.get(name, 1.0) < STRONG_BELOW
        }
        who = f"{face.place}: " if face.place else ""
        words += [who + word for word in complaints(wrong, face.words)]
    return words


def _moved(box: tuple[int, int, int, int], scale: float, down: float) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return (
        round(left * scale), round(top * scale + down),
        round(right * scale), round(bottom * scale + down),
    )  # fmt: skip
