"""A camera through OpenCV's own backends, for formats that livecam does not read itself."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import cv2
import numpy as np

from livecam.capture.devices import find_again, opencv_api, opencv_index
from livecam.capture.modes import USUAL_RATE_HZ, USUAL_SIZE_WH, note_of
from livecam.capture.source import BlockingSource, CameraMode, FrameSource, lost, wrong_size
from livecam.capture.source_clock import SourceClock
from livecam.errors import CameraError
from livecam.frame import Frame, PixelFormat
from livecam.timebase import NS_PER_S, now_ns

if TYPE_CHECKING:
    from livecam.capture.devices import Device
    from livecam.capture.source import CameraRequest

SANE_RATE_HZ = (1, 240)


class OpenCvWebcam(BlockingSource):
    """A camera through OpenCV."""

    warms_up = True

    def __init__(self, device: Device, request: CameraRequest) -> None:
        """Open it as near to the request as OpenCV gets. Raises CameraError."""
        super().__init__()
        self.name = device.name
        self._device, self._request = device, request
        self._capture = cv2.VideoCapture(opencv_index(device), opencv_api())
        if not self._capture.isOpened():
            raise CameraError(f"cannot open {device.name}", "close other programs that use it")
        width, height = request.size_wh or USUAL_SIZE_WH
        rate_hz = request.rate_hz or USUAL_RATE_HZ
        # In this order: drivers choose the sizes and rates they offer by the format.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._capture.set(cv2.CAP_PROP_FPS, float(rate_hz))
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 10)
        ok, image = self._capture.read()
        if not ok:
            self._capture.release()
            raise CameraError(f"{device.name} gives no picture", "unplug it and plug it in again")
        # The rate it reports may differ from the one asked for, and its pictures from both.
        said = self._capture.get(cv2.CAP_PROP_FPS)
        low, high = SANE_RATE_HZ
        rate_hz = Fraction(said).limit_denominator(1001) if low <= said <= high else rate_hz
        size_wh = (int(image.shape[1]), int(image.shape[0]))
        self.mode = CameraMode(
            size_wh,
            rate_hz,
            PixelFormat.BGR,
            _fourcc(self._capture),
            f"opencv-{self._capture.getBackendName().lower()}",
            note_of(request, size_wh, rate_hz),
        )
        self._clock = SourceClock()

    def reopen(self) -> FrameSource:
        """The same camera with the same request, wherever it is plugged in now."""
        return OpenCvWebcam(find_again(self._device), self._request)

    def _next_frame(self, index: int) -> Frame:
        ok, image = self._capture.read()
        arrived_ns = now_ns()
        if not ok:
            raise lost(self.name)
        size_wh = (int(image.shape[1]), int(image.shape[0]))
        if size_wh != self.mode.size_wh:
            raise wrong_size(self.name, size_wh, self.mode.size_wh)
        stamp_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        stamp_ns = int(stamp_ms * NS_PER_S / 1000) if stamp_ms > 0 else None
        return Frame(
            index,
            self._clock.time_of(stamp_ns, arrived_ns),
            arrived_ns,
            PixelFormat.BGR,
            size_wh,
            np.ascontiguousarray(image, np.uint8).reshape(-1),
        )

    def _release(self) -> None:
        self._capture.release()


def _fourcc(capture: cv2.VideoCapture) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    text = "".join(chr(code >> shift & 0xFF) for shift in (0, 8, 16, 24))
    return text.lower() if text.isalnum() else "raw"
