"""Changes single tags of an EXIF block and leaves every other byte where it is.

Maker notes hold offsets that some makers count from the start of the whole block, so no value may
move: a new value that fits is written in place, a longer one is appended at the end.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.formats import apple_note
from livecam.formats.exif import DATE_TAKEN, EXIF_IFD, IMAGE_UNIQUE_ID, MAKER_NOTE
from livecam.formats.exif_new import (
    COMPOSED_WHEN_SHOOTING,
    COMPOSITE_COUNT,
    COMPOSITE_IMAGE,
    IMAGE_DESCRIPTION,
    Type,
)
from livecam.formats.tiff import MAX_ENTRIES, SIZES, entries, order_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from livecam.formats.tags import Composite

MAKE, MODEL, GPS_IFD, ORIENTATION, COLOR_SPACE, PIXEL_X, PIXEL_Y = (
    0x010F,
    0x0110,
    0x8825,
    0x0112,
    0xA001,
    0xA002,
    0xA003,
)
IMAGE_WIDTH, IMAGE_LENGTH, SUBJECT_AREA = 0x0100, 0x0101, 0x9214
DATE_TIME, DATE_DIGITIZED, OFFSET_TAKEN = 0x0132, 0x9004, 0x9011
SUBSECOND_TAKEN = 0x9291
_SRGB, _BYTE = 1, 1

MINIMAL_TIFF = b"MM\0*" + struct.pack(">IHI", 8, 0, 0)
"""An EXIF block that says nothing yet."""


class ExifEditor:
    """An EXIF block (from its byte order mark on) under change."""

    def __init__(self, tiff: bytes) -> None:
        """Raises InputError for a block whose directories cannot be followed."""
        order = order_of(tiff)
        if order is None:
            raise InputError("its EXIF cannot be read")
        self._order, self._data = order, bytearray(tiff)
        self.lost = ""
        """What was lost of the old block, as part of a sentence."""
        self._count(self._image())

    def to_bytes(self) -> bytes:
        """The block as it is now."""
        return bytes(self._data)

    def describe_new_picture(self, size_wh: tuple[int, int], unique_id: str) -> None:
        """Say that the picture is upright, of this size, in sRGB, and has this id.

        Remove what describes the old picture's pixels: the thumbnail and the subject area.
        """
        width, height = size_wh
        self.set(self._image(), ORIENTATION, Type.SHORT, self._pack("H", 1))
        for tag, side in ((IMAGE_WIDTH, width), (IMAGE_LENGTH, height)):
            if self._find(self._image(), tag) is not None:
                self.set(self._image(), tag, Type.LONG, self._pack("I", side))
        self._need_photo()
        self.set(self._photo(), PIXEL_X, Type.LONG, self._pack("I", width))
        self.set(self._photo(), PIXEL_Y, Type.LONG, self._pack("I", height))
        self.set(self._photo(), COLOR_SPACE, Type.SHORT, self._pack("H", _SRGB))
        self.set_unique_id(unique_id)
        self.remove(self._photo(), SUBJECT_AREA)
        self.drop_thumbnail()

    def set_unique_id(self, unique_id: str) -> None:
        """Give the picture its id: 32 hexadecimal digits."""
        self._need_photo()
        self.set(self._photo(), IMAGE_UNIQUE_ID, Type.ASCII, unique_id.encode("ascii") + b"\0")

    def set_date(self, taken: datetime | None) -> None:
        """Say when the picture was taken; do nothing if `taken` is None."""
        if taken is None:
            return
        self._need_photo()
        date = taken.strftime("%Y:%m:%d %H:%M:%S").encode() + b"\0"
        zone = f"{taken:%z}"
        self.set(self._image(), DATE_TIME, Type.ASCII, date)
        for tag in (DATE_TAKEN, DATE_DIGITIZED):
            self.set(self._photo(), tag, Type.ASCII, date)
        if taken.microsecond:
            subsecond = f"{taken.microsecond // 1000:03}".encode() + b"\0"
            self.set(self._photo(), SUBSECOND_TAKEN, Type.ASCII, subsecond)
        offset = f"{zone[:3]}:{zone[3:5]}".encode() + b"\0"
        self.set(self._photo(), OFFSET_TAKEN, Type.ASCII, offset)

    def set_composite(self, composite: Composite) -> None:
        """Say that the picture was composed of several frames, and of which."""
        text = composite.text.encode("ascii", "replace") + b"\0"
        said = self._text(self._image(), IMAGE_DESCRIPTION)
        if said and not said.startswith(b"composed by livecam"):
            text = said + b" (" + text[:-1] + b")\0"
        self.set(self._image(), IMAGE_DESCRIPTION, Type.ASCII, text)
        self._need_photo()
        kind = self._pack("H", COMPOSED_WHEN_SHOOTING)
        self.set(self._photo(), COMPOSITE_IMAGE, Type.SHORT, kind)
        counts = self._pack("2H", composite.frames, composite.used)
        self.set(self._photo(), COMPOSITE_COUNT, Type.SHORT, counts)

    def set_identifier(self, identifier: str) -> None:
        """Put a content identifier into Apple's maker note, or into a new one."""
        self._need_photo()
        place = self._apple_note()
        if place is not None:
            at, size = place
            note = apple_note.with_identifier(bytes(self._data[at : at + size]), identifier)
            if note is not None and len(note) == size:
                self._data[at : at + size] = note
                return
            if note is not None:  # may be moved: its offsets count from its own start
                self.set(self._photo(), MAKER_NOTE, Type.UNDEFINED, note)
                return
        if self.foreign_note:
            self.lost = f"the maker's note of {self.foreign_note}: Apple's takes its place"
        note = apple_note.new_note(identifier)
        self.set(self._photo(), MAKER_NOTE, Type.UNDEFINED, note)

    def _text(self, directory: int, tag: int) -> bytes:
        """The raw value of an ASCII tag without padding; empty if the tag is missing."""
        for entry in entries(self._data, directory, self._order):
            if entry.tag == tag:
                raw = bytes(self._data[entry.value_at : entry.value_at + entry.size])
                return raw.rstrip(b"\0 ")
        return b""

    @property
    def foreign_note(self) -> str:
        """The maker of a note that an identifier would replace (not Apple); "" if there is none."""
        if self._find(self._image(), EXIF_IFD) is None or self._apple_note() is not None:
            return ""
        if self._find(self._photo(), MAKER_NOTE) is None:
            return ""
        for entry in entries(self._data, self._image(), self._order):
            if entry.tag == MAKE:
                text = text_of(bytes(self._data[entry.value_at : entry.value_at + entry.size]))
                return text or "another maker"
        return "another maker"

    def set_camera(self, make: str, model: str) -> None:
        """Say what took the picture."""
        for tag, text in ((MAKE, make), (MODEL, model)):
            if text:
                value = text.encode("ascii", "replace") + b"\0"
                self.set(self._image(), tag, Type.ASCII, value)

    def set_place(self, latitude: float, longitude: float, altitude_m: float | None) -> None:
        """Say where it was taken, in degrees and metres."""
        tags = [
            (0, _BYTE, 4, b"\2\3\0\0"),
            (1, Type.ASCII, 2, b"N\0" if latitude >= 0 else b"S\0"),
            (2, Type.RATIONAL, 3, self._degrees(latitude)),
            (3, Type.ASCII, 2, b"E\0" if longitude >= 0 else b"W\0"),
            (4, Type.RATIONAL, 3, self._degrees(longitude)),
        ]
        if altitude_m is not None:
            tags.append((5, _BYTE, 1, b"\0" if altitude_m >= 0 else b"\1"))
            tags.append(
                (6, Type.RATIONAL, 1, self._pack("2I", round(abs(altitude_m) * 1000), 1000))
            )
        start = self._append(bytes(2 + 12 * len(tags) + 4))
        struct.pack_into(f"{self._order}H", self._data, start, len(tags))
        for i, (tag, kind, count, value) in enumerate(tags):
            entry = start + 2 + 12 * i
            placed = (
                self._pack("I", self._append(value)) if len(value) > 4 else value.ljust(4, b"\0")
            )
            self._data[entry : entry + 12] = self._pack("HHI", tag, kind, count) + placed
        self.set(self._image(), GPS_IFD, Type.LONG, self._pack("I", start))

    def _degrees(self, angle: float) -> bytes:
        """Degrees, minutes and hundred-thousandths of seconds."""
        seconds = round(abs(angle) * 3600 * 100_000)
        degrees, rest = divmod(seconds, 3600 * 100_000)
        minutes, rest = divmod(rest, 60 * 100_000)
        return self._pack("6I", degrees, 1, minutes, 1, rest, 100_000)

    def remove_identifier(self) -> None:
        """Remove the content identifier, so that the photo belongs to no movie."""
        place = self._apple_note()
        if place is not None:
            at, size = place
            note = bytes(self._data[at : at + size])
            self._data[at : at + size] = apple_note.without_identifier(note)

    def set(self, directory: int, tag: int, kind: Type, value: bytes) -> None:
        """Give a tag a value; in place where it fits."""
        count = len(value) // SIZES[kind]
        entry = self._find(directory, tag)
        if entry is None:
            entry = self._add_entry(directory, tag)
        old_kind, old_count = struct.unpack_from(f"{self._order}HI", self._data, entry + 2)
        fits = SIZES.get(old_kind, 0) * old_count >= len(value) > 4
        struct.pack_into(f"{self._order}HI", self._data, entry + 2, kind, count)
        if len(value) <= 4:
            self._data[entry + 8 : entry + 12] = value.ljust(4, b"\0")
            return
        (at,) = struct.unpack_from(f"{self._order}I", self._data, entry + 8)
        if not fits or at + len(value) > len(self._data):
            at = self._append(value)
            struct.pack_into(f"{self._order}I", self._data, entry + 8, at)
        else:
            self._data[at : at + len(value)] = value

    def remove(self, directory: int, tag: int) -> None:
        """Take a tag out; what follows it in its directory moves up."""
        entry = self._find(directory, tag)
        if entry is None:
            return
        count = self._count(directory)
        end = directory + 2 + 12 * count + 4  # the link to the next directory moves too
        self._data[entry : end - 12] = self._data[entry + 12 : end]
        self._data[end - 12 : end] = bytes(12)
        struct.pack_into(f"{self._order}H", self._data, directory, count - 1)

    def drop_thumbnail(self) -> None:
        """Unlink the second directory, and blank or cut off the thumbnail that it points to."""
        link = self._image() + 2 + 12 * self._count(self._image())
        (thumbnail,) = struct.unpack_from(f"{self._order}I", self._data, link)
        struct.pack_into(f"{self._order}I", self._data, link, 0)
        if not 8 <= thumbnail <= len(self._data) - 2:
            return
        try:
            at, size = (self._number(self._find(thumbnail, tag)) for tag in (0x0201, 0x0202))
        except InputError:
            return
        if at and size and at + size <= len(self._data):
            if at + size >= len(self._data) - 1:
                del self._data[at:]
            else:
                self._data[at : at + size] = bytes(size)

    def _image(self) -> int:
        return int(struct.unpack_from(f"{self._order}I", self._data, 4)[0])

    def _photo(self) -> int:
        return self._number(self._find(self._image(), EXIF_IFD))

    def _need_photo(self) -> None:
        """Make the Exif IFD, which holds the photo's own tags, if there is none."""
        if self._find(self._image(), EXIF_IFD) is None:
            empty = self._append(bytes(6))
            self.set(self._image(), EXIF_IFD, Type.LONG, self._pack("I", empty))

    def _apple_note(self) -> tuple[int, int] | None:
        """Offset and size of Apple's maker note."""
        if self._find(self._image(), EXIF_IFD) is None:
            return None
        for entry in entries(self._data, self._photo(), self._order):
            end = entry.value_at + entry.size
            if entry.tag == MAKER_NOTE and apple_note.is_apples(self._data[entry.value_at : end]):
                return entry.value_at, entry.size
        return None

    def _number(self, entry: int | None) -> int:
        if entry is None:
            return 0
        (kind,) = struct.unpack_from(f"{self._order}H", self._data, entry + 2)
        layout = "H" if kind == Type.SHORT else "I"
        return int(struct.unpack_from(f"{self._order}{layout}", self._data, entry + 8)[0])

    def _count(self, directory: int) -> int:
        if not 8 <= directory <= len(self._data) - 6:
            raise InputError("its EXIF cannot be read")
        (count,) = struct.unpack_from(f"{self._order}H", self._data, directory)
        if count > MAX_ENTRIES or directory + 2 + 12 * count + 4 > len(self._data):
            raise InputError("its EXIF cannot be read")
        return int(count)

    def _directory(self, start: int) -> Iterator[tuple[int, int]]:
        """Tag and offset of each entry."""
        for i in range(self._count(start)):
            entry = start + 2 + 12 * i
            yield struct.unpack_from(f"{self._order}H", self._data, entry)[0], entry

    def _find(self, directory: int, tag: int) -> int | None:
        return next((entry for found, entry in self._directory(directory) if found == tag), None)

    def _add_entry(self, directory: int, tag: int) -> int:
        """Move a directory to the end with one more entry; return the new entry's offset."""
        count = self._count(directory)
        end = directory + 2 + 12 * count
        entries = [bytes(self._data[at : at + 12]) for _, at in self._directory(directory)]
        entries.append(self._pack("HHI", tag, Type.LONG, 0) + bytes(4))
        entries.sort(key=lambda entry: struct.unpack(f"{self._order}H", entry[:2])[0])
        link = bytes(self._data[end : end + 4])
        moved = self._append(self._pack("H", count + 1) + b"".join(entries) + link)
        if directory == self._image():
            struct.pack_into(f"{self._order}I", self._data, 4, moved)
        else:
            pointer = self._find(self._image(), EXIF_IFD)
            assert pointer is not None
            struct.pack_into(f"{self._order}I", self._data, pointer + 8, moved)
        found = self._find(moved, tag)
        assert found is not None
        return found

    def _append(self, value: bytes) -> int:
        """Append bytes at an even offset, and return that offset."""
        self._data += bytes(len(self._data) % 2)
        self._data += value
        return len(self._data) - len(value)

    def _pack(self, layout: str, *values: int) -> bytes:
        return struct.pack(f"{self._order}{layout}", *values)
