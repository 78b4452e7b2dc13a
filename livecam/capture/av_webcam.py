"""A camera of Windows or macOS, through FFmpeg's dshow and avfoundation.

They pass on an MJPEG camera's bytes unchanged, stamp frames and queue many; OpenCV queues one.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import av
from av.video.reformatter import Colorspace

from livecam.capture.av_stream import AvStream
from livecam.capture.devices import find_again
from livecam.capture.ffmpeg_modes import BACKENDS, twin_options
from livecam.capture.source import BlockingSource, CameraMode, FrameSource, lost, wrong_size
from livecam.capture.source_clock import SourceClock
from livecam.errors import CameraError
from livecam.frame import Frame

if TYPE_CHECKING:
    from fractions import Fraction

    from livecam.capture.av_stream import Picture
    from livecam.capture.devices import Device
    from livecam.capture.microphone import Microphone
    from livecam.capture.modes import Mode


class AvWebcam(BlockingSource):
    """A camera through FFmpeg."""

    warms_up = True

    def __init__(self, device: Device, mode: Mode, rate_hz: Fraction, note: str = "") -> None:
        """Open a camera in a mode it offers, and wait for its first picture. Raises CameraError."""
        super().__init__()
        self.name = device.name
        self._device, self._wanted = device, (mode, rate_hz)
        backend = BACKENDS[sys.platform]
        self._stream = _open(device, backend, mode, rate_hz)
        self._size_wh = self._stream.size_wh
        width, height = mode.size_wh
        if self._size_wh not in (mode.size_wh, (width & ~1, height & ~1)):
            self._stream.close()
            raise wrong_size(self.name, self._size_wh, mode.size_wh)
        self.mode = CameraMode(
            self._size_wh,
            self._stream.rate_hz,
            self._stream.pixel_format,
            self._stream.codec,
            backend,
            note,
        )
        self._clock = SourceClock()

    def reopen(self) -> FrameSource:
        """The same camera in the same mode, wherever it is plugged in now."""
        return AvWebcam(find_again(self._device), *self._wanted, self.mode.note)

    def microphone(self) -> Microphone | None:
        """The one of this camera's name."""
        from livecam.capture.portaudio import microphone_in

        return microphone_in(self.name)

    def _next_frame(self, index: int) -> Frame:
        picture = self._next_picture()
        if picture.size_wh != self._size_wh:
            raise wrong_size(self.name, picture.size_wh, self._size_wh)
        t_ns = self._clock.time_of(picture.stamp_ns, picture.arrived_ns)
        return Frame(
            index, t_ns, picture.arrived_ns, self.mode.pixel_format, picture.size_wh, picture.data
        )

    def _next_picture(self) -> Picture:
        try:
            picture = self._stream.next()
        except (av.FFmpegError, OSError) as err:
            raise lost(self.name) from err
        if picture is None:
            raise lost(self.name)
        return picture

    def _release(self) -> None:
        self._stream.close()


def _open(device: Device, backend: str, mode: Mode, rate_hz: Fraction) -> AvStream:
    # Not through `options`: PyAV would hand these to the decoder as well.
    try:
        container = av.open(
            device.path,
            format=backend,
            container_options=device_options(backend, mode, rate_hz) | twin_options(device.twin),
        )
    except (av.FFmpegError, OSError, ValueError) as err:
        reason = (getattr(err, "strerror", None) or str(err)).lower()
        hint = "close other programs that use it, and allow this terminal to use the camera"
        raise CameraError(f"cannot open {device.name}: {reason}", hint) from None
    try:
        # USB cameras that do not say otherwise use BT.601 at any size; AVFoundation converts.
        return AvStream(container, Colorspace.ITU601 if backend == "dshow" else None)
    except (av.FFmpegError, OSError, CameraError) as err:
        container.close()
        raise CameraError(
            f"{device.name} gives no picture", "unplug it and plug it in again"
        ) from err


def device_options(backend: str, mode: Mode, rate_hz: Fraction) -> dict[str, str]:
    """FFmpeg's options for a camera mode on each system."""
    options = {"video_size": f"{mode.size_wh[0]}x{mode.size_wh[1]}", "framerate": str(rate_hz)}
    if backend == "dshow":
        # The default of 3 MB holds eight JPEGs of 1080p before frames are thrown away.
        options["rtbufsize"] = "256M"
        options["vcodec" if mode.codec == "mjpeg" else "pixel_format"] = mode.codec
    if backend == "avfoundation":
        options |= {"pixel_format": "nv12", "drop_late_frames": "0"}
    return options
