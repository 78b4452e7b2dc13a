"""One contract for every kind of camera."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from livecam.cameras import open_source
from livecam.capture.source import CameraRequest, FrameSource
from livecam.errors import CameraError, InputError, UsageError
from livecam.frame import PixelFormat
from livecam.timebase import now_ns, to_s
from tests.support.frames import moment, tone, write_movie
from tests.support.http_camera import read_mark

KINDS = ("demo", "http", "mpegts", "file")


@pytest.fixture(scope="module")
def http_camera() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", "320x180"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/stream"
        server.kill()


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("movie") / "clip.mov"
    write_movie(path, moment([i / 30 for i in range(60)], sound=tone(2.0)))
    return path


@pytest.fixture
def stream_server(movie: Path) -> Iterator[str]:
    """MPEG-TS over TCP, in real time, served by PyAV in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.ts_camera", str(movie)],
        stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        yield server.stdout.readline().strip()
        server.kill()


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest) -> Iterator[FrameSource]:
    spec = {
        "demo": lambda: "demo:seed=2",
        "http": lambda: request.getfixturevalue("http_camera"),
        "mpegts": lambda: request.getfixturevalue("stream_server"),
        "file": lambda: str(request.getfixturevalue("movie")),
    }[request.param]()
    with open_source(spec, CameraRequest(size_wh=(320, 180))) as opened:
        yield opened


def test_it_says_what_it_gives_and_gives_that(source: FrameSource):
    frame = source.read()
    assert source.name
    assert frame.size_wh == source.mode.size_wh == (320, 180)
    assert frame.pixel_format is source.mode.pixel_format
    assert source.mode.rate_hz == 30
    assert frame.bgr().shape == (180, 320, 3)


def test_every_frame_is_new_and_later_than_the_one_before(source: FrameSource):
    frames = []
    for _ in range(20):
        frame = source.read()
        frames.append((frame.index, frame.t_ns, frame.arrived_ns, frame.data.tobytes()))
    indices, times, arrivals, contents = zip(*frames, strict=True)
    assert list(indices) == list(range(indices[0], indices[0] + 20))
    assert list(times) == sorted(set(times))
    assert len(set(contents)) == 20
    assert all(t <= arrived for t, arrived in zip(times, arrivals, strict=True))


def test_frames_come_in_real_time(source: FrameSource):
    first, began = source.read(), now_ns()
    for _ in range(15):
        last = source.read()
    assert to_s(last.t_ns - first.t_ns) == pytest.approx(0.5, abs=0.1)
    assert to_s(now_ns() - began) == pytest.approx(0.5, abs=0.2)


def test_closing_ends_a_read_that_waits(source: FrameSource):
    source.read()
    ended = threading.Event()

    def read_on() -> None:
        while source.read() is not None:
            pass
        ended.set()

    thread = threading.Thread(target=read_on)
    thread.start()
    source.close()
    source.close()
    thread.join(timeout=8)
    assert ended.is_set()


def test_an_mjpeg_cameras_bytes_are_kept_as_they_are(http_camera: str):
    with open_source(http_camera) as source:
        frames = [source.read() for _ in range(30)]
    assert source.mode.pixel_format is PixelFormat.JPEG
    marks = [read_mark(frame.data.tobytes()) for frame in frames]
    assert [index for index, _ in marks] == list(range(marks[0][0], marks[0][0] + 30))
    late_s = [to_s(frame.t_ns - t_ns) for frame, (_, t_ns) in zip(frames, marks, strict=True)]
    assert np.median(late_s) < 0.02
    assert min(late_s) >= 0


def test_a_file_ends(movie: Path):
    with open_source(str(movie)) as source:
        frames = 0
        while source.read() is not None:
            frames += 1
    assert frames == 60


def test_a_demo_camera_that_is_read_too_late_loses_frames_and_says_so():
    with open_source("demo", CameraRequest((320, 180), Fraction(60))) as source:
        first = source.read()
        threading.Event().wait(0.5)  # the reader is away: this is what is tested
        later = source.read()
    assert later.index - first.index > 10


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("demo:unknown", UsageError),
        ("gopher://example", UsageError),
        ("http://127.0.0.1:9/nothing", CameraError),
        ("clips/missing.mp4", InputError),
    ],
)
def test_what_cannot_be_opened_is_one_clear_error(spec: str, error: type[Exception]):
    with pytest.raises(error) as caught:
        open_source(spec)
    assert "\n" not in str(caught.value)


def test_a_password_in_an_address_is_not_shown():
    with pytest.raises(CameraError) as caught:
        open_source("http://me:secret@127.0.0.1:9/")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_video_is_refused(tmp_path: Path):
    path = tmp_path / "notes.mov"
    path.write_text("not a movie")
    with pytest.raises(InputError, match=r"notes\.mov"):
        open_source(str(path))


def test_a_stream_without_a_picture_is_refused(tmp_path: Path):
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=48_000, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), "s16", "mono")
        block.sample_rate = 48_000
        out.mux(stream.encode(block))
    with pytest.raises(CameraError, match="no picture"):
        open_source(str(path))
