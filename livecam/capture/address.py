"""Addresses of network cameras. The password that one may contain is never shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from livecam.errors import UsageError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

HINT = "in a user's name or password write # as %23, / as %2F, ? as %3F, @ as %40 and : as %3A"
_HOSTLIKE = re.compile(r"\[[0-9a-fA-F:.]+\]|[^:\[\]]*\.[^:\[\]]*|localhost", re.IGNORECASE)
"""Matches a host name or IP address, but not a user name."""


def split_address(address: str) -> SplitResult:
    """Split an address, which must name a host.

    A `#`, `/` or `?` in a password looks like the end of the host: the user's name would be looked
    up as a host, and the password shown. Raises UsageError, whose message never shows the password.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as err:
        # The message of `err` may contain a part of the password.
        raise UsageError("this is no address of a camera", HINT) from err
    later = parts.path + parts.query + parts.fragment
    host = re.sub(r":\d*$", "", parts.netloc)
    is_cut = "@" in later and "@" not in parts.netloc
    if "@" in parts.fragment or (is_cut and port is not None and not _HOSTLIKE.fullmatch(host)):
        problem = "its password contains a character that must be escaped"
        raise UsageError(f"this is no address of a camera: {problem}", HINT)
    if not parts.hostname:
        raise UsageError("this is no address of a camera: it names no host", HINT)
    return parts


def without_secrets(text: str) -> str:
    """A camera's name or address for display, without user and password even if these contain @."""
    before, at, rest = text.rpartition("@")
    if not at:
        return text
    scheme, separator, _ = before.partition("://")
    return f"{scheme}{separator}…@{rest}" if separator else f"…@{rest}"
