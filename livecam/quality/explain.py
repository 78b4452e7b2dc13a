"""Why a frame was chosen or not, in plain words made from the parts of its score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livecam.quality.composure import USUAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.contract import Word
    from livecam.quality.score import Basis, FaceScore, FrameScore

GREAT = 0.85
WORDS: tuple[tuple[float, Word], ...] = (
    (GREAT, "great"), (0.6, "good"), (0.3, "fair"), (0.0, "poor"),
)  # fmt: skip
"""Score to word. A calm, sharp, well-lit face that looks at the camera with open eyes scores 0.6 to
0.8 and is good; with a smile it is great; half-closed eyes or clear blur make it fair or poor."""

COMPLAINTS = {
    "eyes": ("eyes not fully open", "eyes half closed", "eyes closed"),
    "expression": ("no smile", "an odd expression", "an odd expression"),
    "gaze": ("not quite looking at the camera", "looking away", "looking away"),
    "pose": ("turned a little", "turned away", "turned away"),
    "focus": ("not quite sharp", "blurred", "blurred"),
    "grain": ("noisy", "very noisy", "very noisy"),
    "light": ("not well lit", "badly lit", "in the dark or glaring"),
    "evenness": ("lit from one side", "lit from one side", "lit from one side"),
    "occlusion": ("partly covered", "covered", "covered"),
    "size": ("small, or near the edge", "too small, or cut off", "cut off"),
    "composure": (
        "not quite at ease",
        "in the middle of a movement",
        "in the middle of a movement",
    ),
    "steadiness": ("not quite steady", "shaken", "shaken"),
    "action": ("less is going on", "little is going on", "nothing is going on"),
}
"""Words for a part that is low, very low, or almost 0."""
GAINS = {
    "eyes": "eyes wider open",
    "expression": "a better expression",
    "gaze": "looking more at the camera",
    "pose": "turned more to the camera",
    "focus": "sharper",
    "grain": "less noise",
    "light": "better lit",
    "evenness": "more evenly lit",
    "occlusion": "less covered",
    "size": "larger, or less cut off",
    "composure": "more at ease",
    "steadiness": "steadier",
    "action": "more is going on",
}
PRAISE = {"eyes": "eyes open", "focus": "sharp", "light": "well lit"}
"""What is said of a chosen frame."""
COMPLAINT_BELOW, STRONG_BELOW, NOTHING_BELOW = 0.82, 0.55, 0.12
"""Below these values a part gets its first, second or third word of `COMPLAINTS`."""
TIE = 0.005
"""Scores nearer than this are equal to any eye."""
DECISIVE = ("eyes", "pose", "focus")
"""Parts of a face's score that can spoil a photo. A smile, the gaze or the light do not."""


def word_for(score: float) -> Word:
    """poor, fair, good or great, as the score reads with its two digits."""
    return next(word for floor, word in WORDS if round(score, 2) >= floor)


def is_spoilt(face: FaceScore) -> bool:
    """Whether a face's eyes are shut or half shut, it is turned away, or plainly blurred."""
    return any(face.parts.get(name, 1.0) < STRONG_BELOW for name in DECISIVE)


def complaints(values: dict[str, float], words: dict[str, str] | None = None) -> list[str]:
    """What lowers a score, the worst first; `words` are more exact words for some parts."""
    words = words or {}
    # As their person most often looks is no fault.
    worth = {
        n: min(1.0, value / USUAL) if n == "composure" else value for n, value in values.items()
    }
    low = sorted((value, name) for name, value in worth.items() if value < COMPLAINT_BELOW)
    return [
        words.get(name) or COMPLAINTS[name][(value < STRONG_BELOW) + (value < NOTHING_BELOW)]
        for value, name in low
    ]


def weakest(frame: FrameScore) -> dict[str, float]:
    """The parts of the frame's worst face that counts, or of the frame itself."""
    face = worst_face(frame)
    return frame.parts if face is None else face.parts


def worst_face(frame: FrameScore) -> FaceScore | None:
    """The face that drags the frame down."""
    counting = [face for face in frame.faces if face.counts] or list(frame.faces)
    return min(counting, key=lambda face: face.score, default=None)


def faults(frame: FrameScore, most: int = 2) -> list[str]:
    """What is wrong with a frame, the worst first; in a group, with the person's place."""
    if frame.missing:
        who = [f"{place}: not in the picture" if place else "not in the picture"
               for place in frame.missing]  # fmt: skip
        return who[:most]
    face = worst_face(frame)
    if face is None:
        return complaints(frame.parts)[:most]
    named = f"{face.place}: " if face.place else ""
    return [named + text for text in complaints(face.parts, face.words)[:most]]


def reason(basis: Basis, frames: Sequence[FrameScore], key: int, shutter_ns: int) -> str:
    """Why this frame is the key frame, compared with the one at the shutter."""
    frame, count = frames[key], len(frames)
    pulls = faults(frame)
    still = f"; still {' and '.join(pulls)}" if pulls else ""
    if basis == "frame":
        pulls = complaints(frame.parts)[:2]
        still = f"; still {' and '.join(pulls)}" if pulls else ""
        return f"no face in the moment: the best of {count} frames by the whole picture{still}"
    if not frame.faces:
        return "no frame that could be offered shows a face"
    if count == 1:
        return f"the only frame{still}"
    at_press = min(frames, key=lambda other: abs(other.t_ns - shutter_ns))
    if at_press is frame:
        return f"the frame at the shutter is the best of {count}{still}"
    return f"best of {count} frames: {_gain(frame, at_press)}{still}"


def explain(frame: FrameScore, key: FrameScore) -> str:
    """One plain sentence: why a frame was chosen, or what is worse than in the chosen one."""
    verdict = f"{frame.score:.2f}, {word_for(frame.score)}"
    if frame is key:
        values = weakest(frame)
        good = [text for name, text in PRAISE.items() if values.get(name, 0) >= COMPLAINT_BELOW]
        pulls = faults(frame)
        praise = ", ".join(good) or "the best there is"
        return f"Chosen ({verdict}): {praise}{'; still ' + ' and '.join(pulls) if pulls else ''}."
    if not frame.offered:
        return f"Not offered ({verdict}): taken while the camera warmed up, or not whole."
    if frame.estimated:
        return f"Not chosen (about {verdict}): not measured: the frames near it were no better."
    wrong = faults(frame)
    if frame.faces or frame.missing:
        if not wrong or frame.score >= key.score - TIE:
            return f"Not chosen ({verdict}): as good as the chosen one, or nearly."
        return f"Not chosen ({verdict}): {' and '.join(wrong)}."
    if key.faces:
        return f"Not chosen ({verdict}): no face in it."
    return f"Not chosen ({verdict}): {' and '.join(wrong) or 'a little less than the chosen one'}."


def _gain(frame: FrameScore, at_press: FrameScore) -> str:
    """What is better in the chosen frame than in the one at the shutter."""
    if at_press.missing and not frame.missing:
        if not at_press.faces:
            return "no face at the shutter"
        return "someone is missing at the shutter"
    if not at_press.faces:
        return "no face at the shutter"
    other_face = worst_face(at_press)
    assert other_face is not None
    # The same person then and now.
    mine = next((f for f in frame.faces if f.person == other_face.person), None) or worst_face(
        frame
    )
    assert mine is not None
    name = max(mine.parts, key=lambda part: mine.parts[part] - other_face.parts.get(part, 0))
    if mine.parts[name] - other_face.parts.get(name, 0) <= TIE:
        return "as good as the one at the shutter"
    who = f"{other_face.place}: " if other_face.place else ""
    return f"{who}{GAINS[name]} than at the shutter"
