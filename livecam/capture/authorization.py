"""Passwords of network cameras, which are part of the address that the user named."""

from __future__ import annotations

import contextlib
import urllib.request
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from urllib.parse import SplitResult


def authorization_for(parts: SplitResult, challenges: Sequence[str], method: str = "GET") -> str:
    """The Authorization header that answers a server's challenges; "" if none of them is known.

    Digest before Basic (RFC 7616, 7617): a server may offer both, and Digest in several ways.
    """
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    by_scheme = [challenge.partition(" ") for challenge in challenges]
    for scheme, _, rest in by_scheme:
        if scheme.lower() == "digest":
            with contextlib.suppress(ValueError, KeyError):  # SHA-256, or no valid challenge
                answer = _digest(parts, rest, user, password, method)
                if answer:
                    return f"Digest {answer}"
    if by_scheme and not any(scheme.lower() == "basic" for scheme, _, _ in by_scheme):
        return ""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _digest(
    parts: SplitResult, challenge: str, user: str, password: str, method: str
) -> str | None:
    known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    known.add_password(None, bare, user, password)
    listed = filter(None, urllib.request.parse_http_list(challenge))
    fields = urllib.request.parse_keqv_list(list(listed))
    digest = urllib.request.HTTPDigestAuthHandler(known)
    asked = urllib.request.Request(bare, method=method)  # noqa: S310 - only looked at, never opened
    return digest.get_authorization(asked, fields)
