"""Merges the frames around the key frame into it, as phone cameras do: less noise, never a ghost.

Every neighbour is aligned with the key frame by dense optical flow, so that faces and background,
which move differently, are aligned separately. Each of its pixels then counts by how well the patch
around it agrees with the key frame's: what differs by more than noise (a hand that was elsewhere, a
mouth that moved, a wrong flow) does not count. The key frame itself always counts in full, so where
nothing agrees it stays as it is. After Hasinoff et al., Burst photography for high dynamic range
and low-light imaging on mobile cameras (2016), with patches in place of their Fourier tiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from livecam.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.frame import Bytes

    Floats = npt.NDArray[np.float32]

PATCH = 7
"""Pixels of the side of the patch that must agree: small enough for a webcam's eyelid."""
TOLERANCE = 1.25
"""How much more than noise alone two patches may differ and still count in full. The mean square
over 7x7 pixels of pure noise stays within 1.25 of its expectation in 89 of 100 patches."""
NEAR = 8.0
"""Times its variance up to which the square of a 3x3 mean agrees: noise exceeds it in 1 of 200."""
SHARPNESS = 0.25
"""How fast a patch loses its weight beyond that, in shares of the expectation."""

LEAST_NOISE = 1.2
"""Levels of 255 below which an eye, or a JPEG, would show no gain."""
MOST_NOISE = 40.0
"""More than this is not noise: the frames show different things."""
LEAST_GAIN = 1.3
"""Mean number of frames that agree, below which the key frame is left alone."""

_PRE_BLUR = 1.2
"""Standard deviation of the blur before flow is computed: noise must not disturb it."""
_STILL = 0.35
"""Pixels of flow below which nothing has moved: interpolating there would only blur."""


@dataclass(frozen=True)
class Merged:
    """What became of the key frame."""

    image_bgr: Bytes
    """(H, W, 3) uint8."""
    noise: float
    """Standard deviation of the key frame's noise, in levels of 255."""
    gain: float
    """How many frames it is the mean of, averaged over the picture; 1 where it was left alone."""
    note: str
    """Why it was left alone, or what was merged."""

    @property
    def is_enhanced(self) -> bool:
        """Whether it differs from the key frame."""
        return self.gain > 1


def merge(images_bgr: Sequence[Bytes], key: int) -> Merged:
    """Merge `images_bgr`, each (H, W, 3) uint8, into the one at `key`."""
    base = images_bgr[key]
    others = [im for i, im in enumerate(images_bgr) if i != key and im.shape == base.shape]
    if not others:
        return Merged(base, 0.0, 1.0, "there is no other frame to merge with")
    gray = _gray(base)
    noise = _noise_between(base, others[:2] + others[-2:])
    if noise < LEAST_NOISE:
        return Merged(base, noise, 1.0, "the frame has hardly any noise")
    if noise > MOST_NOISE:
        return Merged(base, noise, 1.0, "the frames around it agree too little with it")
    smooth = _for_flow(gray)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    empty = np.zeros((*base.shape[:2], 2), np.float32)
    total = base.astype(np.float32)
    weight = np.ones(base.shape[:2], np.float32)
    for image in others:
        field = flow.calc(smooth, _for_flow(_gray(image)), empty)
        moved = _laid_over(image, np.asarray(field, np.float32))
        share = _agreement(base, moved, noise)
        total += moved.astype(np.float32) * share[:, :, None]
        weight += share
    gain = float(weight.mean())
    if gain < LEAST_GAIN:
        return Merged(base, noise, 1.0, "the frames around it agree too little with it")
    result = np.clip(total / weight[:, :, None] + 0.5, 0, 255).astype(np.uint8)
    return Merged(result, noise, gain, f"merged with {counted(len(others), 'frame')}")


def _gray(image_bgr: Bytes) -> Bytes:
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8)


def _for_flow(gray: Bytes) -> Bytes:
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), _PRE_BLUR), np.uint8)


def _noise_between(image_bgr: Bytes, others: Sequence[Bytes]) -> float:
    """Standard deviation of one frame's noise, from its differences to others.

    The difference of two frames has sqrt(2) times the noise of one. What moves differs by more; so
    the 30th percentile over blocks counts, and the least of the `others`.
    """
    found = []
    for other in others:
        difference = cv2.absdiff(image_bgr, other).astype(np.float32).mean(axis=2)
        height, width = (side // 16 * 16 for side in difference.shape)
        blocks = difference[:height, :width].reshape(height // 16, 16, width // 16, 16)
        calm = float(np.percentile(blocks.mean(axis=(1, 3)), 30))
        found.append(calm * np.sqrt(np.pi / 2) / np.sqrt(2))
    return float(min(found))


def _laid_over(image_bgr: Bytes, flow: Floats) -> Bytes:
    """A frame warped so that it fits the key frame; what has not moved is not interpolated."""
    flow = np.asarray(cv2.medianBlur(np.asarray(flow, np.float32), 5), np.float32)
    flow = np.where(np.hypot(flow[..., 0], flow[..., 1])[..., None] < _STILL, 0, flow)
    rows, columns = np.indices(flow.shape[:2], np.float32)
    x, y = columns + flow[..., 0], rows + flow[..., 1]
    moved = cv2.remap(image_bgr, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _agreement(base: Bytes, other: Bytes, noise: float) -> Floats:
    """(H, W) float32, 0..1: how much each pixel of another frame counts."""
    difference = base.astype(np.float32) - other.astype(np.float32)
    patch = cv2.boxFilter(difference * difference, -1, (PATCH, PATCH)).max(axis=2)
    # A fine line, badly aligned, must not pass within a smooth patch: the mean of 3x3 pixels of
    # noise is a third of it, and of three colours the worst counts.
    near = np.square(cv2.boxFilter(difference, -1, (3, 3))).max(axis=2)
    expected = 2 * noise * noise
    excess = np.maximum(patch / expected, near / (expected / 9) / NEAR) - TOLERANCE
    share: Floats = np.exp(-np.square(np.maximum(excess, 0) / SHARPNESS)).astype(np.float32)
    return share
