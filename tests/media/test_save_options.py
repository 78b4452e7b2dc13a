"""HEIC photos and HEVC movies."""

from __future__ import annotations

import sys

import av
import numpy as np
import pytest

import livecam
from livecam.errors import UsageError
from livecam.formats.apple_note import new_note
from livecam.media.save_options import SaveOptions
from tests.support.frames import moment, tone
from tests.support.program import SMALL_DEMO, run

pillow_heif = pytest.importorskip("pillow_heif", reason="the extra 'heic' is not installed")


@pytest.fixture
def saved(out):
    it = moment([i / 30 for i in range(20)], sound=tone(0.7), size_wh=(640, 360), first=30)
    score = livecam.score(it)
    return it.frames[score.key], livecam.save(
        it, score, out, SaveOptions(still="heic", codec="hevc")
    )


def test_the_photo_is_the_frame_with_its_tags(saved):
    frame, files = saved
    assert files.photo.suffix == ".HEIC"
    picture = pillow_heif.open_heif(files.photo)
    shown = np.asarray(picture.to_pillow().convert("RGB"), float)[:, :, ::-1]
    assert np.abs(shown - frame.bgr()).mean() < 3
    note = picture.info["exif"]
    assert b"Apple iOS" in note


def test_the_movie_is_what_apple_plays(saved):
    _, files = saved
    with av.open(str(files.movie)) as container:
        video = container.streams.video[0].codec_context
        assert (video.name, video.codec_tag) == ("hevc", "hvc1")
        assert sum(1 for _ in container.decode(video=0)) == 20


def test_both_halves_carry_the_same_identifier(saved):
    _, files = saved
    exif = pillow_heif.open_heif(files.photo).info["exif"]
    at = exif.index(b"Apple iOS")
    identifier = exif[at + 32 : at + 68].decode()
    assert exif[at : at + 69] == new_note(identifier)
    assert identifier.encode() in files.movie.read_bytes()


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    from livecam.formats import heic

    with pytest.raises(UsageError) as caught:
        heic.require()
    assert "pip install 'pillow-heif" in caught.value.hint


def test_the_options_reach_the_files(tmp_path):
    done = run(
        *SMALL_DEMO, "--shots", "1", "--format", "heic", "--codec", "hevc", "--motion-photo",
        "--json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0
    names = sorted(path.suffix for path in (tmp_path / "recordings").iterdir())
    assert names == [".HEIC", ".MOV", ".jpg", ".json"]
