"""From what was measured to a score for every frame of a moment. Pure: no clock, no file."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from livecam.quality import parts
from livecam.quality.baseline import baseline_of
from livecam.quality.composure import USUAL, composure, features_of, shifted, word_of
from livecam.quality.people import counted, follow, places, regulars
from livecam.quality.scene import scene_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence, Set

    from livecam.quality.measures import FaceReading, FrameReading

Basis = Literal["faces", "frame"]

WEIGHTS = {
    "eyes": 1.0, "expression": 1.0, "gaze": 0.8, "pose": 1.0, "focus": 0.8, "grain": 1.0,
    "light": 0.7, "evenness": 0.5, "occlusion": 1.0, "size": 0.5,
}  # fmt: skip
"""Exponents of the product. Chosen by hand: of eighty random sets within 40 % of these none chose
closed eyes on the labelled clips, and each ordered at least 0.973 of the pairs correctly
(`tests/benchmarks/quality.py`)."""

LEAST, LEAST_OF_EYES = 0.01, 0.1
"""What a part leaves of the score at its worst. No measurement is certain, that of the eyes least
of all (laughter narrows them), and of frames that are all bad the better one must still win. With 0
in their place, frames that people call bad scored above good ones more often in all three sets of
labelled people: 0.982, 0.969, 0.704 of the pairs in order, and now 0.992, 0.986, 0.782, with
anything from 0.05 to 0.2 nearly the same (`tests/benchmarks/people.py`)."""

SOMEBODY = 0.2
"""Share of the frames in which one person must be seen; a passer-by far off flickers in and out."""

LEAST_SHARE, LEAST_PRESENCE = 0.0005, 0.2
"""Share of the picture's area, and certainty of the detector, from which a face may decide: a width
of 22 pixels at 720p. The detector is less certain of the faces that it sees in waterfalls, or in
records on a wall."""
SMALL_SHARE, NOTHING = 0.01, 0.02
"""If no face is larger, and no frame scores higher by its faces, the scene is scored instead."""

NEAR_NS = 70_000_000
"""No frame this near to a blink is a good one: the lids are moving. With 50 ms, one frame to each
side, people's pairs are in order a little more often (0.995 for 0.992, 0.989 for 0.986), but of 90
windows with many blinks one more gets half-closed eyes (6 for 5)."""
HELD_NS = 500_000_000
"""Time to each side, longer than a blink: eyes that are narrow throughout laugh, or always are."""
LEAST_AROUND, LEAST_SPAN_NS = 5, 400_000_000
"""Fewer looks, or over less time, may all lie within one blink."""
STEADY = {"iris_x": 0.06, "iris_y": 0.06, "presence": 0.1}
"""Measures that a shift by one pixel changes as much as a face does within 70 ms, and how far apart
readings within that time may be to be averaged; a larger change is a movement and is kept. Under
such a shift, the score of 1.4 % of the frames of moments then changes by more than 0.02 (standard
deviation), without averaging of 2.4 % (`tests/benchmarks/damage.py`).
"""


@dataclass(frozen=True)
class FaceScore:
    """One face in one frame, judged."""

    person: int
    """The same number throughout a moment."""
    box_xyxy: tuple[int, int, int, int]
    score: float
    parts: dict[str, float]
    """0..1 by name, in the order of `parts.PARTS`; `composure` where the person is known."""
    place: str = ""
    """Where the person stands among the others: "left", "second from left"; "" if alone."""
    words: dict[str, str] = field(default_factory=dict)
    """Exact words for what is wrong with a part, by its name: "mid-word", "looking down"."""
    counts: bool = True
    """False for a drawing or poster, and for somebody who walks by far behind."""
    angles_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Yaw, pitch and roll, 0 when facing the camera."""


@dataclass(frozen=True)
class FrameScore:
    """One frame, judged. `score` is 0..1."""

    index: int
    t_ns: int
    score: float
    offered: bool
    """False for frames that are no choice: taken while the camera warmed up, or broken."""
    faces: tuple[FaceScore, ...]
    parts: dict[str, float]
    """Parts of the whole frame; the score is made of them where faces do not decide."""
    missing: tuple[str, ...] = ()
    """Places of the people of the moment who are not in this frame."""
    estimated: bool = False
    """True for a frame that was not looked at: estimated from those before and after it."""


def score_pictures(
    readings: Sequence[FrameReading], moments: Sequence[int] | None = None
) -> tuple[Basis, tuple[FrameScore, ...]]:
    """Judge loose pictures: each by itself, those of one burst against each other.

    `moments` gives the number of each picture's burst; None if there are no bursts. Where faces
    decide, a picture without a face scores 0.
    """
    shown = sum(any(_matters(face) for face in reading.faces) for reading in readings)
    basis: Basis = "faces" if shown >= max(1, SOMEBODY * len(readings)) else "frame"
    frames: dict[int, FrameScore] = {}
    for burst in _bursts(len(readings), moments):
        members = sorted(burst, key=lambda i: readings[i].t_ns)
        group = [readings[i] for i in members]
        if basis == "frame":
            _, judged = _score_scenes(group, scene_parts(group, related=len(group) > 1))
        else:
            judged = _score_burst(group)
        frames.update(zip(members, judged, strict=True))
    return basis, tuple(frames[i] for i in range(len(readings)))


