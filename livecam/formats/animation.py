"""Which pictures move: PNG, WebP and AVIF hold a single picture or an animation."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livecam.formats.files import Data

_PNG = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100
"""Chunks looked at before the picture data: real files have a handful."""
_ANIMATION_FLAG = 0x02
"""Bit of the VP8X flags (WebP container specification)."""


def is_animated(data: Data) -> bool:
    """Whether a PNG, WebP or AVIF file is an animation. Other files, broken ones too, are not."""
    head = bytes(data[:32])
    if head.startswith(_PNG):
        return _has_frames(data)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & _ANIMATION_FLAG)
    return head[4:12] == b"ftypavis"


def _has_frames(data: Data) -> bool:
    """Whether a PNG has an `acTL` chunk of more than one frame before its picture."""
    at = len(_PNG)
    for _ in range(_MAX_CHUNKS):
        chunk = bytes(data[at : at + 12])
        if len(chunk) < 12 or chunk[4:8] == b"IDAT":
            return False
        size, kind = struct.unpack(">I4s", chunk[:8])
        if kind == b"acTL":
            return int.from_bytes(chunk[8:12]) > 1
        at += 12 + size
    return False
