"""A photo in which somebody blinks gets the face of a frame, and stays as it is around it."""

from __future__ import annotations

import io
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from livecam.edit.faces_in_photo import with_better_faces
from livecam.formats.motion_photo import find_motion_movie
from livecam.formats.motion_photo_new import motion_photo
from livecam.formats.movie_facts import read_movie
from livecam.photos.check import check
from livecam.photos.inputs import find_inputs
from livecam.photos.pairs import find_halves
from livecam.photos.pick import Wanted, open_movie, pick
from livecam.photos.pictures import picture_frame, read_picture
from livecam.quality.finder import FaceFinder
from tests.conftest import SAMPLES
from tests.support.pairs import frames_of, live_photo
from tests.support.program import events, run

jpeglib = pytest.importorskip("jpeglib")
pytestmark = pytest.mark.samples
FIRST, COUNT, STILL = 380, 60, 4
"""Of d9.mp4, a window in which the eyes are shut at the still."""
NEW = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return frames_of(SAMPLES / "faces" / "d9.mp4", FIRST, COUNT)


def rekeyed(photo: Path, *args: str) -> dict:
    out = photo.parent / "out"
    command = ["pick", str(photo), "--out", str(out), "--json", *(args or ["--rekey"])]
    done = run(*command, cwd=photo.parent)
    assert done.returncode == 0, done.stderr
    (event,) = events(done.stdout)
    return event


def blink(path: Path) -> float:
    frame, size_wh = picture_frame(path, 0)
    with closing(FaceFinder()) as finder:
        finder.start(alone=True)
        (face,) = finder.read(frame, size_wh).faces
    return face.blink


def blocks(path: Path, folder: Path):
    copy = folder / "picture.jpg"  # as jpeglib wants it: a name in ASCII, and nothing behind it
    copy.write_bytes(path.read_bytes())
    return jpeglib.read_dct(str(copy))


def test_eyes_are_opened_and_no_other_block_is_changed(pictures, tmp_path):
    photo = live_photo(tmp_path, pictures, STILL)
    event = rekeyed(photo)
    assert event["note"].startswith("composed: the face from")
    movie, new = map(Path, event["outputs"])
    assert blink(photo) > 0.5 > 0.3 > blink(new)
    with Image.open(photo) as before, Image.open(new) as after:
        assert before.size == after.size
        assert after.getexif()[0x0110] == "iPhone 15"
        assert "composed by livecam" in after.getexif()[0x010E]
    old, made = blocks(photo, tmp_path), blocks(new, tmp_path)
    assert (old.qt == made.qt).all()
    for name, step in (("Y", 8), ("Cb", 16), ("Cr", 16)):
        changed = (getattr(old, name) != getattr(made, name)).any(axis=(2, 3))
        assert 0 < changed.mean() < 0.45
        rows, columns = np.nonzero(changed)
        (face,) = event["photo"]["faces"]
        left, top, right, bottom = face["box_xyxy"]
        wide, high = right - left, bottom - top
        assert left - 0.3 * wide < columns.min() * step
        assert (columns.max() + 1) * step < right + 0.3 * wide
        assert top - 0.5 * high < rows.min() * step
        assert (rows.max() + 1) * step < bottom + 0.5 * high
    (halves,) = find_halves([movie])
    assert check(halves).defects == ()
    still_s = read_movie(movie.read_bytes()).still.time_s
    assert still_s == pytest.approx(STILL / 30, abs=0.001), "it is still that photo"


def test_a_turned_photo_in_another_colour_space_keeps_both(pictures, tmp_path):
    photo = live_photo(tmp_path, pictures, STILL)
    # Red and blue apart further than sRGB's, as a phone's wide profile has them.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with Image.open(photo) as image:
        exif = image.getexif()
        exif[0x0112] = 6
        image.rotate(90, expand=True).save(photo, quality=92, exif=exif, icc_profile=profile)
    event = rekeyed(photo)
    new = Path(event["outputs"][1])
    assert event["note"].startswith("composed")
    with Image.open(new) as image:
        assert image.getexif()[0x0112] == 6
        assert image.info["icc_profile"] == profile
        assert image.size == (480, 512)
    assert blink(new) < 0.3
    before, after = read_picture(photo), read_picture(new)
    same = (before == after).all(axis=2)
    assert 0.5 < same.mean() < 0.95


def test_a_motion_photos_movie_and_all_behind_it_stays(pictures, tmp_path):
    photo = live_photo(tmp_path, pictures, STILL)
    movie = photo.with_suffix(".MOV")
    made = motion_photo(photo.read_bytes(), movie, STILL / 30)
    movie.unlink()
    photo.unlink()
    path = tmp_path / "IMG_0001.MP.jpg"
    path.write_bytes(made)
    event = rekeyed(path)
    new = Path(event["outputs"][0])
    assert event["note"].startswith("composed")
    old, now = (find_motion_movie(one.read_bytes()) for one in (path, new))
    assert new.read_bytes()[now.start :] == path.read_bytes()[old.start :]
    assert now.still_s == old.still_s
    assert blink(new) < 0.3


