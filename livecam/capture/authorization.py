"""Passwords of network cameras, which stand in the address that the user named."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from urllib.parse import SplitResult


def authorization_for(parts: SplitResult, challenge: str, method: str = "GET") -> str:
    """The answer to a server's question for user and password: Digest or Basic (RFC 7616, 7617)."""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    scheme, _, rest = challenge.partition(" ")
    if scheme.lower() == "digest":
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        known.add_password(None, bare, user, password)
        fields = urllib.request.parse_keqv_list(
            list(filter(None, urllib.request.parse_http_list(rest)))
        )
        digest = urllib.request.HTTPDigestAuthHandler(known)
        answer = digest.get_authorization(
            urllib.request.Request(bare, method=method),  # noqa: S310 - only looked at, never opened
            fields,
        )
        if answer:
            return f"Digest {answer}"
    from base64 import b64encode

    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
