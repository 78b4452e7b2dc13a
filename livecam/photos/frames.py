"""The frames of a movie that already exists: when each is shown, and their pictures.

PyAV decodes; a QuickTime or MP4 file whose boxes are not consistent is refused before that.
"""

from __future__ import annotations

import contextlib
import itertools
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import av
import numpy as np

from livecam.capture.planes import i420, turn_of
from livecam.errors import InputError
from livecam.formats.ffmpeg import open_movie, reason, said_in
from livecam.formats.files import FileBytes, open_regular, read_file
from livecam.formats.limits import check_size
from livecam.formats.remux import turn_matrix
from livecam.formats.structure import is_movie, verify_movie
from livecam.formats.webp import as_movie
from livecam.frame import UPRIGHT, Frame, PixelFormat
from livecam.photos.colour import is_hdr, to_bgr
from livecam.timebase import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from fractions import Fraction
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from livecam.frame import Bytes

MAX_PIXELS = 36_000_000
"""8K has 33 million. A file that claims more asks for memory, not for a picture."""
THREADED_PIXELS = 3_000_000
"""Larger frames are decoded one at a time."""
HDR_WIDTH = 2560
"""Wider HDR frames are reduced for the score: their light takes a second to convert at 4K."""
MAX_FRAMES = 1_000_000
"""Nine hours at 30 frames a second."""

COUNTED_FORMATS = ("mpeg", "mpegts", "avi")
"""Containers whose frames are known only after decoding."""

FIELDS_LOOKED, FIELDS_SHARE = 24, 0.75
"""Packets of H.264 that are decoded to see whether each holds one field, and the most pictures per
packet if so: half a picture, or more if only some frames are pairs of fields."""

KNOWN_CURVES = frozenset((0, 1, 2, 4, 5, 6, 7, 11, 13, 14, 15, 16, 18))
"""Transfer characteristics (ITU-T H.273) that can be shown rightly; logarithmic ones cannot."""


@dataclass(frozen=True)
class FrameTime:
    """One frame of a movie, before it is decoded."""

    index: int
    """In the order in which frames are shown, from 0."""
    pts: int
    time_s: float
    """In the movie's own time, edit list applied."""


