"""Movies, read back with a decoder and with the programs a user would open them with."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from livecam.frame import PixelFormat
from tests.support.frames import moment, tone, write_movie
from tests.support.sync import sound

EVEN = [i / 30 for i in range(30)]
UNEVEN = [0.0, 0.031, 0.067, 0.1, 0.133, 0.2, 0.267, 0.5, 0.533, 0.5501]


def decoded_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


@pytest.mark.parametrize("pixel_format", PixelFormat)
@pytest.mark.parametrize("times_s", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_every_frame_is_there_at_its_own_time(tmp_path, pixel_format, times_s):
    path = tmp_path / "a.MOV"
    write_movie(path, moment(times_s, pixel_format))
    assert decoded_times(path) == pytest.approx(times_s, abs=2e-5)


def test_frames_that_share_a_tick_still_make_a_movie(tmp_path):
    """A burst after a stall: frames a few nanoseconds apart."""
    times = [0.0, 0.033, 1.4, 1.400000001, 1.400000002, 1.433]
    write_movie(tmp_path / "a.MOV", moment(times))
    assert decoded_times(tmp_path / "a.MOV") == pytest.approx(times, abs=5e-5)


def test_time_starts_at_the_first_frame_wherever_that_lies(tmp_path):
    write_movie(tmp_path / "a.MOV", moment([1000 + t for t in EVEN]))
    assert decoded_times(tmp_path / "a.MOV")[0] == 0


def test_the_last_frame_lasts_as_long_as_the_others(tmp_path):
    write_movie(tmp_path / "a.MOV", moment(EVEN))
    with av.open(str(tmp_path / "a.MOV")) as container:
        assert container.duration / av.time_base == pytest.approx(1.0, abs=0.002)


def test_it_is_what_a_phone_writes(tmp_path):
    path = tmp_path / "a.MOV"
    write_movie(path, moment(EVEN, sound=tone(1.0)))
    assert path.read_bytes()[4:12] == b"ftypqt  "
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.profile) == ("h264", "High")
        assert video.codec_context.pix_fmt == "yuv420p"
        assert (video.codec_context.color_primaries, video.codec_context.colorspace) == (1, 6)
        assert (audio.codec_context.name, audio.rate) == ("aac", 48_000)
    boxes = path.read_bytes()
    header = boxes.index(b"mvhd") + 4
    assert int.from_bytes(boxes[header + 12 : header + 16]) == 600, "the movie's timescale"


def test_colours_come_back_as_they_were(tmp_path):
    it = moment(EVEN[:5])
    write_movie(tmp_path / "a.MOV", it)
    with av.open(str(tmp_path / "a.MOV")) as container:
        shown = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    for picture, frame in zip(shown, it.frames, strict=True):
        difference = picture.astype(int).mean(axis=(0, 1)) - frame.bgr().mean(axis=(0, 1))
        assert np.abs(difference).max() < 2.5


def test_sound_is_as_long_as_the_picture_and_begins_with_it(tmp_path):
    path = tmp_path / "a.MOV"
    write_movie(path, moment(EVEN, sound=tone(1.0)))
    samples, rate = sound(path)
    assert len(samples) / rate == pytest.approx(1.0, abs=0.022)
    begins = np.flatnonzero(np.abs(samples) > 0.2)[0] / rate
    assert begins < 0.002
    spectrum = np.abs(np.fft.rfft(samples[4000:44000]))
    assert spectrum.argmax() * rate / 40_000 == pytest.approx(1000, abs=3)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (48_000, 2), (16_000, 1)])
def test_any_microphones_rate_is_kept(tmp_path, rate, channels):
    path = tmp_path / "a.MOV"
    write_movie(path, moment(EVEN, sound=tone(1.0, rate, channels)))
    with av.open(str(path)) as container:
        assert container.streams.audio[0].rate == rate
        assert container.streams.audio[0].channels == channels


def test_without_sound_there_is_no_sound_track(tmp_path):
    write_movie(tmp_path / "a.MOV", moment(EVEN))
    with av.open(str(tmp_path / "a.MOV")) as container:
        assert not container.streams.audio


def test_odd_sizes_are_cut_to_even_ones(tmp_path):
    odd = moment(EVEN[:4], PixelFormat.JPEG, size_wh=(322, 182))
    write_movie(tmp_path / "a.MOV", odd)
    assert len(decoded_times(tmp_path / "a.MOV")) == 4


def test_a_broken_jpeg_leaves_the_others_in_their_places(tmp_path):
    whole = moment(EVEN[:10], PixelFormat.JPEG)
    frames = list(whole.frames)
    frames[4] = frames[4].with_data(np.zeros(64, np.uint8), warmup=False)
    object.__setattr__(whole, "frames", tuple(frames))
    write_movie(tmp_path / "a.MOV", whole)
    assert decoded_times(tmp_path / "a.MOV") == pytest.approx(EVEN[:10], abs=2e-5)


@pytest.mark.programs
def test_ffprobe_reads_it_without_a_word(tmp_path):
    path = tmp_path / "a.MOV"
    write_movie(path, moment(UNEVEN, sound=tone(0.6)))
    command = ["ffprobe", "-v", "warning", "-show_entries", "frame=pts_time", "-of", "json",
               "-select_streams", "v", str(path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    times = [float(frame["pts_time"]) for frame in json.loads(done.stdout)["frames"]]
    assert times == pytest.approx(UNEVEN, abs=2e-5)
    assert all(b > a for a, b in pairwise(times))


@pytest.mark.programs
def test_exiftool_finds_it_valid(tmp_path):
    path = tmp_path / "a.MOV"
    write_movie(path, moment(EVEN, sound=tone(1.0)))
    command = ["exiftool", "-j", "-validate", "-warning", "-CreateDate", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)
    assert found["Validate"] == "OK"
    assert found["CreateDate"] == "2026:05:17 12:00:00"
