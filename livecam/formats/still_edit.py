"""Changes a photo's metadata and leaves its picture, and all else in the file, as it is.

A JPEG's segments move apart to make room. A HEIC's items may lie anywhere in the file, so an item
that grows is written at the end, and the table `iloc` points there; gain maps and depth stay where
they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam.errors import InputError
from livecam.formats.exif_edit import MINIMAL_TIFF, ExifEditor
from livecam.formats.heif import with_exif_block, with_xmp_block, xmp_block
from livecam.formats.jpeg import (
    APP1,
    EXIF_HEADER,
    EXTENDED_XMP_HEADER,
    MAX_CONTENT,
    MAX_HEAD,
    SOI,
    XMP_HEADER,
    insert_segment,
    segments,
    xmp_packets,
)
from livecam.formats.mpf import gain_maps, with_list_of
from livecam.formats.still import exif_of
from livecam.formats.xmp import item_text, with_motion, without_motion

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_EXIF = MAX_CONTENT - len(EXIF_HEADER)
"""Most bytes of an EXIF block in a JPEG's segment."""


def with_identifier(photo: bytes, identifier: str | None) -> bytes | None:
    """The same photo with another content identifier, or without one if `identifier` is None.

    Returns None if that cannot be done: for a HEIC without EXIF, or with unusual tables.
    """

    def change(tags: ExifEditor) -> None:
        if identifier is None:
            tags.remove_identifier()
        else:
            tags.set_identifier(identifier)

    return with_changed_exif(photo, change)


def foreign_note(photo: bytes) -> str:
    """The maker whose note an identifier would replace; "" if there is none."""
    try:
        block = exif_of(photo)
        return ExifEditor(block).foreign_note if block else ""
    except InputError:
        return ""


def with_unique_id(photo: bytes, unique_id: str) -> bytes | None:
    """The same photo with this ImageUniqueID; None if that cannot be done."""
    return with_changed_exif(photo, lambda tags: tags.set_unique_id(unique_id))


def with_motion_tags(
    photo: bytes, still_us: int, length: int, fallback: bytes, padding: int = 0
) -> bytes | None:
    """The same photo with XMP that says that a movie of `length` bytes follows.

    What its XMP says about other things (a gain map) stays; `fallback` is the packet for a photo
    without usable XMP. Returns None if that cannot be done.
    """
    is_jpeg = photo[:2] == SOI
    packets = xmp_packets(photo[:MAX_HEAD]) if is_jpeg else [xmp_block(photo)]
    packet = packets[0] if packets else None
    mime = "image/jpeg" if is_jpeg else "image/heic"
    maps = gain_maps(photo) if is_jpeg else []
    between = "".join(item_text("GainMap", "image/jpeg", size, declared=False) for size in maps)
    new = with_motion(packet or fallback, still_us, length, mime, padding, between)
    return with_xmp(photo, new or fallback)


def without_motion_tags(photo: bytes) -> bytes:
    """The same photo without the XMP tags that promise a movie."""
    if photo[:2] == SOI:
        packets = xmp_packets(photo[:MAX_HEAD])
        changed = [without_motion(packet) for packet in packets]
        if changed == packets:
            return photo
        return with_xmp(photo, changed[0]) or photo
    packet = xmp_block(photo)
    changed_packet = without_motion(packet) if packet else packet
    if packet is None or changed_packet is None or changed_packet == packet:
        return photo
    # Padded to the same length, so that nothing has to move.
    return with_xmp(photo, changed_packet.ljust(len(packet))) or photo


def with_exif(jpeg: bytes, block: bytes) -> bytes:
    """A JPEG with another EXIF block, in place of the old one or as its first segment."""
    for marker, start, end in segments(jpeg):
        if marker == APP1 and jpeg.startswith(EXIF_HEADER, start + 4):
            new = insert_segment(jpeg[:start] + jpeg[end:], EXIF_HEADER + block, at=start)
            break
    else:
        new = insert_segment(jpeg, EXIF_HEADER + block)
    return with_list_of(new, jpeg)


def with_xmp(photo: bytes, packet: bytes) -> bytes | None:
    """The same photo with another XMP packet; None where there is no room for it."""
    if photo[:2] != SOI:
        return with_xmp_block(photo, packet)
    if len(packet) > MAX_CONTENT - len(XMP_HEADER):
        return None
    continues = b"HasExtendedXMP" in packet
    new = insert_segment(
        _without_xmp(photo, extended=not continues), XMP_HEADER + packet, behind_exif=True
    )
    return with_list_of(new, photo)


def _without_xmp(jpeg: bytes, *, extended: bool) -> bytes:
    """A JPEG without its XMP packet, and with `extended` also without its Extended XMP."""
    kept, at = [], 0
    headers = (XMP_HEADER, EXTENDED_XMP_HEADER) if extended else (XMP_HEADER,)
    for marker, start, end in segments(jpeg):
        if marker == APP1 and jpeg.startswith(headers, start + 4):
            kept.append(jpeg[at:start])
            at = end
    return b"".join(kept) + jpeg[at:]


def with_changed_exif(photo: bytes, change: Callable[[ExifEditor], None]) -> bytes | None:
    """The same photo with its EXIF changed; None where that cannot be done."""
    try:
        before = exif_of(photo)
        tags = ExifEditor(before or MINIMAL_TIFF)
        change(tags)
    except InputError:
        return None
    block = tags.to_bytes()
    if block == before:
        return photo
    if photo[:2] == SOI:
        return with_exif(photo, block) if len(block) <= MAX_EXIF else None
    return with_exif_block(photo, block)
