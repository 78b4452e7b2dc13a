"""Finds the JPEGs in a stream, whatever lies between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOI, _EOI = b"\xff\xd8\xff", b"\xff\xd9"
_SOS = 0xDA
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}
MOST_BYTES = 64_000_000
"""The longest picture: what goes on for longer without an end is no picture."""
MOST_BETWEEN = 2000
"""Bytes between two pictures that are looked at for a time."""
_STAMP = re.compile(rb"x-timestamp:\s*(\d{1,12})\.(\d{1,9})", re.IGNORECASE)
"""Seconds, as mjpg-streamer writes them into each part's headers."""


class JpegSplitter:
    """Takes bytes as they come, and gives each picture as soon as it is complete.

    Network cameras wrap their pictures in multipart/x-mixed-replace, and many get that wrong:
    boundaries other than the announced one, wrong lengths, missing line ends, empty parts.
    A JPEG says itself where it begins and ends (ITU-T T.81, B.1): neither marker can occur in the
    data of a scan, and the segments before it, which may hold a thumbnail, have lengths.
    """

    def __init__(self) -> None:
        self.broken = 0
        """Pictures that were cut off."""
        self.stamp_ns: int | None = None
        """The camera's own time of the picture that `feed` has just given, if it says one."""
        self._between = b""
        """What stood before the picture at the beginning of the buffer."""
        self._buffer = bytearray()
        self._scan = 0
        """How far the buffer was searched for the end of its first picture; 0 before the scan."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The pictures that end in these bytes, in order."""
        self._buffer += data
        while (picture := self._next()) is not None:
            if picture:
                yield picture

    def _next(self) -> bytes | None:
        """A picture; b"" if something else was skipped; None if more bytes are needed."""
        buffer = self._buffer
        if not buffer.startswith(_SOI):
            start = buffer.find(_SOI)
            skipped = bytes(buffer[: start if start >= 0 else max(0, len(buffer) - len(_SOI) + 1)])
            self._between = (self._between + skipped)[-MOST_BETWEEN:]
            del buffer[: len(skipped)]
            return b"" if start >= 0 else None
        if not self._scan:
            found = _scan_start(buffer)
            if found is None:
                return self._wait()
            if not found:
                return self._drop(len(_EOI))
            self._scan = found
        end = buffer.find(_EOI, self._scan)
        following = buffer.find(_SOI, self._scan, end if end >= 0 else len(buffer))
        if following >= 0:
            return self._drop(following)
        if end < 0:
            self._scan = max(self._scan, len(buffer) - len(_SOI) + 1)
            return self._wait()
        picture = bytes(buffer[: end + len(_EOI)])
        self.stamp_ns = _stamp_ns(self._between)
        self._between = b""
        self._forget(len(picture))
        return picture

    def _wait(self) -> bytes | None:
        return self._drop(len(self._buffer)) if len(self._buffer) > MOST_BYTES else None

    def _drop(self, count: int) -> bytes:
        """Skip `count` bytes that turned out to be no whole picture."""
        self.broken += 1
        self._forget(count)
        return b""

    def _forget(self, count: int) -> None:
        del self._buffer[:count]
        self._scan = 0


def _stamp_ns(headers: bytes) -> int | None:
    """The time in a part's headers, in nanoseconds of the camera's own clock."""
    found = _STAMP.search(headers)
    if found is None:
        return None
    return int(found[1]) * 1_000_000_000 + int(found[2].ljust(9, b"0"))


def _scan_start(jpeg: bytearray) -> int | None:
    """Where the data of the first scan begins; 0 if this is no JPEG; None if more is needed."""
    at = 2
    while at + 4 <= len(jpeg):
        marker = jpeg[at + 1]
        if jpeg[at] != 0xFF or marker in _WITHOUT_LENGTH:
            return 0
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == _SOS:
            return at if at <= len(jpeg) else None
    return None
