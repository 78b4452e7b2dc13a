"""Metadata that grows: the picture, and all that lies beside it in the file, stays as it was."""

from __future__ import annotations

import io
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from livecam.formats import heic
from livecam.formats.boxes import find_boxes
from livecam.formats.exif import maker_note
from livecam.formats.exif_edit import MINIMAL_TIFF, ExifEditor
from livecam.formats.heif import xmp_block
from livecam.formats.jpeg import EXIF_HEADER, MAX_HEAD, XMP_HEADER, insert_segment, xmp_packets
from livecam.formats.motion_photo_new import motion_xmp
from livecam.formats.still import exif_of
from livecam.formats.still_edit import (
    with_identifier,
    with_motion_tags,
    with_unique_id,
    without_motion_tags,
)
from livecam.formats.xmp import motion_tags

NEW = "11111111-2222-4333-8444-555555555555"
ULTRA_HDR = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 5.1.2">
  <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description rdf:about=""
        xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
        xmlns:Container="http://ns.google.com/photos/1.0/container/"
        xmlns:Item="http://ns.google.com/photos/1.0/container/item/"
        hdrgm:Version="1.0">
      <Container:Directory><rdf:Seq>
          <rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary"
              Item:Mime="image/jpeg"/></rdf:li>
          <rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap"
              Item:Mime="image/jpeg" Item:Length="{length}"/></rdf:li>
      </rdf:Seq></Container:Directory>
    </rdf:Description>
  </rdf:RDF>
</x:xmpmeta>"""


def jpeg(level: int, size_wh: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.new("L", size_wh, level).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def ultra_hdr() -> bytes:
    """A photo with a gain map as phones write it: XMP, a list of pictures (MPF), and the map."""
    gain_map = jpeg(200, (16, 12))
    photo = insert_segment(jpeg(90), XMP_HEADER + ULTRA_HDR.format(length=len(gain_map)).encode())

    def mpf(primary: int, offset: int) -> bytes:
        entries = struct.pack(">IIIHH", 0x030000, primary, 0, 0, 0)
        entries += struct.pack(">IIIHH", 0, len(gain_map), offset, 0, 0)
        tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + struct.pack(">HHII", 0xB002, 7, 32, 26)
        return b"MPF\0" + tiff + struct.pack(">I", 0) + entries

    content = mpf(0, 0)
    at = 2
    size = len(photo) + 4 + len(content)
    content = mpf(size, size - (at + 4 + 4))
    segment = b"\xff\xe2" + struct.pack(">H", len(content) + 2) + content
    return photo[:at] + segment + photo[at:] + gain_map


def listed(photo: bytes) -> list[tuple[int, int]]:
    """Size and start of each picture by the list in the photo, as a reader of MPF sees them."""
    at = photo.index(b"MPF\0") + 4
    entries = at + struct.unpack(">I", photo[at + 18 : at + 22])[0]
    found = []
    for i in range(2):
        _, size, offset = struct.unpack(">III", photo[entries + 16 * i : entries + 16 * i + 12])
        found.append((size, at + offset if offset else 0))
    return found


def test_a_motion_photo_of_a_photo_with_a_gain_map_names_both(ultra_hdr):
    gain_map = jpeg(200, (16, 12))
    tagged = with_motion_tags(ultra_hdr, 123_000, 4567, motion_xmp(123_000, 4567))
    (packet,) = xmp_packets(tagged[:MAX_HEAD])
    tags = motion_tags(packet)
    assert [item.semantic for item in tags.items] == ["Primary", "GainMap", "MotionPhoto"]
    assert [item.length for item in tags.items] == [0, len(gain_map), 4567]
    assert (tags.motion_photo, tags.version, tags.still_us) == (True, 1, 123_000)
    assert b'hdrgm:Version="1.0"' in packet, "and is still what readers of gain maps look for"
    assert tagged.endswith(gain_map)
    again = with_motion_tags(tagged, 5, 6, b"")
    assert [item.length for item in motion_tags(xmp_packets(again)[0]).items][-1] == 6
    assert xmp_packets(again)[0].count(b"MotionPhoto=") == 1


def test_the_list_of_pictures_stays_right_when_metadata_grows(ultra_hdr):
    for photo in (
        with_identifier(ultra_hdr, NEW),
        with_unique_id(ultra_hdr, "0" * 32),
        with_motion_tags(ultra_hdr, 1, 2, b""),
    ):
        assert len(photo) > len(ultra_hdr)
        (primary, _), (size, start) = listed(photo)
        assert photo[start : start + 2] == b"\xff\xd8"
        assert start + size == len(photo)
        assert primary == start, "the gain map begins where the photo ends"


def test_a_photo_that_promises_no_movie_any_more_keeps_its_gain_map(ultra_hdr):
    tagged = with_motion_tags(ultra_hdr, 123_000, 4567, b"")
    alone = without_motion_tags(tagged)
    tags = motion_tags(xmp_packets(alone)[0])
    assert not tags.promises_movie
    assert [item.semantic for item in tags.items] == ["Primary", "GainMap"]
    assert alone.endswith(jpeg(200, (16, 12)))


@pytest.fixture
def camera_heic() -> bytes:
    """A HEIC photo with EXIF, XMP and depth, and without an identifier."""
    image = Image.effect_noise((320, 240), 40).convert("RGB")
    tags = ExifEditor(MINIMAL_TIFF)
    tags.set_unique_id("1" * 32)
    data = heic.encode(image, EXIF_HEADER + tags.to_bytes(), motion_xmp(7, 99, "heic"))
    assert xmp_block(data)
    return data


def decoded(data: bytes) -> bytes:
    return pillow_heif.open_heif(io.BytesIO(data)).to_pillow().tobytes()


def test_a_heic_photo_gets_an_identifier_and_stays_what_it_is(camera_heic):
    paired = with_identifier(camera_heic, NEW)
    assert maker_note(exif_of(paired)).identifier == NEW
    assert decoded(paired) == decoded(camera_heic)
    assert xmp_block(paired) == xmp_block(camera_heic)
    before = {b.type: camera_heic[b.start : b.end] for b in find_boxes(camera_heic)}
    after = {b.type: paired[b.start : b.end] for b in list(find_boxes(paired))[: len(before)]}
    assert after[b"mdat"] == before[b"mdat"], "no byte of a picture moved"
    other = with_identifier(paired, "2" + NEW[1:])
    assert len(other) == len(paired), "in its place, once there is room"
    assert NEW.encode() in pillow_heif.open_heif(io.BytesIO(paired)).info["exif"]


def test_the_xmp_of_a_heic_photo_grows_too(camera_heic):
    tagged = with_motion_tags(camera_heic, 123_000, 10**9, b"", 8)
    tags = motion_tags(xmp_block(tagged))
    assert (tags.still_us, tags.items[-1].length) == (123_000, 10**9)
    assert decoded(tagged) == decoded(camera_heic)
    assert not motion_tags(xmp_block(without_motion_tags(tagged))).promises_movie


def test_a_heic_without_exif_is_left_to_others():
    image = pillow_heif.from_pillow(Image.fromarray(np.zeros((64, 64, 3), np.uint8)))
    out = io.BytesIO()
    image.save(out)
    assert with_identifier(out.getvalue(), NEW) is None
