"""Scores a whole moment at once, by several threads; `live.stream_scorer`: while it goes on."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from livecam.quality.finder import FaceFinder, blank
from livecam.quality.search import Pace, resume_near, search_moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livecam.faces.model import AnyModel
    from livecam.frame import Frame
    from livecam.moment import Moment
    from livecam.quality.choice import MomentScore
    from livecam.quality.measures import FrameReading

THREADS = 2
"""Finders that run in parallel: decoding and the models let other threads run, so two take half the
time of one. More would take the core that the camera needs."""
LEAST_SHARE = 12
"""Frames per thread below which one more, which must search its first frame, is no gain."""


def score(moment: Moment, model: AnyModel = None) -> MomentScore:
    """Score a moment and choose its key frame.

    Raises ModelError, or ValueError if no frame can be decoded.
    """
    finders = [FaceFinder(model) for _ in range(THREADS)]
    try:
        return score_with(finders, moment.frames, moment.shutter_ns)
    finally:
        for finder in finders:
            finder.close()


def score_with(
    finders: Sequence[FaceFinder], frames: Sequence[Frame], shutter_ns: int
) -> MomentScore:
    """The same with existing finders, each in its own thread."""
    threads = max(1, min(len(finders), len(frames) // LEAST_SHARE))
    # Neighbouring frames stay together: faces are followed from one to the next.
    cuts = [len(frames) * i // threads for i in range(threads + 1)]
    shares = [frames[a:b] for a, b in itertools.pairwise(cuts)]
    with ThreadPoolExecutor(threads, thread_name_prefix="score") as pool:
        found = {r.t_ns: r for part in pool.map(_read, finders, shares) for r in part}
        looked = {i: found[frame.t_ns] for i, frame in enumerate(frames) if frame.t_ns in found}

        def measure(positions: list[int]) -> dict[int, FrameReading]:
            cuts = [len(positions) * i // threads for i in range(threads + 1)]
            shares = [[frames[i] for i in positions[a:b]] for a, b in itertools.pairwise(cuts)]
            parts = pool.map(_read_near, finders, shares, [found] * threads)
            looks = [reading for part in parts for reading in part]
            found.update((reading.t_ns, reading) for reading in looks)
            return dict(zip(positions, looks, strict=True))

        blanks = [blank(frame) for frame in frames]
        score = search_moment(blanks, looked, shutter_ns, measure)
        return replace(score, note=finders[0].problem)


def _read_near(
    finder: FaceFinder, frames: Sequence[Frame], found: Mapping[int, FrameReading]
) -> list[FrameReading]:
    """Measure single frames; `found` are the readings of the same moment, by their times."""
    readings = []
    for frame in frames:
        if not resume_near(finder, frame.t_ns, found.values()):
            finder.start()
        readings.append(finder.read(frame))
    return readings


def _read(finder: FaceFinder, frames: Sequence[Frame]) -> list[FrameReading]:
    """Measure frames of one moment, in their order; with several people not all of them."""
    finder.start()
    pace = Pace()
    readings = []
    for frame in frames:
        if not pace.may_wait(frame.t_ns):
            readings.append(finder.read(frame))
            pace.saw(readings[-1])
    return readings
