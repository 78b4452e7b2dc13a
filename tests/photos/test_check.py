"""True pairs pass, and every way of being none is found and named."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import av
import pytest
from PIL import Image

import livecam
from livecam.errors import InputError
from livecam.formats.boxes import box, find_box
from livecam.media.save_options import SaveOptions
from livecam.photos.check import check
from livecam.photos.pairs import find_halves
from livecam.photos.report import Report
from tests.support.files import numbered_movie, saved
from tests.support.frames import moment, write_movie
from tests.support.program import run

REAL = ("51F2BEF7", "IMG_4394", "IMG_4394_edited", "IMG_7943")


@pytest.fixture
def pair(out: Path) -> tuple[Path, Path]:
    """Photo and movie of a moment."""
    files = saved(out)
    return files.photo, files.movie


def report(*paths: Path) -> Report:
    (halves,) = find_halves(paths)
    return check(halves)


def takes(found: Report) -> dict[str, str]:
    return {verdict.program: verdict.takes for verdict in found.verdicts}


def changed(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    assert len(old) == len(new)
    path.write_bytes(data.replace(old, new))


@pytest.mark.samples
@pytest.mark.parametrize("name", REAL)
def test_every_real_pair_of_an_iphone_passes(samples, name):
    photo = next((samples / "livephotos").glob(f"{name}.[jhJH]*"))
    found = report(photo)
    assert found.is_true
    assert {takes(found)[p] for p in ("macOS Photos", "iPhone", "Immich", "PhotoPrism")} == {"yes"}


@pytest.mark.samples
def test_a_real_pair_of_two_photos_does_not(samples):
    found = report(samples / "livephotos" / "mismatched.JPG")
    assert not found.is_true
    assert any("differ" in defect for defect in found.defects)
    assert takes(found)["iPhone"] == "no"
    assert takes(found)["PhotoPrism"] == "yes", "which looks at names and length only"


@pytest.mark.parametrize(
    "form", [SaveOptions(), SaveOptions(still="heic", codec="hevc")], ids=["jpeg", "heic"]
)
def test_every_pair_that_livecam_writes_passes(out, form):
    if form.still == "heic":
        pytest.importorskip("pillow_heif")
    files = saved(out, form)
    found = report(files.movie)
    assert found.defects == ()
    assert {verdict.takes for verdict in found.verdicts[:-1]} == {"yes"}


def test_different_identifiers_are_found(pair):
    photo, movie = pair
    identifier = report(*pair).identifier
    other = ("1" if identifier[0] == "0" else "0") + identifier[1:]
    changed(photo, identifier.encode(), other.encode())
    found = report(photo, movie)
    assert found.identifier is None
    assert any("differ" in defect for defect in found.defects)
    assert takes(found)["Immich"] == "no"


def test_a_lower_case_identifier_is_found(pair):
    identifier = report(*pair).identifier.encode()
    for path in pair:
        changed(path, identifier, identifier.lower())
    assert any("upper-case" in defect for defect in report(*pair).defects)


def test_a_photo_that_was_edited_elsewhere_has_lost_its_half(pair):
    photo, _ = pair
    with Image.open(photo) as image:
        image.load()
        image.save(photo)
    found = report(*pair)
    assert any("no content identifier" in defect for defect in found.defects)
    assert takes(found)["macOS Photos"] == "no"


def test_a_maker_note_of_the_wrong_type_is_found(pair):
    photo, _ = pair
    changed(photo, b"\x92\x7c\x00\x07", b"\x92\x7c\x00\x01")
    assert any("UNDEFINED" in defect for defect in report(*pair).defects)


def test_a_plain_movie_has_neither_identifier_nor_still(pair):
    _, movie = pair
    write_movie(movie, moment([i / 30 for i in range(30)]))
    found = report(*pair)
    assert any("no content identifier" in defect for defect in found.defects)
    assert any("still-image-time" in defect for defect in found.defects)


def test_an_identifier_where_ffmpeg_puts_it_is_found(pair):
    _, movie = pair
    data = movie.read_bytes()
    moov = find_box(data, b"moov")
    meta = find_box(data, b"meta", within=moov)
    moved = box(b"udta", data[meta.start : meta.end])
    content = data[moov.body : meta.start] + moved
    movie.write_bytes(data[: moov.start] + box(b"moov", content))
    found = report(*pair)
    assert any("moov/udta/meta" in defect for defect in found.defects)
    assert (takes(found)["macOS Photos"], takes(found)["Immich"]) == ("no", "yes")


def test_a_movie_without_the_still_track_shows_on_a_mac_only(pair):
    _, movie = pair
    changed(movie, b"com.apple.quicktime.still-image-time", b"com.apple.quicktime.still-image-xxxx")
    found = report(*pair)
    assert any("still-image-time" in defect for defect in found.defects)
    assert (takes(found)["macOS Photos"], takes(found)["iPhone"]) == ("yes", "no")


def test_a_still_behind_the_end_is_found(pair):
    _, movie = pair
    data = bytearray(movie.read_bytes())
    at = data.rindex(b"elst") + 12
    data[at : at + 4] = struct.pack(">I", 600 * 99)
    movie.write_bytes(data)
    assert any("behind the end" in defect for defect in report(*pair).defects)


def test_an_mp4_is_no_quicktime_movie(pair):
    photo, movie = pair
    changed(movie, b"ftypqt  ", b"ftypmp42")
    found = report(photo, movie)
    assert any("brand" in defect for defect in found.defects)
    assert takes(found)["Nextcloud Memories"] == "no"


def test_a_long_movie_is_a_video_of_its_own_to_photoprism(out):
    it = moment([i / 30 for i in range(100)], size_wh=(64, 64))
    files = livecam.save(it, livecam.score(it), out)
    assert takes(report(files.movie))["PhotoPrism"] == "no"


def test_halves_with_different_names_are_no_pair_to_photoprism(pair, tmp_path):
    photo, movie = pair
    other = shutil.move(movie, tmp_path / "other.MOV")
    found = report(photo, other)
    assert (takes(found)["Immich"], takes(found)["PhotoPrism"]) == ("yes", "no")


def test_a_lost_half_is_said(pair):
    photo, movie = pair
    movie.unlink()
    assert report(photo).defects == ("there is no movie",)
    assert set(takes(report(photo)).values()) == {"no"}


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"x" * 100, b"\0\0\0\x18ftypheic" + bytes(12)]
)
def test_a_photo_that_is_none_is_one_error_or_one_defect(pair, content):
    photo, _ = pair
    photo.write_bytes(content)
    assert not is_true(pair)


def is_true(pair: tuple[Path, Path]) -> bool:
    """Whether the pair is a true one; an error of ours means no, any other fails the test."""
    try:
        return report(*pair).is_true
    except InputError:
        return False


def test_damage_anywhere_ends_in_a_report_or_in_one_error(pair):
    import random

    rng = random.Random(1)
    for path in pair:
        whole = path.read_bytes()
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(8):
                # Mostly in the metadata, where it hurts.
                area = len(whole) if rng.random() < 0.3 else 700
                at = rng.randrange(area)
                damaged[at if path.suffix == ".JPG" else -1 - at] = rng.randrange(256)
            cut = rng.randrange(10, len(damaged)) if rng.random() < 0.2 else len(damaged)
            path.write_bytes(damaged[:cut])
            is_true(pair)
        path.write_bytes(whole)


def test_the_command_tells_it_and_ends_with_the_right_code(pair, tmp_path):
    photo, movie = pair
    done = run("check", str(photo), cwd=tmp_path)
    assert done.returncode == 0
    assert "a true Live Photo" in done.stdout
    plain = photo.parent / "holiday.jpg"
    Image.new("RGB", (64, 64)).save(plain)
    done = run("check", str(photo.parent), cwd=tmp_path)
    assert done.returncode == 0
    assert "holiday" not in done.stdout, "an ordinary picture is no broken Live Photo"
    movie.unlink()
    assert run("check", str(photo.parent), cwd=tmp_path).returncode == 1
    assert run("check", "missing.JPG", cwd=tmp_path).returncode == 4
    photo.write_bytes(b"nothing")
    done = run("check", str(photo), cwd=tmp_path)
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1


def test_hevc_that_apples_players_do_not_show_is_found(out):
    files = saved(out, SaveOptions(codec="hevc"))
    changed(files.movie, b"hvc1", b"hev1")
    found = report(files.movie)
    assert any("hev1" in defect for defect in found.defects)
    assert takes(found)["macOS Photos"] == "no"


@pytest.mark.samples
def test_a_movie_that_ffmpeg_has_copied_is_found_out(samples, tmp_path):
    # What `ffmpeg -map 0 -c copy` does: the metadata tracks stay, with nothing in them.
    shutil.copy(samples / "livephotos" / "IMG_7943.HEIC", tmp_path)
    copied = tmp_path / "IMG_7943.MOV"
    original = str(samples / "livephotos" / "IMG_7943.MOV")
    with av.open(original) as source, av.open(str(copied), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    found = report(copied)
    assert any("emptied" in defect for defect in found.defects)
    assert any("no still-image-time track" in defect for defect in found.defects)


def test_a_movie_that_was_cut_off_is_an_error(pair):
    _, movie = pair
    movie.write_bytes(movie.read_bytes()[:-10])
    with pytest.raises(InputError):
        report(*pair)


def test_livecams_motion_photo_passes_the_specifications_checks(out):
    files = saved(out, SaveOptions(motion="only"))
    found = report(files.photo)
    assert (found.kind, found.defects) == ("Motion Photo", ())
    assert takes(found)["Immich"] == takes(found)["Nextcloud Memories"] == "yes"
    assert takes(found)["iPhone"] == "no"


@pytest.mark.samples
def test_a_pixels_motion_photo_passes_and_a_samsungs_wrong_lengths_are_named(samples):
    assert report(samples / "motionphotos" / "PXL_20200710_061629144.MP.jpg").defects == ()
    defects = report(samples / "motionphotos" / "samsung-one-ui-6.heic").defects
    assert any("3226668 bytes; it has 3226469" in defect for defect in defects)
    assert any("length of 452276" in defect for defect in defects)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (b'MotionPhotoVersion="1"', b'MotionPhotoVersion="2"', "version"),
        (b'Item:Semantic="Primary"', b'Item:Semantic="Another"', "list the photo"),
        (b'Item:Mime="image/jpeg"', b'Item:Mime="image/tiff"', "kind of file"),
    ],
)
def test_a_motion_photos_defects_are_named(out, old, new, word):
    files = saved(out, SaveOptions(motion="only"))
    changed(files.photo, old, new)
    assert any(word in defect for defect in report(files.photo).defects)


def test_a_motion_photo_under_another_name_is_told(out):
    files = saved(out, SaveOptions(motion="only"))
    other = shutil.move(files.photo, out / "holiday.jpg")
    assert any("end in MP" in defect for defect in report(other).defects)


@pytest.mark.samples
def test_a_movie_without_ftyp_is_half_of_a_true_pair(samples):
    (halves,) = find_halves([samples / "reports2" / "5_no_ftyp" / "IMG_0001.JPG"])
    assert check(halves).is_true


@pytest.mark.samples
def test_samsungs_movie_in_a_box_is_a_motion_photo(samples, tmp_path):
    photo = samples / "reports2" / "4_sefd_heic" / "sefd_box.heic"
    done = run("export", "--to", "live-photo", "--out", "out", str(photo), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (halves,) = find_halves([tmp_path / "out"])
    assert check(halves).defects == ()


@pytest.mark.parametrize("kind", ["photo", "movie"])
def test_of_an_ordinary_file_one_line_is_said(tmp_path, kind):
    path = tmp_path / ("IMG_1.jpg" if kind == "photo" else "IMG_1.mp4")
    if kind == "photo":
        Image.new("RGB", (32, 32)).save(path)
    else:
        numbered_movie(path, [0.0, 0.1])
    done = run("check", str(path), cwd=tmp_path)
    assert done.stdout.splitlines() == [f"IMG_1: an ordinary {kind}, no half of a Live Photo"]
    assert done.returncode == 1
