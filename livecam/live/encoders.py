"""Chooses the H.264 encoder for a camera's frames, and when it runs, by its cost on this machine.

x264 is available everywhere and well known. A hardware encoder is used only if x264 would take too
much of a core, and only after a few pictures that it encoded were decoded without visible errors.
"""

from __future__ import annotations

import io
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, cast

import av
import numpy as np

from livecam.media.movie import TIMESCALE, set_colours, ticks
from livecam.timebase import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from livecam.capture.source import CameraMode
    from livecam.frame import Frame

Tier = Literal["live", "lazy"]

KEY_EVERY_S = 0.5
"""Time between key frames: a movie hides at most this much, and a player reads as much to seek."""
SMALL_PIXELS = 1280 * 720
"""Up to this size there is time for better compression."""
_COMMON = {"crf": "22", "bf": "0", "tune": "zerolatency"}
SMALL = {**_COMMON, "preset": "superfast"}
LARGE = {**_COMMON, "preset": "ultrafast", "x264-params": "8x8dct=1"}
"""zerolatency returns each frame's packet at once. ultrafast alone would silently mean the profile
Constrained Baseline; with the 8x8 transform it is High, as on every phone."""

SOFTWARE = "libx264"
HARDWARE = {
    "darwin": ("h264_videotoolbox",),
    "win32": ("h264_nvenc", "h264_qsv", "h264_amf"),
    "linux": ("h264_nvenc", "h264_qsv"),
}
"""Hardware encoders in PyAV's wheels; most machines have a device for one of them, or for none."""
_AT_ONCE = {
    "h264_videotoolbox": {"realtime": "1", "profile": "high"},
    "h264_nvenc": {"preset": "p3", "tune": "ull", "zerolatency": "1", "delay": "0"},
    "h264_qsv": {"preset": "faster", "async_depth": "1"},
    "h264_amf": {"usage": "ultralowlatency"},
}
"""Options that make them return each frame's packet at once (from FFmpeg's documentation)."""
BITS_PER_PIXEL = 0.12
"""Bit rate of hardware encoders, which have no constant-quality mode, per pixel of each frame:
7 Mbit/s at 1080p30, as on phones."""

LIVE_SHARE = 0.6
"""Share of a core up to which encoding all the time is acceptable."""
SOON_S = 0.5
"""How late a movie that is encoded from the press on may be: by then the key photo is known, and
encoding all the time would take a quarter to a half of a core."""

TRIAL_FRAMES = 8
TRIAL_ERROR = 6.0
"""Mean difference, in levels of 255, up to which two pictures of a trial count as the same."""


@dataclass(frozen=True)
class Plan:
    """How movies are encoded on this machine."""

    tier: Tier
    encoder: str
    """FFmpeg's name of the encoder."""
    share: float
    """Share of a core that decoding and encoding all frames takes; of the elapsed time with a
    hardware encoder."""
    reason: str


def plan(
    frames: Sequence[Frame],
    mode: CameraMode,
    before_s: float,
    after_s: float,
    *,
    is_wanted: Callable[[], bool] = lambda: False,
    hardware: Sequence[str] = HARDWARE.get(sys.platform, ()),
) -> Plan | None:
    """Decide by a trial on some of the camera's frames; None once `is_wanted` interrupts it.

    `before_s` and `after_s` are the seconds that a moment has before and after its press.
    """
    rate_hz = float(mode.rate_hz)
    encoder, share = SOFTWARE, cost_of_frames(frames, mode, is_wanted=is_wanted) * rate_hz
    if share > LIVE_SHARE:
        for name in hardware:
            if is_wanted() or not does_as_it_says(name, mode):
                continue
            other = cost_of_frames(frames, mode, name, is_wanted=is_wanted) * rate_hz
            if other < share:
                encoder, share = name, other
            break
    if is_wanted():
        return None
    # At the press, the frames of the last `before_s` wait; more come for another `after_s`.
    late_s = (before_s + after_s) * share - after_s
    if late_s <= SOON_S:
        return Plan("lazy", encoder, share, "encoding from the press on is done in time")
    if share > LIVE_SHARE:
        return Plan("lazy", encoder, share, f"encoding all the time takes {share:.0%} of a core")
    reason = f"encoding from the press on is done {late_s:.1f} s late"
    return Plan("live", encoder, share, reason)


