"""What the drawn person does, and when: a seeded script with the truth for every instant."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

Act = Literal["neutral", "smile", "speak", "frown", "turn", "move", "defocus", "dark"]

SCENE_S = 60.0
"""The script is written a minute at a time, so it never ends and any instant is found quickly."""

ACTS: tuple[Act, ...] = ("smile", "speak", "frown", "turn", "move", "defocus", "dark")
ACT_S = (2.2, 3.6)
EASE_S = 0.35
"""How long an expression takes to come and to go."""

BLINK_EVERY_S = (1.2, 3.0)
"""People blink 15 to 20 times a minute; a person in front of a camera rather more."""
BLINK_S = 0.3
"""From the first movement of the lid to the last; the eye is shut for the middle third."""


@dataclass(frozen=True)
class Truth:
    """What is drawn at one instant."""

    act: Act
    eyes_open: float
    """0 shut .. 1 open."""
    smile: float
    """-1 frown .. 1 broad smile."""
    mouth_open: float
    yaw_deg: float
    roll_deg: float
    gaze_xy: tuple[float, float]
    offset_xy: tuple[float, float]
    """The head's offset from its usual place, in picture heights."""
    speed: float
    """How fast it moves sideways, picture heights a second."""
    defocus: float
    """Standard deviation of the blur, in thousandths of the picture's height."""
    light: float
    """1 well lit .. 0 black."""


@dataclass(frozen=True)
class _Scene:
    starts_s: tuple[float, ...]
    acts: tuple[Act, ...]
    strengths: tuple[float, ...]
    blinks_s: tuple[float, ...]


class Script:
    """The truth at every instant, the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._scenes: dict[int, _Scene] = {}

    def at(self, t_s: float) -> Truth:
        """The truth `t_s` seconds after the start."""
        number, local_s = divmod(t_s, SCENE_S)
        scene = self._scene(int(number))
        i = bisect_right(scene.starts_s, local_s) - 1
        end_s = scene.starts_s[i + 1] if i + 1 < len(scene.starts_s) else SCENE_S
        act, strength = scene.acts[i], scene.strengths[i]
        much = strength * _ease(local_s - scene.starts_s[i], end_s - local_s)
        sway = math.sin(2 * math.pi * t_s / 5.3), math.sin(2 * math.pi * t_s / 3.7)
        swing_hz = 0.9
        swing = 2 * math.pi * swing_hz * (local_s - scene.starts_s[i])
        moving = much if act == "move" else 0.0
        return Truth(
            act=act,
            eyes_open=_lids(local_s, scene.blinks_s),
            smile=much if act == "smile" else -much if act == "frown" else 0.0,
            mouth_open=_mouth(t_s) * much if act == "speak" else 0.0,
            yaw_deg=(34.0 * much if act == "turn" else 0.0) * (1 if i % 2 else -1) + 2 * sway[1],
            roll_deg=0.0,
            gaze_xy=(0.9 * much * (1 if i % 2 else -1) if act == "turn" else 0.0, 0.0),
            offset_xy=(0.012 * sway[0] + 0.2 * moving * math.sin(swing), 0.006 * sway[1]),
            speed=abs(0.2 * moving * math.cos(swing)) * 2 * math.pi * swing_hz,
            defocus=9.0 * much if act == "defocus" else 0.0,
            light=1.0 - 0.86 * much if act == "dark" else 1.0,
        )

    def _scene(self, number: int) -> _Scene:
        if number not in self._scenes:
            self._scenes[number] = _write_scene(random.Random(f"{self.seed}/{number}"))
        return self._scenes[number]


def _write_scene(rng: random.Random) -> _Scene:
    starts_s, acts, strengths = [0.0], list[Act](["neutral"]), [1.0]
    t_s, bag = rng.uniform(1.0, 1.6), list[Act]()
    while t_s < SCENE_S - ACT_S[0]:
        if not bag:
            bag = rng.sample(ACTS, len(ACTS))
        for act, length_s in ((bag.pop(), rng.uniform(*ACT_S)), ("neutral", rng.uniform(0.8, 1.6))):
            starts_s.append(t_s)
            acts.append(act)
            strengths.append(rng.uniform(0.7, 1.0))
            t_s += length_s
    blinks_s = [rng.uniform(0.8, 2.0)]
    while blinks_s[-1] < SCENE_S - 1:
        blinks_s.append(blinks_s[-1] + rng.uniform(*BLINK_EVERY_S))
    return _Scene(tuple(starts_s), tuple(acts), tuple(strengths), tuple(blinks_s))


def _ease(since_s: float, left_s: float) -> float:
    x = max(0.0, min(1.0, min(since_s, left_s) / EASE_S))
    return x * x * (3 - 2 * x)


def _lids(t_s: float, blinks_s: tuple[float, ...]) -> float:
    i = bisect_right(blinks_s, t_s) - 1
    if i < 0:
        return 1.0
    phase = (t_s - blinks_s[i]) / BLINK_S
    return max(0.0, min(1.0, abs(2 * phase - 1) * 1.5 - 0.5)) if phase < 1 else 1.0


def _mouth(t_s: float) -> float:
    """Syllables: about five a second, uneven."""
    beat = math.sin(2 * math.pi * 4.6 * t_s) * math.sin(2 * math.pi * 1.3 * t_s + 0.7)
    return max(0.0, min(1.0, 0.5 + 0.5 * beat))