def _score_burst(group: Sequence[FrameReading]) -> tuple[FrameScore, ...]:
    """Pictures of one burst, in a set where faces decide."""
    if len(group) > 1:
        basis, judged = score_frames(group)
        if basis == "faces":
            return judged
    return _score_alone(group)


def _bursts(count: int, moments: Sequence[int] | None) -> list[list[int]]:
    """Positions of the pictures of each burst."""
    if moments is None:
        return [[i] for i in range(count)]
    bursts: dict[int, list[int]] = {}
    for i, moment in enumerate(moments):
        bursts.setdefault(moment, []).append(i)
    return list(bursts.values())


def score_frames(
    readings: Sequence[FrameReading],
    *,
    only: Collection[int] | None = None,
    briefly: bool = False,
) -> tuple[Basis, tuple[FrameScore, ...]]:
    """Judge every frame of a moment against the others, in the order of time.

    Where faces decide (one person is seen in enough frames), a frame without a face scores 0.
    `only` are the indices of those to be judged; the others show what is usual. `briefly` leaves
    out words, and the parts of whole frames where faces decide: they change no score and take time.
    """
    people = follow(readings)
    by_person: dict[int, list[tuple[int, FaceReading]]] = {}
    for reading, numbers in zip(readings, people, strict=True):
        for face, person in zip(reading.faces, numbers, strict=True):
            by_person.setdefault(person, []).append((reading.t_ns, face))
    unseen = {reading.t_ns for reading in readings if reading.estimated}
    basis = _basis(by_person, len(readings))
    if basis == "frame":
        return _score_scenes(readings, scene_parts(readings), only)
    scenes = [{} for _ in readings] if briefly else scene_parts(readings)
    crowd = _Crowd(by_person, regulars(people), unseen)
    frames = []
    for reading, numbers, scene in zip(readings, people, scenes, strict=True):
        if only is not None and reading.index not in only:
            continue
        faces = tuple(
            crowd.judge(face, person, reading.t_ns, briefly=briefly)
            for face, person in zip(reading.faces, numbers, strict=True)
        )
        missing = crowd.missing(numbers)
        whole = _group(faces, reading.faces, len(missing))
        frames.append(_frame(reading, whole, faces, scene, missing))
    largest = max(face.share for reading in readings for face in reading.faces)
    if largest < SMALL_SHARE and max(frame.score for frame in frames) < NOTHING:
        scenes = scene_parts(readings) if briefly else scenes
        return _score_scenes(
            readings, scenes, only
        )  # whoever they are, the picture is not about them
    return "faces", tuple(frames)


def _score_scenes(
    readings: Sequence[FrameReading],
    scenes: Sequence[dict[str, float]],
    only: Collection[int] | None = None,
) -> tuple[Basis, tuple[FrameScore, ...]]:
    """Judge whole pictures, without any faces: those found are none, or do not matter."""
    pairs = zip(readings, scenes, strict=True)
    return "frame", tuple(
        _frame(reading, product(scene), (), scene, ())
        for reading, scene in pairs
        if only is None or reading.index in only
    )


def _matters(face: FaceReading) -> bool:
    return face.share >= LEAST_SHARE and face.presence >= LEAST_PRESENCE


def _basis(by_person: dict[int, list[tuple[int, FaceReading]]], count: int) -> Basis:
    """Whether faces decide: one person must be seen in at least `SOMEBODY` of the frames."""
    longest = max(
        (sum(_matters(face) for _, face in seen) for seen in by_person.values()), default=0
    )
    return "faces" if longest >= max(1, SOMEBODY * count) else "frame"


