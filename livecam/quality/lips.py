"""How clearly a mouth is seen: a hand or an arm in front of it has no line between lips."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livecam.faces.crops import resized

if TYPE_CHECKING:
    from livecam.faces.face import Points
    from livecam.frame import Bytes

_LIPS = ((80, 88), (81, 178), (82, 87), (13, 14), (312, 317), (311, 402), (310, 318))
"""Points of MediaPipe's face mesh: upper and lower inner lip, across the middle of the mouth."""
HEIGHT, REACH = 96, 14
"""The picture is scaled so that T, the distance from the eyes to the chin, is `HEIGHT` pixels; the
`REACH` pixels above and below the line between the lips are looked at."""
BLUR = 1.0
"""Standard deviation of a Gaussian, in those pixels, so that steps are edges of lips, not hairs."""
LEAST_CONTRAST = 5.0
"""Levels added to a face's contrast: noise of a flat, dark face must not read as an edge."""


def mouth_line(image_bgr: Bytes, points: Points, contrast: float) -> float:
    """How steep the steps across the middle of a mouth are, over the face's contrast.

    `points` are the mesh's, in pixels of `image_bgr` (H, W, 3) uint8; `contrast` is the standard
    deviation of the face's luminance in levels of 255. Colours count, since lips may be as bright
    as skin. A mouth that the picture's edge cuts off reads 1: nothing is known of it.
    """
    eyes, chin = points[[33, 133, 263, 362], :2].mean(axis=0), points[152, :2]
    t = max(float(np.linalg.norm(chin - eyes)), 1.0)
    down, scale = (chin - eyes) / t, HEIGHT / t
    middles = points[np.array(_LIPS), :2].mean(axis=1)
    # Heights, columns, x and y.
    at = middles + np.arange(-REACH, REACH + 1)[:, None, None] * down / scale
    most = np.array([image_bgr.shape[1], image_bgr.shape[0]]) - 1
    if (at < 0).any() or (at > most).any():
        return 1.0
    margin = 3 * BLUR / scale
    left, top = np.maximum(np.floor(at.min(axis=(0, 1)) - margin), 0).astype(int)
    right, bottom = np.minimum(np.ceil(at.max(axis=(0, 1)) + margin), most).astype(int) + 1
    piece = image_bgr[top:bottom, left:right]
    size_wh = (max(1, round(piece.shape[1] * scale)), max(1, round(piece.shape[0] * scale)))
    small = cv2.GaussianBlur(resized(piece, size_wh).astype(np.float32), (0, 0), BLUR)
    at = ((at - (left, top)) * scale).astype(np.float32)
    profile = cv2.remap(
        small, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).mean(axis=1)
    # The mean of all steps: a shift by a pixel changes the steepest step twice as much.
    steepness = math.sqrt(float(np.mean(np.diff(profile, axis=0) ** 2)))
    return steepness / (contrast + LEAST_CONTRAST)
