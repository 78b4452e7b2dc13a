"""Motion Photos: where in a photo's file the movie lies, and when in the movie the photo was taken.

Marks are used in the order in which they can be trusted: the `mpvd` box of HEIC files, Samsung's
trailer, the lengths in XMP (which Samsung writes wrong), and if none of these helps, the movie's
own first box behind the picture: some makers write no marks, and programs that copy photos lose
them. At the place that is found a movie must really begin.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from livecam.errors import InputError
from livecam.formats.boxes import MAX_BOXES, find_boxes
from livecam.formats.heif import BRANDS, xmp_block
from livecam.formats.jpeg import EOI, MAX_HEAD, PIECE, SOI, end_of_picture, xmp_packets
from livecam.formats.structure import is_movie
from livecam.formats.xmp import MotionTags, motion_tags

if TYPE_CHECKING:
    from livecam.formats.files import Data

Kind = Literal["jpeg", "heic"]

_SEF_TAIL = b"SEFT"
_SEF_MOVIE = 0x0A30
"""Type of Samsung's record that holds the movie."""
MAX_TRIES = 100
"""Places that are tried where a movie seems to begin: a hostile file could hold endless ones."""
MAX_RECORDS = 100
"""In Samsung's trailer; phones write about ten."""


@dataclass(frozen=True)
class MotionMovie:
    """A movie inside a photo's file."""

    kind: Kind
    start: int
    end: int
    still_s: float | None
    """The photo's time in the movie, in seconds; None if the file does not say."""
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
    if bytes(data[:2]) == SOI:
        packets = xmp_packets(bytes(data[:MAX_HEAD]))
    else:
        packet = xmp_block(data)
        packets = [] if packet is None else [packet]
    found = [tags for tags in map(_tags, packets) if tags is not None]
    # The extended packet holds what did not fit into the first.
    return max(found, key=lambda tags: len(tags.items), default=None)


def _tags(packet: bytes) -> MotionTags | None:
    # Parse only what may concern a movie: other XMP must not lead to an error here.
    if b"MotionPhoto" not in packet and b"MicroVideo" not in packet:
        return None
    tags = motion_tags(packet)
    return tags if tags.promises_movie else None


def _in_jpeg(data: Data, tags: MotionTags | None) -> MotionMovie | None:
    problem: InputError | None = None
    try:
        samsung = _samsung_record(data)
    except InputError as err:
        samsung, problem = None, err  # the movie may be there all the same
    if samsung is not None:
        start, end = samsung
        # The record begins 24 bytes before: type, length of its name, its name.
        return _movie("jpeg", data, start, end, tags, max(2, start - 24))
    if tags is not None:
        try:
            return _by_lengths(data, tags)
        except InputError as err:
            problem = err
    found = _search(data)
    if found is not None:
        return _movie("jpeg", data, *found, tags, found[0])
    if problem is not None:
        raise problem
    return None


def _by_lengths(data: Data, tags: MotionTags) -> MotionMovie:
    """The movie where XMP says it is. Raises InputError."""
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
    # What lies between photo and movie (a gain map) is the photo's.
    return _movie("jpeg", data, start, end, tags, start)


def _search(data: Data) -> tuple[int, int] | None:
    """Start and end of a movie somewhere behind the picture, by its first box."""
    size = len(data)
    tail = bytes(data[max(0, size - 64) : size]).rstrip(b"\0")
    if tail.endswith(EOI):
        return None  # nothing but pictures: the rest need not be read
    at = end_of_picture(data)
    tries = 0
    while at is not None and at < size and tries < MAX_TRIES:
        piece = bytes(data[at : min(size, at + PIECE)])
        found = piece.find(b"ftyp", 4)
        if found < 0:
            at += max(1, len(piece) - 8)
            continue
        tries += 1
        start = at + found - 4
        end = _end_of_boxes(data, start)
        if end is not None:
            return start, end
        at = start + 5
    return None


def _end_of_boxes(data: Data, start: int) -> int | None:
    """Where the boxes that begin at `start` end; None if they are not a whole movie."""
    at, size, kinds = start, len(data), set()
    for _ in range(MAX_BOXES):
        if at + 8 > size:
            break
        length, kind = struct.unpack(">I4s", bytes(data[at : at + 8]))
        if length == 1 and at + 16 <= size:
            length = int.from_bytes(data[at + 8 : at + 16])
        if length < 8 or at + length > size or not kind.isalnum():
            break
        kinds.add(kind)
        at += length
    head = bytes(data[start : start + 12])
    is_whole = {b"moov", b"ftyp"} <= kinds and b"mdat" in kinds
    return at if is_whole and head[8:12] not in BRANDS else None


def _in_heic(data: Data, tags: MotionTags | None) -> MotionMovie | None:
    for box in find_boxes(data):
        if box.type == b"mpvd":
            end = _movie_end(data, box.body, box.end)
            return _movie("heic", data, box.body, end, tags, box.start)
        if box.type == b"sefd" and box.end == len(data):
            # Samsung's trailer in its own box, with the movie inside.
            samsung = _samsung_record(data)
            if samsung is not None:
                return _movie("heic", data, *samsung, tags, box.start)
    if tags is None:
        return None
    # No phone writes it this way, but lengths in XMP are accepted here too.
    at = next((i for i, item in enumerate(tags.items) if item.semantic == "MotionPhoto"), None)
    if at is None:
        raise InputError("this photo promises a movie, but does not say where it is")
    start = len(data) - tags.items[at].length
    return _movie("heic", data, start, len(data), tags, start - tags.items[0].padding)


def _movie_end(data: Data, start: int, end: int) -> int:
    """Where the movie inside `mpvd` ends: some Samsung phones put their trailer there too."""
    at = start
    while at + 8 <= end:
        size = int.from_bytes(data[at : at + 4])
        if size < 8 or at + size > end or bytes(data[at + 4 : at + 8]) == b"sefd":
            break
        at += size
    # If it does not end with a whole box, the check of the movie's boxes refuses it later.
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
    """The movie at this place. Raises InputError if no movie begins there."""
    if not 2 <= photo_end <= start < end <= len(data):
        raise InputError("this photo promises a movie outside of its own file")
    head = bytes(data[start : start + 8])
    if head[4:] != b"ftyp" or not is_movie(head):
        raise InputError("this photo promises a movie that is not there")
    still_s = tags.still_us / 1e6 if tags is not None and tags.still_us is not None else None
    return MotionMovie(kind, start, end, still_s, photo_end)
