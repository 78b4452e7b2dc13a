"""What a person or a camera wrote stays, whatever is made of it: exiftool before and after."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from pathlib import Path

import av
import pytest
from PIL import Image

from livecam.edit.in_place import make_key
from livecam.formats.jpeg import xmp_packets
from livecam.formats.motion_photo import find_motion_movie
from livecam.formats.still_edit import with_xmp
from livecam.formats.xmp import motion_tags
from livecam.media.save_options import SaveOptions
from livecam.photos.check import check
from livecam.photos.inputs import find_inputs
from livecam.photos.judged import judge
from livecam.photos.pairs import find_halves
from livecam.quality.finder import FaceFinder
from tests.support.files import saved
from tests.support.program import events, run

pytestmark = pytest.mark.programs

WRITTEN = [
    "-XMP-dc:Subject=Holiday", "-XMP-dc:Subject=Grandma", "-XMP-dc:Title=At the lake",
    "-XMP-dc:Description=Ana and Grandma", "-XMP-dc:Rights=(c) A. Nyman", "-XMP-dc:Creator=Ana",
    "-XMP-xmp:Rating=5", "-XMP-xmp:Label=Red", "-XMP-photoshop:City=Lund",
    "-XMP-digiKam:TagsList=People/Ana", "-XMP-iptcExt:PersonInImage=Ana",
    "-XMP-crs:RawFileName=a.dng", "-IPTC:Keywords=Holiday", "-IPTC:City=Lund",
    "-IPTC:Caption-Abstract=Ana and Grandma", "-EXIF:Artist=Ana", "-EXIF:Copyright=A. Nyman",
    "-GPSLatitude=55.7", "-GPSLatitudeRef=N", "-GPSLongitude=13.19", "-GPSLongitudeRef=E",
    "-EXIF:UserComment=a comment", "-Comment=by hand", "-EXIF:LensModel=f/1.8",
]  # fmt: skip
SAID = [
    "-Keys:CreationDate=2024:07:01 18:30:00+02:00", "-Keys:Make=Apple", "-Keys:Model=iPhone 15",
    "-Keys:GPSCoordinates=55.7, 13.19, 10", "-Keys:Title=At the lake", "-Keys:Software=17.5",
    "-QuickTime:CreateDate=2024:07:01 16:30:00",
]  # fmt: skip
GROUPS = ("XMP-", "IPTC", "IFD0", "ExifIFD", "GPS", "Apple", "File:Comment", "Keys")
OF_THE_FILE = {
    "XMP-x:XMPToolkit", "IPTC:CodedCharacterSet", "ExifIFD:ImageUniqueID", "ExifIFD:ColorSpace",
    "ExifIFD:ExifImageWidth", "ExifIFD:ExifImageHeight", "Apple:ContentIdentifier",
    "Apple:MediaGroupUUID", "ExifIFD:SubjectArea", "IFD0:Orientation", "Keys:ContentIdentifier",
    "Keys:Encoder", "IFD0:Software", "Keys:LivecamMade",
}  # fmt: skip
"""What may change: the names of the file itself, and what describes the old pixels."""
OF_A_MOTION_PHOTO = ("XMP-GCamera", "XMP-GContainer", "XMP-Container", "XMP-GContainerItem")


def said(path: Path) -> dict[str, object]:
    """What exiftool reads, by group and name, but for what is of the file."""
    command = ["exiftool", "-a", "-G1", "-struct", "-json", "-n", str(path)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {
        name: value
        for name, value in found.items()
        if name.startswith(GROUPS)
        and name not in OF_THE_FILE
        and not name.startswith(OF_A_MOTION_PHOTO)
    }


def write(path: Path, tags: list[str]) -> None:
    command = ["exiftool", "-q", "-m", "-overwrite_original", *tags, str(path)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    files = saved(tmp_path_factory.mktemp("pair"), is_scored=True)
    files.scores.unlink()
    write(files.photo, WRITTEN)
    write(files.movie, SAID)
    return files.photo, files.movie


@pytest.fixture(scope="module")
def motion(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("motion")
    files = saved(folder, SaveOptions(motion="only"), is_scored=True)
    files.scores.unlink()
    write(files.photo, WRITTEN)
    return files.photo


def made(folder: Path, *args: object) -> list[Path]:
    done = run(*map(str, args), "--out", str(folder), cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    return sorted(folder.iterdir())


def assert_kept(before: Path, after: Path, but: tuple[str, ...] = ()) -> None:
    old, new = said(before), said(after)
    assert {n: v for n, v in old.items() if not n.startswith(but)}.items() <= new.items()


def test_the_photos_words_are_there_to_begin_with(pair, motion):
    for photo in (pair[0], motion):
        assert len([name for name in said(photo) if name.startswith("XMP-")]) >= 11
    assert said(pair[1])["Keys:Model"] == "iPhone 15"


PICK = (["--rekey", "--at", "0.1"], ["--at", "0.1"])
EXPORTS = ("still", "loop", "bounce", "long-exposure", "motion-photo")


@pytest.mark.parametrize("args", PICK, ids=["rekey", "out"])
@pytest.mark.parametrize("kind", ["live", "motion"])
def test_pick(pair, motion, tmp_path, kind, args):
    photo = pair[0] if kind == "live" else motion
    files = made(tmp_path / "out", "pick", photo, *args)
    new = next(path for path in files if path.suffix.lower() == ".jpg")
    assert_kept(photo, new)
    if kind == "live" and "--rekey" in args:
        assert_kept(pair[1], new.with_suffix(".MOV"))


@pytest.mark.parametrize("target", EXPORTS)
def test_export_of_a_live_photo(pair, tmp_path, target):
    files = made(tmp_path / "out", "export", "--to", target, pair[0])
    for path in files:
        assert_kept(pair[1] if path.suffix == ".MOV" else pair[0], path)


@pytest.mark.parametrize("target", ["still", "loop", "live-photo"])
def test_export_of_a_motion_photo(motion, tmp_path, target):
    files = made(tmp_path / "out", "export", "--to", target, motion)
    assert_kept(motion, next(path for path in files if path.suffix == ".JPG"))


@pytest.mark.parametrize("target", ["muted", "loop", "bounce"])
def test_export_of_a_movie(pair, tmp_path, target):
    movie = tmp_path / "clip.mov"
    shutil.copy(pair[1], movie)
    files = made(tmp_path / "out", "export", "--to", target, movie)
    assert_kept(movie, next(path for path in files if path.suffix == ".MOV"))


@pytest.mark.parametrize("target", ["live-photo", "motion-photo"])
def test_two_files_that_are_made_a_pair(pair, tmp_path, target):
    photo, movie = tmp_path / "photo.jpg", tmp_path / "clip.mov"
    shutil.copy(pair[1], movie)
    Image.new("RGB", (64, 48)).save(photo)
    write(photo, [*WRITTEN, "-EXIF:Make=Canon"])
    files = made(tmp_path / "out", "export", "--to", target, "--pair", photo, movie)
    for path in files:
        assert_kept(movie if path.suffix == ".MOV" else photo, path)


@pytest.mark.samples
def test_apples_note_keeps_what_is_in_it_and_gets_the_identifier(samples, tmp_path):
    photo = samples / "reports2" / "6_apple_note" / "IMG_hdr.jpg"
    movie = samples / "reports2" / "1_dates_places" / "clip_apple.mov"
    files = made(tmp_path / "out", "export", "--to", "live-photo", "--pair", photo, movie)
    new = next(path for path in files if path.suffix == ".JPG")
    assert len([name for name in said(photo) if name.startswith("Apple:")]) >= 17
    assert_kept(photo, new)
    (halves,) = find_halves([tmp_path / "out"])
    assert check(halves).defects == ()


@pytest.mark.samples
def test_depth_maps_and_gain_maps_stay_where_the_picture_does(samples, tmp_path):
    movie = samples / "reports2" / "1_dates_places" / "clip_apple.mov"
    depth = samples / "reports2" / "7_extended_xmp" / "depth.jpg"
    (new,) = made(tmp_path / "a", "export", "--to", "motion-photo", "--pair", depth, movie)
    assert_kept(depth, new)
    assert any(name.startswith("XMP-GImage:") for name in said(new))
    gain = samples / "reports2" / "8_gain_map_unnamed" / "adobe_ultra_hdr.jpg"
    (new,) = made(tmp_path / "b", "export", "--to", "motion-photo", "--pair", gain, movie)
    assert_kept(gain, new)
    tags = motion_tags(xmp_packets(new.read_bytes())[0])
    assert [item.semantic for item in tags.items] == ["Primary", "GainMap", "MotionPhoto"]
    start = len(new.read_bytes()) - tags.items[2].length - tags.items[1].length
    assert new.read_bytes()[start : start + 3] == b"\xff\xd8\xff"


@pytest.mark.samples
def test_keywords_of_a_real_library(samples, tmp_path):
    photo = samples / "reports2" / "10_keywords" / "IMG_0001.JPG"
    files = made(tmp_path / "out", "pick", photo, "--at", "0.4", "--rekey")
    assert_kept(photo, next(path for path in files if path.suffix == ".JPG"), ("XMP-mwg-rs",))


def test_a_movies_frame_says_where_when_and_with_what_it_was_taken(pair, tmp_path):
    movie = tmp_path / "clip.mov"
    shutil.copy(pair[1], movie)
    (photo,) = made(tmp_path / "out", "pick", movie, "--at", "0.1")
    found = said(photo)
    assert (found["IFD0:Make"], found["IFD0:Model"]) == ("Apple", "iPhone 15")
    assert found["GPS:GPSLatitude"] == pytest.approx(55.7)
    assert found["GPS:GPSAltitude"] == 10
    assert found["ExifIFD:DateTimeOriginal"] == "2024:07:01 18:30:00"
    assert found["ExifIFD:OffsetTimeOriginal"] == "+02:00"
    assert found["ExifIFD:SubSecTimeOriginal"] == pytest.approx(100, abs=20)


def test_the_change_in_place(pair, tmp_path, own_trash):
    for path in pair:
        shutil.copy(path, tmp_path)
    (source,) = find_inputs([tmp_path]).inputs
    finder = FaceFinder()
    pick = judge(source, finder)
    finder.close()
    change = make_key(pick, 0 if pick.present.index else 1)
    assert_kept(pair[0], change.source.file)
    assert_kept(pair[1], change.source.files[-1])
    change.forget()


def test_what_goes_with_the_old_pixels_is_named(pair, tmp_path):
    photo, movie = tmp_path / "IMG_1.JPG", tmp_path / "IMG_1.MOV"
    shutil.copy(pair[0], photo)
    shutil.copy(pair[1], movie)
    region = "Area={X=0.5,Y=0.5,W=0.1,H=0.1,Unit=normalized},Name=Ana,Type=Face"
    size = "AppliedToDimensions={W=64,H=48,Unit=pixel}"
    write(photo, [f"-XMP-mwg-rs:RegionInfo={{{size},RegionList=[{{{region}}}]}}"])
    done = run("pick", str(photo), "--at", "0.1", "--rekey", "--out", "out", cwd=tmp_path)
    assert "lost with the old pixels: where the faces of Ana are" in done.stdout
    (new,) = (tmp_path / "out").glob("*.JPG")
    assert_kept(photo, new, ("XMP-mwg-rs",))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_xmp_in_other_encodings_is_read(pair, tmp_path, encoding):
    photo = pair[0].read_bytes()
    (packet,) = xmp_packets(photo)
    text = packet.decode().partition("?>")[2].rpartition("<?xpacket")[0].strip()
    path = tmp_path / "IMG_1.JPG"
    path.write_bytes(with_xmp(photo, text.encode(encoding)))
    shutil.copy(pair[1], tmp_path / "IMG_1.MOV")
    files = made(tmp_path / "out", "pick", path, "--at", "0.1", "--rekey")
    new = next(one for one in files if one.suffix == ".JPG")
    assert said(new)["XMP-dc:Subject"] == ["Holiday", "Grandma"]


def rekeyed(folder: Path, photo: bytes, movie: bytes) -> tuple[Path, str]:
    folder.mkdir(exist_ok=True)
    (folder / "IMG_1.JPG").write_bytes(photo)
    (folder / "IMG_1.MOV").write_bytes(movie)
    command = ["pick", "IMG_1.JPG", "--at", "0.1", "--rekey", "--out", "out", "--json"]
    done = run(*command, cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    (event,) = events(done.stdout)
    return next(Path(path) for path in event["outputs"] if path.endswith(".JPG")), event["note"]


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">HH", marker, len(content) + 2) + content


def test_ffmpeg_reads_what_a_copied_movie_says(samples, tmp_path):
    android = (samples / "reports2" / "1_dates_places" / "clip_android.mp4").read_bytes()
    plain = tmp_path / "plain.jpg"
    Image.new("RGB", (64, 48)).save(plain)
    new, _ = rekeyed(tmp_path / "a", plain.read_bytes(), android)
    with av.open(str(new.with_suffix(".MOV"))) as movie:
        said_now = dict(movie.metadata)
    assert said_now["creation_time"].startswith("2024-07-01")
    assert said_now["com.apple.quicktime.location.ISO6709"].startswith("+55.7")
    assert len(said_now["com.apple.quicktime.content.identifier"]) == 36


def test_damaged_iptc_is_kept_as_it_is(pair, tmp_path):
    photo = pair[0].read_bytes()
    broken = b"Photoshop 3.0\0" + b"8BIM\4\4\xff" + b"n" * 20
    new, _ = rekeyed(
        tmp_path, photo[:2] + segment(0xFFED, broken) + photo[2:], pair[1].read_bytes()
    )
    assert new.is_file()


def test_iptc_behind_a_thumbnail_that_lies_across_two_segments(pair, tmp_path):
    plain = tmp_path / "plain.jpg"
    Image.new("RGB", (64, 48)).save(plain)
    write(plain, ["-IPTC:Keywords=Holiday"])
    data = plain.read_bytes()
    start = data.index(b"\xff\xed")
    end = start + 2 + int.from_bytes(data[start + 2 : start + 4])
    iptc = data[start + 4 + 14 : end]
    thumb = b"8BIM\x04\x0c\0\0" + struct.pack(">I", 70_000) + b"T" * 70_000
    blocks = thumb + iptc
    parts = [segment(0xFFED, b"Photoshop 3.0\0" + blocks[i : i + 60_000]) for i in (0, 60_000)]
    new, _ = rekeyed(
        tmp_path / "a", data[:start] + b"".join(parts) + data[end:], pair[1].read_bytes()
    )
    assert said(new)["IPTC:Keywords"] == "Holiday"
    assert b"TTTT" not in new.read_bytes()


def test_exif_that_leaves_no_room_is_said(pair, tmp_path):
    plain = tmp_path / "plain.jpg"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + b"x" * 65_100
    Image.new("RGB", (64, 48)).save(plain, exif=exif)
    _, note = rekeyed(tmp_path / "a", plain.read_bytes(), pair[1].read_bytes())
    assert "its EXIF, which is too long" in note


def test_a_makers_note_that_gives_way_is_said(pair, tmp_path):
    plain = tmp_path / "plain.jpg"
    exif = Image.Exif()
    exif[0x010F] = "NIKON"
    exif.get_ifd(0x8769)[0x927C] = b"Nikon\0" + b"x" * 40
    Image.new("RGB", (64, 48)).save(plain, exif=exif)
    _, note = rekeyed(tmp_path / "a", plain.read_bytes(), pair[1].read_bytes())
    assert "the maker's note of NIKON" in note


@pytest.mark.parametrize("prefix", ["rdf", "r", "RDF"])
def test_whatever_the_prefixes_are(motion, tmp_path, prefix):
    data = motion.read_bytes()
    (packet, *_) = xmp_packets(data)
    other = packet.replace(b"rdf:", f"{prefix}:".encode()).replace(
        b"xmlns:rdf", f"xmlns:{prefix}".encode()
    )
    path = tmp_path / "IMG_1.MP.jpg"
    path.write_bytes(with_xmp(data, other))
    files = made(tmp_path / "out", "pick", path, "--at", "0.1", "--rekey")
    assert said(files[0])["XMP-dc:Subject"] == ["Holiday", "Grandma"]
    assert find_motion_movie(files[0].read_bytes()) is not None
