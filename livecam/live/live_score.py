"""The live score: the newest frame is judged now and then, and frames never queue up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.quality.explain import NOTHING_BELOW, complaints, faults
from livecam.quality.score import score_frames

if TYPE_CHECKING:
    from livecam.frame import Frame
    from livecam.quality.finder import Finder
    from livecam.quality.measures import FrameReading
    from livecam.quality.score import FaceScore

HISTORY = 25
"""Number of readings that the running baselines are made of: five seconds at five a second."""


@dataclass(frozen=True)
class LiveFace:
    """One face of the newest frame."""

    box_xyxy: tuple[int, int, int, int]
    """In pixels of the frame."""
    score: float
    fault: str = ""
    """What lowers the score most, or ""."""
    has_shut_eyes: bool = False


@dataclass(frozen=True)
class LiveScore:
    """What the screen shows of the newest frame."""

    t_ns: int
    faces: int
    score: float
    complaints: tuple[str, ...]
    boxes: tuple[LiveFace, ...] = ()
    """The faces that count."""


def has_shut_eyes(face: FaceScore) -> bool:
    """Whether the eyes are nearly or fully closed, or about to be."""
    return face.parts.get("eyes", 1.0) < NOTHING_BELOW


class LiveScorer:
    """Judges single frames against what it saw in the last seconds. One thread at a time."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._history: deque[FrameReading] = deque(maxlen=HISTORY)

    def score(self, frame: Frame) -> LiveScore:
        """Measure and judge one frame: about 20 ms."""
        reading = self._finder.read(frame)
        self._history.append(reading)
        _, frames = score_frames(tuple(self._history))
        newest = frames[-1]
        if reading.faces:
            people = sum(face.counts for face in newest.faces)
            boxes = tuple(
                LiveFace(
                    face.box_xyxy,
                    face.score,
                    next(iter(complaints(face.parts, face.words)), ""),
                    has_shut_eyes(face),
                )
                for face in newest.faces
                if face.counts
            )
            return LiveScore(frame.t_ns, people, newest.score, tuple(faults(newest)), boxes)
        if self._finder.problem:
            # If faces cannot be looked for, finding none means nothing.
            return LiveScore(frame.t_ns, 0, newest.score, tuple(faults(newest)))
        light = {"light": newest.parts["light"]}
        return LiveScore(frame.t_ns, 0, 0.0, ("no face", *complaints(light)))
