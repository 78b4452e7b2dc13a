"""H.264 whose frames are pairs of fields, as camcorders (AVCHD) record it.

The encoders here cannot write it, so it is written bit by bit (ITU-T H.264, 7.3): pictures of raw
macroblocks (I_PCM), each field of one gray level.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

FIELDS_HZ = 50


class Bits:
    """Syntax elements, one after the other."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def u(self, *pairs: tuple[int, int]) -> Bits:
        """Numbers of fixed length: pairs of bit count and number."""
        self._text += [format(value, f"0{bits}b") for bits, value in pairs]
        return self

    def ue(self, *values: int) -> Bits:
        """Exponential Golomb codes."""
        for value in values:
            code = format(value + 1, "b")
            self._text.append("0" * (len(code) - 1) + code)
        return self

    def align(self) -> Bits:
        """Zeros up to the next byte."""
        self._text.append("0" * (-sum(map(len, self._text)) % 8))
        return self

    def bytes(self, data: bytes) -> Bits:
        """Whole bytes."""
        return self.u(*((8, value) for value in data))

    def end(self) -> bytes:
        """All bits, with the stop bit at the end, as bytes."""
        text = "".join(self.u((1, 1)).align()._text)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def unit(kind: int, payload: bytes, importance: int = 3) -> bytes:
    """A NAL unit with its start code."""
    found, zeros = bytearray(), 0
    for value in payload:
        if zeros >= 2 and value <= 3:
            found.append(3)  # or else it would look like a start code
            zeros = 0
        found.append(value)
        zeros = zeros + 1 if value == 0 else 0
    return b"\0\0\0\1" + bytes([importance << 5 | kind]) + bytes(found)


def stream(levels: Sequence[tuple[int, int]], size_wh: tuple[int, int]) -> bytes:
    """Frames whose top and bottom fields have these gray levels."""
    columns, rows = size_wh[0] // 16, size_wh[1] // 32
    sequence = Bits().u((8, 77), (8, 0), (8, 30)).ue(0, 0, 2, 1).u((1, 0))
    # Frames may be fields; no cropping, and no display information.
    sequence = sequence.ue(columns - 1, rows - 1).u((1, 0), (1, 0), (1, 1), (1, 0), (1, 0))
    picture = Bits().ue(0, 0).u((1, 0), (1, 0)).ue(0, 0, 0).u((1, 0), (2, 0)).ue(0, 0, 0)
    picture = picture.u((1, 1), (1, 0), (1, 0))
    found = [unit(7, sequence.end()), unit(8, picture.end())]
    for number, fields in enumerate(levels):
        for is_bottom, gray in enumerate(fields):
            is_first = number == 0 and not is_bottom
            part = Bits().ue(0, 7, 0).u((4, number % 16), (1, 1), (1, is_bottom))
            part = part.ue(0).u((1, 0), (1, 0)) if is_first else part.u((1, 0))
            part.ue(0, 1)
            for _ in range(columns * rows):
                part.ue(25).align().bytes(bytes([gray]) * 256 + bytes([128]) * 128)
            found += [unit(9, b"\xf0", 0), unit(5 if is_first else 1, part.end())]
    return b"".join(found)


def write(
    path: Path, levels: Sequence[tuple[int, int]], size_wh: tuple[int, int] = (64, 64)
) -> None:
    """Write a movie of them, one packet per field."""
    with (
        av.open(io.BytesIO(stream(levels, size_wh)), format="h264") as raw,
        av.open(path, "w") as out,
    ):
        there = out.add_stream_from_template(raw.streams.video[0])
        fields = [packet for packet in raw.demux(video=0) if packet.size]
        for i, packet in enumerate(fields):
            packet.stream = there
            packet.time_base = Fraction(1, FIELDS_HZ)
            packet.pts = packet.dts = i
            packet.duration = 1
            out.mux(packet)
