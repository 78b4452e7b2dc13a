"""What makes a movie and a photo one Live Photo: the same identifier in both, and the still's time.

Photos and the iPhone find the two halves by one upper-case UUID, in the movie's metadata and in the
photo's maker note; where in the movie the photo belongs stands in a track of timed metadata. The
template is what macOS Photos writes when it renders an edited Live Photo. No library writes these
boxes (FFmpeg even empties them when it copies a movie), so they are written here, and nothing else.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from livecam.errors import OutputError
from livecam.media.boxes import box, find_box, find_boxes, full_box

if TYPE_CHECKING:
    from pathlib import Path

    from livecam.media.tags import Tags

TIMESCALE = 600
"""Of the still's track, and of the movie header in every file of Apple's: players that read the
edit list divide by the one or the other."""

STILL_TIME_KEY = b"com.apple.quicktime.still-image-time"
IDENTIFIER_KEY = "com.apple.quicktime.content.identifier"

_INT8, _UTF8 = 65, 1
"""Well-known types of the QuickTime File Format: signed byte in timed metadata, UTF-8 in keys."""
_UNDETERMINED = 0x55C4
"""Language code "und"."""
_ENABLED_IN_ALL = 0x0F
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SAMPLE = struct.pack(">IIb", 9, 1, -1)
"""Size, local key, and the value that every iPhone writes; only its time has a meaning."""


def maker_note(identifier: str) -> bytes:
    """The photo's half: Apple's maker note with the one tag that pairs, 69 bytes.

    EXIF tag 0x927C, type UNDEFINED. All offsets in it count from its own start.
    """
    value = identifier.encode("ascii") + b"\0"
    entry = struct.pack(">HHII", 0x11, 2, len(value), 32)  # ContentIdentifier, ASCII
    return b"Apple iOS\0\0\1MM" + struct.pack(">H", 1) + entry + struct.pack(">I", 0) + value


def pair_movie(path: Path, tags: Tags, still_s: float) -> None:
    """Make a movie whose `moov` lies last, as PyAV writes it, a half of a Live Photo, in place.

    `still_s` is the still's time in the movie. What comes before `moov` does not move, so no offset
    in it changes. Raises OutputError.
    """
    try:
        with path.open("r+b") as file:
            data = file.read()
            moov = find_box(data, b"moov")
            if moov is None or moov.end != len(data):
                raise OutputError(f"{path.name} is no movie that can be paired")
            file.seek(moov.start)
            file.truncate()
            sample_at = moov.start + 8
            file.write(box(b"mdat", _SAMPLE))
            file.write(_paired_moov(data[moov.body : moov.end], tags, still_s, sample_at))
            file.flush()
            os.fsync(file.fileno())
    except OSError as err:
        raise OutputError(f"cannot write {path.name}: {err.strerror}") from err


def _paired_moov(content: bytes, tags: Tags, still_s: float, sample_at: int) -> bytes:
    boxes = list(find_boxes(content))
    header = next(b for b in boxes if b.type == b"mvhd")
    (track_id,) = struct.unpack(">I", content[header.end - 4 : header.end])
    created = content[header.body + 4 : header.body + 12]
    new_header = content[header.start : header.end - 4] + struct.pack(">I", track_id + 1)
    tracks = [content[b.start : b.end] for b in boxes if b.type == b"trak"]
    still = _still_track(track_id, created, round(still_s * TIMESCALE), sample_at)
    # FFmpeg's own `udta` only names FFmpeg; Apple's files have none.
    return box(b"moov", new_header, *tracks, still, _metadata(tags))


def _still_track(track_id: int, created: bytes, still: int, sample_at: int) -> bytes:
    """One sample whose time is the length of the empty edit before it."""
    tkhd = full_box(
        b"tkhd",
        created,
        struct.pack(">IIIQHHHH", track_id, 0, still + 1, 0, 0, 0, 0, 0),
        _MATRIX,
        struct.pack(">II", 0, 0),
        flags=_ENABLED_IN_ALL,
    )
    empty = [(still, -1)] if still else []
    edits = b"".join(struct.pack(">IiI", *edit, 0x10000) for edit in (*empty, (1, 0)))
    elst = full_box(b"elst", struct.pack(">I", len(empty) + 1), edits)
    mdhd = full_box(b"mdhd", created, struct.pack(">IIHH", TIMESCALE, 1, _UNDETERMINED, 0))
    base = box(b"gmin", struct.pack(">I6H", 0, 0x40, 0x8000, 0x8000, 0x8000, 0, 0))
    minf = box(
        b"minf",
        box(b"gmhd", base),
        _handler(b"dhlr", b"alis", 0, b"Core Media Data Handler"),
        box(b"dinf", full_box(b"dref", struct.pack(">I", 1), full_box(b"alis", flags=1))),
        _sample_table(sample_at),
    )
    handler = _handler(b"mhlr", b"meta", 1, b"Core Media Metadata")
    return box(b"trak", tkhd, box(b"edts", elst), box(b"mdia", mdhd, handler, minf))


def _sample_table(sample_at: int) -> bytes:
    key = box(
        struct.pack(">I", 1),  # the local key, which is the box's type
        box(b"keyd", b"mdta", STILL_TIME_KEY),
        box(b"dtyp", struct.pack(">II", 0, _INT8)),
    )
    mebx = box(b"mebx", bytes(6), struct.pack(">H", 1), box(b"keys", key))
    return box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), mebx),
        full_box(b"stts", struct.pack(">III", 1, 1, 1)),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, 1, 1)),
        full_box(b"stsz", struct.pack(">II", len(_SAMPLE), 1)),
        full_box(b"stco", struct.pack(">II", 1, sample_at)),
    )


def _handler(kind: bytes, subtype: bytes, flags: int, name: bytes) -> bytes:
    """A QuickTime handler, its name a Pascal string."""
    numbers = struct.pack(">II", flags, 0)
    return full_box(b"hdlr", kind, subtype, b"appl", numbers, bytes([len(name)]), name)


def _metadata(tags: Tags) -> bytes:
    """`moov/meta` as QuickTime has it: a plain box, keys by name, values by the keys' numbers."""
    values = {
        IDENTIFIER_KEY: tags.identifier,
        "com.apple.quicktime.make": tags.make,
        "com.apple.quicktime.model": tags.model,
        "com.apple.quicktime.software": tags.software,
        "com.apple.quicktime.creationdate": tags.taken.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    keys = b"".join(box(b"mdta", name.encode()) for name in values)
    items = b"".join(
        box(struct.pack(">I", number), box(b"data", struct.pack(">II", _UTF8, 0), text.encode()))
        for number, text in enumerate(values.values(), 1)
    )
    return box(
        b"meta",
        full_box(b"hdlr", bytes(4), b"mdta", bytes(14)),
        full_box(b"keys", struct.pack(">I", len(values)), keys),
        box(b"ilst", items),
    )
