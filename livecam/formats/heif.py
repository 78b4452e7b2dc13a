"""Finds metadata in HEIC files by their boxes, without decoding the picture."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.formats.boxes import Box, box, find_box, find_boxes

if TYPE_CHECKING:
    from livecam.formats.files import Data

MAX_ITEMS = 10_000
"""An iPhone's photo has about sixty."""
MAX_BLOCK_BYTES = 10_000_000

BRANDS = frozenset(b"heic heix heim heis hevc hevx mif1 msf1 avif avis".split())
"""First brands of pictures and image sequences (ISO/IEC 23008-12, AV1 Image File Format)."""

_XMP_MIME = b"application/rdf+xml\0"


@dataclass(frozen=True)
class Extent:
    """Where an item lies in the file."""

    start: int
    end: int


def is_picture(data: Data) -> bool:
    """Whether this is a HEIC or AVIF picture, by its first brand."""
    return bytes(data[4:8]) == b"ftyp" and bytes(data[8:12]) in BRANDS


@dataclass(frozen=True)
class _Stored:
    """Where an item lies, and where the `iloc` table stores that."""

    start: int
    end: int
    base: int
    offset_at: int
    """Place of the offset field in the file; the size field follows it."""
    offset_bytes: int
    size_bytes: int


def exif_block(data: Data) -> bytes | None:
    """The EXIF block, from its byte order mark on; None if there is none. Raises InputError."""
    extent = exif_extent(data)
    return None if extent is None else bytes(data[extent.start : extent.end])


def exif_extent(data: Data) -> Extent | None:
    """Where the EXIF block lies; None if there is none. Raises InputError."""
    item = _find_item(data, b"Exif")
    if item is None:
        return None
    if item.end - item.start < 4:
        raise InputError("the EXIF item of this HEIC file is cut off")
    (skip,) = struct.unpack(">I", data[item.start : item.start + 4])  # past "Exif\0\0"
    return Extent(min(item.start + 4 + skip, item.end), item.end)


def xmp_block(data: Data) -> bytes | None:
    """The XMP packet; None if there is none. Raises InputError."""
    item = xmp_extent(data)
    return None if item is None else bytes(data[item.start : item.end])


def xmp_extent(data: Data) -> Extent | None:
    """Where the XMP packet lies; None if there is none. Raises InputError."""
    return _find_item(data, b"mime", _XMP_MIME)


def with_exif_block(photo: bytes, block: bytes) -> bytes | None:
    """The same file with another EXIF block; None if it has none, or it cannot be replaced."""
    stored = _find_stored(photo, b"Exif")
    if stored is None:
        return None
    (skip,) = struct.unpack(">I", photo[stored.start : stored.start + 4])
    head = photo[stored.start : stored.start + 4 + skip]
    return _with_item(photo, stored, head + block)


def with_xmp_block(photo: bytes, packet: bytes) -> bytes | None:
    """The same file with another XMP packet; None if it has none, or it cannot be replaced."""
    stored = _find_stored(photo, b"mime", _XMP_MIME)
    return None if stored is None else _with_item(photo, stored, packet)


def _with_item(photo: bytes, stored: _Stored, content: bytes) -> bytes | None:
    """The file with new content for an item: in place if it is as long, otherwise at the end."""
    if len(content) == stored.end - stored.start:
        return photo[: stored.start] + content + photo[stored.end :]
    offset = len(photo) + 8 - stored.base
    if not 0 <= offset < 1 << 8 * stored.offset_bytes or len(content) >= 1 << 8 * stored.size_bytes:
        return None
    last = max(find_boxes(photo), key=lambda found: found.start)
    if photo[last.start : last.start + 4] == bytes(4):
        return None  # a box "to the end of the file" would swallow what comes behind it
    table = bytearray(photo)
    at = stored.offset_at
    table[at : at + stored.offset_bytes] = offset.to_bytes(stored.offset_bytes)
    at += stored.offset_bytes
    table[at : at + stored.size_bytes] = len(content).to_bytes(stored.size_bytes)
    return bytes(table) + box(b"mdat", content)


def _find_item(data: Data, kind: bytes, mime: bytes = b"") -> Extent | None:
    stored = _find_stored(data, kind, mime)
    return None if stored is None else Extent(stored.start, stored.end)


def _find_stored(data: Data, kind: bytes, mime: bytes = b"") -> _Stored | None:
    meta = find_box(data, b"meta")
    if meta is None:
        return None
    inside = Box(meta.type, meta.start, meta.body + 4, meta.end)  # behind version and flags
    number = _item_number(data, find_box(data, b"iinf", within=inside), kind, mime)
    table = find_box(data, b"iloc", within=inside)
    if number is None or table is None:
        return None
    stored = _stored(bytes(data[table.body : table.end]), number, table.body)
    if stored is None:
        return None
    if stored.end - stored.start > MAX_BLOCK_BYTES or stored.end > len(data):
        raise InputError(f"the {kind.decode()} item of this HEIC file lies outside of it")
    return stored


def _item_number(data: Data, info: Box | None, kind: bytes, mime: bytes) -> int | None:
    """Number of the first item of a type (ISO/IEC 14496-12, 8.11.6)."""
    if info is None or info.end - info.body < 8:
        return None
    version = data[info.body]
    first = info.body + (6 if version == 0 else 8)
    for count, entry in enumerate(find_boxes(data, first, info.end)):
        if count > MAX_ITEMS:
            raise InputError("this HEIC file claims too many items")
        body = bytes(data[entry.body : min(entry.end, entry.body + 64)])
        if len(body) < 12 or entry.type != b"infe" or body[0] not in (2, 3):
            continue
        layout = ">HH4s" if body[0] == 2 else ">IH4s"
        end = 4 + struct.calcsize(layout)
        number, _, found = struct.unpack(layout, body[4:end])
        # A name ends with a zero; what a mime item holds follows it.
        if found == kind and mime in body[end:]:
            return int(number)
    return None


def _stored(iloc: bytes, item: int, table_at: int) -> _Stored | None:
    """Where an item lies (8.11.3); None if it is missing or not in one piece.

    `iloc` is the content of that box, which begins at `table_at` in the file.
    """
    reader = _Reader(iloc)
    version = reader.number(1)
    reader.number(3)
    sizes = reader.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    budget = MAX_ITEMS  # of all extents: in a hostile file they may take no bytes
    for _ in range(min(reader.number(4 if version == 2 else 2), MAX_ITEMS)):
        number = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 15 if version in (1, 2) else 0
        reader.number(2)
        base = reader.number(base_size)
        extents = []
        count = reader.number(2)
        budget -= count
        if budget < 0:
            raise InputError("this HEIC file claims too many items")
        for _ in range(count):
            reader.number(index_size)
            at = table_at + reader.at
            start = base + reader.number(offset_size)
            end = start + reader.number(length_size)
            extents.append(_Stored(start, end, base, at, offset_size, length_size))
        if number == item:
            return extents[0] if method == 0 and len(extents) == 1 else None
    return None


class _Reader:
    """Big-endian numbers of any width, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def number(self, width: int) -> int:
        end = self.at + width
        if end > len(self._data):
            raise InputError("a table of this HEIC file is cut off")
        value = int.from_bytes(self._data[self.at : end])
        self.at = end
        return value
