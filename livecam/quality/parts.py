"""The parts of a face's score, each 0..1, each a pure function of what was measured.

0 means that this part alone makes the picture unusable, 1 that it could not be better. "The clips"
are eleven clips of eight people, seven of them labelled frame by frame (3,400 frames). No constant
was fitted by a machine, and each that is not from a textbook says what it separates.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

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

    `near` is the largest blink and the smallest aperture of the person within 70 ms: a frame within
    a blink is not good even if the eyes look open in it. `held` says how far the eyes have been as
    narrow as that for half a second before and after, 0..1 (`held_narrow`).
    """
    laughing = LAUGHING_EYES * held * laughing_eyes(face, *near)
    return {
        "eyes": max(eyes(*near, usual, trust(face), laughter(face)), laughing),
        "expression": expression(face, usual),
        "gaze": gaze(face, usual),
        "pose": pose(face.yaw_deg, face.pitch_deg, face.roll_deg),
        "focus": focus(face.sharpness, usual.sharpness, face.streak),
        "grain": grain(face.noise),
        "light": light(face.luma, face.black, face.white, face.bright),
        "evenness": evenness(face.cheeks),
        "occlusion": occlusion(face, usual),
        "size": size(face.width_px, face.inside),
    }


LAUGH = (0.35, 0.85)
LAUGH_BLINK, LAUGH_APERTURE = 0.15, 0.05
"""`LAUGH` is the `smile` at which it begins to narrow the eyes, and does so fully; the others allow
for that. Laughing eyes read 0.42 to 0.54 of blink and 0.10 to 0.13 of aperture. With a larger
allowance, half-closed eyes of one person pass for open ones of another (AUC 0.84 with 0.25 and
0.08)."""


def laughter(face: FaceReading) -> float:
    """How far a smile reaches the eyes, 0..1: it narrows them, and nobody minds."""
    return rise(face.smile, *LAUGH)


LAUGHING_EYES = 0.7
"""Least value of laughing eyes: everybody keeps such a photo, though open eyes are better."""
HELD = (0.6, 0.85)
"""Shares of the usual lid gap within half a second: a blink falls to 0.2 to 0.5, a laugh stays."""
MET = (0.05, 0.09)
"""Lid gaps at which lids meet, and do not: closed eyes of a smiling face read 0.03 to 0.08."""
LAUGHED = (0.45, 0.6)
"""Blink of eyes that laugh (0.30 to 0.48), and of smiling ones that are shut (0.56 to 0.66)."""
BROAD = (0.5, 0.75)
"""`smile` at which the raised cheeks begin to narrow the eyes, and do so fully."""


