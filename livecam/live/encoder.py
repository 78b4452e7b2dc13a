"""Encodes the frames of moments while the moments still go on, each frame once for all moments.

Two tiers. *Lazy*: encoding starts at the press, with the first frame of its moment, and follows the
camera until the last pending moment is over; only a few frames are then left to encode. *Live*:
encoding never stops, so that even a moment that ends at the press is encoded at once. A trial
decides which tier fits this machine (`encoders.plan`). Packets are kept while a moment may need
them. A moment that begins between two key frames also gets the packets from the key frame before
it, and an edit list hides these, so that nothing is ever encoded twice.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av
from av.video.frame import PictureType

from livecam import memory
from livecam.errors import LivecamError, OutputError
from livecam.live.encoders import SOFTWARE, Plan, open_encoder, plan
from livecam.live.feed import POLL_S, Feed
from livecam.media.movie import TIMESCALE, Encoded, ticks
from livecam.timebase import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from livecam.capture.ring import FrameRing
    from livecam.capture.source import CameraMode
    from livecam.frame import Frame
    from livecam.live.encoders import Tier
    from livecam.moment import Moment

SLACK_NS = 2_000_000_000
"""How much longer than a moment lasts packets are kept: its frames may come, and be asked for, this
late, and the key frame before them may be half a second older."""
FOR_EVER_NS = 1 << 62

BEHIND_S = 0.5
"""How far the live tier may fall behind the camera before it gives way to the lazy one."""
PLANNED_FRAMES, PLANNED_SPAN_S = 15, 1.0
"""Frames that the trial encodes, spread over the last second: enough for a mean, and a tenth of a
second's work at 1080p."""


