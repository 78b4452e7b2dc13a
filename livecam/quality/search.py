"""The search for the best frame: which frames are looked at, whatever they come from.

A face takes about 10 ms in every frame, so eight faces in ninety frames would take seconds, and so
would a long movie; and most of those frames are plainly not the best. Some are looked at first,
then all around the best of these, and on uphill until no frame beside the best one is better.
`measure` gives the readings of the frames at some positions: a camera's ring and a file are
searched alike.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.quality.choice import choose
from livecam.quality.estimates import completed
from livecam.quality.explain import TIE
from livecam.quality.score import NEAR_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from livecam.quality.choice import MomentScore
    from livecam.quality.finder import Finder
    from livecam.quality.measures import FrameReading

    Measure = Callable[[list[int]], Mapping[int, FrameReading]]
    """Measures the frames at these positions."""

SEVERAL = 3
"""Faces from which it is worth it while a camera gives frames: two are looked at as quickly."""
ANYBODY = 1
"""The same of a file, which nobody waits for frame by frame. Of 66 labelled windows 40 % of the
frames are looked at then, and the chosen one is 0.004 below the best of all (mean; at most 0.043),
as often one that is labelled good (`tests/benchmarks/crowds.py --people`)."""
SLOT_NS = 133_000_000
"""One frame of each is looked at first. Of eighteen windows of three to eight people, put together
from labelled clips, the chosen frame is then 0.001 below the best of all (mean; at most 0.017), of
35 frames looked at. With 167 ms it is at most 0.14 below, with 100 ms 41 frames are looked at
(`tests/benchmarks/crowds.py`)."""
PEAKS = 2
"""The best of those first ones, around which all are looked at."""
APART_NS = 200_000_000
"""How far these lie apart at least."""
PROMISING = 4
"""Frames not looked at that are looked at in one go, where they promise more than the best one."""
RESUME_NS = 400_000_000
"""How far apart two frames may be for faces to be looked for where they were in the other one."""


@dataclass(frozen=True)
class Plan:
    """Where a search begins, and how far it goes. Positions count the frames from 0."""

    first: Collection[int]
    """These are looked at first, and may be chosen."""
    beside: Collection[int] = ()
    """These are looked at with them, and only serve to judge them."""
    peaks: int = PEAKS
    """Around so many of the best it goes on; 0: not at all."""
    apart_ns: int = APART_NS
    reach_ns: int = NEAR_NS
    """So far around each of them all are looked at."""
    step_ns: int = NEAR_NS
    """So far around the best one after that, until none there is better."""


class Pace:
    """Says of each frame that comes whether it may wait: of several faces most may."""

    def __init__(self, several: int = SEVERAL) -> None:
        self._several = several
        self._are_several = False
        self._slots: set[int] = set()

    def saw(self, reading: FrameReading) -> None:
        """A frame was looked at."""
        self._are_several = len(reading.faces) >= self._several

    def may_wait(self, t_ns: int) -> bool:
        """Whether another frame of its slot of time is looked at already."""
        slot = t_ns // SLOT_NS
        waits = self._are_several and slot in self._slots
        if not waits:
            self._slots = {one for one in self._slots if abs(one - slot) <= 1} | {slot}
        return waits


def search_moment(
    blanks: Sequence[FrameReading],
    looked: Mapping[int, FrameReading],
    shutter_ns: int,
    measure: Measure,
    needed: Collection[int] = (),
    several: int = SEVERAL,
) -> MomentScore:
    """Score all frames of a moment; of `several` people those not worth a look by estimates.

    `blanks` are its frames, not measured, `looked` readings by position, `needed` is looked at in
    any case. Raises ValueError if no frame can be decoded, and whatever `measure` does.
    """
    times_ns = [blank.t_ns for blank in blanks]
    plan = Plan(sorted({*first_looks(times_ns, shutter_ns), *needed}))
    return _Search(times_ns, shutter_ns, measure, dict(looked), blanks, several).best(plan)


def search_movie(
    times_ns: Sequence[int], shutter_ns: int, measure: Measure, plan: Plan
) -> MomentScore:
    """Score those frames of a movie that are worth it; among equals the nearest to the shutter.

    Raises as `search_moment` does.
    """
    return _Search(times_ns, shutter_ns, measure, {}, None, SEVERAL).best(plan)


def resume_near(finder: Finder, t_ns: int, readings: Iterable[FrameReading]) -> bool:
    """Let a finder look where faces were in the nearest of these, if that is near enough."""
    near = min(readings, key=lambda reading: abs(reading.t_ns - t_ns), default=None)
    if near is None or not near.faces or abs(near.t_ns - t_ns) > RESUME_NS:
        return False
    finder.resume(near.t_ns, [face.box_xyxy for face in near.faces])
    return True


def first_looks(times_ns: Sequence[int], shutter_ns: int) -> list[int]:
    """Positions of the first frame of each slot of time, of the last one and of the shutter's."""
    slots = [t_ns // SLOT_NS for t_ns in times_ns]
    new = {i for i, slot in enumerate(slots) if i == 0 or slot != slots[i - 1]}
    shutter = min(range(len(times_ns)), key=lambda i: abs(times_ns[i] - shutter_ns))
    return sorted(new | {shutter, len(times_ns) - 1})


class _Search:
    """What is known so far, and where to look next."""

    def __init__(
        self,
        times_ns: Sequence[int],
        shutter_ns: int,
        measure: Measure,
        looked: dict[int, FrameReading],
        blanks: Sequence[FrameReading] | None,
        several: int,
    ) -> None:
        self._times_ns, self._shutter_ns, self._measure = times_ns, shutter_ns, measure
        self._known, self._blanks, self._several = looked, blanks, several
        self._offered: set[int] = set()
        """What may be chosen of a movie; of a moment all may."""

    def best(self, plan: Plan) -> MomentScore:
        self._offered = set(plan.first)
        self._ensure({*plan.first, *plan.beside})
        faces = [len(self._known[i].faces) for i in plan.first]
        if self._blanks is not None and statistics.median(faces) < self._several:
            self._ensure(range(len(self._blanks)))
        if self._blanks is not None and len(self._known) == len(self._blanks):
            # There is nothing more to look at.
            return self._judged(self._offered, is_last=True)[0]
        for peak in self._peaks(plan):
            self._climb(self._around(peak, plan.reach_ns), plan.step_ns)
        while True:
            score, positions = self._judged(self._offered)
            beside = self._around(positions[score.key], plan.step_ns) if plan.peaks else ()
            if not self._ensure([*_promising(score), *beside]):
                return self._judged(self._offered, is_last=True)[0]
            self._offered |= set(beside)

    def _climb(self, hill: Iterable[int], step_ns: int) -> None:
        """Look at some frames, and around the best of them until none beside it is better."""
        seen, beside = set[int](), set(hill)
        while not beside <= seen:
            self._ensure(beside)
            seen |= beside
            score, positions = self._judged(seen)
            beside = set(self._around(positions[score.key], step_ns))
        self._offered |= seen

    def _judged(
        self, offered: set[int], *, is_last: bool = False
    ) -> tuple[MomentScore, Sequence[int]]:
        """The best of these, judged with all that is known, and the positions of its frames."""
        if self._blanks is not None:
            readings = completed(self._blanks, self._known)
            score = choose(readings, self._shutter_ns, with_scenes=is_last)
            return score, range(len(readings))
        known = sorted(self._known)
        readings = [self._known[i] for i in known]
        only = {self._known[i].index for i in offered}
        positions = [i for i in known if i in offered]
        score = choose(readings, self._shutter_ns, only=only, with_scenes=is_last)
        return score, positions

    def _peaks(self, plan: Plan) -> list[int]:
        """The best of the frames that were looked at first, at some distance from each other."""
        if not plan.peaks:
            return []
        score, positions = self._judged(self._offered)
        judged = dict(zip(positions, score.frames, strict=True))
        peaks: list[int] = []
        for i in sorted(plan.first, key=lambda i: -judged[i].score):
            if judged[i].offered and all(
                abs(judged[i].t_ns - judged[peak].t_ns) >= plan.apart_ns for peak in peaks
            ):
                peaks.append(i)
            if len(peaks) == plan.peaks:
                break
        return peaks

    def _around(self, position: int, reach_ns: int) -> range:
        t_ns = self._times_ns[position]
        return range(
            bisect_left(self._times_ns, t_ns - reach_ns),
            bisect_right(self._times_ns, t_ns + reach_ns),
        )

    def _ensure(self, wanted: Iterable[int]) -> bool:
        """Look at those of these that nobody has looked at; whether there were any."""
        new = sorted(set(wanted) - self._known.keys())
        if new:
            self._known.update(self._measure(new))
        return bool(new)


def _promising(score: MomentScore) -> list[int]:
    """The frames not looked at that may be better than the best one, the best of them."""
    best = score.frames[score.key].score + TIE
    some = [
        i for i, frame in enumerate(score.frames)
        if frame.estimated and frame.offered and frame.score > best
    ]  # fmt: skip
    return sorted(some, key=lambda i: -score.frames[i].score)[:PROMISING]
