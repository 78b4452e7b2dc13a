"""What is measured on a picture. Pure functions: pixels in, numbers out, nothing judged yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from livecam.capture.frame import Bytes
    from livecam.quality.face import Face

FACE_WIDTH = 128
"""Faces are brought to this width, in pixels, before their sharpness is measured, so that a person
who comes nearer does not seem blurred. Larger, and a webcam's noise counts as detail."""

FRAME_WIDTH = 320
"""The same for whole pictures."""

BLACK, WHITE = 25, 247
"""ISO/IEC 29794-5 counts luminance 0..25 as under- and 247..255 as over-exposed."""


@dataclass(frozen=True)
class FaceReading:
    """One face in one frame, measured."""

    box_xyxy: tuple[int, int, int, int]
    """Pixels of the full-size frame."""
    share: float
    """Area of the box as a share of the frame's."""
    blink: float
    """The larger of `eyeBlinkLeft` and `eyeBlinkRight`, 0 open .. 1 shut."""
    smile: float
    """Mean of `mouthSmileLeft` and `mouthSmileRight`."""
    frown: float
    """`mouthShrugLower`, of all coefficients the best sign of a frown (AUC 0.84 on labelled clips;
    `browDown` fires on laughter and misses frowns)."""
    pucker: float
    """`mouthPucker`: kissing, or in the middle of a word."""
    twist: float
    """The larger of `mouthLeft` and `mouthRight`: a mouth pulled to one side."""
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    sharpness: float
    """Of the size-normalised face: mean absolute Laplacian over its contrast."""
    luma: float
    """Mean luminance of the face, 0..1."""
    black: float
    """Share of the face's pixels that are under-exposed."""
    white: float
    """Share of the face's pixels that are over-exposed."""


@dataclass(frozen=True)
class SceneReading:
    """One whole frame, measured."""

    sharpness: float
    luma: float
    black: float
    white: float
    change: float
    """Mean absolute difference from the frame before, 0..1; 0 for the first."""


@dataclass(frozen=True)
class FrameReading:
    """All that was measured on one frame."""

    index: int
    t_ns: int
    warmup: bool
    decoded: bool
    """False if the frame could not be decoded; nothing below means anything then."""
    whole: bool
    """False if the frame was cut off on its way, though some of it may have been decoded."""
    faces: tuple[FaceReading, ...]
    scene: SceneReading


def read_face(image_bgr: Bytes, face: Face, size_wh: tuple[int, int]) -> FaceReading:
    """Measure a face found in `image_bgr` (H, W, 3) uint8, a frame of `size_wh` or a reduction."""
    height, width = image_bgr.shape[:2]
    left, top, right, bottom = face.box_xyxy((width, height))
    crop = image_bgr[top : max(bottom, top + 2), left : max(right, left + 2)]
    gray: Bytes = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)  # type: ignore[assignment]
    shapes = face.blendshapes
    low, high = face.box[:2], face.box[2:]
    return FaceReading(
        box_xyxy=face.box_xyxy(size_wh),
        share=(high[0] - low[0]) * (high[1] - low[1]),
        blink=max(shapes["eyeBlinkLeft"], shapes["eyeBlinkRight"]),
        smile=(shapes["mouthSmileLeft"] + shapes["mouthSmileRight"]) / 2,
        frown=shapes["mouthShrugLower"],
        pucker=shapes["mouthPucker"],
        twist=max(shapes["mouthLeft"], shapes["mouthRight"]),
        yaw_deg=face.angles_deg[0],
        pitch_deg=face.angles_deg[1],
        roll_deg=face.angles_deg[2],
        sharpness=sharpness(gray, FACE_WIDTH),
        **_light(gray),
    )


def overview(image_bgr: Bytes) -> Bytes:
    """A small gray copy, (h, 320) uint8, of a (H, W, 3) picture: what scenes are measured on."""
    return _to_width(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), FRAME_WIDTH)  # type: ignore[arg-type]


def read_scene(gray: Bytes, before: Bytes | None) -> SceneReading:
    """Measure a whole picture beside the one before it, both as `overview` gives them."""
    change = 0.0
    if before is not None and before.shape == gray.shape:
        change = float(cv2.absdiff(gray, before).mean()) / 255
    return SceneReading(sharpness=sharpness(gray, FRAME_WIDTH), change=change, **_light(gray))


def sharpness(gray: Bytes, width: int) -> float:
    """How much fine detail a (H, W) uint8 picture holds, whatever its size, light and contrast.

    Mean absolute Laplacian after a 3x3 Gaussian (one of the sharpness features of ISO/IEC 29794-5),
    divided by the standard deviation, so that a darker picture of the same focus reads the same.
    """
    small = _to_width(gray, width)
    smooth = cv2.GaussianBlur(small, (3, 3), 0)
    detail = cv2.Laplacian(smooth, cv2.CV_32F, ksize=3)
    # The 4.0 keeps a nearly flat, dark face, where only noise is left, from reading as sharp.
    return float(np.abs(detail).mean()) / (float(smooth.std()) + 4.0)


def _light(gray: Bytes) -> dict[str, float]:
    return {
        "luma": float(gray.mean()) / 255,
        "black": float((gray <= BLACK).mean()),
        "white": float((gray >= WHITE).mean()),
    }


def _to_width(gray: Bytes, width: int) -> Bytes:
    height = max(2, round(gray.shape[0] * width / gray.shape[1]))
    how = cv2.INTER_AREA if gray.shape[1] > width else cv2.INTER_LINEAR
    return cv2.resize(gray, (width, height), interpolation=how)  # type: ignore[return-value]
