"""Which frame becomes the key photo, and why, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.quality.score import Basis, FrameScore, score_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.quality.measures import FrameReading

TIE = 0.005
"""Scores nearer than this are equal to any eye."""

WORDS = ((0.85, "great"), (0.6, "good"), (0.3, "fair"), (0.0, "poor"))
"""Score to word. A calm, sharp, well-lit face that looks at the camera with open eyes scores 0.7 to
0.8 and is good; with a smile it is great; half-closed eyes or clear blur make it fair or poor."""

COMPLAINTS = {
    "eyes": ("eyes not fully open", "eyes closed"),
    "focus": ("not quite sharp", "blurred"),
    "light": ("not well lit", "badly lit"),
    "pose": ("turned a little", "turned away"),
    "expression": ("no smile", "an odd expression"),
    "steadiness": ("not quite steady", "shaken"),
}
"""What is said of a part that is low, and of one that is very low."""
GAINS = {
    "eyes": "eyes wider open",
    "focus": "sharper",
    "light": "better lit",
    "pose": "turned more to the camera",
    "expression": "a better expression",
}
COMPLAINT_BELOW, STRONG_BELOW = 0.85, 0.55
"""From here on down a part is worth a word, and a strong one."""


@dataclass(frozen=True)
class MomentScore:
    """A judged moment."""

    basis: Basis
    """"faces", or "frame" where nobody is in the picture or faces cannot be found here."""
    frames: tuple[FrameScore, ...]
    key: int
    """Position of the chosen frame in `frames`."""
    reason: str
    """One plain sentence."""
    note: str = ""
    """Why faces were not looked for, where that is so."""


def choose(readings: Sequence[FrameReading], shutter_ns: int, note: str = "") -> MomentScore:
    """Score a moment and pick its key frame; among equals, the one nearest the shutter.

    Raises ValueError if there is no frame that can be decoded.
    """
    basis, frames = score_frames(readings)
    candidates = [i for i, frame in enumerate(frames) if frame.offered]
    offered = bool(candidates)
    if not candidates:
        candidates = [i for i, reading in enumerate(readings) if reading.decoded]
    if not candidates:
        raise ValueError("no frame of the moment can be decoded")
    best = max(frames[i].score for i in candidates)
    equals = [i for i in candidates if frames[i].score >= best - TIE]
    key = min(equals, key=lambda i: (abs(frames[i].t_ns - shutter_ns), -frames[i].score))
    reason = _reason(basis, frames, key, shutter_ns)
    if not offered:
        warm = all(reading.warmup for reading in readings)
        reason += f" ({'the camera was still warming up' if warm else 'no frame is whole'})"
    return MomentScore(basis, frames, key, reason, note)


def word_for(score: float) -> str:
    """poor, fair, good or great."""
    return next(word for floor, word in WORDS if score >= floor)


def complaints(values: dict[str, float]) -> list[str]:
    """What pulls a score down, the worst first."""
    low = sorted((value, name) for name, value in values.items() if value < COMPLAINT_BELOW)
    return [COMPLAINTS[name][value < STRONG_BELOW] for value, name in low]


def weakest(frame: FrameScore) -> dict[str, float]:
    """The parts of the frame's worst face, or of the frame itself."""
    if not frame.faces:
        return frame.parts
    return min(frame.faces, key=lambda face: face.score).parts


def _reason(basis: Basis, frames: Sequence[FrameScore], key: int, shutter_ns: int) -> str:
    frame, count = frames[key], len(frames)
    if basis == "frame":
        return f"no face in the moment: the sharpest, steadiest and best lit of {count} frames"
    if not frame.faces:
        return "no frame that could be offered shows a face"
    pulls = complaints(weakest(frame))
    still = f"; still {' and '.join(pulls[:2])}" if pulls else ""
    at_press = min(frames, key=lambda other: abs(other.t_ns - shutter_ns))
    if at_press is frame:
        return f"the frame at the shutter is the best of {count}{still}"
    return f"best of {count} frames: {_gain(frame, at_press)}{still}"


def _gain(frame: FrameScore, at_press: FrameScore) -> str:
    """What the chosen frame has over the one at the shutter."""
    if len(at_press.faces) < len(frame.faces):
        return "someone is missing at the shutter" if at_press.faces else "no face at the shutter"
    mine, other = weakest(frame), weakest(at_press)
    name = max(mine, key=lambda part: mine[part] - other[part])
    if mine[name] - other[name] <= TIE:
        return "as good as the one at the shutter"
    return f"{GAINS[name]} than at the shutter"
