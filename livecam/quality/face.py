"""What is known of one face in one picture before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Points = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Face:
    """One face as the landmarker sees it."""

    landmarks: Points
    """(478, 2) float32, x and y as shares of the picture's width and height."""
    blendshapes: dict[str, float]
    """ARKit-style coefficients 0..1 by name, such as `eyeBlinkLeft`."""
    angles_deg: tuple[float, float, float]
    """Yaw, pitch and roll in degrees, 0 when facing the camera."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the landmarks as shares of width and height."""
        low, high = self.landmarks.min(axis=0), self.landmarks.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def box_xyxy(self, size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
        """The box in whole pixels of a picture of this size, clipped to it."""
        (left, top, right, bottom), (width, height) = self.box, size_wh
        return (
            max(0, round(left * width)),
            max(0, round(top * height)),
            min(width, round(right * width)),
            min(height, round(bottom * height)),
        )
