"""Gives an iPhone's movie a new key photo by changing its boxes only.

FFmpeg silently empties the metadata tracks of such a movie when it copies it, so it is not used
here: every sample stays where it is, byte for byte. Two things change: the index, `moov`, is
written again behind everything else; and the sample of the still track, with the transform of nine
doubles from photo to frame, is written into a new `mdat`.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.formats.boxes import Box, box, find_box, find_boxes
from livecam.formats.live_photo import (
    EFFECT_KEY,
    IDENTIFIER_KEY,
    STILL_TIME_KEY,
    metadata,
    metadata_item,
    still_track,
)
from livecam.formats.tracks import track_box

if TYPE_CHECKING:
    from collections.abc import Callable

TRANSFORM_KEY = b"com.apple.quicktime.live-photo-still-image-transform"
"""A homography from the photo's pixels to the frame's: nine doubles, row by row."""
_IDENTITY = struct.pack(">9d", 1, 0, 0, 0, 1, 0, 0, 0, 1)

MAX_BYTES = 150_000_000
"""Most bytes of a movie that is changed in memory; a phone's moment has a few million."""


def rekeyed_movie(
    movie: bytes, still_s: float, identifier: str, effect: int | None = None
) -> bytes:
    """The movie with its still at `still_s` seconds and a new content identifier.

    `effect` marks it as one of Photos' effects (`EFFECT_KEY`). `movie` must have passed
    `verify_movie`. Raises InputError.
    """
    moov = find_box(movie, b"moov")
    assert moov is not None  # verified
    if len(movie) > MAX_BYTES:
        raise InputError("this movie is too large to be half of a Live Photo")
    rest = _without_moov(movie, moov)
    scale, created, next_track = _header(movie, moov)
    ticks = round(still_s * scale)
    parts = list(find_boxes(movie, moov.body, moov.end))
    still = next((part for part in parts if _is_still_track(movie, part)), None)
    parts = _still_first(movie, parts, still)
    sample = _sample(movie, still) if still is not None else None
    added = box(b"mdat", sample) if sample is not None else b""
    sample_at = len(rest) + 8
    values: dict[str, str | int] = {IDENTIFIER_KEY: identifier}
    if effect is not None:
        values[EFFECT_KEY] = effect
    content = []
    has_meta = any(part.type == b"meta" for part in parts)
    hoisted: bytes | None = None
    for part in parts:
        raw = movie[part.start : part.end]
        if still is not None and part.start == still.start:
            raw = _moved(raw, ticks, sample_at if sample is not None else None)
        elif part.type == b"meta":
            raw = _with_metadata(raw, values)
        elif part.type == b"udta" and not has_meta:
            raw, hoisted = _without_keys(raw)
        content.append(raw)
    kinds = [part.type for part in parts]
    if still is None:
        # Players look at the first metadata track only, so this one comes before all others.
        track = replace(still_track(still_s), starts=ticks)
        added = box(b"mdat", track.sample)
        first = next(
            (i for i, part in enumerate(parts) if _is_metadata_track(movie, part)),
            max(i for i, kind in enumerate(kinds) if kind == b"trak") + 1,
        )
        content.insert(first, track_box(track, next_track, created, sample_at))
        at = kinds.index(b"mvhd")
        content[at] = content[at][:-4] + struct.pack(">I", next_track + 1)
    if not has_meta:
        content.append(metadata(values) if hoisted is None else _with_metadata(hoisted, values))
    return rest + added + box(b"moov", *content)


def _still_first(movie: bytes, parts: list[Box], still: Box | None) -> list[Box]:
    """Move the still track before the other metadata tracks: LivePhotosKit reads the first only.

    iPhones write it last, and LivePhotosKit then shows the photo at the end of the movie. Tracks
    refer to each other by their numbers, which stay.
    """
    if still is None:
        return parts
    others = [part for part in parts if part.start != still.start]
    first = next((i for i, part in enumerate(others) if _is_metadata_track(movie, part)), None)
    if first is None:
        return parts
    return [*others[:first], still, *others[first:]]


