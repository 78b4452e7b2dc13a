"""Measuring and judging whole moments, off the threads that must not wait.

What goes in and what comes out is plain data (`ScoreRequest`, `MomentScore`).
"""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.quality.choice import MomentScore, choose
from livecam.quality.finder import FaceFinder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.capture.frame import Frame
    from livecam.clip.moment import Moment
    from livecam.quality.measures import FrameReading
    from livecam.quality.model import AnyModel

THREADS = 2
"""Landmarkers side by side: decoding and the models let each other run, and two take half the time
of one. More would take the camera's core."""
LEAST_SHARE = 12
"""Frames below which a further thread, which must search its first frame, is no gain."""


@dataclass(frozen=True)
class ScoreRequest:
    """A moment as the worker gets it."""

    frames: tuple[Frame, ...]
    shutter_ns: int


class ScoreWorker:
    """Scores moments one after the other; each is measured by `THREADS` threads."""

    def __init__(self, model: AnyModel = None) -> None:
        self._finders = [FaceFinder(model) for _ in range(THREADS)]
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="score")
        self._readers = ThreadPoolExecutor(THREADS, thread_name_prefix="read")

    def preload(self) -> Future[None]:
        """Load the models behind the scenes; the future raises ModelError."""
        return self._pool.submit(self._load)

    def submit(self, request: ScoreRequest) -> Future[MomentScore]:
        """Queue a moment. The future raises ModelError or ValueError (no frame decodes)."""
        return self._pool.submit(self._score, request)

    def close(self, *, wait: bool = True) -> None:
        """Stop after the moment in hand; with `wait` after all that are queued."""
        self._pool.shutdown(wait=wait, cancel_futures=not wait)
        self._readers.shutdown(wait=wait, cancel_futures=not wait)
        if wait:  # or else the models may still be at work
            for finder in self._finders:
                finder.close()

    def _load(self) -> None:
        for finder in self._finders:
            finder.load()

    def _score(self, request: ScoreRequest) -> MomentScore:
        frames = request.frames
        threads = max(1, min(THREADS, len(frames) // LEAST_SHARE))
        # Neighbouring frames stay together: faces are followed from one to the next.
        cuts = [len(frames) * i // threads for i in range(threads + 1)]
        shares = [frames[a:b] for a, b in itertools.pairwise(cuts)]
        parts = self._readers.map(read_all, self._finders, shares)
        readings = [reading for part in parts for reading in part]
        return choose(readings, request.shutter_ns, self._finders[0].problem)


def read_all(finder: FaceFinder, frames: Sequence[Frame]) -> list[FrameReading]:
    """Measure frames of one moment, in their order. Raises ModelError."""
    finder.start()
    return [finder.read(frame) for frame in frames]


def score(moment: Moment, model: AnyModel = None) -> MomentScore:
    """Score a moment and choose its key frame, here and now.

    Raises ModelError, or ValueError if no frame can be decoded.
    """
    worker = ScoreWorker(model)
    try:
        return worker.submit(ScoreRequest(moment.frames, moment.shutter_ns)).result()
    finally:
        worker.close()
