"""Animated WebP as a movie in memory: the FFmpeg that PyAV brings cannot read one, Pillow can."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import numpy as np
from PIL import Image

from livecam.errors import InputError
from livecam.formats.files import read_whole
from livecam.formats.limits import check_size

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.stream import VideoStream

MOST_BYTES = 100_000_000
MOST_PIXELS, MOST_FRAMES = 16_000_000, 2000
"""WebP allows 16383 pixels per side; 2000 frames are over a minute at 30 frames per second."""
MOST_ENCODED = 250_000_000
"""Bytes of the losslessly encoded pictures in memory."""
_SHORTEST_MS = 10
"""Frames with duration 0 are shown for this long, much as browsers do."""


def as_movie(path: Path) -> bytes:
    """A QuickTime file of the same pictures at the same times. Raises InputError."""
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(read_whole(path, MOST_BYTES)), formats=("WEBP",)) as image:
            check_size(image.size, MOST_PIXELS)
            if getattr(image, "n_frames", 1) > MOST_FRAMES:
                raise InputError("this animation has too many frames")
            with av.open(out, "w", format="mov") as movie:
                _encode(image, movie.add_stream("png", rate=1000), movie)
    except InputError as err:
        raise InputError(f"{path.name}: {err.message}") from err
    except (OSError, ValueError, EOFError, av.FFmpegError) as err:
        raise InputError(f"{path.name} cannot be read: it is damaged") from err
    return out.getvalue()


def _encode(image: Image.Image, stream: object, movie: av.container.OutputContainer) -> None:
    video = cast("VideoStream", stream)
    video.width, video.height, video.pix_fmt = *image.size, "rgb24"
    video.time_base = video.codec_context.time_base = Fraction(1, 1000)
    time_ms = size = 0
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
        lasts_ms = max(_SHORTEST_MS, round(image.info.get("duration", 0)))
        picture = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")
        picture.pts, picture.time_base = time_ms, Fraction(1, 1000)
        for packet in video.encode(picture):
            packet.duration = lasts_ms
            size += packet.size
            if size > MOST_ENCODED:
                raise InputError("this animation is too large")
            movie.mux(packet)
        time_ms += lasts_ms
    movie.mux(video.encode(None))
