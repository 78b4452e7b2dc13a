"""How much better or worse a face looks than is usual for its person, beyond what the parts tell.

A logistic regression on pairs of frames: of two frames of one person that somebody ordered, which
is the better one? Its weights, in `composure.json`, are for how far each measure is from its median
in the moment; `python -m tests.benchmarks.fit_composure` makes that file from labelled people, and
prints how well the pairs of people who were left out are ordered. What the other parts cost is
known to it: it learns only what they miss, above all open and pressed mouths, and frames in which
brows, head or mouth are on their way to somewhere else.
"""

from __future__ import annotations

import functools
import json
import math
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livecam.quality.measures import FaceReading

USUAL = 0.5
"""The value of a face as its person most often looks."""
MOST = 3.0
"""Logit beyond which nothing more is gained or lost: the labelled people's are -2.97 to 1.02."""

SHAPES = ("jawOpen", "browDown", "mouthRollUpper", "mouthPress")
"""Blendshapes, left and right as one, so that a mirror changes nothing."""
SIGNED = ("gape", "presence")
AWAY = ("gape", "pucker", "twist", "corner", "yaw_deg", "pitch_deg", "roll_deg")
"""Measures of which the distance from the usual counts, in either direction."""
FEATURES = (*SHAPES, *SIGNED, *(f"|{name}|" for name in AWAY))
_MEASURES = (*SHAPES, *dict.fromkeys((*SIGNED, *AWAY)))
WORDS = {
    "jawOpen": "an open mouth", "gape": "an open mouth", "|gape|": "an open mouth",
    "mouthPress": "an open mouth", "browDown": "knitted brows", "mouthRollUpper": "pressed lips",
    "presence": "something before the face",
    "|pucker|": "a moving mouth", "|twist|": "a moving mouth", "|corner|": "a moving mouth",
    "|yaw_deg|": "a turning head", "|pitch_deg|": "a turning head", "|roll_deg|": "a turning head",
}  # fmt: skip
"""What is said where a feature lowers the value most."""


def measures(face: FaceReading) -> list[float]:
    """`_MEASURES` of a face, before the median is subtracted; [] without blendshapes."""
    if not face.shapes:
        return []
    shapes = [
        face.shapes[name]
        if name in face.shapes
        else (face.shapes[f"{name}Left"] + face.shapes[f"{name}Right"]) / 2
        for name in SHAPES
    ]
    return [*shapes, *(getattr(face, name) for name in _MEASURES[len(SHAPES) :])]


def usual_of(faces: Sequence[FaceReading]) -> tuple[float, ...]:
    """The median of each of the `measures`; () if they are not known."""
    rows = [row for face in faces if (row := measures(face))]
    return tuple(float(x) for x in np.median(rows, axis=0)) if rows else ()


def features_of(face: FaceReading, usual: Sequence[float]) -> dict[str, float]:
    """`FEATURES` of a face beside what is usual for its person; {} if that is not known."""
    own = measures(face)
    if not own or not usual:
        return {}
    away = {name: a - b for name, a, b in zip(_MEASURES, own, usual, strict=True)}
    signed = {name: away[name] for name in (*SHAPES, *SIGNED)}
    return signed | {f"|{name}|": abs(away[name]) for name in AWAY}


def composure(features: Mapping[str, float], eyes: float = 1.0) -> float:
    """0..1, `USUAL` for a face as its person most often looks, or if nothing is known.

    It is raised only as far as the eyes are open (`eyes`, their part, 0..1): no mouth makes up for
    shut eyes.
    """
    if not features:
        return USUAL
    bias, weights = _regression()
    logit = sum(weight * features[name] for name, weight in weights.items()) - bias
    value = 1 / (1 + math.exp(-max(-MOST, min(MOST, logit))))
    return USUAL + (value - USUAL) * eyes if value > USUAL else value


def word_of(features: Mapping[str, float]) -> str:
    """What lowers it most."""
    _, weights = _regression()
    return WORDS[min(weights, key=lambda name: weights[name] * features[name])]


def shifted(score: float, value: float) -> float:
    """A score whose odds are multiplied by those of a `composure`: `USUAL` leaves it as it is."""
    good, bad = score * value, (1 - score) * (1 - value)
    return good / (good + bad) if good + bad > 0 else 0.0


@functools.cache
def _regression() -> tuple[float, dict[str, float]]:
    """The bias, and the weight of each feature."""
    text = resources.files("livecam.quality").joinpath("composure.json").read_text("utf-8")
    found = json.loads(text)
    return found["bias"], found["weights"]
