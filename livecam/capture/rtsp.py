"""Follows the redirects of an RTSP camera.

FFmpeg follows a redirect (RFC 2326, 11.3) to any host, and has no option against that; so redirects
are followed here first, and only within the host that the user named.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from livecam.capture.authorization import authorization_for
from livecam.errors import CameraError

if TYPE_CHECKING:
    from email.message import Message
    from urllib.parse import SplitResult

PORTS = {"rtsp": 554, "rtsps": 322}
MOST_ANSWERS = 6
"""The most password challenges and redirects."""
LONGEST_LINE = 4096


def final_address(url: str, timeout_s: float) -> str:
    """The address at which the camera describes its stream. Raises CameraError, OSError."""
    authorization = ""
    for _ in range(MOST_ANSWERS):
        parts = urlsplit(url)
        status, headers = _describe(parts, authorization, timeout_s)
        if status == 401 and parts.username and not authorization:
            challenges = headers.get_all("WWW-Authenticate", [])
            authorization = authorization_for(parts, challenges, "DESCRIBE")
            if not authorization:
                return url  # FFmpeg may know how
        elif status // 100 == 3 and headers.get("Location"):
            target = urlsplit(urljoin(url, headers["Location"]))
            if target.hostname != parts.hostname or target.scheme not in PORTS:
                raise CameraError(
                    f"it sends us on to {target.hostname}", "name that address, if you trust it"
                )
            authorization = ""
            user = parts.netloc.rpartition("@")[0]
            host = target.netloc.rpartition("@")[2]
            url = target._replace(netloc=f"{user}@{host}" if user else host).geturl()
        else:
            return url  # FFmpeg reports any other error better
    raise CameraError("its redirects never end, or it refuses the password")


def _describe(parts: SplitResult, authorization: str, timeout_s: float) -> tuple[int, Message]:
    """A camera's answer to DESCRIBE (RFC 2326, 10.2): status, 0 if it is not RTSP, and headers."""
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    lines = [f"DESCRIBE {bare} RTSP/1.0", "CSeq: 1", "Accept: application/sdp"]
    if authorization:
        lines.append(f"Authorization: {authorization}")
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    with socket.create_connection((host, port), timeout_s) as plain:
        connection = plain
        if parts.scheme == "rtsps":
            # Cameras make their certificates themselves; FFmpeg does not look at them either.
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = context.wrap_socket(plain, server_hostname=host)
        with connection, connection.makefile("rb") as answer:
            connection.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
            words = answer.readline(LONGEST_LINE).split(maxsplit=2)
            try:
                return int(words[1]), http.client.parse_headers(answer)
            except (IndexError, ValueError, http.client.HTTPException):
                return 0, http.client.HTTPMessage()  # it does not speak RTSP
