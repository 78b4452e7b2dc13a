"""Network cameras: MJPEG over HTTP, RTSP, MPEG-TS, and whatever else FFmpeg opens by URL.

Capture connects to no other host than the one that the user named.
"""

from __future__ import annotations

import errno
from fractions import Fraction

import av

from livecam.capture import rtsp
from livecam.capture.address import split_address
from livecam.capture.av_stream import AvStream, Picture
from livecam.capture.http_jpegs import HttpJpegs, open_jpegs
from livecam.capture.source import BlockingSource, CameraMode, FrameSource, wrong_size
from livecam.capture.source_clock import SourceClock
from livecam.errors import CameraError, InputError, UsageError
from livecam.formats.ffmpeg import open_stream
from livecam.formats.jpeg import orientation_of
from livecam.formats.limits import check_size
from livecam.frame import UPRIGHT, Frame, PixelFormat, Turn
from livecam.timebase import NS_PER_S, now_ns, to_ns

SCHEMES = ("http", "https", "rtsp", "rtsps", "tcp", "udp", "srt", "rtmp")

OPEN_TIMEOUT_S = 10.0
MOST_PIXELS = 36_000_000
"""8K has 33 million."""
LIVE_WAIT_NS = to_ns(0.004)
"""A frame that took at least this long to come was not queued."""
STOPPED_NS = NS_PER_S
"""After this long without a picture, pictures that come at once are old: the program was stopped
(Ctrl-Z, a sleep), and the network buffered up to a minute of pictures."""
MEASURE_S = 0.4
MAX_SETTLE_S = 3.0
COMMON_RATES_HZ = (5, 10, 12, 15, 20, 24, 25, 30, 50, 60)
NO_SUCH_TRANSPORT = {errno.EPROTONOSUPPORT, 135}
"""What FFmpeg says of a server that refuses one: by name, and by number in Windows' C library."""
READ_TIMEOUT_S = 5.0
"""A camera that is silent for this long is lost."""


