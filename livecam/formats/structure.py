"""The check before any decoder: whether a movie's boxes and sample tables are consistent.

An untrusted file may be cut off, damaged or made to harm. Every size, count and offset that a
demuxer would believe is first checked against the file itself, in time and memory that depend only
on the file's real size. What FFmpeg would tolerate (a box that reaches past its parent, samples
behind the end of the file) is refused here.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from livecam.errors import InputError
from livecam.formats.boxes import Box, find_box, find_boxes

if TYPE_CHECKING:
    from livecam.formats.files import Data

MAX_DEPTH = 10
"""Real files nest seven deep (moov, trak, mdia, minf, stbl, stsd, entry); FFmpeg stops at ten."""

MAX_SAMPLES = 20_000_000
"""In one table: five hours at 1 kHz. Samples of constant size (PCM sound) need no table."""

CONTAINERS = frozenset(b"moov trak mdia minf stbl edts dinf udta gmhd mvex moof traf tref".split())
MOVIE_STARTS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What the first box of a QuickTime or MP4 file may be."""

_TRACK_HEADER_BYTES = 84
"""Of version 0; version 1 has twelve more."""
_ENTRY = {b"stts": 8, b"ctts": 8, b"stss": 4, b"stsc": 12, b"stco": 4, b"co64": 8}
"""Bytes of one entry of each table (ISO/IEC 14496-12, 8.6 and 8.7)."""


def is_movie(data: Data) -> bool:
    """Whether this is a QuickTime or MP4 file, by its first box."""
    return bytes(data[4:8]) in MOVIE_STARTS


def verify_movie(data: Data) -> None:
    """Raise InputError for a QuickTime or MP4 file whose structure is not consistent."""
    moovs = 0
    for top in find_boxes(data):
        if top.type in CONTAINERS:
            moovs += top.type == b"moov"
            _verify_nesting(data, top, 1)
    if moovs != 1:
        raise InputError(
            "this movie has no 'moov': it was cut off, or never finished"
            if not moovs
            else "this movie has more than one 'moov'"
        )
    moov = find_box(data, b"moov")
    assert moov is not None
    _header_ticks(data, moov, b"mvhd")
    tracks = [found for found in find_boxes(data, moov.body, moov.end) if found.type == b"trak"]
    if not tracks:
        raise InputError("there is nothing in this movie: it has no track")
    for track in tracks:
        _verify_track(data, track)


