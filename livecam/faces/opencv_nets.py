"""Runs the face model's networks by OpenCV, which is there on every platform. No other file knows
how.

`face_landmarker.task` holds three networks (a detector, 478 landmarks, 52 blendshapes) and a mesh
for the pose. What MediaPipe does around them (google-ai-edge/mediapipe, Apache-2.0, read at
85c0cdc7) is done here: the crops, the anchors, the weights. Pictures are warped by a different
version of OpenCV than MediaPipe's, which rounds positions to 1/32 pixel: landmarks differ by 0.02
pixels (median), blendshapes by 0.0004.
"""  # noqa: D205

from __future__ import annotations

import io
import math
import os
import struct
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from livecam.errors import ModelError
from livecam.faces.blendshapes import NAMES, POINTS
from livecam.faces.face import Face, angles_deg_of, largest_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livecam.faces.face import Box
    from livecam.frame import Bytes

    Floats = npt.NDArray[np.float64]

DETECTOR, LANDMARKS = "face_detector.tflite", "face_landmarks_detector.tflite"
BLENDSHAPES, MESH = "face_blendshapes.tflite", "geometry_pipeline_metadata_landmarks.binarypb"
OUTPUTS = {
    DETECTOR: ("regressors", "classificators"),
    LANDMARKS: ("Identity", "Identity_1"),
    BLENDSHAPES: ("StatefulPartitionedCall:0",),
}
"""Outputs of each network. OpenCV 5.0's new engine keeps only the first, without any error."""

_DETECTOR_SIDE, _LANDMARKS_SIDE = 128, 256
_STRIDES = ((16, 2), (8, 6))
"""Cells per side, and anchors per cell, of the detector's two maps."""
_FACE, _PRESENT = 0.5, 0.5
"""Probabilities from which FaceLandmarker takes a detection, and a crop, for a face."""
_SAME_FACE = 0.5
"""Overlap from which FaceLandmarker takes detections for one face; it has no option for that."""
_RECT = 1.5
"""Size of the landmarks' crop, in sizes of the detector's box."""
_FIELD_OF_VIEW_DEG = 63.0
"""Vertical field of view of the camera that MediaPipe assumes."""
_COUNT = 478
_MESH_COUNT = 468


@dataclass(frozen=True)
class _Detection:
    score: float
    box: Floats
    """Left, top, right, bottom in pixels."""
    eyes: Floats
    """(2, 2): the person's right eye, then the left one."""


class OpenCvDetector:
    """BlazeFace, as MediaPipe's FaceDetector runs it."""

    def __init__(self, model: bytes, least: float, same: float) -> None:
        """`least` is the score from which a detection counts, `same` the overlap of doubles."""
        self._net = _read_net(model, DETECTOR)
        self._least, self._same = least, same
        self._anchors = _anchors()

    def detect(self, image_bgr: Bytes) -> list[tuple[float, Box]]:
        """Score and box of each face in a (H, W, 3) uint8 BGR picture, the surest first."""
        found = []
        for one in self.detections(image_bgr):
            # In whole pixels; a box that begins outside is moved in, as MediaPipe does.
            left, top = max(0, int(one.box[0])), max(0, int(one.box[1]))
            width, height = int(one.box[2] - one.box[0]), int(one.box[3] - one.box[1])
            edges = (float(left), float(top), float(left + width), float(top + height))
            found.append((one.score, edges))
        return found

    def detections(self, image_bgr: Bytes) -> list[_Detection]:
        """The same with the eyes, in fractions of a pixel."""
        height, width = image_bgr.shape[:2]
        side = max(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        step = side / _DETECTOR_SIDE
        warp = np.array(((step, 0, left), (0, step, top)), np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size_wh = (_DETECTOR_SIDE, _DETECTOR_SIDE)
        piece = cv2.warpAffine(image_bgr, warp, size_wh, flags=flags)
        rows, logits = _run(self._net, _tensor(piece, 1 / 127.5, -1.0), OUTPUTS[DETECTOR])
        scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -100, 100).astype(np.float64)))
        kept = scores >= self._least
        rows = rows.reshape(-1, 16)[kept].astype(np.float64) / _DETECTOR_SIDE
        anchors = self._anchors[kept]
        centres = rows[:, :2] + anchors
        halves = rows[:, 2:4] / 2
        points = rows[:, 4:8].reshape(-1, 2, 2) + anchors[:, None]
        boxes = np.concatenate((centres - halves, centres + halves), axis=1)
        place = np.array((left, top))
        merged = _without_doubles(scores[kept], boxes, points, self._same)
        return [
            _Detection(
                score,
                (box.reshape(2, 2) * side + place).reshape(4),
                eyes * side + place,
            )
            for score, box, eyes in merged
        ]

    def close(self) -> None:
        """Nothing is held open."""


