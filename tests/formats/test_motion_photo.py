"""Movies inside photos: found where they are, never where only a number says so."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from livecam.errors import InputError
from livecam.formats.boxes import box
from livecam.formats.jpeg import EXTENDED_XMP_HEADER, XMP_HEADER, insert_segment
from livecam.formats.motion_photo import find_motion_movie, tags_of
from livecam.formats.structure import verify_movie
from livecam.media.save_options import SaveOptions
from tests.support.files import numbered_movie, saved

CAMERA = 'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
JPEG = b"\xff\xd8\xff\xd9"


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    path = numbered_movie(tmp_path_factory.mktemp("m") / "a.mp4", [i / 30 for i in range(12)])
    return path.read_bytes()


@pytest.fixture(scope="module")
def motion(tmp_path_factory) -> bytes:
    """A Motion Photo as livecam writes it."""
    folder = tmp_path_factory.mktemp("motion")
    return saved(folder, SaveOptions(motion="only")).photo.read_bytes()


def xmp(attributes: str, inner: str = "") -> bytes:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {CAMERA} {attributes}>{inner}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    )
    return insert_segment(JPEG, XMP_HEADER + packet.encode())


def items(length: int, padding: int = 0) -> str:
    return (
        '<C:Directory xmlns:C="http://ns.google.com/photos/1.0/container/" '
        'xmlns:I="http://ns.google.com/photos/1.0/container/item/"><rdf:Seq>'
        '<rdf:li rdf:parseType="Resource"><C:Item I:Mime="image/jpeg" I:Semantic="Primary"/>'
        '</rdf:li><rdf:li rdf:parseType="Resource"><C:Item I:Mime="video/mp4" '
        f'I:Semantic="MotionPhoto" I:Length="{length}" I:Padding="{padding}"/></rdf:li>'
        "</rdf:Seq></C:Directory>"
    )


FLAG = 'GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1"'


def samsung(photo: bytes, clip: bytes) -> bytes:
    """The same with Samsung's trailer: one record, and the directory that points back to it."""
    name = b"MotionPhoto_Data"
    record = struct.pack("<HHI", 0, 0x0A30, len(name)) + name + clip
    head = b"SEFH" + struct.pack("<II", 107, 1)
    head += struct.pack("<HHII", 0, 0x0A30, len(record), len(record))
    return photo + record + head + struct.pack("<I", len(head)) + b"SEFT"


def test_livecams_own_is_found_to_the_byte(motion):
    found = find_motion_movie(motion)
    assert motion[found.start + 4 : found.start + 8] == b"ftyp"
    assert found.end == len(motion)
    assert found.photo_end == found.start
    assert 0 <= found.still_s < 1.5


@pytest.mark.samples
def test_a_pixels_and_a_samsungs_are_found(samples):
    pixel = find_motion_movie(
        (samples / "motionphotos" / "PXL_20200710_061629144.MP.jpg").read_bytes()
    )
    assert (pixel.kind, pixel.end - pixel.start, pixel.still_s) == ("jpeg", 1_317_283, 0.0)
    data = (samples / "motionphotos" / "samsung-one-ui-6.heic").read_bytes()
    galaxy = find_motion_movie(data)
    assert (galaxy.kind, galaxy.still_s) == ("heic", 3.0)
    # Its XMP counts the 199 bytes of the trailer behind the movie too.
    assert galaxy.end - galaxy.start == 3_226_668 - 199


def test_samsungs_trailer_is_found_without_any_xmp(clip):
    data = samsung(JPEG, clip)
    found = find_motion_movie(data)
    assert data[found.start : found.end] == clip
    assert data[: found.photo_end] == JPEG
    assert found.still_s is None


def test_samsungs_trailer_goes_before_its_wrong_xmp(clip):
    photo = xmp(FLAG + ' GCamera:MotionPhotoPresentationTimestampUs="250000"', items(68, 67))
    data = samsung(photo, clip)
    found = find_motion_movie(data)
    assert data[found.start : found.end] == clip
    assert found.still_s == 0.25


def test_the_old_micro_video_is_found(clip):
    photo = xmp(
        'GCamera:MicroVideo="1" GCamera:MicroVideoVersion="1" '
        f'GCamera:MicroVideoOffset="{len(clip)}" '
        'GCamera:MicroVideoPresentationTimestampUs="100000"'
    )
    data = photo + clip
    found = find_motion_movie(data)
    assert (data[found.start : found.end], found.still_s) == (clip, 0.1)


def test_tags_written_as_elements_are_read_like_attributes(clip):
    inner = (
        "<GCamera:MotionPhoto>1</GCamera:MotionPhoto>"
        "<GCamera:MotionPhotoPresentationTimestampUs>-1"
        "</GCamera:MotionPhotoPresentationTimestampUs>"
    )
    data = xmp("", inner + items(len(clip))) + clip
    found = find_motion_movie(data)
    assert found.still_s is None, "-1 means that nobody set it"


def test_a_heics_movie_lies_in_its_box(clip):
    heic = box(b"ftyp", b"heic", bytes(4)) + box(b"meta", bytes(4)) + box(b"mpvd", clip)
    found = find_motion_movie(heic)
    assert heic[found.start : found.end] == clip


def test_an_ordinary_photo_holds_no_movie():
    assert find_motion_movie(JPEG + bytes(100)) is None
    assert find_motion_movie(xmp('GCamera:MotionPhoto="0"')) is None
    assert find_motion_movie(b"no photo at all") is None


