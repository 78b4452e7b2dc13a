"""The system's trash, as freedesktop.org's specification wants it."""

from __future__ import annotations

import configparser
import errno
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from livecam.disk.trash import problem, put_into_trash
from livecam.errors import OutputError

pytestmark = [
    pytest.mark.usefixtures("own_trash"),
    pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the system's own call there"),
]


def in_trash(data: Path) -> dict[str, str]:
    """What lies there, and where each thing came from."""
    found = {}
    for file in sorted((data / "Trash" / "files").iterdir()):
        info = configparser.ConfigParser(interpolation=None)
        info.read(data / "Trash" / "info" / f"{file.name}.trashinfo")
        found[file.read_text()] = unquote(info["Trash Info"]["Path"])
    return found


def test_what_is_removed_says_where_it_came_from(tmp_path, own_trash):
    file = tmp_path / "größe 50%.JPG"
    file.write_text("picture")
    assert problem(tmp_path) == ""
    assert not own_trash.exists(), "to ask changes nothing"
    put_into_trash(file)
    assert not file.exists()
    assert in_trash(own_trash) == {"picture": str(file)}


def test_a_second_file_of_the_name_has_its_place_too(tmp_path, own_trash):
    file = tmp_path / "a.JPG"
    for content in ("first", "second"):
        file.write_text(content)
        put_into_trash(file)
    assert set(in_trash(own_trash)) == {"first", "second"}


@pytest.mark.parametrize("stem", ["a" * 251, "ä" * 125], ids=["letters", "umlauts"])
def test_a_name_as_long_as_there_are_has_room_too(tmp_path, own_trash, stem):
    file = tmp_path / f"{stem}.JPG"
    for content in ("first", "second"):
        file.write_text(content)
        put_into_trash(file)
    assert in_trash(own_trash) == {"first": str(file), "second": str(file)}


def test_two_programs_that_remove_one_name_at_once_lose_nothing(tmp_path, own_trash):
    code = (
        "import sys\nfrom pathlib import Path\nfrom livecam.disk.trash import put_into_trash\n"
        "folder = Path(sys.argv[1]) / sys.argv[2]\nfolder.mkdir()\nfile = folder / 'IMG_1.JPG'\n"
        "for i in range(200):\n"
        "    file.write_text(f'{sys.argv[2]}-{i}')\n"
        "    put_into_trash(file)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, tmp_path, who]) for who in "ab"]
    assert [one.wait() for one in running] == [0, 0]
    assert set(in_trash(own_trash)) == {f"{who}-{i}" for who in "ab" for i in range(200)}


def test_without_links_nothing_is_replaced_either(tmp_path, own_trash, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    test_a_second_file_of_the_name_has_its_place_too(tmp_path, own_trash)


def test_a_link_goes_as_a_link(tmp_path, own_trash):
    (tmp_path / "target").write_text("stays")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    put_into_trash(tmp_path / "link")
    assert (own_trash / "Trash" / "files" / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "stays"


def test_where_there_is_none_the_file_stays_and_it_is_said(tmp_path, own_trash):
    own_trash.write_text("no folder can be made here")
    file = tmp_path / "a.JPG"
    file.write_text("picture")
    assert problem(tmp_path)
    with pytest.raises(OutputError, match="trash"):
        put_into_trash(file)
    assert file.read_text() == "picture"
