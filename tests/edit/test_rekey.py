"""A new key photo: the pair is a true one, and the movie is still the phone's own."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from livecam.formats.boxes import box, find_box, find_boxes
from livecam.formats.live_photo_edit import rekeyed_movie
from livecam.formats.motion_photo import find_motion_movie
from livecam.formats.movie_facts import read_movie
from livecam.formats.structure import verify_movie
from livecam.media.save_options import SaveOptions
from livecam.photos.check import check
from livecam.photos.frames import MovieReader
from livecam.photos.pairs import find_halves
from tests.support.files import media_data, saved, tracks
from tests.support.program import events, run

REAL = ("51F2BEF7", "IMG_4394", "IMG_4394_edited", "IMG_7943")
NEW = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("pair"))


def rekeyed(folder: Path, *paths: Path, at: float | None = None) -> dict:
    """What `livecam pick --rekey` says of one input."""
    by_hand = [] if at is None else ["--at", str(at), "--frames", "3"]
    named = [str(path) for path in paths]
    done = run("pick", *named, "--rekey", "--out", str(folder), "--json", *by_hand, cwd=folder)
    assert done.returncode == 0, done.stderr
    (event,) = events(done.stdout)
    return event


def still_s_by_ffprobe(movie: Path) -> float:
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_tag_string,start_time",
               "-of", "json", str(movie)]  # fmt: skip
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    times = [float(s["start_time"]) for s in found["streams"] if s["codec_tag_string"] == "mebx"]
    return max(times)


@pytest.mark.samples
@pytest.mark.programs
@pytest.mark.parametrize("name", REAL)
def test_a_real_pair_of_an_iphone(samples, tmp_path, name):
    photo = next((samples / "livephotos").glob(f"{name}.[jhJH]*"))
    old = next((samples / "livephotos").glob(f"{name}.[mM]*")).read_bytes()
    event = rekeyed(tmp_path, photo, at=0.5)
    movie_path, photo_path = map(Path, event["outputs"])
    assert sorted(tmp_path.iterdir()) == sorted([movie_path, photo_path]), "the pair and no more"
    movie = movie_path.read_bytes()

    (halves,) = find_halves([photo_path])
    report = check(halves)
    assert report.defects == ()
    before = read_movie(old)
    assert report.identifier not in (None, before.identifier), "a new one, as Photos does"
    assert movie.count(report.identifier.encode()) == 1

    with MovieReader(movie_path) as reader:
        frame = reader.nearest(0.5)
        upright = reader.picture(frame.index)
        assert len(list(reader.frames(range(len(reader.times))))) == len(reader.times)
    assert abs(read_movie(movie).still.time_s - frame.time_s) <= 1 / 600
    assert still_s_by_ffprobe(movie_path) == pytest.approx(frame.time_s, abs=1 / 600)
    assert event["key"]["time_s"] == pytest.approx(frame.time_s, abs=1e-6)

    assert media_data(movie)[0] == media_data(old)[0], "every sample byte for byte"
    assert len(tracks(movie)) == len(tracks(old))
    data_tracks = [s for s in av.open(str(movie_path)).streams if s.type == "data"]
    assert len(data_tracks) == sum(b"mebx" in old[t.start : t.end] for t in tracks(old))
    validated = subprocess.run(
        ["exiftool", "-validate", "-s3", str(movie_path)], capture_output=True, check=True
    )
    assert validated.stdout.strip() == b"OK"

    with _opened(photo_path) as image:
        assert image.size == (upright.shape[1], upright.shape[0]), "the movie's full size, upright"
        pixels = np.asarray(image.convert("RGB"), np.int16)[:, :, ::-1]
    assert np.abs(pixels - upright).mean() < 4


def _opened(path: Path) -> Image.Image:
    if path.suffix.lower() == ".heic":
        pillow_heif = pytest.importorskip("pillow_heif")
        return pillow_heif.open_heif(io.BytesIO(path.read_bytes())).to_pillow()
    return Image.open(path)


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "has_transform"), [("IMG_4394.mov", True), ("51F2BEF7.mov", False)]
)
def test_the_old_photos_place_in_its_frame_becomes_the_identity(samples, name, has_transform):
    old = (samples / "livephotos" / name).read_bytes()
    new = rekeyed_movie(old, 0.5, NEW)
    added = media_data(new)[1:]
    assert len(added) == has_transform
    if has_transform:
        identity = struct.pack(">9d", 1, 0, 0, 0, 1, 0, 0, 0, 1)
        assert identity in added[0]
        assert b"\0\0\0\x09" in added[0][:4], "the still's own value stays"


def test_a_movie_with_its_table_of_contents_in_front_keeps_every_offset(pair):
    movie = pair.movie.read_bytes()
    moov = find_box(movie, b"moov")
    # Move moov to the front, its chunk offsets with it, as "fast start" does.
    front = bytearray(movie[moov.start : moov.end])
    at = 0
    for kind in (b"stco",):
        while (at := front.find(kind, at + 1)) > 0:
            (count,) = struct.unpack_from(">I", front, at + 8)
            for i in range(count):
                place = at + 12 + 4 * i
                (offset,) = struct.unpack_from(">I", front, place)
                struct.pack_into(">I", front, place, offset + len(front))
    ftyp = find_box(movie, b"ftyp")
    fast = movie[: ftyp.end] + bytes(front) + movie[ftyp.end : moov.start]
    verify_movie(fast)
    new = rekeyed_movie(fast, 0.4, NEW)
    verify_movie(new)
    assert new[ftyp.end :].startswith(struct.pack(">I", len(front)) + b"free")
    assert media_data(new)[0] == media_data(fast)[0]
    facts = read_movie(new)
    assert (facts.identifier, round(facts.still.time_s, 3)) == (NEW, 0.4)


def test_an_open_ended_mdat_does_not_swallow_what_comes_behind_it(pair):
    movie = pair.movie.read_bytes()
    moov = find_box(movie, b"moov")
    ftyp = find_box(movie, b"ftyp")
    rest = movie[ftyp.end : moov.start]
    first = next(find_boxes(rest))
    shift = moov.end - moov.start
    front = movie[moov.start : moov.end]
    opened = movie[: ftyp.end] + front + rest[: first.start] + bytes(4) + rest[first.start + 4 :]
    assert shift
    new = rekeyed_movie(opened, 0.4, NEW)
    assert [found.type for found in find_boxes(new)][-1] == b"moov"
    assert read_movie(new).identifier == NEW


def test_a_movie_without_a_still_track_gets_one_before_other_metadata(pair):
    movie = pair.movie.read_bytes()
    moov = find_box(movie, b"moov")
    kept = [
        movie[b.start : b.end]
        for b in find_boxes(movie, moov.body, moov.end)
        if b"still-image-time" not in movie[b.start : b.end]
    ]
    plain = movie[: moov.start] + box(b"moov", *kept)
    new = rekeyed_movie(plain, 1.0, NEW)
    verify_movie(new)
    facts = read_movie(new)
    assert (facts.still.time_s, facts.still.first, facts.identifier) == (1.0, True, NEW)


def test_a_still_at_the_very_start_has_no_empty_edit(pair):
    new = rekeyed_movie(pair.movie.read_bytes(), 0.0, NEW)
    assert read_movie(new).still.time_s == 0.0
    again = rekeyed_movie(new, 0.7, NEW)
    assert read_movie(again).still.time_s == pytest.approx(0.7)


def test_the_key_photo_of_a_turned_movie_stands_upright(out, tmp_path):
    files = saved(out)
    movie = bytearray(files.movie.read_bytes())
    header = find_box(bytes(movie), b"moov", b"trak", b"tkhd")
    quarter_turn = (0, 1 << 16, 0, -1 << 16, 0)
    struct.pack_into(">5i", movie, header.body + 40, *quarter_turn)
    files.movie.write_bytes(movie)
    event = rekeyed(tmp_path, files.movie, at=0.5)
    with MovieReader(files.movie) as reader, Image.open(event["outputs"][1]) as photo:
        stored, upright = (320, 240), reader.picture(15)
        assert photo.size == stored[::-1] == (upright.shape[1], upright.shape[0])
        assert photo.getexif().get(0x0112, 1) == 1, "not to be turned once more"
        seen = np.asarray(photo.convert("RGB"))[:, :, ::-1].astype(int)
        assert np.abs(seen - upright).mean() < 4


def test_by_hand_even_the_present_frame_is_taken_from_the_movie(pair, tmp_path):
    now = read_movie(pair.movie.read_bytes()).still.time_s
    event = rekeyed(tmp_path, pair.photo, at=now)
    assert Path(event["outputs"][1]).read_bytes()[-2000:] != pair.photo.read_bytes()[-2000:]


@pytest.mark.parametrize(
    "form", [SaveOptions(), SaveOptions(still="heic", codec="hevc")], ids=["jpeg", "heic"]
)
def test_livecams_own_pairs_in_both_codecs(out, tmp_path, form):
    if form.still == "heic":
        pytest.importorskip("pillow_heif")
    files = saved(out, form)
    event = rekeyed(tmp_path, files.movie, at=0.2)
    new_movie, new_photo = map(Path, event["outputs"])
    assert new_photo.suffix == files.photo.suffix
    (halves,) = find_halves([new_movie])
    assert check(halves).defects == ()
    assert media_data(new_movie.read_bytes())[0] == media_data(files.movie.read_bytes())[0]


def test_a_motion_photos_movie_stays_byte_for_byte(out, tmp_path):
    photo = saved(out, SaveOptions(motion="only")).photo
    event = rekeyed(tmp_path, photo, at=0.2)
    (path,) = map(Path, event["outputs"])
    assert path.name.endswith("_key.MP.jpg")
    old, new = photo.read_bytes(), path.read_bytes()
    before, after = find_motion_movie(old), find_motion_movie(new)
    assert old[before.start : before.end] == new[after.start : after.end]
    assert after.still_s == pytest.approx(0.2, abs=1e-4)
    with Image.open(path) as image:
        assert image.size == (320, 240)


@pytest.mark.samples
@pytest.mark.parametrize("name", ["PXL_20200710_061629144.MP.jpg", "samsung-one-ui-6.heic"])
def test_a_pixels_and_a_samsungs_motion_photo(samples, tmp_path, name):
    if name.endswith("heic"):
        pytest.importorskip("pillow_heif")
    source = samples / "motionphotos" / name
    event = rekeyed(tmp_path, source, at=0.3)
    (path,) = map(Path, event["outputs"])
    old, new = source.read_bytes(), path.read_bytes()
    before, after = find_motion_movie(old), find_motion_movie(new)
    assert old[before.start : before.end] == new[after.start : after.end]
    assert after.still_s == pytest.approx(event["key"]["time_s"], abs=1e-5)
    assert ("Samsung's own data" in event["note"]) == name.startswith("samsung")
    with _opened(path) as image:
        assert image.size[0] * image.size[1] in (1024 * 768, 1440 * 1080)


def test_the_input_is_never_changed(out, tmp_path):
    files = saved(out)
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in (files.photo, files.movie)]
    for path in (files.photo, files.movie):
        path.chmod(0o444)
    rekeyed(tmp_path, files.photo, at=0.3)
    assert before == [
        (path.read_bytes(), path.stat().st_mtime_ns) for path in (files.photo, files.movie)
    ]


def test_no_half_pair_is_left_where_it_cannot_be_written(pair, tmp_path):
    folder = tmp_path / "full"
    folder.mkdir()
    # Its new name is longer than file systems allow.
    long_name = tmp_path / ("x" * 250 + ".JPG")
    shutil.copy(pair.photo, long_name)
    shutil.copy(pair.movie, long_name.with_suffix(".MOV"))
    args = ("pick", str(long_name), "--rekey", "--at", "0.1", "--out", str(folder))
    done = run(*args, cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert list(folder.iterdir()) == []
