"""Movies that are damaged, cut off or made to harm are refused before anything decodes them."""

from __future__ import annotations

import contextlib
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecam.errors import InputError
from livecam.formats.boxes import box, find_box, full_box
from livecam.formats.structure import verify_movie
from tests.support.files import numbered_movie


@pytest.fixture(scope="module")
def movie(tmp_path_factory) -> bytes:
    path = numbered_movie(tmp_path_factory.mktemp("m") / "a.mov", [i / 30 for i in range(20)])
    return path.read_bytes()


def patched(movie: bytes, path: tuple[bytes, ...], at: int, value: bytes) -> bytes:
    """The movie with bytes of one box's content replaced."""
    found = find_box(movie, *path)
    assert found is not None
    start = found.body + at
    return movie[:start] + value + movie[start + len(value) :]


TABLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def test_a_good_movie_passes(movie):
    verify_movie(movie)


@pytest.mark.samples
def test_every_movie_of_a_phone_passes(samples):
    for path in sorted((samples / "livephotos").iterdir()):
        if path.suffix.lower() == ".mov":
            verify_movie(path.read_bytes())


def test_a_movie_cut_off_anywhere_is_refused(movie):
    for end in range(8, len(movie) - 1, 97):
        with pytest.raises(InputError):
            verify_movie(movie[:end])


@pytest.mark.parametrize(
    "size",
    [
        struct.pack(">I", 0),
        struct.pack(">I", 2),
        struct.pack(">I", 7),
        struct.pack(">I", 0x7FFF_FFFF),
        struct.pack(">I", 0xFFFF_FFFF),
        struct.pack(">I", 1),
    ],
    ids=["zero", "two", "seven", "past the end", "wraps", "64 bit that is not there"],
)
def test_a_box_that_lies_about_its_size_is_refused(movie, size):
    track = find_box(movie, b"moov", b"trak")
    with pytest.raises(InputError):
        verify_movie(movie[: track.start] + size + movie[track.start + 4 :])


@pytest.mark.parametrize("size", [0, 15, 1 << 32, (1 << 63) - 1, (1 << 64) - 8])
def test_a_64_bit_size_that_lies_is_refused(size):
    with pytest.raises(InputError):
        verify_movie(box(b"ftyp", b"qt  ") + struct.pack(">I4sQ", 1, b"moov", size) + bytes(1000))


def test_boxes_nested_a_thousand_deep_are_refused():
    inner = b""
    for _ in range(1000):
        inner = box(b"trak", inner)
    with pytest.raises(InputError, match="nest"):
        verify_movie(box(b"ftyp", b"qt  ") + box(b"moov", inner))


@pytest.mark.parametrize("kind", [b"stts", b"stsc", b"stco", b"stss"])
def test_a_table_that_claims_more_than_it_holds_is_refused(movie, kind):
    lie = patched(movie, (*TABLES, kind), 4, struct.pack(">I", 0x4000_0000))
    with pytest.raises(InputError, match="claims"):
        verify_movie(lie)


def test_four_billion_samples_in_a_kilobyte_are_refused_at_once(movie):
    for value in (
        struct.pack(">II", 0, 0xFFFF_FFFF),
        struct.pack(">II", 1, 0xFFFF_FFFF),
        struct.pack(">II", 0xFFFF_FFFF, 0xFFFF_FFFF),
    ):
        start = time.perf_counter()
        with pytest.raises(InputError):
            verify_movie(patched(movie, (*TABLES, b"stsz"), 4, value))
        assert time.perf_counter() - start < 1


def test_samples_behind_the_end_are_refused(movie):
    for offset in (len(movie), len(movie) - 10, 0xFFFF_FFFF):
        with pytest.raises(InputError, match="behind the end"):
            verify_movie(patched(movie, (*TABLES, b"stco"), 8, struct.pack(">I", offset)))


def test_a_movie_whose_pictures_lie_in_another_file_is_refused(movie):
    path = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")
    with pytest.raises(InputError, match="another file"):
        verify_movie(patched(movie, path, 8 + 8, bytes(4)))


def test_a_clock_that_stands_still_is_refused(movie):
    for path in ((b"moov", b"mvhd"), (b"moov", b"trak", b"mdia", b"mdhd")):
        with pytest.raises(InputError, match="0 ticks"):
            verify_movie(patched(movie, path, 12, bytes(4)))


def test_two_tables_of_contents_are_one_too_many(movie):
    moov = find_box(movie, b"moov")
    with pytest.raises(InputError, match="more than one"):
        verify_movie(movie + movie[moov.start : moov.end])


def test_a_movie_without_a_track_is_refused(movie):
    # Found by fuzzing: re-keying looked for the last track.
    header = find_box(movie, b"moov", b"mvhd")
    empty = box(b"ftyp", b"qt  ") + box(b"moov", movie[header.start : header.end])
    with pytest.raises(InputError, match="no track"):
        verify_movie(empty)


def test_a_track_without_a_header_is_refused(movie):
    # Found by fuzzing: re-keying changes how long the track's header says it lasts.
    header = find_box(movie, b"moov", b"trak", b"tkhd")
    with pytest.raises(InputError, match="no header"):
        verify_movie(movie[: header.start + 4] + b"free" + movie[header.body :])


def test_chunks_out_of_order_are_refused(movie):
    body = struct.pack(">I6I", 2, 1, 5, 1, 1, 5, 1)
    found = find_box(movie, *TABLES, b"stsc")
    swapped = full_box(b"stsc", body)
    if found.size >= len(swapped):
        lie = movie[: found.start] + swapped + movie[found.start + len(swapped) :]
    else:
        lie = patched(movie, (*TABLES, b"stsc"), 8, struct.pack(">I", 7))
    with pytest.raises(InputError):
        verify_movie(lie)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_ends_in_one_error_of_ours_or_in_none(movie, data):
    damaged = bytearray(movie)
    moov = find_box(movie, b"moov")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(moov.start, len(movie) - 4))
        width = data.draw(st.sampled_from([1, 4]))
        value = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
        damaged[at : at + width] = bytes([value]) * width
    with contextlib.suppress(InputError):
        verify_movie(bytes(damaged))
