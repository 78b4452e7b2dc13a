"""Metadata that people and cameras wrote into a photo, for a new picture that replaces it.

Keywords, ratings, captions, rights, people and places stay, whatever their names. What describes
the old pixels is removed (face regions, a gain map, a depth map, sizes), and is listed as lost.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from livecam.errors import InputError
from livecam.formats.heif import xmp_block
from livecam.formats.jpeg import (
    EXTENDED_XMP_HEADER,
    MAX_CONTENT,
    MAX_HEAD,
    SOI,
    segments,
    xmp_packets,
)
from livecam.formats.mpf import gain_maps
from livecam.formats.xmp import CAMERA, CONTAINER, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

APP13, COM = 0xFFED, 0xFFFE
PHOTOSHOP = b"Photoshop 3.0\0"
PIXEL_RESOURCES = (0x0409, 0x040C, 0x040F)
"""Photoshop image resources (Adobe) that are removed: two kinds of thumbnail, a colour profile."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMP_NOTE = "http://ns.adobe.com/xmp/note/"
REGIONS = {
    "http://www.metadataworkinggroup.com/schemas/regions/": ("Regions", "Name"),
    "http://ns.microsoft.com/photo/1.2/": ("RegionInfo", "PersonDisplayName"),
}
"""By namespace: the property with the face regions, and the property with a person's name."""
OF_PIXELS = {
    "http://ns.adobe.com/hdr-gain-map/1.0/": "the gain map",
    "http://ns.apple.com/HDRGainMap/1.0/": "the gain map",
    "http://ns.apple.com/pixeldatainfo/1.0/": "the gain map",
    "http://ns.google.com/photos/1.0/depthmap/": "the depth map",
    "http://ns.google.com/photos/1.0/image/": "the picture that belongs to the depth map",
    "http://ns.google.com/photos/1.0/focus/": "the depth map",
    "http://ns.google.com/photos/dd/1.0/device/": "the depth map",
    CONTAINER: "",
    CAMERA: "",
    XMP_NOTE: "",
}
"""Namespaces of properties about the old pixels, and how their loss is named; "" if it is not: the
list of the files in a photo is written again."""
SIZES = {
    "http://ns.adobe.com/tiff/1.0/": ("Orientation", "ImageWidth", "ImageLength"),
    "http://ns.adobe.com/exif/1.0/": ("PixelXDimension", "PixelYDimension"),
}
"""Properties that the new picture's own EXIF holds."""
_PREFIX = re.compile(rb"""xmlns:([\w.-]+)\s*=\s*["']([^"']+)["']""")
OUR_PREFIXES = {"rdf": RDF, "x": "adobe:ns:meta/", "Container": CONTAINER, "Camera": CAMERA}
MARKS = (
    (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
_WRAPPED = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n', b'\n<?xpacket end="w"?>',
)  # fmt: skip


@dataclass(frozen=True)
class Written:
    """Metadata that can be put into another picture."""

    xmp: bytes | None = None
    """A packet in UTF-8."""
    segments: tuple[bytes, ...] = ()
    """Whole JPEG segments: IPTC and comments."""
    lost: tuple[str, ...] = ()
    """What was removed since it describes the old pixels, in words."""


def written_of(photo: bytes) -> Written:
    """The metadata of a JPEG or HEIC to carry over. What cannot be read is listed as lost."""
    is_jpeg = photo[:2] == SOI
    head = photo[:MAX_HEAD]
    try:
        packets = xmp_packets(head) if is_jpeg else [xmp_block(photo)]
    except InputError:
        packets = []
    packet: bytes | None = None
    lost: list[str] = []
    if packets and packets[0]:
        try:
            packet, lost = _of_any_pixels(_utf8(packets[0]))
        except InputError:
            lost = ["its XMP, which cannot be read"]
    if is_jpeg and any(
        photo.startswith(EXTENDED_XMP_HEADER, start + 4) for _, start, _ in segments(photo)
    ):
        lost.append("what its Extended XMP holds")
    if "the gain map" not in lost and (gain_maps(photo) if is_jpeg else b"auxC" in head):
        lost.append("the gain map" if is_jpeg else "its further pictures (a gain map, depth)")
    found = tuple(_segments(photo)) if is_jpeg else ()
    return Written(packet, found, tuple(lost))


def _utf8(packet: bytes) -> bytes:
    """A packet in UTF-8: XMP may also be in UTF-16 or UTF-32, with or without a byte order mark."""
    packet = packet.strip(b" \t\r\n")
    marked = [name for mark, name in MARKS if packet.startswith(mark)]
    if not marked and b"\0" in packet[:4]:
        # Without a mark, the zeros around the first "<" show the encoding.
        width = 4 if packet[:4].count(b"\0") == 3 else 2
        order = "be" if packet.startswith(b"\0") else "le"
        marked = [f"utf-{8 * width}-{order}"]
    return packet.decode(marked[0], "replace").encode() if marked else packet


def _of_any_pixels(packet: bytes) -> tuple[bytes | None, list[str]]:
    """The packet without what describes the old pixels, and what is lost.

    The packet is None if nothing else was in it.
    """
    for prefix, space in _PREFIX.findall(packet):
        try:
            ET.register_namespace(prefix.decode(), space.decode())
        except ValueError:
            continue  # a prefix that ElementTree reserves
    for prefix, space in OUR_PREFIXES.items():
        ET.register_namespace(prefix, space)  # for tags that are added to the packet later
    root = parse(packet)
    lost: list[str] = []
    for description in root.iter(f"{{{RDF}}}Description"):
        for name in list(description.attrib):
            if (said := _loss(name, None)) is not None:
                del description.attrib[name]
                lost.append(said)
        for child in list(description):
            said = _loss(child.tag, child) if isinstance(child.tag, str) else None
            if said is not None:
                description.remove(child)
                lost.append(said)
    says_more = any(
        len(one) or any(not name.endswith("}about") for name in one.attrib)
        for one in root.iter(f"{{{RDF}}}Description")
    )
    whole = ET.tostring(root, encoding="unicode").encode()
    text = _WRAPPED[0] + whole + _WRAPPED[1] if says_more else None
    return text, [one for one in dict.fromkeys(lost) if one]


def _loss(name: str, element: ET.Element | None) -> str | None:
    """What is lost with a property, "" if nothing worth naming; None for one that stays."""
    space, _, local = name[1:].partition("}")
    if space in REGIONS and local == REGIONS[space][0]:
        wanted = f"{{{space}}}{REGIONS[space][1]}"
        if space.startswith("http://ns.microsoft"):
            wanted = f"{{http://ns.microsoft.com/photo/1.2/t/Region#}}{REGIONS[space][1]}"
        names = [
            text.strip()
            for one in (element.iter() if element is not None else ())
            for text in (one.attrib.get(wanted), one.text if one.tag == wanted else None)
            if text
        ]
        return f"where the faces of {', '.join(names)} are" if names else "where its faces are"
    if space in OF_PIXELS:
        return OF_PIXELS[space]
    return "" if local in SIZES.get(space, ()) else None


def _segments(jpeg: bytes) -> Iterator[bytes]:
    blocks = b""
    for marker, start, end in segments(jpeg):
        if marker == COM:
            yield jpeg[start:end]
        elif marker == APP13 and jpeg.startswith(PHOTOSHOP, start + 4):
            blocks += jpeg[start + 4 + len(PHOTOSHOP) : end]  # one block may lie across segments
    blocks = _resources(blocks)
    room = MAX_CONTENT - len(PHOTOSHOP)
    for at in range(0, len(blocks), room):
        content = PHOTOSHOP + blocks[at : at + room]
        yield struct.pack(">HH", APP13, len(content) + 2) + content


def _resources(data: bytes) -> bytes:
    """Photoshop's blocks without those that describe pixels; all of them where they are broken."""
    kept, at = [], 0
    while at + 12 <= len(data):
        name = (1 + data[at + 6] + 1) & ~1
        if data[at : at + 4] != b"8BIM" or at + 10 + name > len(data):
            return data
        (kind,) = struct.unpack_from(">H", data, at + 4)
        (size,) = struct.unpack_from(">I", data, at + 6 + name)
        end = at + 10 + name + ((size + 1) & ~1)
        if kind not in PIXEL_RESOURCES:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)
