"""What files and folders are taken for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from livecam.media.form import Form
from livecam.photos.inputs import find_inputs
from tests.support.files import numbered_movie, saved


@pytest.fixture(scope="module")
def moment_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moment")
    return saved(folder, Form(motion="beside"))


@pytest.fixture
def folder(tmp_path, moment_files) -> Path:
    """A pair, a Motion Photo, a movie, two pictures; and one more folder with a picture."""
    shutil.copy(moment_files.photo, tmp_path / "IMG_1.JPG")
    shutil.copy(moment_files.movie, tmp_path / "IMG_1.MOV")
    shutil.copy(moment_files.motion_photo, tmp_path / "PXL_2.MP.jpg")
    numbered_movie(tmp_path / "clip.mp4", [0, 0.1])
    for name in ("b.png", "a.jpg"):
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    (tmp_path / "more").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "more" / "c.jpg")
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / ".hidden.jpg").write_bytes(b"")
    return tmp_path


def summary(*paths: Path) -> list[tuple[str, list[str]]]:
    found = find_inputs(paths)
    assert not found.errors
    return [(source.kind, [path.name for path in source.files]) for source in found.inputs]


def test_a_folder_is_sorted(folder):
    assert summary(folder) == [
        ("live-photo", ["IMG_1.JPG", "IMG_1.MOV"]),
        ("motion-photo", ["PXL_2.MP.jpg"]),
        ("video", ["clip.mp4"]),
        ("pictures", ["a.jpg", "b.png"]),
        ("pictures", ["c.jpg"]),
    ]


@pytest.mark.parametrize("name", ["IMG_1.JPG", "IMG_1.MOV"])
def test_either_half_brings_the_other(folder, name):
    assert summary(folder / name) == [("live-photo", ["IMG_1.JPG", "IMG_1.MOV"])]


def test_pictures_named_together_are_one_set(folder):
    named = (folder / "b.png", folder / "more" / "c.jpg")
    assert summary(*named) == [("pictures", ["b.png", "c.jpg"])]
    assert summary(folder / "a.jpg") == [("pictures", ["a.jpg"])]


def test_halves_with_other_names_are_known_by_their_identifier(folder):
    (folder / "IMG_1.MOV").rename(folder / "other.MOV")
    assert summary(folder / "IMG_1.JPG", folder / "other.MOV") == [
        ("live-photo", ["IMG_1.JPG", "other.MOV"])
    ]


def test_a_picture_beside_an_unrelated_movie_stays_alone(folder):
    Image.new("RGB", (32, 32)).save(folder / "clip.jpg")
    assert summary(folder / "clip.jpg") == [("pictures", ["clip.jpg"])]
    assert summary(folder / "clip.mp4") == [("video", ["clip.mp4"])]


def test_a_photo_that_lost_its_identifier_still_finds_its_movie(folder):
    with Image.open(folder / "IMG_1.JPG") as image:
        image.load()
    image.save(folder / "IMG_1.JPG")
    assert summary(folder / "IMG_1.JPG") == [("live-photo", ["IMG_1.JPG", "IMG_1.MOV"])]


@pytest.mark.samples
def test_files_whose_identifiers_differ_are_no_pair(samples):
    assert summary(samples / "livephotos" / "mismatched.JPG") == [("pictures", ["mismatched.JPG"])]
    assert summary(samples / "livephotos" / "mismatched.MOV") == [("video", ["mismatched.MOV"])]


def test_what_is_missing_or_broken_is_told_apart_from_what_is_good(folder):
    broken = folder / "PXL_3.MP.jpg"
    broken.write_bytes((folder / "PXL_2.MP.jpg").read_bytes()[:-5000])
    found = find_inputs([folder / "IMG_1.JPG", folder / "missing.jpg", broken])
    assert [source.kind for source in found.inputs] == ["live-photo"]
    assert [path.name for path, _ in found.errors] == ["missing.jpg", "PXL_3.MP.jpg"]
    assert "does not exist" in found.errors[0][1].message
    assert "promises a movie" in found.errors[1][1].message
