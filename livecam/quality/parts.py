"""The parts of a face's score, each 0..1, each a pure function of what was measured.

0 means that this alone makes the picture unusable, 1 that nothing is to be wished for. "The clips"
are eleven clips of eight people, seven of them labelled frame by frame (3,400 frames); no constant
was fitted by a machine, and where a constant is no textbook's, what it separates is said.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from livecam.quality.feelings import features, feelings, likely

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.quality.baseline import Baseline
    from livecam.quality.measures import FaceReading

PARTS = (
    "eyes", "expression", "gaze", "pose", "focus", "grain", "light", "evenness", "occlusion",
    "size",
)  # fmt: skip


SHARP_LOW, SHARP_HIGH = 0.01, 0.08
"""Good frames of the clips have medians of 0.066 to 0.158; a face blurred by a Gaussian of 3 % of
its width, clearly out of focus, keeps a fifth of that."""


def parts_of(
    face: FaceReading, usual: Baseline, near: tuple[float, float], held: float = 0.0
) -> dict[str, float]:
    """All parts of one face, in the order of `PARTS`.

    `near` is the largest blink and the smallest aperture of the person within 70 ms: half a blink
    is no good frame even if this one frame of it looks open. `held` says how far eyes that are as
    narrow as that have been so for half a second, 0..1 (`held_narrow`).
    """
    laughing = LAUGHING_EYES * held * laughing_eyes(face, *near)
    return {
        "eyes": max(eyes(*near, usual, trust(face), laughter(face)), laughing),
        "expression": expression(face, usual),
        "gaze": gaze(face, usual),
        "pose": pose(face.yaw_deg, face.pitch_deg, face.roll_deg),
        "focus": focus(face.sharpness, usual.sharpness, face.streak),
        "grain": grain(face.noise),
        "light": light(face.luma, face.black, face.white),
        "evenness": evenness(face.cheeks),
        "occlusion": occlusion(face, usual),
        "size": size(face.width_px, face.inside),
    }


LAUGH = (0.35, 0.85)
LAUGH_BLINK, LAUGH_APERTURE = 0.15, 0.05
"""From what smile on eyes are narrowed by it, and what a laugh takes from them: laughing eyes read
0.42 to 0.54 of blink and 0.10 to 0.13 of aperture. A larger allowance lets half-closed eyes of one
person pass for open ones of another (AUC 0.84 with 0.25 and 0.08)."""


def laughter(face: FaceReading) -> float:
    """How far a smile reaches the eyes, 0..1: it narrows them, and nobody minds."""
    return rise(face.smile, *LAUGH)


LAUGHING_EYES = 0.7
"""What eyes count at least that laugh: everybody keeps such a photo, and open ones are better."""
HELD = (0.6, 0.85)
"""Of the lid gap within half a second around: a blink falls to 0.2 to 0.5 of it, a laugh stays."""
MET = (0.05, 0.09)
"""Lid gaps at which lids meet, and do not: closed eyes that smile read 0.03 to 0.08."""
LAUGHED = (0.45, 0.6)
"""Blink of eyes that laugh (0.30 to 0.48), and of smiling ones that are shut (0.56 to 0.66)."""
BROAD = (0.5, 0.75)
"""From what smile on cheeks are raised so far that they narrow the eyes."""


def held_narrow(aperture: float, around: Sequence[float]) -> float:
    """How far lids have been as near to each other as this in the half second around, 0..1.

    A blink is short: most of that time its lids are further apart.
    """
    usual = float(np.median(around)) if around else 0.0
    return rise(aperture / usual, *HELD) if usual > 0 else 0.0


def laughing_eyes(face: FaceReading, blink: float, aperture: float) -> float:
    """Whether it is a smile that narrows the eyes, and the lids do not meet, 0..1."""
    narrow = _fall(blink, *LAUGHED) * rise(aperture, *MET)
    return rise(face.smile, *BROAD) * narrow * trust(face)


def words_of(
    face: FaceReading,
    usual: Baseline,
    near: tuple[float, float] | None = None,
    held: float = 0.0,
) -> dict[str, str]:
    """What is wrong in particular with a part, for those of which more can be said.

    `near` and `held` as in `parts_of`; None for a picture by itself.
    """
    found = {}
    word, worst = max(flaws(face, usual).items(), key=lambda flaw: flaw[1])
    if worst > TOLD:
        found["expression"] = word
    if near is not None:
        own = eyes(face.blink, face.aperture, usual, trust(face), laughter(face))
        if own > eyes(near[0], near[1], usual, trust(face), laughter(face)) + TOLD:
            found["eyes"] = "about to blink"  # in this very frame the eyes are open
        if held * laughing_eyes(face, *near) > TOLD:
            found["eyes"] = "laughing eyes"
    if rise(face.sockets, *DARK_GLASSES) < 0.5:
        found["eyes"] = "sunglasses"
    if bare_mouth(face, usual) < 1 - TOLD:
        found["occlusion"] = "a covered mouth"
    if abs(up := raised_deg(face, usual)) > TOLD_DEG:
        found["gaze"] = "looking up" if up > 0 else "looking down"
    return found


TOLD, TOLD_DEG = 0.3, 10.0
"""From how much of a flaw, and from what angle, it is the one that is named."""


def eyes(
    blink: float, aperture: float, usual: Baseline, trusted: float = 1.0, laughing: float = 0.0
) -> float:
    """Open eyes: the person's own blendshape and lid gap must both say so, and an absolute cap too.

    The cap is for eyes shut throughout: shut eyes of the clips read 0.38 of blink and more (first
    percentile of each), open ones at most 0.32 (99th). The lid gap speaks up for laughing and
    narrow eyes: on group photographs those read 0.35 to 0.60 of blink and 0.15 to 0.22 of aperture,
    shut ones 0.04 to 0.12 (first to 95th percentile). What cannot be trusted counts as 0.5.
    """
    cap = max(_fall(blink, 0.32, 0.50), rise(aperture, 0.12, 0.20))
    if not usual.known:
        return trusted * _eyes_of_a_stranger(blink, aperture, laughing) + (1 - trusted) * 0.5 * cap
    shape = _fall(blink - usual.blink, 0.05, 0.30)
    lids = rise(aperture / usual.aperture, 0.55, 0.87)
    # Somebody may have opened theirs wide elsewhere: what anybody calls open is fair all the same.
    own = max(math.sqrt(shape * lids), FAIR * plainly_open(blink, aperture))
    return (trusted * own + (1 - trusted) * 0.5) * cap


FAIR = 0.5


def plainly_open(blink: float, aperture: float) -> float:
    """Whether eyes are open by any standard, 0..1: half-closed ones read 0.22 to 0.45 of blink."""
    return rise(aperture, 0.15, 0.21) * _fall(blink, 0.20, 0.34)


def _eyes_of_a_stranger(blink: float, aperture: float, laughing: float) -> float:
    """Open eyes where one picture is all there is.

    It cannot tell narrow eyes from half-closed ones, so the slopes are wide, and never flat where
    the two overlap: half-closed eyes of one person are below open ones of another with AUC 0.90
    over all pairs of the clips' people (closed ones 1.00); with the slopes above, 0.88.
    """
    shape = _fall(blink - LAUGH_BLINK * laughing, 0.05, 0.65)
    # Not those of somebody whose lids meet.
    laughing *= rise(aperture, 0.04, 0.10)
    return math.sqrt(shape * rise(aperture + LAUGH_APERTURE * laughing, 0.10, 0.32))


DARK_GLASSES = (0.26, 0.35)
"""Of 235 labelled and group faces the darkest bare eyes read 0.36 beside the cheeks, the one pair
of sunglasses 0.27; dark ones drawn on 40 pictures 0.06 to 0.29."""


def trust(face: FaceReading) -> float:
    """How far the eyes' numbers can be believed.

    31 px of motion blur lifts open eyes to 0.53, a very dark frame drops closed ones to 0.41, in a
    dozen pixels there is nothing to measure, and behind sunglasses the network makes eyes up.
    """
    return (
        rise(face.sharpness, SHARP_LOW, 0.8 * SHARP_HIGH)
        * rise(face.luma, 0.03, 0.15)
        * rise(face.width_px, 12, 40)
        * rise(face.sockets, *DARK_GLASSES)
    )


def expression_features(face: FaceReading) -> dict[str, float]:
    """What the regressions of `livecam.quality.feelings` look at."""
    return features(
        face.shapes, corner=face.corner, gape=face.gape, aperture=face.aperture,
        pitch=face.pitch_deg / 50,
    )  # fmt: skip


def flaws(face: FaceReading, usual: Baseline) -> dict[str, float]:
    """What may be wrong with an expression, each 0..1, by the word for it.

    Of a person who is known from other frames, the mouth and brows are looked at, beside what is
    usual for them; of a stranger in a single picture what the regressions make of the whole face.
    """
    calm = 1 - face.smile
    found = {
        "a pursed mouth": 0.7 * rise(face.pucker - usual.pucker, 0.55, 0.95),
        "a twisted mouth": rise(face.twist, *(TWIST if usual.known else STRANGER_TWIST)),
        "mid-word": rise(face.gape * calm, *GAPE),
        "lowered brows": rise(face.brow * calm, 0.3, 0.8),
        "a sad mouth": rise(face.frown, 0.05, 0.3),
    }
    if face.shapes and not usual.known:
        for feeling, logit in feelings(expression_features(face)).items():
            word = FEELING_WORDS[feeling]
            found[word] = max(found.get(word, 0.0), rise(likely(logit), *FELT))
    return found


FEELING_WORDS = {
    "anger": "an angry look",
    "fear": "a startled look",
    "sadness": "a sad mouth",
    "disgust": "a grimace",
}
FELT = (0.45, 0.95)
"""How likely a feeling must be to count, and to count in full; 0.5 is as likely as a calm face."""
TWIST, STRANGER_TWIST = (0.10, 0.35), (0.2, 0.6)
"""Good frames of the clips read up to 0.03 of a mouth pulled aside, one person's 0.09, one who
pulls a face 0.22; in single pictures, of faces turned aside, happy ones read up to 0.34."""
GAPE = (0.03, 0.12)
"""Lips parted in calm read up to 0.03 of T, words and yawns 0.08 to 0.24."""
CALM, ODD = 0.65, 0.5
"""What a calm face gets, and how much of it the worst flaw takes away."""
STRANGER_CALM, STRANGER_ODD = 0.5, 0.9
"""The same where one picture is all there is, and the regressions look at the whole face."""
LEAST_SMILE, SMILE = 0.006, 0.6
"""`mouthSmile` of calm faces, which is nothing, and of a smile that leaves nothing to be wished.
Among the labelled pictures its logarithm tells happy from calm with AUC 0.94."""


def pleasantness(face: FaceReading) -> float:
    """A smile, 0..1: half the blendshape's logarithm, half the height of the mouth's corners."""
    trace = math.log(max(face.smile, LEAST_SMILE) / LEAST_SMILE) / math.log(SMILE / LEAST_SMILE)
    return 0.5 * min(1.0, trace) + 0.5 * rise(face.corner, -0.03, 0.05)


def expression(face: FaceReading, usual: Baseline) -> float:
    """A smile is best, a calm face good; a frown, a grimace or a talking mouth are poor."""
    odd = max(flaws(face, usual).values())
    pleasant = pleasantness(face)
    if usual.known:
        return (CALM + (1 - CALM) * pleasant) * (1 - ODD * odd)
    calm = STRANGER_CALM
    return (calm + (1 - calm) * pleasant * (1 - odd)) * (1 - STRANGER_ODD * odd)


EYE_RADIUS = 0.4
"""An iris turns on a radius of 12 mm in an eye 30 mm wide; people of the clips who hold their eyes
on something while they turn their heads read 0.0051 to 0.0067 per degree, this gives 0.007."""
IRIS_REST = -0.07
"""Where irises sit in eyes that look straight ahead: above the middle of the lids' corners, in the
median of seven people (-0.05 to -0.09)."""


LIDS_DOWN, LIDS_UP, LIDS_DEG = (0.15, 0.45), (0.25, 0.6), 24.0
"""`eyeLookDown` beyond the usual, and `eyeLookUp`, from which eyes are lowered or raised, and how
far. An iris that looks down moves by 6 degrees in the picture, since the lid comes along;
`eyeLookDown` goes from 0.03 to 0.33."""


def raised_deg(face: FaceReading, usual: Baseline) -> float:
    """Degrees that the eyes look above the camera, below it where negative.

    By the iris or by the lids, whichever says more.
    """
    iris = -_arcsine_deg(face.iris_y - IRIS_REST)
    up = rise(face.look_up, *LIDS_UP)
    down = rise(face.look_down - usual.look_down, *LIDS_DOWN)
    return max(iris, LIDS_DEG * (up - down), key=abs)


def gaze(face: FaceReading, usual: Baseline) -> float:
    """Looking into the camera: head and eyes together, sideways; eyes alone, up and down.

    People see eye contact within some 8 degrees; the rest is a matter of degree, down to 0.4 for
    somebody who looks at something else altogether.
    """
    sideways = face.yaw_deg + _arcsine_deg(face.iris_x)
    return 0.4 + 0.6 * _fall(math.hypot(sideways, raised_deg(face, usual)), 8, 30)


def pose(yaw_deg: float, pitch_deg: float, roll_deg: float) -> float:
    """Facing the camera.

    The cosine of ISO/IEC 29794-5, of twice the angle: heads that people call turned read only 16 to
    18 degrees here. A head may nod 8 and tilt 10 degrees, as people do for pictures.
    """
    return (
        _cosine(2 * yaw_deg)
        * _cosine(2 * max(0.0, abs(pitch_deg) - 8))
        * _cosine(max(0.0, abs(roll_deg) - 10))
    )


def focus(sharpness: float, best: float, streak: float = 1.0) -> float:
    """How near the person's own best the face's sharpness comes, and not below a floor.

    Motion takes the detail along one axis only: 5 to 95 % of good frames read 0.7 to 1.0 of streak,
    faces smeared by 7 % of their width 0.1 to 0.3.
    """
    relative = min(1.0, sharpness / best) if best > 0 else 1.0
    return relative * rise(sharpness, SHARP_LOW, SHARP_HIGH) * (0.2 + 0.8 * rise(streak, 0.05, 0.5))


def focus_of_scene(sharpness: float, best: float) -> float:
    """The same of a whole frame: beside the sharpest of the moment, and above a floor.

    The clips' good frames read 0.08 to 0.28; blurred until nobody finds the face in them, 0.03 to
    0.06.
    """
    relative = min(1.0, sharpness / best) if best > 0 else 1.0
    return relative * rise(sharpness, 0.04, 0.12)


def grain(noise: float) -> float:
    """Noise: the clips read 0.3 to 0.6 levels, added noise of sd 8 reads 4.6, of sd 25 14."""
    return 1 / (1 + (noise / 12) ** 2)


def light(luma: float, black: float, white: float) -> float:
    """Exposure of the face: the luminance curve of ISO/IEC 29794-5 and the clipped pixels."""
    return (
        _logistic(luma, 0.2, 0.05)
        * _logistic(0.85 - luma, 0.0, 0.05)
        * (1 - max(0.0, white - 0.05))
        * (1 - 0.5 * max(0.0, black - 0.4))
    )


def evenness(cheeks: float) -> float:
    """Light from one side: two to one is a studio's ratio and fine, five to one harsh.

    Not the intersection of ISO/IEC 29794-5, which reads 0.0 to 0.1 on good clips.
    """
    return 0.6 + 0.4 * rise(cheeks, 0.15, 0.6)


def occlusion(face: FaceReading, usual: Baseline) -> float:
    """A bare face: how sure a detector is of it, beside the person's best, in logits; its mouth.

    A hand on the face reads lower than none with AUC 0.93 on the one clip that has it. Small and
    grainy faces read low for no other reason, so there it counts less; and so do bare faces in dim
    light, which read 0.35 to 0.60, so that of a stranger only very little means something.
    """
    low, high = (0.1, 1.4) if usual.known else (2.5, 5.0)
    lost = _logit(usual.presence) - _logit(face.presence)
    return min(1 - _believed(face) * (1 - _fall(lost, low, high)), bare_mouth(face, usual))


def bare_mouth(face: FaceReading, usual: Baseline) -> float:
    """A mouth that nothing is before: the line between its lips, beside the person's usual one.

    A detector is as sure of a face whose mouth is behind a hand. On the one clip that has it such a
    mouth reads 0.04 to 0.09 (5th to 90th percentile), without the hand 0.12 and more; of 173 other
    people's pictures 95 % read 0.10 and more, and with that hand put into them half up to 0.095. A
    person with faint lips reads 0.07 to 0.12.
    """
    if not usual.mouth_line:
        return 1.0
    hidden = _fall(face.mouth_line / usual.mouth_line, *MOUTH_LINE)
    return 1 - MOST_HIDDEN * _believed(face) * hidden


MOUTH_LINE, MOST_HIDDEN = (0.30, 0.70), 0.8
"""Shares of the usual line from which nothing, and all, of a mouth is to be seen; and what a hidden
one takes away. Not all: among pictures of people in masks the eyes are still to decide."""


def _believed(face: FaceReading) -> float:
    """How far what hides a face can be told in so many pixels, through so much grain."""
    return rise(face.width_px, 40, 100) * _fall(face.noise, 3, 12)


def size(width_px: float, inside: float) -> float:
    """Large enough to be looked at, and not cut off by the frame's edge."""
    return (0.5 + 0.5 * rise(width_px, 24, 96)) * rise(inside, 0.5, 1.0)


def rise(x: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, smooth between."""
    share = max(0.0, min(1.0, (x - low) / (high - low)))
    return share * share * (3 - 2 * share)


def _fall(x: float, low: float, high: float) -> float:
    return 1 - rise(x, low, high)


def _cosine(angle_deg: float) -> float:
    return math.cos(math.radians(min(90.0, abs(angle_deg))))


def _arcsine_deg(offset: float) -> float:
    return math.degrees(math.asin(max(-1.0, min(1.0, offset / EYE_RADIUS))))


def _logistic(x: float, middle: float, width: float) -> float:
    return 1 / (1 + math.exp(-(x - middle) / width))


def _logit(share: float) -> float:
    share = max(0.001, min(0.999, share))
    return math.log(share / (1 - share))