def held_narrow(aperture: float, around: Sequence[float]) -> float:
    """How far the lids have been this near to each other for half a second before and after, 0..1.

    `around` are the lid gaps in that time. A blink is short: most of its gaps are wider.
    """
    usual = statistics.median(around) if around else 0.0
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
    """Exact words for what is wrong with a part, by its name, where more can be said.

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
    if abs(face.roll_deg) > UPSIDE_DOWN_DEG:
        found["pose"] = "upside down"
    if rise(face.sockets, *DARK_GLASSES) < 0.5:
        found["eyes"] = "sunglasses"
    if bare_mouth(face, usual) < 1 - TOLD:
        found["occlusion"] = "a covered mouth"
    if abs(up := raised_deg(face, usual)) > TOLD_DEG:
        found["gaze"] = "looking up" if up > 0 else "looking down"
    return found


UPSIDE_DOWN_DEG = 120.0
TOLD, TOLD_DEG = 0.3, 10.0
"""Size of a flaw, and angle, from which it is named."""


def eyes(
    blink: float, aperture: float, usual: Baseline, trusted: float = 1.0, laughing: float = 0.0
) -> float:
    """Open eyes: blendshape and lid gap, relative to the person's own, must both say so.

    An absolute limit is for eyes that are shut throughout: shut eyes of the clips read 0.38 of
    blink and more (first percentile of each), open ones at most 0.32 (99th). A wide lid gap lifts
    the limit for laughing and narrow eyes: on group photographs those read 0.35 to 0.60 of blink
    and 0.15 to 0.22 of aperture, shut ones 0.04 to 0.12 (first to 95th percentile). As far as the
    numbers cannot be trusted, 0.5 counts in their place.
    """
    cap = max(_fall(blink, 0.32, 0.50), rise(aperture, 0.12, 0.20))
    if not usual.known:
        return trusted * _eyes_of_a_stranger(blink, aperture, laughing) + (1 - trusted) * 0.5 * cap
    shape = _fall(blink - usual.blink, 0.05, 0.30)
    lids = rise(aperture / usual.aperture, 0.55, 0.87)
    # In other frames the person may have opened them wide: plainly open eyes are still fair.
    own = max(math.sqrt(shape * lids), FAIR * plainly_open(blink, aperture))
    return (trusted * own + (1 - trusted) * 0.5) * cap


FAIR = 0.5


def plainly_open(blink: float, aperture: float) -> float:
    """Whether eyes are open by any standard, 0..1: half-closed ones read 0.22 to 0.45 of blink."""
    return rise(aperture, 0.15, 0.21) * _fall(blink, 0.20, 0.34)


def _eyes_of_a_stranger(blink: float, aperture: float, laughing: float) -> float:
    """Open eyes of a person of whom there is only one picture.

    It cannot tell narrow eyes from half-closed ones, so the slopes are wide, and never flat where
    the two overlap: half-closed eyes of one person are below open ones of another with AUC 0.90
    over all pairs of the clips' people (closed ones 1.00); with the slopes above, 0.88.
    """
    shape = _fall(blink - LAUGH_BLINK * laughing, 0.05, 0.65)
    # No allowance for eyes whose lids meet.
    laughing *= rise(aperture, 0.04, 0.10)
    return math.sqrt(shape * rise(aperture + LAUGH_APERTURE * laughing, 0.10, 0.32))


DARK_GLASSES = (0.26, 0.35)
"""Of 235 faces, labelled or in groups, the darkest bare eyes read 0.36 of the cheeks, one pair of
sunglasses 0.27; dark glasses drawn on 40 pictures read 0.06 to 0.29."""


def trust(face: FaceReading) -> float:
    """How far the eyes' numbers can be believed.

    31 px of motion blur raises the blink of open eyes to 0.53, a very dark frame lowers that of
    closed ones to 0.41; a face of a dozen pixels shows nothing to measure, and behind sunglasses
    the network invents eyes.
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

    Mouth and brows are looked at, relative to what is usual for a person who is known from other
    frames; for a stranger in a single picture, the regressions on the whole face are added.
    """
    # Who laughs opens the mouth, and narrows the eyes; with open eyes it is rather a word.
    laughs = face.smile
    if usual.known:
        laughs *= max(OPEN_EYED_LAUGH, 1 - rise(face.aperture, *LAUGHING_LIDS))
    found = {
        "a pursed mouth": 0.7 * rise(face.pucker - usual.pucker, 0.55, 0.95),
        "a twisted mouth": rise(face.twist, *(TWIST if usual.known else STRANGER_TWIST)),
        "mid-word": rise(face.gape * (1 - laughs), *(GAPE if usual.known else STRANGER_GAPE)),
        "lowered brows": rise(face.brow * (1 - face.smile), 0.3, 0.8),
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
"""Good frames of the clips read up to 0.03 of `twist`, those of one person 0.09, a grimace 0.22. In
single pictures, happy faces that are turned aside read up to 0.34."""
GAPE, STRANGER_GAPE = (0.04, 0.14), (0.03, 0.12)
"""Lips parted in calm read up to 0.03 of T, words and yawns 0.08 to 0.24."""
OPEN_EYED_LAUGH, LAUGHING_LIDS = 0.6, (0.2, 0.3)
"""How far a smile excuses an open mouth if the eyes are open; and the lid gaps between which they
are taken for laughing, and for open. A smile that excused all of it let people win in mid-word:
with this 0.990 and 0.807 of the pairs of the second and third set are in order, before 0.986 and
0.782; 0.5 to 0.7 gives nearly the same (`tests/benchmarks/people.py`). Of a stranger in a single
picture it excuses all: happy faces would be below calm ones more often."""
CALM, ODD = 0.65, 0.5
"""What a calm face gets, and how much of it the worst flaw takes away."""
STRANGER_CALM, STRANGER_ODD = 0.5, 0.9
"""The same if there is only one picture, where the regressions look at the whole face."""
LEAST_SMILE, SMILE = 0.006, 0.6
"""`mouthSmile` of calm faces, which counts as 0, and of a full smile, which counts as 1. On the
labelled pictures its logarithm tells happy from calm with AUC 0.94."""


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
"""An iris turns on a radius of 12 mm in an eye 30 mm wide; people of the clips who keep their eyes
on something while they turn their heads read 0.0051 to 0.0067 per degree, this gives 0.007."""
IRIS_REST = -0.07
"""Where irises sit in eyes that look straight ahead: above the middle of the lids' corners, in the
median of seven people (-0.05 to -0.09)."""


LIDS_DOWN, LIDS_UP, LIDS_DEG = (0.15, 0.45), (0.25, 0.6), 24.0
"""`eyeLookDown` beyond the usual, and `eyeLookUp`, from which eyes are lowered or raised, and how
far. An iris that looks down moves by 6 degrees in the picture, since the lid comes along;
`eyeLookDown` goes from 0.03 to 0.33."""


def raised_deg(face: FaceReading, usual: Baseline) -> float:
    """How many degrees above the camera the eyes look; negative below it.

    Measured by the iris or by the lids, whichever gives the larger angle.
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
    """Sharpness of the face, relative to the person's own best and to an absolute scale.

    Motion takes the detail along one axis only: 5 to 95 % of good frames read 0.7 to 1.0 of streak,
    faces smeared by 7 % of their width 0.1 to 0.3.
    """
    relative = min(1.0, sharpness / best) if best > 0 else 1.0
    return relative * rise(sharpness, SHARP_LOW, SHARP_HIGH) * (0.2 + 0.8 * rise(streak, 0.05, 0.5))


