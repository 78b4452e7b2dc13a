"""The movie of a moment: H.264 and AAC in a QuickTime file, every frame at its own time."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np

from livecam.errors import OutputError
from livecam.formats.ffmpeg import AUDIO_BIT_RATE
from livecam.timebase import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import BinaryIO

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from livecam.capture.sound_ring import SoundClip
    from livecam.media.save_options import Codec
    from livecam.moment import Moment

TIMESCALE = 90_000
"""Ticks per second of the video track: capture times are kept to 11 microseconds."""

MOVIE_TIMESCALE = 600
"""Ticks per second of the movie header, as in every file that Apple's cameras write."""

ENCODERS: dict[Codec, tuple[str, str, dict[str, str]]] = {
    "h264": ("libx264", "avc1", {"preset": "superfast", "crf": "22", "bf": "0"}),
    "hevc": (
        "libx265",
        "hvc1",
        {"preset": "ultrafast", "crf": "20", "x265-params": "bframes=0:log-level=none"},
    ),
}
"""Encoder, tag and options. superfast gives H.264's High profile (ultrafast silently gives
Constrained Baseline). Apple's players take HEVC only under the tag hvc1. No B-frames: frames leave
the encoder in order, and uneven times stay exact."""


@dataclass(frozen=True)
class Encoded:
    """One frame, encoded."""

    t_ns: int
    data: bytes
    is_key: bool


def write_movie(target: BinaryIO, moment: Moment, codec: Codec = "h264") -> None:
    """Encode a moment. Raises OutputError; what is in the file is then not a movie."""
    try:
        with av.open(target, "w", format="mov", options=_container_options()) as out:
            _tag(out, moment.shutter_time)
            video = _video_stream(out, moment, codec)
            sound = _audio_stream(out, moment.sound) if moment.sound else None
            _encode_video(out, video, moment)
            if sound is not None and moment.sound is not None:
                _encode_audio(out, sound, moment.sound)
    except (ValueError, av.FFmpegError) as err:
        raise OutputError(f"the movie cannot be encoded: {err}") from err


def mux_movie(
    target: BinaryIO, moment: Moment, live: VideoStream, packets: Sequence[Encoded]
) -> None:
    """Write a moment whose frames are encoded already. Raises OutputError.

    `packets` begin with a key frame at or before the moment. An edit list hides the frames before
    the moment, so that the movie begins exactly with the moment's first frame.
    """
    try:
        with av.open(target, "w", format="mov", options=_container_options()) as out:
            _tag(out, moment.shutter_time)
            video = out.add_stream_from_template(live, opaque=True)
            sound = _audio_stream(out, moment.sound) if moment.sound else None
            times = _increasing([packet.t_ns - moment.start_ns for packet in packets])
            times.append(max(ticks(moment.duration_ns), times[-1] + 1))
            for encoded, pts, following in zip(packets, times, times[1:], strict=False):
                packet = av.Packet(encoded.data)
                packet.stream, packet.time_base = video, Fraction(1, TIMESCALE)
                packet.pts = packet.dts = pts
                packet.duration, packet.is_keyframe = following - pts, encoded.is_key
                out.mux(packet)
            if sound is not None and moment.sound is not None:
                _encode_audio(out, sound, moment.sound)
    except (ValueError, av.FFmpegError) as err:
        raise OutputError(f"the movie cannot be written: {err}") from err


def write_motion_jpeg(target: BinaryIO, moment: Moment) -> None:
    """Write a camera's own JPEGs and its sound without encoding: quick, but ten times the size.

    Raises OutputError, OSError.
    """
    try:
        with av.open(target, "w", format="mov", options=_container_options()) as out:
            stream = out.add_stream("mjpeg", rate=moment.mode.rate_hz)
            stream.width, stream.height = moment.mode.size_wh
            stream.pix_fmt, stream.time_base = "yuvj420p", Fraction(1, TIMESCALE)
            sound = None
            if moment.sound is not None:
                sound = out.add_stream("pcm_s16le", rate=moment.sound.rate_hz)
                sound.layout = "mono" if moment.sound.channels == 1 else "stereo"
            times = _increasing([frame.t_ns - moment.start_ns for frame in moment.frames])
            times.append(max(ticks(moment.duration_ns), times[-1] + 1))
            for frame, pts, following in zip(moment.frames, times, times[1:], strict=False):
                packet = av.Packet(frame.data.tobytes())
                packet.stream, packet.time_base = stream, Fraction(1, TIMESCALE)
                packet.pts = packet.dts = pts
                packet.duration, packet.is_keyframe = following - pts, True
                out.mux(packet)
            if sound is not None and moment.sound is not None:
                _encode_audio(out, sound, moment.sound)
    except (ValueError, av.FFmpegError) as err:
        if isinstance(err, OSError) and err.errno in errno.errorcode:
            raise  # an error of the disk
        raise OutputError(f"the camera's pictures cannot be kept: {err}") from err


