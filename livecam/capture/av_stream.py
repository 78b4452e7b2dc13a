"""Frames out of anything PyAV can open: devices, network streams, files."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from livecam.capture.planes import i420, turn_of
from livecam.errors import CameraError
from livecam.formats.jpeg import size_of
from livecam.frame import PixelFormat
from livecam.timebase import NS_PER_S, now_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.reformatter import Colorspace

    from livecam.frame import Bytes, Turn

DEFAULT_RATE_HZ = Fraction(30)
SANE_RATE_HZ = (1, 240)
RETRY_S = 0.002
"""How soon to ask a device again that has no frame yet."""


@dataclass(frozen=True)
class Picture:
    """One picture of a stream, before it is put on livecam's clock."""

    data: Bytes
    """1-D uint8."""
    stamp_ns: int | None
    """The stream's own time."""
    arrived_ns: int
    size_wh: tuple[int, int]


class AvStream:
    """The video of an open container: MJPEG untouched, anything else decoded to I420."""

    def __init__(self, container: InputContainer, usual: Colorspace | None = None) -> None:
        """`usual` is the matrix of pictures that name none; None leaves it to their size.

        Raises CameraError if there is no picture in it.
        """
        if not container.streams.video:
            raise CameraError("there is no picture in this stream")
        self._container, self._usual = container, usual
        self._turn: Turn | None = None
        self._pause = threading.Event()
        self._stream = container.streams.video[0]
        context = self._stream.codec_context
        # Threads that decode several frames at once would delay pictures.
        context.thread_type = "SLICE"
        self.codec = context.name
        self.pixel_format = PixelFormat.JPEG if self.codec == "mjpeg" else PixelFormat.I420
        self.size_wh = (context.width, context.height)
        rate = self._stream.average_rate or self._stream.guessed_rate
        low, high = SANE_RATE_HZ
        self.rate_hz = rate if rate and low <= rate <= high else DEFAULT_RATE_HZ
        self.duration_s = float(container.duration / av.time_base) if container.duration else 0.0
        self._ready: deque[Picture] = deque()
        self._packets: Iterator[av.Packet[Any]] = container.demux(self._stream)
        self._ended = False
        # The size, and whether pictures are upright, is certain only once one is decoded: before
        # that, a decoder may report the size that was asked for.
        self._fill()
        if self._ready:
            self.size_wh = self._ready[0].size_wh

    def next(self) -> Picture | None:
        """Block until the next picture; None at the end. Raises av.FFmpegError."""
        self._fill()
        return self._ready.popleft() if self._ready else None

    def _fill(self) -> None:
        """Read until there is a picture, or nothing more to read."""
        while not self._ready and not self._ended:
            packet = self._next_packet()
            arrived_ns = now_ns()
            if packet is None or (packet.size == 0 and packet.pts is None and packet.dts is None):
                self._ended = True
                self._decode(None, arrived_ns)
            elif packet.size == 0:
                continue  # a damaged picture, or an empty part of a network stream: not the end
            elif self.pixel_format is PixelFormat.JPEG:
                jpeg = bytes(packet)
                # A damaged header costs its own picture only: nothing decodes it later.
                size_wh = size_of(jpeg) or self.size_wh
                stamp_ns = self._stamp(packet.pts)
                data = np.frombuffer(jpeg, np.uint8)
                self._ready.append(Picture(data, stamp_ns, arrived_ns, size_wh))
            else:
                self._decode(packet, arrived_ns)

    def close(self) -> None:
        """Close the container."""
        self._pause.set()
        self._container.close()

    def _next_packet(self) -> av.Packet[Any] | None:
        while True:
            try:
                return next(self._packets, None)
            except av.BlockingIOError:
                # AVFoundation raises this while it waits for a frame, which ends the generator.
                self._pause.wait(RETRY_S)
                if self._pause.is_set():
                    return None
                self._packets = self._container.demux(self._stream)

    def _decode(self, packet: av.Packet[Any] | None, arrived_ns: int) -> None:
        if self.pixel_format is PixelFormat.JPEG:
            return
        try:
            pictures = self._stream.codec_context.decode(packet)
        except av.InvalidDataError:
            return  # a damaged packet costs its own frame only
        for picture in pictures:
            if self._turn is None:
                self._turn = turn_of(picture)
            planes = i420(picture, self._usual, self._turn)
            size_wh = (planes.shape[1], planes.shape[0] * 2 // 3)
            stamp_ns = self._stamp(picture.pts)
            self._ready.append(Picture(planes.reshape(-1), stamp_ns, arrived_ns, size_wh))

    def _stamp(self, pts: int | None) -> int | None:
        if pts is None or self._stream.time_base is None:
            return None
        return int(pts * self._stream.time_base * NS_PER_S)
