"""The networks that see faces, run by MediaPipe where it has a build, otherwise by OpenCV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from livecam.faces.model import FaceModel, runtime_of

if TYPE_CHECKING:
    from livecam.faces.face import Box, Face
    from livecam.frame import Bytes

SAME_FACE = 0.3
"""Overlap from which MediaPipe's FaceDetector takes detections for one face."""


class Landmarks(Protocol):
    """Landmarks, blendshapes and pose of the faces in a picture. One thread at a time."""

    def find(self, image_bgr: Bytes) -> list[Face]:
        """Faces in a (H, W, 3) uint8 BGR picture, the largest first."""

    def close(self) -> None:
        """Free the model."""


class Detector(Protocol):
    """Rough boxes of faces that fill a good part of a picture. One thread at a time."""

    def detect(self, image_bgr: Bytes) -> list[tuple[float, Box]]:
        """Score and box of each face in a (H, W, 3) uint8 BGR picture, the surest first."""

    def close(self) -> None:
        """Free the model."""


def open_landmarks(model: FaceModel, max_faces: int) -> Landmarks:
    """Load the networks (60 to 150 ms). Raises ModelError."""
    content = model.read()
    if runtime_of(model) == "mediapipe":
        from livecam.faces.mediapipe_nets import MediaPipeLandmarks

        return MediaPipeLandmarks(content, max_faces)
    from livecam.faces.opencv_nets import OpenCvLandmarks

    return OpenCvLandmarks(content, max_faces)


def open_detector(model: FaceModel, least: float) -> Detector:
    """Load the detector; `least` is the score from which a detection counts. Raises ModelError."""
    content = model.read()
    if runtime_of(model) == "mediapipe":
        from livecam.faces.mediapipe_nets import MediaPipeDetector

        return MediaPipeDetector(content, least)
    from livecam.faces.opencv_nets import OpenCvDetector

    return OpenCvDetector(content, least, SAME_FACE)
