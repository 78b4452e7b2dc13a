"""Tracks of a single sample, added to a finished movie without moving anything in it.

The two that livecam needs (the still's time of a Live Photo, the scores of a Motion Photo) are
timed metadata, which no library writes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from livecam.errors import OutputError
from livecam.formats.boxes import box, find_box, find_boxes, full_box

TIMESCALE = 600
"""Ticks per second of the added track, and of the movie header in every Apple file: players divide
the times of the edit list by one or the other."""

_UNDETERMINED = 0x55C4
"""Language code "und"."""
_ENABLED_IN_ALL = 0x0F
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True)
class NewTrack:
    """What tells one kind of metadata track from another."""

    handler: bytes
    media_header: bytes
    description: bytes
    """The one entry of the sample description."""
    sample: bytes
    reference: bytes
    """The one entry of the data reference: "in this file"."""
    data_handler: bytes = b""
    """Only in QuickTime; empty for MP4."""
    starts: int = 0
    """When the sample is shown, in ticks of `TIMESCALE`: the length of the empty edit before it."""


def with_track(movie: bytes, track: NewTrack, metadata: bytes = b"") -> bytes:
    """Add a track to a movie whose `moov` comes last, and `metadata` as the last box in `moov`.

    All data before `moov` stays where it is, so no offset changes. FFmpeg's `udta`, which only
    names FFmpeg, is dropped. Raises OutputError if `moov` is missing or not last.
    """
    moov = find_box(movie, b"moov")
    if moov is None or moov.end != len(movie):
        raise OutputError("this is no movie to which a track can be added")
    boxes = list(find_boxes(movie, moov.body, moov.end))
    header = next(found for found in boxes if found.type == b"mvhd")
    (number,) = struct.unpack(">I", movie[header.end - 4 : header.end])
    created = movie[header.body + 4 : header.body + 12]
    new_header = movie[header.start : header.end - 4] + struct.pack(">I", number + 1)
    kept = [movie[found.start : found.end] for found in boxes if found.type == b"trak"]
    sample_at = moov.start + 8
    return (
        movie[: moov.start]
        + box(b"mdat", track.sample)
        + box(b"moov", new_header, *kept, track_box(track, number, created, sample_at), metadata)
    )


def handler(kind: bytes, subtype: bytes, flags: int, name: bytes, *, pascal: bool = True) -> bytes:
    """A handler box; QuickTime's names are Pascal strings, MP4's end with a zero."""
    text = bytes([len(name)]) + name if pascal else name + b"\0"
    maker = b"appl" if pascal else bytes(4)
    return full_box(b"hdlr", kind, subtype, maker, struct.pack(">II", flags, 0), text)


def track_box(track: NewTrack, number: int, created: bytes, sample_at: int) -> bytes:
    """The `trak` of a new track whose sample lies at `sample_at` in the file.

    `created` are the dates of creation and change, 32 bits each.
    """
    tkhd = full_box(
        b"tkhd",
        created,
        struct.pack(">IIIQHHHH", number, 0, track.starts + 1, 0, 0, 0, 0, 0),
        _MATRIX,
        struct.pack(">II", 0, 0),
        flags=_ENABLED_IN_ALL,
    )
    empty = [(track.starts, -1)] if track.starts else []
    edits = b"".join(struct.pack(">IiI", *edit, 0x10000) for edit in (*empty, (1, 0)))
    elst = full_box(b"elst", struct.pack(">I", len(empty) + 1), edits)
    mdhd = full_box(b"mdhd", created, struct.pack(">IIHH", TIMESCALE, 1, _UNDETERMINED, 0))
    table = box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), track.description),
        full_box(b"stts", struct.pack(">III", 1, 1, 1)),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, 1, 1)),
        full_box(b"stsz", struct.pack(">II", len(track.sample), 1)),
        full_box(b"stco", struct.pack(">II", 1, sample_at)),
    )
    where = box(b"dinf", full_box(b"dref", struct.pack(">I", 1), track.reference))
    minf = box(b"minf", track.media_header, track.data_handler, where, table)
    return box(b"trak", tkhd, box(b"edts", elst), box(b"mdia", mdhd, track.handler, minf))
