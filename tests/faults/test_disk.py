"""Disks that are full, read-only or gone: what was acknowledged is saved, or said to wait."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from livecam import contract
from livecam.capture.source import CameraRequest
from livecam.demo.camera import DemoCamera, DemoOptions
from livecam.photos.check import check
from livecam.photos.pairs import find_halves
from tests.support import small_disk
from tests.support.files import numbered_movie
from tests.support.program import events, run, started, wait_for
from tests.support.session import running

DEMO = ["--camera", "demo:every", "--size", "320x180", "--no-live-score", "--json"]
SHORT = ["--before", "0.6", "--after", "0.4"]

needs_disk = pytest.mark.skipif(bool(small_disk.problem()), reason=small_disk.problem())


@pytest.fixture
def disk(tmp_path):
    with small_disk.mounted(tmp_path / "disk") as mounted:
        yield mounted


def press(livecam: subprocess.Popen[str]) -> None:
    livecam.stdin.write("\n")
    livecam.stdin.flush()


def rest(livecam: subprocess.Popen[str]) -> list[dict]:
    livecam.send_signal(signal.SIGTERM)
    return events(livecam.communicate(timeout=90)[0])


def assert_true_pair(saved: dict) -> None:
    (halves,) = find_halves([Path(saved["movie"])])
    assert check(halves).defects == ()


def of(found: list[dict], name: str) -> list[dict]:
    return [event for event in found if event["event"] == name]


@needs_disk
def test_a_full_disk_in_the_middle_of_a_movie_holds_nothing_up(tmp_path, disk):
    out = disk.path / "recordings"
    out.mkdir()
    with started(
        *DEMO, *SHORT, "--out", str(out), cwd=tmp_path, stdin=subprocess.PIPE
    ) as livecam:  # fmt: skip
        wait_for(livecam, "armed")
        press(livecam)
        wait_for(livecam, "saved")
        disk.fill(left=60_000)  # room for the beginning of a movie
        press(livecam)
        notice = wait_for(livecam, "notice")
        assert notice["id"] == 2
        assert "waits: cannot write to" in notice["message"]
        assert "No space left" in notice["message"]
        assert len(list(out.glob("livecam-*"))) == 3, "nothing half"
        press(livecam)
        assert wait_for(livecam, "notice")["id"] == 3
        disk.make_room()
        ids = {wait_for(livecam, "saved")["id"], wait_for(livecam, "saved")["id"]}
        assert ids == {2, 3}
        press(livecam)
        saved = wait_for(livecam, "saved")
        assert saved["id"] == 4
        assert_true_pair(saved)
        found = rest(livecam)
    assert of(found, "error") == []
    assert found[-1]["saved"] == 4
    assert livecam.returncode == 143
    assert len(list(out.iterdir())) == 12


@needs_disk
def test_a_disk_that_is_read_only_for_a_while(tmp_path, disk):
    out = disk.path / "recordings"
    out.mkdir()
    with started(
        *DEMO, *SHORT, "--out", str(out), cwd=tmp_path, stdin=subprocess.PIPE
    ) as livecam:  # fmt: skip
        wait_for(livecam, "armed")
        disk.remount("ro")
        press(livecam)
        assert "Read-only file system" in wait_for(livecam, "notice")["message"]
        disk.remount("rw")
        assert_true_pair(wait_for(livecam, "saved"))
        rest(livecam)


def test_a_folder_that_is_deleted_is_made_again(tmp_path):
    out = tmp_path / "recordings"
    with started(*DEMO, *SHORT, cwd=tmp_path, stdin=subprocess.PIPE) as livecam:
        wait_for(livecam, "armed")
        shutil.rmtree(out)
        press(livecam)
        assert "No such file" in wait_for(livecam, "notice")["message"]
        assert_true_pair(wait_for(livecam, "saved"))
        rest(livecam)


@needs_disk
@pytest.mark.parametrize("named", [True, False], ids=["--spill", "default"])
def test_what_cannot_be_written_by_the_end_goes_elsewhere_and_is_said(tmp_path, disk, named):
    out, spill = disk.path / "recordings", tmp_path / "spill"
    out.mkdir()
    where = ["--spill", str(spill)] if named else []
    with started(
        *DEMO, *SHORT, "--out", str(out), *where, cwd=tmp_path, stdin=subprocess.PIPE
    ) as livecam:  # fmt: skip
        wait_for(livecam, "armed")
        disk.fill()
        press(livecam)
        wait_for(livecam, "notice")
        found = rest(livecam)
    (saved,) = of(found, "saved")
    (error,) = of(found, "error")
    folder = Path(saved["movie"]).parent
    assert folder == spill if named else folder.name.startswith("livecam-")
    assert f"moment 1 is in {folder}" in error["message"]
    assert error["id"] is None, "it is not lost"
    assert_true_pair(saved)
    if not named:
        assert folder.stat().st_mode & 0o077 == 0
        shutil.rmtree(folder)


@needs_disk
def test_nothing_is_lost_but_by_the_users_own_word(tmp_path, disk):
    out = disk.path / "recordings"
    out.mkdir()
    with started(
        *DEMO, *SHORT, "--out", str(out), "--spill", str(disk.path / "spill"), cwd=tmp_path,
        stdin=subprocess.PIPE,
    ) as livecam:  # fmt: skip
        wait_for(livecam, "armed")
        disk.fill()
        press(livecam)
        wait_for(livecam, "notice")
        livecam.send_signal(signal.SIGINT)
        said = wait_for(livecam, "notice")["message"]
        assert said.startswith("saving 1 moment, then quitting; Ctrl-C again loses")
        assert "1 moment cannot be written yet" in said
        with pytest.raises(subprocess.TimeoutExpired):
            livecam.wait(timeout=3)
        livecam.send_signal(signal.SIGINT)
        _, stderr = livecam.communicate(timeout=20)
    assert livecam.returncode == 130
    assert "not saved: moment 1" in stderr


def test_a_limit_that_no_waiting_mends_is_an_error_at_once(tmp_path):
    resource = pytest.importorskip("resource")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = run(*DEMO, *SHORT, "--shots", "2", cwd=tmp_path, preexec_fn=small_files)
    found = events(done.stdout)
    assert [event["id"] for event in of(found, "error")] == [1, 2]
    assert done.returncode == 1
    assert not list((tmp_path / "recordings").glob("*"))


@needs_disk
def test_a_disk_that_stands_still_for_eight_seconds_loses_nothing(tmp_path):
    options = {"before_s": 0.5, "after_s": 0.3, "live_score": False}
    camera = DemoCamera(DemoOptions(every=True), CameraRequest((320, 180)))
    with (
        small_disk.freezable(tmp_path / "image", tmp_path / "disk") as disk,
        running(camera, out=disk, **options) as (session, told),
    ):
        session.wait_until_armed()
        with small_disk.frozen(disk):
            session.press()
            still = session.recorder.ring.newest()
            session.recorder.ring.wait_until(still.t_ns + 4_000_000_000, 30)
            session.press()
            session.recorder.ring.wait_until(still.t_ns + 8_000_000_000, 30)
            assert not [event for event in told.events if isinstance(event, contract.Saved)]
        saved = told.wait_for(contract.Saved, 2)
        for event in saved:
            assert json.loads(Path(event.scores).read_text())["gaps"] == []
            assert_true_pair({"movie": event.movie})
        assert session.health().dropped == 0
    assert session.code == 0


@needs_disk
@pytest.mark.parametrize("command", [["export", "--to", "muted", "--out", "o"], ["pick"]])
def test_a_full_disk_ends_work_on_files_in_one_line_and_leaves_no_half(tmp_path, disk, command):
    movie = numbered_movie(tmp_path / "a.mp4", [i / 30 for i in range(300)], size=(320, 240))
    report = ["--frames", "2", "--report", "r.jsonl"] if command == ["pick"] else []
    disk.fill(left=0 if report else 4_000)
    done = run(*command, str(movie), *report, cwd=disk.path)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("livecam:")]
    assert "No space left" in line
    assert not [path for path in disk.path.rglob("*") if path.is_file() and path.suffix == ".MOV"]
    disk.make_room()
    again = run(*command, str(movie), *report, cwd=disk.path)
    assert again.returncode == 0, again.stderr
