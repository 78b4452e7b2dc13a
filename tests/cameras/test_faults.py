"""Real cameras that go away, come back, stall, lie, or may not be used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support import guest
from tests.support.guest import SHORT

pytestmark = [pytest.mark.cameras, pytest.mark.samples, pytest.mark.timeout(900)]


def test_a_camera_that_is_pulled_out_and_plugged_in_again(tmp_path, frames):
    """Presses before, during and after; the camera comes back as another node."""
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'mjpeg:640x480:30' --name Booth
        mkfifo presses; sleep 600 > presses &
        livecam {SHORT} --json < presses > told.jsonl & program=$!
        reach told.jsonl armed 1
        echo > presses; sleep 0.2; echo > presses; reach told.jsonl shot 2
        exec 9</dev/video1  # the node is still in use when the camera comes back: it gets another
        tell 0 unplug
        reach told.jsonl camera_lost 1; reach told.jsonl saved 2; sleep 1
        echo > presses; reach told.jsonl notice 1
        cp /run/uvc0.log first.log
        plug 1 --modes 'mjpeg:640x480:30' --name Other
        plug 0 --modes 'mjpeg:640x480:30' --name Booth
        ls /dev/video* | tr '\\n' ' '
        reach told.jsonl camera_back 1; reach told.jsonl armed 2; reach told.jsonl saved 3
        tell 0 stall; reach told.jsonl camera_lost 2
        tell 0 go; reach told.jsonl armed 3; echo > presses; reach told.jsonl saved 4
        kill -INT $program; wait $program; echo "code $?"
        cp /run/uvc0.log second.log
    """)  # fmt: skip
    assert "never reached" not in ran.text, ran.text
    told = [event["event"] for event in ran.events("told.jsonl")]
    assert told.count("saved") == told.count("shot") == 4
    assert told.index("camera_lost") < told.index("camera_back")
    lost = [event for event in ran.events("told.jsonl") if event["event"] == "camera_lost"]
    assert lost[0]["message"] == "lost Booth"
    assert lost[1]["message"] == "Booth has given no picture for 4 s"
    back = [event for event in ran.events("told.jsonl") if event["event"] == "camera_back"]
    assert {event["camera"]["name"] for event in back} == {"Booth"}
    assert "code 130" in ran.text
    for event in ran.events("told.jsonl"):
        if event["event"] == "saved":
            assert len(guest.pictures(ran.path(event["movie"]))) >= 10
    # What the camera itself was too late for is missing too; the time without it is not counted.
    logs = [(tmp_path / name).read_text() for name in ("first.log", "second.log")]
    late = sum(len(re.findall("^late", log, re.MULTILINE)) for log in logs)
    assert ran.event("told.jsonl", "summary")["dropped"] <= 3 + late


