"""Tells how angry, afraid, sad or disgusted a face looks.

Each feeling has a logistic regression on MediaPipe's blendshapes, with its weights in
`feelings.json`. `python -m tests.benchmarks.fit_feelings` makes that file from labelled pictures,
and prints how well the regressions do on people whose pictures were left out.
"""

from __future__ import annotations

import functools
import json
import math
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FEELINGS = ("anger", "fear", "sadness", "disgust")


def features(shapes: Mapping[str, float], **measured: float) -> dict[str, float]:
    """Features of the regressions: blendshapes with both sides of the face as one, and `measured`.

    `eyeBlink` and `eyeLook` are left out, since eyes and gaze have their own parts of the score.
    """
    found: dict[str, float] = {}
    for name, value in shapes.items():
        if name.startswith(("_", "eyeLook", "eyeBlink")):
            continue
        if name.endswith("Left"):
            other = shapes[name.removesuffix("Left") + "Right"]
            # A mouth or jaw goes to one side, brows and cheeks to both.
            is_aside = name in ("mouthLeft", "jawLeft")
            both = max(value, other) if is_aside else (value + other) / 2
            found[name.removesuffix("Left")] = both
        elif not name.endswith("Right"):
            found[name] = value
    return found | measured


def feelings(found: Mapping[str, float]) -> dict[str, float]:
    """The logit of each of `FEELINGS`: 0 if it is as likely as a calm or smiling face."""
    return {
        name: bias + sum(found[key] * weight for key, weight in weights.items())
        for name, (bias, weights) in _table().items()
    }


def likely(logit: float) -> float:
    """A logit as a probability, 0..1."""
    return 1 / (1 + math.exp(-logit))


@functools.cache
def _table() -> dict[str, tuple[float, dict[str, float]]]:
    text = resources.files("livecam.quality").joinpath("feelings.json").read_text("utf-8")
    return {name: (row["bias"], row["weights"]) for name, row in json.loads(text).items()}
