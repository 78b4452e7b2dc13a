"""What a camera is to livecam: something that can be read frame by frame."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from livecam.errors import CameraError

if TYPE_CHECKING:
    from fractions import Fraction

    from livecam.capture.microphone import Microphone
    from livecam.frame import Frame, PixelFormat


FIRST_PICTURE_S = 10.0
"""How long to wait for the first picture: cheap cameras take up to three seconds."""
SILENT_S = 4.0
"""A camera that gives no picture for this long is lost. Webcams go down to 5 a second in the dark,
some to one."""
CLOSE_TIMEOUT_S = 6.0
"""Seconds: longer than the read time-out of any camera that has one (network cameras: 5 s)."""


@dataclass(frozen=True)
class CameraRequest:
    """What the user asked for; None leaves the choice to livecam."""

    size_wh: tuple[int, int] | None = None
    rate_hz: Fraction | None = None
    controls: tuple[tuple[str, str], ...] = ()
    """Names and values of what is set for the run, such as ("exposure", "200")."""


@dataclass(frozen=True)
class CameraMode:
    """What the camera really gives, read back after opening."""

    size_wh: tuple[int, int]
    rate_hz: Fraction
    """Nominal frames a second; what arrives may be fewer and uneven."""
    pixel_format: PixelFormat
    """The format of the frames in the ring."""
    delivered: str
    """What the camera sends, in its own words: "mjpeg", "yuyv422", "h264", "drawn"."""
    backend: str
    """What reads it: "v4l2", "dshow", "avfoundation", "file", "demo", "opencv-" and a backend,
    or the scheme of a network camera's address, such as "rtsp"."""
    note: str = ""
    """How this mode differs from the one asked for, or ""."""

    def describe(self) -> str:
        """For people: `1280x720 at 30 frames/s, mjpeg`."""
        rate = f"{float(self.rate_hz):.4g}"
        return f"{self.size_wh[0]}x{self.size_wh[1]} at {rate} frames/s, {self.delivered}"


def lost(name: str) -> CameraError:
    """The error for a camera that has gone away."""
    return CameraError(f"lost {name}", "was it unplugged?")


def silent(name: str, seconds: float, hint: str) -> CameraError:
    """The error for a camera that gives no picture."""
    return CameraError(f"{name} has given no picture for {seconds:.0f} s", hint)


def wrong_size(name: str, seen_wh: tuple[int, int], agreed_wh: tuple[int, int]) -> CameraError:
    """The error for a picture without the agreed size, which must never reach a file."""
    seen, agreed = (f"{width}x{height}" for width, height in (seen_wh, agreed_wh))
    return CameraError(
        f"{name} sends pictures of {seen} in its mode of {agreed}", f"try --size {seen}"
    )


class FrameSource(ABC):
    """An open camera. One thread reads it; a source is its own context manager."""

    name: str
    """For people: the camera's name."""
    make: str = ""
    """The camera's maker, where it is known."""
    mode: CameraMode
    numbers_frames: bool = False
    """True where a frame's index is the camera's own number, so that a hole is a lost frame."""
    warms_up: bool = False
    """True for cameras that need a moment to find their exposure."""

    @property
    def model(self) -> str:
        """The camera's name in photos and records, which other people will read."""
        return self.name

    @abstractmethod
    def read(self) -> Frame | None:
        """Block until the next frame. None at the end of a file, or once closed.

        Never returns a frame twice. Raises CameraError when the camera is gone, InputError for a
        damaged file. The frame's data may be the source's own buffer, valid until the next read:
        rings copy it.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the camera; a read that waits in another thread ends. May be called twice."""

    def reopen(self) -> FrameSource:
        """The same camera in the same mode, opened anew after it was lost.

        Raises CameraError while it is not there, and always for sources that never come back.
        """
        raise CameraError(f"{self.name} does not come back")

    def plugged_in(self) -> object:
        """Something that is another thing once a camera is plugged in; None where that is unknown.

        May be called after `close`, and often.
        """
        return None

    def microphone(self) -> Microphone | None:
        """The microphone of this source itself; None if it has none."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class BlockingSource(FrameSource):
    """A source whose read blocks inside a library, where other threads may be unable to stop it.

    `close` waits until a read that is under way has ended. A read that never ends is left behind:
    its camera counts as lost, and must not delay the saving of photos.
    """

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._reading = threading.Lock()
        self._index = 0

    def read(self) -> Frame | None:
        """Block until the next frame; None once closed."""
        with self._reading:
            if self._closed.is_set():
                return None
            try:
                frame = self._next_frame(self._index)
            except CameraError:
                if self._closed.is_set():
                    return None
                raise
            self._index += 1
        return frame

    def close(self) -> None:
        """Release the camera when a read that is under way has ended."""
        self._closed.set()
        if self._reading.acquire(timeout=CLOSE_TIMEOUT_S):
            try:
                self._release()
            finally:
                self._reading.release()

    @abstractmethod
    def _next_frame(self, index: int) -> Frame | None:
        """Block until the next frame, which gets this index. Raises as `read` does."""

    @abstractmethod
    def _release(self) -> None:
        """Release the camera. No read is under way. May be called twice."""
