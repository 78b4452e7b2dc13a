"""The cameras of macOS, and their modes there and on Windows, parsed from what FFmpeg prints."""

from __future__ import annotations

import contextlib
import re
import sys
from fractions import Fraction

from livecam.capture.modes import Mode

BACKENDS = {"win32": "dshow", "darwin": "avfoundation"}
"""FFmpeg's input device for the cameras of each system. Linux's are read without FFmpeg."""
_ASK = {
    "dshow": {"list_options": "true"},
    # AVFoundation has no such option: it prints the list when asked for a size that it lacks.
    "avfoundation": {"video_size": "2x2"},
}
DSHOW_UNITS = 10_000_000
"""DirectShow counts the time between two frames in units of 100 ns."""


def list_modes(path: str, twin: int = 0) -> tuple[Mode, ...]:
    """The modes of a camera (see `Device`); () if FFmpeg prints none."""
    backend = BACKENDS.get(sys.platform)
    if backend is None:
        return ()
    return parse_modes(_printed(path, backend, _ASK[backend] | twin_options(twin)))


def list_names() -> list[tuple[int, str]]:
    """FFmpeg's own numbers and names of a Mac's cameras, in which it opens them."""
    return parse_names(_printed("", "avfoundation", {"list_devices": "true"}))


def twin_options(twin: int) -> dict[str, str]:
    """What tells dshow which of several cameras of one name is meant."""
    return {"video_device_number": str(twin)} if twin else {}


def parse_names(text: str) -> list[tuple[int, str]]:
    """Numbers and names from what FFmpeg's avfoundation prints, without screens to be filmed."""
    cameras = text.partition("video devices:")[2].partition("audio devices:")[0]
    found = re.findall(r"\[(\d+)\] (.+)", cameras)
    return [(int(i), name.strip()) for i, name in found if not name.startswith("Capture screen")]


def _printed(path: str, backend: str, options: dict[str, str]) -> str:
    import av

    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        # Asked for a list, FFmpeg gives it and then always refuses to open.
        with av.logging.Capture() as lines, contextlib.suppress(av.FFmpegError, OSError):
            av.open(path, format=backend, container_options=options).close()
    finally:
        av.logging.set_level(level)
    return "".join(message for _, _, message in lines)


def parse_modes(text: str) -> tuple[Mode, ...]:
    """Modes from what FFmpeg's dshow or avfoundation prints.

    Rates are such that FFmpeg takes them: of dshow's ranges any between the ends, but an end only
    as the interval that the driver means (59.9999 a second are 166,667 units, not a sixtieth of a
    second); of avfoundation's the highest alone, with which it compares what it is asked for.
    """
    rates: dict[tuple[str, tuple[int, int]], set[Fraction]] = {}
    ranges: dict[tuple[str, tuple[int, int]], tuple[Fraction, Fraction]] = {}
    for line in text.splitlines():
        dshow = re.search(
            r"(?:pixel_format|vcodec)=(\S+).*?fps=([\d.]+) max s=(\d+)x(\d+) fps=([\d.]+)", line
        )
        avfoundation = re.search(r"(\d+)x(\d+)@\[([\d.]+) ([\d.]+)\]fps", line)
        if dshow:
            mode = dshow[1], (int(dshow[3]), int(dshow[4]))
            lowest, highest = _dshow_rate(dshow[2]), _dshow_rate(dshow[5])
            rates.setdefault(mode, set()).update((lowest, highest))
            if lowest < highest:
                ranges[mode] = lowest, highest
        elif avfoundation:
            # Whatever the camera sends, AVFoundation hands over NV12.
            mode = "nv12", (int(avfoundation[1]), int(avfoundation[2]))
            rates.setdefault(mode, set()).add(Fraction(avfoundation[4]).limit_denominator(1001))
    return tuple(
        Mode(*mode, tuple(sorted(found, reverse=True)), ranges.get(mode))
        for mode, found in rates.items()
    )


def _dshow_rate(printed: str) -> Fraction:
    return Fraction(DSHOW_UNITS, max(1, round(DSHOW_UNITS / (float(printed) or 1.0))))
