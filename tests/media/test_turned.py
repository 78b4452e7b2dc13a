"""A camera that is mounted on its side or sees a mirror: files that every program shows upright."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

import livecam
from livecam.frame import UPRIGHT, Frame, PixelFormat, Turn
from livecam.photos.frames import MovieReader
from tests.support.frames import moment
from tests.support.program import SMALL_DEMO, run

SIZE = (320, 180)
SHORT = ["--before", "0.4", "--after", "0.4", "--no-audio"]
SOME = [(90, False), (180, False), (270, True)]
TURNS = [(degrees, flip) for degrees in (0, 90, 180, 270) for flip in (False, True)]


def seen_by(turn: Turn, frame: Frame, pixel_format: PixelFormat) -> Frame:
    """What a camera that is mounted like that delivers of an upright picture."""
    image = frame.bgr()
    way = [one for one in (Turn.by(d, is_mirrored=f) for d, f in TURNS) if undoes(turn, one)]
    stored = np.ascontiguousarray(way[0].apply(image))
    height, width = stored.shape[:2]
    if pixel_format is PixelFormat.JPEG:
        data = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].reshape(-1)
    else:
        data = cv2.cvtColor(stored, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    return replace(frame, pixel_format=pixel_format, size_wh=(width, height), data=data, turn=turn)


def undoes(turn: Turn, other: Turn) -> bool:
    marks = np.arange(6).reshape(2, 3)
    return np.array_equal(turn.apply(other.apply(marks)), marks)


def turned(turn: Turn, pixel_format: PixelFormat):
    """A moment of the drawn person, as such a camera gives it, and as it should look."""
    plain = moment([i / 30 for i in range(6)], PixelFormat.BGR, size_wh=SIZE, first=40)
    frames = tuple(seen_by(turn, frame, pixel_format) for frame in plain.frames)
    mode = replace(plain.mode, size_wh=frames[0].size_wh, pixel_format=pixel_format)
    return replace(plain, frames=frames, mode=mode), plain


def apart(a, b) -> float:
    return float(np.abs(a.astype(float) - b).mean())


@pytest.mark.parametrize(("degrees", "flip"), TURNS)
@pytest.mark.parametrize("pixel_format", [PixelFormat.JPEG, PixelFormat.I420])
def test_photo_and_movie_are_shown_upright(tmp_path, degrees, flip, pixel_format):
    turn = Turn.by(degrees, is_mirrored=flip)
    it, plain = turned(turn, pixel_format)
    score = livecam.score(it)
    assert score.basis == "faces", "the face is found upright"
    files = livecam.save(it, score, tmp_path)
    key = plain.frames[score.key].bgr()
    with Image.open(files.photo) as photo:
        orientation = photo.getexif()[0x0112]
        shown = np.array(ImageOps.exif_transpose(photo).convert("RGB"))[:, :, ::-1]
    assert orientation == (turn.orientation if pixel_format is PixelFormat.JPEG else 1)
    assert shown.shape == key.shape
    assert apart(shown, key) < 4
    with MovieReader(files.movie) as reader:
        first = next(iter(reader.frames([0]))).bgr()
        assert reader.size_wh == SIZE
    assert apart(first, plain.frames[0].bgr()) < 6
    record = json.loads(files.scores.read_text())
    assert record["camera"]["orientation"] == turn.orientation
    left, top, right, bottom = record["frames"][0]["faces"][0]["box_xyxy"]
    assert 0 <= left < right <= SIZE[0]
    assert 0 <= top < bottom <= SIZE[1]


@pytest.mark.parametrize(("degrees", "flip"), SOME)
def test_a_jpeg_of_the_camera_stays_as_it_is(tmp_path, degrees, flip):
    it, _ = turned(Turn.by(degrees, is_mirrored=flip), PixelFormat.JPEG)
    score = livecam.score(it)
    photo = livecam.save(it, score, tmp_path).photo.read_bytes()
    sent = it.frames[score.key].data.tobytes()
    assert sent[sent.index(b"\xff\xdb") :] in photo, "turned by a tag, not by new pixels"


@pytest.mark.programs
@pytest.mark.parametrize(("degrees", "flip"), SOME)
def test_ffmpeg_shows_the_movie_upright_too(tmp_path, degrees, flip):
    it, plain = turned(Turn.by(degrees, is_mirrored=flip), PixelFormat.I420)
    files = livecam.save(it, livecam.score(it), tmp_path)
    command = ["ffmpeg", "-v", "error", "-i", files.movie, "-frames:v", "1", tmp_path / "a.png"]
    subprocess.run(list(map(str, command)), check=True)
    shown = cv2.imread(str(tmp_path / "a.png"))
    assert shown.shape == (SIZE[1], SIZE[0], 3)
    assert apart(shown, plain.frames[0].bgr()) < 6


def test_the_options_reach_the_files(tmp_path):
    done = run(
        *SMALL_DEMO,
        "--rotate",
        "90",
        "--flip",
        "--shots",
        "1",
        "--motion-photo=beside",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    (movie,) = (tmp_path / "recordings").glob("*.MOV")
    with MovieReader(movie) as reader:
        assert next(iter(reader.frames([0]))).size_wh == (180, 320)
    with Image.open(movie.with_suffix(".JPG")) as photo:
        assert photo.size == (180, 320), "raw pictures are stored upright"
    with av.open(str(movie)) as container:
        assert container.streams.video[0].width == 320, "the movie's are turned when they are shown"


@pytest.mark.parametrize("rotate", ["0", "90"])
def test_a_network_camera_that_says_it_lies_on_its_side(tmp_path, rotate):
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", "320x180", "--sideways"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as camera:
        url = f"http://127.0.0.1:{camera.stdout.readline().strip()}/stream"
        done = run("--camera", url, *SHORT, "--rotate", rotate, "--shots", "1", cwd=tmp_path)
        camera.kill()
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "recordings").glob("*.JPG")
    with Image.open(path) as photo:
        assert photo.size == (180, 320), "as the camera sent it"
        assert ImageOps.exif_transpose(photo).size == ((320, 180) if rotate == "0" else (180, 320))
    assert path.read_bytes().count(b"Exif\0\0") == 1, "one segment"


def test_every_turn_has_its_number():
    numbers = {Turn.by(degrees, is_mirrored=flip).orientation for degrees, flip in TURNS}
    assert numbers == set(range(1, 9))
    for number in range(1, 9):
        assert Turn.of_orientation(number).orientation == number
    assert Turn.of_orientation(0) == UPRIGHT
