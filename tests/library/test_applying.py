"""A report is applied, beside the files or in their place, and all of it taken back."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from livecam.photos.check import check
from livecam.photos.pairs import find_halves
from tests.support.program import events, run
from tests.support.promise import check_event
from tests.support.reports import reported_library


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def library(tmp_path):
    return reported_library(tmp_path)


def rating(path: Path) -> int:
    root = ET.parse(path).getroot()
    (described,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return int(described.get("{http://ns.adobe.com/xap/1.0/}Rating"))


def apply(report: Path, *args: str, code: int = 0) -> list[dict]:
    done = run("apply", str(report), "--json", *args, cwd=report.parent)
    assert done.returncode == code, done.stderr + done.stdout
    found = events(done.stdout)
    for event in found:
        check_event(event)
    return found


@pytest.mark.parametrize("how", [[], ["--in-place"]], ids=["beside", "in place"])
def test_it_is_done_and_taken_back(library, own_trash, how):
    folder, report = library
    before = content(folder)
    done = apply(report, *how)
    assert [event["event"] for event in done] == ["applied"] * 3
    after = content(folder)
    if how:
        assert after.keys() == before.keys()
        assert all(after[name] != before[name] for name in before)
    else:
        assert before.items() < after.items(), "the old files are not touched"
        assert len(after) == 2 * len(before)
    for halves in find_halves([folder]):
        if halves.photo is not None and not halves.photo.name.endswith(".MP.jpg"):
            assert check(halves).defects == ()
    apply(report, "--undo")
    assert content(folder) == before
    assert "was undone" in run("apply", str(report), "--undo", cwd=folder).stderr


def test_only_what_is_named_and_nothing_at_all(library):
    folder, report = library
    before = content(folder)
    done = run("apply", str(report), "--dry-run", cwd=folder)
    assert done.stdout.splitlines()[-1] == "3 would change"
    assert content(folder) == before
    name = min(folder.glob("*.JPG")).name
    (event,) = apply(report, "--only", name)
    assert Path(event["file"]).name == name
    assert run("apply", str(report), "--only", "other.jpg", cwd=folder).returncode == 2


def test_a_movie_that_has_changed_is_left_alone(library):
    _, report = library
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    lines[0]["key"]["index"] = 3
    report.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = apply(report, code=1)
    assert sorted(event["event"] for event in done) == ["applied", "applied", "error"]


def test_what_is_no_report_is_one_line(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"files": 1}\n')
    done = run("apply", "a.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert run("apply", "none.jsonl", cwd=tmp_path).returncode == 4


def test_another_file_with_the_old_name_stops_undo_and_loses_nothing(library, own_trash):
    folder, report = library
    apply(report, "--in-place")
    newest = min(folder.glob("*.MP.jpg"))
    newest.unlink()
    newest.write_bytes(b"mine")
    done = run("apply", str(report), "--undo", cwd=folder)
    assert done.returncode == 1
    assert newest.read_bytes() == b"mine"
    newest.unlink()
    apply(report, "--undo")


def test_applied_twice_it_is_done_once_and_undone_to_the_first(library, own_trash):
    folder, report = library
    before = content(folder)
    apply(report, "--in-place")
    once = content(folder)
    again = apply(report, "--in-place")
    assert all("already" in event["note"] for event in again)
    assert content(folder) == once
    apply(report, "--undo")
    assert content(folder) == before


def test_what_the_user_has_trashed_since_is_not_what_comes_back(library, own_trash):
    from livecam.disk.trash import put_into_trash

    folder, report = library
    before = content(folder)
    apply(report, "--in-place")
    for path in list(folder.iterdir()):
        put_into_trash(path)
    apply(report, "--undo")
    assert content(folder) == before


def test_a_new_file_that_was_changed_since_is_the_users(library, own_trash):
    folder, report = library
    before = content(folder)
    apply(report)
    (edited, *_) = folder.glob("*_key.JPG")
    edited.write_bytes(b"mine")
    apply(report, "--undo")
    assert content(folder) == before | {edited.name: b"mine"}


def test_a_log_that_was_torn_is_gone_on_with(library, own_trash):
    folder, report = library
    before = content(folder)
    apply(report, "--in-place")
    log = report.with_name(f"{report.name}.applied")
    log.write_bytes(log.read_bytes() + b'{"kind": "live')
    apply(report, "--undo")
    assert content(folder) == before
    log.write_bytes(b"{}\n")
    done = run("apply", str(report), "--undo", cwd=folder)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_a_report_that_names_no_files_is_one_line(tmp_path):
    line = {"files": [], "kind": "live-photo", "gain": 0.5, "key": {"index": 1, "time_s": 0.1}}
    (tmp_path / "r.jsonl").write_text(json.dumps(line) + "\n")
    done = run("apply", "r.jsonl", "--dry-run", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_ratings_lie_beside_the_photos_and_those_that_are_there_stay(library, own_trash):
    folder, report = library
    before = content(folder)
    first, second = sorted(folder.glob("*.JPG"))
    own = second.with_suffix(".xmp")
    own.write_text("mine")
    done = apply(report, "--ratings", code=1)
    (error,) = (event for event in done if event["event"] == "error")
    assert "gone.JPG" in error["file"], "a photo that is gone gets none"
    assert own.read_text() == "mine"
    assert not second.with_name(f"{second.name}.xmp").exists()
    made = first.with_name(f"{first.name}.xmp")
    assert rating(made) == 2, "0.9 less what it would gain, 0.8"
    assert {name: after for name, after in content(folder).items() if name in before} == before
    apply(report, "--ratings", code=1)
    assert len(list(folder.glob("*.xmp"))) == 3, "no second one"
    apply(report, "--undo")
    assert content(folder) == before | {own.name: b"mine"}


def test_ratings_change_no_photo_at_all(library):
    _, report = library
    assert run("apply", str(report), "--ratings", "--in-place", cwd=report.parent).returncode == 2
    done = run("apply", str(report), "--ratings", "--dry-run", cwd=report.parent)
    assert "2 stars, 0.10" in done.stdout
    assert done.stdout.endswith("4 would change\n")


def test_a_photo_that_was_changed_is_rated_as_it_is_now(library, own_trash):
    folder, report = library
    first = min(folder.glob("*.JPG"))
    apply(report, "--in-place", "--only", first.name)
    apply(report, "--ratings", "--only", first.name)
    assert rating(first.with_name(f"{first.name}.xmp")) == 5
