"""What the screen shows of a session at one instant, as words and numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from livecam.quality.explain import word_for
from livecam.text import visible
from livecam.timebase import now_ns, to_ns, to_s
from livecam.ui.curve import History, Point, of_moment

if TYPE_CHECKING:
    from livecam.contract import Saved
    from livecam.frame import Frame
    from livecam.live.live_score import LiveFace
    from livecam.live.recorder import Outage
    from livecam.live.session import Session

State = Literal[
    "opening",
    "waiting",
    "warming up",
    "armed",
    "captured",
    "scoring",
    "cannot save",
    "saved",
    "camera lost",
    "finishing",
    "ended",
]

FLASH_NS = to_ns(0.25)
"""How long a press is shown in the picture: short, but nobody misses it."""
DROPPING_NS = to_ns(3.0)
"""How long after a lost frame the loss is shown as still going on."""
STALE_NS = to_ns(1.0)
"""A live score older than this is marked as old: normally five come in a second."""
NEWS_NS = to_ns(5.0)
"""How long the screen says what has just happened, in place of the keys."""
SAVED_SHOWN_NS = to_ns(2.5)
"""How long "saved" and the key photo stay on the screen."""


@dataclass(frozen=True)
class Status:
    """One reading of everything the screen shows."""

    state: State
    camera: str = ""
    mode: str = ""
    mode_note: str = ""
    """How the mode differs from what was asked for."""
    ring_s: float = 0.0
    span_s: float = 3.0
    score: float | None = None
    word: str = ""
    complaints: tuple[str, ...] = ()
    faces: int = 0
    rate_hz: float = 0.0
    dropped: int = 0
    sound_level: float = 0.0
    sound_note: str = ""
    faces_note: str = ""
    shots: int = 0
    saved: int = 0
    waiting: int = 0
    unwritten: str = ""
    """How many moments cannot be written yet, and why."""
    leaving: str = ""
    """What is still done before livecam ends."""
    held: int = 0
    """Presses that were joined to the one before, because the key is held down."""
    kept: int = 0
    """Presses that wait for the camera."""
    outage: str = ""
    """Why the camera is away, and when it is tried again."""
    last: str = ""
    """The newest saved photo with its score."""
    reason: str = ""
    """Why that frame was chosen."""
    error: str = ""
    picture: Frame | None = None
    """The newest frame, or for a while the key photo."""
    picture_is_key: bool = False
    boxes: tuple[LiveFace, ...] = ()
    """Faces of the live picture."""
    is_flashing: bool = False
    """Whether the shutter was pressed just now."""
    curve: tuple[Point, ...] = ()
    """Live scores of the seconds in the ring, or for a while the scores of the new moment."""
    countdown_s: float | None = None
    """Seconds until the timer presses; None while it is off."""
    is_automatic: bool = False
    """Whether livecam presses by itself when everyone looks good."""
    is_burst: bool = False
    """Whether a burst is on."""
    is_muted: bool = False
    is_dropping: bool = False
    """Whether frames were lost in the last seconds."""
    is_stale: bool = False
    """Whether the score is old, because a moment is being worked on."""
    folder: str = ""
    """Where photos go."""
    place: str = ""
    """The address of the live picture for other programs."""
    news: str = ""
    """What has just happened: the result of a key, a photo that was saved, what
    is missing or different, an error."""


class StatusReader:
    """Reads a session, and remembers since when something has been shown."""

    def __init__(self) -> None:
        self._saved_id = 0
        self._saved_ns = -SAVED_SHOWN_NS
        self.error = ""
        self.waiting_for = ""
        """Why there is no camera yet, while livecam waits for one."""
        self.is_press_kept = False
        """Whether a press waits until the camera is open."""
        self.told = ""
        """The result of the last key, where it has one to tell."""
        self.notice = ""
        """The newest thing that is missing, late or different from usual."""
        self.place = ""
        """The address of the live picture for other programs."""
        self.countdown_s: float | None = None
        self.is_automatic = self.is_burst = False
        self._dropped, self._dropped_ns = 0, -DROPPING_NS
        self._history = History()
        self._heard: dict[str, str] = {}
        self._news, self._news_ns = "", -NEWS_NS

    def read(self, session: Session | None, camera: str = "") -> Status:
        """The status now. Without a session the camera is still being opened."""
        status = self._read(session, camera)
        status = replace(status, news=self._news_of(status))
        # Names and reasons come from cameras, disks and servers: they may hold escape sequences.
        texts = {
            field.name: visible(value)
            for field in fields(status)
            if isinstance(value := getattr(status, field.name), str)
        }
        return replace(status, **texts)  # type: ignore[arg-type]

    def _read(self, session: Session | None, camera: str) -> Status:
        if session is None:
            return Status(
                "waiting" if self.waiting_for else "opening",
                camera=camera,
                error=self.error,
                outage=self.waiting_for,
                kept=int(self.is_press_kept),
            )
        health, work, live, last = session.health(), session.work(), session.live, session.last
        if last is not None and last.saved.id != self._saved_id:
            self._saved_id, self._saved_ns, self.told = last.saved.id, now_ns(), ""
        left = work.pending + work.scoring
        fresh = last is not None and now_ns() - self._saved_ns < SAVED_SHOWN_NS
        span_s = session.options.before_s + session.options.after_s
        self._history.note(live)
        is_stale = bool(live and left and now_ns() - live.t_ns > STALE_NS)
        return Status(
            state=_state(session, health.warming_up, fresh),
            camera=session.source.name,
            mode=session.source.mode.describe(),
            mode_note=session.source.mode.note,
            ring_s=min(health.held_s, session.options.before_s + session.options.after_s),
            span_s=session.options.before_s + session.options.after_s,
            score=live.score if live else None,
            word=word_for(live.score) if live else "",
            complaints=live.complaints if live else (),
            faces=live.faces if live else 0,
            rate_hz=health.rate_hz,
            dropped=health.dropped,
            is_dropping=self._is_dropping(health.dropped),
            sound_level=health.sound_level,
            sound_note=health.sound_note,
            faces_note=session.model_note,
            shots=work.shots,
            saved=work.saved,
            waiting=left,
            unwritten=_unwritten(*session.unwritten),
            leaving=f"saving {left}, then quitting" if session.is_ending and left else "",
            held=session.held,
            kept=session.kept,
            outage=_outage(session.recorder.outage),
            last=f"{Path(last.saved.photo).name}  {verdict(last.saved)}" if last else "",
            reason=self.told or (last.saved.reason if last else ""),
            error=self.error,
            picture=last.frame if fresh and last else session.recorder.ring.newest(),
            picture_is_key=fresh,
            boxes=live.boxes if live and not fresh and not is_stale else (),
            curve=of_moment(last.score) if fresh and last else self._history.last(span_s),
            countdown_s=self.countdown_s,
            is_automatic=self.is_automatic,
            is_burst=self.is_burst,
            is_muted=session.recorder.is_muted,
            is_stale=is_stale,
            is_flashing=now_ns() - session.pressed_ns < FLASH_NS,
            folder=str(session.options.out),
            place=self.place,
        )

    def _news_of(self, status: Status) -> str:
        """What has changed of the texts that tell something, for a while."""
        saved = f"saved {status.last}" if status.last else ""
        told = {
            "saved": saved, "told": self.told, "notice": self.notice, "place": self.place,
            "error": status.error,
        }  # fmt: skip
        for name, text in told.items():
            if text and text != self._heard.get(name):
                self._news, self._news_ns = text, now_ns()
        self._heard = told
        return self._news if now_ns() - self._news_ns < NEWS_NS else ""

    def _is_dropping(self, dropped: int) -> bool:
        if dropped != self._dropped:
            self._dropped, self._dropped_ns = dropped, now_ns()
        return now_ns() - self._dropped_ns < DROPPING_NS


def _unwritten(count: int, why: str) -> str:
    return f"{moments(count)} cannot be written yet: {why}" if count else ""


def moments(count: int) -> str:
    """`1 moment`, `2 moments`."""
    return f"{count} moment" + "s" * (count != 1)


def _outage(outage: Outage | None) -> str:
    if outage is None:
        return ""
    left_s = max(0, math.ceil(to_s(outage.next_try_ns - now_ns())))
    return f"{outage.error.message}; " + (f"tried again in {left_s} s" if left_s else "trying")


def _state(session: Session, warming_up: bool, fresh: bool) -> State:
    work = session.work()
    if session.recorder.outage is not None and not session.is_ending:
        return "camera lost"
    if session.unwritten[0]:
        return "cannot save"
    if work.pending:
        return "captured"
    if work.scoring:
        return "scoring"
    if session.is_ending:
        return "ended" if session.recorder.is_over else "finishing"
    if fresh:
        return "saved"
    return "armed" if session.recorder.is_armed and not warming_up else "warming up"


def verdict(saved: Saved) -> str:
    """The key photo's score: `0.93 great`."""
    return f"{saved.key.score:.2f} {word_for(saved.key.score)}"
