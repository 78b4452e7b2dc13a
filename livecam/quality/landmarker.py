"""MediaPipe FaceLandmarker: pictures in, faces out. The only file that knows MediaPipe."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from livecam.errors import ModelError
from livecam.quality.crops import crop_around
from livecam.quality.face import Face, distance, shifted
from livecam.quality.model import find_model

if TYPE_CHECKING:
    from pathlib import Path

    from livecam.capture.frame import Bytes
    from livecam.quality.face import Box

CROP = 1.6
"""Width of what it is given around a face, in widths of the face: it then finds the faces of group
photographs that CenterFace finds, all of them."""
LOOKS = tuple(
    (width, *shift)
    for width in (1.45, 1.6, 1.8)
    for shift in ((0.0, 0.0), (0.06, 0.04), (-0.06, -0.04))
)
"""Crops of a picture that stands alone: width, and shift to the right and down, in widths of the
face. Under a shift by one pixel a single look moves the score of the clips' frames by up to 0.04
(standard deviation), three by up to 0.03, these by less than 0.02."""
SURE_LOOKS = 7
"""Of those nine that must see a face: those of the group photographs are seen in all nine, a vinyl
record on the wall in six."""
OPEN: set[Any] = set()
"""MediaPipe's own objects, until they are closed. One that Python collects while another of them is
at work waits for that one for ever: none may be collected before it is closed."""

REACH = 0.7
"""How far from the box, in widths, a face may be and still be the one that was looked for."""
LEAST_SIDE, MOST_SIDE = 256, 512
"""Pixels of that crop: small faces are enlarged, large ones reduced (the model sees 256)."""


class FaceLandmarker:
    """A face's landmarks, blendshapes and pose. One thread at a time."""

    def __init__(self, model: Path | None = None, max_faces: int = 2) -> None:
        """Load the model (60 to 150 ms). Raises ModelError."""
        path = find_model(model)
        try:
            import mediapipe as mp
            from mediapipe.tasks.python import BaseOptions
            from mediapipe.tasks.python.vision import FaceLandmarker as Native
            from mediapipe.tasks.python.vision import FaceLandmarkerOptions, RunningMode
        except ImportError as err:
            raise ModelError(
                f"MediaPipe cannot be loaded: {err}", "run 'livecam doctor' to see what is missing"
            ) from err
        self._mp: Any = mp
        # IMAGE mode: VIDEO mode tracks, shifts blendshapes by up to 0.85 and misses four times as
        # many blinks (measured on 16 labelled clips).
        self._native: Any = Native.create_from_options(
            FaceLandmarkerOptions(
                # The bytes, not the path: MediaPipe opens paths relative to its own package on
                # some systems, and what was hashed is then what is loaded.
                base_options=BaseOptions(model_asset_buffer=path.read_bytes()),
                running_mode=RunningMode.IMAGE,
                num_faces=max_faces,
                output_face_blendshapes=True,
                output_facial_transformation_matrixes=True,
            )
        )

        OPEN.add(self._native)

    def look_well(self, image_bgr: Bytes, box: Box) -> Face | None:
        """The mean of several looks: what a shift by a pixel changes averages out; about 80 ms."""
        looks = [
            self.look(image_bgr, shifted(box, right, down), factor) for factor, right, down in LOOKS
        ]
        found = [face for face in looks if face is not None]
        if len(found) < SURE_LOOKS:
            return None
        names = found[0].blendshapes
        return Face(
            np.mean([face.landmarks for face in found], axis=0, dtype=np.float32),
            {name: float(np.mean([face.blendshapes[name] for face in found])) for name in names},
            _mean_angles(found),
        )

    def look(self, image_bgr: Bytes, box: Box, factor: float = CROP) -> Face | None:
        """The face in a box of a (H, W, 3) uint8 BGR picture; about 9 ms."""
        crop = crop_around(image_bgr, box, factor, LEAST_SIDE, MOST_SIDE)
        if crop is None:
            return None
        scale = 1 / crop.scale
        found = [face.moved(scale, crop.left, crop.top) for face in self.find(crop.image_bgr)]
        nearest = min(found, key=lambda face: distance(face.box, box), default=None)
        # A neighbour who looks into the crop is somebody else.
        return nearest if nearest is not None and distance(nearest.box, box) < REACH else None

    def find(self, image_bgr: Bytes) -> list[Face]:
        """Faces in a (H, W, 3) uint8 BGR picture, the largest first. About 9 ms."""
        rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        height, width = image_bgr.shape[:2]
        scale = np.array((width, height, width), np.float32)
        result = self._native.detect(self._mp.Image(self._mp.ImageFormat.SRGB, rgb))
        faces = [
            Face(
                landmarks=np.array([(p.x, p.y, p.z) for p in points], np.float32) * scale,
                blendshapes={shape.category_name: float(shape.score) for shape in shapes},
                angles_deg=_angles_deg(np.asarray(matrix)),
            )
            for points, shapes, matrix in zip(
                result.face_landmarks,
                result.face_blendshapes,
                result.facial_transformation_matrixes,
                strict=True,
            )
        ]
        return sorted(faces, key=_area, reverse=True)

    def close(self) -> None:
        """Free the model."""
        self._native.close()
        OPEN.discard(self._native)


def _mean_angles(faces: list[Face]) -> tuple[float, float, float]:
    yaw, pitch, roll = (float(value) for value in np.mean([f.angles_deg for f in faces], axis=0))
    return yaw, pitch, roll


def _area(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _angles_deg(matrix: np.ndarray[Any, np.dtype[Any]]) -> tuple[float, float, float]:
    """Yaw, pitch, roll of a (4, 4) facial transformation matrix (column vectors, y up)."""
    yaw = math.degrees(math.asin(max(-1.0, min(1.0, float(matrix[0, 2])))))
    pitch = math.degrees(math.atan2(-float(matrix[1, 2]), float(matrix[2, 2])))
    roll = math.degrees(math.atan2(-float(matrix[0, 1]), float(matrix[0, 0])))
    return yaw, pitch, roll
