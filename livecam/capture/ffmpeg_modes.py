"""The modes of cameras on Windows and macOS, parsed from what FFmpeg prints."""

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


def list_modes(path: str) -> tuple[Mode, ...]:
    """The modes of a camera; () if FFmpeg prints none."""
    import av

    backend = BACKENDS.get(sys.platform)
    if backend is None:
        return ()
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        # Asked for a list, FFmpeg gives it and then always refuses to open.
        with av.logging.Capture() as lines, contextlib.suppress(av.FFmpegError, OSError):
            av.open(path, format=backend, container_options=_ASK[backend]).close()
    finally:
        av.logging.set_level(level)
    return parse_modes("".join(message for _, _, message in lines))


def parse_modes(text: str) -> tuple[Mode, ...]:
    """Modes from what FFmpeg's dshow or avfoundation prints."""
    rates: dict[tuple[str, tuple[int, int]], set[Fraction]] = {}
    for line in text.splitlines():
        dshow = re.search(
            r"(?:pixel_format|vcodec)=(\S+).*?fps=([\d.]+) max s=(\d+)x(\d+) fps=([\d.]+)", line
        )
        avfoundation = re.search(r"(\d+)x(\d+)@\[([\d.]+) ([\d.]+)\]fps", line)
        if dshow:
            codec, (lowest, width, height, highest) = dshow[1], dshow.groups()[1:]
        elif avfoundation:
            # Whatever the camera sends, AVFoundation hands over NV12.
            codec, (width, height, lowest, highest) = "nv12", avfoundation.groups()
        else:
            continue
        found = rates.setdefault((codec, (int(width), int(height))), set())
        found |= {Fraction(rate).limit_denominator(1001) for rate in (lowest, highest)}
    return tuple(
        Mode(codec, size_wh, tuple(sorted(found, reverse=True)))
        for (codec, size_wh), found in rates.items()
    )
