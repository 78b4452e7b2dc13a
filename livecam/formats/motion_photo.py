"""Motion Photos: where in a photo's file the movie lies, and when in it the photo was taken.

In the order in which the marks can be trusted: the `mpvd` box of HEIC files, Samsung's trailer, and
only then the lengths in XMP, which Samsung writes wrong. Wherever they point, a movie must begin.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from livecam.errors import InputError
from livecam.formats.boxes import find_boxes
from livecam.formats.heif import xmp_block
from livecam.formats.jpeg import APP1, SOI, XMP_HEADER, segments
from livecam.formats.structure import is_movie
from livecam.formats.xmp import MotionTags, motion_tags

if TYPE_CHECKING:
    from livecam.formats.boxes import Data

Kind = Literal["jpeg", "heic"]

_SEF_TAIL = b"SEFT"
_SEF_MOVIE = 0x0A30
"""Type of Samsung's record that holds the movie."""
MAX_RECORDS = 100
"""In Samsung's trailer; phones write about ten."""
MAX_HEAD = 16 * 65536
"""A JPEG's metadata lies before its scan, in segments of at most 64 kB each."""


@dataclass(frozen=True)
class MotionMovie:
    """A movie inside a photo's file."""

    kind: Kind
    start: int
    end: int
    still_s: float | None
    """The photo's time in the movie, where the file says so."""
    photo_end: int
    """Where the photo without the movie ends."""


def find_motion_movie(data: Data) -> MotionMovie | None:
    """The movie of a Motion Photo; None for a photo that promises none.

    Raises InputError for one that promises a movie which is not there.
    """
    if bytes(data[:2]) == SOI:
        return _in_jpeg(data, tags_of(data))
    if bytes(data[4:8]) == b"ftyp":
        return _in_heic(data, tags_of(data))
    return None


def tags_of(data: Data) -> MotionTags | None:
    """What a photo's XMP says of a movie; None if it promises none. Raises InputError."""
    return _tags(_jpeg_xmp(data) if bytes(data[:2]) == SOI else xmp_block(data))


def _tags(packet: bytes | None) -> MotionTags | None:
    # An XMP that other programs can do something with is not ours to judge, unless it is needed.
    if packet is None or (b"MotionPhoto" not in packet and b"MicroVideo" not in packet):
        return None
    tags = motion_tags(packet)
    return tags if tags.promises_movie else None


def _jpeg_xmp(data: Data) -> bytes | None:
    head = bytes(data[:MAX_HEAD])
    for marker, start, end in segments(head):
        if marker == APP1 and head.startswith(XMP_HEADER, start + 4):
            return head[start + 4 + len(XMP_HEADER) : end]
    return None


def _in_jpeg(data: Data, tags: MotionTags | None) -> MotionMovie | None:
    samsung = _samsung_record(data)
    if samsung is not None:
        start, end = samsung
        # The record begins 24 bytes before: type, length of its name, its name.
        return _movie("jpeg", data, start, end, tags, max(2, start - 24))
    if tags is None:
        return None
    if not tags.motion_photo or not tags.items:
        if tags.micro_offset is None:
            raise InputError("this photo promises a movie, but does not say where it is")
        start = len(data) - tags.micro_offset
        return _movie("jpeg", data, start, len(data), tags, start)
    behind = [item.length + item.padding for item in tags.items[1:]]
    at = next((i for i, item in enumerate(tags.items[1:]) if item.semantic == "MotionPhoto"), None)
    if at is None:
        raise InputError("this photo promises a movie, but does not say where it is")
    end = len(data) - sum(behind[at + 1 :])
    start = end - tags.items[1 + at].length
    return _movie("jpeg", data, start, end, tags, len(data) - sum(behind))


def _in_heic(data: Data, tags: MotionTags | None) -> MotionMovie | None:
    for box in find_boxes(data):
        if box.type == b"mpvd":
            end = _movie_end(data, box.body, box.end)
            return _movie("heic", data, box.body, end, tags, box.start)
    if tags is None:
        return None
    # Not a phone's way, but what the lengths say is not refused.
    at = next((i for i, item in enumerate(tags.items) if item.semantic == "MotionPhoto"), None)
    if at is None:
        raise InputError("this photo promises a movie, but does not say where it is")
    start = len(data) - tags.items[at].length
    return _movie("heic", data, start, len(data), tags, start - tags.items[0].padding)


def _movie_end(data: Data, start: int, end: int) -> int:
    """Where the movie inside `mpvd` ends: some of Samsung's put their trailer in there too."""
    at = start
    while at + 8 <= end:
        size = int.from_bytes(data[at : at + 4])
        if size < 8 or at + size > end or bytes(data[at + 4 : at + 8]) == b"sefd":
            break
        at += size
    # Whatever does not end with a whole box is for the check of the movie's own boxes to refuse.
    return at if at > start and (at == end or bytes(data[at + 4 : at + 8]) == b"sefd") else end


def _samsung_record(data: Data) -> tuple[int, int] | None:
    """Start and end of the movie by Samsung's trailer, whose numbers are little-endian."""
    if len(data) < 24 or bytes(data[-4:]) != _SEF_TAIL:
        return None
    (size,) = struct.unpack("<I", data[-8:-4])
    head = len(data) - 8 - size
    if head < 0 or bytes(data[head : head + 4]) != b"SEFH" or size < 12:
        raise InputError("its Samsung trailer is damaged")
    (count,) = struct.unpack("<I", data[head + 8 : head + 12])
    for i in range(min(count, MAX_RECORDS)):
        entry = bytes(data[head + 12 + 12 * i : head + 24 + 12 * i])
        if len(entry) < 12:
            break
        _, kind, back, length = struct.unpack("<HHII", entry)
        start, end = head - back, head - back + length
        if kind != _SEF_MOVIE:
            continue
        if start < 0 or length < 8 or end > head:
            raise InputError("its Samsung trailer points outside of the file")
        (name,) = struct.unpack("<I", data[start + 4 : start + 8])
        return min(end, start + 8 + name), end
    return None


def _movie(
    kind: Kind, data: Data, start: int, end: int, tags: MotionTags | None, photo_end: int
) -> MotionMovie:
    """The found place, once a movie really begins there."""
    if not 2 <= photo_end <= start < end <= len(data):
        raise InputError("this photo promises a movie outside of its own file")
    head = bytes(data[start : start + 8])
    if head[4:] != b"ftyp" or not is_movie(head):
        raise InputError("this photo promises a movie that is not there")
    still_s = tags.still_us / 1e6 if tags is not None and tags.still_us is not None else None
    return MotionMovie(kind, start, end, still_s, photo_end)
