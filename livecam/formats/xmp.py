"""Reads and edits the small part of XMP that Motion Photos need, and trusts none of its numbers.

Names are recognised by their namespace URI, never by the prefix: Google's cameras write `Camera:`,
Samsung's and most programs `GCamera:`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from livecam.errors import InputError

CONTAINER = "http://ns.google.com/photos/1.0/container/"
CAMERA = "http://ns.google.com/photos/1.0/camera/"
CONTAINER_ITEM = "http://ns.google.com/photos/1.0/container/item/"

MAX_BYTES = 1_000_000
"""A JPEG's segment holds 64 kB; a HEIC's item of a real phone a few kB."""


@dataclass(frozen=True)
class Item:
    """One file in a container: the picture, a gain map, the movie."""

    semantic: str
    mime: str
    length: int
    padding: int


@dataclass(frozen=True)
class MotionTags:
    """What a photo's XMP says of a movie behind it."""

    motion_photo: bool
    """Whether it is marked as a Motion Photo (specification 1.0)."""
    micro_video: bool
    """Whether it is marked as a MicroVideo, the format before that."""
    still_us: int | None
    """When in the movie the photo was taken, in microseconds; None where it does not say."""
    micro_offset: int | None
    """Where a MicroVideo begins, in bytes from the end of the file."""
    items: tuple[Item, ...]
    """In the order of the file."""
    version: int | None = None
    """Of Motion Photo; None if it does not say."""
    is_unset: bool = False
    """Whether the time is given as -1, the specification's "not set"."""

    @property
    def promises_movie(self) -> bool:
        """Whether a movie should be there."""
        return self.motion_photo or self.micro_video


def motion_tags(packet: bytes) -> MotionTags:
    """Read an XMP packet. Raises InputError if it is no XML, or dangerous XML."""
    root = parse(packet)
    values: dict[str, str] = {}
    items = []
    for element in root.iter():
        values.update({name: value for name, value in element.attrib.items() if CAMERA in name})
        if isinstance(element.tag, str) and CAMERA in element.tag and element.text:
            values[element.tag] = element.text.strip()
        item = _item(element)
        if item is not None:
            items.append(item)
    still_us = _number(values, "MotionPhotoPresentationTimestampUs")
    if still_us is None:
        still_us = _number(values, "MicroVideoPresentationTimestampUs")
    return MotionTags(
        motion_photo=_number(values, "MotionPhoto") == 1,
        micro_video=_number(values, "MicroVideo") == 1,
        # -1 is the specification's "not set".
        still_us=still_us if still_us is not None and still_us >= 0 else None,
        micro_offset=_number(values, "MicroVideoOffset"),
        items=tuple(items),
        version=_number(values, "MotionPhotoVersion"),
        is_unset=still_us is not None and still_us < 0,
    )


def parse(packet: bytes) -> ET.Element:
    """A packet's tree. Raises InputError if it is no XML, or dangerous XML."""
    packet = packet.strip(b"\0 \t\r\n")
    # XMP has no document type; entities in one could grow without bound.
    if len(packet) > MAX_BYTES or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        raise InputError("its XMP is too large, or no XMP")
    try:
        return ET.fromstring(packet)  # noqa: S314 - no entities, see above
    except (ET.ParseError, ValueError, LookupError) as err:
        raise InputError("its XMP cannot be read") from err


def _item(element: ET.Element) -> Item | None:
    """The file that an element describes, in attributes or child elements; None if it does not."""
    values = {name: text for name, text in element.attrib.items() if CONTAINER_ITEM in name}
    for child in element:
        if isinstance(child.tag, str) and CONTAINER_ITEM in child.tag:
            values[child.tag] = child.text or ""
    if f"{{{CONTAINER_ITEM}}}Semantic" not in values:
        return None
    return Item(
        semantic=values[f"{{{CONTAINER_ITEM}}}Semantic"].strip(),
        mime=values.get(f"{{{CONTAINER_ITEM}}}Mime", "").strip(),
        length=_number(values, "Length", CONTAINER_ITEM) or 0,
        padding=_number(values, "Padding", CONTAINER_ITEM) or 0,
    )