def _verify_nesting(data: Data, parent: Box, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InputError(f"boxes nest deeper than {MAX_DEPTH} at byte {parent.start}")
    for child in find_boxes(data, parent.body, parent.end):
        if child.type in CONTAINERS:
            _verify_nesting(data, child, depth + 1)


def _verify_track(data: Data, track: Box) -> None:
    header = find_box(data, b"tkhd", within=track)
    if header is None or header.end - header.body < _TRACK_HEADER_BYTES:
        raise InputError("a track of this movie has no header, or half of one")
    _header_ticks(data, track, b"mdia", b"mdhd")
    edits = find_box(data, b"edts", b"elst", within=track)
    if edits is not None:
        _table(data, edits, 20 if bytes(data[edits.body : edits.body + 1]) == b"\1" else 12)
    reference = find_box(data, b"mdia", b"minf", b"dinf", b"dref", within=track)
    if reference is not None:
        _verify_reference(data, reference)
    tables = find_box(data, b"mdia", b"minf", b"stbl", within=track)
    if tables is not None:
        _verify_samples(data, tables)


def _verify_reference(data: Data, reference: Box) -> None:
    for entry in find_boxes(data, reference.body + 8, reference.end):
        # Flag 1: the samples lie in this very file.
        if entry.end - entry.body < 4 or not data[entry.body + 3] & 1:
            raise InputError("its pictures or its sound lie in another file")


def _verify_samples(data: Data, tables: Box) -> None:
    found = {box.type: box for box in find_boxes(data, tables.body, tables.end)}
    entries = {
        kind: _table(data, found[kind], width) for kind, width in _ENTRY.items() if kind in found
    }
    if b"stsz" not in found:
        return  # fragments carry their own tables, which FFmpeg reads box by box
    sizes, constant, count = _sizes(data, found[b"stsz"])
    offsets = _offsets(data, found)
    if count == 0 or len(offsets) == 0:
        if count:
            raise InputError("a track has samples but no table of their places")
        return
    if entries.get(b"stts", 0):
        runs = _numbers(data, found[b"stts"], ">u4", 8).reshape(-1, 2)
        if int(runs[:, 0].sum(dtype=np.uint64)) != count:
            raise InputError("a track has a different number of samples and times")
    _verify_places(data, found, offsets, sizes, constant, count)


def _verify_places(
    data: Data,
    found: dict[bytes, Box],
    offsets: np.ndarray[tuple[int], np.dtype[np.int64]],
    sizes: np.ndarray[tuple[int], np.dtype[np.int64]] | None,
    constant: int,
    count: int,
) -> None:
    """Check that every chunk begins and ends inside the file. Raises InputError."""
    per_chunk = _samples_per_chunk(data, found.get(b"stsc"), len(offsets))
    ends = np.cumsum(per_chunk)
    if int(ends[-1]) < count:
        raise InputError("a track has more samples than its chunks hold")
    ends = np.minimum(ends, count)
    starts = np.concatenate(([0], ends[:-1]))
    if sizes is None:
        lengths = (ends - starts) * constant
    else:
        total = np.concatenate(([0], np.cumsum(sizes)))
        lengths = total[ends] - total[starts]
    used = starts < ends
    if (offsets[used] > len(data)).any() or (offsets[used] + lengths[used] > len(data)).any():
        raise InputError("samples lie behind the end of the file: it was cut off")
    if int(lengths.sum()) > len(data):
        raise InputError("a track claims more samples than the file has bytes")


def _samples_per_chunk(
    data: Data, stsc: Box | None, chunks: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    runs = _numbers(data, stsc, ">u4", 8).reshape(-1, 3).astype(np.int64) if stsc else None
    if runs is None or len(runs) == 0 or runs[0, 0] != 1 or (np.diff(runs[:, 0]) <= 0).any():
        raise InputError("a track's chunks are not in order")
    firsts = np.minimum(np.append(runs[:, 0], chunks + 1), chunks + 1)
    return np.repeat(runs[:, 1], np.diff(firsts))


def _sizes(
    data: Data, stsz: Box
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]] | None, int, int]:
    """Bytes of each sample or None, the one size of all samples or 0, and their number."""
    if stsz.end - stsz.body < 12:
        raise InputError("a table of sample sizes is cut off")
    constant, count = struct.unpack(">II", data[stsz.body + 4 : stsz.body + 12])
    if constant:
        # Sound without compression counts samples a hundred thousand times a second.
        if constant * count > len(data):
            raise InputError("a track claims more samples than the file has bytes")
        return None, constant, count
    if count > MAX_SAMPLES or 4 * count > stsz.end - stsz.body - 12:
        raise InputError(f"a table claims {count} samples, and does not hold them")
    raw = bytes(data[stsz.body + 12 : stsz.body + 12 + 4 * count])
    return np.frombuffer(raw, ">u4").astype(np.int64), 0, count


def _offsets(data: Data, found: dict[bytes, Box]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    for kind, layout in ((b"stco", ">u4"), (b"co64", ">u8")):
        if kind in found:
            values = _numbers(data, found[kind], layout, 8)
            if (values > len(data)).any():
                raise InputError("samples lie behind the end of the file: it was cut off")
            return values.astype(np.int64)
    return np.zeros(0, np.int64)


def _table(data: Data, box: Box, width: int) -> int:
    """The number of entries of `width` bytes in a table. Raises InputError if it is cut off."""
    head = bytes(data[box.body : min(box.end, box.body + 8)])
    if len(head) < 8:
        raise InputError(f"the table '{box.type.decode('latin-1')}' is cut off")
    count = int.from_bytes(head[4:])
    if count * width > box.end - box.body - 8:
        name = box.type.decode("latin-1")
        raise InputError(f"the table '{name}' claims {count} entries, and does not hold them")
    return count


def _numbers(
    data: Data, box: Box, layout: str, skip: int
) -> np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]:
    """The numbers of a table that `_table` has passed."""
    (count,) = struct.unpack(">I", data[box.body + 4 : box.body + 8])
    width = _ENTRY[box.type]
    raw = bytes(data[box.body + skip : box.body + skip + count * width])
    return np.frombuffer(raw, layout)


def _header_ticks(data: Data, parent: Box, *path: bytes) -> None:
    header = find_box(data, *path, within=parent)
    if header is None:
        raise InputError(f"this movie has no '{path[-1].decode()}'")
    head = bytes(data[header.body : min(header.end, header.body + 36)])
    at = 20 if head[:1] == b"\1" else 12
    if len(head) < at + 8 or not any(head[at : at + 4]):
        raise InputError(f"the movie's '{path[-1].decode()}' is cut off or counts 0 ticks a second")
