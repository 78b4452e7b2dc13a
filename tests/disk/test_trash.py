"""The system's trash, and back out of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from livecam.disk.trash import PREFIX, forget_abandoned, put_away
from livecam.errors import OutputError
from tests.support.program import run

posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")


pytestmark = pytest.mark.usefixtures("own_trash")


def test_files_go_and_come_back(tmp_path):
    files = [tmp_path / name for name in ("a.MOV", "a.JPG")]
    for file in files:
        file.write_bytes(file.name.encode())
    removed = put_away(files)
    assert not any(file.exists() for file in files)
    removed.bring_back()
    assert [file.read_bytes() for file in files] == [b"a.MOV", b"a.JPG"]
    assert not list(tmp_path.glob(f"{PREFIX}*"))


def test_who_still_runs_can_bring_back_what_another_looks_at(tmp_path):
    file = tmp_path / "a.JPG"
    file.write_bytes(b"picture")
    removed = put_away([file])
    forget_abandoned(tmp_path)
    removed.bring_back()
    assert file.read_bytes() == b"picture"


@posix
def test_what_a_killed_run_kept_for_bringing_back_goes(tmp_path):
    file = tmp_path / "a.JPG"
    file.write_bytes(b"picture")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from livecam.disk.trash import put_away\n"
        "put_away([Path(sys.argv[1])])\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(file)])
    assert list(tmp_path.glob(f"{PREFIX}*"))
    assert run("recover", str(tmp_path), cwd=tmp_path).returncode == 0
    assert not list(tmp_path.glob(f"{PREFIX}*"))
    assert not file.exists()


def test_nobody_elses_file_is_overwritten(tmp_path):
    file = tmp_path / "a.JPG"
    file.write_bytes(b"old")
    removed = put_away([file])
    file.write_bytes(b"somebody's")
    with pytest.raises(OutputError, match="another file has its name"):
        removed.bring_back()
    assert file.read_bytes() == b"somebody's"
    file.unlink()
    removed.bring_back()
    assert file.read_bytes() == b"old"


def test_where_one_of_them_is_missing_nothing_goes_and_nothing_stays_behind(tmp_path):
    file = tmp_path / "a.JPG"
    file.write_bytes(b"picture")
    with pytest.raises(OutputError):
        put_away([file, tmp_path / "gone.MOV"])
    assert [path.name for path in tmp_path.glob("*.*")] == ["a.JPG"]
    assert not list(tmp_path.glob(f"{PREFIX}*"))
