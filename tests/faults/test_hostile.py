"""What a stranger might bring: files that lie, names that steer terminals, servers that send on."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from livecam.text import visible
from tests.support import hostile
from tests.support.program import events, run

MOST_MEGABYTES = 600
"""What `pick` and `export` may take, whatever they are given."""

posix = pytest.mark.skipif(sys.platform == "win32", reason="no such files there")


def measured(*args: str, cwd: Path) -> tuple[int, float, str]:
    """Exit code, most memory in megabytes, and what was said, of a livecam."""
    script = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'livecam', *sys.argv[1:]],"
        " capture_output=True, text=True)\n"
        "most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print(done.returncode, most, done.stdout + done.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *args],
        cwd=cwd, capture_output=True, text=True, check=True, timeout=280,
    )  # fmt: skip
    code, most, said = done.stdout.split(" ", 2)
    return int(code), int(most) / (1024 if sys.platform == "linux" else 1024**2), said


def large_movie(path: Path, frames: int = 12) -> None:
    """A moment in 4K."""
    flat = np.full((2160 * 3 // 2, 3840), 128, np.uint8)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(30), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 3840, 2160, "yuv420p"
        for i in range(frames):
            cv2.rectangle(flat, (100 * i, 300), (100 * i + 400, 1500), (40 + 9 * i,), -1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(flat, format="yuv420p")))
        out.mux(stream.encode(None))


@posix
@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("huge.gif", hostile.huge_gif, "9000x9000 is too large"),
        ("huge.png", hostile.huge_png, "picture is too large"),
        ("scans.jpg", hostile.many_scans, "more than 100 scans"),
    ],
)
def test_a_small_file_that_asks_for_much_is_refused(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content())
    code, most, said = measured("pick", name, cwd=tmp_path)
    assert code == 4
    assert reason in said
    assert said.count("\n") <= 2
    assert most < MOST_MEGABYTES


@posix
@pytest.mark.parametrize("command", [["pick"], ["export", "--to", "bounce", "--out", "made"]])
def test_4k_stays_within_its_memory(tmp_path, command):
    for name in ("a.mov", "b.mov"):  # side by side, where each alone would have room
        large_movie(tmp_path / name)
    code, most, said = measured(*command, "--jobs", "2", "a.mov", "b.mov", cwd=tmp_path)
    assert code == 0, said
    assert most < MOST_MEGABYTES


@posix
@pytest.mark.parametrize("command", ["check", "pick"])
def test_what_is_no_file_holds_nothing_up(tmp_path, command):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.mov").mkdir()
    (tmp_path / "nowhere.mov").symlink_to(tmp_path / "gone")
    picture = np.zeros((48, 64, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "good.jpg"), picture)
    done = run(command, ".", cwd=tmp_path, timeout=60)
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert sum("pipe.jpg" in line for line in lines) == 1
    assert sum("nowhere.mov" in line for line in lines) == 1
    assert "folder.mov" not in done.stdout + done.stderr


@posix
def test_names_steer_no_terminal_and_json_keeps_them(tmp_path):
    names = [b"esc\x1b[2J.jpg", b"two\nlines.jpg", "\u202egpj.exe.jpg".encode(), b"not\xffutf8.jpg"]
    jpeg = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(jpeg)
    done = run("pick", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for told in ("\\x1b[2J", "two\\x0alines", "\\u202egpj", "not\\xffutf8"):
        assert told in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    (event,) = events(run("pick", ".", "--json", cwd=tmp_path).stdout)
    assert {os.fsencode(Path(file).name) for file in event["files"]} == set(names)
    missing = run("pick", "gone\x1b[2J.mov", cwd=tmp_path)
    assert missing.returncode == 4
    assert "\\x1b[2J" in missing.stderr


def test_text_that_is_harmless_stays_as_it_is():
    for text in ("IMG_0001.JPG", "Grüße aus 東京 👋.mov", ""):
        assert visible(text) == text


def test_a_script_that_plays_other_files_is_no_movie(tmp_path):
    movie = tmp_path / "secret.mov"
    large_movie(movie, 3)
    (tmp_path / "x.mov").write_text(f"ffconcat version 1.0\nfile {movie}\n")
    (tmp_path / "y.mov").write_text(f"#EXTM3U\n#EXTINF:1,\n{movie}\n#EXT-X-ENDLIST\n")
    for name in ("x.mov", "y.mov"):
        assert run("pick", name, cwd=tmp_path).returncode == 4
        done = run("--camera", name, "--shots", "1", "--json", cwd=tmp_path)
        assert done.returncode == 4, done.stderr
        assert "cannot read" in done.stderr


@contextlib.contextmanager
def server(answer: dict[str, tuple[str, bytes]], redirect: str = "") -> Iterator[tuple[int, list]]:
    """A web server on a free port of loopback, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            kind, content = answer.get(self.path, ("", b""))
            self.send_response(200 if kind else 302 if redirect else 404)
            if kind:
                self.send_header("Content-Type", kind)
            elif redirect:
                self.send_header("Location", redirect)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield serving.server_address[1], asked
        finally:
            serving.shutdown()
            thread.join()