class _Crowd:
    """The people of a moment, with what is usual for each."""

    def __init__(
        self,
        by_person: dict[int, list[tuple[int, FaceReading]]],
        present: set[int],
        unseen: Set[int] = frozenset(),
    ) -> None:
        """`unseen` are the times of frames that were not looked at: no blink is known of them."""
        faces = {person: [face for _, face in seen] for person, seen in by_person.items()}
        self._counted = counted(by_person)
        self._expected = present & self._counted
        self._usual = {person: baseline_of(seen) for person, seen in faces.items()}
        looked = {
            person: [(t_ns, face) for t_ns, face in seen if t_ns not in unseen]
            for person, seen in by_person.items()
        }
        self._times = {person: [t_ns for t_ns, _ in seen] for person, seen in looked.items()}
        self._faces = {person: [face for _, face in seen] for person, seen in looked.items()}
        named = self._expected or self._counted
        self._places = places({p: [f.box_xyxy for f in faces[p]] for p in named})

    def judge(
        self, face: FaceReading, person: int, t_ns: int, *, briefly: bool = False
    ) -> FaceScore:
        """One face at one time; `briefly` without words."""
        times = self._times[person]
        low, high = bisect_left(times, t_ns - NEAR_NS), bisect_right(times, t_ns + NEAR_NS)
        around = self._faces[person][low:high]
        if t_ns not in times[low:high]:  # not looked at itself
            around = [*around, face]
        near = (max(f.blink for f in around), min(f.aperture for f in around))
        calmed = replace(
            face,
            iris_x=_calmed("iris_x", face, around),
            iris_y=_calmed("iris_y", face, around),
            presence=_calmed("presence", face, around),
        )
        usual = self._usual[person]
        held = parts.held_narrow(near[1], self._lids_around(person, t_ns))
        values = parts.parts_of(calmed, usual, near, held)
        words = {} if briefly else parts.words_of(calmed, usual, near, held)
        if features := features_of(calmed, usual.composure):
            values["composure"] = composure(features, values["eyes"])
            words |= {} if briefly else {"composure": word_of(features)}
        return FaceScore(
            person, face.box_xyxy, product(values), values,
            self._places.get(person, ""), words, person in self._counted,
            (face.yaw_deg, face.pitch_deg, face.roll_deg),
        )  # fmt: skip

    def _lids_around(self, person: int, t_ns: int) -> list[float]:
        """Lid gaps of a person within half a second to each side; none if too few are known."""
        times = self._times[person]
        low, high = bisect_left(times, t_ns - HELD_NS), bisect_right(times, t_ns + HELD_NS)
        if high - low < LEAST_AROUND or times[high - 1] - times[low] < LEAST_SPAN_NS:
            return []
        return [face.aperture for face in self._faces[person][low:high]]

    def missing(self, numbers: tuple[int, ...]) -> tuple[str, ...]:
        """Places of those who should be there and are not."""
        return tuple(self._places[p] for p in sorted(self._expected - set(numbers)))


def _calmed(name: str, face: FaceReading, around: Sequence[FaceReading]) -> float:
    """A measure of a face, averaged over the readings around it that say nearly the same."""
    own = getattr(face, name)
    values = [getattr(other, name) for other in around]
    alike: list[float] = [value for value in values if abs(value - own) <= STEADY[name]]
    return sum(alike) / len(alike)


def _score_alone(readings: Sequence[FrameReading]) -> tuple[FrameScore, ...]:
    """Judge unrelated pictures: by absolute limits, and with the prior as baseline."""
    scenes = scene_parts(readings, related=False)
    frames = []
    for reading, scene in zip(readings, scenes, strict=True):
        crowd = _Crowd({i: [(0, face)] for i, face in enumerate(reading.faces)}, set())
        faces = tuple(crowd.judge(face, i, 0) for i, face in enumerate(reading.faces))
        frames.append(_frame(reading, _group(faces, reading.faces, 0), faces, scene, ()))
    return tuple(frames)


def _frame(
    reading: FrameReading,
    whole: float,
    faces: tuple[FaceScore, ...],
    scene: dict[str, float],
    missing: tuple[str, ...],
) -> FrameScore:
    return FrameScore(
        index=reading.index,
        t_ns=reading.t_ns,
        score=whole if reading.decoded else 0.0,
        offered=reading.whole and not reading.warmup,
        faces=faces,
        parts=scene,
        missing=missing,
        estimated=reading.estimated,
    )


def product(values: dict[str, float]) -> float:
    """Multiply the parts, each with its exponent: one failed part fails the whole.

    `composure` alone is no factor: it shifts the odds of the rest, up or down.
    """
    rest = (_worth(name, value) for name, value in values.items() if name != "composure")
    return shifted(math.prod(rest), values.get("composure", USUAL))


def _worth(name: str, value: float) -> float:
    least = LEAST_OF_EYES if name == "eyes" else LEAST
    return math.pow(least + (1 - least) * value, WEIGHTS.get(name, 1.0))


def _group(faces: Sequence[FaceScore], readings: Sequence[FaceReading], missing: int) -> float:
    """Half the mean, in which near faces weigh more, plus half the worst: nobody may look bad.

    A person of the moment who is missing from this frame counts as 0.
    """
    pairs = [(f, r) for f, r in zip(faces, readings, strict=True) if f.counts]
    if not pairs:
        return 0.0
    # The root of the area: a face twice as near counts twice, not four times.
    weights = [math.sqrt(max(reading.share, 1e-6)) for _, reading in pairs]
    mean = float(np.average([face.score for face, _ in pairs], weights=weights))
    mean *= len(pairs) / (len(pairs) + missing)
    worst = 0.0 if missing else min(face.score for face, _ in pairs)
    return (mean + worst) / 2
