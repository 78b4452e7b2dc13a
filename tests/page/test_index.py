"""What is known of a folder, and how it stays true."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from pathlib import Path

import pytest

from livecam.page.cache import Cache
from livecam.page.index import Index
from tests.support.files import saved


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "photos"
    saved(made, is_scored=True)
    return made


def looked(folder, tmp_path):
    library = Index(folder, tmp_path / "index.sqlite")
    library.refresh()
    return library


def test_a_moment_is_found_with_its_score_and_its_time(folder, tmp_path):
    (entry,) = looked(folder, tmp_path).entries
    record = json.loads(next(folder.glob("*.json")).read_text())
    assert entry.kind == "live-photo"
    assert [path.suffix for path in entry.files] == [".JPG", ".MOV"]
    assert entry.score == record["key"]["score"]
    assert entry.duration_s == record["duration_s"]


def test_the_index_says_at_once_what_was_there(folder, tmp_path):
    before = looked(folder, tmp_path).entries
    again = Index(folder, tmp_path / "index.sqlite")
    assert again.entries == before
    assert again.is_looking


def test_new_changed_and_gone_files_are_noticed(folder, tmp_path):
    library = looked(folder, tmp_path)
    (first,) = library.entries
    below = folder / "below"
    below.mkdir()
    for path in folder.glob("livecam-*"):
        shutil.copy2(path, below)
    version = library.version
    library.refresh()
    assert len(library.entries) == 2
    assert library.version > version
    shutil.rmtree(below)
    for path in first.files:
        os.utime(path, (1, 1))
    library.refresh()
    (changed,) = library.entries
    assert changed.id == first.id
    assert changed.stamp != first.stamp
    for path in first.files:
        path.unlink()
    library.refresh()
    assert library.entries == []
    assert Index(folder, tmp_path / "index.sqlite").entries == []


def test_nothing_is_read_again_where_nothing_changed(folder, tmp_path, monkeypatch):
    library = looked(folder, tmp_path)

    def never(*_):
        raise AssertionError("the folder is as it was")

    monkeypatch.setattr("livecam.page.index.inputs_among", never)
    again = Index(folder, tmp_path / "index.sqlite")
    again.refresh()
    assert again.entries == library.entries


@pytest.mark.skipif(os.name == "nt", reason="names are always text there")
def test_a_name_that_is_no_utf8_is_a_name(folder, tmp_path):
    odd = os.fsencode(folder) + b"/od\xffd"
    Path(os.fsdecode(odd)).mkdir()
    for path in folder.glob("livecam-*"):
        shutil.copy(path, os.fsdecode(odd))
    assert len(looked(folder, tmp_path).entries) == 2
    assert len(Index(folder, tmp_path / "index.sqlite").entries) == 2


def test_a_record_of_something_else_is_passed_over(folder, tmp_path):
    next(folder.glob("*.json")).write_text('{"kind": "moment", "photo": 7, "key": []}')
    (entry,) = looked(folder, tmp_path).entries
    assert entry.score is None


def test_the_cache_makes_a_thing_once_and_forgets_what_was_not_used(tmp_path):
    made = []

    def make(path):
        made.append(path)
        path.write_bytes(b"x" * 60_000_000)

    cache = Cache(tmp_path / "cache", most_bytes=130_000_000)
    first = cache.get("aa-1", make)
    assert cache.get("aa-1", make) == first
    assert len(made) == 1
    os.utime(first, (1, 1))
    cache.get("bb-2", make)
    cache.get("cc-3", make)
    assert not first.exists(), "the one not used for longest goes"
    assert sum(path.is_file() for path in (tmp_path / "cache").rglob("*")) == 2


def test_what_cannot_be_made_leaves_nothing(tmp_path):
    def make(path):
        path.write_bytes(b"half")
        raise ValueError

    cache = Cache(tmp_path / "cache")
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it was
        cache.get("aa-1", make)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_camera_whose_clock_was_never_set_hides_no_folder(folder, tmp_path):
    files = sorted(folder.glob("livecam-*"))
    photo = next(path for path in files if path.suffix == ".JPG")
    data = photo.read_bytes()
    date = re.search(rb"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d", data)[0]
    photo.write_bytes(data.replace(date, b"0001:01:01 00:00:00"))
    next(path for path in files if path.suffix == ".json").unlink()
    (folder / "later").mkdir()
    for path in files[:2]:
        shutil.copy(path, folder / "later")
    library = looked(folder, tmp_path)
    assert [entry.files[0].parent.name for entry in library.entries] == ["later", "photos"]
    assert not library.is_looking


def test_numbers_that_are_none_are_left_out(folder, tmp_path):
    path = next(folder.glob("*.json"))
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "duration_s": float("inf")}))
    (entry,) = looked(folder, tmp_path).entries
    assert entry.duration_s is None


def test_a_damaged_index_is_made_anew(folder, tmp_path):
    (tmp_path / "index.sqlite").write_bytes(b"this is no database" * 100)
    assert len(looked(folder, tmp_path).entries) == 1


def test_what_a_killed_run_kept_in_a_folder_is_let_go(folder, tmp_path):
    kept = folder / f".livecam-undo-{'0' * 16}"
    (kept / "old").mkdir(parents=True)
    (kept / "old" / "a.JPG").touch()
    looked(folder, tmp_path)
    assert not kept.exists()


def test_no_moment_seems_to_be_gone_while_its_files_are_changed(folder, tmp_path):
    library = looked(folder, tmp_path)
    (entry,) = library.entries
    looking = threading.Thread(target=library.refresh)
    with library.at_rest:
        away = entry.files[0].rename(tmp_path / "away.JPG")
        looking.start()
        looking.join(0.3)
        assert library.entry(entry.id) is not None
        away.rename(entry.files[0])
    looking.join(30)
    assert library.entry(entry.id) is not None