@pytest.mark.parametrize("kind", ["application/vnd.apple.mpegurl", "video/mp2t", ""])
def test_a_server_sends_livecam_to_no_third_one(tmp_path, kind):
    with server({}) as (other, asked_other):
        target = f"http://127.0.0.1:{other}/third.ts"
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
        with server({"/live": (kind or "video/mp2t", playlist.encode())}, target) as (port, asked):
            for path in ("/live", "/elsewhere"):
                # By another name of this machine: a redirect within the host is followed.
                url = f"http://localhost:{port}{path}"
                done = run("--camera", url, "--shots", "1", "--json", cwd=tmp_path)
                assert done.returncode == 3, done.stderr
                assert path in asked, "the server that was named is asked"
    assert asked_other == []


def test_an_rtsp_camera_sends_livecam_to_no_third_host(tmp_path):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = self.rfile.readline().decode()
            while self.rfile.readline().strip():
                pass
            # Another path of the same host first, which is followed; from there, another host.
            target = other if asked.split()[1].endswith("/second") else second
            self.wfile.write(
                f"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: {target}\r\n\r\n".encode()
            )
            seen.append(asked)

    seen: list[str] = []
    with (
        socketserver.TCPServer(("127.0.0.1", 0), Handler) as serving,
        socket.create_server(("127.0.0.1", 0)) as third,
    ):
        second = f"rtsp://localhost:{serving.server_address[1]}/second"
        other = f"rtsp://127.0.0.1:{third.getsockname()[1]}/third"
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        url = f"rtsp://user:secret@localhost:{serving.server_address[1]}/first"
        done = run("--camera", url, "--shots", "1", "--json", cwd=tmp_path)
        serving.shutdown()
        thread.join()
        third.settimeout(0)
        with pytest.raises(BlockingIOError):
            third.accept()
    assert done.returncode == 3
    assert "it sends us on to 127.0.0.1" in done.stderr
    assert "secret" not in done.stderr
    assert len(seen) == 2


@posix
def test_what_is_unfinished_is_nobodys_business_and_results_follow_the_umask(tmp_path):
    from livecam.disk.publish import Bundle

    bundle = Bundle.named(tmp_path, "a")
    with bundle:
        bundle.write(".json", b"{}")
        (hidden,) = tmp_path.glob(".*.part")
        assert hidden.stat().st_mode & 0o777 == 0o600
        bundle.publish([".json"])
    umask = os.umask(0)
    os.umask(umask)
    assert bundle.path(".json").stat().st_mode & 0o777 == 0o666 & ~umask


def test_every_error_is_an_event_too(tmp_path):
    for args, code in ((["--size", "x"], 2), (["pick", "gone.mov"], 4), (["recover", "gone"], 4)):
        done = run(*args, "--json", cwd=tmp_path)
        assert done.returncode == code
        (event,) = (json.loads(line) for line in done.stdout.splitlines())
        assert event["event"].endswith("error")
        assert event["code"] == code