class NetworkCamera(BlockingSource):
    """A camera behind a URL."""

    def __init__(self, url: str) -> None:
        """Connect. Raises CameraError, or UsageError for an address that is no camera's."""
        super().__init__()
        parts = split_address(url)
        if parts.scheme not in SCHEMES:
            raise UsageError(
                f"livecam reads no {parts.scheme}:// addresses", "try http:// or rtsp://"
            )
        self._url = url
        self.name = parts.hostname or "network camera"
        self._where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # never show a password
        self._stream = self._open(url, parts.scheme)
        self._clock = SourceClock()
        self._last_ns = 0
        """When the last picture came."""
        self._turn: Turn | None = None
        """By the first picture's EXIF; a camera that is mounted on its side may say so."""
        try:
            check_size(self._stream.size_wh, MOST_PIXELS)
            rate_hz, size_wh = self._find_live_edge()
            check_size(size_wh, MOST_PIXELS)
        except InputError as err:
            self._stream.close()
            raise CameraError(f"{self._where} sends {err.message}") from err
        except CameraError:
            self._stream.close()
            raise
        self.mode = CameraMode(
            size_wh,
            rate_hz,
            self._stream.pixel_format,
            self._stream.codec,
            parts.scheme,
        )

    @property
    def model(self) -> str:
        """A fixed text: a network camera's name is its address, which is private."""
        return "network camera"

    def reopen(self) -> FrameSource:
        """Connect to the same address again."""
        return NetworkCamera(self._url)

    def close(self) -> None:
        """Release the camera; a read that waits ends at once, or when it times out."""
        self._closed.set()
        if isinstance(self._stream, HttpJpegs):
            self._stream.interrupt()
        super().close()

    def _next_frame(self, index: int) -> Frame:
        picture = self._next_picture()
        # With the camera's own times, pictures that the network held back are where they belong.
        if picture.arrived_ns - self._last_ns > STOPPED_NS and not self._clock.trusted:
            picture = self._live_picture()
        self._last_ns = picture.arrived_ns
        if picture.size_wh != self.mode.size_wh:
            raise wrong_size(self.name, picture.size_wh, self.mode.size_wh)
        if self._turn is None:
            self._turn = UPRIGHT
            if self.mode.pixel_format is PixelFormat.JPEG:
                self._turn = Turn.of_orientation(orientation_of(picture.data.tobytes()))
        return Frame(
            index,
            self._time_of(picture),
            picture.arrived_ns,
            self.mode.pixel_format,
            picture.size_wh,
            picture.data,
            turn=self._turn,
        )

    def _release(self) -> None:
        self._stream.close()

    def _next_picture(self) -> Picture:
        try:
            picture = self._stream.next()
        except (av.FFmpegError, OSError) as err:
            raise CameraError(
                f"lost the camera at {self._where}: {_reason(err)}",
                "check the camera and its network",
            ) from err
        if picture is None:
            raise CameraError(f"the camera at {self._where} ended its stream")
        return picture

    def _time_of(self, picture: Picture) -> int:
        """Capture time of a picture."""
        stamp_ns = picture.stamp_ns if self._is_stamped else None
        return self._clock.time_of(stamp_ns, picture.arrived_ns)

    @property
    def _is_stamped(self) -> bool:
        """Whether the stream's times are the camera's.

        FFmpeg invents times for MJPEG; over HTTP they stand in the headers of each picture, or
        there are none.
        """
        is_jpeg = self._stream.pixel_format is PixelFormat.JPEG
        return not is_jpeg or isinstance(self._stream, HttpJpegs)

    def _time(self, picture: Picture) -> int:
        """The stream's own timestamp, which a busy machine does not shift; without one, ours."""
        arrived = self._time_of(picture)
        if self._is_stamped and picture.stamp_ns is not None:
            return picture.stamp_ns
        return arrived

    def _live_picture(self) -> Picture:
        """Skip queued pictures; return the first that was not, or any after MAX_SETTLE_S."""
        start_ns = now_ns()
        while True:
            asked_ns = now_ns()
            picture = self._next_picture()
            waited_ns = picture.arrived_ns - asked_ns
            if waited_ns >= LIVE_WAIT_NS or now_ns() - start_ns > to_ns(MAX_SETTLE_S):
                return picture

    def _find_live_edge(self) -> tuple[Fraction, tuple[int, int]]:
        """Throw away what was queued while the stream was probed; return measured rate and size.

        The first pictures may be smaller than the rest, as long as a camera is starting.
        Queued frames come in a burst, long after they were taken. The rate that FFmpeg gives for
        MJPEG is made up (always 25).
        """
        self._last_ns = self._live_picture().arrived_ns
        times: list[int] = []
        while len(times) < 3 or times[-1] - times[0] < to_ns(MEASURE_S):
            picture = self._next_picture()
            times.append(self._time(picture))
        measured = NS_PER_S * (len(times) - 1) / (times[-1] - times[0])
        nearest = min(COMMON_RATES_HZ, key=lambda rate: abs(rate - measured))
        if abs(nearest - measured) <= 0.05 * measured:
            return Fraction(nearest), picture.size_wh
        return Fraction(measured).limit_denominator(10), picture.size_wh

    def _open(self, url: str, scheme: str) -> AvStream | HttpJpegs:
        try:
            if scheme in ("http", "https"):
                found = open_jpegs(url, OPEN_TIMEOUT_S, READ_TIMEOUT_S)
                if isinstance(found, HttpJpegs):
                    return found
                url = found
            elif scheme in rtsp.PORTS:
                url = rtsp.final_address(url, OPEN_TIMEOUT_S)
            return _open_with_ffmpeg(url, scheme)
        except (av.FFmpegError, OSError, ValueError) as err:  # ValueError: a broken redirect
            raise CameraError(
                f"cannot open the camera at {self._where}: {_reason(err)}",
                "check the address; a browser or ffplay should show it",
            ) from err
        except CameraError as err:
            raise CameraError(
                f"cannot open the camera at {self._where}: {err.message}",
                err.hint or "is this a camera's address?",
            ) from err


def _open_with_ffmpeg(url: str, scheme: str) -> AvStream:
    options = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "1000000"}
    limits = (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
    if scheme.startswith("rtsp"):
        # TCP loses nothing; some cameras send by UDP alone, and say so.
        try:
            container = open_stream(url, options | {"rtsp_transport": "tcp"}, limits)
        except av.FFmpegError as err:
            if err.errno not in NO_SUCH_TRANSPORT:
                raise
            container = open_stream(url, options | {"rtsp_transport": "udp"}, limits)
    else:
        container = open_stream(url, options, limits)
    try:
        return AvStream(container)
    except BaseException:
        container.close()
        raise


def _reason(err: Exception) -> str:
    text = getattr(err, "strerror", None) or str(err)
    if isinstance(err, TimeoutError) or "Immediate exit" in text:
        return f"no answer in {READ_TIMEOUT_S:.0f} s"
    return str(text).lower()
