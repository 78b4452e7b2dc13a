"""Which frames of a moment with several people are looked at: some first, all where it matters.

A face takes about 10 ms in every frame, so eight faces in ninety frames would take seconds, and
most of those frames are plainly not the best. One frame in four is looked at first (at 30 a
second), then every frame around the best of these, and on uphill until no frame beside the best one
is better. Frames in between get a score too: that of faces between those before and after.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from livecam.faces.face import distance
from livecam.quality.choice import choose
from livecam.quality.explain import TIE
from livecam.quality.measures import FaceReading
from livecam.quality.score import NEAR_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from livecam.quality.choice import MomentScore
    from livecam.quality.finder import Finder
    from livecam.quality.measures import FrameReading

    Look = Callable[[list[int]], Mapping[int, FrameReading]]
    """Measures the frames at these positions."""

SEVERAL = 3
"""Faces from which it is worth it: two are looked at as quickly as a camera gives frames."""
SLOT_NS = 133_000_000
"""One frame of each is looked at first. Of eighteen windows of three to eight people, put together
from labelled clips, the chosen frame is then 0.003 below the best of all (mean; at most 0.021), of
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
SAME_PERSON = 0.8
"""Distance, in widths of a face, up to which faces of two frames belong to one person."""

_NUMBERS = tuple(
    field.name for field in fields(FaceReading) if field.name not in ("box_xyxy", "shapes")
)


class Pace:
    """Says of each frame that comes whether it may wait: of several faces most may."""

    def __init__(self) -> None:
        self._are_several = False
        self._slots: set[int] = set()

    def saw(self, reading: FrameReading) -> None:
        """A frame was looked at."""
        self._are_several = len(reading.faces) >= SEVERAL

    def may_wait(self, t_ns: int) -> bool:
        """Whether another frame of its slot of time is looked at already."""
        slot = t_ns // SLOT_NS
        waits = self._are_several and slot in self._slots
        if not waits:
            self._slots = {one for one in self._slots if abs(one - slot) <= 1} | {slot}
        return waits


def choose_closely(
    blanks: Sequence[FrameReading],
    looked: Mapping[int, FrameReading],
    shutter_ns: int,
    look: Look,
    note: str = "",
) -> MomentScore:
    """Score a moment of which some frames were looked at, and look at others where it needs them.

    `blanks` are all of its frames, not measured, `looked` readings by position. Raises ValueError
    if there is no frame that can be decoded, and whatever `look` raises.
    """
    known = dict(looked)

    def ensure(wanted: Iterable[int]) -> bool:
        new = sorted(set(wanted) - known.keys())
        if new:
            known.update(look(new))
        return bool(new)

    times = [blank.t_ns for blank in blanks]
    first = first_looks(times, shutter_ns)
    ensure(first)
    if not are_several(known[i] for i in first):
        ensure(range(len(blanks)))
        return choose([known[i] for i in range(len(blanks))], shutter_ns, note)
    coarse = choose(completed(blanks, {i: known[i] for i in first}), shutter_ns, note)
    ensure(i for peak in _peaks(coarse, first) for i in _beside(times, peak))
    while True:
        score = choose(completed(blanks, known), shutter_ns, note)
        if not ensure([*_promising(score), *_beside(times, score.key)]):
            return score


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


def are_several(readings: Iterable[FrameReading]) -> bool:
    """Whether most of these frames show several faces."""
    return statistics.median(len(reading.faces) for reading in readings) >= SEVERAL


def completed(
    blanks: Sequence[FrameReading], looked: Mapping[int, FrameReading]
) -> list[FrameReading]:
    """Readings of all frames: those that were looked at, and estimates between them."""
    positions = sorted(looked)
    readings = []
    for i, blank in enumerate(blanks):
        if i in looked:
            readings.append(looked[i])
            continue
        after = bisect_left(positions, i)
        around = [looked[p] for p in positions[max(0, after - 1) : after + 1]]
        readings.append(_between(blank, [reading for reading in around if reading.decoded]))
    return readings


def _between(blank: FrameReading, around: Sequence[FrameReading]) -> FrameReading:
    """What a frame would read if all went evenly from one of these two to the other."""
    blank = replace(blank, estimated=True)
    if not around:
        return blank
    near, far = around[0], around[-1]
    if abs(far.t_ns - blank.t_ns) < abs(near.t_ns - blank.t_ns):
        near, far = far, near
    share = (blank.t_ns - near.t_ns) / (far.t_ns - near.t_ns) if far is not near else 0.0
    faces = []
    for face in near.faces:
        other = min(far.faces, key=lambda f: distance(f.box_xyxy, face.box_xyxy), default=face)
        is_same = distance(other.box_xyxy, face.box_xyxy) <= SAME_PERSON
        faces.append(_blend(face, other, share) if is_same else face)
    return replace(blank, decoded=True, faces=tuple(faces), scene=near.scene)


def _blend(a: FaceReading, b: FaceReading, share: float) -> FaceReading:
    """`share` of the way from one reading of a face to another."""

    def mixed(one: float, other: float) -> float:
        return one + share * (other - one)

    left, top, right, bottom = (
        round(mixed(*edges)) for edges in zip(a.box_xyxy, b.box_xyxy, strict=True)
    )
    return replace(
        a,
        box_xyxy=(left, top, right, bottom),
        shapes={name: mixed(value, b.shapes[name]) for name, value in a.shapes.items()},
        **{name: mixed(getattr(a, name), getattr(b, name)) for name in _NUMBERS},
    )


def _peaks(coarse: MomentScore, first: Collection[int]) -> list[int]:
    """The best of the frames that were looked at first, at some distance from each other."""
    peaks: list[int] = []
    frames = coarse.frames
    for i in sorted(first, key=lambda i: -frames[i].score):
        if frames[i].offered and all(
            abs(frames[i].t_ns - frames[peak].t_ns) >= APART_NS for peak in peaks
        ):
            peaks.append(i)
        if len(peaks) == PEAKS:
            break
    return peaks


def _promising(score: MomentScore) -> list[int]:
    """The frames not looked at that may be better than the best one, the best of them."""
    best = score.frames[score.key].score + TIE
    some = [
        i for i, frame in enumerate(score.frames)
        if frame.estimated and frame.offered and frame.score > best
    ]  # fmt: skip
    return sorted(some, key=lambda i: -score.frames[i].score)[:PROMISING]


def _beside(times_ns: Sequence[int], position: int) -> range:
    """The frames whose eyes count for this one's score, itself included."""
    t_ns = times_ns[position]
    return range(bisect_left(times_ns, t_ns - NEAR_NS), bisect_right(times_ns, t_ns + NEAR_NS))
