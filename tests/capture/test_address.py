"""Addresses with a password in them, well written and not."""

from __future__ import annotations

import json
import socket

import pytest

from livecam.capture.address import split_address, without_secrets
from livecam.errors import UsageError
from tests.support.program import run


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://10.0.0.7/video", "10.0.0.7"),
        ("http://admin:secret@10.0.0.7:8080/video?x=1", "10.0.0.7"),
        ("http://admin:pa%23ss@cam/", "cam"),
        ("rtsp://admin:a@b@cam:554/x", "cam"),
        ("http://10.0.0.7:8080/@stream", "10.0.0.7"),
        ("http://cam.local:8080/mail?to=a@b", "cam.local"),
        ("http://cam/user@home", "cam"),
        ("http://[fd00::5]:8080/@x", "fd00::5"),
    ],
)
def test_an_address_names_its_host(address, host):
    assert split_address(address).hostname == host


CUT = [
    "http://admin:pa#ss@10.255.255.1/video", "rtsp://admin:12#34@127.0.0.1/x",
    "rtsp://admin:12/34@127.0.0.1/x", "http://admin:1?2@cam/", "http://ad#min:12@cam/",
    "http://admin:pa/ss@cam/", "http://admin:x[y@cam/", "http:///admin:12@",
]  # fmt: skip


@pytest.mark.parametrize("address", CUT)
def test_one_that_ends_amid_its_password_is_refused_without_a_word_of_it(address):
    with pytest.raises(UsageError) as caught:
        split_address(address)
    for part in ("admin", "pa#", "'pa'", "ss@", "12", "34", "10.255"):
        assert part not in caught.value.message
    assert "%23" in caught.value.hint


@pytest.mark.parametrize("address", CUT[:3])
def test_nothing_of_it_is_printed_or_asked_of_the_name_server(tmp_path, address, monkeypatch):
    code = "raise AssertionError('a name was looked up')"
    (tmp_path / "sitecustomize.py").write_text(
        f"import socket\ndef look_up(*_, **__): {code}\nsocket.getaddrinfo = look_up\n"
    )
    assert socket.getaddrinfo  # the real one is there
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    done = run("--camera", address, "--shots", "1", "--json", cwd=tmp_path)
    assert done.returncode == 2
    (event,) = (json.loads(line) for line in done.stdout.splitlines())
    assert event["event"] == "error"
    for told in (done.stderr, json.dumps(event)):
        assert "admin" not in told
        assert "34" not in told
        assert "a name was looked up" not in told


def test_what_names_a_camera_is_shown_without_its_secrets(tmp_path, monkeypatch):
    assert without_secrets("http://admin:a@b@cam/x") == "http://…@cam/x"
    assert without_secrets("admin:secret@cam") == "…@cam"
    assert without_secrets("Logitech") == "Logitech"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "livecam").mkdir()
    (tmp_path / "livecam" / "livecam.toml").write_text('camera = "http://admin:secret@cam/"\n')
    for more in ([], ["--json"]):
        assert "secret" not in run("config", *more, cwd=tmp_path).stdout
    done = run("--camera", "admin:secret@cam", "--shots", "1", cwd=tmp_path)
    assert "secret" not in done.stdout + done.stderr
