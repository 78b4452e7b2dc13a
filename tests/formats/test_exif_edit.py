"""Tags are changed in their place; everything else stays byte for byte."""

from __future__ import annotations

import contextlib
import io
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from livecam.edit.still import new_tags
from livecam.errors import InputError
from livecam.formats.apple_note import new_note
from livecam.formats.exif import image_id, maker_note
from livecam.formats.exif_edit import MINIMAL_TIFF, ExifEditor
from livecam.formats.jpeg import EXIF_HEADER
from livecam.formats.still import exif_of
from livecam.formats.still_edit import with_identifier
from tests.support.files import saved

OLD, NEW = "C3754624-A6E6-4B17-9F0C-0D2D3B6F1E55", "11111111-2222-4333-8444-555555555555"
UNIQUE = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def camera_jpeg() -> bytes:
    """A photo with a camera, a place, a thumbnail-free EXIF and an Apple note, by Pillow."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Apple", "iPhone"
    exif[ExifTags.Base.Orientation] = 6
    photo = exif.get_ifd(ExifTags.IFD.Exif)
    photo[ExifTags.Base.ExifImageWidth], photo[ExifTags.Base.ExifImageHeight] = 4032, 3024
    photo[ExifTags.Base.SubjectLocation] = (1, 2)
    photo[0x9214] = (10, 20, 30, 40)
    photo[ExifTags.Base.DateTimeOriginal] = "2026:05:17 12:00:00"
    photo[ExifTags.Base.MakerNote] = new_note(OLD)
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (40.0, 34.0, 2.0)
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "JPEG", exif=exif)
    return out.getvalue()


def read(tiff: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(EXIF_HEADER + tiff)
    return exif


def test_a_new_picture_keeps_camera_date_and_place(camera_jpeg):
    tags = new_tags(camera_jpeg, (640, 480), UNIQUE)
    tags.set_identifier(NEW)
    exif = read(tags.to_bytes())
    photo = exif.get_ifd(ExifTags.IFD.Exif)
    assert (exif[ExifTags.Base.Make], exif[ExifTags.Base.Model]) == ("Apple", "iPhone")
    assert exif[ExifTags.Base.Orientation] == 1
    assert photo[ExifTags.Base.DateTimeOriginal] == "2026:05:17 12:00:00"
    assert (photo[0xA002], photo[0xA003]) == (640, 480)
    assert 0x9214 not in photo, "the subject's place in the old picture"
    assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] == (40.0, 34.0, 2.0)
    assert maker_note(tags.to_bytes()).identifier == NEW
    assert image_id(tags.to_bytes()) == UNIQUE


def test_the_identifier_alone_changes_36_bytes(camera_jpeg):
    renamed = with_identifier(camera_jpeg, NEW)
    assert len(renamed) == len(camera_jpeg)
    assert renamed.replace(NEW.encode(), OLD.encode()) == camera_jpeg


def test_without_an_identifier_it_is_no_half_any_more(camera_jpeg):
    alone = with_identifier(camera_jpeg, None)
    assert maker_note(exif_of(alone)).identifier is None
    assert len(alone) == len(camera_jpeg)
    assert Image.open(io.BytesIO(alone)).getexif()[ExifTags.Base.Make] == "Apple"


def test_a_photo_without_tags_gets_them():
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "JPEG")
    paired = with_identifier(out.getvalue(), NEW)
    assert maker_note(exif_of(paired)).identifier == NEW
    Image.open(io.BytesIO(paired)).load()


@pytest.mark.samples
@pytest.mark.programs
@pytest.mark.parametrize("name", ["51F2BEF7.jpeg", "IMG_4394.HEIC", "IMG_7943.HEIC"])
def test_an_iphones_tags_are_as_valid_as_before(samples, tmp_path, name):
    before = (samples / "livephotos" / name).read_bytes()
    tags = new_tags(before, (1080, 1440), UNIQUE)
    tags.set_identifier(NEW)
    picture = tmp_path / "a.jpg"
    Image.new("RGB", (1080, 1440)).save(picture, exif=EXIF_HEADER + tags.to_bytes())

    def listed(path) -> dict[str, str]:
        command = ["exiftool", "-G1", "-s", "-a", "-IFD0:all", "-ExifIFD:all", "-GPS:all",
                   "-Apple:all", "-IFD1:all", str(path)]  # fmt: skip
        lines = subprocess.run(command, capture_output=True, check=True).stdout.decode("latin-1")
        return dict(line.split(" : ", 1) for line in lines.splitlines() if " : " in line)

    old, new = listed(samples / "livephotos" / name), listed(picture)
    changed = {tag.split()[1] for tag in old if old[tag] != new.get(tag)}
    changed |= {tag.split()[1] for tag in new if tag not in old}
    allowed = {
        "Orientation", "ExifImageWidth", "ExifImageHeight", "ColorSpace", "ImageUniqueID",
        "SubjectArea", "MediaGroupUUID", "ContentIdentifier", "YCbCrPositioning", "Compression",
        "XResolution", "YResolution", "ResolutionUnit", "ThumbnailOffset", "ThumbnailLength",
        "ThumbnailImage",
    }  # fmt: skip
    assert changed <= allowed
    if name.endswith("jpeg"):
        assert not any(tag.startswith("[IFD1]") for tag in new), "the old picture's thumbnail"


def test_livecams_own_photo_can_be_edited_again(out):
    photo = saved(out).photo.read_bytes()
    renamed = with_identifier(photo, NEW)
    assert maker_note(exif_of(renamed)).identifier == NEW


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_ends_in_one_error_of_ours_or_in_none(data):
    tags = ExifEditor(MINIMAL_TIFF)
    tags.describe_new_picture((640, 480), UNIQUE)
    tags.set_identifier(OLD)
    damaged = bytearray(tags.to_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        editor = ExifEditor(bytes(damaged))
        editor.describe_new_picture((10, 20), UNIQUE)
        editor.set_identifier(NEW)
        editor.remove_identifier()
        assert len(editor.to_bytes()) < 100_000
