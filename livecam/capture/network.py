"""Network cameras: MJPEG over HTTP, RTSP, MPEG-TS, and whatever else FFmpeg opens by URL.

The only place where livecam touches a network, and only for the address the user named.
"""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

import av

from livecam.capture.av_stream import AvStream
from livecam.capture.frame import Frame, PixelFormat
from livecam.capture.source import CameraMode, FrameSource
from livecam.capture.source_clock import SourceClock
from livecam.errors import CameraError, UsageError

SCHEMES = ("http", "https", "rtsp", "rtsps", "tcp", "udp", "srt", "rtmp")

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0
"""A camera that is silent for this long is lost."""


class NetworkCamera(FrameSource):
    """A camera behind a URL."""

    def __init__(self, url: str) -> None:
        """Connect. Raises CameraError, or UsageError for a scheme that is no camera's."""
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            raise UsageError(
                f"livecam reads no {parts.scheme}:// addresses", "try http:// or rtsp://"
            )
        self.name = parts.hostname or "network camera"
        self._where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # never show a password
        self._stream = self._open(url, parts.scheme)
        self._clock = SourceClock()
        self._index = 0
        self._closed = threading.Event()
        self._reading = threading.Lock()
        self.mode = CameraMode(
            self._stream.size_wh,
            self._stream.rate_hz,
            self._stream.pixel_format,
            self._stream.codec,
            parts.scheme,
        )

    def read(self) -> Frame | None:
        """The next frame as it comes."""
        with self._reading:
            if self._closed.is_set():
                return None
            try:
                picture = self._stream.next()
            except (av.FFmpegError, OSError) as err:
                if self._closed.is_set():
                    return None
                raise CameraError(
                    f"lost the camera at {self._where}: {_reason(err)}",
                    "check the camera and its network",
                ) from err
        if picture is None:
            if self._closed.is_set():
                return None
            raise CameraError(f"the camera at {self._where} ended its stream")
        # An MJPEG stream carries no times; what the demuxer invents is not looked at.
        stamp_ns = picture.stamp_ns if self.mode.pixel_format is not PixelFormat.JPEG else None
        index, self._index = self._index, self._index + 1
        return Frame(
            index,
            self._clock.place(stamp_ns, picture.arrived_ns),
            picture.arrived_ns,
            self.mode.pixel_format,
            picture.size_wh,
            picture.data,
        )

    def close(self) -> None:
        """Disconnect, once a read that is under way has ended."""
        self._closed.set()
        with self._reading:
            self._stream.close()

    def _open(self, url: str, scheme: str) -> AvStream:
        options = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "1000000"}
        if scheme.startswith("rtsp"):
            options["rtsp_transport"] = "tcp"
        try:
            container = av.open(url, options=options, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
            stream = AvStream(container)
        except (av.FFmpegError, OSError) as err:
            raise CameraError(
                f"cannot open the camera at {self._where}: {_reason(err)}",
                "check the address; a browser or ffplay should show it",
            ) from err
        except CameraError as err:
            raise CameraError(
                f"{self._where}: {err.message}", "is this a camera's address?"
            ) from err
        return stream


def _reason(err: Exception) -> str:
    text = getattr(err, "strerror", None) or str(err)
    if "Immediate exit" in text:
        return f"no answer in {READ_TIMEOUT_S:.0f} s"
    return str(text).lower()