class OpenCvLandmarks:
    """Landmarks, blendshapes and pose, as MediaPipe's FaceLandmarker gives them in IMAGE mode."""

    def __init__(self, model: bytes, max_faces: int) -> None:
        self._detector = OpenCvDetector(model, _FACE, _SAME_FACE)
        self._landmarks = _read_net(model, LANDMARKS)
        self._blendshapes = _read_net(model, BLENDSHAPES)
        self._mesh, self._weights = _read_mesh(_member(model, MESH))
        self._max_faces = max_faces

    def find(self, image_bgr: Bytes) -> list[Face]:
        """Faces in a (H, W, 3) uint8 BGR picture, the largest first."""
        found = self._detector.detections(image_bgr)[: self._max_faces]
        faces = [self._look(image_bgr, one) for one in found]
        return largest_first([face for face in faces if face is not None])

    def close(self) -> None:
        """Nothing is held open."""

    def _look(self, image_bgr: Bytes, found: _Detection) -> Face | None:
        height, width = image_bgr.shape[:2]
        centre = (found.box[:2] + found.box[2:]) / 2
        size = (found.box[2:] - found.box[:2]) * _RECT
        across = found.eyes[1] - found.eyes[0]
        angle = math.atan2(across[1], across[0])
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array(((cos, -sin), (sin, cos)))
        linear = turn * size / _LANDMARKS_SIDE
        warp = np.concatenate((linear, (centre - turn @ size / 2)[:, None]), axis=1)
        piece = cv2.warpAffine(
            image_bgr,
            warp,
            (_LANDMARKS_SIDE, _LANDMARKS_SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        raw, presence = _run(self._landmarks, _tensor(piece, 1 / 255, 0.0), OUTPUTS[LANDMARKS])
        if 1 / (1 + math.exp(-float(presence.reshape(-1)[0]))) < _PRESENT:
            return None
        points = raw.reshape(_COUNT, 3).astype(np.float64) / _LANDMARKS_SIDE
        flat = ((points[:, :2] - 0.5) * size) @ turn.T + centre
        depth = points[:, 2] * width * math.hypot(size[0] * cos / width, size[0] * sin / height)
        landmarks = np.column_stack((flat, depth)).astype(np.float32)
        shapes = self._shapes(landmarks)
        matrix = self._pose(landmarks.astype(np.float64), width, height)
        return Face(landmarks, shapes, angles_deg_of(matrix))

    def _shapes(self, landmarks: npt.NDArray[np.float32]) -> dict[str, float]:
        points = np.ascontiguousarray(landmarks[list(POINTS), :2][None])
        (values,) = _run(self._blendshapes, points, OUTPUTS[BLENDSHAPES])
        return {name: float(v) for name, v in zip(NAMES, values.reshape(-1), strict=True)}

    def _pose(self, landmarks: Floats, width: int, height: int) -> Floats:
        """(4, 4): rotation, scale and position of the canonical face, which is in centimetres."""
        view_h = 2 * math.tan(math.radians(_FIELD_OF_VIEW_DEG / 2))
        view_w = view_h * width / height
        points = landmarks[:_MESH_COUNT]
        x = points[:, 0] / width * view_w - view_w / 2
        y = (1 - points[:, 1] / height) * view_h - view_h / 2
        z = points[:, 2] / width * view_w
        first = self._laid(np.column_stack((x, y, -z)))
        scale = float(np.linalg.norm(first[:3, 0]))

        def metric(scale: float) -> Floats:
            depth = (z - z.mean() + 1) / scale
            return np.column_stack((x * depth, y * depth, -depth))

        second = self._laid(metric(scale))
        return self._laid(metric(scale * float(np.linalg.norm(second[:3, 0]))))

    def _laid(self, target: Floats) -> Floats:
        """The rotation, scale and shift that fit the mesh to points, by weights (Procrustes)."""
        weights = self._weights[:, None]
        total = self._weights.sum()
        middle = (self._mesh * weights).sum(axis=0) / total
        around = self._mesh - middle
        left, _, right = np.linalg.svd((target * weights).T @ around)
        if np.linalg.det(left) * np.linalg.det(right) < 0:
            left[:, 2] *= -1
        turn = left @ right
        turned = around @ turn.T
        scale = float((weights * turned * target).sum() / (weights * around * self._mesh).sum())
        shift = ((target - scale * self._mesh @ turn.T) * weights).sum(axis=0) / total
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = scale * turn, shift
        return matrix


def _member(model: bytes, name: str) -> bytes:
    return zipfile.ZipFile(io.BytesIO(model)).read(name)


def _read_net(model: bytes, name: str) -> Any:
    """One network of the model, with all its outputs. Raises ModelError."""
    content = _member(model, name)
    try:
        net = _parsed(content)
    except (cv2.error, AttributeError) as err:
        raise ModelError(f"OpenCV {cv2.__version__} cannot read the face model: {err}") from err
    missing = set(OUTPUTS[name]) - set(net.getUnconnectedOutLayersNames())
    if missing:
        raise ModelError(
            f"OpenCV {cv2.__version__} reads only some outputs of the face model "
            f"({', '.join(sorted(missing))} missing)",
            "install another version of opencv-python",
        )
    return net


def _parsed(content: bytes) -> Any:
    engine = getattr(cv2.dnn, "ENGINE_CLASSIC", None)
    if engine is None:  # OpenCV 4, and 5.1 and later
        return cv2.dnn.readNetFromTFLite(np.frombuffer(content, np.uint8))
    # OpenCV 5.0's default engine keeps one output; another can be chosen only for files.
    handle, path = tempfile.mkstemp(suffix=".tflite")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        return cv2.dnn.readNetFromTFLite(path, engine)
    finally:
        Path(path).unlink(missing_ok=True)


def _run(net: Any, tensor: npt.NDArray[np.float32], outputs: Sequence[str]) -> Any:
    net.setInput(tensor)
    return net.forward(list(outputs))


def _tensor(piece_bgr: npt.NDArray[Any], scale: float, offset: float) -> npt.NDArray[np.float32]:
    """A BGR picture as (1, 3, H, W) float32 RGB."""
    rgb = cv2.cvtColor(np.asarray(piece_bgr, np.uint8), cv2.COLOR_BGR2RGB)
    values = rgb.astype(np.float32) * np.float32(scale) + np.float32(offset)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _anchors() -> Floats:
    """(896, 2): the centres that the detector's rows count from."""
    found = []
    for cells, each in _STRIDES:
        steps = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(steps, steps)
        found.append(np.repeat(np.column_stack((x.ravel(), y.ravel())), each, axis=0))
    return np.concatenate(found)


def _without_doubles(
    scores: Floats, boxes: Floats, points: Floats, limit: float
) -> list[tuple[float, Floats, Floats]]:
    """Merge the detections of one face into their mean by score (MediaPipe's weighted NMS)."""
    left = list(np.argsort(-scores, kind="stable"))
    merged = []
    while left:
        first = left[0]
        near = [i for i in left if _overlap(boxes[first], boxes[i]) > limit] or [first]
        weights = scores[near] / scores[near].sum()
        merged.append(
            (
                float(scores[first]),
                (boxes[near] * weights[:, None]).sum(axis=0),
                (points[near] * weights[:, None, None]).sum(axis=0),
            )
        )
        left = [i for i in left if i not in near]
    return merged


def _overlap(a: Floats, b: Floats) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    both = w * h
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(both / (areas - both))


def _read_mesh(metadata: bytes) -> tuple[Floats, Floats]:
    """The canonical face, (468, 3) in centimetres, and how much each point counts for the pose."""
    weights = np.zeros(_MESH_COUNT)
    numbers: list[float] = []
    for number, value in _fields(metadata):
        if number == 1 and isinstance(value, bytes):
            for inner, content in _fields(value):
                if inner == 3 and isinstance(content, float):
                    numbers.append(content)
                elif inner == 3 and isinstance(content, bytes):
                    numbers.extend(np.frombuffer(content, "<f4").tolist())
        elif number == 2 and isinstance(value, bytes):
            pair = dict(_fields(value))
            weights[int(pair.get(1, 0))] = float(pair[2])
    if len(numbers) != 5 * _MESH_COUNT:
        raise ModelError("the face model holds no mesh")
    # Of each point: position (x, y, z), then position in a texture (u, v).
    return np.array(numbers).reshape(_MESH_COUNT, 5)[:, :3], weights


def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """The fields of a protocol buffer message (protobuf.dev, encoding)."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
        elif kind == 2:
            size, at = _varint(message, at)
            yield key >> 3, message[at : at + size]
            at += size
        elif kind == 5:
            yield key >> 3, float(struct.unpack_from("<f", message, at)[0])
            at += 4
        else:
            raise ModelError("the face model's mesh cannot be read")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