def open_encoder(mode: CameraMode, encoder: str = SOFTWARE) -> tuple[OutputContainer, VideoStream]:
    """Open an encoder for a camera's frames; returns its container, and its stream.

    Close the container when done: until then the two keep each other, and 30 MB, in memory.
    """
    # This container is never written. Its stream is the template of the movies' streams, which so
    # get this encoder's parameter sets; without a template they would get those of a second one.
    holder = av.open(io.BytesIO(), "w", format="mov")
    width, height = mode.size_wh
    if encoder == SOFTWARE:
        options = dict(SMALL if width * height <= SMALL_PIXELS else LARGE)
    else:
        options = {**_AT_ONCE.get(encoder, {}), "bf": "0"}
        options["b"] = str(round(BITS_PER_PIXEL * width * height * float(mode.rate_hz)))
    options["g"] = str(max(1, round(float(mode.rate_hz) * KEY_EVERY_S)))
    stream = cast("VideoStream", holder.add_stream(encoder, rate=mode.rate_hz, options=options))
    stream.codec_context.codec_tag = "avc1"
    stream.width, stream.height = width & ~1, height & ~1
    stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, TIMESCALE)
    stream.codec_context.time_base = Fraction(1, TIMESCALE)
    stream.codec_context.thread_count = 1  # a second one would take scoring's core
    set_colours(stream)
    holder.start_encoding()
    return holder, stream


def cost_of_frames(
    frames: Sequence[Frame],
    mode: CameraMode,
    encoder: str = SOFTWARE,
    *,
    is_wanted: Callable[[], bool] = lambda: False,
) -> float:
    """Mean seconds that decoding and encoding one of these frames takes; stops once `is_wanted`.

    Processor time for x264, elapsed time for a hardware encoder.
    """
    holder, stream = open_encoder(mode, encoder)
    clock = time.thread_time if encoder == SOFTWARE else time.perf_counter
    begun_s = clock()
    count = 0
    for frame in frames:
        if is_wanted():
            break
        try:
            picture = av.VideoFrame.from_ndarray(frame.i420(), format="yuv420p")
        except ValueError:
            continue
        picture.pts, picture.time_base = ticks(frame.t_ns), Fraction(1, TIMESCALE)
        stream.encode(picture)
        count += 1
    spent_s = clock() - begun_s
    holder.close()
    return spent_s / max(count, 1)


def does_as_it_says(encoder: str, mode: CameraMode) -> bool:
    """Whether an encoder works here: packets come at once, and decode to the pictures sent."""
    try:
        return _is_faithful(encoder, mode)
    except (OSError, ValueError, av.FFmpegError):
        return False


def _is_faithful(encoder: str, mode: CameraMode) -> bool:
    width, height = (side & ~1 for side in mode.size_wh)
    ramp = np.linspace(30, 180, width)[None, :] + np.zeros((height, 1))
    holder, stream = open_encoder(mode, encoder)
    file = io.BytesIO()
    sent = []
    with av.open(file, "w", format="mov") as out:
        written = out.add_stream_from_template(stream, opaque=True)
        for i in range(TRIAL_FRAMES):
            planes = np.full((height * 3 // 2, width), 128, np.uint8)
            planes[:height] = np.roll(ramp, 16 * i, axis=1)
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts = ticks(round(i * NS_PER_S / mode.rate_hz))
            picture.time_base = Fraction(1, TIMESCALE)
            packets = stream.encode(picture)
            if len(packets) != 1 or packets[0].pts != picture.pts:
                return False
            if i == 0 and not packets[0].is_keyframe:
                return False
            packets[0].stream = written
            out.mux(packets[0])
            sent.append(planes[:height])
    holder.close()
    file.seek(0)
    with av.open(file, "r") as movie:
        got = [f.to_ndarray(format="yuv420p")[:height] for f in movie.decode(video=0)]
    if len(got) != len(sent):
        return False
    errors = [np.abs(a.astype(np.int16) - b).mean() for a, b in zip(sent, got, strict=True)]
    return bool(max(errors) <= TRIAL_ERROR)
