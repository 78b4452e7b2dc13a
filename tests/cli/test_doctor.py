from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import events, run
from tests.support.promise import check_event


def test_it_says_what_works_on_one_screen(tmp_path):
    done = run("doctor", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert len(lines) < 24
    for word in ("camera", "microphone", "model", "encoders", "opencv", "folder", "spool", "memory",
                 "trash", "display"):  # fmt: skip
        assert any(line.split()[1] == word for line in lines[:-1]), word
    assert done.returncode == (1 if any(line.startswith("fail") for line in lines) else 0)
    assert list(tmp_path.iterdir()) == [], "looking changes nothing"


def test_a_missing_model_fails(tmp_path):
    done = run("doctor", "--model", "none.task", cwd=tmp_path)
    assert done.returncode == 1
    assert "fail  model" in done.stdout
    assert "cannot run" in done.stdout


def test_a_folder_that_cannot_be_written_fails(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("doctor", "--out", "file/below", cwd=tmp_path)
    assert done.returncode == 1
    assert "fail  folder" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_a_spool_that_is_not_ours_and_a_trash_that_is_none_are_said(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("no folder can be made here")
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / ".livecam-unfinished").symlink_to("/nonexistent")
    done = run("doctor", "--camera", "demo", cwd=tmp_path)
    assert re.search(r"warn +spool .*\.livecam-unfinished in .* is not ours", done.stdout)
    assert re.search(r"warn +trash ", done.stdout)
    assert done.returncode == 0


def test_devices_lists_cameras_and_microphones(tmp_path):
    done = run("devices", cwd=tmp_path)
    assert "cameras" in done.stdout
    assert "demo" in done.stdout
    assert "microphones" in done.stdout
    assert done.returncode in (0, 3)


def test_a_trial_says_what_was_lost_and_which_tier_fits(tmp_path):
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", "320x180"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as camera:
        url = f"http://127.0.0.1:{camera.stdout.readline().strip()}/"
        done = run("doctor", "--benchmark", "--camera", url, cwd=tmp_path)
        camera.kill()
    assert done.returncode == 0
    assert "3 of 3 moments saved" in done.stdout
    assert re.search(r"tier (lazy|live)", done.stdout)
    assert list(tmp_path.iterdir()) == [], "nothing stays behind"


def test_a_report_names_nobody(tmp_path):
    folder = tmp_path / "jana" / "pictures"
    done = run("doctor", "--report", "r.txt", "--out", str(folder), cwd=tmp_path)
    assert done.returncode == 0
    text = (tmp_path / "r.txt").read_text()
    assert "livecam" in text
    assert "opencv" in text
    for word in ("jana", str(Path.home()), os.environ.get("USER") or "jana"):
        assert word not in text
    assert run("doctor", "--report", "r.txt", cwd=tmp_path).returncode == 2, (
        "nothing is overwritten"
    )


def test_devices_and_doctor_tell_programs_too(tmp_path):
    for command in ("devices", "doctor"):
        for event in events(run(command, "--json", cwd=tmp_path).stdout):
            check_event(event)
            assert event["event"] in ("device", "finding")
