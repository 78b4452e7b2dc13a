"""What livecam promises to other programs.

The classes here are the events that `--json` prints, and what `NAME.json` holds; their JSON Schema
is made from them, texts included (`livecam.contract_schema`). Exit codes are in `livecam.errors`.
All of it may grow; no meaning ever changes.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, NotRequired, TypedDict, get_args

VERSION: Final = 1


class Keywords:
    """What the schema says of a value beyond its type."""

    def __init__(self, **keywords: object) -> None:
        self.keywords = keywords


LATER = Keywords()
"""Marks a field that older versions did not write."""

NotNegative = Annotated[float, Keywords(minimum=0)]
Position = Annotated[int, Keywords(minimum=0)]
Share = Annotated[float, Keywords(minimum=0, maximum=1)]
AbsolutePath = Annotated[str, Keywords(description="absolute path")]
Parts = Annotated[dict[str, Share], Keywords(description="0..1 by name")]
Number = Annotated[int, Keywords(minimum=1)]

Basis = Literal["faces", "frame"]
Tier = Literal["lazy", "live", "after"]
Word = Literal["poor", "fair", "good", "great"]
Kind = Literal["live-photo", "motion-photo", "video", "pictures"]
Target = Literal[
    "still", "muted", "gif", "webp", "loop", "bounce", "long-exposure", "live-photo",
    "motion-photo",
]  # fmt: skip
EXPORTS: tuple[Target, ...] = get_args(Target)
"""What `livecam export --to` makes."""


@dataclass(frozen=True)
class Event:
    """One line of `--json`."""

    event: ClassVar[str]

    def to_json(self) -> str:
        """One line."""
        # Not dataclasses.asdict, which copies all of it first: a movie has thousands of numbers.
        told = {"v": VERSION, "event": self.event, **_fields_of(self)}
        line = json.dumps(told, ensure_ascii=False, default=_fields_of)
        # A name that is no UTF-8 keeps its bytes as surrogate escapes, which only ASCII can carry.
        return line if _is_utf8(line) else json.dumps(told, default=_fields_of)


@dataclass(frozen=True)
class Camera:
    """What the camera really gives."""

    name: str
    size_wh: tuple[Number, Number]
    """width and height in pixels"""
    rate_hz: float
    """nominal frames a second"""
    delivered: str
    """what the camera sends, such as mjpeg"""
    pixel_format: Literal["jpeg", "i420", "bgr"]
    backend: str
    note: Annotated[str, LATER] = ""
    """in what this differs from what was asked for, or empty"""


@dataclass(frozen=True)
class Ready(Event):
    """Camera and microphone are open."""

    event = "ready"
    camera: Camera
    microphone: str | None
    sound_note: str
    """why there is no sound, or empty"""
    before_s: float
    after_s: float
    out: str
    """absolute path of the folder"""


@dataclass(frozen=True)
class Armed(Event):
    """The warm-up is over and `before_s` seconds are in the ring; sent again after an outage."""

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
    lost_s: NotNegative


@dataclass(frozen=True)
class MicrophoneLost(Event):
    """No sound comes any more. The microphone is opened again and again."""

    event = "microphone_lost"
    message: str


@dataclass(frozen=True)
class MicrophoneBack(Event):
    """Sound comes again, perhaps from another microphone."""

    event = "microphone_back"
    microphone: str
    lost_s: NotNegative


@dataclass(frozen=True)
class Preview(Event):
    """Where other programs on this machine find the live picture (`--preview-port`)."""

    event = "preview"
    picture: str
    """address of the live picture, as MJPEG"""
    score: str
    """address of the live score, as server-sent events: `live`"""


@dataclass(frozen=True)
class Live(Event):
    """The live score, on the address that `preview` names; not a line of `--json`."""

    event = "live"
    is_armed: bool
    score: Share | None
    """of the newest picture; null while there is none"""
    faces: Position
    complaints: tuple[str, ...]
    """what lowers the score, the worst first"""


@dataclass(frozen=True)
class Notice(Event):
    """Livecam goes on, but something is missing, late or different from usual."""

    event = "notice"
    message: str
    id: int | None = None
    """the moment it is about"""


@dataclass(frozen=True)
class Shot(Event):
    """The shutter was pressed."""

    event = "shot"
    id: Number
    shutter_time: str
    """ISO 8601 local time with offset"""


@dataclass(frozen=True)
class Scoring(Event):
    """A moment's seconds are over: nobody needs to look into the camera any more.

    Its key photo is being chosen and its files written.
    """

    event = "scoring"
    id: Number


@dataclass(frozen=True)
class Key:
    """The chosen frame. In `saved` it is counted in the movie, whose first frame is 0 at 0 s.

    In `picked` its index is one of those in `frames`.
    """

    index: Position
    time_s: NotNegative
    score: Share


@dataclass(frozen=True)
class Saved(Event):
    """A moment is on disk."""

    event = "saved"
    id: int
    movie: AbsolutePath
    photo: AbsolutePath
    scores: AbsolutePath
    key: Key
    basis: Basis
    reason: str
    key_ready_s: float
    """seconds from the end of the moment to the choice"""
    file_ready_s: float
    """seconds from the end of the moment to the closed files"""
    motion_photo: str | None = None
    """absolute path, where one was asked for"""
    tier: Annotated[Tier, LATER] = "lazy"
    """when the movie was encoded: from the press on (lazy), all the time (live), or once the moment
    was over (after)"""
    encoder: Annotated[str, LATER] = "libx264"
    """FFmpeg's name of the encoder, such as libx264"""


