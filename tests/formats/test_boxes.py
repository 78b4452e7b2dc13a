"""The box reader, against files that lie."""

from __future__ import annotations

import random
import struct
import time

import pytest

from livecam.errors import InputError
from livecam.formats.boxes import box, find_box, find_boxes, full_box
from tests.support.frames import moment, write_movie


def types(data: bytes) -> list[bytes]:
    return [found.type for found in find_boxes(data)]


def test_boxes_are_found_where_they_lie():
    data = box(b"ftyp", b"qt  ") + box(b"moov", box(b"mvhd", bytes(8)), box(b"trak"))
    assert types(data) == [b"ftyp", b"moov"]
    header = find_box(data, b"moov", b"mvhd")
    assert data[header.body : header.end] == bytes(8)
    assert find_box(data, b"moov", b"udta") is None


def test_large_sizes_and_the_last_box_of_a_file():
    large = struct.pack(">I4sQ", 1, b"mdat", 20) + b"abcd"
    to_the_end = struct.pack(">I4s", 0, b"free") + b"123"
    found = list(find_boxes(large + to_the_end))
    assert [(b.type, b.size, b.body - b.start) for b in found] == [
        (b"mdat", 20, 16),
        (b"free", 11, 8),
    ]


def test_a_quicktime_terminator_ends_a_container():
    assert types(box(b"name") + bytes(4)) == [b"name"]


def test_a_full_box_has_version_and_flags():
    assert full_box(b"test", b"x", version=1, flags=0x20304) == b"\0\0\0\x0dtest\x01\x02\x03\x04x"


LIES = {
    "longer than the file": struct.pack(">I4s", 4_000_000_000, b"moov") + bytes(1000),
    "shorter than its header": struct.pack(">I4s", 4, b"moov") + bytes(1000),
    "64 bits, past the end": struct.pack(">I4sQ", 1, b"moov", 1 << 40) + bytes(1000),
    "64 bits, negative once wrapped": struct.pack(">I4sQ", 1, b"moov", (1 << 64) - 8) + bytes(1000),
    "64 bits, shorter than its header": struct.pack(">I4sQ", 1, b"moov", 8) + bytes(1000),
    "64 bits, cut off": struct.pack(">I4s", 1, b"moov") + bytes(4),
    "cut off": b"\0\0\0",
}


@pytest.mark.parametrize("lie", [name for name in LIES if name != "cut off"])
def test_a_lie_about_a_size_is_one_clear_error(lie):
    with pytest.raises(InputError) as caught:
        types(LIES[lie])
    assert "\n" not in str(caught.value)


def test_a_cut_off_header_is_an_error():
    with pytest.raises(InputError, match="cut off"):
        types(box(b"free") + b"\0\0\1")


def test_a_child_may_not_be_longer_than_its_parent():
    inner = struct.pack(">I4s", 100, b"trak")
    data = box(b"moov", inner) + bytes(200)
    with pytest.raises(InputError, match="trak"):
        find_box(data, b"moov", b"trak")


def test_endless_boxes_end():
    began = time.monotonic()
    with pytest.raises(InputError, match="boxes in a row"):
        types(box(b"free") * 200_000)
    assert time.monotonic() - began < 10


def test_any_damage_ends_in_boxes_or_in_our_error(tmp_path):
    path = tmp_path / "a.mov"
    write_movie(path, moment([i / 30 for i in range(3)], size_wh=(64, 64)))
    whole, rng = path.read_bytes(), random.Random(0)
    for _ in range(3000):
        damaged = bytearray(whole[: rng.randrange(1, len(whole) + 1)])
        for _ in range(rng.randrange(1, 6)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            moov = find_box(damaged, b"moov")
            if moov is not None:
                for child in find_boxes(damaged, moov.body, moov.end):
                    assert moov.body <= child.start < child.end <= moov.end
        except InputError:
            pass
