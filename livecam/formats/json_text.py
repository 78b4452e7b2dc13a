"""Untrusted JSON: read within limits, and with finite numbers only."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from livecam.errors import InputError

MOST_BYTES = 20_000_000
"""A moment of 30 s at 60 frames a second with four faces takes 4 million."""
MOST_CONTAINERS = 500_000
"""Objects and lists, each at least 60 bytes in memory: that moment has 30,000. 20 MB of text with
empty ones would take 850 MB."""


def parse_json(text: bytes) -> Any:
    """The value of a JSON text. Raises InputError if it is not JSON, or too large or deep."""
    if len(text) > MOST_BYTES:
        raise InputError(f"its {len(text) / 1e6:.0f} million bytes are too many")
    if text.count(b"{") + text.count(b"[") > MOST_CONTAINERS:
        raise InputError("it holds too much")
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_refuse)
    except RecursionError:
        raise InputError("it is nested too deeply") from None
    except ValueError as err:
        raise InputError(f"it is no JSON: {err}") from err


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large")
    return number


def _refuse(text: str) -> NoReturn:
    # JSON knows no NaN and no infinity; Python's reader does.
    raise ValueError(f"{text} is no number")