def test_with_shots_a_lost_camera_ends_the_run_and_what_was_shot_is_saved(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'mjpeg:640x480:30'
        livecam {SHORT} --shots 9 --interval 1 --json > told.jsonl 2> errors.txt & program=$!
        reach told.jsonl shot 2; tell 0 unplug
        wait $program; echo "code $?"
        livecam --shots 1 --plain; echo "none $?"
        livecam --wait {SHORT} --shots 1 --json > waited.jsonl & program=$!
        reach waited.jsonl notice 1
        plug 0 --modes 'mjpeg:640x480:30'
        wait $program; echo "waited $?"
        mkfifo presses; sleep 600 > presses &
        livecam {SHORT} --no-reconnect --json < presses > ended.jsonl & program=$!
        reach ended.jsonl armed 1; tell 0 unplug
        wait $program; echo "ended $?"
    """)  # fmt: skip
    assert "code 3" in ran.text
    assert len((tmp_path / "errors.txt").read_text().splitlines()) == 1
    told = [event["event"] for event in ran.events("told.jsonl")]
    assert told.count("saved") == told.count("shot") >= 2
    assert "none 3" in ran.text
    assert "waited 0" in ran.text
    # The slow guest may have to say of the moment itself that it was encoded again.
    notices = [
        event["message"] for event in ran.events("waited.jsonl") if event["event"] == "notice"
    ]
    assert notices[0] == "no camera found: waiting for it"
    assert not [text for text in notices[1:] if "encoded again" not in text]
    assert ran.event("waited.jsonl", "saved")
    assert "ended 3" in ran.text


def test_damaged_frames_cost_themselves_only_and_are_counted(tmp_path, frames):
    """Newer kernels hand frames on that came with an error; older ones drop them."""
    ran = guest.run(tmp_path, frames, f"""
        echo 1 > /sys/module/uvcvideo/parameters/nodrop
        plug 0 --modes 'mjpeg:640x480:30'
        mkfifo presses; sleep 600 > presses &
        livecam {SHORT} --json < presses > told.jsonl & program=$!
        reach told.jsonl armed 1
        tell 0 'err 3'; sleep 1; tell 0 'cut 2'; sleep 1
        echo > presses; reach told.jsonl saved 1
        kill -INT $program; wait $program; echo "code $?"
        grep -c sent /run/uvc0.log; cp /run/uvc0.log .
    """)  # fmt: skip
    assert "code 130" in ran.text
    kinds = {event["event"] for event in ran.events("told.jsonl")}
    assert not kinds & {"error", "camera_lost"}
    dropped = ran.event("told.jsonl", "summary")["dropped"]
    late = (tmp_path / "uvc0.log").read_text().count("late")
    assert 3 <= dropped <= 3 + late


def test_a_busy_machine_loses_no_more_than_was_lost(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'mjpeg:1280x720:30'
        livecam {SHORT} --shots 3 --interval 4 --json > told.jsonl & program=$!
        reach told.jsonl armed 1
        for _ in 1 2 3; do (timeout 8 sh -c 'while :; do :; done') & done
        wait $program; echo "code $?"
        cp /run/uvc0.log .
    """)  # fmt: skip
    assert "code 0" in ran.text
    summary = ran.event("told.jsonl", "summary")
    log = (tmp_path / "uvc0.log").read_text()
    sent, never = (
        len(re.findall("^sent", log, re.MULTILINE)),
        len(re.findall("^(late|broken)", log, re.MULTILINE)),
    )
    # What the camera could not send, and what it sent but never arrived.
    assert summary["dropped"] <= never + max(0, sent - summary["frames"])


def test_what_cannot_be_opened_is_one_line_with_its_own_hint(tmp_path, frames):
    """Root without the right to pass by the rights of files stands for an ordinary user."""
    (tmp_path / "wrong").mkdir()
    for name in ("mjpg", "idx"):
        content = (frames / f"640x480.{name}").read_bytes()
        (tmp_path / "wrong" / f"1280x720.{name}").write_bytes(content)
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'mjpeg:640x480:30'
        try() {{ name=$1; shift; "$@" > $name.out 2> $name.err; echo "$name $?"; }}
        chown 1000:video /dev/video0; chmod 660 /dev/video0
        user() {{ setpriv --bounding-set=-dac_override,-dac_read_search \\
          --inh-caps=-dac_override,-dac_read_search -- "$@"; }}
        try rights user livecam --camera 0 --shots 1 --plain
        try listed user livecam devices
        chmod 600 /dev/video0
        try stranger user livecam --camera 0 --shots 1 --plain
        chmod 660 /dev/video0
        try metadata livecam --camera /dev/video1 --shots 1 --plain
        try nothing livecam --camera /dev/null --shots 1 --plain
        try missing livecam --camera /dev/video9 --shots 1 --plain
        mkfifo presses; sleep 600 > presses &
        livecam {SHORT} --json < presses > held.jsonl & program=$!
        reach held.jsonl armed 1
        try busy livecam --camera 0 --shots 1 --plain
        echo > presses; reach held.jsonl saved 1; kill -TERM $program; wait $program
        tell 0 'rate 0.2'
        try slow livecam {SHORT} --shots 1 --plain
        tell 0 'rate 30'; tell 0 stall
        livecam {SHORT} --shots 1 --plain > hangs.out 2> hangs.err & program=$!
        until grep -q opening hangs.out; do sleep 0.2; done
        sleep 1; kill -INT $program
        for i in $(seq 30); do kill -0 $program 2>/dev/null || break; sleep 0.1; done
        kill -0 $program 2>/dev/null && echo "interrupt ignored"
        wait $program; echo "interrupted $?"
        try silent livecam {SHORT} --shots 1 --plain
        tell 0 unplug; sleep 1
        camera 0 --modes 'mjpeg:1280x720:30' --frames $OUT/wrong
        try size livecam {SHORT} --shots 1 --plain
        ls recordings > files.txt
    """)  # fmt: skip

    def told(name: str, code: int) -> str:
        assert f"{name} {code}" in ran.text, ran.text
        (line,) = Path(tmp_path, f"{name}.err").read_text().splitlines()
        assert line.startswith("livecam: ")
        return line

    assert "add yourself to the group video: sudo usermod -aG video root" in told("rights", 3)
    assert "Test HD Webcam" in (tmp_path / "listed.out").read_text()
    assert "group" not in told("stranger", 3)
    assert "is no camera" in told("metadata", 3)
    assert "is no camera" in told("nothing", 3)
    assert "no camera '/dev/video9'" in told("missing", 3)
    assert "close other programs that use it" in told("busy", 3)
    assert "no picture for 4 s" in told("slow", 3)
    assert "no picture for 10 s" in told("silent", 3)
    assert "640x480 in its mode of 1280x720 (try --size 640x480)" in told("size", 3)
    assert "interrupted 130" in ran.text
    assert "interrupt ignored" not in ran.text
    assert len((tmp_path / "files.txt").read_text().split()) == 3, "of the one that was held"


def test_the_default_is_the_first_camera_that_gives_pictures(tmp_path, frames):
    """The first one is silent; then it is gone, and numbers begin with another."""
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'mjpeg:640x480:30' --name Silent
        plug 1 --modes 'mjpeg:640x480:30' --name Good
        tell 0 stall
        livecam {SHORT} --shots 1 --json > first.jsonl; echo "first $?"
        tell 0 unplug; sleep 1
        livecam {SHORT} --shots 1 --json > second.jsonl; echo "second $?"
    """)  # fmt: skip
    for name in ("first", "second"):
        assert f"{name} 0" in ran.text
        assert ran.event(f"{name}.jsonl", "ready")["camera"]["name"] == "Good"


