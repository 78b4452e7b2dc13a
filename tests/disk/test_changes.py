"""Changes where files lie: undone, finished after a kill, and never over somebody else's file."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys

import pytest

from livecam.disk.changes import PREFIX, Change, finish_abandoned
from livecam.errors import OutputError
from tests.support.program import run

pytestmark = pytest.mark.usefixtures("own_trash")
posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL, and links")

OLD = {"a.MOV": b"old movie", "a.JPG": b"old picture"}
NEW = {"a.MOV": b"new movie, longer", "a.JPG": b"new picture, longer"}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, content in OLD.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(params=["links", "no links"])
def disk(request, monkeypatch):
    """A disk on which a file may have two names, and one (exFAT) on which it may not."""
    if request.param == "no links":

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def removed(folder):
    return Change.make([folder / name for name in OLD])


def replaced(folder):
    return Change.make([folder / name for name in OLD], NEW)


@pytest.mark.usefixtures("disk")
def test_files_go_and_come_back(folder):
    change = removed(folder)
    assert set(content(folder)) == {change._claim.path.name}
    change.undo()
    assert content(folder) == OLD
    assert len(list(folder.iterdir())) == len(OLD), "nothing hidden stays"


@pytest.mark.usefixtures("disk")
def test_new_files_take_the_place_of_old_ones_and_give_it_back(folder, own_trash):
    change = replaced(folder)
    assert NEW.items() <= content(folder).items()
    change.undo()
    assert content(folder) == OLD
    trash = {path.read_bytes() for path in (own_trash / "Trash" / "files").iterdir()}
    assert trash == {*OLD.values(), *NEW.values()}


def test_final_it_leaves_nothing_behind(folder):
    replaced(folder).forget()
    assert content(folder) == NEW
    assert len(list(folder.iterdir())) == len(NEW)


def test_who_still_runs_can_undo_what_another_looks_at(folder):
    change = removed(folder)
    assert finish_abandoned(folder) == []
    change.undo()
    assert content(folder) == OLD


@pytest.mark.usefixtures("disk")
def test_nobody_elses_file_is_overwritten_and_undo_may_be_tried_again(folder):
    change = removed(folder)
    (folder / "a.JPG").write_bytes(b"somebody's")
    with pytest.raises(OutputError, match="another file has its name"):
        change.undo()
    assert (folder / "a.JPG").read_bytes() == b"somebody's"
    (folder / "a.JPG").unlink()
    change.undo()
    assert content(folder) == OLD


def test_where_one_of_them_is_missing_nothing_goes_and_nothing_stays_behind(folder):
    with pytest.raises(OutputError):
        Change.make([*(folder / name for name in OLD), folder / "gone.MOV"])
    assert content(folder) == OLD
    assert len(list(folder.iterdir())) == len(OLD)


def test_where_there_is_no_trash_all_stays_as_it_was(folder, own_trash):
    own_trash.write_text("no folder can be made here")
    with pytest.raises(OutputError, match="trash"):
        replaced(folder)
    assert content(folder) == OLD
    assert len(list(folder.iterdir())) == len(OLD)


@posix
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="needs root to mount a disk")
def test_on_a_full_disk_without_links_nothing_is_cut_and_undo_needs_no_room(folder, monkeypatch):
    disk = folder.parent / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "x", disk], check=False).returncode:
        pytest.skip("may not mount a disk here")
    try:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
        big = {"a.JPG": os.urandom(700_000), "a.MOV": os.urandom(1_500_000)}
        for name, bytes_ in big.items():
            (disk / name).write_bytes(bytes_)
        change = Change.make([disk / name for name in big])
        (disk / "other").write_bytes(bytes(shutil.disk_usage(disk).free - 20_000))
        change.undo()
        assert {name: (disk / name).read_bytes() for name in big} == big
        with pytest.raises(OutputError, match="No space left"):
            Change.make([disk / name for name in big])
        assert {name: (disk / name).read_bytes() for name in big} == big
        assert not list(disk.glob(f"{PREFIX}*"))
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


CODE = """
import os, signal, sys
from pathlib import Path
from livecam.disk.changes import Change
what, left, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
old = [folder / "a.MOV", folder / "a.JPG"]
new = {"a.MOV": b"new movie, longer", "a.JPG": b"new picture, longer"} if "replace" in what else {}
watched = {"open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"}
armed = False
def kill(event, args):
    global left
    if armed and event in watched:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
armed = "undo" not in what and what != "forget"
change = Change.make(old, new)
armed = True
if "undo" in what:
    change.undo()
else:
    change.forget()
"""


@posix
@pytest.mark.parametrize("what", ["remove", "replace", "undo remove", "undo replace"])
def test_killed_at_any_instant_the_next_start_leaves_all_of_it_or_nothing(folder, own_trash, what):
    ends = {"remove": [OLD, {}], "replace": [OLD, NEW]}
    wanted = ends[what.removeprefix("undo ")]
    for instant in range(1, 200):
        done = subprocess.run(
            [sys.executable, "-c", CODE, what, str(instant), str(folder)], check=False
        )
        assert finish_abandoned(folder) == []
        assert content(folder) in wanted, instant
        assert not list(folder.glob(".*")), instant
        files = own_trash / "Trash" / "files"
        trash = [path.read_bytes() for path in files.iterdir()] if files.exists() else []
        for one in OLD.values():
            assert one in trash or one in content(folder).values(), "nothing is lost"
        if done.returncode != -signal.SIGKILL:
            break
        shutil.rmtree(own_trash, ignore_errors=True)
        shutil.rmtree(folder)
        folder.mkdir()
        for name, one in OLD.items():
            (folder / name).write_bytes(one)
    assert instant > 10
    assert done.returncode == 0
    assert content(folder) == (OLD if "undo" in what else wanted[1])


@posix
def test_the_next_run_takes_away_what_a_killed_one_kept(folder):
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from livecam.disk.changes import Change\n"
        "Change.make([Path(sys.argv[1])])\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder / "a.JPG")], check=False)
    assert list(folder.glob(f"{PREFIX}*"))
    assert run("recover", str(folder), cwd=folder).returncode == 0
    assert [path.name for path in folder.iterdir()] == ["a.MOV"]


@posix
def test_a_link_that_is_called_so_is_not_followed(folder, tmp_path):
    mine = tmp_path / "mine"
    (mine / "old").mkdir(parents=True)
    (mine / "old" / "notes.txt").write_text("mine")
    (mine / "journal.json").write_text('{"remove": {}, "place": ["notes.txt"], "origin": "old"}')
    (folder / f"{PREFIX}{'a' * 16}").symlink_to(mine, target_is_directory=True)
    assert finish_abandoned(folder) == []
    assert (mine / "old" / "notes.txt").read_text() == "mine"
    assert content(folder) == OLD


def test_a_journal_that_names_other_folders_is_not_obeyed(folder, tmp_path):
    store = folder / f"{PREFIX}{'a' * 16}"
    (store / "old").mkdir(parents=True)
    (store / "old" / "x").write_text("x")
    (store / "journal.json").write_text('{"remove": {}, "place": ["../x"], "origin": "old"}')
    (problem,) = finish_abandoned(folder)
    assert str(store) in problem
    assert not (tmp_path / "x").exists()
    assert (store / "old" / "x").exists(), "it is left as it is"
