"""The pair, held against what macOS Photos writes and what other programs read."""

from __future__ import annotations

import json
import struct
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import av
import pytest
from PIL import ExifTags, Image

import livecam
from livecam.errors import OutputError
from livecam.formats.apple_note import new_note
from livecam.formats.boxes import Box, find_box, find_boxes
from livecam.formats.live_photo import STILL_TIME_KEY, paired_movie
from livecam.formats.tags import Tags, new_identifier
from tests.support.frames import moment, tone, write_movie

IDENTIFIER = "C3754624-A6E6-4B17-9F0C-0D2D3B6F1E55"
TAGS = Tags(
    taken=datetime(2026, 5, 17, 12, 0, 1, tzinfo=timezone(timedelta(hours=2))),
    make="livecam",
    model="Drawn camera",
    software="livecam test",
    identifier=IDENTIFIER,
)
TIMES = [i / 30 for i in range(45)]


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    path = tmp_path / "a.MOV"
    write_movie(path, moment(TIMES, sound=tone(1.5)))
    return path


def tracks(data: bytes) -> list[Box]:
    moov = find_box(data, b"moov")
    return [b for b in find_boxes(data, moov.body, moov.end) if b.type == b"trak"]


def still_tracks(data: bytes) -> list[Box]:
    return [track for track in tracks(data) if STILL_TIME_KEY in data[track.start : track.end]]


def blanked(data: bytes, track: Box) -> bytes:
    """A still track's bytes without the numbers that differ from movie to movie."""
    trak = bytearray(data[track.start : track.end])
    inner = bytes(trak)
    tkhd = find_box(inner, b"trak", b"tkhd")
    trak[tkhd.body + 4 : tkhd.body + 24] = bytes(20)  # dates, number, duration
    elst = find_box(inner, b"trak", b"edts", b"elst")
    trak[elst.body + 8 : elst.body + 12] = bytes(4)  # the still's time
    mdhd = find_box(inner, b"trak", b"mdia", b"mdhd")
    trak[mdhd.body + 4 : mdhd.body + 12] = bytes(8)  # dates
    stco = find_box(inner, b"trak", b"mdia", b"minf", b"stbl", b"stco")
    trak[stco.body + 8 : stco.body + 12] = bytes(4)  # where the sample lies
    return bytes(trak)


def pair_movie(path: Path, tags: Tags, still_s: float) -> None:
    path.write_bytes(paired_movie(path.read_bytes(), tags, still_s))


@pytest.mark.samples
def test_the_still_track_is_the_one_photos_writes_byte_by_byte(movie, samples):
    pair_movie(movie, TAGS, 1.0)
    ours = movie.read_bytes()
    theirs = (samples / "livephotos" / "IMG_4394_edited.mov").read_bytes()
    assert blanked(ours, still_tracks(ours)[0]) == blanked(theirs, still_tracks(theirs)[0])


def test_no_byte_before_the_movies_index_moves(movie):
    before = movie.read_bytes()
    moov = find_box(before, b"moov")
    pair_movie(movie, TAGS, 1.0)
    after = movie.read_bytes()
    assert after[: moov.start] == before[: moov.start]
    order = [found.type for found in find_boxes(after)]
    assert order[-3:] == [b"mdat", b"mdat", b"moov"]


def test_the_identifier_stands_where_apple_looks_for_it(movie):
    pair_movie(movie, TAGS, 1.0)
    data = movie.read_bytes()
    moov = find_box(data, b"moov")
    children = [b.type for b in find_boxes(data, moov.body, moov.end)]
    assert children[-1] == b"meta"
    assert b"udta" not in children
    meta = find_box(data, b"moov", b"meta")
    handler = find_box(data, b"hdlr", within=meta)
    assert handler.size == 34
    assert handler.start == meta.body, "plain: no version before it"
    item = find_box(data, b"ilst", within=meta)
    first = next(find_boxes(data, item.body, item.end))
    assert first.size == 60
    assert data[first.end - 36 : first.end] == IDENTIFIER.encode()


@pytest.mark.parametrize("still_s", [0.0, 1 / 30, 0.5, 1.466667])
def test_the_still_track_begins_at_the_still(movie, still_s):
    pair_movie(movie, TAGS, still_s)
    with av.open(str(movie)) as container:
        (data,) = container.streams.data
        assert float((data.start_time or 0) * data.time_base) == pytest.approx(still_s, abs=1 / 600)