def test_ten_presses_with_every_frame_and_the_sound_of_a_microphone(tmp_path, frames):
    tone = tmp_path / "tone.py"
    tone.write_text(
        "import numpy as np, sounddevice as sd, sys\n"
        "t = np.arange(48000 * 60) / 48000\n"
        "index = next(i for i, d in enumerate(sd.query_devices()) if '(hw:0,1)' in d['name'])\n"
        "sd.play(0.5 * np.sin(2 * np.pi * 997 * t), 48000, device=index, blocking=True)\n"
    )
    ran = guest.run(tmp_path, frames, f"""
        aloop; faces
        python() {{ {guest.sys.executable} "$@"; }}
        python $OUT/tone.py & sleep 3
        plug 0 --modes 'mjpeg:1280x720:30' --name Loopback  # as the sound card: its own microphone
        livecam devices > devices.txt
        mkfifo presses; sleep 600 > presses &
        livecam --before 0.5 --after 0.3 --no-live-score --json \
          < presses > told.jsonl & program=$!
        reach told.jsonl armed 1
        sleep 10  # the guest's one processor is too slow for its own driver while models load
        for _ in $(seq 10); do echo > presses; sleep 1; done
        reach told.jsonl saved 10; kill -INT $program; wait $program; echo "code $?"
        cp /run/uvc0.log .
    """)  # fmt: skip
    assert "code 130" in ran.text
    assert "Loopback" in ran.event("told.jsonl", "ready")["microphone"]
    assert "Loopback" in (tmp_path / "devices.txt").read_text()
    saved = [event for event in ran.events("told.jsonl") if event["event"] == "saved"]
    assert len(saved) == 10
    late = {
        int(n) % 90
        for n in re.findall(r"^late (\d+)", (tmp_path / "uvc0.log").read_text(), re.MULTILINE)
    }
    from tests.support.sync import sound

    for event in saved:
        numbers = [guest.number_of(image) for image in guest.pictures(ran.path(event["movie"]))]
        # Its pictures count to 90 and begin again; what it was too late for itself is not missing.
        wanted = [(numbers[0] + i) % 90 for i in range(90)]
        missing = [n for n in wanted[: wanted.index(numbers[-1])] if n not in numbers]
        assert set(missing) <= late, "what the camera itself was too late for"
        record = json.loads(ran.path(event["scores"]).read_text())
        assert record["sound"] is not None
    samples, rate = sound(ran.path(saved[5]["movie"]))
    import numpy as np

    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert spectrum.argmax() * rate / len(samples) == pytest.approx(997, abs=8)
