"""Moments on disk as they came, read back as they were."""

from __future__ import annotations

import av
import numpy as np
import pytest

from livecam.capture.frame import PixelFormat
from livecam.errors import InputError
from livecam.media.spool import FOLDER, Spool, abandoned, read_moment
from tests.support.frames import moment, tone

TIMES_S = [i / 30 for i in range(20)]


@pytest.mark.parametrize("sound", [None, tone(0.7, channels=2)], ids=["silent", "stereo"])
def test_a_moment_comes_back_as_it_was(out, sound):
    it = moment(TIMES_S, PixelFormat.JPEG, sound=sound, first=40)
    path = Spool(out).keep(it)
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


def test_a_camera_without_jpegs_is_kept_too_and_any_player_opens_it(out):
    it = moment(TIMES_S, PixelFormat.I420, sound=tone(0.7))
    path = Spool(out).keep(it)
    with av.open(str(path)) as container:
        shown = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        assert container.streams.audio
    assert len(shown) == 20
    assert np.abs(shown[5].astype(int) - it.frames[5].bgr()).mean() < 3
    assert (out / FOLDER).stat().st_mode & 0o077 == 0


def test_what_somebody_alive_keeps_is_left_alone(out):
    spool = Spool(out)
    path = spool.keep(moment(TIMES_S))
    with abandoned(out) as found:
        assert found == []
    assert path.is_file()
    spool.drop(path)
    spool.close()
    assert list(out.iterdir()) == [], "nothing stays behind"


def test_a_damaged_one_is_said(out):
    path = Spool(out).keep(moment(TIMES_S))
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(InputError, match="damaged"):
        read_moment(path)
