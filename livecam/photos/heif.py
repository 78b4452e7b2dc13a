"""Finds metadata in HEIC files by their boxes, without decoding the picture."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.media.boxes import Box, find_box, find_boxes

if TYPE_CHECKING:
    from livecam.media.boxes import Data

MAX_ITEMS = 10_000
"""An iPhone's photo has about sixty."""
MAX_EXIF_BYTES = 10_000_000


def exif_block(data: Data) -> bytes | None:
    """The EXIF block, from its byte order mark on; None if there is none. Raises InputError."""
    meta = find_box(data, b"meta")
    if meta is None:
        return None
    inside = Box(meta.type, meta.start, meta.body + 4, meta.end)  # behind version and flags
    item = _exif_item(data, find_box(data, b"iinf", within=inside))
    place = find_box(data, b"iloc", within=inside)
    if item is None or place is None:
        return None
    extent = _extent(bytes(data[place.body : place.end]), item)
    if extent is None:
        return None
    start, size = extent
    if not 4 <= size <= MAX_EXIF_BYTES or start + size > len(data):
        raise InputError("the EXIF item of this HEIC file lies outside of it")
    block = bytes(data[start : start + size])
    (skip,) = struct.unpack(">I", block[:4])  # to the byte order mark, past "Exif\0\0"
    return block[4 + skip :]


def _exif_item(data: Data, info: Box | None) -> int | None:
    """Number of the item of type `Exif` (ISO/IEC 14496-12, 8.11.6)."""
    if info is None:
        return None
    version = data[info.body]
    first = info.body + (6 if version == 0 else 8)
    for count, entry in enumerate(find_boxes(data, first, info.end)):
        if count > MAX_ITEMS:
            raise InputError("this HEIC file claims too many items")
        body = bytes(data[entry.body : min(entry.end, entry.body + 16)])
        if len(body) < 12 or entry.type != b"infe":
            continue
        layout = ">HH4s" if body[0] == 2 else ">IH4s"
        number, _, kind = struct.unpack(layout, body[4 : 4 + struct.calcsize(layout)])
        if kind == b"Exif":
            return int(number)
    return None


def _extent(iloc: bytes, item: int) -> tuple[int, int] | None:
    """Offset and length of an item that lies in one piece in the file (8.11.3)."""
    reader = _Reader(iloc)
    version = reader.number(1)
    reader.number(3)
    sizes = reader.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    for _ in range(min(reader.number(4 if version == 2 else 2), MAX_ITEMS)):
        number = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version in (1, 2) else 0
        reader.number(2)
        base = reader.number(base_size)
        extents = []
        for _ in range(min(reader.number(2), MAX_ITEMS)):
            reader.number(index_size)
            extents.append((base + reader.number(offset_size), reader.number(length_size)))
        if number == item:
            return extents[0] if method == 0 and len(extents) == 1 else None
    return None


class _Reader:
    """Big-endian numbers of any width, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, width: int) -> int:
        end = self._at + width
        if end > len(self._data):
            raise InputError("a table of this HEIC file is cut off")
        value = int.from_bytes(self._data[self._at : end])
        self._at = end
        return value
