"""The effects of Apple Photos (Loop, Bounce, Long Exposure), and animated pictures."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, cast

import av
import cv2
import numpy as np
from PIL import Image

from livecam.errors import InputError
from livecam.formats.exif_edit import MINIMAL_TIFF, ExifEditor
from livecam.formats.ffmpeg import KEEPS_ALL
from livecam.formats.jpeg import EXIF_HEADER
from livecam.media.movie import ENCODERS, MOVIE_TIMESCALE, TIMESCALE, set_colours
from livecam.photos.frames import evenly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from av.video.stream import VideoStream

    from livecam.frame import Bytes
    from livecam.photos.frames import MovieReader

Animation = Literal["gif", "webp"]

MOST_RAW_BYTES = 8_000_000_000
"""Of an effect's pictures, uncompressed: 85 s of 1080p. A moment has three."""
HELD_BYTES = 50_000_000
"""Of pictures held at once: four of 4K, sixteen of 1080p."""
LOOKAHEAD, THREADS = "4", 2
"""Frames that the encoder looks ahead, and its threads: both add frames held in memory."""
FADE_S = 0.4
"""How long a loop's end fades into its beginning."""
ANIMATED_SIDE, ANIMATED_RATE_HZ = 480, 15
"""Longer side in pixels and frame rate of animated pictures: what messengers accept."""
MOST_ANIMATED_S = 60.0
ALIGNED_SIDE = 480
"""Longer side of the copies on which the camera's shake is measured."""
BAND = 128
"""Rows that are summed at a time, since light takes four times the memory of pixels."""


@dataclass(frozen=True)
class Clip:
    """A new movie, and the times at which it first shows the frames of the old movie."""

    movie: bytes
    starts_s: dict[int, float]
    """By the frame's number in the old movie."""

    def position_of(self, index: int) -> tuple[int, float]:
        """The shown frame of the old movie nearest to `index`, and its time in the new movie."""
        nearest = min(self.starts_s, key=lambda shown: abs(shown - index))
        return nearest, self.starts_s[nearest]


def bounced(reader: MovieReader) -> Clip:
    """Forward, then backward; a QuickTime movie without sound. Raises InputError."""
    _check(reader)
    count = len(reader.times)
    there, back = list(range(count)), list(range(count - 2, 0, -1))
    pictures = itertools.chain(_planes(reader, there), _backward(reader, back))
    return _encode(reader, pictures, there + back)


