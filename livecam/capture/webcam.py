"""A camera of this machine, read through PyAV, or through OpenCV where PyAV cannot.

FFmpeg's capture devices keep an MJPEG camera's bytes as they are, stamp frames with the kernel's
clock and queue 32 frames and more; OpenCV queues 4. OpenCV opens cameras that FFmpeg refuses.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from livecam.capture.av_stream import AvStream
from livecam.capture.devices import BACKENDS, Device, opencv_api
from livecam.capture.frame import Frame, PixelFormat
from livecam.capture.source import BlockingSource, CameraMode, CameraRequest, FrameSource
from livecam.capture.source_clock import SourceClock
from livecam.errors import CameraError
from livecam.timebase import NS_PER_S, now_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIZES_WH = ((1280, 720), (1920, 1080), (640, 480))
"""Tried in this order where the user asks for none: 720p30 is what nearly every webcam reaches."""
RATE_HZ = Fraction(30)
FAST_ENOUGH = Fraction(4, 5)
"""Of the rate asked for: 25 a second will do where 30 were wanted."""

Mode = tuple[tuple[int, int], bool]
"""Size, and whether to ask for MJPEG."""

_BUSY_HINT = "close other programs that use it; see 'livecam doctor'"
_GONE_HINT = "was it unplugged?"


def open_webcam(device: Device, request: CameraRequest) -> FrameSource:
    """Open a camera in the mode asked for, or the best sensible one.

    MJPEG is asked for first: over USB 2 it is what reaches 30 frames a second at these sizes.
    Raises CameraError. On macOS this must run on the main thread (the permission prompt needs it).
    """
    sizes = (request.size_wh,) if request.size_wh else SIZES_WH
    rate_hz = request.rate_hz or RATE_HZ
    modes = [(size_wh, compressed) for compressed in (True, False) for size_wh in sizes]
    try:
        return first_fast_enough(
            modes, lambda mode: AvWebcam(device, mode[0], rate_hz, compressed=mode[1]), rate_hz
        )
    except CameraError as err:
        try:
            return OpenCvWebcam(device, sizes[0], rate_hz)
        except CameraError:
            raise err from None  # FFmpeg says why; OpenCV only that it cannot


def first_fast_enough(
    modes: Sequence[Mode], open_mode: Callable[[Mode], FrameSource], rate_hz: Fraction
) -> FrameSource:
    """The first mode whose camera really reaches the rate, or else the fastest.

    Drivers accept a mode that they cannot keep up, and say so in the rate they report: many give
    720p uncompressed at 10 frames a second. Raises the first CameraError if no mode opens.
    """
    problem: CameraError | None = None
    rates: dict[Mode, Fraction] = {}
    for mode in modes:
        try:
            source = open_mode(mode)
        except CameraError as err:
            problem = problem or err
            continue
        if source.mode.rate_hz >= FAST_ENOUGH * rate_hz:
            return source
        rates[mode] = source.mode.rate_hz
        source.close()  # a camera opens once only
    if not rates:
        raise problem or CameraError("the camera offers no mode")
    return open_mode(max(rates, key=lambda mode: rates[mode]))


class AvWebcam(BlockingSource):
    """A camera through FFmpeg's v4l2, dshow or avfoundation."""

    warms_up = True

    def __init__(
        self, device: Device, size_wh: tuple[int, int], rate_hz: Fraction, compressed: bool
    ) -> None:
        """Raises CameraError if the camera does not take this mode."""
        super().__init__()
        self.name = device.name
        backend = BACKENDS.get(sys.platform)
        if backend is None:
            raise CameraError(f"livecam knows no cameras on {sys.platform}")
        options = device_options(backend, size_wh, rate_hz, compressed)
        try:
            container = av.open(device.path, format=backend, options=options)
            self._stream = AvStream(container)
        except (av.FFmpegError, OSError, ValueError) as err:
            reason = (getattr(err, "strerror", None) or str(err)).lower()
            raise CameraError(f"cannot open {device.name}: {reason}", _BUSY_HINT) from err
        self.mode = CameraMode(
            self._stream.size_wh,
            self._stream.rate_hz,
            self._stream.pixel_format,
            self._stream.codec,
            backend,
        )
        self._clock = SourceClock()

    def _next_frame(self, index: int) -> Frame:
        try:
            picture = self._stream.next()
        except (av.FFmpegError, OSError) as err:
            raise CameraError(f"lost {self.name}", _GONE_HINT) from err
        if picture is None:
            raise CameraError(f"lost {self.name}", _GONE_HINT)
        t_ns = self._clock.place(picture.stamp_ns, picture.arrived_ns)
        return Frame(
            index, t_ns, picture.arrived_ns, self.mode.pixel_format, picture.size_wh, picture.data
        )

    def _release(self) -> None:
        self._stream.close()


def device_options(
    backend: str, size_wh: tuple[int, int], rate_hz: Fraction, compressed: bool
) -> dict[str, str]:
    """FFmpeg's options for a camera mode on each system."""
    options = {"video_size": f"{size_wh[0]}x{size_wh[1]}", "framerate": str(rate_hz)}
    if backend == "v4l2" and compressed:
        options["input_format"] = "mjpeg"
    if backend == "dshow":
        # The default of 3 MB holds eight frames of 1080p before frames are thrown away.
        options["rtbufsize"] = "256M"
    if backend == "avfoundation":
        options |= {"pixel_format": "nv12", "drop_late_frames": "0"}
    return options


class OpenCvWebcam(BlockingSource):
    """A camera through OpenCV's own backends."""

    warms_up = True

    def __init__(self, device: Device, size_wh: tuple[int, int], rate_hz: Fraction) -> None:
        """Raises CameraError."""
        super().__init__()
        self.name = device.name
        self._capture = cv2.VideoCapture(device.index, opencv_api())
        if not self._capture.isOpened():
            raise CameraError(f"cannot open {device.name}", _BUSY_HINT)
        # In this order: drivers choose the sizes and rates they offer by the format.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_wh[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_wh[1])
        self._capture.set(cv2.CAP_PROP_FPS, float(rate_hz))
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 10)
        ok, image = self._capture.read()
        if not ok:
            self._capture.release()
            raise CameraError(f"{device.name} gives no picture", _BUSY_HINT)
        # What it says may differ from what was asked, and what it gives from what it says.
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.mode = CameraMode(
            (int(image.shape[1]), int(image.shape[0])),
            Fraction(rate).limit_denominator(1001) if 1 <= rate <= 240 else rate_hz,
            PixelFormat.BGR,
            _fourcc(self._capture),
            f"opencv-{self._capture.getBackendName().lower()}",
        )
        self._clock = SourceClock()

    def _next_frame(self, index: int) -> Frame:
        ok, image = self._capture.read()
        arrived_ns = now_ns()
        if not ok:
            raise CameraError(f"lost {self.name}", _GONE_HINT)
        stamp_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        stamp_ns = int(stamp_ms * NS_PER_S / 1000) if stamp_ms > 0 else None
        return Frame(
            index,
            self._clock.place(stamp_ns, arrived_ns),
            arrived_ns,
            PixelFormat.BGR,
            (int(image.shape[1]), int(image.shape[0])),
            np.ascontiguousarray(image, np.uint8).reshape(-1),
        )

    def _release(self) -> None:
        self._capture.release()


def _fourcc(capture: cv2.VideoCapture) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    text = "".join(chr(code >> shift & 0xFF) for shift in (0, 8, 16, 24))
    return text.lower() if text.isalnum() else "raw"
