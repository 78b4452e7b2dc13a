"""TIFF directories of tags, as in EXIF and Apple's maker note. Every offset is checked."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDERS = {b"MM": ">", b"II": "<"}
"""Byte order marks, and the orders as `struct` writes them."""
ASCII, SHORT, LONG, UNDEFINED = 2, 3, 4, 7
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}
"""Bytes of each type; 16 (int64u) is Apple's own."""
MAX_ENTRIES = 1000
"""More in one directory than any camera writes."""


@dataclass(frozen=True)
class Entry:
    """One tag of a directory. Offsets count from the start of the data it was found in."""

    tag: int
    kind: int
    """Its TIFF type."""
    at: int
    """Where the entry's twelve bytes lie."""
    value_at: int
    size: int
    """Bytes of the value; 0 for a type that nobody knows."""


def order_of(tiff: bytes | bytearray) -> str | None:
    """Byte order of an EXIF block, as `struct` writes it; None for anything else."""
    return ORDERS.get(bytes(tiff[:2])) if len(tiff) >= 8 else None


def entries(data: bytes | bytearray, start: int, order: str) -> Iterator[Entry]:
    """The entries of a directory, without those whose values lie outside the data."""
    if start + 2 > len(data):
        return
    (count,) = struct.unpack_from(f"{order}H", data, start)
    for at in range(start + 2, start + 2 + 12 * min(count, MAX_ENTRIES), 12):
        if at + 12 > len(data):
            return
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, at)
        size = SIZES.get(kind, 0) * number
        value_at = at + 8
        if size > 4:
            (value_at,) = struct.unpack_from(f"{order}I", data, at + 8)
            if value_at + size > len(data):
                continue
        yield Entry(tag, kind, at, value_at, size)


def text_of(value: bytes) -> str:
    """An ASCII value without the zero at its end."""
    return value.rstrip(b"\0").decode("ascii", "replace")
