"""The Multi-Picture Format (CIPA DC-007): a JPEG's list of the pictures that follow it.

Gain maps are among them. The list lies inside the first picture, and offsets count from the list:
when that picture's metadata grows, its size changes, and offsets by what grew behind the list.
"""

from __future__ import annotations

import struct

from livecam.formats.jpeg import MAX_HEAD, segments
from livecam.formats.tiff import entries, order_of

APP2 = 0xFFE2
MPF_HEADER = b"MPF\0"
MP_ENTRY = 0xB002
GAIN_MAPS = (b"hdr-gain-map/1.0/", b"HDRGainMap/1.0/", b"urn:iso:std:iso:ts:21496:-1")
"""Texts by which gain maps are recognised: of Adobe and Google, of Apple, of ISO."""
_ENTRY_BYTES = 16
"""Bytes of an entry: attribute, size, offset, two dependencies."""


def with_list_of(new: bytes, old: bytes) -> bytes:
    """`new` with its list corrected: its first picture's size differs from that in `old`."""
    before, after = _list(old), _list(new)
    by = len(new) - len(old)
    if before is None or after is None or by == 0:
        return new
    order, at, count = after
    changed = bytearray(new)
    # Offsets count from the list itself: only what grew behind it changes them.
    moved = by - (at - before[1])
    for i in range(count):
        place = at + i * _ENTRY_BYTES + 4
        size, offset = struct.unpack_from(f"{order}II", changed, place)
        size = size + by if i == 0 else size
        offset = offset + moved if offset else 0
        if not (0 <= size < 1 << 32 and 0 <= offset < 1 << 32):
            return new
        struct.pack_into(f"{order}II", changed, place, size, offset)
    return bytes(changed)


def gain_maps(jpeg: bytes) -> list[int]:
    """Sizes of the gain maps behind the first picture, in the order of the file."""
    found = _list(jpeg)
    if found is None:
        return []
    order, at, count = found
    # Offsets count from the byte order mark, which lies before the entries.
    base = jpeg.rfind(MPF_HEADER, 0, at) + len(MPF_HEADER)
    sizes = []
    for i in range(1, count):
        size, offset = struct.unpack_from(f"{order}II", jpeg, at + i * _ENTRY_BYTES + 4)
        head = jpeg[base + offset : base + offset + min(size, MAX_HEAD)]
        if any(mark in head for mark in GAIN_MAPS):
            sizes.append(size)
    return sizes


def _list(jpeg: bytes) -> tuple[str, int, int] | None:
    """Byte order, offset and number of the entries; None for a JPEG without a list."""
    for marker, start, end in segments(jpeg):
        if marker != APP2 or not jpeg.startswith(MPF_HEADER, start + 4):
            continue
        base = start + 4 + len(MPF_HEADER)
        block = jpeg[base:end]
        order = order_of(block)
        if order is None:
            return None
        (first,) = struct.unpack_from(f"{order}I", block, 4)
        for entry in entries(block, first, order):
            if entry.tag == MP_ENTRY and entry.size >= _ENTRY_BYTES:
                return order, base + entry.value_at, entry.size // _ENTRY_BYTES
    return None
