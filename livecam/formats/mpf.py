"""The Multi-Picture Format (CIPA DC-007): a JPEG's list of the pictures behind it, gain maps among
them. Places in it count from within the first picture, so that only that picture's size must be put
right when its metadata grows.
"""  # noqa: D205

from __future__ import annotations

import struct

from livecam.formats.jpeg import segments
from livecam.formats.tiff import entries, order_of

APP2 = 0xFFE2
MPF_HEADER = b"MPF\0"
MP_ENTRY = 0xB002
_ENTRY_BYTES = 16
"""Attribute, size, offset, two dependencies."""


def with_primary_grown(jpeg: bytes, by: int) -> bytes:
    """The same file, whose list says that its first picture is larger by so many bytes."""
    if by == 0:
        return jpeg
    for marker, start, end in segments(jpeg):
        if marker != APP2 or not jpeg.startswith(MPF_HEADER, start + 4):
            continue
        base = start + 4 + len(MPF_HEADER)
        block = jpeg[base:end]
        order = order_of(block)
        if order is None:
            return jpeg
        (first,) = struct.unpack_from(f"{order}I", block, 4)
        for entry in entries(block, first, order):
            if entry.tag == MP_ENTRY and entry.size >= _ENTRY_BYTES:
                at = base + entry.value_at + 4
                (size,) = struct.unpack_from(f"{order}I", jpeg, at)
                if 0 <= size + by < 1 << 32:
                    return jpeg[:at] + struct.pack(f"{order}I", size + by) + jpeg[at + 4 :]
        return jpeg
    return jpeg