@dataclass(frozen=True)
class Recovered(Event):
    """A moment that a run which was killed left unfinished is saved now."""

    event = "recovered"
    movie: AbsolutePath
    photo: AbsolutePath
    scores: AbsolutePath


class Face(TypedDict):
    """One face, judged."""

    person: int
    """the same throughout the moment"""
    box_xyxy: tuple[int, int, int, int]
    score: Share
    parts: Parts
    place: NotRequired[str]
    """where the person stands among the others, such as left; empty if alone"""
    counts: NotRequired[bool]
    """false for a drawing or poster, or somebody who walks by: it does not decide"""


class Judged(TypedDict):
    """What is said of every frame, in events and records alike."""

    score: Share
    parts: Parts
    faces: list[Face]
    estimated: NotRequired[bool]
    """true for a frame of several people that was not looked at itself: its score is estimated from
    the faces in the frames before and after it. false where it is left out"""


@dataclass(frozen=True)
class PresentKey:
    """The frame that is the key photo now."""

    time_s: NotNegative
    score: Share


class Photo(Judged):
    """The present key photo, judged at its own resolution."""

    size_wh: tuple[Number, Number]
    """width and height in pixels, upright; boxes of faces are in these"""
    stays: str
    """why it stays, or empty where another frame is worth taking its place"""


class PickedFrame(Judged):
    """A frame that was looked at."""

    index: Position
    """number of the frame in the movie, or of the picture in the set"""
    time_s: NotNegative
    """in the movie; 0 for pictures"""
    file: NotRequired[AbsolutePath]
    """absolute path, of a picture of a set"""
    why: NotRequired[str]
    """one plain sentence, with --explain"""


@dataclass(frozen=True)
class Picked(Event):
    """`livecam pick` has chosen from one input."""

    event = "picked"
    file: str
    """absolute path of the photo, the movie or the first picture"""
    files: tuple[AbsolutePath, ...]
    """all files of the input: photo and movie, or the pictures of a set"""
    kind: Kind
    duration_s: float
    """of the movie; 0 for pictures"""
    basis: Basis
    basis_note: str
    """why faces were not looked for, or empty"""
    reason: str
    """one plain sentence"""
    frames: Annotated[tuple[PickedFrame, ...], Keywords(minItems=1)]
    key: Key
    present_key: PresentKey | None
    outputs: tuple[AbsolutePath, ...]
    """what was written"""
    note: str
    """what a person should know of the outputs, or empty"""
    size_wh: Annotated[tuple[Number, Number] | None, LATER] = None
    """of the frames, upright; for a set, of the chosen picture. boxes of faces are in these"""
    photo: Annotated[Photo | None, LATER] = None
    """null where there is none, it cannot be read, or the choice was made by hand"""


