"""The last seconds of sound, and the time of each sample on the frames' clock.

The times that sound systems report cannot be trusted everywhere: through ALSA and PulseAudio the
fitted rate of the reported times is 41.7 kHz for a 48 kHz stream, and PortAudio's other hosts each
have known faults. What can be trusted is the count of samples. A block that arrives at `t` and ends
with sample `n` says that sample 0 was taken no later than `t - n / rate`; the lowest of many such
bounds is wrong only by the device's own latency. Located so, beeps scatter by 0.01 to 0.06 ms.

Samples that a device loses raise all later bounds at once. Such a step is found when a moment is
cut, and silence is put where the sound is missing, so that what follows stays in sync.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from livecam.timebase import NS_PER_S, to_ns

if TYPE_CHECKING:
    import numpy.typing as npt

    Sound = npt.NDArray[np.int16]
    Times = npt.NDArray[np.int64]

HISTORY_S = 4.0
"""Sound, and with it bounds, are kept this much longer than the span: enough blocks for a reliable
envelope."""
ENVELOPE_PERCENTILE = 2.0
"""Not the very lowest bound: one block stamped early must not move the sound."""
STEP_NS = 10_000_000
"""Bounds that rise by more than 10 ms and stay there for a second mean lost samples."""
STEP_WINDOW_S = 1.0


@dataclass(frozen=True)
class SoundClip:
    """Sound on the frames' clock."""

    samples: Sound
    """(N, channels) int16, read-only."""
    rate_hz: int
    start_ns: int
    """Monotonic nanoseconds of the first sample."""
    silence_ns: int = 0
    """How much of it is silence put in for samples that never came."""

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[1])


class SoundRing:
    """A ring of int16 samples, allocated once. One thread appends, any thread cuts."""

    def __init__(self, span_s: float, rate_hz: int, channels: int) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self.latency_ns = 0
        """How long a sample takes from the air to `append`, as the microphone estimates it."""
        self._samples = np.zeros((int((span_s + HISTORY_S) * rate_hz), channels), np.int16)
        self._count = 0
        self._blocks: deque[tuple[int, int, int]] = deque()  # first sample, end, arrival ns
        self._breaks: deque[int] = deque(maxlen=16)
        """First samples after a break: their time has nothing to do with the sample before."""
        self._peak = 0
        self.is_ever_loud = False
        """Whether any sample so far was not exactly zero."""
        self._lock = threading.Lock()

    def append(self, block: Sound, arrived_ns: int) -> None:
        """Copy (n, channels) int16 in; its last sample had been taken by `arrived_ns`."""
        capacity = len(self._samples)
        block = block[-capacity:]
        with self._lock:
            at, count = self._count % capacity, len(block)
            head = min(count, capacity - at)
            self._samples[at : at + head] = block[:head]
            self._samples[: count - head] = block[head:]
            self._blocks.append((self._count, self._count + count, arrived_ns))
            self._count += count
            while self._blocks[0][1] < self._count - capacity:
                self._blocks.popleft()
            peak = int(np.abs(block.astype(np.int32)).max(initial=0))
            self._peak = max(self._peak, peak)
            self.is_ever_loud = self.is_ever_loud or peak > 0

    def break_off(self) -> None:
        """What is appended from now on comes from a stream that was opened anew."""
        with self._lock:
            self._breaks.append(self._count)

    def level(self) -> float:
        """The peak since the last call, 0..1."""
        with self._lock:
            peak, self._peak = self._peak, 0
            return peak / 32768

    def last_arrival_ns(self) -> int:
        """When the newest block came; 0 before the first."""
        with self._lock:
            return self._blocks[-1][2] if self._blocks else 0

    def begins_ns(self) -> int | None:
        """Time of the oldest sample that was recorded; None before the first."""
        with self._lock:
            runs = self._runs()
            return runs[0].start_ns if runs else None

    def reaches(self, t_ns: int) -> bool:
        """Whether sound up to this instant has arrived."""
        with self._lock:
            runs = self._runs()
            return bool(runs) and runs[-1].end_ns(self.rate_hz) >= t_ns

    def cut(self, start_ns: int, end_ns: int) -> SoundClip | None:
        """The sound from `start_ns` to `end_ns`, silence where it is missing; None if all is."""
        with self._lock:
            runs = self._runs()
            total = round((end_ns - start_ns) * self.rate_hz / NS_PER_S)
            clip = np.zeros((total, self.channels), np.int16)
            filled = 0
            for run in runs:
                filled += self._fill(run, clip, start_ns)
        if not filled:
            return None
        clip.flags.writeable = False
        silence_ns = (total - filled) * NS_PER_S // self.rate_hz
        return SoundClip(clip, self.rate_hz, start_ns, silence_ns)

    def _fill(self, run: _Run, clip: Sound, start_ns: int) -> int:
        """Copy the part of a run that falls into the clip; the number of samples copied."""
        into = round((run.start_ns - start_ns) * self.rate_hz / NS_PER_S)
        first = max(run.first, run.first - into, self._count - len(self._samples))
        last = min(run.end, run.first - into + len(clip))
        if last <= first:
            return 0
        picked = np.arange(first, last) % len(self._samples)
        clip[first - run.first + into : last - run.first + into] = self._samples[picked]
        return last - first

    def _runs(self) -> list[_Run]:
        """Stretches without a loss, each placed by the envelope of its own blocks."""
        if not self._blocks:
            return []
        first, end, arrived_ns = (
            np.array(column, np.int64) for column in zip(*self._blocks, strict=True)
        )
        bounds_ns = arrived_ns - end * NS_PER_S // self.rate_hz
        breaks = [int(np.searchsorted(first, one)) for one in self._breaks if one >= first[0]]
        steps = _steps(bounds_ns, arrived_ns)
        borders = sorted({0, *breaks, *steps, len(end)})
        return [
            _Run(
                int(first[low]),
                int(end[high - 1]),
                int(np.percentile(bounds_ns[low:high], ENVELOPE_PERCENTILE, method="lower"))
                - self.latency_ns
                + int(first[low]) * NS_PER_S // self.rate_hz,
            )
            for low, high in pairwise(borders)
        ]


@dataclass(frozen=True)
class _Run:
    """Samples `first`..`end` that follow each other without a loss."""

    first: int
    end: int
    start_ns: int

    def end_ns(self, rate_hz: int) -> int:
        return self.start_ns + (self.end - self.first) * NS_PER_S // rate_hz


def _steps(bounds_ns: Times, arrived_ns: Times) -> list[int]:
    """Indices of blocks before which samples were lost."""
    window_ns = to_ns(STEP_WINDOW_S)
    steps: list[int] = []
    # A late block is no loss: samples are lost only where even the lowest bound of the next second
    # lies above the lowest of the past second.
    candidates = np.flatnonzero(np.diff(bounds_ns) > STEP_NS) + 1
    for i in candidates:
        ahead = bounds_ns[i : int(np.searchsorted(arrived_ns, arrived_ns[i] + window_ns))]
        low = int(np.searchsorted(arrived_ns, arrived_ns[i] - window_ns))
        behind = bounds_ns[max(low, steps[-1] if steps else 0) : i]
        full = arrived_ns[-1] - arrived_ns[i] >= window_ns
        if full and behind.size and ahead.min() - behind.min() > STEP_NS:
            steps.append(int(i))
    return steps
