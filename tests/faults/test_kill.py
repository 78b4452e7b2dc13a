"""SIGKILL at any instant: what was acknowledged two seconds ago is saved, or saved next time."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from livecam.photos.check import check
from livecam.photos.pairs import find_halves
from tests.support.program import events, run, started, wait_for

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and links")
DEMO = ["--camera", "demo:every", "--no-live-score", "--no-audio", "--json"]


KEPT = """
import os, sys
from dataclasses import replace
from pathlib import Path
import livecam
from livecam.live.spool import Spool
from tests.support.frames import moment
folder = Path(sys.argv[1])
spool, it = Spool(folder), moment([i / 30 for i in range(20)])
"""


def killed(folder: Path, code: str) -> None:
    """Run this with `folder`, `spool` and the moment `it`, and end without any tidying up."""
    folder.mkdir()
    code = f"{KEPT}{code}\nos._exit(9)"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=False)
    assert done.returncode == 9


def records(folder: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


@pytest.mark.parametrize("seed", range(3))
def test_every_press_older_than_two_seconds_is_recovered(tmp_path, seed):
    dice = random.Random(seed)
    out = tmp_path / "recordings"
    # HEVC is encoded once a moment is over: slow enough to be killed in the middle of it.
    with started(
        *DEMO, "--size", "320x180", "--before", "0.5", "--after", "0.5", "--codec", "hevc",
        cwd=tmp_path, stdin=subprocess.PIPE,
    ) as livecam:  # fmt: skip
        wait_for(livecam, "armed")
        presses: list[float] = []
        for _ in range(4):
            livecam.stdin.write("\n")
            livecam.stdin.flush()
            wait_for(livecam, "shot")
            presses.append(time.monotonic())
            threading.Event().wait(dice.uniform(0.2, 1.2))  # the instant is what is tested
        threading.Event().wait(dice.uniform(0.5, 2.5))
        killed = time.monotonic()
        livecam.kill()
        livecam.wait()
    done = run("recover", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    told = events(done.stdout)
    found = records(out)
    old = [number for number, at in enumerate(presses, 1) if killed - at > 2.0]
    assert set(old) <= {record["id"] for record in found}, told
    assert len({record["id"] for record in found}) == len(found), "none twice"
    for halves in find_halves([out]):
        assert check(halves).defects == ()
    assert sorted(path.suffix for path in out.iterdir()) == sorted(
        [".JPG", ".MOV", ".json"] * len(found)
    ), "nothing hidden stays"


def test_a_press_whose_seconds_go_on_for_long_is_safe_two_seconds_after_it(tmp_path):
    with started(
        *DEMO, "--size", "320x180", "--before", "0.5", "--after", "20",
        cwd=tmp_path, stdin=subprocess.PIPE,
    ) as livecam:  # fmt: skip
        wait_for(livecam, "armed")
        livecam.stdin.write("\n")
        livecam.stdin.flush()
        wait_for(livecam, "shot")
        threading.Event().wait(4.5)  # the age of the press is what is tested
        livecam.kill()
        livecam.wait()
    done = run("recover", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = records(tmp_path / "recordings")
    assert record["id"] == 1
    assert 1.5 < record["duration_s"] < 6
    assert record["shutter_s"] == pytest.approx(0.5, abs=0.1)
    assert not list((tmp_path / "recordings").glob(".*")), "nothing hidden stays"


def test_of_a_moment_that_is_there_twice_the_later_version_is_recovered_once(tmp_path):
    out = tmp_path / "recordings"
    killed(
        out,
        "for version, frames in enumerate((10, 20, 15)):\n"
        "    spool.keep(moment([i / 30 for i in range(frames)]), version)",
    )
    assert run("recover", cwd=tmp_path).returncode == 0
    (record,) = records(out)
    assert len(record["frames"]) == 15
    assert not list(out.glob(".*"))


def test_what_had_not_reached_the_disk_is_said(tmp_path):
    out = tmp_path / "recordings"
    killed(out, "path = spool.keep(it)\npath.rename(path.with_suffix('.part'))")
    (event,) = events(run("recover", "--json", cwd=tmp_path).stdout)
    assert event["event"] == "notice"
    assert "too little was on disk" in event["message"]
    assert list(out.iterdir()) == []


def test_the_next_run_in_the_folder_finishes_it_and_says_so(tmp_path):
    out = tmp_path / "recordings"
    killed(out, "spool.keep(it)")
    assert [path.name for path in out.iterdir()] == [".livecam-unfinished"]
    with started(*DEMO, "--size", "320x180", cwd=tmp_path, stdin=subprocess.PIPE) as livecam:
        assert "1 moment of an earlier run" in wait_for(livecam, "notice")["message"]
        recovered = wait_for(livecam, "recovered")
        livecam.terminate()
        livecam.communicate(timeout=60)
    assert Path(recovered["photo"]).is_file()
    assert len(list(out.iterdir())) == 3
    assert "nothing is unfinished" in run("recover", cwd=tmp_path).stdout


def test_killed_between_saving_a_moment_and_letting_it_go_it_is_not_saved_twice(tmp_path):
    out = tmp_path / "recordings"
    killed(out, "spool.keep(it)\nlivecam.save(it, livecam.score(it), folder)")
    done = run("recover", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert [event["event"] for event in events(done.stdout)] == ["notice"]
    assert sorted(path.suffix for path in out.iterdir()) == [".JPG", ".MOV", ".json"]


@posix
@pytest.mark.parametrize("command", ["recover", "capture"])
def test_one_damaged_moment_is_named_and_all_others_are_recovered(tmp_path, command):
    out = tmp_path / "recordings"
    killed(
        out,
        "for number in range(1, 5):\n"
        "    spool.keep(replace(it, id=number, shutter_ns=number * 10**9))",
    )
    first, second, *_ = sorted(out.glob(".livecam-unfinished/*.json"))
    text = json.loads(first.read_text())
    first.write_text(json.dumps(text | {"rate_hz": [1, 0]}))
    second.unlink()
    os.mkfifo(second)
    if command == "recover":
        done = run("recover", "--json", cwd=tmp_path)
        told, code = events(done.stdout), done.returncode
    else:
        with started(*DEMO, "--size", "320x180", cwd=tmp_path, stdin=subprocess.PIPE) as livecam:
            told = [wait_for(livecam, "error"), wait_for(livecam, "error")]
            told += [wait_for(livecam, "recovered"), wait_for(livecam, "recovered")]
            livecam.terminate()
            livecam.communicate(timeout=60)
            code = 1
    errors = [event for event in told if event["event"] == "error"]
    assert [Path(event["message"].split(" is ")[0]).stem for event in errors] == [
        first.stem, second.stem
    ]  # fmt: skip
    assert sum(event["event"] == "recovered" for event in told) == 2
    assert code == 1
    assert len(list(out.glob("*.MOV"))) == 2
    assert first.exists()
    assert second.with_suffix(".mov").exists()


@posix
def test_a_spool_that_is_a_link_is_said_and_another_one_is_as_good(tmp_path):
    out = tmp_path / "recordings"
    out.mkdir()
    (out / ".livecam-unfinished").symlink_to("/nonexistent/x")
    with started(
        *DEMO, "--size", "320x180", "--before", "0.5", "--after", "0.5", "--codec", "hevc",
        cwd=tmp_path, stdin=subprocess.PIPE,
    ) as livecam:  # fmt: skip
        assert ".livecam-unfinished-2 used" in wait_for(livecam, "notice")["message"]
        livecam.stdin.write("\n")
        livecam.stdin.flush()
        wait_for(livecam, "shot")
        threading.Event().wait(2.5)  # the promise's two seconds
        livecam.kill()
        livecam.wait()
    assert run("recover", cwd=tmp_path).returncode == 0
    assert [record["id"] for record in records(out)] == [1]


@pytest.mark.parametrize(("links", "files"), [(0, 3), (1, 3), (2, 3)])
def test_killed_while_publishing_all_files_get_their_names(tmp_path, links, files):
    code = (
        "import os, sys\n"
        "import livecam\n"
        "from tests.support.frames import moment\n"
        "left = int(sys.argv[2])\n"
        "def kill(event, args):\n"
        "    global left\n"
        "    if event == 'os.link':\n"
        "        if left == 0:\n"
        "            os._exit(9)\n"
        "        left -= 1\n"
        "it = moment([i / 30 for i in range(10)])\n"
        "score = livecam.score(it)\n"
        "sys.addaudithook(kill)\n"
        "livecam.save(it, score, sys.argv[1])\n"
    )
    out = tmp_path / "recordings"
    out.mkdir()
    done = subprocess.run([sys.executable, "-c", code, str(out), str(links)], check=False)
    assert done.returncode == 9
    assert run("recover", cwd=tmp_path).returncode == 0
    assert len(list(out.iterdir())) == files
    if files:
        (halves,) = find_halves([out])
        assert check(halves).defects == ()


def test_a_folder_that_is_none_is_said(tmp_path):
    done = run("recover", "nowhere", cwd=tmp_path)
    assert done.returncode == 4
    assert done.stderr == "livecam: there is no folder nowhere\n"
