"""The search for the best frame: decides which frames of a moment or a movie are looked at.

A face takes about 10 ms in every frame, so eight faces in ninety frames would take seconds, and so
would a long movie; and most of those frames are clearly not the best. Some frames are looked at
first, then all frames around the best of these, and so on uphill until no frame near the best one
is better. `measure` gives the readings of the frames at some positions, so that a camera's ring and
a file are searched in the same way.
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
"""From this many faces on a search pays while a camera gives frames; with two it saves no time."""
ANYBODY = 1
"""The same for a file, whose frames are all there at once. In 66 labelled windows 40 % of the
frames are then looked at; the chosen one is 0.004 below the best of all (mean; at most 0.043), and
as often one that is labelled good (`tests/benchmarks/crowds.py --people`)."""
SLOT_NS = 133_000_000
"""Length of a time slot; one frame of each is looked at first. In eighteen windows of three to
eight people, put together from labelled clips, 35 frames are then looked at, and the chosen one is
0.001 below the best of all (mean; at most 0.017). With 167 ms it is up to 0.14 below, with 100 ms
41 frames are looked at (`tests/benchmarks/crowds.py`)."""
PEAKS = 2
"""How many of those first frames, the best, have all frames around them looked at."""
APART_NS = 200_000_000
"""Least time between these best frames."""
PROMISING = 4
"""How many frames with estimates above the best score are looked at in one go, at most."""
RESUME_NS = 400_000_000
"""Time between two frames up to which faces are looked for where they were in the other one."""


@dataclass(frozen=True)
class Plan:
    """Where a search begins, and how far it goes. Positions count the frames from 0."""

    first: Collection[int]
    """These are looked at first, and may be chosen."""
    beside: Collection[int] = ()
    """These are looked at with them, and only serve to judge them."""
    peaks: int = PEAKS
    """The search goes on around this many of the best; 0: not at all."""
    apart_ns: int = APART_NS
    reach_ns: int = NEAR_NS
    """All frames within this time of each of them are looked at."""
    step_ns: int = NEAR_NS
    """After that, all within this time of the best one are, until none there is better."""


class Pace:
    """Says whether a frame that comes may wait: with several faces, most may."""

    def __init__(self, several: int = SEVERAL) -> None:
        self._several = several
        self._are_several = False
        self._slots: set[int] = set()

    def saw(self, reading: FrameReading) -> None:
        """A frame was looked at."""
        self._are_several = len(reading.faces) >= self._several

    def may_wait(self, t_ns: int) -> bool:
        """Whether there are several faces, and another frame of this slot is looked at already."""
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
    """Score all frames of a moment; from `several` faces on, only the promising ones are looked at.

    The others get estimates. `blanks` are the moment's frames, not measured, `looked` are readings
    by position, and `needed` are positions that are looked at in any case. Raises ValueError if no
    frame can be decoded, and whatever `measure` raises.
    """
    times_ns = [blank.t_ns for blank in blanks]
    plan = Plan(sorted({*first_looks(times_ns, shutter_ns), *needed}))
    return _Search(times_ns, shutter_ns, measure, dict(looked), blanks, several).best(plan)


def search_movie(
    times_ns: Sequence[int], shutter_ns: int, measure: Measure, plan: Plan
) -> MomentScore:
    """Score the promising frames of a movie; among equals, choose the nearest to the shutter.

    Raises as `search_moment` does.
    """
    return _Search(times_ns, shutter_ns, measure, {}, None, SEVERAL).best(plan)


def resume_near(finder: Finder, t_ns: int, readings: Iterable[FrameReading]) -> bool:
    """Let a finder look where faces were in the nearest reading; False if none is near enough."""
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
        """Positions that may be chosen in a movie; in a moment all may."""

    def best(self, plan: Plan) -> MomentScore:
        self._offered = set(plan.first)
        self._ensure({*plan.first, *plan.beside})
        faces = [len(self._known[i].faces) for i in plan.first]
        if self._blanks is not None and statistics.median(faces) < self._several:
            self._ensure(range(len(self._blanks)))
        if self._blanks is not None and len(self._known) == len(self._blanks):
            # There is nothing more to look at.
            return self._all_judged()[0]
        for peak in self._peaks(plan):
            self._climb(self._around(peak, plan.reach_ns), plan.step_ns)
        while True:
            score, positions = self._all_judged()
            beside = self._around(positions[score.key], plan.step_ns) if plan.peaks else ()
            if not self._ensure([*_promising(score), *beside]):
                return score
            self._offered |= set(beside)

    def _climb(self, hill: Iterable[int], step_ns: int) -> None:
        """Look at some frames, and around the best of them until none near it is better."""
        seen, beside = set[int](), set(hill)
        while not beside <= seen:
            self._ensure(beside)
            seen |= beside
            score, known = self._looked_judged(seen)
            beside = set(self._around(known[score.key], step_ns))
        self._offered |= seen

    def _looked_judged(
        self, offered: set[int], *, briefly: bool = True
    ) -> tuple[MomentScore, Sequence[int]]:
        """The best of these, judged by all that were looked at, and their positions.

        In a moment all that were looked at may be chosen.
        """
        known = sorted(self._known)
        if self._blanks is not None:
            offered = set(known)
        readings = [self._known[i] for i in known]
        only = {self._known[i].index for i in offered}
        score = choose(readings, self._shutter_ns, only=only, briefly=briefly)
        return score, [i for i in known if i in offered]

    def _all_judged(self) -> tuple[MomentScore, Sequence[int]]:
        """The choice, and the positions of its frames: of a moment all, estimated where need be."""
        if self._blanks is None:
            return self._looked_judged(self._offered, briefly=False)
        readings = completed(self._blanks, self._known)
        score = choose(readings, self._shutter_ns)
        return score, range(len(readings))

    def _peaks(self, plan: Plan) -> list[int]:
        """The best of the frames that were looked at first, at some distance from each other."""
        if not plan.peaks:
            return []
        score, known = self._looked_judged(self._offered)
        judged = dict(zip(known, score.frames, strict=True))
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
        """Look at those of these frames that are not known yet; whether there were any."""
        new = sorted(set(wanted) - self._known.keys())
        if new:
            self._known.update(self._measure(new))
        return bool(new)


def _promising(score: MomentScore) -> list[int]:
    """The frames with the highest estimates, if above the best score; at most `PROMISING`."""
    best = score.frames[score.key].score + TIE
    some = [
        i for i, frame in enumerate(score.frames)
        if frame.estimated and frame.offered and frame.score > best
    ]  # fmt: skip
    return sorted(some, key=lambda i: -score.frames[i].score)[:PROMISING]
