"""What files and folders are taken for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from livecam.media.save_options import SaveOptions
from livecam.photos.inputs import find_inputs
from tests.support.files import numbered_movie, saved


@pytest.fixture(scope="module")
def moment_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moment")
    return saved(folder, SaveOptions(motion="beside"))


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


def test_a_photo_and_a_short_movie_of_one_name_are_a_pair(folder):
    Image.new("RGB", (32, 32)).save(folder / "CLIP.jpg")
    for named in ("CLIP.jpg", "clip.mp4"):
        assert summary(folder / named) == [("live-photo", ["CLIP.jpg", "clip.mp4"])]


def test_a_picture_beside_a_long_movie_of_its_name_stays_alone(folder):
    numbered_movie(folder / "long.mp4", [i / 2 for i in range(30)])
    Image.new("RGB", (32, 32)).save(folder / "long.jpg")
    assert summary(folder / "long.jpg") == [("pictures", ["long.jpg"])]
    assert summary(folder / "long.mp4") == [("video", ["long.mp4"])]
    (remark,) = find_inputs([folder]).remarks
    assert "long.jpg and long.mp4 are looked at apart" in remark


def test_a_photo_with_an_identifier_is_no_half_of_a_movie_without(folder):
    (folder / "IMG_1.MOV").rename(folder / "IMG_1_HEVC.MOV")
    (folder / "clip.mp4").rename(folder / "IMG_1.MP4")
    found = summary(folder)
    assert ("live-photo", ["IMG_1.JPG", "IMG_1_HEVC.MOV"]) in found
    assert ("video", ["IMG_1.MP4"]) in found
    (folder / "IMG_1_HEVC.MOV").unlink()
    found = find_inputs([folder])
    assert ("video", ["IMG_1.MP4"]) in [(i.kind, [p.name for p in i.files]) for i in found.inputs]
    assert "lacks the photo's content identifier" in found.remarks[0]


def test_composed_and_decomposed_letters_are_one_name(folder):
    """As macOS and other systems write them; the photo has lost its identifier."""
    with Image.open(folder / "IMG_1.JPG") as image:
        image.load()
    image.save(folder / "Caf\u00e9.JPG")
    (folder / "IMG_1.JPG").unlink()
    (folder / "IMG_1.MOV").rename(folder / "Cafe\u0301.MOV")
    assert ("live-photo", ["Caf\u00e9.JPG", "Cafe\u0301.MOV"]) in summary(folder)


def test_a_second_movie_with_the_identifier_does_not_join(folder):
    shutil.copy(folder / "IMG_1.MOV", folder / "IMG_1 (1).MOV")
    found = summary(folder)
    assert ("live-photo", ["IMG_1.JPG", "IMG_1.MOV"]) in found
    assert ("video", ["IMG_1 (1).MOV"]) in found


def test_a_half_that_cannot_be_read_is_named_and_the_other_is_used(folder):
    movie = folder / "IMG_1.MOV"
    movie.write_bytes(movie.read_bytes()[:-2000])
    found = find_inputs([folder / "IMG_1.JPG"])
    assert [(i.kind, i.file.name) for i in found.inputs] == [("pictures", "IMG_1.JPG")]
    found = find_inputs([folder])
    assert [path.name for path, _ in found.errors] == ["IMG_1.MOV"]


def test_an_animation_is_a_movie_and_a_picture_is_none(folder):
    frames = [Image.new("RGB", (32, 32), (i * 60, 0, 0)) for i in range(4)]
    for name in ("a.png", "b.webp", "c.avif", "d.gif"):
        frames[0].save(folder / f"moving-{name}", save_all=True, append_images=frames[1:])
        frames[0].save(folder / f"still-{name}")
    kinds = {
        path.name: source.kind for source in find_inputs([folder]).inputs for path in source.files
    }
    for name in ("a.png", "b.webp", "c.avif", "d.gif"):
        assert kinds[f"moving-{name}"] == "video"
        assert kinds[f"still-{name}"] == ("video" if name == "d.gif" else "pictures")


def test_what_nobody_here_reads_is_said(folder):
    (folder / "a.jxl").write_bytes(b"\xff\x0a")
    ((path, error),) = find_inputs([folder]).errors
    assert path.name == "a.jxl"
    assert "not supported" in error.message


def test_a_photo_that_lost_its_identifier_still_finds_its_movie(folder):
    with Image.open(folder / "IMG_1.JPG") as image:
        image.load()
    image.save(folder / "IMG_1.JPG")
    assert summary(folder / "IMG_1.JPG") == [("live-photo", ["IMG_1.JPG", "IMG_1.MOV"])]


@pytest.mark.samples
def test_files_whose_identifiers_differ_are_no_pair(samples):
    assert summary(samples / "livephotos" / "mismatched.JPG") == [("pictures", ["mismatched.JPG"])]
    assert summary(samples / "livephotos" / "mismatched.MOV") == [("video", ["mismatched.MOV"])]


def test_what_is_missing_is_named_and_a_photo_without_its_movie_is_used(folder):
    broken = folder / "PXL_3.MP.jpg"
    broken.write_bytes((folder / "PXL_2.MP.jpg").read_bytes()[:-5000])
    found = find_inputs([folder / "IMG_1.JPG", folder / "missing.jpg", broken])
    assert [source.kind for source in found.inputs] == ["live-photo", "pictures"]
    assert [path.name for path, _ in found.errors] == ["missing.jpg"]
    assert "does not exist" in found.errors[0][1].message
    (remark,) = found.remarks
    assert "promises a movie" in remark
    assert "the picture alone" in remark


def test_files_are_what_they_hold_whatever_their_ending_says(folder):
    Image.new("RGB", (32, 32)).save(folder / "really.png")
    (folder / "really.png").rename(folder / "called.jpg")
    numbered_movie(folder / "really.mkv", [0, 0.1])
    (folder / "really.mkv").rename(folder / "film.mp4")
    shutil.copy(folder / "a.jpg", folder / "still.mov")
    found = find_inputs([folder])
    kinds = {path.name: source.kind for source in found.inputs for path in source.files}
    assert kinds["called.jpg"] == "pictures"
    assert kinds["film.mp4"] == "video"
    ((path, error),) = found.errors
    assert path.name == "still.mov"
    assert "it is a JPEG picture" in error.message


def test_an_empty_file_spoils_nothing_beside_it(folder):
    (folder / "clip.jpg").write_bytes(b"")
    (folder / "zero.mov").write_bytes(b"")
    found = find_inputs([folder])
    kinds = {path.name: source.kind for source in found.inputs for path in source.files}
    assert kinds["IMG_1.JPG"] == "live-photo"
    assert kinds["clip.mp4"] == "video"
    assert [path.name for path, _ in found.errors] == ["zero.mov"]


def test_of_apple_photos_library_the_originals_alone_are_looked_at(tmp_path):
    library = tmp_path / "Photos Library.photoslibrary"
    for folder in ("originals/A", "resources/derivatives", "scopes", "database"):
        (library / folder).mkdir(parents=True)
        Image.new("RGB", (32, 32)).save(library / folder / "IMG_1.jpg")
    for named in (library, tmp_path):
        found = find_inputs([named])
        (one,) = found.inputs
        assert one.file == library / "originals" / "A" / "IMG_1.jpg"
    assert any("originals alone" in text for text in find_inputs([library]).remarks)


def test_takeouts_movie_belongs_to_its_photo(tmp_path):
    numbered_movie(tmp_path / "PXL_1.mp4", [i / 10 for i in range(20)])
    (tmp_path / "PXL_1.mp4").rename(tmp_path / "PXL_1.MP")
    Image.new("RGB", (32, 32)).save(tmp_path / "PXL_1.jpg")
    (one,) = find_inputs([tmp_path]).inputs
    assert one.kind == "live-photo"
    assert [path.name for path in one.files] == ["PXL_1.jpg", "PXL_1.MP"]


@pytest.mark.parametrize("name", ["clip.m3u8", "a.jxl"])
def test_what_cannot_be_read_is_said_in_plain_words(tmp_path, name):
    (tmp_path / name).write_bytes(b"#EXTM3U")
    ((path, error),) = find_inputs([tmp_path / name]).errors
    assert path.name == name
    assert "not supported" in error.message
