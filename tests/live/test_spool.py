"""Moments on disk as they came, read back as they were."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import replace
from typing import Any

import av
import numpy as np
import pytest

from livecam.errors import InputError
from livecam.frame import PixelFormat, Turn
from livecam.live.spool import FOLDER, Spool, abandoned, folder_for, read_moment, strange
from tests.support.frames import moment, tone

TIMES_S = [i / 30 for i in range(20)]


@pytest.fixture
def spool(out):
    with closing(Spool(out)) as spool:
        yield spool


@pytest.mark.parametrize("sound", [None, tone(0.7, channels=2)], ids=["silent", "stereo"])
def test_a_moment_comes_back_as_it_was(out, spool, sound):
    it = moment(TIMES_S, PixelFormat.JPEG, sound=sound, first=40)
    path = spool.keep(it)
    back = read_moment(path)
    assert [frame.data.tobytes() for frame in back.frames] == [
        frame.data.tobytes() for frame in it.frames
    ]
    assert [(f.index, f.t_ns, f.warmup) for f in back.frames] == [
        (f.index, f.t_ns, f.warmup) for f in it.frames
    ]
    assert back.mode == it.mode
    assert back.shutter_time == it.shutter_time
    assert (back.id, back.camera, back.end_ns) == (it.id, it.camera, it.end_ns)
    if sound is None:
        assert back.sound is None
    else:
        assert (back.sound.samples == sound.samples).all()
        assert back.sound.start_ns == sound.start_ns


def test_a_camera_without_jpegs_is_kept_too_and_any_player_opens_it(out, spool):
    it = moment(TIMES_S, PixelFormat.I420, sound=tone(0.7))
    path = spool.keep(it)
    with av.open(str(path)) as container:
        shown = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        assert container.streams.audio
    assert len(shown) == 20
    assert np.abs(shown[5].astype(int) - it.frames[5].bgr()).mean() < 3
    assert (out / FOLDER).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("pixel_format", [PixelFormat.JPEG, PixelFormat.I420])
def test_a_camera_on_its_side_is_upright_after_recovery(spool, pixel_format):
    it = moment(TIMES_S, pixel_format)
    it = replace(it, frames=tuple(replace(frame, turn=Turn.by(90)) for frame in it.frames))
    (first, *_) = read_moment(spool.keep(it)).frames
    assert first.shown_wh == it.frames[0].shown_wh
    assert np.abs(first.bgr().astype(int) - it.frames[0].bgr()).mean() < 3


def test_what_somebody_alive_keeps_is_left_alone(out, spool):
    path = spool.keep(moment(TIMES_S))
    with abandoned(out) as found:
        assert found.moments == []
    assert path.is_file()
    spool.drop(path)
    spool.close()
    assert list(out.iterdir()) == [], "nothing stays behind"


def test_a_damaged_one_is_said(out, spool):
    path = spool.keep(moment(TIMES_S))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match="damaged"):
        read_moment(path)


posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes")


def test_a_link_to_a_folder_is_never_followed(out, spool, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    theirs = ("thesis-2024.pdf", "poetry.lock", "notes.json", f"{'a' * 32}-1.part")
    for name in theirs:
        (mine / name).write_text("mine")
    (out / FOLDER).symlink_to(mine, target_is_directory=True)
    with abandoned(out) as found:
        assert found.moments == []
    assert strange(out) == [out / FOLDER]
    path = spool.keep(moment(TIMES_S))
    assert path.parent == out / f"{FOLDER}-2"
    spool.drop(path)
    spool.close()
    assert {one.name for one in mine.iterdir()} == set(theirs)
    assert [one.name for one in out.iterdir()] == [FOLDER], "the link itself is left alone too"


@posix
@pytest.mark.parametrize("taken", ["file", "dangling link", "pipe"])
def test_where_the_folders_name_is_taken_another_is_used(out, spool, taken):
    if taken == "file":
        (out / FOLDER).write_text("")
    elif taken == "pipe":
        os.mkfifo(out / FOLDER)
    else:
        (out / FOLDER).symlink_to("/nonexistent/x")
    assert folder_for(out).name == f"{FOLDER}-2"
    path = spool.keep(moment(TIMES_S))
    assert len(read_moment(path).frames) == len(TIMES_S)


def test_files_that_are_not_ours_are_left_in_our_folder(out, spool):
    path = spool.keep(moment(TIMES_S))
    (path.parent / "notes-2.txt").write_text("mine")
    spool.drop(path)
    spool.close()
    with abandoned(out) as found:
        assert found.moments == []
    assert [one.name for one in path.parent.iterdir()] == ["notes-2.txt"]


DAMAGED: dict[str, Any] = {
    "rate": {"rate_hz": [1, 0]}, "no frames": {"frames": []}, "no size": {"size_wh": [0, 0]},
    "another size": {"size_wh": [640, 480]}, "no channels": {"sound": [48_000, 0, 0, 0]},
    "epoch": {"epoch_ns": 10**30}, "name": {"id": "../../pwned"}, "end": {"end_ns": None},
    "times": {"frames": [["a", "b", "c", "d"]] * 20},
    "far apart": {"frames": [[i, i * 10**15, i * 10**15, False] for i in range(20)]},
    "negative rate": {"rate_hz": [-1, 1]},
}  # fmt: skip


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_record_that_no_run_has_written_is_named_and_nothing_worse(out, spool, change):
    path = spool.keep(moment(TIMES_S))
    described = path.with_suffix(".json")
    described.write_text(json.dumps(json.loads(described.read_text()) | change))
    with pytest.raises(InputError, match=path.name):
        read_moment(path)


@pytest.mark.parametrize("text", ["[1]", "[" * 100_000, '{"id": NaN}', "", "\x00" * 50])
def test_nor_does_another_text_in_its_place(out, spool, text):
    path = spool.keep(moment(TIMES_S))
    path.with_suffix(".json").write_text(text)
    with pytest.raises(InputError, match=path.name):
        read_moment(path)


@posix
@pytest.mark.parametrize("suffix", [".json", ".mov"])
@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_pipe_or_a_link_in_its_place_is_not_opened(out, spool, tmp_path, suffix, kind):
    path = spool.keep(moment(TIMES_S)).with_suffix(suffix)
    content = path.read_bytes()
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "elsewhere").write_bytes(content)
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=path.stem):
        read_moment(path.with_suffix(".mov"))
