"""What a camera is answered when it asks for a password."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from livecam.capture.authorization import authorization_for

CAMERA = urlsplit("rtsp://me:secret@10.0.0.7/live")
MD5 = 'Digest realm="cam", nonce="abc", qop="auth", algorithm=MD5'
SHA = 'Digest realm="cam", nonce="abc", qop="auth", algorithm=SHA-512-256'


@pytest.mark.parametrize(
    ("challenges", "begins"),
    [
        ([MD5], "Digest "),
        ([SHA, MD5], "Digest "),
        (["Basic realm=cam", MD5], "Digest "),
        (["Basic realm=cam"], "Basic "),
        ([SHA, "Basic realm=cam"], "Basic "),
        ([], "Basic "),
    ],
)
def test_the_best_way_that_both_know(challenges, begins):
    assert authorization_for(CAMERA, challenges, "DESCRIBE").startswith(begins)


@pytest.mark.parametrize("challenge", [SHA, "Digest", "Digest nonsense", "Negotiate"])
def test_a_way_that_is_not_known_gives_the_password_to_nobody(challenge):
    assert authorization_for(CAMERA, [challenge], "DESCRIBE") == ""