@dataclass(frozen=True)
class Result(Event):
    """One line of `livecam pick --report`: what was chosen, or why nothing could be."""

    event = "result"
    id: str
    """the same for the same files, asked for in the same way"""
    files: tuple[AbsolutePath, ...]
    kind: str
    key: Key | None
    present_key: PresentKey | None
    gain: NotNegative | None
    """how much better the chosen frame is than the present key photo; 0 where that is kept, null
    where there is none"""
    outputs: tuple[AbsolutePath, ...]
    note: str
    error: str = ""
    """why it cannot be used, or empty"""
    size_wh: Annotated[tuple[Number, Number] | None, LATER] = None
    """of the chosen frame or picture"""
    photo_wh: Annotated[tuple[Number, Number] | None, LATER] = None
    """of the present key photo, where it was looked at"""


class Gain(TypedDict):
    """An input in which another frame is better."""

    files: tuple[AbsolutePath, ...]
    gain: NotNegative


@dataclass(frozen=True)
class LibrarySummary(Event):
    """The last line of `livecam pick --json --report`: what all results together say."""

    event = "library_summary"
    judged: Position
    """inputs that have a key photo"""
    better: Position
    """those in which another frame is better"""
    largest: tuple[Gain, ...]
    """those that would gain most, the largest first"""


@dataclass(frozen=True)
class Skipped(Event):
    """An earlier run of `livecam pick` has done this input in the same way."""

    event = "skipped"
    file: AbsolutePath
    kind: Kind
    outputs: tuple[AbsolutePath, ...]
    """what that run wrote"""


@dataclass(frozen=True)
class Exported(Event):
    """`livecam export` has made something of one input."""

    event = "exported"
    file: AbsolutePath
    to: Target
    outputs: tuple[AbsolutePath, ...]
    note: str
    """what a person should know of the outputs, or empty"""


@dataclass(frozen=True)
class Applied(Event):
    """`livecam apply` has given one input its new key photo, or the old one back."""

    event = "applied"
    file: AbsolutePath
    outputs: tuple[AbsolutePath, ...]
    """what was written"""
    note: str
    """what a person should know of the outputs, or empty"""
    is_undone: bool
    """whether it was taken back"""


class Verdict(TypedDict):
    """Whether a program takes it for a Live Photo or Motion Photo."""

    program: str
    takes: Literal["yes", "no", "unknown"]
    why: str


@dataclass(frozen=True)
class Checked(Event):
    """`livecam check` has looked at a pair, or at a Motion Photo."""

    event = "checked"
    files: tuple[AbsolutePath, ...]
    kind: Literal["Live Photo", "Motion Photo"]
    is_true: bool
    identifier: str | None
    still_s: float | None
    duration_s: float | None
    defects: tuple[str, ...]
    programs: tuple[Verdict, ...]


@dataclass(frozen=True)
class Device(Event):
    """`livecam devices` has found a camera or a microphone."""

    event = "device"
    kind: Literal["camera", "microphone"]
    index: Position
    name: str
    modes: tuple[str, ...] = ()
    """of a camera, as people read them"""
    problem: str = ""
    """why it cannot be used, or empty"""
    serial: Annotated[str, LATER] = ""
    """serial number of a USB camera, or empty where it is not known"""
    exact_name: Annotated[str, LATER] = ""
    """of a camera: what --camera takes for it alone, as for a Raspberry Pi's own (`pi`)"""


@dataclass(frozen=True)
class Control(Event):
    """`livecam controls` has found something of a camera that `--set` takes."""

    event = "control"
    name: str
    value: int
    default: int
    low: int
    high: int
    step: int
    choices: tuple[str, ...] = ()
    """of a menu, each as VALUE NAME"""
    is_automatic: bool = False
    """whether the camera sets it by itself"""


@dataclass(frozen=True)
class Finding(Event):
    """`livecam doctor` has looked at one thing."""

    event = "finding"
    name: str
    verdict: Literal["ok", "warn", "fail"]
    text: str


@dataclass(frozen=True)
class Setting(Event):
    """One setting that `livecam config` tells: the value used where the option is not given."""

    event = "setting"
    command: str
    """empty for the camera"""
    name: str
    value: str | float | bool | None
    source: str
    """the path of the user's file, or default"""


@dataclass(frozen=True)
class PickError(Event):
    """`livecam pick` or `export` cannot use one input."""

    event = "error"
    file: str
    message: str
    code: int
    """the exit code if no input can be used"""
    hint: Annotated[str, LATER] = ""


