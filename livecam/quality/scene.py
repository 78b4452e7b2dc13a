"""Frames without a face: focus, steadiness, light, and whether something is going on.

As Top Shot does for scenes without people: a sharp frame of the action beats an empty one.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from livecam.quality import parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.frame import Bytes
    from livecam.quality.measures import FrameReading

    Floats = npt.NDArray[np.float32]

SHAKEN = 0.02
"""Shift between frames, in picture widths per thirtieth of a second, at which steadiness is 0.5: 26
pixels at 720p, a smear as wide as a finger at arm's length."""

DIFFERENT = 12
"""Levels of 255 by which a pixel differs from the scene's usual look where something moves: three
times what a webcam's noise leaves in the small copies."""
ACTION_LOW, ACTION_HIGH = 0.004, 0.03
"""Share of such pixels from which there is a subject, and from which it counts in full."""

EMPTY_SHARE, EMPTY = 0.4, (0.05, 0.2)
"""A subject comes and goes if this share of the frames shows the scene without it: the motion there
is at most a twentieth of the largest. If it is a fifth or more, everything is in motion."""

BLACK = 4.0
"""Levels of 255 added before light is compared: in the dark a level more is not twice the light."""

PANNED = 0.02
"""Shift from the scene's usual look, in widths, from which the camera itself moves: what is new in
a frame is then no subject."""

FEW = 15
"""Fewer frames do not show what the scene usually looks like."""
SURE = 0.05
"""Peak of the phase correlation from which two frames show the same thing."""
MANY = 0.3
"""Share of the frames that must lie elsewhere: a subject that fills one frame is no pan."""

LONG_AGO_S = 0.5
"""Frames further apart say nothing of how the camera shook between them."""
THIRTIETH_S = 1 / 30


def scene_parts(
    readings: Sequence[FrameReading], *, related: bool = True
) -> list[dict[str, float]]:
    """Focus, steadiness, light and action of each frame.

    `related` frames are of one moment and compared with each other; others stand alone.
    """
    scenes = [reading.scene for reading in readings]
    if not related or not scenes:
        return [
            {
                "focus": parts.focus_of_scene(scene.sharpness, scene.sharpness),
                "steadiness": 1.0,
                "light": parts.light(scene.luma, scene.black, scene.white),
                "action": 1.0,
            }
            for scene in scenes
        ]
    best = max(scene.sharpness for scene in scenes)
    steady = _steadiness(readings)
    action = _action([scene.overview for scene in scenes])
    return [
        {
            "focus": parts.focus_of_scene(scene.sharpness, best),
            "steadiness": held,
            "light": parts.light(scene.luma, scene.black, scene.white),
            "action": busy,
        }
        for scene, held, busy in zip(scenes, steady, action, strict=True)
    ]


def _steadiness(readings: Sequence[FrameReading]) -> list[float]:
    """1 for a camera held still, from the shift between each frame and its neighbours."""
    speeds = []
    for a, b in itertools.pairwise(readings):
        gap_s = (b.t_ns - a.t_ns) / 1e9
        if not 0 < gap_s <= LONG_AGO_S:
            speeds.append(0.0)
            continue
        shift = _shift(a.scene.overview, b.scene.overview)
        speeds.append(shift / max(gap_s / THIRTIETH_S, 1.0))
    # A frame is as steady as the calmer of its two sides: the other may be the end of a movement.
    around = [
        min(speeds[max(0, i - 1) : i + 1], default=0.0) if speeds else 0.0
        for i in range(len(readings))
    ]
    return [1 / (1 + (speed / SHAKEN) ** 2) for speed in around]


def _is_panned(usual: Bytes, overviews: Sequence[Bytes]) -> bool:
    """Whether the camera itself moves: many frames lie elsewhere, or show something else."""
    elsewhere = 0
    for overview in overviews:
        distance, sure = _displacement(usual, overview)
        elsewhere += distance > PANNED or sure < SURE
    return elsewhere > MANY * len(overviews)


def _shift(a: Bytes, b: Bytes) -> float:
    """How far the whole picture moved, in its widths; 0 if the two have too little in common."""
    distance, sure = _displacement(a, b)
    return distance if sure >= SURE else 0.0


def _displacement(a: Bytes, b: Bytes) -> tuple[float, float]:
    """How far `b` lies from `a`, in widths, and how sure that is (0..1)."""
    if a.shape != b.shape:
        return 0.0, 0.0
    window = _window(a.shape)
    (dx, dy), sure = cv2.phaseCorrelate(a.astype(np.float32), b.astype(np.float32), window)
    return float(np.hypot(dx, dy)) / a.shape[1], sure


def _window(shape: tuple[int, ...]) -> Floats:
    return np.asarray(cv2.createHanningWindow((shape[1], shape[0]), cv2.CV_32F), np.float32)


def _action(overviews: Sequence[Bytes]) -> list[float]:
    """How much of the subject that comes and goes is in each frame; 1 if nothing does.

    Always 1 if the camera itself moves, or if there are fewer than `FEW` frames.
    """
    if len(overviews) < FEW or len({overview.shape for overview in overviews}) != 1:
        return [1.0] * len(overviews)
    median = np.median(np.stack(overviews), axis=0)
    if _is_panned(median.astype(np.uint8), overviews):
        return [1.0] * len(overviews)
    usual = median.astype(np.float32) + BLACK
    # Frames that were not looked at have the overview of one that was.
    share_of: dict[int, float] = {}
    for overview in overviews:
        if id(overview) in share_of:
            continue
        own = overview.astype(np.float32) + BLACK
        # A camera that opens its exposure makes bright parts lighter by more than dark ones.
        difference = np.abs(own * float(np.median(usual / own)) - usual)
        # A change of light is everywhere at once, a subject is not.
        difference = np.abs(difference - np.median(difference))
        share_of[id(overview)] = float((difference > DIFFERENT).mean())
    shares = [share_of[id(overview)] for overview in overviews]
    most = max(shares)
    if most <= 0:
        return [1.0] * len(overviews)
    # At the ends of a slow pan or approach a frame differs most from the rest, without a subject.
    empty = float(np.quantile(shares, EMPTY_SHARE)) / most
    weight = 0.5 * parts.rise(most, ACTION_LOW, ACTION_HIGH) * (1 - parts.rise(empty, *EMPTY))
    return [1 - weight * (1 - share / most) for share in shares]
