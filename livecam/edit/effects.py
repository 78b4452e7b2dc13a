"""What Photos calls effects: Loop, Bounce and Long Exposure; and animated pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, cast

import av
import cv2
import numpy as np
from PIL import Image

from livecam.errors import InputError
from livecam.media.movie import ENCODERS, MOVIE_TIMESCALE, TIMESCALE
from livecam.photos.frames import evenly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.stream import VideoStream

    from livecam.capture.frame import Bytes, Frame
    from livecam.photos.frames import MovieReader

Animation = Literal["gif", "webp"]

MAX_HELD_BYTES = 1_500_000_000
"""Of pictures held at once: 1080p for sixteen seconds. A moment has three."""
FADE_S = 0.4
"""How long a loop's end fades into its beginning."""
ANIMATED_SIDE, ANIMATED_RATE_HZ = 480, 15
"""Longer side and pace of animated pictures: what messengers take."""
ALIGNED_SIDE = 480
"""Longer side of the copies on which the camera's shake is measured."""


@dataclass(frozen=True)
class Clip:
    """A new movie, and which of the old one's frames it begins with."""

    movie: bytes
    first: int
    last: int
    interval_s: float

    def place_of(self, index: int) -> tuple[int, float]:
        """The frame of the old movie nearest to `index` that is shown, and its time here."""
        index = max(self.first, min(self.last, index))
        return index, (index - self.first) * self.interval_s


def bounced(reader: MovieReader) -> Clip:
    """Forward, then backward; a QuickTime movie without sound. Raises InputError."""
    frames = _all_frames(reader)
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    interval_s = _interval_s(reader)
    movie = _encode([frames[i].i420() for i in order], interval_s, frames[0].size_wh)
    return Clip(movie, 0, len(frames) - 1, interval_s)


