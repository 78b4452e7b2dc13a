"""A Raspberry Pi's own camera, through picamera2: JPEGs from the Pi's encoder.

picamera2 comes with Raspberry Pi OS, not from the package index. This is written by its source and
tried with a stand-in that has its interface; not yet with a real Pi.
"""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

import numpy as np

from livecam.capture.modes import USUAL_RATE_HZ, USUAL_SIZE_WH, note_of
from livecam.capture.source import (
    FIRST_PICTURE_S,
    SILENT_S,
    BlockingSource,
    CameraMode,
    CameraRequest,
    FrameSource,
    silent,
    wrong_size,
)  # fmt: skip
from livecam.capture.source_clock import SourceClock
from livecam.errors import CameraError
from livecam.formats.jpeg import size_of
from livecam.frame import Frame, PixelFormat
from livecam.timebase import now_ns

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

MOST_WAITING = 64
"""Pictures that wait to be read: two seconds."""

_INSTALL_HINT = (
    "apt install python3-picamera2, and make the environment with: "
    "python3 -m venv --system-site-packages .venv"
)


def list_names() -> list[str]:
    """The models of the cameras that are connected, such as "imx708". Raises CameraError."""
    try:
        found = _modules()[0].global_camera_info()
    except RuntimeError as err:
        raise CameraError(f"picamera2 cannot list cameras: {err}") from err
    return [str(info.get("Model", "camera")) for info in found]


class PiCamera(BlockingSource):
    """One camera of a Raspberry Pi."""

    warms_up = True
    numbers_frames = True

    def __init__(self, spec: str, request: CameraRequest) -> None:
        """Open it and wait for its first picture; `spec` is "pi", or "pi:1" for a second one.

        Raises CameraError.
        """
        super().__init__()
        self._asked = spec, request
        number = spec.partition(":")[2] or "0"
        names = list_names()
        if not number.isdigit() or int(number) >= len(names):
            what = "no camera is connected to this Pi" if not names else f"no camera '{spec}'"
            raise CameraError(what, "see 'livecam devices'")
        self.name = f"Raspberry Pi camera ({names[int(number)]})"
        self._clock = SourceClock()
        self._received = 0
        self._waiting: queue.Queue[tuple[int, bytes, int | None, int] | None] = queue.Queue()
        self._camera = _Recording(
            int(number),
            request.size_wh or USUAL_SIZE_WH,
            request.rate_hz or USUAL_RATE_HZ,
            self._receive,
        )
        size_wh, rate_hz = self._camera.size_wh, request.rate_hz or USUAL_RATE_HZ
        self.mode = CameraMode(
            size_wh, rate_hz, PixelFormat.JPEG, "mjpeg", "picamera2",
            note_of(request, size_wh, rate_hz),
        )  # fmt: skip
        self._first: Frame | None = None
        try:
            self._first = self._picture(FIRST_PICTURE_S)
        except CameraError:
            self._camera.close()
            raise

    def reopen(self) -> FrameSource:
        """The same camera, opened anew."""
        return PiCamera(*self._asked)

    def close(self) -> None:
        """Release the camera; a read that waits ends at once."""
        self._closed.set()
        self._waiting.put(None)
        super().close()

    def _receive(self, jpeg: bytes, stamp_us: int | None) -> None:
        """Take a picture, in picamera2's own thread, which must not be held up."""
        # One for which there is no room keeps its number: the hole is a lost frame.
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put((self._received, jpeg, stamp_us, now_ns()))
        self._received += 1

    def _next_frame(self, _index: int) -> Frame | None:
        frame, self._first = self._first, None
        return frame or self._picture(SILENT_S)

    def _picture(self, timeout_s: float) -> Frame | None:
        """Wait for a picture; None once closed. Raises CameraError."""
        try:
            found = self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            raise silent(self.name, timeout_s, "is its cable seated at both ends?") from None
        if found is None:
            return None
        index, jpeg, stamp_us, arrived_ns = found
        t_ns = self._clock.time_of(None if stamp_us is None else stamp_us * 1000, arrived_ns)
        data = np.frombuffer(jpeg, np.uint8)
        seen = size_of(jpeg)
        if seen is not None and seen != self.mode.size_wh:
            raise wrong_size(self.name, seen, self.mode.size_wh)
        return Frame(index, t_ns, arrived_ns, PixelFormat.JPEG, self.mode.size_wh, data)

    def _release(self) -> None:
        self._camera.close()


class _Recording:
    """picamera2, set to send JPEGs."""

    def __init__(
        self,
        number: int,
        size_wh: tuple[int, int],
        rate_hz: Fraction,
        receive: Callable[[bytes, int | None], None],
    ) -> None:
        """`receive` gets each JPEG and the microseconds since the first. Raises CameraError."""
        picamera2, encoders, outputs = _modules()

        class Received(outputs.Output):  # type: ignore[misc, name-defined]
            """Hands pictures on. Versions differ in how many arguments they give."""

            def outputframe(self, frame: bytes, *more: Any, **named: Any) -> None:
                """Get a JPEG; then whether it is a key frame, and its time in microseconds."""
                receive(bytes(frame), named.get("timestamp", more[1] if len(more) > 1 else None))

        self._camera: Any = None
        self._is_recording = False
        try:
            self._camera = picamera2(number)
            self._camera.configure(
                self._camera.create_video_configuration(
                    main={"size": size_wh, "format": "YUV420"},
                    controls={"FrameRate": float(rate_hz)},
                )
            )
            width, height = self._camera.camera_configuration()["main"]["size"]
            self.size_wh = (int(width), int(height))
            self._camera.start_recording(
                encoders.MJPEGEncoder(), Received(), quality=encoders.Quality.VERY_HIGH
            )
            self._is_recording = True
        except (RuntimeError, IndexError, ValueError, OSError) as err:
            self.close()
            raise CameraError(
                f"cannot open the Pi's camera: {err}", "close other programs that use it"
            ) from err

    def close(self) -> None:
        """Stop it. May be called twice."""
        camera, self._camera = self._camera, None
        if camera is not None:
            if self._is_recording:  # it fails where nothing was begun
                camera.stop_recording()
            camera.close()


def _modules() -> tuple[Any, Any, Any]:
    """The class Picamera2, and its encoders and outputs."""
    try:
        from picamera2 import Picamera2, encoders, outputs
    except ImportError as err:
        raise CameraError("picamera2 is not installed", _INSTALL_HINT) from err
    return Picamera2, encoders, outputs
