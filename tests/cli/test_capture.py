"""The main job without a terminal: what scripts and photo booths see."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import stat
import subprocess
import sys
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import pytest

from livecam.frame import PixelFormat
from tests.support.frames import moment, tone, write_movie
from tests.support.program import SMALL_DEMO, events, run, started, wait_for
from tests.support.promise import check_event, check_record
from tests.support.sync import offsets_s


def frames_of(movie: str) -> list[tuple[float, str]]:
    """Time and hash of every decoded frame."""
    with av.open(movie) as container:
        return [
            (float(f.time), hashlib.sha256(f.to_ndarray().tobytes()).hexdigest())
            for f in container.decode(video=0)
        ]


DEMO = [*SMALL_DEMO, "--no-live-score"]
SHORT = ["--before", "0.5", "--after", "0.5", "--no-live-score"]


def of(found: list[dict], name: str) -> list[dict]:
    return [event for event in found if event["event"] == name]


def test_presses_by_itself_and_everything_it_prints_keeps_the_contract(tmp_path):
    # A camera that cannot be late: what is dropped on a busy machine is not what is tested.
    camera = ("--camera", "demo:every", "--size", "320x180", "--no-live-score")
    done = run(*camera, "--shots", "3", "--interval", "0.7", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    found = events(done.stdout)
    for event in found:
        check_event(event)
    assert [event["event"] for event in found[:3]] == ["ready", "armed", "shot"]
    for number in (1, 2, 3):
        told = [event["event"] for event in found if event.get("id") == number]
        assert told == ["shot", "scoring", "saved"]
    assert found[-1] == {
        "v": 1, "event": "summary", "frames": found[-1]["frames"], "dropped": 0, "shots": 3,
        "saved": 3,
    }  # fmt: skip
    times = [datetime.fromisoformat(shot["shutter_time"]) for shot in of(found, "shot")]
    assert [(b - a).total_seconds() for a, b in itertools.pairwise(times)] == [0.7, 0.7]
    assert [event["id"] for event in of(found, "saved")] == [1, 2, 3]
    for saved in of(found, "saved"):
        record = json.loads(Path(saved["scores"]).read_text())
        check_record(record)
        pictures = frames_of(saved["movie"])
        assert len(pictures) == len(record["frames"]) == pytest.approx(90, abs=1)
        assert len({digest for _, digest in pictures}) == len(pictures), "a repeated frame"
        assert record["duration_s"] == pytest.approx(3.0, abs=0.034)
        assert record["gaps"] == []
        assert pictures[saved["key"]["index"]][0] == pytest.approx(saved["key"]["time_s"], abs=1e-4)
        assert Path(saved["movie"]).parent == tmp_path / "recordings"
    assert len(list((tmp_path / "recordings").iterdir())) == 9


def test_before_and_after_set_the_length(tmp_path):
    done = run(*DEMO, "--before", "1", "--after", "0", "--shots", "1", "--json", cwd=tmp_path)
    (saved,) = of(events(done.stdout), "saved")
    record = json.loads(Path(saved["scores"]).read_text())
    assert record["duration_s"] == pytest.approx(1.0, abs=0.034)
    assert record["shutter_s"] >= record["frames"][-1]["time_s"]


def test_flash_and_beep_stay_together(tmp_path):
    done = run(
        "--camera", "demo:flash", "--size", "320x180", "--shots", "2", "--interval", "2.1",
        "--json", "--no-live-score", cwd=tmp_path,
    )  # fmt: skip
    offsets = [
        o for saved in of(events(done.stdout), "saved") for o in offsets_s(Path(saved["movie"]))
    ]
    assert len(offsets) >= 2
    assert all(abs(offset) < 0.02 for offset in offsets)


def test_without_audio_there_is_no_sound_and_the_reason_is_given(tmp_path):
    done = run(*DEMO, "--no-audio", "--shots", "1", "--json", cwd=tmp_path)
    found = events(done.stdout)
    assert of(found, "ready")[0]["sound_note"] == "switched off"
    (saved,) = of(found, "saved")
    with av.open(saved["movie"]) as container:
        assert not container.streams.audio
    assert json.loads(Path(saved["scores"]).read_text())["sound_note"] == "switched off"


def test_a_line_on_standard_input_and_a_signal_press(tmp_path):
    with started(*DEMO, "--json", cwd=tmp_path, stdin=subprocess.PIPE) as livecam:
        wait_for(livecam, "armed")
        livecam.stdin.write("now\n")
        livecam.stdin.flush()
        assert wait_for(livecam, "shot")["id"] == 1
        livecam.send_signal(signal.SIGUSR1)
        assert wait_for(livecam, "shot")["id"] == 2
        livecam.send_signal(signal.SIGTERM)
        rest = events(livecam.communicate(timeout=60)[0])
    assert [event["id"] for event in of(rest, "saved")] == [1, 2]
    assert livecam.returncode == 143


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (getattr(signal, "SIGHUP", 1), 129)]
)
def test_a_signal_ends_it_after_what_was_shot_is_saved(tmp_path, number, code):
    with started(*DEMO, "--shots", "1", "--json", cwd=tmp_path) as livecam:
        wait_for(livecam, "shot")
        livecam.send_signal(number)
        rest = events(livecam.communicate(timeout=60)[0])
    assert len(of(rest, "saved")) == 1
    assert livecam.returncode == code


def test_a_signal_before_it_is_armed_ends_it_at_once(tmp_path):
    with started(*DEMO, "--before", "25", "--shots", "1", "--json", cwd=tmp_path) as livecam:
        wait_for(livecam, "ready")
        livecam.send_signal(signal.SIGTERM)
        assert livecam.wait(timeout=5) == 143


def test_a_second_interrupt_gives_up_and_says_what_is_lost(tmp_path):
    with started(
        *DEMO, "--after", "25", "--shots", "1", "--json", cwd=tmp_path
    ) as livecam:  # fmt: skip
        wait_for(livecam, "shot")
        livecam.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            livecam.wait(timeout=0.7)
        livecam.send_signal(signal.SIGINT)
        _, stderr = livecam.communicate(timeout=20)
    assert livecam.returncode == 130
    assert "not saved: moment 1" in stderr
    assert not list((tmp_path / "recordings").glob("*"))


def test_every_saved_moment_runs_the_users_command(tmp_path):
    script = tmp_path / "print photo.sh"
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >> log.txt\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    done = run(
        *DEMO, "--shots", "2", "--interval", "0.5", "--json",
        "--on-saved", f"'{script}' --size 10x15", cwd=tmp_path,
    )  # fmt: skip
    saved = of(events(done.stdout), "saved")
    lines = (tmp_path / "log.txt").read_text().splitlines()
    wanted = [["--size", "10x15", s["movie"], s["photo"], s["scores"]] for s in saved]
    assert lines == wanted[0] + wanted[1]


def test_a_command_that_cannot_run_is_an_error_and_nothing_is_lost(tmp_path):
    done = run(*DEMO, "--shots", "1", "--json", "--on-saved", "/no/such", cwd=tmp_path)
    found = events(done.stdout)
    assert len(of(found, "saved")) == 1
    assert "/no/such" in of(found, "error")[0]["message"]
    assert done.returncode == 1


@pytest.mark.parametrize("form", ["--json", "--plain"])
def test_when_nobody_reads_any_more_it_saves_what_was_shot_and_ends(tmp_path, form):
    with started(*DEMO, form, "--shots", "50", "--interval", "1", cwd=tmp_path) as livecam:
        for line in livecam.stdout:
            if "shot" in line or "captured" in line:
                break
        livecam.stdout.close()
        assert livecam.wait(timeout=60) == 0
        assert livecam.stderr.read() == ""
    assert list((tmp_path / "recordings").glob("*.JPG"))


def test_a_failing_command_is_told_before_the_last_line(tmp_path):
    done = run(*DEMO, "--shots", "1", "--json", "--on-saved", "sh -c 'sleep 1; exit 3' x",
               cwd=tmp_path)  # fmt: skip
    assert [event["event"] for event in events(done.stdout)][-2:] == ["error", "summary"]
    assert done.returncode == 1


def test_a_command_that_never_ends_can_be_given_up(tmp_path):
    with started(
        *DEMO, "--shots", "1", "--json", "--on-saved", "sh -c 'exec sleep 600' x",
        cwd=tmp_path,
    ) as livecam:  # fmt: skip
        wait_for(livecam, "saved")
        livecam.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            livecam.wait(timeout=1)  # the first one lets the command finish
        livecam.send_signal(signal.SIGTERM)
        assert livecam.wait(timeout=10) == 143


def test_names_of_any_script_are_printed_whatever_the_systems_encoding(tmp_path):
    quick = (*DEMO, "--no-audio")
    done = run(
        *quick, "--shots", "1", "--json", "--out", "łódź", cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"}, encoding="utf-8",
    )  # fmt: skip
    (saved,) = of(events(done.stdout), "saved")
    assert Path(saved["photo"]).is_file()
    plain = run(
        *quick, "--shots", "1", "--plain", "--out", "łódź", cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"}, encoding="cp1252",
    )  # fmt: skip
    assert plain.returncode == 0


def test_a_camera_that_pads_its_pictures_loses_nothing(tmp_path):
    frames = moment([i / 30 for i in range(60)], PixelFormat.JPEG, size_wh=(320, 180)).frames
    clip = tmp_path / "padded.avi"
    with av.open(str(clip), "w") as out:
        stream = out.add_mux_stream("mjpeg", rate=30, width=320, height=180)
        for i, frame in enumerate(frames):
            packet = av.Packet(frame.data.tobytes() + bytes(200))
            packet.stream, packet.pts, packet.dts = stream, i, i
            packet.time_base = Fraction(1, 30)
            out.mux(packet)
    done = run("--camera", str(clip), *SHORT, "--shots", "1", "--json", cwd=tmp_path)
    assert len(of(events(done.stdout), "saved")) == 1


def test_plain_lines_tell_the_same(tmp_path):
    done = run(*DEMO, "--shots", "1", "--plain", cwd=tmp_path)
    assert "\x1b" not in done.stdout
    words = (
        "opening",
        "warming up",
        "armed",
        "captured 1",
        "scoring 1",
        "saved 1",
        "1 shot, 1 saved",
    )
    places = [done.stdout.find(word) for word in words]
    assert -1 not in places
    assert places == sorted(places)


def test_a_video_file_is_a_camera_with_its_own_sound(tmp_path):
    clip = tmp_path / "clip.mov"
    write_movie(clip, moment([i / 30 for i in range(120)], sound=tone(4.0), size_wh=(320, 180)))
    done = run("--camera", str(clip), "--no-live-score", "--shots", "1", "--json", cwd=tmp_path)
    assert done.returncode == 0
    (saved,) = of(events(done.stdout), "saved")
    record = json.loads(Path(saved["scores"]).read_text())
    assert record["camera"]["backend"] == "file"
    assert record["sound"]["silence_s"] < 0.05
    assert len(frames_of(saved["movie"])) == pytest.approx(90, abs=1)


def test_a_camera_that_ends_too_soon_is_said_and_what_was_shot_is_saved(tmp_path):
    clip = tmp_path / "clip.mov"
    write_movie(clip, moment([i / 30 for i in range(60)], size_wh=(320, 180)))
    done = run(
        "--camera", str(clip), *SHORT, "--shots", "3", "--interval", "3", "--json", cwd=tmp_path
    )
    found = events(done.stdout)
    assert len(of(found, "saved")) == 1
    assert "ended after 1 of 3 shots" in of(found, "error")[0]["message"]
    assert done.returncode == 3


def test_a_network_camera_that_goes_away_is_said_and_what_was_shot_is_saved(tmp_path):
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", "320x180"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as camera:
        url = f"http://127.0.0.1:{camera.stdout.readline().strip()}/"
        with started("--camera", url, *SHORT, "--json", "--shots", "9", cwd=tmp_path) as livecam:
            wait_for(livecam, "shot")
            camera.kill()
            rest, stderr = livecam.communicate(timeout=60)
    found = events(rest)
    assert len(of(found, "saved")) == 1
    assert of(found, "error")[0]["code"] == 3
    assert livecam.returncode == 3
    assert len(stderr.splitlines()) == 1
    assert stderr.startswith("livecam: ")


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (["--camera", "http://127.0.0.1:9/"], 3, "cannot open the camera"),
        (["--camera", "nobody's camera"], 3, "no camera"),
        (["--camera", "missing/clip.mp4"], 4, "no file"),
        (["--camera", "demo:nonsense"], 2, "nonsense"),
        (["--camera", "http://[::1"], 2, "no address"),
        (["--camera", "demo", "--set", "zoom=1"], 2, "--set is for a webcam"),
        (["--set", "zoom"], 2, "exposure=200"),
        ([*DEMO, "--model", "none.task"], 1, "face model"),
        ([*DEMO, "--out", "file/below"], 1, "cannot write"),
        ([*DEMO, "--log", "file/log.txt"], 1, "log"),
        ([*DEMO, "--on-saved", "'open"], 2, "--on-saved"),
    ],
)
def test_what_goes_wrong_is_one_line_with_the_right_code(tmp_path, args, code, word):
    (tmp_path / "file").write_text("")
    done = run(*args, "--shots", "1", "--plain", cwd=tmp_path)
    assert done.returncode == code
    (line,) = done.stderr.splitlines()
    assert line.startswith("livecam: ")
    assert word in line


def test_a_full_disk_is_said_once_a_moment_and_leaves_nothing_half(tmp_path):
    resource = pytest.importorskip("resource")

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = run(*DEMO, "--shots", "2", "--interval", "0.5", "--json", cwd=tmp_path, preexec_fn=full)
    found = events(done.stdout)
    assert [event["id"] for event in of(found, "error")] == [1, 2]
    assert done.returncode == 1
    assert not list((tmp_path / "recordings").glob("*"))


def test_no_microphone_and_no_portaudio_do_not_stop_it(tmp_path):
    """PortAudio hidden from the loader, and a camera that has no microphone of its own."""
    clip = tmp_path / "clip.mov"
    write_movie(clip, moment([i / 30 for i in range(60)], size_wh=(320, 180)))
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    done = run(
        "--camera", str(clip), "--mic", "0", *SHORT, "--shots", "1", "--json", cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    found = events(done.stdout)
    assert "PortAudio is not installed" in of(found, "ready")[0]["sound_note"]
    assert len(of(found, "saved")) == 1
    assert done.returncode == 0


def test_it_ends_cleanly_while_somebody_still_holds_its_standard_input_open(tmp_path):
    # A program that presses by lines keeps the pipe; Python must not die of it at the end.
    with started(*DEMO, "--no-audio", "--json", cwd=tmp_path, stdin=subprocess.PIPE) as process:
        wait_for(process, "armed")
        process.stdin.write("\n")
        process.stdin.flush()
        wait_for(process, "saved")
        process.terminate()
        assert process.wait(30) == 143
        assert "Fatal" not in process.stderr.read()
