"""Sound on the frames' clock, proven with devices that misbehave on a clock of the test's own."""

import numpy as np
import pytest

from livecam.capture.sound_ring import SoundRing
from livecam.timebase import NS_PER_S, to_ns

RATE = 48_000
BLOCK = 480


class Device:
    """Samples that know when they were taken: each value is its own position."""

    def __init__(self, ring: SoundRing, start_s: float = 100.0, ppm: float = 0.0) -> None:
        self.ring, self.start_s, self.rate = ring, start_s, RATE * (1 + ppm * 1e-6)
        self.taken = 0
        self.rng = np.random.default_rng(1)

    def run(self, seconds: float, jitter_s: float = 0.004, lose: bool = False) -> None:
        for _ in range(round(seconds * RATE / BLOCK)):
            values = (np.arange(self.taken, self.taken + BLOCK) % 30_000).astype(np.int16)
            self.taken += BLOCK
            arrival_s = self.time_of(self.taken) + self.rng.exponential(jitter_s)
            if not lose:
                self.ring.append(values[:, None], round(arrival_s * NS_PER_S))

    def stall(self, seconds: float) -> None:
        """Nothing is delivered for a while, then everything at once: late, but not lost."""
        count = round(seconds * RATE / BLOCK)
        arrival_s = self.time_of(self.taken + count * BLOCK)
        for _ in range(count):
            values = (np.arange(self.taken, self.taken + BLOCK) % 30_000).astype(np.int16)
            self.taken += BLOCK
            self.ring.append(values[:, None], round(arrival_s * NS_PER_S))

    def time_of(self, sample: int) -> float:
        return self.start_s + sample / self.rate

    def error_s(self, clip, at: int) -> float:
        """How far sample `at` of a clip lies from where it was taken."""
        shown_s = clip.start_ns / NS_PER_S + at / RATE
        value = int(clip.samples[at, 0])
        taken = round((shown_s - self.start_s) * self.rate)
        nearest = value + 30_000 * round((taken - value) / 30_000)
        return shown_s - self.time_of(nearest)


def ring() -> SoundRing:
    return SoundRing(3.5, RATE, 1)


def cut(device: Device, seconds: float = 3.0):
    end = device.time_of(device.taken) - 0.05
    return device.ring.cut(to_ns(end - seconds), to_ns(end))


def test_late_blocks_do_not_move_the_sound():
    device = Device(ring())
    device.run(6.0, jitter_s=0.015)
    clip = cut(device)
    assert len(clip.samples) == 3 * RATE
    assert clip.silence_ns == 0
    assert abs(device.error_s(clip, 70_000)) < 0.001


def test_a_stall_without_loss_leaves_the_sound_where_it_was():
    device = Device(ring())
    device.run(4.0)
    device.stall(0.4)
    device.run(2.0)
    clip = cut(device)
    assert abs(device.error_s(clip, 1_000)) < 0.002
    assert abs(device.error_s(clip, 140_000)) < 0.002


def test_lost_samples_become_silence_and_what_follows_stays_in_sync():
    device = Device(ring())
    device.run(4.0)
    device.run(0.3, lose=True)
    device.run(1.5)
    clip = cut(device)
    assert clip.silence_ns == pytest.approx(to_ns(0.3), abs=to_ns(0.01))
    assert abs(device.error_s(clip, 1_000)) < 0.003
    assert abs(device.error_s(clip, len(clip.samples) - 1_000)) < 0.003


def test_a_stream_that_was_opened_anew_is_in_sync_from_its_first_second():
    device = Device(ring())
    device.run(5)
    device.run(60, lose=True)
    device.ring.break_off()
    device.run(0.5)
    clip = cut(device, 0.4)
    assert abs(device.error_s(clip, 0)) < 0.001
    assert clip.silence_ns == 0


@pytest.mark.parametrize("ppm", [-100, 100])
def test_a_clock_that_drifts_for_an_hour_stays_in_sync(ppm):
    device = Device(ring(), ppm=ppm)
    # An hour of the device's clock, of which only the last seconds go through the ring.
    device.taken = 3600 * RATE
    device.ring._count = device.taken
    device.run(8.0)
    clip = cut(device)
    for at in (1_000, 70_000, 140_000):
        assert abs(device.error_s(clip, at)) < 0.002


def test_a_device_that_gave_nothing_gives_no_clip():
    assert ring().cut(0, NS_PER_S) is None


def test_before_the_device_began_there_is_silence():
    device = Device(ring())
    device.run(2.0)
    clip = device.ring.cut(to_ns(99.0), to_ns(101.0))
    assert clip.silence_ns == pytest.approx(NS_PER_S, abs=to_ns(0.01))
    assert not clip.samples[: RATE // 2].any()
    assert clip.samples[-RATE // 2 :].any()


def test_a_clip_cannot_be_changed():
    device = Device(ring())
    device.run(4.0)
    with pytest.raises(ValueError, match="read-only"):
        cut(device).samples[0] = 1


def test_the_level_is_the_peak_since_the_last_look():
    sound = ring()
    sound.append(np.full((480, 1), -16384, np.int16), NS_PER_S)
    assert sound.level() == pytest.approx(0.5)
    assert sound.level() == 0.0
