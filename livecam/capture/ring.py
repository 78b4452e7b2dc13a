"""The ring buffer: the last seconds of a camera, ready to be cut at any instant."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from livecam.capture.arena import ALIGN, Arena
from livecam.frame import PixelFormat, frame_bytes
from livecam.timebase import to_ns, to_s

if TYPE_CHECKING:
    from livecam.capture.source import CameraMode
    from livecam.frame import Frame

MAX_BYTES = 2_000_000_000
"""The most that a ring holds, except for held frames, whatever length and size are asked for."""

SLACK_S = 0.1
"""Kept beyond the span asked for, so that both ends of a moment lie safely inside."""


class FrameRing:
    """Holds the newest frames, bounded in time and in bytes.

    One thread appends; any thread cuts. A cut is a tuple of references, so it takes no longer than
    copying a list, and what was cut cannot change: the arena does not reuse memory that a frame
    still uses.
    """

    def __init__(self, span_s: float, max_bytes: int, expected_bytes: int | None = None) -> None:
        """Keep `span_s` seconds in at most `max_bytes`; frames under `hold` are kept beyond both.

        Memory for `expected_bytes` (default: `max_bytes`) is taken now, and more only if frames
        turn out larger or more frequent.
        """
        self.span_ns = to_ns(span_s)
        self.max_bytes = max_bytes
        self._expected_bytes = min(expected_bytes or max_bytes, max_bytes)
        self._arena = Arena(self._expected_bytes)
        self.is_at_limit = False
        """Whether frames had to be dropped early because of `max_bytes`."""
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._holds: dict[int, int] = {}
        self._changed = threading.Condition()

    @classmethod
    def for_mode(cls, mode: CameraMode, span_s: float) -> FrameRing:
        """A ring of `span_s` seconds for what a camera delivers."""
        return cls(span_s + SLACK_S, *_room_for(mode, span_s + SLACK_S))

    def fit(self, mode: CameraMode) -> None:
        """Be as large as this mode needs: the camera came back with another one.

        The frames that are there stay, until they are too old.
        """
        with self._changed:
            self.max_bytes, self._expected_bytes = _room_for(mode, to_s(self.span_ns))
            self.is_at_limit = False

    def append(self, frame: Frame, *, warmup: bool = False) -> Frame:
        """Copy a frame in and drop what is too old. Returns the stored frame."""
        with self._changed:
            self._evict(frame.t_ns, frame.data.size)
        stored = frame.with_data(self._arena.store(frame.data), warmup=warmup)
        with self._changed:
            self._frames.append(stored)
            self._bytes += stored.data.size
            self._changed.notify_all()
        return stored

    def cut(self, start_ns: int, end_ns: int) -> tuple[Frame, ...]:
        """The frames taken at `start_ns <= t < end_ns`, in order."""
        with self._changed:
            return tuple(frame for frame in self._frames if start_ns <= frame.t_ns < end_ns)

    def newest(self) -> Frame | None:
        """The frame that came last."""
        with self._changed:
            return self._frames[-1] if self._frames else None

    def wait_until(self, t_ns: int, timeout_s: float) -> bool:
        """Wait for a frame taken at or after `t_ns`; False if none came in time."""
        with self._changed:
            return self._changed.wait_for(
                lambda: bool(self._frames) and self._frames[-1].t_ns >= t_ns, timeout_s
            )

    def hold(self, start_ns: int) -> int:
        """Keep everything from `start_ns` on until `release`, however late the cut comes."""
        with self._changed:
            token = max(self._holds, default=0) + 1
            self._holds[token] = start_ns
            return token

    def release(self, token: int) -> None:
        """End a hold."""
        with self._changed:
            self._holds.pop(token, None)

    @property
    def held_s(self) -> float:
        """Seconds between the oldest and the newest frame."""
        with self._changed:
            if not self._frames:
                return 0.0
            return to_s(self._frames[-1].t_ns - self._frames[0].t_ns)

    @property
    def held_bytes(self) -> int:
        """Bytes of the frames in the ring."""
        with self._changed:
            return self._bytes

    @property
    def memory_bytes(self) -> int:
        """Bytes of memory taken, including those of moments that are still being worked on."""
        return self._arena.size

    def prepare_for_shot(self) -> None:
        """Reserve memory for one more ring, since the frames of a moment stay in use."""
        self._arena.reserve(max(self._expected_bytes, self.held_bytes))

    def trim(self) -> None:
        """Give back memory that finished moments no longer need."""
        self._arena.trim()

    def _evict(self, newest_ns: int, coming: int) -> None:
        """Make room for a frame of `coming` bytes that was taken at `newest_ns`."""
        horizon_ns = newest_ns - self.span_ns
        held_ns = min(self._holds.values(), default=newest_ns)
        while self._frames and self._frames[0].t_ns < held_ns:
            if self._frames[0].t_ns >= horizon_ns:
                if self._bytes + coming <= self.max_bytes:
                    break
                self.is_at_limit = True
            self._bytes -= self._frames.popleft().data.size


def _room_for(mode: CameraMode, span_s: float) -> tuple[int, int]:
    """The most bytes of that many seconds, and the bytes to be expected."""
    frames = span_s * max(float(mode.rate_hz), 1.0) + 2
    expected = int(frames * (frame_bytes(mode.pixel_format, mode.size_wh) + ALIGN))
    # JPEGs of a noisy camera are several times the usual; raw frames differ in number only.
    room = 4 if mode.pixel_format is PixelFormat.JPEG else 2
    most = min(room * expected, MAX_BYTES)
    return most, min(expected, most)
