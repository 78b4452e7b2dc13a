"""Apple's maker note: the one tag in it that makes a photo half of a Live Photo.

EXIF tag 0x927C, type UNDEFINED: a header, then a directory with the layout of EXIF's own, whose
offsets count from the note's start.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from livecam.formats.tiff import ASCII, ORDERS, SIZES, entries, text_of

if TYPE_CHECKING:
    from livecam.formats.tiff import Entry

APPLE = b"Apple iOS\0"
CONTENT_IDENTIFIER = 0x11
_DIRECTORY, _ENTRY = 14, 12
"""Bytes: where the directory begins (behind the name, a version and the byte order mark), and the
length of one entry."""


def is_apples(note: bytes | bytearray) -> bool:
    """Whether a maker note is one of Apple's, and long enough to hold a tag."""
    return note.startswith(APPLE) and bytes(note[12:14]) in ORDERS and len(note) >= _DIRECTORY + 6


def new_note(identifier: str) -> bytes:
    """A note that holds nothing but a content identifier: 69 bytes."""
    value = identifier.encode("ascii") + b"\0"
    entry = struct.pack(">HHII", CONTENT_IDENTIFIER, ASCII, len(value), 32)
    return APPLE + b"\0\1MM" + struct.pack(">H", 1) + entry + struct.pack(">I", 0) + value


def identifier_of(note: bytes) -> str | None:
    """The content identifier in a note; None if there is none."""
    entry = _entry(note)
    if entry is None or entry.kind != ASCII:
        return None
    return text_of(note[entry.value_at : entry.value_at + entry.size])


def with_identifier(note: bytes, identifier: str) -> bytes | None:
    """The same note with another identifier; None if it is not Apple's, or damaged."""
    value = identifier.encode("ascii") + b"\0"
    entry = _entry(note)
    if entry is None or entry.size != len(value):
        return _with_entry(without_identifier(note), value) if is_apples(note) else None
    return note[: entry.value_at] + value + note[entry.value_at + entry.size :]


def _with_entry(note: bytes, value: bytes) -> bytes | None:
    """The note with one tag more: what lies behind its directory moves by the entry's length."""
    order = ORDERS[note[12:14]]
    (count,) = struct.unpack_from(f"{order}H", note, _DIRECTORY)
    end = _DIRECTORY + 2 + _ENTRY * count + 4
    if end > len(note):
        return None
    raw = []
    for i in range(count):
        entry = bytearray(note[_DIRECTORY + 2 + _ENTRY * i :][:_ENTRY])
        _, kind, number = struct.unpack_from(f"{order}HHI", entry)
        if kind not in SIZES:
            return None
        if SIZES[kind] * number > 4:
            (at,) = struct.unpack_from(f"{order}I", entry, 8)
            if at < end:
                return None
            struct.pack_into(f"{order}I", entry, 8, at + _ENTRY)
        raw.append(bytes(entry))
    odd = bytes((len(note) + _ENTRY) % 2)
    at = len(note) + _ENTRY + len(odd)
    raw.append(struct.pack(f"{order}HHII", CONTENT_IDENTIFIER, ASCII, len(value), at))
    raw.sort(key=lambda entry: struct.unpack(f"{order}H", entry[:2])[0])
    directory = struct.pack(f"{order}H", count + 1) + b"".join(raw) + note[end - 4 : end]
    return note[:_DIRECTORY] + directory + note[end:] + odd + value


def without_identifier(note: bytes) -> bytes:
    """The same note, of the same length, without the tag."""
    entry = _entry(note)
    if entry is None:
        return note
    order = ORDERS[note[12:14]]
    (count,) = struct.unpack_from(f"{order}H", note, _DIRECTORY)
    end = _DIRECTORY + 2 + 12 * count + 4
    directory = note[_DIRECTORY + 2 : entry.at] + note[entry.at + 12 : end] + bytes(12)
    return note[:_DIRECTORY] + struct.pack(f"{order}H", count - 1) + directory + note[end:]


def _entry(note: bytes) -> Entry | None:
    if not is_apples(note):
        return None
    found = entries(note, _DIRECTORY, ORDERS[note[12:14]])
    return next((entry for entry in found if entry.tag == CONTENT_IDENTIFIER), None)
