"""Which mode of a real camera is opened, and that its pictures come out as they went in."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from tests.support import guest
from tests.support.guest import SHORT, Ran

pytestmark = [pytest.mark.cameras, pytest.mark.samples, pytest.mark.timeout(900)]


def shot(ran: Ran, name: str) -> tuple[dict, list[np.ndarray], np.ndarray]:
    """The camera as it was said, the frames of the movie, and the photo."""
    saved = ran.event(name, "saved")
    photo = np.asarray(Image.open(ran.path(saved["photo"])).convert("RGB"))
    camera = ran.event(name, "ready")["camera"]
    return camera, guest.pictures(ran.path(saved["movie"])), photo


def assert_whole(
    ran: Ran, name: str, size_wh: tuple[int, int], rate_hz: float, levels: int = 3
) -> dict:
    """Size, rate, colours (to so many levels) and order of one shot."""
    camera, movie, photo = shot(ran, name)
    assert (tuple(camera["size_wh"]), camera["rate_hz"]) == (size_wh, rate_hz)
    for image in (photo, movie[0], movie[-1]):
        assert image.shape == (size_wh[1], size_wh[0], 3)
        assert guest.patch_error(image) <= levels
    steps = np.diff([guest.number_of(image) for image in movie])
    assert all(steps != 0), "no picture twice"
    # Its numbers begin again after 30 or 90; on a busy machine it skips some itself.
    assert sum(steps < 0) <= 1, "in their order"
    return camera


def test_cameras_with_other_modes_than_the_usual_ones(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'mjpeg:640x480:30'
        livecam --shots 1 {SHORT} --json > mjpeg.jsonl
        tell 0 unplug; sleep 1
        plug 0 --modes 'mjpeg:1280x720:30'
        livecam --size 1920x1080 --shots 1 {SHORT} --json > larger.jsonl
        tell 0 unplug; sleep 1
        plug 0 --modes 'yuyv:640x480:30'
        livecam --shots 1 {SHORT} --json > yuyv.jsonl
    """)  # fmt: skip
    assert_whole(ran, "mjpeg.jsonl", (640, 480), 30)
    camera = assert_whole(ran, "larger.jsonl", (1280, 720), 30)
    assert camera["note"] == "no 1920x1080 here; 1280x720 is the nearest"
    assert assert_whole(ran, "yuyv.jsonl", (640, 480), 30)["delivered"] == "yuyv422"


def test_any_rate_of_a_range(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'mjpeg:640x480:c5,30'
        livecam --fps 12 --shots 1 {SHORT} --json > twelve.jsonl
        livecam --shots 1 {SHORT} --json > usual.jsonl
    """)  # fmt: skip
    assert assert_whole(ran, "twelve.jsonl", (640, 480), 12)["note"] == ""
    assert_whole(ran, "usual.jsonl", (640, 480), 30)


def test_compressed_video_is_read_where_nothing_better_is_sent(tmp_path, frames):
    """H.264 alone; beside raw pictures that are slow; and video of another kind."""
    packets = tmp_path / "packets"
    shutil.copytree(frames, packets)
    guest.make_packets(packets, (640, 480))
    ran = guest.run(tmp_path, packets, f"""
        plug 0 --modes 'h264:640x480:30'
        livecam --shots 1 {SHORT} --json > alone.jsonl
        livecam devices > devices.txt
        tell 0 unplug; sleep 1
        plug 0 --modes 'yuyv:640x480:5 h264:640x480:30'
        livecam --shots 1 {SHORT} --json > slow.jsonl
        tell 0 unplug; sleep 1
        loopback exclusive_caps=1 video_nr=7
        ffmpeg -loglevel error -re -f rawvideo -pix_fmt yuyv422 -video_size 640x480 \
          -framerate 10 -stream_loop -1 -i $FRAMES/640x480.yuyv -c:v mpeg4 -f v4l2 /dev/video7 &
        sleep 2
        livecam --shots 1 {SHORT} > other.txt 2>&1; echo "other $?"
    """)  # fmt: skip
    for name in ("alone", "slow"):
        camera = assert_whole(ran, f"{name}.jsonl", (640, 480), 30, levels=6)  # coded twice
        assert camera["delivered"] == "h264"
    assert "640x480 h264  30 frames/s" in (tmp_path / "devices.txt").read_text()
    assert "other 3" in ran.text
    (line,) = [
        line for line in (tmp_path / "other.txt").read_text().splitlines()
        if line.startswith("livecam:")
    ]  # fmt: skip
    assert "only, which livecam does not read" in line


def test_the_mode_that_reaches_its_rate_is_opened_and_devices_and_doctor_tell(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'yuyv:1280x720:10,5 yuyv:640x480:30'
        livecam --shots 1 {SHORT} --json > plain.jsonl
        livecam --size 1280x720 --shots 1 {SHORT} --json > asked.jsonl
        livecam devices > devices.txt; echo "devices $?"
        for _ in 1 2; do livecam doctor > doctor.txt; echo "doctor $?"; done
    """)  # fmt: skip
    assert_whole(ran, "plain.jsonl", (640, 480), 30)
    assert_whole(ran, "asked.jsonl", (1280, 720), 10)
    lines = [line.strip() for line in (tmp_path / "devices.txt").read_text().splitlines()]
    assert lines[1:4] == [
        "0  Test HD Webcam",
        "1280x720 yuyv422  10, 5 frames/s",
        "640x480 yuyv422  30 frames/s",
    ]
    assert lines[4].startswith("demo"), "the camera's metadata node is no camera"
    assert "devices 0" in ran.text
    assert ran.text.count("doctor 0") == 2
    assert "640x480 at 30 frames/s, yuyv422" in (tmp_path / "doctor.txt").read_text()


