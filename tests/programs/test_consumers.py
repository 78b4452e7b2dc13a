"""What Immich, PhotoPrism and Nextcloud Memories look at, as rules, on every kind of file written.

The rules are those that were read in the programs' own source (see README); the programs themselves
are not run. They read files through exiftool, and so does this.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from livecam.media.save_options import SaveOptions
from tests.support.files import saved
from tests.support.program import events, run

pytestmark = pytest.mark.programs

FORMS = {
    "jpeg and h264": SaveOptions(),
    "jpeg and hevc": SaveOptions(codec="hevc"),
    "heic and h264": SaveOptions(still="heic"),
    "heic and hevc": SaveOptions(still="heic", codec="hevc"),
}


def tags(path: Path) -> dict[str, Any]:
    """What exiftool tells these programs; videos are read with -ee, as Immich does."""
    command = ["exiftool", "-j", "-struct", "-n", "-ee", "-G0", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    listed = json.loads(done.stdout)[0]
    # Older versions of exiftool call it so; files have a directory too.
    listed["XMP:ContainerDirectory"] = listed.pop(
        "XMP:ContainerDirectory", listed.pop("XMP:Directory", [])
    )
    return {name.rpartition(":")[2]: value for name, value in listed.items()}


def identifier(path: Path) -> str | None:
    """Immich's livePhotoCID: the one name or the other, as versions of exiftool call it."""
    found = tags(path)
    return found.get("ContentIdentifier") or found.get("MediaGroupUUID")


def is_one_to_immich(photo: Path, movie: Path) -> bool:
    return identifier(photo) is not None and identifier(photo) == identifier(movie)


def is_live_to_photoprism(photo: Path, movie: Path) -> bool:
    """By name; HEIC with MOV always, anything else if the movie is short."""
    if photo.stem != movie.stem:
        return False
    by_name = photo.suffix.lower() == ".heic" and movie.suffix.lower() == ".mov"
    return by_name or 0 < float(tags(movie)["Duration"]) <= 3.1


def is_live_to_memories(photo: Path, movie: Path) -> bool:
    """Only QuickTime movies, never MP4."""
    found = tags(movie)
    return found["MIMEType"] == "video/quicktime" and identifier(photo) == identifier(movie)


def is_motion_to_immich(photo: Path) -> bool:
    """By the container's directory: the last bytes of the file are the movie."""
    found = tags(photo)
    items = [entry["Item"] for entry in found.get("ContainerDirectory", [])]
    if found.get("MotionPhoto") != 1 or len(items) < 2:
        return False
    video = next(item for item in items if item["Semantic"] == "MotionPhoto")
    length, padding = int(video["Length"]), int(video.get("Padding", 0))
    data = photo.read_bytes()
    start = len(data) - length - padding
    return data[start + 4 : start + 8] == b"ftyp"


def is_motion_to_photoprism(photo: Path) -> bool:
    """A flag, and a movie of a known brand somewhere in the file."""
    data = photo.read_bytes()
    brands = (b"ftypisom", b"ftypmp42", b"ftypqt  ", b"ftypmp41", b"ftypiso5")
    return tags(photo).get("MotionPhoto") == 1 and any(brand in data for brand in brands)


def check_pair(photo: Path, movie: Path) -> None:
    assert is_one_to_immich(photo, movie)
    assert is_live_to_photoprism(photo, movie)
    assert is_live_to_memories(photo, movie)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_moment_is_live_to_all_of_them(out, form):
    if form.still == "heic":
        pytest.importorskip("pillow_heif")
    files = saved(out, form, frames=90)
    check_pair(files.photo, files.movie)


def test_a_motion_photo_is_one_and_no_half_of_the_pair_beside_it(out):
    files = saved(out, SaveOptions(motion="beside"))
    assert is_motion_to_immich(files.motion_photo)
    assert is_motion_to_photoprism(files.motion_photo)
    assert identifier(files.motion_photo) is None
    check_pair(files.photo, files.movie)


@pytest.mark.parametrize(
    "command",
    ["pick --rekey --at 0.2", "export --to loop", "export --to long-exposure"],
)
def test_what_is_made_of_a_pair_is_live_to_all_of_them(out, tmp_path, command):
    name, *rest = command.split()
    files = saved(out)
    done = run(name, str(files.photo), *rest, "--out", "made", "--json", cwd=tmp_path)
    (event,) = events(done.stdout)
    movie, photo = map(Path, event["outputs"])
    check_pair(photo, movie)
    assert identifier(photo) != identifier(files.photo), "a moment of its own"


def test_converting_there_and_back_is_live_to_all_of_them(out, tmp_path):
    source: Path = saved(out, SaveOptions(motion="only")).photo
    done = run("export", str(source), "--to", "live-photo", "--out", "m", "--json", cwd=tmp_path)
    movie, photo = map(Path, events(done.stdout)[0]["outputs"])
    check_pair(photo, movie)
    done = run("export", str(photo), "--to", "motion-photo", "--out", "m", "--json", cwd=tmp_path)
    (back,) = map(Path, events(done.stdout)[0]["outputs"])
    assert is_motion_to_immich(back)
    assert is_motion_to_photoprism(back)