def _number(values: dict[str, str], name: str, space: str = CAMERA) -> int | None:
    text = values.get(f"{{{space}}}{name}", "").strip()
    # At most as many digits as a size has: int() is slow for millions of them.
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 20 and text.isascii() else None


_OWN = r"(?:MotionPhoto(?:Version|PresentationTimestampUs)?|MicroVideo\w*)"
_ATTRIBUTE = re.compile(rf"""\s+[\w.-]+:{_OWN}\s*=\s*(?:"[^"]*"|'[^']*')""")
_ELEMENT = re.compile(rf"<([\w.-]+:{_OWN})>[^<]*</\1>\s*")
_MOVIE_ITEM = re.compile(
    r"""<rdf:li\b[^>]*>(?:(?!</rdf:li>).)*?Semantic\s*(?:=\s*["']|>)\s*MotionPhoto\b"""
    r"(?:(?!</rdf:li>).)*</rdf:li>\s*",
    re.DOTALL,
)
_DESCRIPTION = re.compile(r"<rdf:Description\b[^>]*?(/?)>", re.DOTALL)


def without_motion(packet: bytes) -> bytes:
    """The same packet without the tags that promise a movie; all else stays."""
    text = packet.decode("utf-8", "surrogateescape")
    for pattern in (_ATTRIBUTE, _ELEMENT, _MOVIE_ITEM):
        text = pattern.sub("", text)
    return text.encode("utf-8", "surrogateescape")


def with_motion(
    packet: bytes, still_us: int, length: int, mime: str, padding: int, between: str = ""
) -> bytes | None:
    """The same packet with tags that say that a movie of `length` bytes follows the photo.

    `between` are the XML items of the files between photo and movie (a gain map), used if the
    packet does not list them. Returns None if the packet is broken, or has an unusual form.
    """
    text = without_motion(packet).decode("utf-8", "surrogateescape")
    item = item_text("MotionPhoto", "video/mp4", length, declared=False)
    prefix = re.search(rf"""xmlns:([\w.-]+)\s*=\s*["']{re.escape(CONTAINER)}["']""", text)
    listed = prefix and re.search(
        rf"<{prefix[1]}:Directory\b.*?(</rdf:Seq>)\s*</{prefix[1]}:Directory>", text, re.DOTALL
    )
    head = _DESCRIPTION.search(text)
    if head is None:
        return None
    if listed and between and "GainMap" not in listed[0]:
        item = between + item
    if listed:
        text = text[: listed.start(1)] + item + text[listed.start(1) :]
        directory = ""
    else:
        primary = item_text("Primary", mime, 0, padding, declared=False)
        directory = (
            f'<Container:Directory xmlns:Container="{CONTAINER}"><rdf:Seq>'
            f"{primary}{between}{item}</rdf:Seq></Container:Directory>"
        )
    says = (
        f' xmlns:Camera="{CAMERA}" Camera:MotionPhoto="1" Camera:MotionPhotoVersion="1"'
        f' Camera:MotionPhotoPresentationTimestampUs="{still_us}"'
    )
    says = says.replace(f' xmlns:Camera="{CAMERA}"', "") if "xmlns:Camera=" in head[0] else says
    end = head.end() - 1 - len(head[1])
    closing = "</rdf:Description>" if head[1] else ""
    new = f"{text[:end]}{says}>{directory}{closing}{text[head.end() :]}"
    result = new.encode("utf-8", "surrogateescape")
    try:
        tags = motion_tags(result)
    except InputError:
        return None
    last = tags.items[-1] if tags.items else None
    is_said = tags.motion_photo and tags.still_us == still_us
    return result if is_said and last is not None and last.length == length else None


def item_text(
    semantic: str, mime: str, length: int, padding: int = 0, *, declared: bool = True
) -> str:
    """One item of the list of files, as XML; `declared` if the packet declares the namespaces."""
    names = "" if declared else f' xmlns:Container="{CONTAINER}" xmlns:Item="{CONTAINER_ITEM}"'
    return (
        f'<rdf:li rdf:parseType="Resource"><Container:Item{names} Item:Mime="{mime}"'
        f' Item:Semantic="{semantic}" Item:Length="{length}" Item:Padding="{padding}"/></rdf:li>'
    )
