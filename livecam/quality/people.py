"""Who is who in a moment, who belongs to it, and what each of them is called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from livecam.faces.face import distance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livecam.quality.measures import FaceReading, FrameReading

REACH = 0.8
"""A face is the same person's if its centre moved by less than this share of its width."""

LIFELESS_NS, LIFELESS_FRAMES = 450_000_000, 8
"""A face that is seen for a shorter time, or in fewer frames, is never taken for a picture."""
STILL = {"blink": 0.02, "aperture": 0.012, "yaw_deg": 0.5, "pitch_deg": 0.5, "smile": 0.02}
"""Standard deviations below which nothing in a face moves. Noise on a drawing stays below; the
calmest second of the clips' people is above in at least one of them. A person who is taken for a
picture all the same does not change, and so could not decide between frames anyway."""

LONG_NS, LONG_REACH = 500_000_000, 3.0
"""After a gap this long between frames, a face may have moved by this many of its widths."""

BYSTANDER = 0.35
"""Faces narrower than this share of the widest one belong to people who walk by."""


def follow(readings: Sequence[FrameReading]) -> list[tuple[int, ...]]:
    """For each frame, the person numbers of its faces, in the order of the faces.

    The nearest pairs are matched first, each person at most once a frame. A face that is near no
    known one is a new person.
    """
    last_seen: list[FaceReading] = []
    numbers: list[tuple[int, ...]] = []
    last_ns = readings[0].t_ns if readings else 0
    for reading in readings:
        reach = LONG_REACH if reading.t_ns - last_ns > LONG_NS else REACH
        last_ns = reading.t_ns
        pairs = sorted(
            (distance(face.box_xyxy, known.box_xyxy), f, person)
            for f, face in enumerate(reading.faces)
            for person, known in enumerate(last_seen)
        )
        found: dict[int, int] = {}
        for far, f, person in pairs:
            if far <= reach and f not in found and person not in found.values():
                found[f] = person
        for f, face in enumerate(reading.faces):
            if f not in found:
                found[f] = len(last_seen)
                last_seen.append(face)
            last_seen[found[f]] = face
        numbers.append(tuple(found[f] for f in range(len(reading.faces))))
    return numbers


def regulars(people: Sequence[tuple[int, ...]]) -> set[int]:
    """Those who belong to the moment: seen in at least half of its frames."""
    seen = Counter(person for numbers in people for person in numbers)
    return {person for person, count in seen.items() if count * 2 >= len(people)}


def counted(by_person: Mapping[int, Sequence[tuple[int, FaceReading]]]) -> set[int]:
    """Those whose faces decide: no drawings and posters, nobody who walks by far behind.

    If there is nobody else, drawings and posters do count. Faces come with their times in ns.
    """
    living = {person for person, seen in by_person.items() if not _is_lifeless(seen)}
    people = living or set(by_person)
    widths = {
        person: float(np.median([f.width_px for _, f in by_person[person]])) for person in people
    }
    widest = max(widths.values(), default=0.0)
    return {person for person in people if widths[person] >= BYSTANDER * widest}


def _is_lifeless(seen: Sequence[tuple[int, FaceReading]]) -> bool:
    if len(seen) < LIFELESS_FRAMES or seen[-1][0] - seen[0][0] < LIFELESS_NS:
        return False
    return all(
        float(np.std([getattr(face, name) for _, face in seen])) < limit
        for name, limit in STILL.items()
    )


def places(boxes: Mapping[int, Sequence[tuple[int, int, int, int]]]) -> dict[int, str]:
    """What each person is called, by place from the left; "" if there is only one person."""
    middles = {p: float(np.median([(b[0] + b[2]) / 2 for b in bs])) for p, bs in boxes.items()}
    order = sorted(middles, key=lambda person: middles[person])
    names = {0: (), 1: ("",), 2: ("left", "right"), 3: ("left", "middle", "right")}.get(len(order))
    if names is None:
        inner = tuple(f"{_ordinal(i)} from left" for i in range(2, len(order)))
        names = ("left", *inner, "right")
    return dict(zip(order, names, strict=True))


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third", 4: "fourth", 5: "fifth"}.get(number, f"{number}th")