@dataclass(frozen=True)
class Error(Event):
    """Something failed."""

    event = "error"
    message: str
    hint: str
    code: int
    """the exit code this leads to"""
    id: int | None = None
    """the moment that is lost because of this error"""


@dataclass(frozen=True)
class Summary(Event):
    """The last line."""

    event = "summary"
    frames: int
    """delivered by the camera"""
    dropped: int
    """never delivered: counted where the camera numbers its frames, estimated from gaps in time
    elsewhere"""
    shots: int
    saved: int


class MomentCamera(TypedDict):
    """The camera of a moment."""

    name: str
    size_wh: tuple[Number, Number]
    """width and height in pixels"""
    rate_hz: float
    """nominal frames a second"""
    delivered: str
    """what the camera sends, such as mjpeg"""
    pixel_format: Literal["jpeg", "i420", "bgr"]
    backend: str
    note: NotRequired[str]
    """in what this differs from what was asked for, or empty"""
    orientation: NotRequired[Annotated[int, Keywords(minimum=1, maximum=8)]]
    """EXIF's number for how its pictures, which are of `size_wh`, are turned to be shown"""


class Sound(TypedDict):
    """What was heard."""

    rate_hz: int
    channels: int
    silence_s: float
    """silence put in for samples that never came"""


class KeyFrame(TypedDict):
    """The frame that became the photo."""

    index: Position
    time_s: NotNegative
    score: Share
    word: Word
    reason: str


class Alternative(TypedDict):
    """A frame that is worth keeping in mind."""

    index: Position
    time_s: NotNegative
    score: Share
    reason: str
    """why it is not the key frame"""


class Enhanced(TypedDict):
    """What `--enhance` did."""

    is_enhanced: bool
    """false where the key frame was left alone"""
    noise: float
    """of the key frame, standard deviation in levels of 255"""
    gain: float
    """how many frames the photo is the mean of, on average"""
    note: str
    """what was done, or why nothing was"""


class ComposedFace(TypedDict):
    """A face that comes from another frame."""

    person: int
    place: str
    """such as left; empty where there is one person only"""
    index: int
    """the frame it comes from"""
    time_s: float
    score: float
    """of the face there"""
    before: float
    """of the face in the key frame"""


class Composed(TypedDict):
    """What `--best-take` did."""

    is_composed: bool
    """false where everybody stayed as in the key frame"""
    faces: list[ComposedFace]
    """those that come from other frames"""
    note: str
    """what was done, and why others stayed as they were"""


class Gap(TypedDict):
    """Where frames are missing."""

    after_index: int
    """the frame before the gap"""
    duration_s: float
    lost: int | None
    """frames the camera numbered but never delivered; null where it does not number them"""


class MomentFrame(Judged):
    """One frame of the movie."""

    index: int
    """position in the movie"""
    source_index: int
    """the camera's own number, or where it has none a count of the delivered frames"""
    time_s: float
    """when it was taken, in the movie's time"""
    arrived_s: float
    """when it reached livecam"""
    warmup: bool


class MomentRecord(TypedDict):
    """NAME.json. Times are seconds in the movie, whose first frame is 0."""

    v: Literal[1]
    kind: Literal["moment"]
    id: int
    movie: str
    """file name"""
    photo: str
    """file name"""
    content_identifier: str
    """upper-case UUID in both halves of the Live Photo"""
    shutter_time: str
    """ISO 8601 local time with offset"""
    shutter_s: float
    """the press, in the movie's time"""
    duration_s: float
    camera: MomentCamera
    sound: Sound | None
    sound_note: str
    """why there is no sound, or empty"""
    basis: Basis
    """what the choice is based on"""
    basis_note: str
    """why faces were not looked for, or empty"""
    key: KeyFrame
    alternatives: NotRequired[Annotated[list[Alternative], Keywords(maxItems=3)]]
    """the frame at the shutter, if it is not the key frame, and good ones that look different"""
    enhanced: NotRequired[Enhanced | None]
    """of the key photo, with --enhance; else null"""
    composed: NotRequired[Composed | None]
    """the best take, with --best-take; else null"""
    gaps: list[Gap]
    frames: list[MomentFrame]
    versions: dict[str, str]
    model_sha256: str | None


def _fields_of(value: Any) -> dict[str, Any]:
    """What a dataclass holds, as it is."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
