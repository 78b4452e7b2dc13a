"""A real sound server: PulseAudio, with a pipe for a microphone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support import pulse
from tests.support.play import playing
from tests.support.program import events, run, started, wait_for
from tests.support.sync import offsets_s, sound

SHORT = ["--before", "0.5", "--after", "0.5"]
DEMO = ["--camera", "demo", "--size", "320x180", "--fps", "15"]

pytestmark = pytest.mark.skipif(bool(pulse.problem()), reason=pulse.problem())


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "pulse"
    folder.mkdir()
    with pulse.running(folder) as running:
        yield running


def test_a_pipe_that_nobody_reads_holds_nothing_up(tmp_path):
    fifo = tmp_path / "nobody.fifo"
    os.mkfifo(fifo)
    with playing(fifo, lambda t_s: 0 * t_s):
        pass


def test_what_is_played_into_the_microphone_is_in_the_movie(tmp_path, server):
    with playing(server.fifo, lambda t_s: 0.5 * np.sin(2 * np.pi * 997 * t_s)):
        done = run(
            *DEMO, "--mic", "default", "--shots", "1", "--json", cwd=tmp_path,
            env=server.environment,
        )  # fmt: skip
    (saved,) = [event for event in events(done.stdout) if event["event"] == "saved"]
    samples, rate = sound(Path(saved["movie"]))
    assert len(samples) / rate == pytest.approx(3.0, abs=0.06)
    spectrum = np.abs(np.fft.rfft(samples[rate : 2 * rate]))
    assert spectrum.argmax() == pytest.approx(997, abs=2)


def test_flash_and_beep_stay_together_through_a_sound_server(tmp_path, server):
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", "320x180"]
    command += ["--flash", str(server.fifo)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as camera:
        url = f"http://127.0.0.1:{camera.stdout.readline().strip()}/"
        done = run(
            "--camera", url, "--shots", "3", "--interval", "2.3", "--json", cwd=tmp_path,
            env=server.environment,
        )  # fmt: skip
        camera.kill()
    saved = [event for event in events(done.stdout) if event["event"] == "saved"]
    offsets = [offset for event in saved for offset in offsets_s(Path(event["movie"]))]
    assert len(offsets) >= 3
    # Of the middle one: a network camera's frames are as late as a busy machine takes them.
    assert abs(np.median(offsets)) < 0.04, offsets


def test_a_microphone_that_is_unplugged_is_said_and_the_picture_goes_on(tmp_path, server):
    with started(
        *DEMO, *SHORT, "--mic", "default", "--json", cwd=tmp_path, env=server.environment,
        stdin=subprocess.PIPE,
    ) as livecam:  # fmt: skip
        with playing(server.fifo, lambda t_s: 0.5 * np.sin(2 * np.pi * 997 * t_s)):
            wait_for(livecam, "armed")
        server.unplug()
        with pytest.raises(subprocess.TimeoutExpired):
            livecam.wait(timeout=2)  # until the last sound has left the ring
        livecam.stdin.write("\n")
        livecam.stdin.flush()
        saved = wait_for(livecam, "saved")
        livecam.terminate()
        livecam.communicate(timeout=30)
    record = json.loads(Path(saved["scores"]).read_text())
    assert record["sound"] is None
    assert "stopped" in record["sound_note"]
    assert len(record["frames"]) == pytest.approx(15, abs=1)


def test_a_microphone_that_comes_back_is_opened_again_and_heard(tmp_path, server):
    def sine(t_s):
        return 0.5 * np.sin(2 * np.pi * 997 * t_s)

    with started(
        *DEMO, *SHORT, "--mic", "default", "--json", cwd=tmp_path, env=server.environment,
        stdin=subprocess.PIPE,
    ) as livecam:  # fmt: skip
        with playing(server.fifo, sine):
            wait_for(livecam, "armed")
        server.unplug()
        assert "stopped" in wait_for(livecam, "microphone_lost")["message"]
        server.plug_in()
        with playing(server.fifo, sine):
            assert wait_for(livecam, "microphone_back")["lost_s"] < 30
            with pytest.raises(subprocess.TimeoutExpired):
                livecam.wait(timeout=1)  # until there is sound of all seconds
            livecam.stdin.write("\n")
            livecam.stdin.flush()
            saved = wait_for(livecam, "saved")
        livecam.terminate()
        livecam.communicate(timeout=30)
    samples, rate = sound(Path(saved["movie"]))
    assert len(samples) / rate == pytest.approx(1.0, abs=0.06)
    spectrum = np.abs(np.fft.rfft(samples[rate // 10 : rate // 10 + rate // 2]))
    assert 2 * spectrum.argmax() == pytest.approx(997, abs=4)


def test_the_press_is_heard_where_that_is_wished(tmp_path, server):
    """The loudspeaker's own sound is the microphone: what is played is in the movie."""
    for command in (
        ["load-module", "module-null-sink", "sink_name=speaker"],
        ["set-default-sink", "speaker"],
        ["set-default-source", "speaker.monitor"],
    ):
        subprocess.run(["pactl", *command], env=server.environment, check=True, capture_output=True)
    loudest = {}
    for click in ([], ["--click"]):
        done = run(
            *DEMO, "--mic", "default", "--shots", "1", "--before", "0.6", "--after", "0.6",
            "--json", *click, cwd=tmp_path, env=server.environment,
        )  # fmt: skip
        (saved,) = [event for event in events(done.stdout) if event["event"] == "saved"]
        samples, rate = sound(Path(saved["movie"]))
        behind = np.abs(samples[round(0.5 * rate) :])  # the press is at 0.6 seconds
        loudest[bool(click)] = float(behind.max()) / max(1.0, float(np.abs(samples).max()))
        loudest[f"level {bool(click)}"] = float(behind.max())
    assert loudest["level True"] > 20 * max(1e-4, loudest["level False"])


def test_a_cameras_own_microphone_is_found_by_its_card_or_its_name(server):
    code = (
        "from livecam.capture.portaudio import microphone_in\n"
        "for camera, card in (('Pulse', None), ('Webcam', None), ('Webcam', 7), ('PULSE', 7)):\n"
        "    found = microphone_in(camera, card)\n"
        "    print(found and found.name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=server.environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["pulse", "None", "None", "pulse"]