def looped(reader: MovieReader) -> Clip:
    """The end fades into the beginning, so that it can run for ever. Raises InputError."""
    frames = _all_frames(reader)
    interval_s = _interval_s(reader)
    fade = max(1, min(round(FADE_S / interval_s), len(frames) // 3))
    pictures = [frame.i420() for frame in frames[fade : len(frames) - fade]]
    for i in range(fade):
        end, begin = frames[len(frames) - fade + i].i420(), frames[i].i420()
        share = (i + 1) / (fade + 1)
        pictures.append(cast("Bytes", cv2.addWeighted(end, 1 - share, begin, share, 0)))
    movie = _encode(pictures, interval_s, frames[0].size_wh)
    return Clip(movie, fade, len(frames) - fade - 1, interval_s)


def long_exposure(reader: MovieReader, key: int) -> Bytes:
    """The mean of all frames, each laid over the key frame first; (H, W, 3) uint8 BGR.

    What stands still stays sharp although the camera shook; what moves turns to mist. The mean is
    taken in linear light, as a shutter that stays open would. Raises InputError.
    """
    base = reader.picture(key)
    _check_size(base.shape[1], base.shape[0], 8)
    small = _small_gray(base)
    total = np.zeros(base.shape, np.float32)
    weight = np.zeros(base.shape[:2], np.float32)
    scale = base.shape[1] / small.shape[1]
    for _, image in reader.pictures(range(len(reader.times))):
        shift = _shift(small, _small_gray(image))
        if shift is None:
            continue  # something else is in view: a camera that was lowered, say
        shift[:, 2] *= scale
        size_wh = (base.shape[1], base.shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        linear = np.square(cv2.warpAffine(image, shift, size_wh, flags=flags).astype(np.float32))
        seen = cv2.warpAffine(np.ones(image.shape[:2], np.float32), shift, size_wh, flags=flags)
        total += linear * seen[:, :, None]
        weight += seen
    mean = np.sqrt(total / np.maximum(weight, 1e-3)[:, :, None])
    return np.where(weight[:, :, None] > 0.5, mean.round(), base).astype(np.uint8)


def animated(reader: MovieReader, kind: Animation) -> bytes:
    """A GIF or WebP that repeats for ever. Raises InputError."""
    wanted = max(2, round(reader.duration_s * ANIMATED_RATE_HZ))
    chosen = evenly(len(reader.times), min(wanted, len(reader.times)))
    pictures, times_s = [], []
    for at, image in reader.pictures(chosen):
        scale = min(1.0, ANIMATED_SIDE / max(image.shape[:2]))
        size_wh = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
        pictures.append(Image.fromarray(np.ascontiguousarray(small[:, :, ::-1])))
        times_s.append(at.time_s)
    times_s.append(max(reader.duration_s, times_s[-1] + 1 / ANIMATED_RATE_HZ))
    lasts_ms = [max(20, round(1000 * float(d))) for d in np.diff(times_s)]
    if kind == "gif":
        # One palette for all: with one for each, still backgrounds flicker.
        palette = pictures[len(pictures) // 2].quantize(255)
        pictures = [picture.quantize(palette=palette) for picture in pictures]
    out = io.BytesIO()
    options = {"quality": 80, "method": 4} if kind == "webp" else {"optimize": False}
    pictures[0].save(
        out, kind.upper(), save_all=True, append_images=pictures[1:], duration=lasts_ms, loop=0,
        **options,
    )  # fmt: skip
    return out.getvalue()


def _all_frames(reader: MovieReader) -> list[Frame]:
    if len(reader.times) < 4:
        raise InputError("this movie is too short for an effect")
    first = reader.picture(0)
    _check_size(first.shape[1], first.shape[0], 1.5 * len(reader.times))
    return list(reader.frames(range(len(reader.times))))


def _check_size(width: int, height: int, bytes_a_pixel: float) -> None:
    if width * height * bytes_a_pixel > MAX_HELD_BYTES:
        raise InputError("this movie is too long or too large for an effect")


def _interval_s(reader: MovieReader) -> float:
    times = [frame.time_s for frame in reader.times]
    return float(np.median(np.diff(times)))


def _encode(pictures: Sequence[Bytes], interval_s: float, size_wh: tuple[int, int]) -> bytes:
    """(H * 3 // 2, W) uint8 I420 pictures as a movie with even times."""
    encoder, tag, options = ENCODERS["h264"]
    out = io.BytesIO()
    container_options = {"movie_timescale": str(MOVIE_TIMESCALE)}
    ticks = max(1, round(interval_s * TIMESCALE))
    with av.open(out, "w", format="mov", options=container_options) as target:
        rate = Fraction(TIMESCALE, ticks)
        stream = cast("VideoStream", target.add_stream(encoder, rate=rate, options=options))
        stream.width, stream.height = size_wh
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, TIMESCALE)
        context = stream.codec_context
        context.codec_tag, context.time_base = tag, Fraction(1, TIMESCALE)
        context.color_primaries, context.color_trc, context.colorspace = 1, 1, 6
        context.color_range = 1
        for i, planes in enumerate([*pictures, None]):
            picture = None
            if planes is not None:
                picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
                picture.pts, picture.time_base = i * ticks, Fraction(1, TIMESCALE)
            for packet in stream.encode(picture):
                packet.duration = ticks
                target.mux(packet)
    return out.getvalue()


def _small_gray(image: Bytes) -> Bytes:
    scale = min(1.0, ALIGNED_SIDE / max(image.shape[:2]))
    size_wh = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)  # type: ignore[return-value]


def _shift(base: Bytes, gray: Bytes) -> np.ndarray[tuple[int, int], np.dtype[np.float32]] | None:
    """The (2, 3) turn and shift that lays `gray` over `base`; None if they are too unlike."""
    warp = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    try:
        likeness, found = cv2.findTransformECC(base, gray, warp, cv2.MOTION_EUCLIDEAN, stop)
    except cv2.error:
        return None
    return np.asarray(found, np.float32) if likeness > 0.5 else None
