"""What the options of several commands share: parsers of values, and groups of options."""

from __future__ import annotations

import argparse
import math
from fractions import Fraction
from pathlib import Path
from typing import Any


def add_model(group: Any, verb: str = "use") -> None:
    """Add the options of the face model."""
    group.add_argument("--model", type=Path, metavar="FILE", help=f"the face model to {verb}")
    group.add_argument(
        "--face-runtime",
        choices=("auto", "mediapipe", "opencv"),
        default="auto",
        help="what runs the model: MediaPipe, or OpenCV (auto: MediaPipe where installed)",
    )


def add_retouch(group: Any) -> None:
    """Add the options that improve the key photo."""
    group.add_argument(
        "--enhance",
        action="store_true",
        help="merge the frames around the key frame into it: less noise, nothing invented",
    )
    group.add_argument(
        "--best-take",
        action="store_true",
        help="compose the key photo: whoever looks better in another frame of the moment gets that "
        "face, where it fits without a trace; the photo and its record say so",
    )


def count(text: str) -> int:
    """A number from 1 on. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 to 100000")
    return int(text)


def port(text: str) -> int:
    """A number from 0 (any free port) to 65535. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is no port")
    return int(text)


def frame_count(text: str) -> int | str:
    """A number from 1 on, or "all". Raises ArgumentTypeError."""
    return "all" if text == "all" else count(text)


def assignments(text: str) -> tuple[tuple[str, str], ...]:
    """Names and values, as exposure=200,focus=10. Raises ArgumentTypeError."""
    pairs = [part.strip().partition("=") for part in text.split(",")]
    if not all(name and sign and value for name, sign, value in pairs):
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form exposure=200,focus=10")
    return tuple((name, value) for name, _, value in pairs)


def size(text: str) -> tuple[int, int]:
    """Width and height, as 1280x720. Raises ArgumentTypeError."""
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no size like 1280x720") from None
    if min(width, height) < 16 or max(width, height) > 16384:
        raise argparse.ArgumentTypeError(f"no picture is {text}")
    return width, height


def share(text: str) -> float:
    """A number from 0 to 1. Raises ArgumentTypeError, ValueError."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("it is a number from 0 to 1")
    return value


def seconds(text: str) -> float:
    """A finite number of seconds. Raises ArgumentTypeError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds")
    return seconds


def rate(text: str) -> Fraction:
    """Frames a second, possibly a fraction: 30000/1001. Raises ArgumentTypeError."""
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of frames per second") from None
    if not 1 <= rate <= 240:
        raise argparse.ArgumentTypeError("frames a second must be 1 to 240")
    return rate
