"""Boxes (atoms) of QuickTime and MP4 files: finding them safely, and making new ones.

An untrusted file may give any wrong size. Every box is checked against the box around it before its
content is read, so that a broken or hostile file ends in one clear error.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livecam.formats.files import Data


MAX_BOXES = 100_000
"""More in one container than any real file holds: a phone's has a few dozen."""


@dataclass(frozen=True)
class Box:
    """Where a box lies. Offsets count from the start of the data it was found in."""

    type: bytes
    start: int
    body: int
    """Where its content begins."""
    end: int

    @property
    def size(self) -> int:
        """Bytes, header included."""
        return self.end - self.start


def find_boxes(data: Data, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes that fill `data[start:end]`, one after the other. Raises InputError."""
    is_file, end = end is None, len(data) if end is None else end
    for _ in range(MAX_BOXES):
        left = end - start
        if left == 0:
            return
        # QuickTime ends some containers with a zero in place of a further box.
        if left < 8 and not any(data[start:end]):
            return
        if left < 8:
            raise InputError(f"a box at byte {start} is cut off")
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        body = start + 8
        if size == 1:
            if left < 16:
                raise InputError(f"a box at byte {start} is cut off")
            (size,) = struct.unpack(">Q", data[body : body + 8])
            body += 8
        elif size == 0 and is_file:
            size = left  # to the end of the file; inside another box it means nothing
        if size < body - start or size > left:
            raise InputError(f"the box '{_printable(kind)}' at byte {start} claims {size} bytes")
        yield Box(kind, start, body, start + size)
        start += size
    raise InputError(f"more than {MAX_BOXES} boxes in a row")


def find_box(data: Data, *path: bytes, within: Box | None = None) -> Box | None:
    """The first box at a path of types such as `b"moov", b"mvhd"`; None if there is none."""
    start, end = (within.body, within.end) if within else (0, None)
    found: Box | None = within
    for kind in path:
        found = next((box for box in find_boxes(data, start, end) if box.type == kind), None)
        if found is None:
            return None
        start, end = found.body, found.end
    return found


def box(kind: bytes, *content: bytes) -> bytes:
    """A new box around content."""
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A new box with a version and flags, as ISO/IEC 14496-12 calls a FullBox."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def _printable(kind: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in kind)