def focus_of_scene(sharpness: float, best: float) -> float:
    """The same of a whole frame: relative to the moment's sharpest and to an absolute scale.

    The clips' good frames read 0.08 to 0.28; blurred until nobody finds the face in them, 0.03 to
    0.06.
    """
    relative = min(1.0, sharpness / best) if best > 0 else 1.0
    return relative * rise(sharpness, 0.04, 0.12)


def grain(noise: float) -> float:
    """Noise: the clips read 0.3 to 0.6 levels, added noise of sd 8 reads 4.6, of sd 25 14."""
    return 1 / (1 + (noise / 12) ** 2)


BRIGHT = (0.25, 0.42)
"""Luminance of the lightest twentieth of a face that is too dark, and of one that is light enough
whatever the colour of its skin: faces of the clips read 0.39 to 0.86, at a third of their light at
most 0.28."""


def light(luma: float, black: float, white: float, bright: float = 0.0) -> float:
    """Exposure of the face: the luminance curve of ISO/IEC 29794-5 and the clipped pixels.

    That curve takes dark skin for a dark picture; so where the lightest parts are light enough, it
    does not count.
    """
    return (
        max(_logistic(luma, 0.2, 0.05), rise(bright, *BRIGHT))
        * _logistic(0.85 - luma, 0.0, 0.05)
        * (1 - max(0.0, white - 0.05))
        * (1 - 0.5 * max(0.0, black - 0.4))
    )


def evenness(cheeks: float) -> float:
    """Light from one side: a ratio of two to one, as in studios, is fine, five to one is harsh.

    Not the intersection of ISO/IEC 29794-5, which reads 0.0 to 0.1 on good clips.
    """
    return 0.6 + 0.4 * rise(cheeks, 0.15, 0.6)


def occlusion(face: FaceReading, usual: Baseline) -> float:
    """An uncovered face: the detector's certainty, relative to the person's best, and the mouth.

    The certainties are compared as logits: with a hand on the face they are lower with AUC 0.93, on
    the one clip that has it. Small and grainy faces always read low, so the part counts less there.
    So do bare faces in dim light (0.35 to 0.60): a stranger's must be very low to count.
    """
    low, high = (0.1, 1.4) if usual.known else (2.5, 5.0)
    lost = _logit(usual.presence) - _logit(face.presence)
    return min(1 - _believed(face) * (1 - _fall(lost, low, high)), bare_mouth(face, usual))


def bare_mouth(face: FaceReading, usual: Baseline) -> float:
    """An uncovered mouth: the line between its lips, relative to the person's usual one.

    A detector is just as sure of a face whose mouth is behind a hand. On the one clip that has it,
    such a mouth reads 0.04 to 0.09 (5th to 90th percentile), without the hand 0.12 and more. Of 173
    pictures of other people 95 % read 0.10 and more; with that hand put into them, half read up to
    0.095. A person with faint lips reads 0.07 to 0.12.
    """
    if not usual.mouth_line:
        return 1.0
    hidden = _fall(face.mouth_line / usual.mouth_line, *MOUTH_LINE)
    return 1 - MOST_HIDDEN * _believed(face) * hidden


MOUTH_LINE, MOST_HIDDEN = (0.30, 0.70), 0.8
"""Shares of the usual line at which a mouth is hidden, and is fully seen; and how much a hidden one
takes away. Not all: among pictures of people in masks the eyes must still decide."""


def _believed(face: FaceReading) -> float:
    """How reliably a covered face is recognised at this width and this noise, 0..1."""
    return rise(face.width_px, 40, 100) * _fall(face.noise, 3, 12)


def size(width_px: float, inside: float) -> float:
    """Large enough to be looked at, and not cut off by the frame's edge."""
    return (0.5 + 0.5 * rise(width_px, 24, 96)) * rise(inside, 0.5, 1.0)


def rise(x: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, smooth between."""
    if x <= low:
        return 0.0
    if x >= high:
        return 1.0
    share = (x - low) / (high - low)
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
