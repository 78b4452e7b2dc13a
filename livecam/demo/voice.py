"""Sound for the drawn person: speech-like while it speaks, a hum otherwise, beeps on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from livecam.demo.script import Script

    Sound = npt.NDArray[np.int16]

RATE_HZ = 48_000
FLASH_EVERY_S = 2.0
"""With `flash`, a white frame and a beep start at the same instant, this often."""
BEEP_S = 0.05
BEEP_HZ = 1_000.0

_PITCH_HZ = 118.0
_FORMANTS = ((620.0, 1.0), (1180.0, 0.55), (2450.0, 0.22))
"""Centre and strength of the resonances of an open vowel."""


class Voice:
    """Computes the sound of any stretch of the script."""

    def __init__(self, script: Script, flash: bool = False) -> None:
        self._script = script
        self._flash = flash
        harmonics = np.arange(1, 30) * _PITCH_HZ
        self._weights = sum(
            strength / (1 + ((harmonics - centre) / 140.0) ** 2) for centre, strength in _FORMANTS
        )
        # One period of the pitch in a table: each sample then costs only a lookup.
        phase = np.linspace(0, 2 * np.pi, 2048, endpoint=False)
        table = np.sin(np.outer(np.arange(1, 30), phase)).T @ self._weights
        self._table = (table / np.abs(table).max()).astype(np.float32)

    def samples(self, first: int, count: int) -> Sound:
        """(count, 1) int16 from sample `first` on, sample 0 being the start of the script."""
        t_s = (first + np.arange(count)) / RATE_HZ
        knots_s = np.linspace(t_s[0], t_s[-1], max(2, count // 240))
        loud = np.interp(t_s, knots_s, [self._script.at(float(t)).mouth_open for t in knots_s])
        phase = (t_s * _PITCH_HZ + 0.4 * np.sin(2 * np.pi * 0.7 * t_s)) % 1.0
        sound = 0.35 * loud * self._table[(phase * 2048).astype(np.intp) % 2048]
        sound = sound + 0.003 * np.sin(2 * np.pi * 100.0 * t_s)
        if self._flash:
            since_s = t_s % FLASH_EVERY_S
            beep = np.sin(2 * np.pi * BEEP_HZ * since_s)
            sound = np.where(since_s < BEEP_S, 0.8 * beep, sound)
        samples: Sound = (sound * 32767).astype(np.int16)[:, None]
        return samples