@pytest.mark.parametrize("length", [1, 100, 10**6, 10**18, -5, 0])
def test_where_lengths_point_outside_or_nowhere_the_movie_is_searched_for(clip, length):
    photo = xmp(FLAG, items(length))
    found = find_motion_movie(photo + clip)
    assert (found.start, found.end) == (len(photo), len(photo) + len(clip))


@pytest.mark.parametrize("length", [1, 100, 10**6, 10**18, -5, 0])
def test_lengths_of_a_movie_that_was_taken_away_are_one_clear_error(length):
    with pytest.raises(InputError, match="promises a movie"):
        find_motion_movie(xmp(FLAG, items(length)) + bytes(2000))


@pytest.mark.parametrize("trailer", [b"", bytes(30), b"\xff\xd9 other maker's trailer" * 9])
def test_a_movie_that_nothing_speaks_of_is_found_by_its_first_box(clip, trailer):
    """As WeChat and others write them, and as programs that lose the XMP leave them."""
    gain_map = b"\xff\xd8\xff\xda\0\2ftyp" + bytes(300_000) + b"\xff\xd9"
    photo = JPEG + gain_map
    found = find_motion_movie(photo + clip + trailer)
    assert (found.start, found.end) == (len(photo), len(photo) + len(clip))
    assert found.still_s is None


def test_a_picture_behind_a_photo_is_no_movie(clip):
    heic = box(b"ftyp", b"heic", bytes(4)) + box(b"moov") + box(b"mdat")
    assert find_motion_movie(JPEG + heic + b"!") is None
    assert find_motion_movie(JPEG + clip[:-100] + b"!") is None, "cut off"


def test_what_extended_xmp_says_is_read(clip):
    """Where a packet is longer than a segment, the rest lies in others, in pieces."""
    rest = xmp(FLAG, items(len(clip)))
    packet = rest[rest.index(XMP_HEADER) + len(XMP_HEADER) : -2]
    half = len(packet) // 2
    photo = JPEG
    for start, piece in ((half, packet[half:]), (0, packet[:half])):
        head = EXTENDED_XMP_HEADER + b"0" * 32 + struct.pack(">II", len(packet), start)
        photo = insert_segment(photo, head + piece)
    found = find_motion_movie(photo + clip)
    assert found.end - found.start == len(clip)
    assert tags_of(photo + clip).motion_photo


@pytest.mark.samples
@pytest.mark.parametrize(
    "name",
    [
        "V11_wechat_noxmp.jpg",
        "V1_samsung_s24fe_no_entry.jpg",
        "V2_smartswitch_sef_only.jpg",
        "V9_oppo.jpg",
    ],
)
def test_movies_that_others_reported_are_found(samples, name):
    data = (samples / "reports" / name).read_bytes()
    found = find_motion_movie(data)
    assert data[found.start + 4 : found.start + 8] == b"ftyp"
    verify_movie(data[found.start : found.end])


def test_a_flag_without_a_movie_is_an_error():
    with pytest.raises(InputError, match="promises a movie"):
        find_motion_movie(xmp(FLAG) + bytes(5000))


@pytest.mark.parametrize("back", [0, 1, 10**6, 0xFFFF_FFFF])
def test_behind_a_damaged_samsung_trailer_the_movie_is_found_all_the_same(clip, back):
    data = bytearray(samsung(JPEG, clip))
    at = data.rindex(b"SEFH") + 12 + 4
    data[at : at + 4] = struct.pack("<I", back)
    found = find_motion_movie(bytes(data))
    assert bytes(data[found.start : found.start + 8]) == clip[:8]
    with pytest.raises(InputError):
        find_motion_movie(bytes(data).replace(clip, bytes(len(clip))))


def test_xml_that_would_grow_without_bound_is_refused():
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "MotionPhoto">]><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b"&a;</x:xmpmeta>"
    )
    with pytest.raises(InputError):
        find_motion_movie(insert_segment(JPEG, XMP_HEADER + bomb))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_ends_in_one_error_of_ours_or_in_none(motion, data):
    damaged = bytearray(motion)
    area = find_motion_movie(motion).start
    for _ in range(data.draw(st.integers(1, 6))):
        near_start = data.draw(st.booleans())
        at = (
            data.draw(st.integers(0, 3000))
            if near_start
            else area + data.draw(st.integers(-50, 50))
        )
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(4, len(damaged)) | st.just(len(damaged)))
    with contextlib.suppress(InputError):
        find_motion_movie(bytes(damaged[:cut]))


@settings(max_examples=200, deadline=None)
@given(tail=st.binary(max_size=60))
@example(tail=b"SEFH" + bytes(8) + struct.pack("<I", 12) + b"SEFT")
def test_any_trailer_ends_in_one_error_of_ours_or_in_none(tail):
    with contextlib.suppress(InputError):
        find_motion_movie(JPEG + tail + b"SEFT")


@pytest.mark.parametrize(
    "filler",
    [b"\0\0\0\x20ftypisom", b"\xff\xc4\0\x02", b"\xff\xda\0\x02\xff\xc4\0\x02"],
)
def test_a_file_made_of_beginnings_is_given_up_soon(filler):
    """Each beginning costs a look at what follows it: without a limit, a million of them."""
    for start in (JPEG[:2] + b"\xff\xda\0\x02", JPEG):
        data = Counted(start + filler * 200_000 + b"!")
        assert find_motion_movie(data) is None
        assert data.looked_at < 500_000_000


class Counted:
    """Bytes that count how many of them are looked at."""

    def __init__(self, content: bytes) -> None:
        self._content, self.looked_at = content, 0

    def __len__(self) -> int:
        return len(self._content)

    def __getitem__(self, at: int | slice) -> int | bytes:
        found = self._content[at]
        self.looked_at += 1 if isinstance(found, int) else len(found)
        return found
