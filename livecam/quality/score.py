"""From what was measured to a score for every frame of a moment. Pure: no clock, no file."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from livecam.quality import parts
from livecam.quality.people import follow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.quality.measures import FaceReading, FrameReading

Basis = Literal["faces", "frame"]

WEIGHTS = {"eyes": 1.0, "focus": 1.0, "light": 1.0, "pose": 2.0, "expression": 1.0}
"""Exponents of the product."""


@dataclass(frozen=True)
class FaceScore:
    """One face in one frame, judged."""

    person: int
    """The same number throughout a moment."""
    box_xyxy: tuple[int, int, int, int]
    score: float
    parts: dict[str, float]
    """0..1 by name, in the order of `parts.PARTS`."""


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
    """Of the whole frame; what counts where no face is in the moment."""


def score_frames(readings: Sequence[FrameReading]) -> tuple[Basis, tuple[FrameScore, ...]]:
    """Judge every frame of a moment against the others.

    Where any frame holds a face, a frame without one scores 0.
    """
    scenes = _scene_parts(readings)
    people = follow(readings)
    by_person: dict[int, list[FaceReading]] = {}
    for reading, numbers in zip(readings, people, strict=True):
        for face, person in zip(reading.faces, numbers, strict=True):
            by_person.setdefault(person, []).append(face)
    basis: Basis = "faces" if by_person else "frame"
    usual = {person: parts.baseline_of(faces) for person, faces in by_person.items()}
    expected = _regulars(people)
    frames = []
    for reading, numbers, scene in zip(readings, people, scenes, strict=True):
        faces = tuple(
            score_face(face, person, usual[person])
            for face, person in zip(reading.faces, numbers, strict=True)
        )
        whole = _group(faces, reading.faces, expected) if basis == "faces" else product(scene)
        frames.append(
            FrameScore(
                index=reading.index,
                t_ns=reading.t_ns,
                score=whole if reading.decoded else 0.0,
                offered=reading.whole and not reading.warmup,
                faces=faces,
                parts=scene,
            )
        )
    return basis, tuple(frames)


def score_face(face: FaceReading, person: int, usual: parts.Baseline) -> FaceScore:
    """Judge one face against what is usual for the person."""
    values = {
        "eyes": parts.eyes(face.blink, usual.blink),
        "focus": parts.focus(face.sharpness, usual.sharpness),
        "light": parts.light(face.luma, face.black, face.white),
        "pose": parts.pose(face.yaw_deg, face.pitch_deg, face.roll_deg),
        "expression": parts.expression(face.smile, face.frown, face.pucker, face.twist),
    }
    return FaceScore(person, face.box_xyxy, product(values), values)


def product(values: dict[str, float]) -> float:
    """One failed part sinks the whole: a product, never a sum."""
    return math.prod(math.pow(value, WEIGHTS.get(name, 1.0)) for name, value in values.items())


def _regulars(people: Sequence[tuple[int, ...]]) -> int:
    """How many people belong to the moment: those seen in at least half of its frames."""
    seen = Counter(person for numbers in people for person in numbers)
    return sum(count * 2 >= len(people) for count in seen.values())


def _group(faces: Sequence[FaceScore], readings: Sequence[FaceReading], expected: int) -> float:
    """Half the mean, the nearer the heavier, and half the worst: nobody may look bad.

    A person of the moment who is missing from this frame counts as 0.
    """
    if not faces:
        return 0.0
    missing = max(0, expected - len(faces))
    # The root of the area: a face twice as near counts twice, not four times.
    weights = [math.sqrt(max(face.share, 1e-6)) for face in readings]
    mean = float(np.average([face.score for face in faces], weights=weights))
    mean *= len(faces) / (len(faces) + missing)
    worst = 0.0 if missing else min(face.score for face in faces)
    return (mean + worst) / 2


def _scene_parts(readings: Sequence[FrameReading]) -> list[dict[str, float]]:
    """Focus, steadiness and exposure of each whole frame, against the others."""
    scenes = [reading.scene for reading in readings]
    best = max((scene.sharpness for scene in scenes), default=0.0)
    changes = [scene.change for scene in scenes]
    if len(changes) > 1:
        changes[0] = changes[1]  # nothing came before the first: no steadier than the second
    return [
        {
            "focus": parts.focus(scene.sharpness, best),
            # 0.05 of mean change between two frames is a camera being swung round.
            "steadiness": 1 / (1 + (change / 0.05) ** 2),
            "light": parts.light(scene.luma, scene.black, scene.white),
        }
        for scene, change in zip(scenes, changes, strict=True)
    ]
