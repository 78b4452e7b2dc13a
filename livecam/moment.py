"""A moment: the frames and the sound around one press, cut out and fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livecam.timebase import NS_PER_S, to_s

if TYPE_CHECKING:
    from datetime import datetime

    from livecam.capture.sound_ring import SoundClip
    from livecam.capture.source import CameraMode
    from livecam.frame import Frame
    from livecam.timebase import WallClock

GAP_FACTOR = 1.6
"""Two frames further apart than this many usual intervals have a gap between them."""


@dataclass(frozen=True)
class Gap:
    """A time in which the camera gave fewer frames than usual."""

    after: int
    """Position in the moment of the frame before the gap."""
    duration_ns: int
    lost: int | None
    """Frames that the source numbered but that never came; None where it does not number them."""


@dataclass(frozen=True)
class Moment:
    """What one press keeps. Nothing in it changes any more."""

    id: int
    """Counts the presses of a session, from 1."""
    shutter_ns: int
    frames: tuple[Frame, ...]
    sound: SoundClip | None
    sound_note: str
    """Why there is no sound, or ""."""
    camera: str
    make: str
    mode: CameraMode
    numbered: bool
    """Whether the frames' indices are the camera's own numbers."""
    clock: WallClock
    end_ns: int
    """When the moment was over: `--after` seconds after the press."""

    @property
    def start_ns(self) -> int:
        """Capture time of the first frame: the movie's zero."""
        return self.frames[0].t_ns

    @property
    def shutter_time(self) -> datetime:
        """Local time of the press."""
        return self.clock.at(self.shutter_ns)

    @property
    def interval_ns(self) -> int:
        """The usual time from one frame to the next."""
        times = [frame.t_ns for frame in self.frames]
        if len(times) < 2:
            return int(NS_PER_S / self.mode.rate_hz)
        return int(np.median(np.diff(times)))

    @property
    def duration_ns(self) -> int:
        """From the first frame to the end of the last, which lasts the usual interval."""
        return movie_end_ns(self.frames, self.interval_ns) - self.start_ns

    def time_s(self, position: int) -> float:
        """When a frame is shown in the movie."""
        return to_s(self.frames[position].t_ns - self.start_ns)

    def gaps(self) -> list[Gap]:
        """Where frames are missing or late."""
        limit = self.interval_ns * GAP_FACTOR
        gaps = []
        for i, (a, b) in enumerate(zip(self.frames, self.frames[1:], strict=False)):
            if b.index - a.index > 1 or b.t_ns - a.t_ns > limit:
                lost = b.index - a.index - 1 if self.numbered else None
                gaps.append(Gap(i, b.t_ns - a.t_ns, lost))
        return gaps


def as_long_as(
    frames: tuple[Frame, ...], following: tuple[Frame, ...], asked_ns: int, shutter_ns: int
) -> tuple[Frame, ...]:
    """The frames of a span, or one more or one fewer, whichever lasts nearest to `asked_ns`.

    Frames that come unevenly may put one too many or too few into the span. `following` are the
    frames after it; the frame at the shutter is never left out.
    """
    if len(frames) < 3:
        return frames
    interval_ns = int(np.median(np.diff([frame.t_ns for frame in frames])))
    fewer = frames[1:] if frames[0].t_ns < shutter_ns else frames[:-1]
    choices = [frames, fewer]
    # Where frames are missing at the start, one more at the end does not help.
    is_full = abs(movie_end_ns(frames, interval_ns) - frames[0].t_ns - asked_ns) < 2 * interval_ns
    if following and is_full:
        choices.append((*frames, following[0]))
    return min(
        choices,
        key=lambda some: abs(movie_end_ns(some, interval_ns) - some[0].t_ns - asked_ns),
    )


def movie_end_ns(frames: tuple[Frame, ...], interval_ns: int) -> int:
    """When the last frame stops being shown."""
    return frames[-1].t_ns + interval_ns
