"""Runs the face model's networks by MediaPipe, where it has a build. Only this file imports it."""

from __future__ import annotations

import atexit
import contextlib
import io
import sys
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from livecam.errors import ModelError
from livecam.faces.face import Face, angles_deg_of, largest_first
from livecam.faces.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livecam.faces.face import Box
    from livecam.frame import Bytes

OPEN: set[Any] = set()
"""MediaPipe's own objects, until they are closed. If Python collects one while another is at work,
its destructor waits forever: so none may be collected before it is closed."""


@atexit.register
def _close_all() -> None:
    """Close what a program has left open: MediaPipe's destructors fail once Python is ending."""
    if threading.active_count() == 1:  # else one of them may be at work
        for one in tuple(OPEN):
            one.close()
        OPEN.clear()


class MediaPipeLandmarks:
    """FaceLandmarker: landmarks, blendshapes and pose."""

    def __init__(self, model: bytes, max_faces: int) -> None:
        """Raises ModelError where MediaPipe cannot be loaded."""
        mp, options, vision = _modules()
        self._mp = mp
        # IMAGE mode: VIDEO mode tracks, shifts blendshapes by up to 0.85 and misses four times as
        # many blinks (measured on 16 labelled clips).
        with quiet():
            self._native: Any = vision.FaceLandmarker.create_from_options(
                vision.FaceLandmarkerOptions(
                    # The bytes, not the path: MediaPipe opens paths relative to its own package on
                    # some systems, and what was hashed is then what is loaded.
                    base_options=options(model_asset_buffer=model),
                    running_mode=vision.RunningMode.IMAGE,
                    num_faces=max_faces,
                    output_face_blendshapes=True,
                    output_facial_transformation_matrixes=True,
                )
            )
        OPEN.add(self._native)

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
                angles_deg=angles_deg_of(np.asarray(matrix)),
            )
            for points, shapes, matrix in zip(
                result.face_landmarks,
                result.face_blendshapes,
                result.facial_transformation_matrixes,
                strict=True,
            )
        ]
        return largest_first(faces)

    def close(self) -> None:
        """Free the model."""
        self._native.close()
        OPEN.discard(self._native)


class MediaPipeDetector:
    """FaceDetector: BlazeFace's short-range model, out of the landmarker's file."""

    def __init__(self, model: bytes, least: float) -> None:
        """`least` is the score from which a detection counts. Raises ModelError."""
        mp, options, vision = _modules()
        bundle = zipfile.ZipFile(io.BytesIO(model))
        self._mp = mp
        with quiet():
            self._native: Any = vision.FaceDetector.create_from_options(
                vision.FaceDetectorOptions(
                    base_options=options(model_asset_buffer=bundle.read("face_detector.tflite")),
                    running_mode=vision.RunningMode.IMAGE,
                    min_detection_confidence=least,
                )
            )
        OPEN.add(self._native)

    def detect(self, image_bgr: Bytes) -> list[tuple[float, Box]]:
        """Score and box of each face in a (H, W, 3) uint8 BGR picture, the surest first."""
        rgb = cv2.cvtColor(np.ascontiguousarray(image_bgr), cv2.COLOR_BGR2RGB)
        result = self._native.detect(self._mp.Image(self._mp.ImageFormat.SRGB, rgb))
        found = []
        for detection in result.detections:
            box = detection.bounding_box
            x, y = float(box.origin_x), float(box.origin_y)
            edges = (x, y, x + box.width, y + box.height)
            found.append((float(detection.categories[0].score), edges))
        return found

    def close(self) -> None:
        """Free the model."""
        self._native.close()
        OPEN.discard(self._native)


@contextlib.contextmanager
def _without_sound() -> Iterator[None]:
    """Hide `sounddevice` from MediaPipe, which would open PortAudio although it gets pictures only.

    MediaPipe works without it. In a container with little shared memory JACK would wait 50 s there.
    """
    name = "sounddevice"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if sys.modules.get(name) is None:
            del sys.modules[name]


def _modules() -> tuple[Any, Any, Any]:
    try:
        with _without_sound():
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision
    except ImportError as err:
        raise ModelError(
            f"MediaPipe cannot be loaded: {err}", "use --face-runtime opencv, or see livecam doctor"
        ) from err
    return mediapipe, BaseOptions, vision