def test_what_would_have_to_be_enlarged_too_much_is_said_and_the_frame_offered(pictures, tmp_path):
    large = [cv2.resize(picture, None, fx=2, fy=2) for picture in pictures]
    event = rekeyed(live_photo(tmp_path, large, STILL, smaller=4))
    assert "4.0 times the movie's pixels across" in event["note"]
    assert "megapixels become" in event["note"]


def test_best_take_asks_for_it_where_the_photo_would_stay(pictures, tmp_path):
    photo = live_photo(tmp_path, pictures, 28)
    before = photo.read_bytes()
    event = rekeyed(photo, "--rekey", "--best-take")
    assert event["outputs"] == []
    assert "nobody is better" in event["note"]
    assert photo.read_bytes() == before


def test_as_a_picture_of_its_own(pictures, tmp_path):
    photo = live_photo(tmp_path, pictures, STILL)
    event = rekeyed(photo, "--best-take")
    (new,) = map(Path, event["outputs"])
    assert blink(new) < 0.3
    with Image.open(io.BytesIO(new.read_bytes())) as image:
        assert image.size == (512, 480)
    assert new.read_bytes().count(b"Apple iOS") == 1


def test_it_comes_out_the_same_each_time(pictures, tmp_path):
    photo = live_photo(tmp_path, pictures, STILL)
    first = Path(rekeyed(photo)["outputs"][1]).read_bytes()
    for path in (tmp_path / "out").iterdir():
        path.unlink()
    assert Path(rekeyed(photo)["outputs"][1]).read_bytes() == first


def test_a_caption_stays_beside_what_is_composed(pictures, tmp_path):
    photo = live_photo(tmp_path, pictures, STILL)
    with Image.open(photo) as image:
        exif = image.getexif()
        exif[0x010E] = "Ana at the lake"
        image.save(photo, quality=92, exif=exif)
    new = Path(rekeyed(photo)["outputs"][1])
    with Image.open(new) as image:
        assert image.getexif()[0x010E].startswith("Ana at the lake (composed by livecam")


def test_a_jpeg_of_red_green_and_blue_keeps_its_colours(pictures, tmp_path):
    photo = live_photo(tmp_path, pictures, STILL)
    with Image.open(photo) as image:
        image.save(photo, quality=92, exif=image.getexif(), keep_rgb=True)
    event = rekeyed(photo)
    new = Path(event["outputs"][1])
    assert "encoded as a whole" in event["note"]
    before, after = (np.asarray(read_picture(one)).astype(int) for one in (photo, new))
    assert np.abs(before - after).mean() < 12


@pytest.mark.parametrize("installed", [True, False])
def test_a_motion_photo_stays_one_however_it_is_written(pictures, tmp_path, monkeypatch, installed):
    photo = live_photo(tmp_path, pictures, STILL)
    made = motion_photo(photo.read_bytes(), photo.with_suffix(".MOV"), STILL / 30)
    path = tmp_path / "b" / "IMG_0001.MP.jpg"
    path.parent.mkdir()
    path.write_bytes(made)
    monkeypatch.setattr("livecam.formats.jpeg_blocks.is_installed", lambda: installed)
    (source,) = find_inputs([path]).inputs
    with closing(FaceFinder()) as finder, open_movie(source) as movie:
        chosen = pick(source, finder, Wanted(), movie)
        files, _ = with_better_faces(chosen, movie, NEW, finder, rekeys=True)
    found = find_motion_movie(files.content[".MP.jpg"])
    assert found.still_s == pytest.approx(STILL / 30, abs=0.001)
    old = find_motion_movie(made)
    assert files.content[".MP.jpg"][found.start :] == made[old.start :]


@pytest.mark.parametrize("how", [[], ["--in-place"]], ids=["beside", "in place"])
def test_a_report_that_is_applied_opens_the_eyes_too(pictures, tmp_path, own_trash, how):
    photo = live_photo(tmp_path, pictures, STILL)
    with Image.open(photo) as image:
        size = image.size
    before = photo.read_bytes()
    report = tmp_path / "report.jsonl"
    assert run("pick", str(photo), "--report", str(report), cwd=tmp_path).returncode == 0
    done = run("apply", str(report), "--json", *how, cwd=tmp_path)
    (event,) = events(done.stdout)
    assert event["note"].startswith("composed: the face from")
    (new,) = (Path(name) for name in event["outputs"] if name.endswith(".JPG"))
    with Image.open(new) as image:
        assert image.size == size, "the photo keeps its pixels"
    assert blink(new) < 0.3
    assert run("apply", str(report), "--undo", cwd=tmp_path).returncode == 0
    assert photo.read_bytes() == before
