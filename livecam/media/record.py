"""`NAME.json`: everything that is known about a moment, in the form of `livecam.contract`."""

from __future__ import annotations

import functools
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any

from livecam import contract
from livecam.enhance.retouch import Retouched
from livecam.faces.model import MODEL_SHA256
from livecam.quality.explain import COMPLAINTS, explain, word_for
from livecam.quality.score import FaceScore, FrameScore
from livecam.timebase import NS_PER_S, to_s

if TYPE_CHECKING:
    from livecam.enhance.best_take import BestTake
    from livecam.enhance.merge import Merged
    from livecam.formats.tags import Tags
    from livecam.moment import Moment
    from livecam.quality.choice import MomentScore

LIBRARIES = ("livecam", "opencv-python", "mediapipe", "numpy", "av", "pillow", "sounddevice")

NOT_RETOUCHED = Retouched()

DECIMALS = 6
"""Of seconds and scores: a microsecond, and enough for scores to be compared."""


def moment_record(
    moment: Moment,
    score: MomentScore,
    movie: str,
    photo: str,
    tags: Tags,
    made: Retouched = NOT_RETOUCHED,
) -> contract.MomentRecord:
    """A moment as plain data. Seconds are counted in the movie, whose first frame is at 0."""
    key = score.frames[score.key]
    merged, take = made.merged, made.take
    return {
        "v": contract.VERSION,
        "kind": "moment",
        "id": moment.id,
        "movie": movie,
        "photo": photo,
        "content_identifier": tags.identifier,
        "shutter_time": moment.shutter_time.isoformat(timespec="milliseconds"),
        "shutter_s": _seconds(moment.shutter_ns - moment.start_ns),
        "duration_s": _seconds(moment.duration_ns),
        "camera": {
            "name": moment.camera,
            "size_wh": moment.mode.size_wh,
            "rate_hz": round(float(moment.mode.rate_hz), 3),
            "delivered": moment.mode.delivered,
            "pixel_format": moment.mode.pixel_format.value,
            "backend": moment.mode.backend,
            "orientation": moment.frames[0].turn.orientation,
        },
        "sound": _sound(moment),
        "sound_note": moment.sound_note,
        "basis": score.basis,
        "basis_note": score.note,
        "key": {
            "index": score.key,
            "time_s": _seconds(key.t_ns - moment.start_ns),
            "score": round(key.score, DECIMALS),
            "word": word_for(key.score),
            "reason": score.reason,
        },
        "alternatives": [
            *(
                _alternative(moment, score, i, explain(score.frames[i], key))
                for i in score.alternatives
            ),
            *_as_taken(moment, score, take),
        ],
        "enhanced": None if merged is None else _enhanced(merged),
        "composed": None if take is None else _composed(moment, take),
        "gaps": [
            {
                "after_index": gap.after,
                "duration_s": _seconds(gap.duration_ns),
                "lost": gap.lost,
            }
            for gap in moment.gaps()
        ],
        "frames": [
            {
                "index": i,
                "source_index": frame.index,
                "time_s": _seconds(frame.t_ns - moment.start_ns),
                "arrived_s": _seconds(frame.arrived_ns - moment.start_ns),
                "warmup": frame.warmup,
                **judged_record(judged),
            }
            for i, (frame, judged) in enumerate(zip(moment.frames, score.frames, strict=True))
        ],
        "versions": versions(),
        "model_sha256": MODEL_SHA256 if not score.note else None,
    }


def _alternative(
    moment: Moment, score: MomentScore, position: int, why: str
) -> contract.Alternative:
    return {
        "index": position,
        "time_s": _seconds(score.frames[position].t_ns - moment.start_ns),
        "score": round(score.frames[position].score, DECIMALS),
        "reason": why,
    }


def _as_taken(
    moment: Moment, score: MomentScore, take: BestTake | None
) -> list[contract.Alternative]:
    """The key frame itself, which is an alternative if the photo is composed; else empty."""
    if take is None or not take.is_composed:
        return []
    return [_alternative(moment, score, score.key, "the frame itself, as it was taken")]


def _enhanced(merged: Merged) -> contract.Enhanced:
    return {
        "is_enhanced": merged.is_enhanced,
        "noise": round(merged.noise, 3),
        "gain": round(merged.gain, 3),
        "note": merged.note,
    }


def _composed(moment: Moment, take: BestTake) -> contract.Composed:
    return {
        "is_composed": take.is_composed,
        "faces": [
            {
                "person": swap.person,
                "place": swap.place,
                "index": swap.frame,
                "time_s": round(moment.time_s(swap.frame), DECIMALS),
                "score": round(swap.score, DECIMALS),
                "before": round(swap.before, DECIMALS),
            }
            for swap in take.swaps
        ],
        "note": take.note(moment.time_s),
    }


@functools.cache
def versions() -> dict[str, str]:
    """What made the file: livecam, its libraries, Python and the system."""
    found = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def _sound(moment: Moment) -> contract.Sound | None:
    if moment.sound is None:
        return None
    return {
        "rate_hz": moment.sound.rate_hz,
        "channels": moment.sound.channels,
        "silence_s": _seconds(moment.sound.silence_ns),
    }


def judged_record(frame: FrameScore) -> contract.Judged:
    """A frame's score, parts and faces as plain data, in `NAME.json` and in events alike."""
    return {
        "score": round(frame.score, DECIMALS),
        "estimated": frame.estimated,
        "parts": _rounded(frame.parts),
        "faces": [
            {
                "person": face.person,
                "place": face.place,
                "counts": face.counts,
                "box_xyxy": face.box_xyxy,
                "score": round(face.score, DECIMALS),
                "parts": _rounded(face.parts),
            }
            for face in frame.faces
        ],
    }


def frame_scores(record: dict[str, Any]) -> tuple[FrameScore, ...]:
    """The judged frames of a record, with indices and times in the movie.

    Raises LookupError, TypeError, ValueError for anything that is not a record.
    """
    return tuple(
        FrameScore(
            index=int(frame["index"]),
            t_ns=round(float(frame["time_s"]) * NS_PER_S),
            score=float(frame["score"]),
            offered=not frame["warmup"],
            faces=tuple(
                FaceScore(
                    person=int(face["person"]),
                    box_xyxy=_box(face["box_xyxy"]),
                    score=float(face["score"]),
                    parts=_known(face["parts"]),
                    place=str(face["place"]),
                    counts=bool(face["counts"]),
                )
                for face in frame["faces"]
            ),
            parts=_known(frame["parts"]),
            estimated=bool(frame.get("estimated")),
        )
        for frame in record["frames"]
    )


def _known(parts: dict[str, Any]) -> dict[str, float]:
    """Those parts of a score that this version knows; an older or newer one may have others."""
    return {name: float(value) for name, value in parts.items() if name in COMPLAINTS}


def _box(edges: list[Any]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (int(edge) for edge in edges)
    return left, top, right, bottom


def _rounded(parts: dict[str, float]) -> dict[str, float]:
    return {name: round(value, DECIMALS) for name, value in parts.items()}


def _seconds(ns: int) -> float:
    return round(to_s(ns), DECIMALS)