def test_colours_are_those_that_the_camera_declares(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        plug 0 --modes 'yuyv:1280x720:15'
        livecam --shots 1 {SHORT} --json > raw.jsonl
        tell 0 unplug; sleep 1
        plug 0 --modes 'mjpeg:640x480:30'
        livecam --shots 1 {SHORT} --json > small.jsonl
        tell 0 unplug; sleep 1
        loopback exclusive_caps=1 video_nr=7
        ffmpeg -loglevel error -re -f rawvideo -pix_fmt yuyv422 -video_size 1920x1080 \\
          -framerate 10 -stream_loop -1 -i $FRAMES/1920x1080.yuyv -f v4l2 /dev/video7 &
        sleep 2
        livecam --shots 1 {SHORT} --json > loopback.jsonl
        kill %1
    """)  # fmt: skip
    assert_whole(ran, "raw.jsonl", (1280, 720), 15)
    assert_whole(ran, "small.jsonl", (640, 480), 30)
    camera, movie, photo = shot(ran, "loopback.jsonl")
    assert camera["size_wh"] == [1920, 1080]
    for image in (photo, movie[0]):
        assert image.shape == (1080, 1920, 3)
        assert guest.patch_error(image) <= 3


def test_pictures_of_cheap_cameras_are_read_and_kept_as_photos(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        python3 {guest.KIT}/strip.py $FRAMES $OUT/cheap 640 480 avi1,nodht,pad
        camera 0 --modes 'mjpeg:640x480:30' --frames $OUT/cheap
        livecam --shots 1 {SHORT} --json > cheap.jsonl
    """)  # fmt: skip
    assert_whole(ran, "cheap.jsonl", (640, 480), 30)


def test_controls_are_listed_set_for_a_run_and_put_back(tmp_path, frames):
    ran = guest.run(tmp_path, frames, f"""
        vivid; sleep 1
        livecam controls --json > before.jsonl
        livecam controls > before.txt
        mkfifo presses; sleep 600 > presses &
        livecam --size 640x360 {SHORT} --set brightness=200,gain=77 --json \\
          < presses > run.jsonl & program=$!
        reach run.jsonl ready 1
        livecam controls --json > during.jsonl
        echo > presses; reach run.jsonl saved 1
        kill -TERM $program; wait $program
        livecam controls --json > after.jsonl
        livecam --shots 1 {SHORT} --set brightness=9999 2> range.txt; echo $? >> range.txt
        livecam --shots 1 {SHORT} --set sharpnes=1 2> name.txt; echo $? >> name.txt
    """)  # fmt: skip

    def values(name: str) -> dict[str, int]:
        # What is automatic changes by itself.
        found = [event for event in ran.events(name) if not event["is_automatic"]]
        return {event["name"]: event["value"] for event in found}

    before, during = values("before.jsonl"), values("during.jsonl")
    assert before == values("after.jsonl")
    assert before["brightness"] != 200
    assert (during["brightness"], during["gain"]) == (200, 77)
    assert "brightness" in (tmp_path / "before.txt").read_text()
    for name, word in (
        ("range", "0 to 255"),
        ("name", "has no control sharpnes"),
    ):
        *lines, code = (tmp_path / f"{name}.txt").read_text().splitlines()
        assert code == "2"
        assert len(lines) == 1
        assert word in lines[0]
