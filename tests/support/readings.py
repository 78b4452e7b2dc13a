"""Readings made by hand: a good face, a calm scene, and moments of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from livecam.quality.measures import FaceReading, FrameReading, SceneReading
from livecam.timebase import NS_PER_S

FACE = FaceReading(
    box_xyxy=(100, 100, 260, 280), share=0.05, inside=1.0, width_px=160, blink=0.05, aperture=0.32,
    smile=0.7, corner=0.05, pucker=0.0, twist=0.0, gape=0.02, brow=0.0, frown=0.0, iris_x=0.0,
    iris_y=-0.07, look_down=0.15, look_up=0.05, yaw_deg=0, pitch_deg=0, roll_deg=0, sharpness=0.12,
    streak=0.9, noise=0.5, luma=0.5, black=0.0, white=0.0, cheeks=0.9, presence=0.92,
)  # fmt: skip
SCENE = SceneReading(
    sharpness=0.3, luma=0.5, black=0.0, white=0.0, overview=np.full((90, 160), 128, np.uint8)
)


def frame(i: int, *faces: FaceReading, **changes: Any) -> FrameReading:
    base = FrameReading(i, i * NS_PER_S // 30, False, True, True, faces, SCENE)
    return replace(base, **changes)


def moment(changes: dict[int, FaceReading | None], count: int = 30) -> list[FrameReading]:
    """Good frames of a living person, except for those in `changes`."""
    found = []
    for i in range(count):
        # People are never quite still; drawings are.
        face = changes.get(i, replace(FACE, yaw_deg=(i % 3 - 1) * 1.0))
        found.append(frame(i, face) if face else frame(i))
    return found


def shutter(i: int) -> int:
    return i * NS_PER_S // 30
