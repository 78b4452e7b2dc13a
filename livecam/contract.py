"""What livecam promises to other programs.

`contract.json`, beside this file, is the JSON Schema of every event that `--json` prints and of
`NAME.json`. The classes here make the events. Exit codes are in `livecam.errors`. All of it may
grow; no meaning ever changes.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

VERSION = 1
EXPORTS = (
    "still", "muted", "gif", "webp", "loop", "bounce", "long-exposure", "live-photo",
    "motion-photo",
)  # fmt: skip
"""What `livecam export --to` makes."""
SCHEMA_PATH = Path(__file__).with_name("contract.json")


@dataclass(frozen=True)
class Event:
    """One line of `--json`."""

    event: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, version and name first."""
        return {"v": VERSION, "event": self.event, **dataclasses.asdict(self)}

    def to_json(self) -> str:
        """One line."""
        line = json.dumps(self.to_dict(), ensure_ascii=False)
        # A name that is no UTF-8 keeps its bytes as surrogate escapes, which only ASCII can carry.
        return line if _is_utf8(line) else json.dumps(self.to_dict())


@dataclass(frozen=True)
class Camera:
    """What the camera really gives."""

    name: str
    size_wh: tuple[int, int]
    rate_hz: float
    delivered: str
    pixel_format: str
    backend: str
    note: str = ""
    """In what this differs from what was asked for, or ""."""


@dataclass(frozen=True)
class Ready(Event):
    """Camera and microphone are open."""

    event = "ready"
    camera: Camera
    microphone: str | None
    sound_note: str
    before_s: float
    after_s: float
    out: str


@dataclass(frozen=True)
class Armed(Event):
    """The warm-up is over and `before_s` seconds are in the ring; again after an outage."""

    event = "armed"


@dataclass(frozen=True)
class CameraLost(Event):
    """The camera is gone. It is tried again, and what was shot is saved meanwhile."""

    event = "camera_lost"
    message: str
    hint: str


@dataclass(frozen=True)
class CameraBack(Event):
    """The lost camera sends pictures again; `armed` follows."""

    event = "camera_back"
    camera: Camera
    lost_s: float


@dataclass(frozen=True)
class Notice(Event):
    """Livecam goes on, but with less, later or otherwise than usual. `id` names the moment."""

    event = "notice"
    message: str
    id: int | None = None


@dataclass(frozen=True)
class Shot(Event):
    """The shutter was pressed."""

    event = "shot"
    id: int
    shutter_time: str


@dataclass(frozen=True)
class Scoring(Event):
    """A moment's seconds are over; its key photo is being chosen and its files written."""

    event = "scoring"
    id: int


@dataclass(frozen=True)
class Key:
    """The chosen frame, counted in the saved movie, whose first frame is 0 at 0 s."""

    index: int
    time_s: float
    score: float


@dataclass(frozen=True)
class Saved(Event):
    """A moment is on disk. The files are absolute paths."""

    event = "saved"
    id: int
    movie: str
    photo: str
    scores: str
    key: Key
    basis: str
    reason: str
    key_ready_s: float
    file_ready_s: float
    motion_photo: str | None = None
    tier: str = "lazy"
    """Whether the movie was encoded from the press on (lazy), all the time (live), or once the
    moment was over (after)."""
    encoder: str = "libx264"


@dataclass(frozen=True)
class Recovered(Event):
    """A moment that a run which was killed left unfinished is saved now. Absolute paths."""

    event = "recovered"
    movie: str
    photo: str
    scores: str


@dataclass(frozen=True)
class PresentKey:
    """The frame that is the key photo of an existing file now."""

    time_s: float
    score: float


@dataclass(frozen=True)
class Picked(Event):
    """`livecam pick` has chosen from one input. Its own files are absolute paths."""

    event = "picked"
    file: str
    files: tuple[str, ...]
    kind: str
    duration_s: float
    basis: str
    basis_note: str
    reason: str
    frames: tuple[dict[str, object], ...]
    key: Key
    present_key: PresentKey | None
    outputs: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Result(Event):
    """One line of `--report`: what was chosen from one input, or why nothing could be.

    `id` is the same for the same files, asked for in the same way. `gain` is how much better the
    chosen frame is than the present key photo, 0 where that is kept, None where there is none.
    """

    event = "result"
    id: str
    files: tuple[str, ...]
    kind: str
    key: Key | None
    present_key: PresentKey | None
    gain: float | None
    outputs: tuple[str, ...]
    note: str
    error: str = ""


@dataclass(frozen=True)
class LibrarySummary(Event):
    """The last line of `livecam pick --json --report`: what all results together say."""

    event = "library_summary"
    judged: int
    """Inputs that have a key photo."""
    better: int
    """Those of which another frame is better."""
    largest: tuple[dict[str, object], ...]
    """Those that would gain most, the largest first: `files` and `gain`."""


@dataclass(frozen=True)
class Skipped(Event):
    """An earlier run of `livecam pick` has done this input in the same way."""

    event = "skipped"
    file: str
    kind: str
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Exported(Event):
    """`livecam export` has made something of one input."""

    event = "exported"
    file: str
    to: str
    outputs: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Checked(Event):
    """`livecam check` has looked at a pair, or at a Motion Photo. Absolute paths."""

    event = "checked"
    files: tuple[str, ...]
    kind: str
    is_true: bool
    identifier: str | None
    still_s: float | None
    duration_s: float | None
    defects: tuple[str, ...]
    programs: tuple[dict[str, str], ...]
    """`program`, `takes` ("yes", "no", "unknown") and `why` of each."""


@dataclass(frozen=True)
class Device(Event):
    """`livecam devices` has found a camera or a microphone."""

    event = "device"
    kind: str
    index: int
    name: str
    modes: tuple[str, ...] = ()
    """Of a camera, as people read them."""
    problem: str = ""
    """Why it cannot be used, or ""."""


@dataclass(frozen=True)
class Finding(Event):
    """`livecam doctor` has looked at one thing."""

    event = "finding"
    name: str
    verdict: str
    text: str


@dataclass(frozen=True)
class Setting(Event):
    """`livecam config` tells one: the value that counts where the option is not given."""

    event = "setting"
    command: str
    """"" for the camera."""
    name: str
    value: str | int | float | bool | None
    source: str
    """The path of the user's file, or "default"."""


@dataclass(frozen=True)
class PickError(Event):
    """`livecam pick` or `export` cannot use one input; `code` is the exit code if none can be."""

    event = "error"
    file: str
    message: str
    code: int
    hint: str = ""


@dataclass(frozen=True)
class Error(Event):
    """Something failed. `id` names the moment that is lost by it, if one is."""

    event = "error"
    message: str
    hint: str
    code: int
    id: int | None = None


@dataclass(frozen=True)
class Summary(Event):
    """The last line."""

    event = "summary"
    frames: int
    dropped: int
    shots: int
    saved: int


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
