"""A whole folder on the page: all scores, several moments downloaded or thrown away at once."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import subprocess
import zipfile

import pytest

from tests.page.test_server import Served
from tests.support import small_disk
from tests.support.files import saved
from tests.support.program import started
from tests.support.waiting import until

pytest.importorskip("uvicorn")


@contextlib.contextmanager
def page_of(folder, *args):
    with started("review", str(folder), "--no-open", *args, cwd=folder.parent) as livecam:
        yield Served(livecam.stdout.readline(), folder)


@pytest.fixture
def three(tmp_path, monkeypatch, own_trash):
    """A folder with two moments, one more below, and a file that is no movie."""
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    folder = tmp_path / "photos"
    saved(folder)
    saved(folder)
    saved(folder / "below")
    return folder


def listing(server: Served) -> dict:
    return json.loads(server.ask("/api/moments")[1])


def looked_at(server: Served) -> dict:
    """The list, once nothing is looked at any more."""

    def look() -> dict | None:
        found = listing(server)
        return None if found["looked"][0] else found

    return until(look, "the end of the looking")


def test_all_are_looked_at_once_and_the_scores_are_kept(three):
    (three / "broken.mov").write_bytes(b"no movie" * 100)
    with page_of(three) as server:
        assert len(server.moments()) >= 3
        assert all(moment[5] is None for moment in listing(server)["moments"])
        assert server.ask("/api/look", "POST", {"is_on": True})[0].status == 200
        found = looked_at(server)
        scores = {moment[0]: moment[5] for moment in found["moments"]}
        assert found["looked"][1] == 3
        assert all(0 <= score <= 1 for score in scores.values() if score is not None)
    with page_of(three) as server:
        server.moments()
        assert {moment[0]: moment[5] for moment in listing(server)["moments"]} == scores, "kept"


@pytest.mark.skipif(bool(small_disk.problem()), reason=small_disk.problem())
def test_where_the_cache_is_full_it_ends_and_says_why(three, tmp_path, monkeypatch):
    with small_disk.mounted(tmp_path / "disk") as disk:
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk.path))
        with page_of(three) as server:
            server.moments()
            disk.fill()
            server.ask("/api/look", "POST", {"is_on": True})
            found = looked_at(server)
            assert "not all moments were looked at: no space left" in found["problems"][-1]
            disk.make_room()
            server.ask("/api/look", "POST", {"is_on": True})
            assert looked_at(server)["looked"][1:] == [3, 0], "another try does it"


def test_a_moment_that_was_opened_has_its_score_in_the_list(three):
    with page_of(three) as server:
        name = server.moments()[0]["id"]
        facts = json.loads(server.ask(f"/api/moments/{name}")[1])
        scores = {moment[0]: moment[5] for moment in listing(server)["moments"]}
        assert scores[name] == facts["frames"][facts["key"]]["score"]
        assert [score for score in scores.values() if score is not None] == [scores[name]]


def test_several_go_into_the_trash_and_come_back_in_one_step(three):
    def content():
        # What can be brought back lies in a hidden folder until the page is closed.
        seen = [path for path in three.rglob("[!.]*") if ".livecam" not in str(path)]
        return {path: path.read_bytes() for path in seen if path.is_file()}

    before = content()
    with page_of(three) as server:
        names = [moment["id"] for moment in server.moments()]
        answer, told = server.ask("/api/trash", "POST", {"moments": names})
        assert answer.status == 200
        assert json.loads(told)["message"] == "3 moments in the trash"
        assert content() == {}
        assert server.moments() == []
        assert server.ask("/api/undo", "POST", {})[0].status == 200
        assert content() == before
        assert len(server.moments()) == 3
        for wrong in ({}, {"moments": []}, {"moments": ["x"]}, {"moments": names * 300}):
            assert server.ask("/api/trash", "POST", wrong)[0].status == 404
        assert len(server.moments()) == 3


def test_several_are_one_download_of_the_files_as_they_are(three):
    with page_of(three) as server:
        names = [moment["id"] for moment in server.moments()]
        answer, data = server.ask(f"/zip?moments={','.join(names)}")
        assert answer.headers["Content-Type"] == "application/zip"
        assert server.ask("/zip?moments=")[0].status == 404
        assert server.ask("/zip?moments=../x")[0].status == 404
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    there = {
        path.relative_to(three).as_posix(): path.read_bytes()
        for path in three.rglob("*")
        if path.suffix in (".JPG", ".MOV")
    }
    assert found == there


def test_a_favourite_has_five_stars_for_other_programs_and_theirs_stay(three):
    def stars() -> dict[str, int]:
        return {moment[3]: moment[7] for moment in listing(server)["moments"]}

    photos = sorted(three.glob("*.JPG"))
    others = photos[1].with_name(f"{photos[1].name}.xmp")
    others.write_text('<x:xmpmeta><rdf:li xmp:Rating="3" dc:title="mine"/></x:xmpmeta>')
    before = others.read_bytes()
    with page_of(three) as server:
        names = {moment["name"]: moment["id"] for moment in server.moments()}
        assert stars()[photos[1].name] == 3
        path = f"/api/moments/{names[photos[0].name]}/star"
        assert server.ask(path, "POST", {"is_on": True})[0].status == 200
        assert stars()[photos[0].name] == 5
        sidecar = photos[0].with_name(f"{photos[0].name}.xmp")
        if shutil.which("exiftool"):
            command = ["exiftool", "-s3", "-XMP-xmp:Rating", str(sidecar)]
            assert subprocess.run(command, capture_output=True, text=True).stdout.strip() == "5"
        assert server.ask(path, "POST", {"is_on": False})[0].status == 200
        assert not sidecar.exists()
        assert stars()[photos[0].name] == 0
        path = f"/api/moments/{names[photos[1].name]}/star"
        answer, told = server.ask(path, "POST", {"is_on": True})
        assert answer.status == 404
        assert "another program's" in json.loads(told)["message"]
    assert others.read_bytes() == before
