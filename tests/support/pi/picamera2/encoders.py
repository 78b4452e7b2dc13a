"""Encoders, of which livecam uses one."""

from __future__ import annotations

from enum import Enum


class Quality(Enum):
    MEDIUM = 2
    VERY_HIGH = 4


class MJPEGEncoder:
    def __init__(self, bitrate: int | None = None) -> None:
        self.bitrate = bitrate
