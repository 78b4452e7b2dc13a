"""A Live Photo in one archive is read like one in two files, and never changed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from livecam.photos.check import check
from livecam.photos.inputs import find_inputs
from livecam.photos.pairs import find_halves
from tests.support.files import saved
from tests.support.program import events, run


@pytest.fixture
def archive(tmp_path) -> Path:
    files = saved(tmp_path / "made", is_scored=True)
    path = tmp_path / "IMG_1.livp"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(files.photo, "IMG_1.JPG.jpg")
        archive.write(files.movie, "IMG_1.JPG.mov")
    return path


def test_it_is_scored_and_rekeyed_into_a_true_pair(archive, tmp_path):
    before = archive.read_bytes()
    done = run(
        "pick", str(archive), "--at", "0.1", "--rekey", "--out", "out", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (event,) = events(done.stdout)
    assert (event["kind"], event["files"]) == ("live-photo", [str(archive)])
    (halves,) = find_halves([tmp_path / "out"])
    assert check(halves).defects == ()
    assert archive.read_bytes() == before


def test_it_is_unpacked_once(archive, tmp_path):
    for _ in range(2):
        done = run("export", str(archive), "--to", "live-photo", "--out", "out", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    made = sorted((tmp_path / "out").iterdir())
    content = sorted(path.read_bytes() for path in (tmp_path / "made").glob("*.[JM][PO][GV]"))
    assert sorted(path.read_bytes() for path in made) == content
    (halves,) = find_halves([tmp_path / "out"])
    assert check(halves).defects == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a.jpg": b"x"}, "one photo and one movie"),
        ({"a.jpg": b"x", "b.jpg": b"x", "a.mov": b"x"}, "one photo and one movie"),
        ({f"{i}.jpg": b"x" for i in range(30)}, "more than a Live Photo"),
        ({"a.jpg": bytes(600_000_000), "a.mov": b"x"}, "more than a Live Photo"),
        ({"../../a.jpg": b"x", "/a.mov": b"x"}, "can be read"),
        (None, "cannot be unpacked"),
    ],
)
def test_what_is_none_is_one_line(tmp_path, content, words):
    path = tmp_path / "a.livp"
    if content is None:
        path.write_bytes(b"PK\3\4 and nothing else")
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    done = run("pick", str(path), cwd=tmp_path)
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert words in line
    assert [one.name for one in tmp_path.iterdir()] == ["a.livp"]


def test_in_a_folder_it_is_one_input(archive, tmp_path):
    (source,) = find_inputs([archive.parent / "IMG_1.livp"]).inputs
    assert source.kind == "live-photo"
    done = run("review", str(archive), cwd=tmp_path)
    assert done.returncode == 4
    assert "is an archive" in done.stderr