def _container_options() -> dict[str, str]:
    return {"movie_timescale": str(MOVIE_TIMESCALE)}


def _tag(out: OutputContainer, when: datetime) -> None:
    out.metadata["creation_time"] = when.isoformat()


def _video_stream(out: OutputContainer, moment: Moment, codec: Codec) -> VideoStream:
    width, height = moment.mode.size_wh
    encoder, tag, options = ENCODERS[codec]
    stream = cast("VideoStream", out.add_stream(encoder, rate=moment.mode.rate_hz, options=options))
    stream.codec_context.codec_tag = tag
    stream.width, stream.height = width & ~1, height & ~1
    stream.pix_fmt = "yuv420p"
    stream.time_base = Fraction(1, TIMESCALE)
    stream.codec_context.time_base = Fraction(1, TIMESCALE)
    set_colours(stream)
    return stream


def set_colours(stream: VideoStream) -> None:
    """Tag a stream as I420 in BT.601, limited range: that is what OpenCV converts pictures to.

    Cameras are made for sRGB screens, whose primaries are those of BT.709 (H.273: 1, 1, 6).
    """
    context = stream.codec_context
    context.color_primaries, context.color_trc, context.colorspace = 1, 1, 6
    context.color_range = 1


def _audio_stream(out: OutputContainer, sound: SoundClip) -> AudioStream:
    stream = out.add_stream("aac", rate=sound.rate_hz)
    stream.layout = "mono" if sound.channels == 1 else "stereo"
    stream.bit_rate = AUDIO_BIT_RATE
    return stream


def _encode_video(out: OutputContainer, stream: VideoStream, moment: Moment) -> None:
    times = _increasing([frame.t_ns - moment.start_ns for frame in moment.frames])
    times.append(max(ticks(moment.duration_ns), times[-1] + 1))
    lasts = {a: b - a for a, b in pairwise(times)}
    planes = None
    for frame, pts in zip(moment.frames, times, strict=False):
        try:
            planes = frame.i420()
        except ValueError:
            # A broken JPEG: the frame before it stays on the screen a little longer.
            if planes is None:
                continue
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = pts, Fraction(1, TIMESCALE)
        for packet in stream.encode(picture):
            _mux(out, packet, lasts)
    for packet in stream.encode(None):
        _mux(out, packet, lasts)


def _mux(out: OutputContainer, packet: av.Packet[Any], lasts: dict[int, int]) -> None:
    # Without a duration the muxer guesses the last one, and the movie ends a frame early.
    if packet.pts is not None:
        packet.duration = lasts[packet.pts]
    out.mux(packet)


def _encode_audio(out: OutputContainer, stream: AudioStream, sound: SoundClip) -> None:
    packed = np.ascontiguousarray(sound.samples).reshape(1, -1)
    block = av.AudioFrame.from_ndarray(packed, format="s16", layout=stream.layout)
    block.sample_rate, block.pts = sound.rate_hz, 0
    block.time_base = Fraction(1, sound.rate_hz)
    out.mux(stream.encode(block))
    out.mux(stream.encode(None))


def _increasing(times_ns: Sequence[int]) -> list[int]:
    """These times in ticks of the video track, each at least one tick later than the one before."""
    found: list[int] = []
    for t_ns in times_ns:
        found.append(max(ticks(t_ns), found[-1] + 1) if found else ticks(t_ns))
    return found


def ticks(ns: int) -> int:
    """A time in units of the video track."""
    return round(ns * TIMESCALE / NS_PER_S)