def test_track_numbers_stay_unique_and_the_next_one_is_free(movie):
    pair_movie(movie, TAGS, 1.0)
    data = movie.read_bytes()
    numbers = []
    for track in tracks(data):
        tkhd = find_box(data, b"tkhd", within=track)
        numbers.append(struct.unpack(">I", data[tkhd.body + 12 : tkhd.body + 16])[0])
    header = find_box(data, b"moov", b"mvhd")
    following = struct.unpack(">I", data[header.end - 4 : header.end])[0]
    assert len(set(numbers)) == 3
    assert following > max(numbers)


def test_the_picture_and_sound_still_decode(movie):
    with av.open(str(movie)) as container:
        before = [f.to_ndarray().tobytes() for f in container.decode(video=0)]
    pair_movie(movie, TAGS, 1.0)
    with av.open(str(movie)) as container:
        assert [f.to_ndarray().tobytes() for f in container.decode(video=0)] == before
    with av.open(str(movie)) as container:
        assert sum(f.samples for f in container.decode(audio=0)) >= 72_000


def test_the_maker_note_is_69_bytes():
    note = new_note(IDENTIFIER)
    assert len(note) == 69
    assert note.startswith(b"Apple iOS\0\0\x01MM\0\x01\0\x11\0\x02\0\0\0\x25\0\0\0\x20\0\0\0\0")
    assert note.endswith(IDENTIFIER.encode() + b"\0")


def test_identifiers_are_upper_case_and_never_the_same():
    found = {new_identifier() for _ in range(100)}
    assert len(found) == 100
    assert all(identifier == identifier.upper() and len(identifier) == 36 for identifier in found)


def test_what_is_no_movie_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "a.MOV"
    path.write_bytes(b"\0\0\0\x08free")
    with pytest.raises(OutputError):
        pair_movie(path, TAGS, 0.0)
    assert path.read_bytes() == b"\0\0\0\x08free"


@pytest.fixture
def pair(out):
    it = moment(TIMES, sound=tone(1.5), size_wh=(640, 360), first=30)
    return livecam.save(it, livecam.score(it), out)


def test_a_saved_moment_is_a_pair(pair):
    record = json.loads(pair.scores.read_text())
    identifier = record["content_identifier"].encode()
    assert pair.movie.read_bytes().count(identifier) == 1
    with Image.open(pair.photo) as photo:
        note = photo.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote]
    assert note == new_note(record["content_identifier"])
    with av.open(str(pair.movie)) as container:
        (data,) = container.streams.data
        still_s = float(data.start_time * data.time_base)
    assert still_s == pytest.approx(record["key"]["time_s"], abs=1 / 600)


@pytest.mark.programs
def test_exiftool_and_ffprobe_see_one_live_photo(pair):
    command = ["exiftool", "-j", "-ee3", "-validate", "-warning", "-ContentIdentifier"]
    command += ["-MediaGroupUUID", "-StillImageTime", "-Make", "-Keys:CreationDate"]
    done = subprocess.run(
        [*command, str(pair.movie), str(pair.photo)], capture_output=True, text=True, check=True
    )
    of_movie, of_photo = json.loads(done.stdout)
    # Before version 12.65 exiftool called the photo's tag MediaGroupUUID.
    in_photo = of_photo.get("MediaGroupUUID") or of_photo["ContentIdentifier"]
    assert of_movie["ContentIdentifier"] == in_photo
    assert of_movie["StillImageTime"] == -1
    assert of_movie["Make"] == "livecam"
    assert of_movie["Validate"] == of_photo["Validate"] == "OK"
    ffprobe = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_tag_string,start_time"]
    found = subprocess.run(
        [*ffprobe, "-of", "json", str(pair.movie)], capture_output=True, text=True, check=True
    )
    record = json.loads(pair.scores.read_text())
    (still,) = [s for s in json.loads(found.stdout)["streams"] if s["codec_tag_string"] == "mebx"]
    assert float(still["start_time"]) == pytest.approx(record["key"]["time_s"], abs=1 / 600)
