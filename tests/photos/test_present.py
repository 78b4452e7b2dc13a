"""A photo stays unless somebody would thank for another one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from livecam.photos.check import check
from livecam.photos.pairs import find_halves
from tests.support.files import saved
from tests.support.pairs import frames_of, live_photo
from tests.support.program import events, run
from tests.support.promise import check_event


def picked(photo: Path, *args: str, rekey: bool = True) -> dict:
    out = ["--out", str(photo.parent / "out")]
    done = run(
        "pick", str(photo), "--json", *out, *(["--rekey"] if rekey else []), *args,
        cwd=photo.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (event,) = events(done.stdout)
    check_event(event)
    return event


@pytest.mark.samples
@pytest.mark.parametrize(
    ("clip", "first", "still"), [("d9.mp4", 380, 4), ("d12.mp4", 20, 29), ("d13.mp4", 60, 20)]
)
def test_shut_eyes_are_worth_another_photo_and_what_that_costs_is_said(
    samples, tmp_path, clip, first, still
):
    pictures = frames_of(samples / "faces" / clip, first, 60)
    photo = live_photo(tmp_path, pictures, still, smaller=3)
    event = picked(photo)
    height, width = pictures[0].shape[:2]
    assert event["photo"]["size_wh"] == [width, height]
    assert event["photo"]["stays"] == ""
    assert event["photo"]["score"] < 0.3
    assert event["size_wh"] == pytest.approx([width / 3, height / 3], abs=2)
    assert "megapixels become" in event["note"]
    (halves,) = find_halves([Path(event["outputs"][0])])
    assert check(halves).defects == ()
    (face,) = event["photo"]["faces"]
    left, _, right, _ = face["box_xyxy"]
    (small,) = event["frames"][still]["faces"]
    assert (right - left) / (small["box_xyxy"][2] - small["box_xyxy"][0]) == pytest.approx(
        3, abs=0.5
    )
    text = run("pick", str(photo), cwd=tmp_path).stdout
    assert f"({width}x{height})" in text
    assert "eyes" in text.splitlines()[-1]


@pytest.mark.samples
def test_a_photo_with_open_eyes_stays_whatever_is_a_little_better(samples, tmp_path):
    pictures = frames_of(samples / "faces" / "d9.mp4", 330, 60)
    photo = live_photo(tmp_path, [cv2.GaussianBlur(p, (0, 0), 0.6) for p in pictures], 27)
    before = photo.read_bytes()
    event = picked(photo)
    assert event["photo"]["stays"]
    assert event["outputs"] == []
    assert event["note"] == "nothing is written"
    assert list((tmp_path / "out").iterdir()) == []
    assert photo.read_bytes() == before
    text = run("pick", str(photo), cwd=tmp_path).stdout
    assert "the photo stays" in text.splitlines()[-1]
    # As a picture of its own it is the photo itself.
    copy = picked(photo, rekey=False)["outputs"]
    assert [Path(path).read_bytes() for path in copy] == [before]


@pytest.mark.samples
def test_a_dry_run_says_it_and_writes_nothing(samples, tmp_path):
    photo = live_photo(tmp_path, frames_of(samples / "faces" / "d9.mp4", 380, 60), 4)
    done = run("pick", str(photo), "--rekey", "--dry-run", "--out", "out", cwd=tmp_path)
    assert "eyes" in done.stdout.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.samples
def test_the_margin_is_the_users(samples, tmp_path):
    pictures = frames_of(samples / "faces" / "d9.mp4", 380, 60)
    photo = live_photo(tmp_path, pictures, 4)
    assert picked(photo, "--min-gain", "1")["outputs"] == []
    assert run("pick", str(photo), "--min-gain", "2", cwd=tmp_path).returncode == 2


def scene(i: int, blur: float = 0.0) -> np.ndarray:
    rows, columns = np.mgrid[0:480, 0:640]
    image = ((rows // 12 + (columns + i) // 12) % 2 * 120 + 60).astype(np.uint8)
    image = cv2.merge([image, image, image])
    return cv2.GaussianBlur(image, (0, 0), blur) if blur else image


def test_without_a_face_the_photo_stays_unless_it_is_plainly_bad(tmp_path):
    movie = [scene(i, 1.0 if i == 20 else 0.0) for i in range(40)]
    event = picked(live_photo(tmp_path / "a", movie, 20, smaller=1))
    assert event["basis"] == "frame"
    assert event["photo"]["stays"]
    movie[20] = np.full_like(movie[20], 2)  # black: the flash did not fire
    event = picked(live_photo(tmp_path / "b", movie, 20, smaller=1))
    assert event["photo"]["stays"] == ""
    assert len(event["outputs"]) == 2


def test_what_livecam_has_just_taken_is_left_alone(tmp_path):
    files = saved(tmp_path, is_scored=True)
    event = picked(files.photo)
    assert event["photo"]["stays"]
    assert event["outputs"] == []


@pytest.mark.samples
def test_a_turned_photo_is_judged_and_measured_upright(samples, tmp_path):
    pictures = frames_of(samples / "faces" / "d13.mp4", 60, 60)
    photo = live_photo(tmp_path, pictures, 20)
    with Image.open(photo) as image:
        exif = image.getexif()
        exif[0x0112] = 6
        image.rotate(90, expand=True).save(photo, quality=95, exif=exif)
    event = picked(photo)
    assert event["photo"]["size_wh"] == [720, 1280]
    assert len(event["photo"]["faces"]) == 1
