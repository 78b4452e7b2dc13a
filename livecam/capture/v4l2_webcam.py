"""A Linux camera, frame by frame, numbered by its driver and in the colours that it declares."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from livecam.capture.devices import find_again
from livecam.capture.modes import COMPRESSED
from livecam.capture.packet_decoder import PacketDecoder
from livecam.capture.planes import i420
from livecam.capture.source import (
    FIRST_PICTURE_S,
    SILENT_S,
    BlockingSource,
    CameraMode,
    FrameSource,
    lost,
    silent,
    wrong_size,
)  # fmt: skip
from livecam.capture.source_clock import SourceClock
from livecam.capture.v4l2 import Stream, plugged_in, sound_card_of
from livecam.capture.v4l2_controls import HeldControls
from livecam.errors import CameraError
from livecam.formats.jpeg import size_of
from livecam.frame import Frame, PixelFormat
from livecam.timebase import NS_PER_S, now_ns

if TYPE_CHECKING:
    from fractions import Fraction

    from livecam.capture.devices import Device
    from livecam.capture.microphone import Microphone
    from livecam.capture.modes import Mode
    from livecam.capture.v4l2 import Buffer
    from livecam.frame import Bytes

QUEUED_FRAMES = 32
"""How far a driver's frame numbers may be ahead of its timestamps: after a busy spell, a machine
handles all waiting frames, and stamps them, at the same time."""
HEADER_BYTES = 4096
"""Enough of a JPEG to find its size: tables and an AVI1 or JFIF header take 700."""


class V4l2Webcam(BlockingSource):
    """A camera through V4L2."""

    warms_up = True

    def __init__(
        self,
        device: Device,
        mode: Mode,
        rate_hz: Fraction,
        note: str = "",
        controls: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Open a camera, set its controls and wait for its first picture.

        The controls are put back when it is closed. Raises CameraError, or UsageError for a control
        that it has not.
        """
        super().__init__()
        self.name = device.name
        self._device, self._wanted, self._controls = device, (mode, rate_hz), controls
        self._held = HeldControls(device, controls) if controls else None
        try:
            self._stream = Stream(device, mode, rate_hz)
        except CameraError:
            self._put_back()
            raise
        agreed = self._agreed = self._stream.agreed
        width, height = agreed.size_wh
        is_jpeg = agreed.codec == "mjpeg"
        self._matrix = Colorspace.ITU709 if agreed.bt709 else Colorspace.ITU601
        is_video = agreed.codec in COMPRESSED and not is_jpeg
        self._decoder: PacketDecoder[Buffer] | None = (
            PacketDecoder(agreed.codec, self._matrix) if is_video else None
        )
        self.mode = CameraMode(
            (width, height) if is_jpeg else (width & ~1, height & ~1),
            agreed.rate_hz,
            PixelFormat.JPEG if is_jpeg else PixelFormat.I420,
            agreed.codec,
            "v4l2",
            note,
        )
        self._clock = SourceClock()
        self._numbers = SequenceNumbers(agreed.rate_hz)
        self._ready: deque[Frame] = deque()
        try:
            self._fill(FIRST_PICTURE_S)
        except CameraError:
            self._stream.close()
            self._put_back()
            raise

    @property
    def numbers_frames(self) -> bool:  # type: ignore[override]
        """Whether the driver's frame numbers are trusted."""
        return self._numbers.are_trusted

    def reopen(self) -> FrameSource:
        """The same camera in the same mode, even if its device node has changed."""
        found = find_again(self._device)
        return V4l2Webcam(found, *self._wanted, self.mode.note, self._controls)

    def plugged_in(self) -> object:
        """The device nodes and their times: permissions are given a moment after one is made."""
        return plugged_in()

    def microphone(self) -> Microphone | None:
        """The one in the same USB device."""
        from livecam.capture.portaudio import microphone_in

        return microphone_in(self.name, sound_card_of(self._device.path))

    def close(self) -> None:
        """Release the camera; a read that waits ends at once."""
        self._closed.set()
        self._stream.interrupt()
        super().close()
        self._put_back()

    def _put_back(self) -> None:
        if self._held is not None:
            self._held.put_back()

    def _next_frame(self, _index: int) -> Frame | None:
        self._fill(SILENT_S)
        return self._ready.popleft() if self._ready else None

    def _fill(self, timeout_s: float) -> None:
        """Wait until there is a picture; there is none once closed."""
        deadline_ns = now_ns() + int(timeout_s * NS_PER_S)
        while not self._ready:
            left_s = (deadline_ns - now_ns()) / NS_PER_S
            buffer = self._stream_next(max(0.0, left_s))
            if buffer is None:
                if self._closed.is_set():
                    return
                hint = "unplug it and plug it in again, or try another USB port"
                raise silent(self.name, timeout_s, hint)
            self._ready.extend(self._frame(*picture) for picture in self._pictures(buffer))

    def _pictures(self, buffer: Buffer) -> list[tuple[Buffer, Bytes]]:
        """What a buffer completes: bytes as a frame has them, each with the buffer that is its."""
        if self._decoder is None:
            self._check_size(buffer.data)
            is_jpeg = self.mode.pixel_format is PixelFormat.JPEG
            return [(buffer, buffer.data if is_jpeg else self._planes(buffer.data))]
        found = self._decoder.decode(buffer.data, buffer)
        for _, planes in found:
            seen = (planes.shape[1], planes.shape[0] * 2 // 3)
            if seen != self.mode.size_wh:
                raise wrong_size(self.name, seen, self.mode.size_wh)
        return [(own, planes.reshape(-1)) for own, planes in found]

    def _frame(self, buffer: Buffer, data: Bytes) -> Frame:
        t_ns = self._clock.time_of(
            buffer.stamp_ns, buffer.arrived_ns, is_monotonic=buffer.is_monotonic
        )
        return Frame(
            self._numbers.index_of(buffer.sequence, t_ns),
            t_ns,
            buffer.arrived_ns,
            self.mode.pixel_format,
            self.mode.size_wh,
            data,
        )

    def _stream_next(self, timeout_s: float) -> Buffer | None:
        try:
            return self._stream.next(timeout_s)
        except OSError as err:
            raise lost(self.name) from err

    def _check_size(self, data: Bytes) -> None:
        """A picture of another size than agreed on must never reach a file."""
        width, height = self._agreed.size_wh
        if self._agreed.codec == "mjpeg":
            seen = size_of(data[:HEADER_BYTES].tobytes())
            # A damaged header costs its own frame only.
            if seen is not None and seen != (width, height):
                raise wrong_size(self.name, seen, (width, height))
        elif data.size < _least_bytes(self._agreed.codec, self._agreed.stride, height):
            raise CameraError(
                f"{self.name} sends pictures that are too small for {width}x{height}",
                "try another --size",
            )

    def _planes(self, data: Bytes) -> Bytes:
        """I420 of a raw picture, in the colours that the driver declares."""
        agreed = self._agreed
        picture = av.VideoFrame(*agreed.size_wh, agreed.codec)
        _fill(picture, data, agreed.stride)
        picture.colorspace = self._matrix
        picture.color_range = ColorRange.JPEG if agreed.full_range else ColorRange.MPEG
        return i420(picture).reshape(-1)

    def _release(self) -> None:
        self._stream.close()


class SequenceNumbers:
    """Frame numbers of a driver, as far as they can be believed.

    A hole in them is a lost frame, but in the long run no more frames can be lost than there was
    time for: some drivers also count frames that they drop on purpose to reach a lower rate. Some
    give every frame the number 0; then frames are counted here, and lost ones cannot be known.
    """

    def __init__(self, rate_hz: Fraction) -> None:
        """`rate_hz` is the nominal rate."""
        self.are_trusted = True
        self._interval_ns = NS_PER_S / rate_hz
        self._first_ns: int | None = None
        self._last = 0
        self._index = 0

    def index_of(self, sequence: int, t_ns: int) -> int:
        """The index of a frame taken at `t_ns`, to which its driver gave `sequence` (32 bits)."""
        if self._first_ns is None:
            self._first_ns = t_ns
        else:
            step = (sequence - self._last) % (1 << 32)
            if not 1 <= step < 1 << 31:
                self.are_trusted = False
            possible = int((t_ns - self._first_ns) / self._interval_ns) + QUEUED_FRAMES
            self._index += max(1, min(step, possible - self._index)) if self.are_trusted else 1
        self._last = sequence
        return self._index


def _fill(picture: av.VideoFrame, data: Bytes, stride: int) -> None:
    """Copy a raw picture into PyAV's planes, row by row where their strides differ."""
    is_planar = picture.format.name in ("yuv420p", "yuv422p")
    at = 0
    for number, plane in enumerate(picture.planes):
        # Planar chroma has rows half as long as luma's, interleaved chroma equally long ones.
        source_stride = stride // 2 if number and is_planar else stride
        rows, length = plane.height, min(source_stride, plane.line_size)
        target = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:rows]
        source = data[at : at + rows * source_stride].reshape(rows, source_stride)
        target[:, :length] = source[:, :length]
        at += source.size


def _least_bytes(codec: str, stride: int, height: int) -> int:
    """The fewest bytes that a whole raw picture can have."""
    chroma_rows = {"nv12": -(-height // 2), "nv21": -(-height // 2), "nv16": height}
    planar = {"yuv420p": 2 * (stride // 2) * -(-height // 2), "yuv422p": 2 * (stride // 2) * height}
    return stride * (height + chroma_rows.get(codec, 0)) + planar.get(codec, 0)
