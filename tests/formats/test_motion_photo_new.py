"""Motion Photos, held against the checks of the specification and a Pixel's own file."""

from __future__ import annotations

import json
import re
import struct
import subprocess
from xml.etree import ElementTree as ET

import av
import pytest
from PIL import Image

import livecam
from livecam.formats.boxes import find_box
from livecam.formats.jpeg import XMP_HEADER
from livecam.formats.motion_photo_new import image_metadata
from livecam.media.save_options import SaveOptions
from tests.support.frames import moment, tone

NAME = re.compile(r"^([^\s/\\][^/\\]*MP)\.(JPG|jpg|JPEG|jpeg|HEIC|heic|AVIF|avif)$")
"""What the specification wants files to be called."""
CAMERA = "{http://ns.google.com/photos/1.0/camera/}"
ITEM = "{http://ns.google.com/photos/1.0/container/item/}"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    out = tmp_path_factory.mktemp("recordings")
    it = moment([i / 30 for i in range(30)], sound=tone(1.0), size_wh=(640, 360), first=30)
    return livecam.save(it, livecam.score(it), out, SaveOptions(motion="beside"))


def xmp(data: bytes) -> ET.Element:
    at = data.index(XMP_HEADER)
    size = int.from_bytes(data[at - 2 : at])
    packet = data[at + len(XMP_HEADER) : at - 2 + size]
    return ET.fromstring(packet[packet.index(b"<x:") : packet.index(b"<?xpacket end")])


def items(data: bytes) -> list[dict[str, str]]:
    return [e.attrib for e in xmp(data).iter() if ITEM + "Semantic" in e.attrib]


def video(data: bytes) -> bytes:
    return data[-int(items(data)[1][ITEM + "Length"]) :]


def test_it_lies_beside_the_pair_under_a_name_that_readers_know(saved):
    assert NAME.match(saved.motion_photo.name)
    assert saved.movie.exists()
    assert saved.photo.exists()
    assert len(list(saved.movie.parent.iterdir())) == 4


def test_the_specifications_own_checks(saved):
    data = saved.motion_photo.read_bytes()
    description = next(e for e in xmp(data).iter() if CAMERA + "MotionPhoto" in e.attrib)
    assert description.attrib[CAMERA + "MotionPhoto"] == "1"
    assert description.attrib[CAMERA + "MotionPhotoVersion"] == "1"
    assert int(description.attrib[CAMERA + "MotionPhotoPresentationTimestampUs"]) >= 0
    primary, motion = items(data)
    assert (primary[ITEM + "Semantic"], primary[ITEM + "Mime"]) == ("Primary", "image/jpeg")
    assert (motion[ITEM + "Semantic"], motion[ITEM + "Mime"]) == ("MotionPhoto", "video/mp4")
    assert primary[ITEM + "Length"] == "0"
    image_end = len(data) - int(motion[ITEM + "Length"])
    assert data[image_end - 2 : image_end] == b"\xff\xd9"
    assert data[image_end + 4 : image_end + 8] == b"ftyp"


def test_the_still_is_where_the_score_says(saved):
    key = json.loads(saved.scores.read_text())["key"]
    description = next(
        e for e in xmp(saved.motion_photo.read_bytes()).iter() if CAMERA + "MotionPhoto" in e.attrib
    )
    still_us = int(description.attrib[CAMERA + "MotionPhotoPresentationTimestampUs"])
    assert still_us == pytest.approx(key["time_s"] * 1e6, abs=1)


def test_it_opens_as_a_picture_and_its_movie_plays(saved, tmp_path):
    with Image.open(saved.motion_photo) as image:
        assert image.size == (640, 360)
        image.load()
    path = tmp_path / "a.mp4"
    path.write_bytes(video(saved.motion_photo.read_bytes()))
    with av.open(str(path)) as mine, av.open(str(saved.movie)) as pairs:
        ours = [(float(f.time), f.to_ndarray().tobytes()) for f in mine.decode(video=0)]
        theirs = [(float(f.time), f.to_ndarray().tobytes()) for f in pairs.decode(video=0)]
    assert [t for t, _ in ours] == pytest.approx([t for t, _ in theirs], abs=1e-4)
    assert [p for _, p in ours] == [p for _, p in theirs], "not encoded again"
    with av.open(str(path)) as mine:
        assert sum(f.samples for f in mine.decode(audio=0)) >= 48_000


def test_it_is_no_second_half_of_the_pair(saved):
    identifier = json.loads(saved.scores.read_text())["content_identifier"].encode()
    assert identifier not in saved.motion_photo.read_bytes()


def test_the_scores_of_all_frames_are_in_the_movie(saved):
    movie = video(saved.motion_photo.read_bytes())
    record = json.loads(saved.scores.read_text())
    at = movie.rindex(b"mdat") + 4
    assert (movie[at], movie[at + 5], movie[at + 28]) == (0xC0, 0xC1, 0xC2)
    count_at = at + 33
    (count,) = struct.unpack(">I", movie[count_at : count_at + 4])
    assert count == len(record["frames"])
    for i, frame in enumerate(record["frames"]):
        start = count_at + 4 + 14 * i
        tag, score, t_us = struct.unpack(">Hfq", movie[start : start + 14])
        assert tag == 0xC30C
        assert score == pytest.approx(frame["score"], abs=1e-5)
        assert t_us == pytest.approx(frame["time_s"] * 1e6, abs=1)
    assert find_box(movie, b"moov") is not None


@pytest.mark.samples
def test_descriptors_are_written_as_a_pixel_writes_them(samples):
    data = (samples / "motionphotos" / "PXL_20200710_061629144.MP.jpg").read_bytes()
    at = data.index(b"\xc1\x80\x80\x80\x29\x00\x00\x00\x03\xc3\x0c") - 5
    theirs = data[at + 5 : at + 51]  # without the flags that end it
    ours = bytearray(image_metadata([(0.0, 0.281260)], 0)[5:])
    ours[8] = 3  # the version of their model
    assert bytes(ours) == theirs


def test_alone_it_is_the_only_file_beside_the_scores(out):
    it = moment([i / 30 for i in range(10)], size_wh=(640, 360), first=30)
    files = livecam.save(it, livecam.score(it), out, SaveOptions(motion="only"))
    assert files.movie == files.photo == files.motion_photo
    assert sorted(out.iterdir()) == sorted([files.motion_photo, files.scores])


@pytest.mark.programs
def test_exiftool_finds_it_valid(saved):
    command = ["exiftool", "-j", "-validate", "-warning", "-MotionPhoto", "-DirectoryItemLength"]
    done = subprocess.run(
        [*command, str(saved.motion_photo)], capture_output=True, text=True, check=True
    )
    (found,) = json.loads(done.stdout)
    assert found["Validate"] == "OK"
    assert found["MotionPhoto"] == 1
