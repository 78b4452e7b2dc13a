"""The parts of a face's score, each 0..1, each a pure function of what was measured.

0 means that this alone makes the picture unusable, 1 that nothing is to be wished for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.quality.measures import FaceReading

PARTS = ("eyes", "focus", "light", "pose", "expression")


@dataclass(frozen=True)
class Baseline:
    """What is usual for one person in one moment."""

    blink: float
    """Their open eyes: one person's read 0.0, another's 0.35."""
    sharpness: float
    """Their sharpest frames."""


PRIOR = Baseline(blink=0.1, sharpness=0.0)
"""For a person seen once: median of the open-eyed frames of seven labelled clips; any focus."""

BLINK_PERCENTILE = 20
"""Eyes are open most of the time, so the lower fifth is open eyes (AUC of closed and half-closed
against open rises from 0.905 to 0.955 when it is subtracted)."""

SHARP_PERCENTILE = 90
"""Not the very sharpest: one noisy frame must not set the measure for all."""


def baseline_of(faces: Sequence[FaceReading]) -> Baseline:
    """The baseline of one person's faces throughout a moment."""
    if len(faces) < 3:
        return PRIOR
    return Baseline(
        float(np.percentile([face.blink for face in faces], BLINK_PERCENTILE)),
        float(np.percentile([face.sharpness for face in faces], SHARP_PERCENTILE)),
    )


def eyes(blink: float, usual: float) -> float:
    """Open eyes, against the person's own.

    From 0.06 above their usual the score falls, at 0.30 it is nothing: 0.15 above catches 68 % of
    half-closed frames at 4 % false alarms. The cap stands for a person whose eyes are shut all
    along: one person's shut eyes peak at 0.43, another's open ones sit at 0.35.
    """
    return _fall(blink - usual, 0.06, 0.30) * _fall(blink, 0.38, 0.62)


def focus(sharpness: float, best: float) -> float:
    """How near the person's own best the face's sharpness comes, and not below a floor."""
    relative = min(1.0, sharpness / best) if best > 0 else 1.0
    return relative * _rise(sharpness, 0.02, 0.12)


def light(luma: float, black: float, white: float) -> float:
    """Exposure of the face: the luminance curve of ISO/IEC 29794-5 and the clipped pixels."""
    return (
        _logistic(luma, 0.2, 0.05)
        * _logistic(0.85 - luma, 0.0, 0.05)
        * (1 - max(0.0, white - 0.05))
        * (1 - 0.5 * max(0.0, black - 0.4))
    )


def pose(yaw_deg: float, pitch_deg: float, roll_deg: float) -> float:
    """Facing the camera: cos^2 of yaw and pitch as in ISO/IEC 29794-5.

    A tilted head matters less (people tilt their heads for pictures): the cosine of roll alone.
    """
    yaw, pitch, roll = (max(0.0, math.cos(math.radians(a))) for a in (yaw_deg, pitch_deg, roll_deg))
    return yaw**2 * pitch**2 * roll


def expression(smile: float, frown: float, pucker: float, twist: float) -> float:
    """A smile is best, a calm face good; a frown, a pucker and a twisted mouth are poor.

    Chins rise with closed smiles too, so a smile takes its share of the frown away. A calm mouth
    reads up to 0.5 of pucker.
    """
    calm = 0.8 + 0.2 * _rise(smile, 0.1, 0.6)
    odd = max(
        _rise(frown * (1 - smile), 0.2, 0.7), _rise(pucker, 0.55, 0.95), _rise(twist, 0.2, 0.7)
    )
    return calm * (1 - 0.5 * odd)


def _rise(x: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, smooth between."""
    share = max(0.0, min(1.0, (x - low) / (high - low)))
    return share * share * (3 - 2 * share)


def _fall(x: float, low: float, high: float) -> float:
    return 1 - _rise(x, low, high)


def _logistic(x: float, middle: float, width: float) -> float:
    return 1 / (1 + math.exp(-(x - middle) / width))
