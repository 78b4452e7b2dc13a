"""Chooses the frame that becomes the key photo, and alternatives that are worth offering."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from livecam.quality.explain import TIE, reason
from livecam.quality.score import Basis, FrameScore, score_frames, score_pictures

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from livecam.frame import Frame
    from livecam.quality.measures import FrameReading

MOST_ALTERNATIVES = 3
"""The frame at the shutter and two more, as Top Shot keeps them."""
GOOD_ENOUGH = 0.6
"""An alternative's score, as a share of the chosen frame's."""
APART_NS = 250_000_000
DIFFERENT = 3.0
"""Mean difference of two frames' small copies, in levels of 255, from which a person sees two
pictures: webcam noise alone makes 1, a turn of the head 4 and more."""


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
    """Why faces were not looked for, or why nothing was scored; "" otherwise."""
    alternatives: tuple[int, ...] = ()
    """Positions of the frame at the shutter and of good, visibly different ones, best first."""


def choose(
    readings: Sequence[FrameReading],
    shutter_ns: int,
    note: str = "",
    *,
    only: Collection[int] | None = None,
    briefly: bool = False,
) -> MomentScore:
    """Score a moment and pick its key frame; among equals, the one nearest the shutter.

    `only` are the indices of the frames that may be chosen; the others only serve to judge these.
    `briefly` leaves out what only a reader wants to know: a search asks many times. Raises
    ValueError if no frame can be decoded.
    """
    basis, frames = score_frames(readings, only=only, briefly=briefly)
    if only is not None:
        readings = [reading for reading in readings if reading.index in only]
    candidates = _candidates(readings, frames)
    key = _best(frames, candidates, shutter_ns)
    if briefly:
        return MomentScore(basis, frames, key, "", note)
    text = _reason(readings, basis, frames, key, shutter_ns)
    others = _alternatives(readings, frames, candidates, key, shutter_ns)
    return MomentScore(basis, frames, key, text, note, others)


def choose_picture(
    readings: Sequence[FrameReading], note: str = "", moments: Sequence[int] | None = None
) -> MomentScore:
    """Score loose pictures and pick the best; among equals, the first.

    `moments` gives the pictures of one burst the same number; their `t_ns` are then times within
    the burst. None if no bursts are known. Raises ValueError if no picture can be decoded.
    """
    basis, judged = score_pictures(readings, moments)
    frames = tuple(replace(frame, t_ns=0) for frame in judged)
    key = _best(frames, _candidates(readings, frames), 0)
    text = _reason(readings, basis, frames, key, 0)
    return MomentScore(basis, frames, key, text, note)


def _candidates(readings: Sequence[FrameReading], frames: Sequence[FrameScore]) -> list[int]:
    """Positions of the frames that may be chosen: those offered, or else all that can be shown."""
    seen = [i for i, frame in enumerate(frames) if not frame.estimated]
    offered = [i for i in seen if frames[i].offered]
    if some := offered or [i for i in seen if readings[i].decoded]:
        return some
    raise ValueError("no frame of the moment can be decoded")


def _best(frames: Sequence[FrameScore], candidates: Sequence[int], shutter_ns: int) -> int:
    """Position of the best frame; among equals, of the one nearest the shutter."""
    best = max(frames[i].score for i in candidates)
    equals = [i for i in candidates if frames[i].score >= best - TIE]
    return min(equals, key=lambda i: (abs(frames[i].t_ns - shutter_ns), -frames[i].score))


def _reason(
    readings: Sequence[FrameReading],
    basis: Basis,
    frames: Sequence[FrameScore],
    key: int,
    shutter_ns: int,
) -> str:
    text = reason(basis, frames, key, shutter_ns)
    if frames[key].offered:
        return text
    warm = all(reading.warmup for reading in readings)
    return f"{text} ({'the camera was still warming up' if warm else 'no frame is whole'})"


def unscored(frames: Sequence[Frame], shutter_ns: int, why: str) -> MomentScore:
    """The frame at the shutter, for a moment that cannot be scored. `why` is part of a sentence."""
    judged = tuple(FrameScore(f.index, f.t_ns, 0.0, False, (), {}) for f in frames)
    key = min(range(len(frames)), key=lambda i: abs(frames[i].t_ns - shutter_ns))
    return MomentScore("frame", judged, key, f"the frame at the shutter, not scored: {why}", why)


def _alternatives(
    readings: Sequence[FrameReading],
    frames: Sequence[FrameScore],
    candidates: Sequence[int],
    key: int,
    shutter_ns: int,
) -> tuple[int, ...]:
    """The frame at the shutter, whatever it is like, and the best that look different."""
    at_press = min(candidates, key=lambda i: abs(frames[i].t_ns - shutter_ns))
    kept = [key] if at_press == key else [key, at_press]
    wanted = MOST_ALTERNATIVES if at_press != key else MOST_ALTERNATIVES - 1
    for i in sorted(candidates, key=lambda i: -frames[i].score):
        if len(kept) > wanted or frames[i].score < GOOD_ENOUGH * frames[key].score:
            break
        if all(_looks_different(readings[i], readings[j]) for j in kept):
            kept.append(i)
    return tuple(kept[1:])


def _looks_different(a: FrameReading, b: FrameReading) -> bool:
    if abs(a.t_ns - b.t_ns) < APART_NS:
        return False
    one, other = a.scene.overview, b.scene.overview
    if one.shape != other.shape:
        return True
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean()) >= DIFFERENT