def _without_moov(movie: bytes, moov: Box) -> bytes:
    """The movie without `moov`, all else in place: `moov` is cut off, or becomes a `free` box."""
    last = max(find_boxes(movie), key=lambda found: found.start)
    if moov.start == last.start:
        return movie[: moov.start]
    kept = bytearray(movie)
    kept[moov.start + 4 : moov.start + 8] = b"free"
    if movie[last.start : last.start + 4] == bytes(4):
        # A box that reaches "to the end of the file" must not swallow what is appended.
        kept[last.start : last.start + 4] = struct.pack(">I", last.size)
    return bytes(kept)


def _header(movie: bytes, moov: Box) -> tuple[int, bytes, int]:
    """Ticks per second, dates of creation and change (32 bits each), number for the next track."""
    mvhd = find_box(movie, b"mvhd", within=moov)
    assert mvhd is not None  # verified
    long = movie[mvhd.body] == 1
    (scale,) = struct.unpack_from(">I", movie, mvhd.body + (20 if long else 12))
    created = bytes(8) if long else movie[mvhd.body + 4 : mvhd.body + 12]
    (next_track,) = struct.unpack_from(">I", movie, mvhd.end - 4)
    return scale, created, next_track


def _is_metadata_track(movie: bytes, part: Box) -> bool:
    if part.type != b"trak":
        return False
    handler = find_box(movie, b"mdia", b"hdlr", within=part)
    return handler is not None and movie[handler.body + 8 : handler.body + 12] == b"meta"


def _is_still_track(movie: bytes, part: Box) -> bool:
    if not _is_metadata_track(movie, part):
        return False
    entries = find_box(movie, b"mdia", b"minf", b"stbl", b"stsd", within=part)
    return entries is not None and STILL_TIME_KEY in movie[entries.body : entries.end]


def _sample(movie: bytes, track: Box) -> bytes | None:
    """The still track's new sample; None if the track holds no transform of the photo's pixels."""
    local = _local_key(movie, track)
    if local is None:
        return None
    tables = find_box(movie, b"mdia", b"minf", b"stbl", within=track)
    assert tables is not None
    found = {part.type: part for part in find_boxes(movie, tables.body, tables.end)}
    place = found.get(b"stco") or found.get(b"co64")
    if place is None or b"stsz" not in found:
        raise InputError("the still-image-time track has no sample")
    layout = ">I" if place.type == b"stco" else ">Q"
    (at,) = struct.unpack_from(layout, movie, place.body + 8)
    constant, count = struct.unpack_from(">II", movie, found[b"stsz"].body + 4)
    size = constant or struct.unpack_from(">I", movie, found[b"stsz"].body + 12)[0]
    if count != 1 or at + size > len(movie):
        raise InputError("the still-image-time track does not hold one sample")
    old = movie[at : at + size]
    items = []
    for item in find_boxes(old, 0, len(old)):
        is_transform = int.from_bytes(item.type) == local and item.end - item.body == len(_IDENTITY)
        items.append(box(item.type, _IDENTITY if is_transform else old[item.body : item.end]))
    return b"".join(items)


def _local_key(movie: bytes, track: Box) -> int | None:
    """The local key of the transform in a track's samples (QTFF, timed metadata); None without."""
    entries = find_box(movie, b"mdia", b"minf", b"stbl", b"stsd", within=track)
    assert entries is not None
    entry = next(find_boxes(movie, entries.body + 8, entries.end), None)
    if entry is None:
        return None
    inside = Box(entry.type, entry.start, entry.body + 8, entry.end)
    keys = find_box(movie, b"keys", within=inside)
    for key in find_boxes(movie, keys.body, keys.end) if keys is not None else ():
        name = find_box(movie, b"keyd", within=key)
        if name is not None and movie[name.body + 4 : name.end] == TRANSFORM_KEY:
            return int.from_bytes(key.type)
    return None


def _moved(track: bytes, ticks: int, sample_at: int | None) -> bytes:
    """The still track with another time, and its sample at `sample_at` unless that is None."""
    changes: dict[bytes, Callable[[bytes], bytes]] = {
        b"tkhd": lambda body: _with_duration(body, ticks + 1),
        b"elst": lambda body: _edits(body, ticks),
    }
    if sample_at is not None:
        changes[b"stco"] = lambda body: body[:8] + struct.pack(">I", sample_at)
        changes[b"co64"] = lambda body: body[:8] + struct.pack(">Q", sample_at)
    if find_box(track, b"trak", b"edts", b"elst") is None:
        # A still at 0 needs no edit list; at another time it does.
        head = find_box(track, b"trak", b"tkhd")
        assert head is not None
        edits = box(b"edts", box(b"elst", bytes(8)))
        size = len(track) + len(edits)
        track = struct.pack(">I", size) + track[4 : head.end] + edits + track[head.end :]
    return _changed(track, changes)


