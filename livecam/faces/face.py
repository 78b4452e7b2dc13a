"""What is known of one face in one picture before anything is judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Points = npt.NDArray[np.float32]
    Box = tuple[float, float, float, float]
    """Left, top, right, bottom in pixels."""


SAME = 0.3
"""Boxes that overlap this much are one face (the usual limit of non-maximum suppression)."""


@dataclass(frozen=True)
class Face:
    """One face as the landmarker sees it, in pixels of the picture it was found in."""

    landmarks: Points
    """(478, 3) float32: x, y, and z, which is depth on the same scale (MediaPipe's face mesh)."""
    blendshapes: dict[str, float]
    """ARKit-style coefficients 0..1 by name, such as `eyeBlinkLeft`."""
    angles_deg: tuple[float, float, float]
    """Yaw, pitch and roll in degrees, 0 when facing the camera."""
    presence: float = 1.0
    """How sure a face detector is that this is a face, 0..1; low where it is covered."""
    mirrored: Face | None = None
    """The same face in the mirrored picture, in its pixels, if it was looked at there too."""

    @property
    def box(self) -> Box:
        """Left, top, right, bottom of the landmarks."""
        low, high = self.landmarks[:, :2].min(axis=0), self.landmarks[:, :2].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    @property
    def width(self) -> float:
        """Width of the box."""
        left, _, right, _ = self.box
        return right - left

    def moved(self, scale: float, dx: float = 0.0, dy: float = 0.0) -> Face:
        """The same face in a picture that is `scale` times as large, moved by `dx`, `dy` pixels."""
        points = self.landmarks * np.float32(scale)
        points[:, :2] += np.array((dx, dy), np.float32)
        return Face(points, self.blendshapes, self.angles_deg, self.presence)


def largest_first(faces: list[Face]) -> list[Face]:
    """Faces by the areas of their boxes."""

    def area(face: Face) -> float:
        left, top, right, bottom = face.box
        return (right - left) * (bottom - top)

    return sorted(faces, key=area, reverse=True)


def angles_deg_of(matrix: npt.NDArray[np.floating[Any]]) -> tuple[float, float, float]:
    """Yaw, pitch, roll of a (4, 4) facial transformation matrix (column vectors, y up)."""
    yaw = math.degrees(math.asin(max(-1.0, min(1.0, float(matrix[0, 2])))))
    pitch = math.degrees(math.atan2(-float(matrix[1, 2]), float(matrix[2, 2])))
    roll = math.degrees(math.atan2(-float(matrix[0, 1]), float(matrix[0, 0])))
    return yaw, pitch, roll


def shifted(box: Box, right: float, down: float) -> Box:
    """The box moved by shares of its width."""
    left, top, right_edge, bottom = box
    dx, dy = (right_edge - left) * right, (right_edge - left) * down
    return left + dx, top + dy, right_edge + dx, bottom + dy


def distance(a: Box, b: Box) -> float:
    """Between the centres of two boxes, in widths of the larger one."""
    width = max(a[2] - a[0], b[2] - b[0], 1.0)
    dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
    return float((dx * dx + dy * dy) ** 0.5 / width)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    both = w * h
    area_a, area_b = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return both / (area_a + area_b - both)


def without_doubles(boxes: list[tuple[float, Box]]) -> list[tuple[float, Box]]:
    """Keep the surest of boxes that overlap; pairs of score and box, the surest first."""
    kept: list[tuple[float, Box]] = []
    for score, box in sorted(boxes, key=lambda pair: -pair[0]):
        if all(overlap(box, other) < SAME for _, other in kept):
            kept.append((score, box))
    return kept
