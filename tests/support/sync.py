"""Measures how far sound is behind picture, in a movie of flashes and beeps."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

WHITE = 220
LOUD = 0.25


def flashes_s(movie: Path) -> list[float]:
    """When white pictures begin, in seconds of the movie."""
    found, was_white = [], True
    with av.open(str(movie)) as container:
        for frame in container.decode(video=0):
            white = frame.to_ndarray(format="gray").mean() > WHITE
            if white and not was_white:
                found.append(float(frame.time))
            was_white = bool(white)
    return found


def beeps_s(movie: Path) -> list[float]:
    """When beeps begin, in seconds of the movie."""
    samples, rate = sound(movie)
    loud = np.abs(samples) > LOUD
    found: list[float] = []
    for at in np.flatnonzero(loud):
        if not found or at / rate - found[-1] > 0.5:
            found.append(at / rate)
    return [t for t in found if t > 0.001]  # a beep that was cut in the middle has no beginning


def sound(movie: Path) -> tuple[np.ndarray, int]:
    """All samples of the first channel, -1..1, and their rate; from the movie's start on."""
    with av.open(str(movie)) as container:
        stream = container.streams.audio[0]
        blocks = [(frame.time, frame.to_ndarray()[0]) for frame in container.decode(stream)]
        rate = stream.rate
    start = blocks[0][0]
    samples = np.concatenate([block for _, block in blocks])
    lead = round(start * rate)
    return (np.pad(samples, (lead, 0)) if lead >= 0 else samples[-lead:]), rate


def offsets_s(movie: Path) -> list[float]:
    """How far sound is behind picture, for every flash that has a beep near it."""
    beeps = beeps_s(movie)
    found = []
    for flash in flashes_s(movie):
        near = [beep - flash for beep in beeps if abs(beep - flash) < 0.5]
        found += near[:1]
    return found
