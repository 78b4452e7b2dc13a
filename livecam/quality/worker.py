"""Measuring and judging whole moments, off the threads that must not wait.

What goes in and what comes out is plain data (`ScoreRequest`, `MomentScore`), so that the work can
move to another process without a change elsewhere.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.quality.choice import MomentScore, choose
from livecam.quality.measures import FrameReading, SceneReading, overview, read_face, read_scene
from livecam.quality.model import mediapipe_is_installed

if TYPE_CHECKING:
    from pathlib import Path

    from livecam.capture.frame import Bytes, Frame
    from livecam.clip.moment import Moment
    from livecam.quality.landmarker import FaceLandmarker

READ_WIDTH = 640
"""Frames are measured at half or a quarter of their size, but at least this wide: the landmarker
sees no more in larger ones, and small JPEGs decode faster."""

NO_READING = SceneReading(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class ScoreRequest:
    """A moment as the worker gets it."""

    frames: tuple[Frame, ...]
    shutter_ns: int


class FaceFinder:
    """A landmarker that is loaded when first needed, and does without where it cannot be had."""

    def __init__(self, model: Path | None = None) -> None:
        self._model = model
        self._landmarker: FaceLandmarker | None = None
        self.problem = ""
        """Why no faces are looked for; "" while they are."""

    def load(self) -> None:
        """Load now. Raises ModelError for a missing or altered model, not for a missing wheel."""
        if self._landmarker is not None or self.problem:
            return
        # A missing wheel is a platform's limit, and livecam goes on; a missing or altered model is
        # an installation that must be mended.
        if not mediapipe_is_installed():
            self.problem = "MediaPipe has no build for this platform"
            return
        from livecam.quality.landmarker import FaceLandmarker

        self._landmarker = FaceLandmarker(self._model)

    def read(self, frame: Frame, before: Bytes | None) -> tuple[FrameReading, Bytes | None]:
        """Measure one frame; also its `overview`, to compare the next one with."""
        self.load()
        try:
            image = frame.bgr(reduce_for(frame.size_wh[0]))
        except ValueError:
            lost = FrameReading(frame.index, frame.t_ns, frame.warmup, False, False, (), NO_READING)
            return lost, before
        gray = overview(image)
        found = self._landmarker.find(image) if self._landmarker else []
        reading = FrameReading(
            index=frame.index,
            t_ns=frame.t_ns,
            warmup=frame.warmup,
            decoded=True,
            whole=frame.is_whole(),
            faces=tuple(read_face(image, face, frame.size_wh) for face in found),
            scene=read_scene(gray, before),
        )
        return reading, gray

    def close(self) -> None:
        """Free the model."""
        if self._landmarker is not None:
            self._landmarker.close()
            self._landmarker = None


class ScoreWorker:
    """Scores moments one after the other in a thread of its own."""

    def __init__(self, model: Path | None = None) -> None:
        self._finder = FaceFinder(model)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="score")

    def preload(self) -> Future[None]:
        """Load the model behind the scenes; the future raises ModelError."""
        return self._pool.submit(self._finder.load)

    def submit(self, request: ScoreRequest) -> Future[MomentScore]:
        """Queue a moment. The future raises ModelError or ValueError (no frame decodes)."""
        return self._pool.submit(self._score, request)

    def close(self, *, wait: bool = True) -> None:
        """Stop after the moment in hand; with `wait` after all that are queued."""
        self._pool.shutdown(wait=wait, cancel_futures=not wait)
        if wait:  # or else the model may still be at work
            self._finder.close()

    def _score(self, request: ScoreRequest) -> MomentScore:
        readings: list[FrameReading] = []
        before = None
        for frame in request.frames:
            reading, before = self._finder.read(frame, before)
            readings.append(reading)
        return choose(readings, request.shutter_ns, self._finder.problem)


def score(moment: Moment, model: Path | None = None) -> MomentScore:
    """Score a moment and choose its key frame, here and now.

    Raises ModelError, or ValueError if no frame can be decoded.
    """
    worker = ScoreWorker(model)
    try:
        return worker.submit(ScoreRequest(moment.frames, moment.shutter_ns)).result()
    finally:
        worker.close()


def reduce_for(width: int) -> int:
    """The largest of 1, 2, 4, 8 that keeps a frame at least `READ_WIDTH` wide."""
    return next((r for r in (8, 4, 2) if width // r >= READ_WIDTH), 1)