class LiveEncoder:
    """A thread that encodes wanted frames as they come."""

    def __init__(
        self,
        ring: FrameRing,
        mode: CameraMode,
        tier: Tier | Literal["auto"] = "lazy",
        span_s: tuple[float, float] = (1.5, 1.5),
    ) -> None:
        """With "auto" a trial decides the tier. `span_s`: seconds of a moment before and after."""
        self._feed = Feed(ring)
        self._ring, self._mode = ring, mode
        self.tier: Tier = "lazy" if tier == "auto" else tier
        self.encoder = SOFTWARE
        """FFmpeg's name of the encoder."""
        self._span_s, self._live_from_ns = span_s, 0
        self._keep_ns = int(sum(span_s) * NS_PER_S) + SLACK_NS
        self._needed_ns = FOR_EVER_NS
        """Moments that are not saved yet need the packets from this capture time on."""
        self._plans = tier == "auto"
        """Whether the trial that decides the tier is still to be made."""
        self._plan: Plan | None = None
        self.fell_back = False
        """Whether the live tier was too slow."""
        self._may_let_go = False
        self._holder: OutputContainer | None = None
        """Keeps the encoder open. One encoder serves all moments: each takes 30 MB at 1080p."""
        self._stream: VideoStream | None = None
        self._needs_key = True
        """Whether the next frame must be a key frame, since those before it are not encoded."""
        self._packets: deque[Encoded] = deque()
        self._handled: set[int] = set()
        """Capture times of the frames that are encoded, or cannot be."""
        self._broken: set[int] = set()
        """Capture times of the frames that cannot be encoded."""
        self._gone_ns = -1
        """Capture time up to which packets were forgotten."""
        self._error: LivecamError | None = None
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._encode_on, name="encode")

    def start(self) -> None:
        """Start the thread; in the live tier, every frame is encoded from now on."""
        if self.tier == "live":
            self._encode_all_from(0)
        self._thread.start()

    def request(self, start_ns: int, end_ns: int) -> None:
        """Encode the frames of this span as they come."""
        self._may_let_go = False
        self._feed.request(start_ns, end_ns)
        self._wanted.set()

    def forget(self, start_ns: int, end_ns: int) -> None:
        """Release the frames of this span: their moment is on disk, and will be read from there."""
        self._feed.forget(start_ns, end_ns)

    def keep_from(self, t_ns: int | None) -> None:
        """Keep packets from this capture time on: a moment that is not saved needs them."""
        with self._changed:
            self._needed_ns = FOR_EVER_NS if t_ns is None else t_ns

    @property
    def backlog(self) -> int:
        """Number of frames that have come and are not encoded yet."""
        return self._feed.backlog

    def moment(
        self, moment: Moment, given_up: Callable[[], bool]
    ) -> tuple[VideoStream, list[Encoded]]:
        """Wait for the packets of a moment that is over; returns their stream, and the packets.

        The packets begin with the key frame at or before the moment's first frame. Raises
        OutputError if the moment cannot be encoded, and LivecamError once `given_up` or closed.
        """
        first_ns, last_ns = moment.frames[0].t_ns, moment.frames[-1].t_ns
        wanted = {frame.t_ns for frame in moment.frames}
        with self._changed:
            while missing := wanted - self._handled:
                if self._error is not None:
                    raise OutputError(self._error.message, self._error.hint)
                if given_up() or self._closing.is_set():
                    raise LivecamError("the moment was given up")
                if not all(self._feed.knows(t_ns) for t_ns in missing):
                    raise OutputError("some frames of the moment passed the encoder by")
                if min(missing) <= self._gone_ns:
                    raise OutputError("some frames of the moment were encoded too long ago")
                self._changed.wait(POLL_S)
            found = [packet for packet in self._packets if packet.t_ns <= last_ns]
            keys = [
                i for i, packet in enumerate(found) if packet.is_key and packet.t_ns <= first_ns
            ]
            # If the moment's first frame is broken, begin with the first key frame after it.
            start = keys[-1] if keys else next((i for i, p in enumerate(found) if p.is_key), 0)
            stream = self._stream
        if stream is None or not found:
            raise OutputError("the movie cannot be encoded: no frame of it is whole")
        if not wanted - self._broken <= {packet.t_ns for packet in found}:
            raise OutputError("some frames of the moment were encoded too long ago")
        return stream, found[start:]

    def let_go(self) -> None:
        """Free the encoder and all packets as soon as no new moment can need them.

        Call it when every moment is saved. While the ring still holds frames of the last moment, a
        new moment may share them.
        """
        self._may_let_go = True

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until no packets are kept; False if some still are after `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._packets, timeout_s)

    def wait_for_plan(self, timeout_s: float) -> Plan | None:
        """Wait for the result of the trial; None if none was asked for, or if it takes longer."""
        with self._changed:
            self._changed.wait_for(lambda: self._plan is not None, timeout_s)
            return self._plan

    def close(self) -> None:
        """Stop; what is not encoded is given up."""
        self._closing.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    # Encode thread

    def _encode_on(self) -> None:
        try:
            while not self._closing.is_set():
                frame = self._feed.take()
                if frame is None:
                    self._rest()
                    continue
                self._encode(frame)
                if self.tier == "live" and self.backlog > BEHIND_S * float(self._mode.rate_hz):
                    # The backlog must not grow forever: release frames that no moment needs.
                    self.tier, self.fell_back = "lazy", True
                    self._feed.withdraw(self._live_from_ns, FOR_EVER_NS)
                del frame  # which would keep its memory in use
        except Exception as err:  # noqa: BLE001 - the end of a thread: it must be told, not lost
            self._feed.close()
            with self._changed:
                self._error = OutputError(f"the movie cannot be encoded: {err}")
                self._changed.notify_all()
        finally:
            self._close()

    def _encode(self, frame: Frame) -> None:
        try:
            planes = frame.i420()
        except ValueError:
            # A broken JPEG: the movie shows the frame before it a little longer.
            with self._changed:
                self._broken.add(frame.t_ns)
            self._note([], frame.t_ns)
            return
        stream = self._running(frame)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = ticks(frame.t_ns), Fraction(1, TIMESCALE)
        if self._needs_key:
            picture.pict_type = PictureType.I
        packets = stream.encode(picture)
        self._needs_key = False
        self._note(
            [Encoded(frame.t_ns, bytes(packet), packet.is_keyframe) for packet in packets],
            frame.t_ns,
        )

    def _note(self, packets: list[Encoded], t_ns: int) -> None:
        with self._changed:
            self._packets.extend(packets)
            self._handled.add(t_ns)
            self._forget_before(min(t_ns - self._keep_ns, self._needed_ns))
            self._changed.notify_all()

    def _forget_before(self, t_ns: int) -> None:
        """Drop the packets before the last key frame at or before this time."""
        keys = [i for i, p in enumerate(self._packets) if p.is_key and p.t_ns <= t_ns]
        for _ in range(keys[-1] if keys else 0):
            self._gone_ns = self._packets.popleft().t_ns
        if keys:
            self._handled = {known for known in self._handled if known > self._gone_ns}
            self._broken = {known for known in self._broken if known > self._gone_ns}

    def _running(self, frame: Frame) -> VideoStream:
        """The encoder, opened first if it is not open, or if frames of another size come."""
        if frame.size_wh != self._mode.size_wh:
            self._mode = replace(self._mode, size_wh=frame.size_wh)
            self._forget()  # a moment of the old size that is not saved yet is encoded again
        if self._stream is None:
            holder, stream = open_encoder(self._mode, self.encoder)
            with self._changed:
                self._holder, self._stream = holder, stream
            self._needs_key = True
        return self._stream

    def _close(self) -> None:
        """Close the encoder, if it is open."""
        with self._changed:
            holder, self._holder, self._stream = self._holder, None, None
        if holder is not None:
            holder.close()

    def _rest(self) -> None:
        """Wait for the next frame of a moment, or for the next moment."""
        if self._feed.is_idle:
            self._needs_key = True
            self._wanted.clear()
            if self._may_let_go and not self._is_in_ring():
                self._forget()
            # Never amid the packets of a moment: one movie cannot hold packets of two encoders.
            if self._plans and not self._packets:
                self._make_plan()
            if self._feed.is_idle:
                self._wanted.wait(PLANNED_SPAN_S / 10 if self._plans else 1.0)
        else:
            self._closing.wait(0.004)

    def _is_in_ring(self) -> bool:
        """Whether the ring still holds encoded frames, which another moment may need."""
        newest_ns = max(self._handled, default=-1)
        return bool(self._ring.cut(0, newest_ns + 1))

    def _forget(self) -> None:
        self._close()
        with self._changed:
            self._gone_ns = max(self._handled, default=self._gone_ns)
            self._packets.clear()
            self._handled.clear()
            self._broken.clear()
            self._changed.notify_all()
        self._may_let_go = False
        memory.release()

    def _make_plan(self) -> None:
        """Decide the tier by a trial, once the ring holds a second of frames and none is wanted."""
        frames = self._ring.cut(0, FOR_EVER_NS)
        frames = tuple(frame for frame in frames if frame.size_wh == self._mode.size_wh)
        if not frames or frames[-1].t_ns - frames[0].t_ns < PLANNED_SPAN_S * NS_PER_S:
            return
        step = max(1, round(float(self._mode.rate_hz) * PLANNED_SPAN_S / PLANNED_FRAMES))
        tried = frames[-step * PLANNED_FRAMES :: step]
        found = plan(tried, self._mode, *self._span_s, is_wanted=self._wanted.is_set)
        if found is None:
            return
        memory.release()
        self._plans = False
        self._close()  # the open encoder may be another one than the trial chose
        self.tier, self.encoder = found.tier, found.encoder
        with self._changed:
            self._plan = found
            self._changed.notify_all()
        if self.tier == "live":
            self._encode_all_from(frames[-1].t_ns)

    def _encode_all_from(self, start_ns: int) -> None:
        self._live_from_ns = start_ns
        self._feed.request(start_ns, FOR_EVER_NS)
        self._wanted.set()
