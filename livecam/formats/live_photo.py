"""What makes a movie and a photo one Live Photo: the same identifier in both, and the still's time.

Photos and the iPhone find the two halves by one upper-case UUID, in the movie's metadata and in the
photo's maker note. A track of timed metadata says at which time in the movie the photo was taken.
The boxes are like those that macOS Photos writes when it renders an edited Live Photo. No library
writes these boxes (FFmpeg even empties them when it copies a movie), so this module does.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from livecam.formats.boxes import box, full_box
from livecam.formats.tracks import TIMESCALE, NewTrack, handler, with_track

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livecam.formats.tags import Tags

STILL_TIME_KEY = b"com.apple.quicktime.still-image-time"
IDENTIFIER_KEY = "com.apple.quicktime.content.identifier"

EFFECT_KEY = "com.apple.photos.variation-identifier"
"""Which of Photos' effects a movie shows: 1 Loop, 2 Bounce, 3 Long Exposure (LivePhotosKit)."""

_INT8, _UTF8, _INT64 = 65, 1, 21
"""Well-known types of the QuickTime File Format: signed byte in timed metadata; UTF-8 and signed
integer of any length in keyed metadata."""
_SAMPLE = struct.pack(">IIb", 9, 1, -1)
"""Size, local key, and the value that every iPhone writes; only the sample's time has a meaning."""


def paired_movie(movie: bytes, tags: Tags, still_s: float) -> bytes:
    """Make a movie half of a Live Photo. Its `moov` must come last, as PyAV writes it.

    `still_s` is the still's time in the movie. Raises OutputError.
    """
    return with_track(movie, still_track(still_s), _metadata(tags))


def still_track(still_s: float) -> NewTrack:
    """The track that says that the still belongs `still_s` seconds into the movie."""
    key = box(
        struct.pack(">I", 1),  # the local key, which is the box's type
        box(b"keyd", b"mdta", STILL_TIME_KEY),
        box(b"dtyp", struct.pack(">II", 0, _INT8)),
    )
    base = box(b"gmin", struct.pack(">I6H", 0, 0x40, 0x8000, 0x8000, 0x8000, 0, 0))
    return NewTrack(
        handler=handler(b"mhlr", b"meta", 1, b"Core Media Metadata"),
        media_header=box(b"gmhd", base),
        description=box(b"mebx", bytes(6), struct.pack(">H", 1), box(b"keys", key)),
        sample=_SAMPLE,
        reference=full_box(b"alis", flags=1),
        data_handler=handler(b"dhlr", b"alis", 0, b"Core Media Data Handler"),
        starts=round(still_s * TIMESCALE),
    )


def _metadata(tags: Tags) -> bytes:
    return metadata(
        {
            IDENTIFIER_KEY: tags.identifier,
            "com.apple.quicktime.make": tags.make,
            "com.apple.quicktime.model": tags.model,
            "com.apple.quicktime.software": tags.software,
            "com.apple.quicktime.creationdate": tags.taken.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
    )


def metadata(values: Mapping[str, str | int]) -> bytes:
    """`moov/meta` as QuickTime has it: a plain box, keys by name, values by the keys' numbers."""
    keys = b"".join(box(b"mdta", name.encode()) for name in values)
    items = (metadata_item(number, value) for number, value in enumerate(values.values(), 1))
    return box(
        b"meta",
        full_box(b"hdlr", bytes(4), b"mdta", bytes(14)),
        full_box(b"keys", struct.pack(">I", len(values)), keys),
        box(b"ilst", *items),
    )


def metadata_item(number: int, value: str | int) -> bytes:
    """The value of the key with this number: text, or a whole number in eight bytes."""
    if isinstance(value, str):
        data = box(b"data", struct.pack(">II", _UTF8, 0), value.encode())
    else:
        data = box(b"data", struct.pack(">IIq", _INT64, 0, value))
    return box(struct.pack(">I", number), data)
