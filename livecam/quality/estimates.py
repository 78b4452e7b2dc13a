"""Estimates readings of frames that were not measured, from the frames before and after."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from livecam.faces.face import distance
from livecam.quality.measures import FaceReading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livecam.quality.measures import FrameReading

SAME_PERSON = 0.8
"""Distance, in widths of a face, up to which faces of two frames belong to one person."""

_NUMBERS = tuple(
    field.name for field in fields(FaceReading) if field.name not in ("box_xyxy", "shapes")
)


def completed(
    blanks: Sequence[FrameReading], looked: Mapping[int, FrameReading]
) -> list[FrameReading]:
    """Readings of all frames: of those that were measured, and estimates between them."""
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
    """Interpolate a frame's reading between the measured ones before and after it."""
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
