"""What is usual for one person in one moment: their frames are judged relative to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livecam.quality.composure import usual_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.quality.measures import FaceReading


@dataclass(frozen=True)
class Baseline:
    """What is usual for one person in one moment."""

    blink: float
    """`blink` of their open eyes: 0.0 for one person, 0.35 for another."""
    aperture: float
    """`aperture` of their open eyes."""
    sharpness: float
    """`sharpness` of their sharpest frames."""
    presence: float
    """How sure the detector is of their uncovered face."""
    pucker: float = 0.0
    """`pucker` of their closed mouth, times `USUAL_SHARE`."""
    look_down: float = 0.3
    """Their `eyeLookDown` when they look ahead; 99 % of the first clips' good frames read less than
    0.33."""
    mouth_line: float = 0.145
    """How clearly the line between their lips stands out: less for a quarter of all people. 0 for
    somebody whose mouth is always hidden: a person with a mask is not judged by the mouth."""
    composure: tuple[float, ...] = ()
    """Medians of what `livecam.quality.composure` measures; () where they are not known."""
    known: bool = True
    """False for a person seen too seldom to know what their open eyes are like."""


PRIOR = Baseline(blink=0.12, aperture=0.29, sharpness=0.0, presence=0.92, known=False)
"""For a person seen once: medians of the clips' open eyes, any focus, and the median presence of
their good frames."""

LEAST_FACES = 5
"""Fewer readings of a person do not show what is usual."""

BLINK_PERCENTILE, APERTURE_PERCENTILE = 10, 90
"""Eyes are open most of the time, so this tenth of the readings is of open eyes, even in moments in
which they are mostly lowered (the pooled AUC of half-closed against open eyes rises from 0.81 to
0.95 when this baseline is subtracted and blinks are widened in time)."""
CLOSED_GAPE, USUAL_SHARE = 0.05, 0.8
"""Gape below which a mouth is closed; and the share of its usual `pucker` that is subtracted."""

SHARP_PERCENTILE = 90
"""Not the very sharpest: one noisy frame must not set the measure for all."""

MOST_BLINK, LEAST_APERTURE, MOST_PRESENCE = 0.25, 0.25, 0.93
"""Limits of a baseline, for a moment in which eyes are shut throughout: medians of open eyes of the
clips' people reach 0.25 (blink) and 0.26 (aperture)."""
MOST_APERTURE = 0.34
"""Limit for a moment in which a person is startled: wide-open eyes read 0.43 and more where that
person's open eyes read 0.34 to 0.37. Nobody's open eyes need to be wider."""

LEAST_LINE, MOST_LINE = 0.06, 0.145
"""Limits of a baseline: below, the mouth is hidden throughout; above, it may be wide open. Of the
people in all clips, medians are 0.16 to 0.31, one is 0.08; a mask drawn on a face reads 0."""


def baseline_of(faces: Sequence[FaceReading]) -> Baseline:
    """The baseline of one person's faces throughout a moment."""
    if len(faces) < LEAST_FACES:
        return PRIOR

    def usual(name: str, percentile: float) -> float:
        return float(np.percentile([getattr(face, name) for face in faces], percentile))

    return Baseline(
        blink=min(usual("blink", BLINK_PERCENTILE), MOST_BLINK),
        aperture=min(max(usual("aperture", APERTURE_PERCENTILE), LEAST_APERTURE), MOST_APERTURE),
        sharpness=usual("sharpness", SHARP_PERCENTILE),
        presence=min(usual("presence", 80), MOST_PRESENCE),
        pucker=_usual_pucker(faces),
        look_down=max(usual("look_down", 25), 0.1),
        mouth_line=_usual_line(usual("mouth_line", 80)),
        composure=usual_of(faces),
    )


def _usual_pucker(faces: Sequence[FaceReading]) -> float:
    """Of a closed mouth: that of some people always reads as pursed."""
    closed = [face.pucker for face in faces if face.gape < CLOSED_GAPE]
    return float(np.median(closed)) * USUAL_SHARE if len(closed) >= LEAST_FACES else 0.0


def _usual_line(line: float) -> float:
    return 0.0 if line < LEAST_LINE else min(line, MOST_LINE)