class MovieReader:
    """A movie opened for its frames. Not thread-safe.

    `times` are known without decoding; `frames` and `picture` decode.
    """

    def __init__(self, source: Path | bytes) -> None:
        """Open a file, or a movie found inside one. Raises InputError."""
        if not isinstance(source, bytes) and source.suffix.lower() == ".webp":
            source = as_movie(source)
        try:
            _verify(source)
            self._container: InputContainer = open_movie(source)
        except (av.FFmpegError, OSError, ValueError) as err:
            raise InputError(f"this is no movie that can be read: {reason(err)}") from err
        self._turn, self._is_turn_known = UPRIGHT, False
        self._is_counted = False
        self._keys: list[int] = []
        self._first = 0
        """Earliest timestamp of any packet, in ticks; at most 0."""
        self._source = source
        try:
            self._stream = self._open_stream()
            self.times = self._read_times()
        except BaseException:
            self._container.close()
            raise

    def _open_stream(self) -> VideoStream:
        streams = self._container.streams.video
        if not streams:
            raise InputError("there is no picture in this movie")
        # A Pixel keeps a second, larger track with a frame or two in it; an animated AVIF has its
        # first picture before the animation.
        stream = max(streams, key=lambda stream: stream.frames)
        context = stream.codec_context
        if context is None or not context.width or not context.height:
            raise InputError("the picture of this movie has no size or an unknown codec")
        check_size((context.width, context.height), MAX_PIXELS)
        if context.color_trc not in KNOWN_CURVES:
            raise InputError("its pictures are graded in a way (logarithmic) that cannot be shown")
        context.options = {"max_pixels": str(MAX_PIXELS)}
        # Each additional frame thread holds several frames in memory.
        self.is_large = context.width * context.height > THREADED_PIXELS
        """Whether it needs so much memory that only one such movie is worked on at a time."""
        context.thread_type = "SLICE" if self.is_large else "AUTO"
        return stream

    def _read_times(self) -> list[FrameTime]:
        base = self._stream.time_base
        shown: list[int | None]
        try:
            packets = []
            for packet in self._container.demux(self._stream):
                # Frames before the edit list's start are not shown, but decoding may need them.
                self._first = min(self._first, packet.dts or 0, packet.pts or 0)
                if not packet.is_discard and packet.size:
                    packets.append((packet.pts, packet.is_keyframe))
            self._rewind()
            # Streams of packets without an index: two may be the fields of one frame, and the first
            # may belong to a frame that began before.
            is_counted = self._container.format.name in COUNTED_FORMATS
            is_counted = is_counted or any(pts is None for pts, _ in packets)
            self._is_counted = is_counted or self._is_in_fields()
            if self._is_counted:
                shown = [picture.pts for picture in self._given()]
                self._rewind()
            else:
                known = [(pts, is_key) for pts, is_key in packets if pts is not None]
                self._keys = sorted({pts for pts, is_key in known if is_key})
                shown = [*sorted({pts for pts, _ in known})]
        except (av.FFmpegError, ValueError) as err:
            raise InputError(f"this movie cannot be read: {reason(err)}") from err
        if not shown or base is None:
            raise InputError("there is no frame in this movie")
        if len(shown) > MAX_FRAMES:
            raise InputError("this movie has too many frames")
        return self._times_of(shown, base)

    def _is_in_fields(self) -> bool:
        """Whether two packets may be the fields of one frame: H.264 of camcorders, repacked."""
        if self.codec != "h264":
            return False
        packets = pictures = 0
        for packet in self._container.demux(self._stream):
            packets += packet.size > 0
            with contextlib.suppress(av.InvalidDataError):
                # The last packet is empty, and flushes the pictures that the decoder still holds.
                found = packet.decode()
                if any(not picture.interlaced_frame for picture in found):
                    pictures = packets
                    break
                pictures += len(found)
            if packets == FIELDS_LOOKED:
                pictures += len(self._stream.codec_context.decode(None))
                break
        self._rewind()
        return 0 < pictures <= FIELDS_SHARE * packets

    def _times_of(self, shown: list[int | None], base: Fraction) -> list[FrameTime]:
        """When frames are shown. A frame without a timestamp comes a usual step later."""
        known = [pts for pts in shown if pts is not None]
        steps = [b - a for a, b in itertools.pairwise(known) if b > a]
        rate = self._stream.average_rate
        usual = round(1 / (rate * base)) if rate else 1
        step = max(1, round(float(np.median(steps))) if steps else usual)
        times: list[int] = []
        for pts in shown:
            before = times[-1] if times else None
            if pts is None or (before is not None and pts <= before):
                pts = 0 if before is None else before + step
            times.append(pts)
        # QuickTime's times are those of its edit list, to which the still's time belongs; those of
        # broadcast streams begin wherever the recording was switched on.
        origin = 0 if "mov" in self._container.format.name else times[0]
        return [FrameTime(i, pts, float((pts - origin) * base)) for i, pts in enumerate(times)]

    @property
    def duration_s(self) -> float:
        """Duration of the whole movie, sound included."""
        if self._container.duration:
            return self._container.duration / 1e6
        return self.times[-1].time_s

    @property
    def lasts_s(self) -> list[float]:
        """How long each frame is shown, in seconds; the last one for the median of the others."""
        times = [frame.time_s for frame in self.times]
        lasts = [b - a for a, b in itertools.pairwise(times)]
        return [*lasts, float(np.median(lasts)) if lasts else self.duration_s]

    @property
    def created(self) -> str:
        """When it was recorded, as an ISO 8601 date with or without a zone; "" if unknown."""
        tags = self._container.metadata
        return tags.get("com.apple.quicktime.creationdate") or tags.get("creation_time", "")

    @property
    def said(self) -> dict[str, str]:
        """The movie's metadata (when, where, with what it was recorded), under FFmpeg's names."""
        return said_in(self._container)

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec, such as h264."""
        return self._stream.codec_context.name

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name of how its pictures are stored, such as yuv420p."""
        return self._stream.codec_context.pix_fmt or ""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of its upright pictures; right only after one of them was decoded."""
        context = self._stream.codec_context
        return self._turn.size_wh((context.width, context.height))

    def nearest(self, time_s: float) -> FrameTime:
        """The frame whose time is nearest to `time_s`."""
        return min(self.times, key=lambda frame: abs(frame.time_s - time_s))

    def frames(self, indices: Collection[int], *, hdr_reduced: bool = False) -> Iterator[Frame]:
        """Yield these frames in order, with `t_ns` counted in the movie; lost frames are left out.

        A packet may give no picture: it is damaged, hidden, or lies before the movie's beginning.
        Raises InputError if none of these frames can be decoded.

        Frames are I420; HDR frames are BGR, and with `hdr_reduced` at half size if they are large.
        """
        for at, picture in self._decode(indices):
            t_ns = round(at.time_s * NS_PER_S)
            if is_hdr(picture):
                reduce = 2 if hdr_reduced and picture.width > HDR_WIDTH else 1
                image = to_bgr(picture, self._turn, reduce)
                size_wh = (image.shape[1], image.shape[0])
                yield Frame(at.index, t_ns, t_ns, PixelFormat.BGR, size_wh, image.reshape(-1))
                continue
            try:
                planes = i420(picture, turn=self._turn)
            except OSError:  # too small for planes of half its size: 1x1
                image = to_bgr(picture, self._turn)
                size_wh = (image.shape[1], image.shape[0])
                yield Frame(at.index, t_ns, t_ns, PixelFormat.BGR, size_wh, image.reshape(-1))
                continue
            size_wh = (planes.shape[1], planes.shape[0] * 2 // 3)
            yield Frame(at.index, t_ns, t_ns, PixelFormat.I420, size_wh, planes.reshape(-1))

    def picture(self, index: int) -> Bytes:
        """One frame as (H, W, 3) uint8 BGR in sRGB, upright and at full size. Raises InputError."""
        found = next(self.pictures([index]), None)
        if found is None:
            raise InputError(f"frame {index} cannot be decoded")
        return found[1]

    def pictures(self, indices: Collection[int]) -> Iterator[tuple[FrameTime, Bytes]]:
        """Yield several frames with their pictures, like `picture`, in order. Raises InputError."""
        for at, picture in self._decode(indices):
            yield at, to_bgr(picture, self._turn)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _decode(self, indices: Collection[int]) -> Iterator[tuple[FrameTime, av.VideoFrame]]:
        self._rewind()
        left = sorted(set(indices))
        if left and not 0 <= left[0] <= left[-1] < len(self.times):
            raise InputError(f"there is no frame {left[-1]} in it")
        found = False
        try:
            for index, picture in self._counted_frames() if self._is_counted else self._seek(left):
                while left and left[0] < index:
                    left.pop(0)  # lost
                if not left:
                    break
                if index != left[0]:
                    continue
                if not self._is_turn_known:
                    self._turn, self._is_turn_known = turn_of(picture, self._matrix()), True
                left.pop(0)
                found = True
                yield self.times[index], picture
                if not left:
                    return
        except (av.FFmpegError, ValueError, MemoryError) as err:
            raise InputError(f"frame {left[0]} cannot be decoded: {err}") from err
        if left and not found:
            raise InputError(f"frame {left[0]} cannot be decoded")

    def _matrix(self) -> bytes | None:
        """The display matrix in the track's header; None if there is none."""
        if isinstance(self._source, bytes):
            return turn_matrix(self._source)
        return read_file(self._source, turn_matrix)

    def _counted_frames(self) -> Iterator[tuple[int, av.VideoFrame]]:
        return enumerate(self._given())

    def _seek(self, wanted: Collection[int]) -> Iterator[tuple[int, av.VideoFrame]]:
        """Yield the wanted pictures; those between are decoded too unless a seek is quicker."""
        index_of = {self.times[i].pts: i for i in wanted}
        left = sorted(index_of)
        position: int | None = None
        while left:
            self._skip_ahead(left[0], position)
            for picture in self._given():
                if picture.pts is None:
                    continue
                position = picture.pts
                while left and left[0] < position:
                    left.pop(0)  # lost: pictures come in the order in which they are shown
                if left and position == left[0]:
                    left.pop(0)
                    yield index_of[position], picture
                    if left and self._is_far(position, left[0]):
                        break
                if not left:
                    return
            else:
                return

    def _given(self) -> Iterator[av.VideoFrame]:
        """Yield all pictures from here on; packets that cannot be decoded are skipped."""
        for packet in self._container.demux(self._stream):
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                continue

    def _is_far(self, position: int, target: int) -> bool:
        """Whether `target` is over a second ahead, with a key frame on the way."""
        base = self._stream.time_base
        if base is None or (target - position) * base < 1:
            return False
        key = bisect_right(self._keys, target) - 1
        return key >= 0 and self._keys[key] > position

    def _skip_ahead(self, target: int, position: int | None) -> None:
        if position is None:
            position = self.times[0].pts
        if self._is_far(position, target):
            self._container.seek(target, stream=self._stream)

    def _rewind(self) -> None:
        """Go back to the very first packet, whatever its timestamp."""
        try:
            self._container.seek(self._first, stream=self._stream, backward=True)
            self._stream.codec_context.flush_buffers()
        except (av.FFmpegError, OSError):
            # In a stream without a container no seek is possible.
            self._container.close()
            self._container = open_movie(self._source)
            self._stream = self._open_stream()


def _verify(source: Path | bytes) -> None:
    """Check the boxes of a QuickTime or MP4 file; others pass. Raises InputError, OSError."""
    if isinstance(source, bytes):
        if is_movie(source):
            verify_movie(source)
        return
    with open_regular(source) as file:
        data = FileBytes(file)
        if len(data) == 0:
            raise InputError("the file is empty")
        if is_movie(data):
            verify_movie(data)


def evenly(count: int, wanted: int) -> list[int]:
    """`wanted` positions out of `count`, evenly spaced, first and last among them."""
    if wanted >= count:
        return list(range(count))
    return sorted({round(float(x)) for x in np.linspace(0, count - 1, wanted)})
