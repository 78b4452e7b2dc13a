"""Which of several cameras is taken, and that a lost one is not mistaken for its twin."""

from __future__ import annotations

import json
import re

import pytest

from tests.support import guest
from tests.support.guest import SHORT

pytestmark = [pytest.mark.cameras, pytest.mark.samples, pytest.mark.timeout(900)]


def test_the_camera_that_sees_colour_is_taken_and_the_other_one_named(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'yuyv:640x480:30' --name 'Integrated IR Camera'
        livecam --shots 1 {SHORT} --json > alone.jsonl; echo "alone $?"
        plug 1 --modes 'mjpeg:640x480:30' --name 'Integrated Camera'
        livecam devices > devices.txt
        livecam --shots 1 {SHORT} --json > default.jsonl; echo "default $?"
        livecam --camera 0 --shots 1 {SHORT} --json > named.jsonl; echo "named $?"
    """)  # fmt: skip
    for name in ("alone", "default", "named"):
        assert f"{name} 0" in ran.text
    camera = ran.event("default.jsonl", "ready")["camera"]
    assert camera["name"] == "Integrated Camera"
    assert "infrared camera 0 (Integrated IR Camera) is left aside" in camera["note"]
    assert ran.event("alone.jsonl", "ready")["camera"]["name"] == "Integrated IR Camera"
    assert ran.event("named.jsonl", "ready")["camera"]["name"] == "Integrated IR Camera"
    assert "Integrated IR Camera  (infrared)" in (tmp_path / "devices.txt").read_text()


def test_a_camera_whose_picture_has_no_colour_comes_after_one_with(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        loopback; sleep 1
        ffmpeg -v error -re -f lavfi -i testsrc=s=320x240:r=15 -vf hue=s=0 -pix_fmt yuyv422 \\
          -f v4l2 /dev/video0 & sleep 2
        plug 1 --modes 'mjpeg:640x480:30' --name 'Integrated Camera'
        livecam --shots 1 {SHORT} --json > both.jsonl; echo "both $?"
    """)  # fmt: skip
    assert "both 0" in ran.text
    camera = ran.event("both.jsonl", "ready")["camera"]
    assert camera["name"] == "Integrated Camera"
    assert "camera without colour 0" in camera["note"]


def test_a_camera_that_is_pulled_out_is_not_mistaken_for_its_twin(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'mjpeg:640x480:30' --name 'HD Webcam' --serial A1
        plug 1 --modes 'mjpeg:640x480:30' --name 'HD Webcam' --serial B2
        livecam devices --json > devices.jsonl
        livecam --camera usb:B2 --shots 1 {SHORT} --json > named.jsonl; echo "named $?"
        mkfifo presses; sleep 600 > presses &
        livecam --camera usb:A1 {SHORT} --json < presses > told.jsonl & program=$!
        reach told.jsonl armed 1
        tell 0 unplug; reach told.jsonl camera_lost 1
        sleep 17; echo "twin"; ls -l /proc/$program/fd | grep -c video
        plug 3 --modes 'mjpeg:640x480:30' --name 'HD Webcam' --serial A1
        begin=$(date +%s); reach told.jsonl camera_back 1
        echo "back after $(($(date +%s) - begin)) s"
        echo > presses; reach told.jsonl saved 1
        kill -INT $program; wait $program; echo "code $?"
    """)  # fmt: skip
    told = [json.loads(line) for line in (tmp_path / "devices.jsonl").read_text().splitlines()]
    cameras = {one["exact_name"]: one["serial"] for one in told if one["kind"] == "camera"}
    assert cameras == {"usb:A1": "A1", "usb:B2": "B2"}
    assert "named 0" in ran.text
    assert "twin\n0" in ran.text, "the other one was opened"
    # Tries come 1, 3, 7, 15 and 31 s after the loss, and at once when a camera is plugged in.
    (after,) = re.findall(r"back after (\d+) s", ran.text)
    assert int(after) < 6, "the guest's one processor takes seconds to open it"
    assert "code 130" in ran.text
