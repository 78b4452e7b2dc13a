"""Frames and moments made for tests, without a camera or a clock."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from livecam.capture.sound_ring import SoundClip
from livecam.capture.source import CameraMode
from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.frame import Frame, PixelFormat
from livecam.media import movie
from livecam.media.save_options import Codec
from livecam.moment import Moment
from livecam.timebase import NS_PER_S, WallClock

NOON = datetime(2026, 5, 17, 12, 0, 0, 250_000, tzinfo=UTC)


def drawn(index: int, t_ns: int, studio: Studio, pixel_format: PixelFormat) -> Frame:
    """One frame of the drawn person, in any form a camera may deliver."""
    if pixel_format is PixelFormat.I420:
        data = studio.planes(index).reshape(-1).copy()
    else:
        image = studio.draw(index)
        if pixel_format is PixelFormat.JPEG:
            data = cv2.imencode(".jpg", image)[1].reshape(-1)
        else:
            data = image.reshape(-1).copy()
    return Frame(index, t_ns, t_ns + 2_000_000, pixel_format, studio.size_wh, data)


def flat(index: int, t_ns: int, level: int = 128, size_wh: tuple[int, int] = (64, 48)) -> Frame:
    """A small gray BGR frame."""
    data = np.full(size_wh[0] * size_wh[1] * 3, level, np.uint8)
    return Frame(index, t_ns, t_ns, PixelFormat.BGR, size_wh, data)


def moment(
    times_s: list[float] | None = None,
    pixel_format: PixelFormat = PixelFormat.I420,
    sound: SoundClip | None = None,
    size_wh: tuple[int, int] = (320, 180),
    first: int = 0,
) -> Moment:
    """A moment of the drawn person, pressed in the middle, at noon."""
    times_s = [i / 30 for i in range(30)] if times_s is None else times_s
    studio = Studio(Script(0), size_wh, Fraction(30))
    frames = tuple(
        drawn(first + i, round(t_s * NS_PER_S), studio, pixel_format)
        for i, t_s in enumerate(times_s)
    )
    middle_ns = round((times_s[0] + times_s[-1]) / 2 * NS_PER_S)
    return Moment(
        id=1,
        shutter_ns=middle_ns,
        frames=frames,
        sound=sound,
        sound_note="" if sound else "switched off",
        camera="drawn camera",
        make="",
        mode=CameraMode(size_wh, Fraction(30), pixel_format, "drawn", "demo"),
        numbered=True,
        clock=WallClock(int(NOON.timestamp() * NS_PER_S)),
        end_ns=round(times_s[-1] * NS_PER_S),
    )


def tone(seconds: float, rate_hz: int = 48_000, channels: int = 1, start_ns: int = 0) -> SoundClip:
    """A 1 kHz tone that begins at `start_ns`."""
    t_s = np.arange(round(seconds * rate_hz)) / rate_hz
    one = (0.5 * np.sin(2 * np.pi * 1000 * t_s) * 32767).astype(np.int16)
    return SoundClip(np.repeat(one[:, None], channels, axis=1), rate_hz, start_ns)


def write_movie(path: Path, it: Moment, codec: Codec = "h264") -> None:
    """A moment as a movie file."""
    with path.open("wb") as file:
        movie.write_movie(file, it, codec)


def mux_movie(path: Path, it: Moment, *encoded: Any) -> None:
    """A moment as a movie file, from frames that are encoded already."""
    with path.open("wb") as file:
        movie.mux_movie(file, it, *encoded)
