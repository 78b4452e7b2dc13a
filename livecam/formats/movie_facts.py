"""The facts in a movie's boxes that pairing needs. Its samples are not read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from livecam.errors import InputError
from livecam.formats.boxes import Box, find_box, find_boxes
from livecam.formats.live_photo import IDENTIFIER_KEY, STILL_TIME_KEY
from livecam.formats.structure import MOVIE_STARTS

if TYPE_CHECKING:
    from livecam.formats.files import Data

Holder = Literal["moov/meta", "moov/udta/meta"]


@dataclass(frozen=True)
class StillTrack:
    """The track that says where in the movie the photo belongs."""

    time_s: float
    """Sum of its leading empty edits."""
    first: bool
    """Whether it is the first metadata track: LivePhotosKit looks at no other."""
    begins_empty: bool
    """Whether it begins with an empty edit; without one its time is 0."""
    timescale: int


@dataclass(frozen=True)
class MovieFacts:
    """Read from the boxes alone."""

    brand: str
    duration_s: float
    timescale: int
    codec: str
    """Tag of the first picture track, such as avc1 or hvc1; "" if there is none."""
    identifier: str | None
    holder: Holder | None
    """Where the identifier was found; Apple looks in `moov/meta` only."""
    still: StillTrack | None
    emptied: bool
    """Whether a track has no sample description: FFmpeg leaves metadata tracks that way."""


def is_quicktime(data: Data) -> bool:
    """Whether a movie is a QuickTime file, as in every Live Photo, and not an MP4."""
    first, brand = bytes(data[4:8]), bytes(data[8:12])
    return brand == b"qt  " if first == b"ftyp" else first in MOVIE_STARTS


def read_movie(data: Data) -> MovieFacts:
    """The facts of a QuickTime or MP4 file. Raises InputError."""
    ftyp, moov = find_box(data, b"ftyp"), find_box(data, b"moov")
    if moov is None:
        raise InputError("this is no QuickTime or MP4 movie: it has no 'moov'")
    header = find_box(data, b"mvhd", within=moov)
    if header is None:
        raise InputError("this movie has no header")
    timescale, duration = _timescale_duration(bytes(data[header.body : header.end]))
    tracks = [found for found in find_boxes(data, moov.body, moov.end) if found.type == b"trak"]
    identifier, holder = _identifier(data, moov)
    return MovieFacts(
        # Movies copied from an iPhone by cable have no `ftyp`, like early QuickTime files.
        brand=bytes(data[ftyp.body : ftyp.body + 4]).decode("latin-1") if ftyp else "qt  ",
        duration_s=duration / timescale,
        timescale=timescale,
        codec=next((tag for kind, tag in _kinds(data, tracks) if kind == b"vide"), ""),
        identifier=identifier,
        holder=holder,
        still=_still(data, tracks, timescale),
        emptied=any(not tag.strip("\0") for _, tag in _kinds(data, tracks)),
    )


def _timescale_duration(header: bytes) -> tuple[int, int]:
    """Timescale and duration from the body of `mvhd` or `mdhd`, version 0 or 1."""
    layout, at = (">IQ", 20) if header[:1] == b"\1" else (">II", 12)
    if len(header) < at + struct.calcsize(layout):
        raise InputError("a header of this movie is cut off")
    timescale, duration = struct.unpack(layout, header[at : at + struct.calcsize(layout)])
    if timescale == 0:
        raise InputError("a header of this movie counts 0 ticks a second")
    return timescale, duration


def _kinds(data: Data, tracks: list[Box]) -> list[tuple[bytes, str]]:
    """Handler and sample description tag of each track."""
    found = []
    for track in tracks:
        handler = find_box(data, b"mdia", b"hdlr", within=track)
        entry = find_box(data, b"mdia", b"minf", b"stbl", b"stsd", within=track)
        kind = bytes(data[handler.body + 8 : handler.body + 12]) if handler else b""
        # Behind version, flags and count: the size of the first entry, and its tag.
        has_entry = entry is not None and entry.end - entry.body >= 16
        tag = bytes(data[entry.body + 12 : entry.body + 16]) if entry and has_entry else b""
        found.append((kind, tag.decode("latin-1")))
    return found


def _identifier(data: Data, moov: Box) -> tuple[str | None, Holder | None]:
    plain = find_box(data, b"meta", within=moov)
    if plain is not None and (found := _keyed(data, plain)) is not None:
        return found, "moov/meta"
    inner = find_box(data, b"udta", b"meta", within=moov)
    if inner is not None and (found := _keyed(data, inner)) is not None:
        return found, "moov/udta/meta"
    return None, None


def _keyed(data: Data, meta: Box) -> str | None:
    """The content identifier in a `meta` box; None if there is none."""
    # MP4's `meta` has a version before its boxes, QuickTime's has none.
    head = bytes(data[meta.body : meta.body + 8])
    inside = meta if head[4:] == b"hdlr" else Box(meta.type, meta.start, meta.body + 4, meta.end)
    keys, items = find_box(data, b"keys", within=inside), find_box(data, b"ilst", within=inside)
    if keys is None or items is None:
        return None
    names = [
        bytes(data[key.body : key.end]).decode("utf-8", "replace")
        for key in find_boxes(data, keys.body + 8, keys.end)
    ]
    for item in find_boxes(data, items.body, items.end):
        number = int.from_bytes(item.type)
        if 1 <= number <= len(names) and names[number - 1] == IDENTIFIER_KEY:
            value = find_box(data, b"data", within=item)
            if value is not None:
                return bytes(data[value.body + 8 : value.end]).decode("utf-8", "replace")
    return None


def _still(data: Data, tracks: list[Box], movie_timescale: int) -> StillTrack | None:
    metadata = [
        track
        for track, (kind, _) in zip(tracks, _kinds(data, tracks), strict=True)
        if kind == b"meta"
    ]
    for position, track in enumerate(metadata):
        entry = find_box(data, b"mdia", b"minf", b"stbl", b"stsd", within=track)
        header = find_box(data, b"mdia", b"mdhd", within=track)
        if entry is None or header is None:
            continue
        if STILL_TIME_KEY not in bytes(data[entry.body : entry.end]):
            continue
        edits = find_box(data, b"edts", b"elst", within=track)
        empty = _empty_ticks(bytes(data[edits.body : edits.end])) if edits else []
        return StillTrack(
            time_s=sum(empty) / movie_timescale,
            first=position == 0,
            begins_empty=bool(empty),
            timescale=_timescale_duration(bytes(data[header.body : header.end]))[0],
        )
    return None


def _empty_ticks(edits: bytes) -> list[int]:
    """Lengths of the empty edits that an edit list begins with, in the movie's ticks."""
    layout = ">QqI" if edits[:1] == b"\1" else ">IiI"
    size = struct.calcsize(layout)
    found = []
    for at in range(8, len(edits) - size + 1, size):
        ticks, media_time, _ = struct.unpack(layout, edits[at : at + size])
        if media_time != -1:
            break
        found.append(ticks)
    return found
