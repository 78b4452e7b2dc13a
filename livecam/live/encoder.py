"""Encodes the frames of moments while they are still going on, each once for all moments.

Two tiers. *Lazy*: encoding begins with the press, at the first frame of its moment, and follows the
camera until the last pending moment is over; by then only a few frames are left to do. *Live*: it
never stops, so that even a moment that ends with the press is there at once. Which one fits is
found out by trying (`encoders.plan`). Packets are kept while a moment may need them; one that
begins between two key frames gets the ones from the key frame before it, hidden by an edit list, so
nothing is ever encoded twice.
"""

from __future__ import annotations

import threading
from collections import deque
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
"""Packets are kept for so much longer than a moment lasts: its frames may come, and be asked for,
that late, and the key frame before them lies half a second back."""
FOR_EVER_NS = 1 << 62

BEHIND_S = 0.5
"""How far the live tier may fall behind the camera before it gives way to the lazy one."""
PLANNED_FRAMES, PLANNED_SPAN_S = 15, 1.0
"""Frames that a plan is made by, from the last second: enough for a mean, a tenth of a second's
work at 1080p."""


class LiveEncoder:
    """A thread that encodes wanted frames as they come."""

    def __init__(
        self,
        ring: FrameRing,
        mode: CameraMode,
        tier: Tier | Literal["auto"] = "lazy",
        span_s: tuple[float, float] = (1.5, 1.5),
    ) -> None:
        """With "auto", which tier fits moments of `span_s`, before and after, is found out."""
        self._feed = Feed(ring)
        self._ring, self._mode = ring, mode
        self.tier: Tier = "lazy" if tier == "auto" else tier
        self.encoder = SOFTWARE
        """FFmpeg's name of it."""
        self._span_s, self._live_from_ns = span_s, 0
        self._keep_ns = int(sum(span_s) * NS_PER_S) + SLACK_NS
        self._needed_ns = FOR_EVER_NS
        """Capture time from which on moments that are not saved yet need packets."""
        self._plans = tier == "auto"
        """Whether it is still to be found out which tier fits."""
        self._plan: Plan | None = None
        self.fell_back = False
        """Whether the live tier was too slow."""
        self._may_let_go = False
        self._holder: OutputContainer | None = None
        """Holds the encoder open. One serves all moments: each costs 30 MB at 1080p."""
        self._stream: VideoStream | None = None
        self._needs_key = True
        """Whether the next frame must be a key frame, since those before it are not encoded."""
        self._packets: deque[Encoded] = deque()
        self._handled: set[int] = set()
        """Capture times of the frames that are encoded, or cannot be."""
        self._broken: set[int] = set()
        """Those that cannot be."""
        self._gone_ns = -1
        """Capture time up to which packets were forgotten."""
        self._error: LivecamError | None = None
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._encode_on, name="encode")

    def start(self) -> None:
        """Begin; in the live tier with the very next frame."""
        if self.tier == "live":
            self._encode_all_from(0)
        self._thread.start()

    def request(self, start_ns: int, end_ns: int) -> None:
        """Encode the frames of this span, from now on."""
        self._may_let_go = False
        self._feed.request(start_ns, end_ns)
        self._wanted.set()

    def forget(self, start_ns: int, end_ns: int) -> None:
        """Hold none of the frames of this span: their moment is on disk, and is read from there."""
        self._feed.forget(start_ns, end_ns)

    def keep_from(self, t_ns: int | None) -> None:
        """Keep packets from this capture time on: a moment that is not saved needs them."""
        with self._changed:
            self._needed_ns = FOR_EVER_NS if t_ns is None else t_ns

    @property
    def backlog(self) -> int:
        """Frames that are there and not encoded yet."""
        return self._feed.backlog

    def moment(
        self, moment: Moment, given_up: Callable[[], bool]
    ) -> tuple[VideoStream, list[Encoded]]:
        """Wait for all packets of a moment that is over, from the key frame before it on.

        Raises OutputError, and LivecamError once `given_up`.
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
            # A moment whose first frame is broken begins with the first one that is not.
            start = keys[-1] if keys else next((i for i, p in enumerate(found) if p.is_key), 0)
            stream = self._stream
        if stream is None or not found:
            raise OutputError("the movie cannot be encoded: no frame of it is whole")
        if not wanted - self._broken <= {packet.t_ns for packet in found}:
            raise OutputError("some frames of the moment were encoded too long ago")
        return stream, found[start:]

    def let_go(self) -> None:
        """Every moment is saved: free the encoder and all packets, once nobody can want them.

        A new moment may still share frames with the last one while the ring holds these.
        """
        self._may_let_go = True

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until no packets are kept; False if there still are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._packets, timeout_s)

    def wait_for_plan(self, timeout_s: float) -> Plan | None:
        """What trying found out; None if it was not asked for, or takes longer."""
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
                    # Never hold frames back without end: what no moment needs is let go.
                    self.tier, self.fell_back = "lazy", True
                    self._feed.withdraw(self._live_from_ns, FOR_EVER_NS)
                del frame  # and with it the hold on its memory
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
            # A broken JPEG: the frame before it stays a little longer.
            with self._changed:
                self._broken.add(frame.t_ns)
            self._note([], frame.t_ns)
            return
        stream = self._running()
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
        """Drop packets up to the last key frame at or before this time."""
        keys = [i for i, p in enumerate(self._packets) if p.is_key and p.t_ns <= t_ns]
        for _ in range(keys[-1] if keys else 0):
            self._gone_ns = self._packets.popleft().t_ns
        if keys:
            self._handled = {known for known in self._handled if known > self._gone_ns}
            self._broken = {known for known in self._broken if known > self._gone_ns}

    def _running(self) -> VideoStream:
        """The encoder."""
        if self._stream is None:
            holder, stream = open_encoder(self._mode, self.encoder)
            with self._changed:
                self._holder, self._stream = holder, stream
            self._needs_key = True
        return self._stream

    def _close(self) -> None:
        """Let the encoder go."""
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
            # Never between packets of one moment: two encoders' cannot lie in one movie.
            if self._plans and not self._packets:
                self._make_plan()
            if self._feed.is_idle:
                self._wanted.wait(PLANNED_SPAN_S / 10 if self._plans else 1.0)
        else:
            self._closing.wait(0.004)

    def _is_in_ring(self) -> bool:
        """Whether the newest encoded frame can still be wanted by another moment."""
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
        """Find out which tier fits, once a second of frames is there and nothing is pressed."""
        frames = self._ring.cut(0, FOR_EVER_NS)
        if not frames or frames[-1].t_ns - frames[0].t_ns < PLANNED_SPAN_S * NS_PER_S:
            return
        step = max(1, round(float(self._mode.rate_hz) * PLANNED_SPAN_S / PLANNED_FRAMES))
        tried = frames[-step * PLANNED_FRAMES :: step]
        found = plan(tried, self._mode, *self._span_s, is_wanted=self._wanted.is_set)
        if found is None:
            return
        memory.release()
        self._plans = False
        self._close()  # which may be another than the one that was found
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
