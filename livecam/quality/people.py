"""Who is who: faces of one person, followed from frame to frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.quality.measures import FaceReading, FrameReading

REACH = 0.8
"""A face is the same person's if its centre moved by less than this share of its width."""


def follow(readings: Sequence[FrameReading]) -> list[tuple[int, ...]]:
    """For each frame, the person's number of each of its faces, in the order of the faces.

    Nearest first, each person at most once a frame. A face near no known one is a new person.
    """
    last_seen: list[FaceReading] = []
    numbers: list[tuple[int, ...]] = []
    for reading in readings:
        pairs = sorted(
            (_distance(face, known), f, person)
            for f, face in enumerate(reading.faces)
            for person, known in enumerate(last_seen)
        )
        found: dict[int, int] = {}
        for distance, f, person in pairs:
            if distance <= REACH and f not in found and person not in found.values():
                found[f] = person
        for f, face in enumerate(reading.faces):
            if f not in found:
                found[f] = len(last_seen)
                last_seen.append(face)
            last_seen[found[f]] = face
        numbers.append(tuple(found[f] for f in range(len(reading.faces))))
    return numbers


def _distance(a: FaceReading, b: FaceReading) -> float:
    """Between centres, in widths of the larger face."""
    (al, at, ar, ab), (bl, bt, br, bb) = a.box_xyxy, b.box_xyxy
    width = max(ar - al, br - bl, 1)
    return float((((al + ar - bl - br) / 2) ** 2 + ((at + ab - bt - bb) / 2) ** 2) ** 0.5 / width)