def looped(reader: MovieReader) -> Clip:
    """Fade the end into the beginning, so that the movie can repeat for ever. Raises InputError."""
    _check(reader)
    count, lasts_s = len(reader.times), reader.lasts_s
    fade = max(1, min(round(FADE_S * count / sum(lasts_s)), count // 3))
    middle, end = list(range(fade, count - fade)), list(range(count - fade, count))
    pictures = itertools.chain(_planes(reader, middle), _faded(reader, fade))
    return _encode(reader, pictures, middle + end)


def long_exposure(reader: MovieReader, key: int) -> Bytes:
    """The mean of all frames, each aligned with the key frame first; (H, W, 3) uint8 BGR.

    What stands still stays sharp although the camera shook; what moves is blurred. The mean is
    taken in linear light, like an exposure with an open shutter. Raises InputError.
    """
    base = reader.picture(key)
    height, width = base.shape[:2]
    small = _small_gray(base)
    total = np.zeros(base.shape, np.float32)
    weight = np.zeros((height, width, 1), np.float32)
    scale = width / small.shape[1]
    for _, image in reader.pictures(range(len(reader.times))):
        shift = _shift(small, _small_gray(image))
        if shift is None:
            continue  # something else is in view: a camera that was lowered, say
        shift[:, 2] *= scale
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(image, shift, (width, height), flags=flags)
        inside = np.full((height, width), 255, np.uint8)
        seen = cv2.warpAffine(inside, shift, (width, height), flags=flags)[:, :, None]
        for top in range(0, height, BAND):
            rows = slice(top, top + BAND)
            share = seen[rows].astype(np.float32) / np.float32(255)
            total[rows] += np.square(laid[rows].astype(np.float32)) * share
            weight[rows] += share
    mean = base.copy()
    for top in range(0, height, BAND):
        rows = slice(top, top + BAND)
        light = np.sqrt(total[rows] / np.maximum(weight[rows], 1e-3))
        mean[rows] = np.where(weight[rows] > 0.5, light.round(), base[rows])
    return mean


def animated(reader: MovieReader, kind: Animation, unique_id: str = "") -> bytes:
    """A GIF or WebP that repeats for ever; `unique_id` names it in its metadata.

    Raises InputError.
    """
    if reader.duration_s > MOST_ANIMATED_S:
        raise InputError(
            f"an animated picture of {reader.duration_s:.0f} s is too large",
            f"at most {MOST_ANIMATED_S:.0f} s",
        )
    wanted = max(2, round(reader.duration_s * ANIMATED_RATE_HZ))
    chosen = evenly(len(reader.times), min(wanted, len(reader.times)))
    starts_s = [reader.times[i].time_s for i in chosen]
    ends_s = [*starts_s[1:], reader.times[-1].time_s + reader.lasts_s[-1]]
    # GIF counts in hundredths of a second: end times are rounded, so that errors do not add up.
    step_ms = 10 if kind == "gif" else 1
    ticks = np.round(np.array([starts_s[0], *ends_s]) * 1000 / step_ms)
    lasts_ms = [max(20, int(step_ms * last)) for last in np.diff(ticks)]
    pictures = (_small_picture(image) for _, image in reader.pictures(chosen))
    if kind == "gif":
        # One palette for all: with one for each, still backgrounds flicker.
        middle = reader.picture(chosen[len(chosen) // 2])
        palette = _small_picture(middle).quantize(255)
        pictures = (picture.quantize(palette=palette) for picture in pictures)
    out = io.BytesIO()
    options: dict[str, object] = {"optimize": False, "comment": unique_id.encode()}
    if kind == "webp":
        tags = ExifEditor(MINIMAL_TIFF)
        tags.set_unique_id(unique_id)
        options = {"quality": 80, "method": 4, "exif": EXIF_HEADER + tags.to_bytes()}
    next(pictures).save(
        out, kind.upper(), save_all=True, append_images=pictures, duration=lasts_ms, loop=0,
        **options,
    )  # fmt: skip
    return out.getvalue()


def _small_picture(image: Bytes) -> Image.Image:
    scale = min(1.0, ANIMATED_SIDE / max(image.shape[:2]))
    size_wh = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return Image.fromarray(np.ascontiguousarray(small[:, :, ::-1]))


def _check(reader: MovieReader) -> tuple[int, int]:
    """Width and height of an effect's frames. Raises InputError if it is too short or too large."""
    if len(reader.times) < 4:
        raise InputError("this movie is too short for an effect")
    height, width = next(_planes(reader, [0])).shape
    if width * height * len(reader.times) > MOST_RAW_BYTES:
        raise InputError("this movie is too long or too large for an effect")
    return width, height * 2 // 3


def _planes(reader: MovieReader, indices: Sequence[int]) -> Iterator[Bytes]:
    """Frames as (H * 3 // 2, W) uint8 I420, one at a time; large HDR frames at half their size."""
    return (frame.i420() for frame in reader.frames(indices, hdr_reduced=True))


def _backward(reader: MovieReader, indices: Sequence[int]) -> Iterator[Bytes]:
    """The same for descending `indices`: a block is decoded and held, then the block before it."""
    held = max(1, HELD_BYTES // next(_planes(reader, [0])).nbytes)
    for first in range(0, len(indices), held):
        some = list(_planes(reader, sorted(indices[first : first + held])))
        while some:
            yield some.pop()


def _faded(reader: MovieReader, fade: int) -> Iterator[Bytes]:
    """The last `fade` frames, each mixed with more of one of the first `fade` frames."""
    held = max(1, HELD_BYTES // 2 // next(_planes(reader, [0])).nbytes)
    last = len(reader.times) - fade
    for first in range(0, fade, held):
        some = range(first, min(fade, first + held))
        begins = list(_planes(reader, some))
        for i, end in zip(some, _planes(reader, [last + i for i in some]), strict=True):
            share = (i + 1) / (fade + 1)
            yield cast("Bytes", cv2.addWeighted(end, 1 - share, begins[i - first], share, 0))


def _encode(reader: MovieReader, pictures: Iterable[Bytes], shown: list[int]) -> Clip:
    """A movie of I420 `pictures`, each lasting as long as its frame (`shown`) in the old movie."""
    size_wh, every_s = _check(reader), reader.lasts_s
    lasts_s = [every_s[i] for i in shown]
    encoder, tag, options = ENCODERS["h264"]
    options = options | {"rc-lookahead": LOOKAHEAD}
    out = io.BytesIO()
    container_options = {"movie_timescale": str(MOVIE_TIMESCALE)} | KEEPS_ALL
    ends_s = list(itertools.accumulate(lasts_s))
    ticks = [0, *(round(end_s * TIMESCALE) for end_s in ends_s)]
    starts_s: dict[int, float] = {}
    with av.open(out, "w", format="mov", options=container_options) as target:
        target.metadata.update(reader.said)
        rate = Fraction(TIMESCALE, max(1, round(float(np.median(lasts_s)) * TIMESCALE)))
        stream = cast("VideoStream", target.add_stream(encoder, rate=rate, options=options))
        stream.width, stream.height = size_wh
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, TIMESCALE)
        context = stream.codec_context
        context.thread_count = THREADS
        context.codec_tag, context.time_base = tag, Fraction(1, TIMESCALE)
        set_colours(stream)
        lasts = {start: end - start for start, end in itertools.pairwise(ticks)}

        def write(picture: av.VideoFrame | None) -> None:
            for packet in stream.encode(picture):
                packet.duration = lasts[int(packet.pts or 0)]
                target.mux(packet)

        for planes, index, start in zip(pictures, shown, ticks, strict=False):
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts, picture.time_base = start, Fraction(1, TIMESCALE)
            starts_s.setdefault(index, start / TIMESCALE)
            write(picture)
        write(None)
    return Clip(out.getvalue(), starts_s)


def _small_gray(image: Bytes) -> Bytes:
    scale = min(1.0, ALIGNED_SIDE / max(image.shape[:2]))
    size_wh = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)  # type: ignore[return-value]


def _shift(base: Bytes, gray: Bytes) -> np.ndarray[tuple[int, int], np.dtype[np.float32]] | None:
    """The (2, 3) rotation and shift that aligns `gray` with `base`; None if they are too unlike."""
    warp = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    try:
        likeness, found = cv2.findTransformECC(base, gray, warp, cv2.MOTION_EUCLIDEAN, stop)
    except cv2.error:
        return None
    return np.asarray(found, np.float32) if likeness > 0.5 else None
