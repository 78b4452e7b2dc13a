"""The live readout: the newest frame, judged now and then, never a queue."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.quality import parts
from livecam.quality.choice import complaints
from livecam.quality.score import product, score_face

if TYPE_CHECKING:
    from livecam.capture.frame import Frame
    from livecam.quality.measures import FaceReading
    from livecam.quality.worker import FaceFinder

HISTORY = 25
"""Readings that make the person's running baseline: five seconds at five a second."""


@dataclass(frozen=True)
class LiveScore:
    """What the screen shows of the newest frame."""

    t_ns: int
    faces: int
    score: float
    complaints: tuple[str, ...]


class LiveScorer:
    """Judges single frames against what it saw in the last seconds. One thread at a time."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._history: deque[FaceReading] = deque(maxlen=HISTORY)

    def score(self, frame: Frame) -> LiveScore:
        """Measure and judge one frame: about 10 ms."""
        reading, _ = self._finder.read(frame, None)
        if not reading.faces:
            scene = reading.scene
            values = {
                "focus": parts.focus(scene.sharpness, scene.sharpness),
                "light": parts.light(scene.luma, scene.black, scene.white),
            }
            whole = product(values) if self._finder.problem else 0.0
            # Where faces cannot be looked for, that none was found says nothing.
            absent = () if self._finder.problem else ("no face",)
            return LiveScore(frame.t_ns, 0, whole, (*absent, *complaints(values)))
        self._history.append(reading.faces[0])
        usual = parts.baseline_of(self._history)
        # The running baseline is the nearest person's; the others are judged by the prior.
        judged = [
            score_face(face, i, usual if i == 0 else parts.PRIOR)
            for i, face in enumerate(reading.faces)
        ]
        worst = min(judged, key=lambda face: face.score)
        return LiveScore(frame.t_ns, len(judged), worst.score, tuple(complaints(worst.parts)))
