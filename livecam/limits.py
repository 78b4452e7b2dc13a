"""What the system must give for livecam to work at all."""

from __future__ import annotations

from livecam.errors import LivecamError

LEAST_ADDRESS_SPACE = 2_000_000_000
"""Bytes. The face networks and their libraries reserve 1.4 GB, and use 300 MB; with less, the
system kills us at any point, without a message (tried from 2 GB down, on x86-64)."""
FILES_ONLY = 800_000_000
"""Bytes, for commands that look at no faces."""


def check_limits(least: int = LEAST_ADDRESS_SPACE) -> None:
    """Raise LivecamError if the address space is limited to less than `least` bytes."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < least:
        raise LivecamError(
            f"address space is limited to {limit // 1_000_000} MB here",
            f"livecam needs {least // 1_000_000} MB: ulimit -v unlimited",
        )
