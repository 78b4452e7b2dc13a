"""Stills, clips, effects and the other format, as other programs see them."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import livecam
from livecam.formats.boxes import find_box
from livecam.formats.live_photo import EFFECT_KEY
from livecam.formats.motion_photo import find_motion_movie
from livecam.media.save_options import SaveOptions
from livecam.photos.check import check
from livecam.photos.frames import MovieReader
from livecam.photos.pairs import find_halves
from tests.support.files import FRAMES, PAIR_S, level, numbered_movie, saved
from tests.support.frames import moment
from tests.support.program import events, run
from tests.support.promise import check_event


@pytest.fixture(scope="module")
def moment_files(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("moment"), SaveOptions(motion="beside"))


def exported(source: Path, target: str, folder: Path) -> list[Path]:
    done = run("export", str(source), "--to", target, "--out", "new", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    (event,) = events(done.stdout)
    check_event(event)
    return [Path(path) for path in event["outputs"]]


def pixels(path: Path) -> bytes:
    with Image.open(path) as image:
        return image.tobytes()


def brightness(path: Path) -> list[float]:
    with MovieReader(path) as reader:
        return [float(f.bgr().mean()) for f in reader.frames(range(len(reader.times)))]


def test_a_still_is_the_same_picture_and_half_of_nothing(moment_files, tmp_path):
    (path,) = exported(moment_files.photo, "still", tmp_path)
    shutil.copy(moment_files.movie, path.with_suffix(".MOV"))
    (halves,) = find_halves([path])
    assert any("no content identifier" in defect for defect in check(halves).defects)
    with Image.open(path) as new, Image.open(moment_files.photo) as old:
        assert np.array_equal(np.asarray(new), np.asarray(old))


def test_the_still_of_a_motion_photo_promises_no_movie(moment_files, tmp_path):
    (path,) = exported(moment_files.motion_photo, "still", tmp_path)
    assert find_motion_movie(path.read_bytes()) is None
    assert b"ftyp" not in path.read_bytes()


@pytest.mark.samples
def test_the_still_of_a_samsung_promises_no_movie(samples, tmp_path):
    (path,) = exported(samples / "motionphotos" / "samsung-one-ui-6.heic", "still", tmp_path)
    assert find_motion_movie(path.read_bytes()) is None


def test_a_muted_movie_has_every_picture_and_no_sound(moment_files, tmp_path):
    (path,) = exported(moment_files.movie, "muted", tmp_path)
    with av.open(str(path)) as container:
        assert not container.streams.audio
        assert sum(1 for _ in container.decode(video=0)) == FRAMES
    # Not even bytes of it: the old sound's samples are not in the file.
    with av.open(str(moment_files.movie)) as container:
        sound = [bytes(packet) for packet in container.demux(audio=0) if packet.size > 100]
    assert sound
    assert not any(packet in path.read_bytes() for packet in sound)


@pytest.mark.parametrize("target", ["gif", "webp"])
def test_an_animation_repeats_for_ever_at_the_movies_pace(moment_files, tmp_path, target):
    (path,) = exported(moment_files.movie, target, tmp_path)
    assert path.suffix == f".{target}"
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        assert 10 <= image.n_frames <= 16
        total_ms = 0
        for i in range(image.n_frames):
            image.seek(i)
            image.load()
            total_ms += image.info["duration"]
    assert total_ms == pytest.approx(1000 * PAIR_S, abs=120)


def test_a_bounce_goes_there_and_back(tmp_path):
    movie = numbered_movie(tmp_path / "a.mov", [i / 30 for i in range(10)])
    path, photo = exported(movie, "bounce", tmp_path)
    expected = [*range(10), *range(8, 0, -1)]
    assert brightness(path) == pytest.approx([level(i) for i in expected], abs=4)
    check_effect(path, photo, 2)


def test_a_loop_ends_where_it_begins(tmp_path):
    movie = numbered_movie(tmp_path / "a.mov", [i / 30 for i in range(36)])
    path, photo = exported(movie, "loop", tmp_path)
    shown = brightness(path)
    jump = abs(shown[0] - shown[-1])
    assert jump < 25, "the last frame is nearly the one before the first"
    assert max(abs(a - b) for a, b in pairwise(shown)) < 25
    check_effect(path, photo, 1)


def check_effect(movie: Path, photo: Path, number: int) -> None:
    """A true Live Photo that Photos knows as this effect."""
    (halves,) = find_halves([photo])
    assert check(halves).defects == ()
    data = movie.read_bytes()
    meta = find_box(data, b"moov", b"meta")
    inside = data[meta.start : meta.end]
    assert EFFECT_KEY.encode() in inside
    assert number.to_bytes(8) in inside


def test_a_long_exposure_keeps_still_things_sharp_although_the_camera_shook(tmp_path):
    rng = np.random.default_rng(1)
    scene = np.kron(rng.integers(40, 216, (24, 32, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    path = tmp_path / "shaken.mov"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 560, 400, "yuv420p"
        for i in range(24):
            x, y = (int(v) for v in rng.integers(0, 12, 2))
            image = scene[40 + y : 440 + y, 40 + x : 600 + x].copy()
            image[180:220, 20 * i : 20 * i + 40] = 255  # what moves
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        out.mux(stream.encode(None))
    _, photo = exported(path, "long-exposure", tmp_path)
    with Image.open(photo) as image:
        mean = np.asarray(image, np.float32)[:, :, ::-1]
    with MovieReader(path) as reader:
        key = reader.picture(reader.nearest(reader.duration_s / 2).index).astype(np.float32)
    still = np.s_[260:360, 60:500]
    assert np.abs(mean[still] - key[still]).mean() < 6, "aligned, it looks like a single frame"
    moving = np.s_[185:215, 100:460]
    assert mean[moving].max() < 235, "what moves is mist, nowhere white"


def test_a_motion_photo_becomes_a_live_photo_and_back(moment_files, tmp_path):
    _, photo = exported(moment_files.motion_photo, "live-photo", tmp_path)
    (halves,) = find_halves([photo])
    report = check(halves)
    assert report.defects == ()
    with Image.open(photo) as new, Image.open(moment_files.motion_photo) as old:
        assert np.array_equal(np.asarray(new), np.asarray(old)), "the picture is not encoded anew"
    (back,) = exported(photo, "motion-photo", tmp_path)
    assert back.name.endswith("MP.jpg")
    found = find_motion_movie(back.read_bytes())
    assert found.still_s == pytest.approx(report.still_s, abs=1e-3)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(back.read_bytes()[found.start : found.end])
    with av.open(str(clip)) as a, av.open(str(moment_files.movie)) as b:
        assert sum(1 for _ in a.decode(video=0)) == sum(1 for _ in b.decode(video=0))
        assert a.streams.audio


@pytest.mark.samples
@pytest.mark.parametrize("name", ["IMG_4394.HEIC", "51F2BEF7.jpeg"])
def test_an_iphones_pair_becomes_a_motion_photo_that_stands_upright(samples, tmp_path, name):
    if name.endswith("HEIC"):
        pytest.importorskip("pillow_heif")
    (path,) = exported(samples / "livephotos" / name, "motion-photo", tmp_path)
    data = path.read_bytes()
    found = find_motion_movie(data)
    with MovieReader(data[found.start : found.end]) as reader:
        height, width = reader.picture(0).shape[:2]
        assert height > width
    with av.open(str(_written(tmp_path, data[found.start : found.end]))) as container:
        assert [s.codec_context.name for s in container.streams.audio] == ["aac"]
        tag = container.streams.video[0].codec_context.codec_tag
    assert tag in ("hvc1", "avc1")


def _written(folder: Path, movie: bytes) -> Path:
    path = folder / "x.mp4"
    path.write_bytes(movie)
    return path


def test_what_cannot_be_made_is_said_in_one_line(moment_files, tmp_path):
    done = run("export", str(moment_files.photo), "--to", "live-photo", "--out", "n", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1)
    movie = numbered_movie(tmp_path / "two.mov", [0, 0.1])
    done = run("export", str(movie), "--to", "loop", "--out", "n", cwd=tmp_path)
    assert (done.returncode, "too short" in done.stderr) == (4, True)
    assert not list((tmp_path / "n").iterdir())
    assert run("export", str(movie), "--to", "gold", "--out", "n", cwd=tmp_path).returncode == 2
    assert run("export", str(movie), "--to", "gif", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize("target", ["still", "muted", "webp", "loop", "live-photo"])
def test_a_second_export_makes_nothing_twice(moment_files, tmp_path, target):
    """One of each way in which a file says what it was made from."""
    source = moment_files.motion_photo if target == "live-photo" else moment_files.photo
    args = ("export", str(source), "--to", target, "--out", "n")
    first = run(*args, "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "n").iterdir()}
    (event,) = events(run(*args, "--json", cwd=tmp_path).stdout)
    assert event["event"] == "skipped"
    assert set(event["outputs"]) == {str(path) for path in made}
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "n").iterdir()} == made


def test_two_files_that_do_not_say_so_become_a_pair(tmp_path):
    """As makelive does: a photo and a movie without identifiers, of any names."""
    Image.new("RGB", (320, 240), (90, 120, 60)).save(tmp_path / "photo.jpg")
    movie = numbered_movie(tmp_path / "clip.mp4", [i / 30 for i in range(45)], size=(320, 240))
    for first, second in (("photo.jpg", "clip.mp4"), ("clip.mp4", "photo.jpg")):
        done = run("export", "--pair", first, second, "--out", first[:4], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        new = sorted((tmp_path / first[:4]).iterdir())
        assert [path.suffix for path in new] == [".JPG", ".MOV"]
        (halves,) = find_halves([new[0]])
        assert check(halves).is_true
        assert pixels(new[0]) == pixels(tmp_path / "photo.jpg"), "not one bit of the picture"
    done = run("export", "--pair", "photo.jpg", str(movie), "--to", "motion-photo", "--out", "m",
               cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    (motion,) = (tmp_path / "m").iterdir()
    (halves,) = find_halves([motion])
    assert check(halves).is_true


def test_a_motion_photo_of_livecams_pair_keeps_its_scores(tmp_path):
    """As the one that the camera writes."""
    it = moment([i / 30 for i in range(20)], size_wh=(320, 240))
    files = livecam.save(it, livecam.score(it), tmp_path)
    (motion,) = exported(files.photo, "motion-photo", tmp_path)
    assert b"application/motionphoto-image-meta" in motion.read_bytes()
    files.scores.unlink()
    (motion,) = exported(files.photo, "motion-photo", tmp_path / "new")
    assert b"application/motionphoto-image-meta" not in motion.read_bytes()


@pytest.mark.samples
@pytest.mark.parametrize("name", ["muted_avi.avi", "mpeg.mpg", "offset_start.ts", "unrelated.MP4"])
def test_whatever_is_read_can_be_muted_from_0_on(samples, tmp_path, name):
    source = samples / "reports" / name
    done = run("export", str(source), "--to", "muted", "--out", "m", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "m").iterdir()
    with MovieReader(made) as new, MovieReader(source) as old:
        assert len(new.times) == len(old.times)
        assert new.times[0].time_s == pytest.approx(0, abs=0.04)
    with av.open(str(made)) as movie:
        assert not movie.streams.audio


def test_names_that_end_in_a_number_are_not_made_twice(tmp_path):
    numbered_movie(tmp_path / "holiday-2019.mp4", [i / 10 for i in range(10)])
    for _ in range(2):
        done = run("export", "holiday-2019.mp4", "--to", "gif", "--out", "n", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "n").iterdir()] == ["holiday-2019.gif"]