def _changed(data: bytes, changes: dict[bytes, Callable[[bytes], bytes]], depth: int = 0) -> bytes:
    """The boxes in `data` with some bodies replaced, and the sizes of their parents corrected."""
    result = []
    for part in find_boxes(data, 0, len(data)):
        body = data[part.body : part.end]
        if part.type in changes:
            body = changes[part.type](body)
        elif part.type in (b"trak", b"edts", b"mdia", b"minf", b"stbl"):
            body = _changed(body, changes, depth + 1)
        result.append(box(part.type, body))
    return b"".join(result)


def _with_duration(body: bytes, ticks: int) -> bytes:
    """The body of a track header with this duration."""
    at, layout = (28, ">Q") if body[0] == 1 else (20, ">I")
    return body[:at] + struct.pack(layout, ticks) + body[at + struct.calcsize(layout) :]


def _edits(body: bytes, ticks: int) -> bytes:
    """An edit list that begins with an empty edit of this length."""
    layout = ">QqI" if body[0] == 1 else ">IiI"
    size = struct.calcsize(layout)
    entries = [struct.unpack_from(layout, body, at) for at in range(8, len(body) - size + 1, size)]
    while entries and entries[0][1] == -1:
        entries.pop(0)
    entries = entries or [(1, 0, 0x10000)]
    if ticks:
        entries.insert(0, (ticks, -1, 0x10000))
    return (
        body[:4]
        + struct.pack(">I", len(entries))
        + b"".join(struct.pack(layout, *entry) for entry in entries)
    )


def _without_keys(udta: bytes) -> tuple[bytes, bytes | None]:
    """User data without the `meta` box of keys that FFmpeg writes there, and that box for `moov`.

    The second is None if there is no such box. FFmpeg reads two lists of keys in one movie as one,
    with the wrong names.
    """
    outer = next(find_boxes(udta, 0, len(udta)))
    kept, keys = [], None
    for part in find_boxes(udta, outer.body, outer.end):
        raw = udta[part.start : part.end]
        handler = raw.find(b"hdlr", 8, 24)
        if part.type == b"meta" and keys is None and raw[handler + 12 : handler + 16] == b"mdta":
            keys = box(b"meta", raw[handler - 4 :])  # without a version, as in QuickTime
        else:
            kept.append(raw)
    return (box(b"udta", *kept), keys) if keys is not None else (udta, None)


def _with_metadata(meta: bytes, values: dict[str, str | int]) -> bytes:
    """Metadata with some values replaced or added, all else kept."""
    outer = next(find_boxes(meta, 0, len(meta)))
    plain = meta[outer.body + 4 : outer.body + 8] == b"hdlr"
    start = outer.body if plain else outer.body + 4
    parts = list(find_boxes(meta, start, outer.end))
    keys = next((part for part in parts if part.type == b"keys"), None)
    items = next((part for part in parts if part.type == b"ilst"), None)
    if keys is None or items is None:
        return metadata(values)
    entries = list(find_boxes(meta, keys.body + 8, keys.end))
    names = [meta[entry.body : entry.end] for entry in entries]
    raw_keys = [meta[entry.start : entry.end] for entry in entries]
    raw_items = {
        int.from_bytes(item.type): meta[item.start : item.end]
        for item in find_boxes(meta, items.body, items.end)
    }
    for key, value in values.items():
        name = key.encode()
        if name not in names:
            names.append(name)
            raw_keys.append(box(b"mdta", name))
        number = names.index(name) + 1
        raw_items[number] = metadata_item(number, value)
    head = meta[keys.body : keys.body + 4] + struct.pack(">I", len(names))
    new = {
        keys.start: box(b"keys", head, *raw_keys),
        items.start: box(b"ilst", *raw_items.values()),
    }
    content = [new.get(part.start, meta[part.start : part.end]) for part in parts]
    return box(b"meta", meta[outer.body : start], *content)
