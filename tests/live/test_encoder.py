"""Frames encoded while their moment still goes on: one encoding, any number of moments."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest

from livecam.capture.ring import FrameRing
from livecam.capture.source import CameraMode
from livecam.errors import LivecamError, OutputError
from livecam.frame import PixelFormat
from livecam.live.encoder import LiveEncoder
from livecam.live.encoders import open_encoder
from tests.support.frames import flat, moment, mux_movie, tone

SIZE, RATE = (64, 48), 30
INTERVAL_NS = 1_000_000_000 // RATE


def level(i: int) -> int:
    return 20 + 2 * (i % 100)


class Camera:
    """A ring that is filled by hand; every frame a little brighter than the one before."""

    def __init__(self, tier: str, *plan) -> None:
        self.ring = FrameRing(10.0, 100_000_000, 2_000_000)
        mode = CameraMode(SIZE, RATE, PixelFormat.BGR, "drawn", "demo")
        self.encoder = LiveEncoder(self.ring, mode, tier, *plan)
        self.encoder.start()
        self.mode = mode

    def film(self, first: int, last: int) -> None:
        for i in range(first, last):
            self.ring.append(flat(i, i * INTERVAL_NS, level(i), SIZE))

    def request(self, first: int, last: int) -> None:
        self.encoder.request(first * INTERVAL_NS, last * INTERVAL_NS)

    def write(self, first: int, last: int, path, sound=None) -> list[float]:
        """Save frames `first` to `last`; the brightness of what plays."""
        frames = self.ring.cut(first * INTERVAL_NS, last * INTERVAL_NS)
        it = replace(moment([0, 1 / 30], sound=sound), frames=frames, mode=self.mode)
        mux_movie(path, it, *self.encoder.moment(it, lambda: False))
        return played(path)


def played(path) -> list[float]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        assert float(frames[0].pts * frames[0].time_base) == 0
        return [float(frame.to_ndarray(format="bgr24").mean()) for frame in frames]


@pytest.fixture(params=["lazy", "live"])
def camera(request):
    it = Camera(request.param)
    yield it
    it.encoder.close()


def test_packets_begin_with_the_last_key_frame_before_the_moment(camera):
    camera.film(0, 100)
    camera.request(0, 100)
    for first in (20, 44, 46, 75):
        frames = camera.ring.cut(first * INTERVAL_NS, (first + 20) * INTERVAL_NS)
        it = replace(moment([0, 1 / 30]), frames=frames, mode=camera.mode)
        _, packets = camera.encoder.moment(it, lambda: False)
        hidden = [packet for packet in packets if packet.t_ns <= frames[0].t_ns]
        assert packets[0].is_key
        assert sum(packet.is_key for packet in hidden) == 1, "no key frame is hidden in vain"
        assert len(hidden) <= 15 + 1, "half a second at the most"


def test_a_moment_holds_exactly_its_frames(camera, tmp_path):
    camera.film(0, 50)
    camera.request(10, 40)
    shown = camera.write(10, 40, tmp_path / "a.mov", tone(1.0))
    assert shown == pytest.approx([level(i) for i in range(10, 40)], abs=3)
    with av.open(str(tmp_path / "a.mov")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.profile == "High"
        assert float(stream.duration * stream.time_base) == pytest.approx(1.0, abs=0.001)
        assert container.duration / 1e6 == pytest.approx(1.0, abs=0.03)
        assert (stream.codec_context.color_primaries, stream.codec_context.colorspace) == (1, 6)


def test_moments_that_overlap_share_one_encoding(camera, tmp_path):
    camera.film(0, 40)
    camera.request(5, 50)
    camera.request(22, 70)
    camera.film(40, 80)
    first = camera.write(5, 50, tmp_path / "a.mov")
    second = camera.write(22, 70, tmp_path / "b.mov")
    assert first == pytest.approx([level(i) for i in range(5, 50)], abs=3)
    assert second == pytest.approx([level(i) for i in range(22, 70)], abs=3)
    shared = {bytes(p) for p in packets(tmp_path / "a.mov")} & {
        bytes(p) for p in packets(tmp_path / "b.mov")
    }
    assert len(shared) >= 50 - 22, "the very same packets"


def packets(path) -> list[av.Packet]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def test_a_later_moment_begins_anew(camera, tmp_path):
    camera.film(0, 30)
    camera.request(0, 20)
    assert len(camera.write(0, 20, tmp_path / "a.mov")) == 20
    camera.film(30, 110)
    camera.request(90, 105)
    shown = camera.write(90, 105, tmp_path / "b.mov")
    assert shown == pytest.approx([level(i) for i in range(90, 105)], abs=3)


def test_times_are_those_of_the_frames_however_uneven(camera, tmp_path):
    times_s = [0, 0.03, 0.1, 0.11, 0.3, 0.5, 0.52, 0.9]
    for i, t_s in enumerate(times_s):
        camera.ring.append(flat(i, round(t_s * 1e9), level(i), SIZE))
    camera.encoder.request(0, 2_000_000_000)
    frames = camera.ring.cut(0, 2_000_000_000)
    it = replace(moment([0, 1 / 30]), frames=frames, mode=camera.mode)
    path = tmp_path / "a.mov"
    mux_movie(path, it, *camera.encoder.moment(it, lambda: False))
    with av.open(str(path)) as container:
        seen = [float(f.pts * f.time_base) for f in container.decode(video=0)]
    assert seen == pytest.approx(times_s, abs=2e-5)


def test_a_broken_frame_costs_itself_only(tmp_path):
    it = moment([i / 30 for i in range(20)], PixelFormat.JPEG)
    ring = FrameRing(10.0, 100_000_000, 2_000_000)
    encoder = LiveEncoder(ring, it.mode)
    encoder.start()
    frames = []
    for i, frame in enumerate(it.frames):
        broken = frame.with_data(np.zeros(40, np.uint8), warmup=False)
        frames.append(ring.append(broken if i in (0, 7) else frame))
    encoder.request(0, 10_000_000_000)
    it = replace(it, frames=tuple(frames))
    mux_movie(tmp_path / "a.mov", it, *encoder.moment(it, lambda: False))
    encoder.close()
    with av.open(str(tmp_path / "a.mov")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 18


def test_nothing_but_broken_frames_is_an_error():
    it = moment([0, 1 / 30], PixelFormat.JPEG)
    ring = FrameRing(10.0, 100_000_000, 2_000_000)
    encoder = LiveEncoder(ring, it.mode)
    encoder.start()
    broken = np.zeros(40, np.uint8)
    frames = [ring.append(frame.with_data(broken, warmup=False)) for frame in it.frames]
    encoder.request(0, 10_000_000_000)
    with pytest.raises(OutputError, match="no frame"):
        encoder.moment(replace(it, frames=tuple(frames)), lambda: False)
    encoder.close()


def test_who_gives_up_does_not_wait(camera):
    it = replace(moment([0, 1 / 30]), mode=camera.mode)
    with pytest.raises(LivecamError, match="given up"):
        camera.encoder.moment(it, lambda: True)


def test_one_encoder_serves_every_moment_and_each_begins_with_a_key_frame(monkeypatch):
    """A press every 3.2 s: each moment is over before the next, and the ring remembers them all."""
    opened = []

    def spy(*args):
        opened.append(args)
        return open_encoder(*args)

    monkeypatch.setattr("livecam.live.encoder.open_encoder", spy)
    camera = Camera("lazy")
    for first in range(0, 240, 24):
        camera.film(first, first + 24)
        camera.request(first, first + 20)
        _, packets = camera.encoder.moment(moment_of(camera, first, first + 20), lambda: False)
        assert packets[0].t_ns == first * INTERVAL_NS
        assert packets[0].is_key
    assert len(opened) == 1
    camera.encoder.close()


def test_packets_are_kept_while_a_moment_that_is_not_saved_needs_them(tmp_path):
    camera = Camera("lazy", (0.5, 0.5))
    camera.film(0, 30)
    camera.request(0, 30)
    waiting = moment_of(camera, 0, 30)
    camera.encoder.keep_from(0)
    for first in range(30, 400, 30):
        camera.film(first, first + 30)
        camera.request(first, first + 30)
        assert camera.encoder.moment(moment_of(camera, first, first + 30), lambda: False)[1]
    assert len(camera.encoder.moment(waiting, lambda: False)[1]) == 30
    camera.encoder.keep_from(None)
    camera.film(420, 450)
    camera.request(420, 450)
    assert camera.encoder.moment(moment_of(camera, 420, 450), lambda: False)[1]
    with pytest.raises(OutputError, match="too long ago"):
        camera.encoder.moment(waiting, lambda: False)
    camera.encoder.close()


def test_where_the_live_tier_falls_behind_it_gives_way_and_loses_no_moment(tmp_path):
    camera = Camera("live")
    camera.film(0, 20)  # a second of frames at once: more than it may be behind
    camera.request(60, 90)
    camera.film(20, 120)
    shown = camera.write(60, 90, tmp_path / "a.mov")
    assert shown == pytest.approx([level(i) for i in range(60, 90)], abs=3)
    camera.encoder.close()


def test_the_tier_is_found_out_by_trying_and_told():
    ring = FrameRing(10.0, 100_000_000, 2_000_000)
    mode = CameraMode(SIZE, RATE, PixelFormat.BGR, "drawn", "demo")
    for i in range(2 * RATE):
        ring.append(flat(i, i * INTERVAL_NS, level(i), SIZE))
    encoder = LiveEncoder(ring, mode, "auto", (1.5, 1.5))
    encoder.start()
    found = encoder.wait_for_plan(20)
    assert (found.tier, encoder.tier) == ("lazy", "lazy")
    encoder.close()


def test_where_nothing_follows_the_press_everything_is_encoded_beforehand(tmp_path):
    camera = Camera("auto", (9000.0, 0.0))
    camera.film(0, 40)
    assert camera.encoder.wait_for_plan(20).tier == "live"
    camera.film(40, 80)
    camera.request(45, 75)
    shown = camera.write(45, 75, tmp_path / "a.mov")
    assert shown == pytest.approx([level(i) for i in range(45, 75)], abs=3)
    camera.encoder.close()


def test_a_moment_that_shares_frames_with_one_that_is_saved_is_whole(camera, tmp_path):
    camera.film(0, 60)
    camera.request(10, 40)
    camera.write(10, 40, tmp_path / "a.mov")
    camera.encoder.let_go()
    camera.request(25, 55)
    shown = camera.write(25, 55, tmp_path / "b.mov")
    assert shown == pytest.approx([level(i) for i in range(25, 55)], abs=3)


def moment_of(camera: Camera, first: int, last: int):
    frames = camera.ring.cut(first * INTERVAL_NS, last * INTERVAL_NS)
    return replace(moment([0, 1 / 30]), frames=frames, mode=camera.mode)


def test_once_all_is_saved_and_long_ago_nothing_is_kept_and_nobody_waits_for_it():
    camera = Camera("lazy")
    camera.film(0, 40)
    camera.request(0, 40)
    it = moment_of(camera, 0, 40)
    assert camera.encoder.moment(it, lambda: False)[1]
    camera.encoder.let_go()
    camera.film(40, 400)  # the ring holds ten seconds
    assert camera.encoder.wait_until_empty(10)
    with pytest.raises(OutputError, match="too long ago"):
        camera.encoder.moment(it, lambda: False)
    camera.encoder.close()


def test_a_moment_that_is_asked_for_much_too_late_is_told_so():
    camera = Camera("lazy")
    camera.film(0, 30)
    late = moment_of(camera, 0, 30)
    camera.request(0, 30)
    camera.film(1500, 1530)  # fifty seconds later
    camera.request(1500, 1530)
    assert camera.encoder.moment(moment_of(camera, 1500, 1530), lambda: False)[1]
    with pytest.raises(OutputError, match="too long ago"):
        camera.encoder.moment(late, lambda: False)
    camera.encoder.close()


def test_frames_that_passed_the_encoder_by_are_never_left_out_silently(camera):
    camera.film(0, 60)
    camera.request(30, 50)
    frames = camera.ring.cut(20 * INTERVAL_NS, 50 * INTERVAL_NS)
    it = replace(moment([0, 1 / 30]), frames=frames, mode=camera.mode)
    if camera.encoder.tier == "live":
        assert camera.encoder.moment(it, lambda: False)[1]
    else:
        with pytest.raises(OutputError, match="passed"):
            camera.encoder.moment(it, lambda: False)
