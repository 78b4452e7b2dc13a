"""Which of a camera's modes to open: one that exists, chosen before anything is opened."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.capture.source import CameraRequest

USUAL_SIZE_WH = (1280, 720)
"""Preferred where the user asks for no size: what nearly every webcam reaches at 30 a second."""
USUAL_RATE_HZ = Fraction(30)
FAST_ENOUGH = Fraction(4, 5)
"""Share of the wanted rate that is enough: 25 a second will do where 30 were wanted."""
ABOUT = Fraction(998, 1000)
"""Share of a rate that counts as all of it: NTSC's 29.97, and drivers that count in 100 ns."""
SMALLER_IS_WORSE = 1.3
"""A picture with half the pixels is further from what was wanted than one with twice as many."""
ASPECT_WEIGHT = 2.0
"""Weight of the aspect ratio: 4:3 in place of 16:9 counts like 1.8 times as many pixels."""

COMPRESSED = ("mjpeg", "h264", "hevc")
"""FFmpeg's names of the compressed formats that livecam reads."""
PREFERENCE = {"mjpeg": 0, "h264": 2, "hevc": 2}
"""Which comes first at the same size and rate. JPEGs: over USB they reach 30 a second at large
sizes, and the key photo is then the camera's own picture. Raw pictures are 1. Compressed video
comes last, since what a packet lost is missing in the pictures after it too."""


@dataclass(frozen=True)
class Mode:
    """One thing a camera can deliver."""

    codec: str
    """FFmpeg's name, such as "mjpeg" or "yuyv422"."""
    size_wh: tuple[int, int]
    rates_hz: tuple[Fraction, ...] = field(default=())
    """Frames a second that it offers, the highest first; empty where the system does not say."""
    between_hz: tuple[Fraction, Fraction] | None = None
    """The lowest and the highest rate where it takes any between them."""

    def __str__(self) -> str:
        text = f"{self.size_wh[0]}x{self.size_wh[1]} {self.codec}"
        if not self.rates_hz:
            return text
        return f"{text}  {', '.join(f'{float(rate):.4g}' for rate in self.rates_hz)} frames/s"

    def rate_for(self, wanted_hz: Fraction) -> Fraction:
        """The lowest rate that is as fast as wanted, or else the highest there is."""
        if self.between_hz is not None and self.between_hz[0] <= wanted_hz <= self.between_hz[1]:
            return wanted_hz
        enough = [rate for rate in self.rates_hz if rate >= wanted_hz * ABOUT]
        return min(enough) if enough else max(self.rates_hz, default=wanted_hz)


def ranked(modes: Sequence[Mode], request: CameraRequest) -> list[Mode]:
    """Sort modes by how well they fit the request, the best first.

    If the request names a size, the nearest size comes first. If not, modes that reach the rate
    come first, and among them the one nearest to 720p; of those too slow the fastest. (Many cameras
    offer 720p uncompressed at 10 frames a second, and 30 only at smaller sizes.)
    """
    rate_hz = request.rate_hz or USUAL_RATE_HZ

    def cost(mode: Mode) -> tuple[float, ...]:
        reached = mode.rate_for(rate_hz)
        slow = 0.0 if reached >= FAST_ENOUGH * rate_hz else float(rate_hz / reached)
        worse = float(PREFERENCE.get(mode.codec, 1))
        far = _distance(mode.size_wh, request.size_wh or USUAL_SIZE_WH)
        if request.size_wh:
            return far, slow, worse
        return slow, far, worse

    return sorted(modes, key=cost)


def note_of(request: CameraRequest, size_wh: tuple[int, int], rate_hz: Fraction) -> str:
    """Say how a mode differs from what was asked for; "" where it does not."""
    differs = []
    if request.size_wh and request.size_wh != size_wh:
        differs.append(
            f"no {request.size_wh[0]}x{request.size_wh[1]} here; {size_wh[0]}x{size_wh[1]} is "
            "the nearest"
        )
    if request.rate_hz and not FAST_ENOUGH * request.rate_hz <= rate_hz <= request.rate_hz * 2:
        differs.append(
            f"no {float(request.rate_hz):.4g} frames/s here; {float(rate_hz):.4g} is the nearest"
        )
    return "; ".join(differs)


def _distance(size_wh: tuple[int, int], wanted_wh: tuple[int, int]) -> float:
    """How far a size is from another: 0 for the same, 1 for twice as many pixels."""
    (width, height), (wanted_width, wanted_height) = size_wh, wanted_wh
    larger = math.log2(width * height / (wanted_width * wanted_height))
    shape = abs(math.log2(width / height) - math.log2(wanted_width / wanted_height))
    return (larger if larger >= 0 else -SMALLER_IS_WORSE * larger) + ASPECT_WEIGHT * shape
