"""The sound of a shutter, for those who stand in front of the camera and see no screen."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000
LASTS_S, LOUD = 0.09, 0.35
"""Two short bursts of noise, as a mirror that goes up and comes down."""


def samples() -> npt.NDArray[np.float32]:
    """The sound: (N,) float32, -1..1."""
    dice = np.random.default_rng(1)
    t_s = np.arange(round(LASTS_S * RATE_HZ)) / RATE_HZ
    noise = dice.standard_normal(t_s.size) * LOUD
    shape = np.exp(-t_s / 0.006) + 0.7 * np.exp(-np.maximum(t_s - 0.05, 0) / 0.008) * (t_s > 0.05)
    return np.clip(noise * shape, -1, 1).astype(np.float32)


class Click:
    """Plays the sound on the default output; silent if there is none."""

    def __init__(self) -> None:
        self._sound = samples()

    def play(self) -> None:
        """Begin to play; returns at once."""
        threading.Thread(target=self._play, name="click", daemon=True).start()

    def _play(self) -> None:
        try:
            import sounddevice

            sounddevice.play(self._sound, RATE_HZ)
        except Exception:  # noqa: BLE001, S110 - a sound is never worth a photo
            pass
