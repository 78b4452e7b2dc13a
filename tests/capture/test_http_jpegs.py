"""Network cameras as they are: MJPEG over HTTP, right and wrong."""

from __future__ import annotations

import base64
import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecam.cameras import open_source
from livecam.capture.http_jpegs import open_jpegs
from livecam.capture.jpeg_splitter import JpegSplitter
from livecam.capture.network import NetworkCamera
from livecam.errors import CameraError, UsageError
from livecam.formats.jpeg import insert_segment
from tests.support.http_camera import marked, read_mark
from tests.support.odd_cameras import MIXED, SERVERS, serving


def jpeg(index: int, size_wh: tuple[int, int] = (64, 48)) -> bytes:
    image = np.full((size_wh[1], size_wh[0], 3), 40 + 5 * (index % 40), np.uint8)
    return marked(cv2.imencode(".jpg", image)[1].tobytes(), index, index)


JPEGS = [jpeg(i) for i in range(90)]


@pytest.mark.parametrize("name", SERVERS)
def test_cameras_that_get_http_wrong_lose_no_picture(name):
    with serving(JPEGS, *SERVERS[name]) as url, open_source(url) as source:
        frames = [source.read() for _ in range(40)]
    assert source.mode.size_wh == (64, 48)
    assert source.mode.backend == "http"
    numbers = [read_mark(frame.data.tobytes())[0] for frame in frames]
    assert numbers == [(numbers[0] + i) % len(JPEGS) for i in range(40)]
    assert all(frame.data.tobytes() in JPEGS for frame in frames), "byte for byte"


def split(pieces: list[bytes]) -> list[bytes]:
    splitter = JpegSplitter()
    return [picture for piece in pieces for picture in splitter.feed(piece)]


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40), st.binary(max_size=40))
def test_it_does_not_matter_how_the_stream_is_cut(lengths, between):
    stream = b"".join(picture + between.replace(b"\xff", b"") for picture in JPEGS[:6])
    pieces, at = [], 0
    for length in lengths:
        pieces.append(stream[at : at + length])
        at += length
    assert split([*pieces, stream[at:]]) == JPEGS[:6]


def test_a_thumbnail_is_not_taken_for_the_picture():
    with_thumbnail = insert_segment(JPEGS[0], b"Exif\0\0" + JPEGS[1])
    assert split([b"--frame\r\n\r\n", with_thumbnail, b"\r\n", JPEGS[2]]) == [
        with_thumbnail,
        JPEGS[2],
    ]


@pytest.mark.parametrize("kept", [10, 300, -40])
def test_a_picture_that_is_cut_off_costs_itself_only(kept):
    assert split([JPEGS[0], JPEGS[1][:kept], b"\r\n--frame\r\n\r\n", JPEGS[2]]) == [
        JPEGS[0],
        JPEGS[2],
    ]


@given(st.binary(max_size=3000))
def test_no_stream_breaks_it(data):
    split([data, b"\xff\xd8\xff" + data, b"\xff\xd9"])


def test_pictures_of_another_size_are_an_error():
    other = [*JPEGS[:45], *(jpeg(i, (32, 24)) for i in range(45))]
    with (
        serving(other, *SERVERS["right"]) as url,
        open_source(url) as source,
        pytest.raises(CameraError, match="32x24 in its mode of 64x48"),
    ):
        for _ in range(90):
            source.read()


def test_closing_ends_a_read_of_a_silent_camera_at_once():
    silent = threading.Event()

    def part(picture: bytes) -> bytes:
        return b"" if silent.is_set() else picture

    with serving(JPEGS, MIXED, part) as url, open_source(url) as source:
        silent.set()
        reader = threading.Thread(target=lambda: [None for _ in iter(source.read, None)])
        reader.start()
        source.close()
        reader.join(3)  # five seconds of silence are an error
        assert not reader.is_alive()


Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def answering():
    """A web server of one's own: path and authorization in, an answer out."""
    running = []

    def start(answer: Callable[[str, str], Answer]) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answer(self.path, self.headers.get("Authorization", ""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.append((server, thread))
        return f"127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


STREAM = (200, {"Content-Type": "multipart/x-mixed-replace;boundary=x"}, b"".join(JPEGS))


def opened(url: str) -> str:
    """What opening says: a stream that ends at once is as good as one that goes on."""
    with pytest.raises(CameraError) as caught:
        open_source(url)
    return str(caught.value)


def test_a_password_is_given_when_it_is_asked_for(answering):
    asked = []

    def answer(path: str, authorization: str) -> Answer:
        asked.append(authorization)
        good = "Basic " + base64.b64encode(b"me:pa ss").decode()
        return (
            STREAM if authorization == good else (401, {"WWW-Authenticate": "Basic realm=c"}, b"")
        )

    assert "ended its stream" in opened(f"http://me:pa%20ss@{answering(answer)}/video")
    assert asked[0] == "", "never before it is asked for"


def test_digest_passwords_too(answering):
    def answer(path: str, authorization: str) -> Answer:
        if authorization.startswith("Digest ") and 'username="me"' in authorization:
            assert f'uri="{path}"' in authorization
            return STREAM
        challenge = 'Digest realm="cam", nonce="abc", qop="auth", algorithm=MD5'
        return 401, {"WWW-Authenticate": challenge}, b""

    assert "ended its stream" in opened(f"http://me:secret@{answering(answer)}/video?a=1")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, {"WWW-Authenticate": "Basic realm=c"}, b""), "put user and password"),
        ((404, {}, b""), "404"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "web page"),
        ((200, {"Content-Type": "image/jpeg"}, JPEGS[0]), "one picture, not a stream"),
        ((302, {"Location": "http://10.9.8.7/x"}, b""), "sends us on to 10.9.8.7"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "sends us on"),
        ((302, {"Location": "/again"}, b""), "never end"),
    ],
)
def test_what_is_no_stream_is_said_in_one_line(answering, answer, words):
    said = opened(f"http://{answering(lambda *_: answer)}/video")
    assert words in said
    assert "\n" not in said


def test_a_redirect_within_the_host_is_followed(answering):
    def answer(path: str, _: str) -> Answer:
        return STREAM if path == "/real" else (302, {"Location": "/real"}, b"")

    assert "ended its stream" in opened(f"http://{answering(answer)}/video")


@pytest.mark.parametrize("url", ["http://me:secret@[::1/x", "http://me:secret@host:port/x"])
def test_a_password_in_what_is_no_address_is_not_shown(url):
    with pytest.raises(UsageError) as caught:
        open_source(url)
    assert "secret" not in str(caught.value)


def test_after_a_stop_no_picture_is_taken_for_new_that_the_network_held_back():
    """The program stands still for two seconds (Ctrl-Z, a closed lid); the camera goes on."""
    command = [sys.executable, "-m", "tests.support.http_camera", "--size", "160x120"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        camera = NetworkCamera(f"http://127.0.0.1:{server.stdout.readline().strip()}/")
        ages_s = []
        for wait_s in (0, 0, 2, *[0] * 20):
            threading.Event().wait(wait_s)  # the stop is what is tested
            frame = camera.read()
            _, taken_ns = read_mark(frame.data.tobytes())
            ages_s.append((frame.t_ns - taken_ns) / 1e9)
        camera.close()
        server.kill()
    assert max(ages_s) < 0.5


def held_back(pictures: int, steady: int, gap: int) -> type[http.server.BaseHTTPRequestHandler]:
    """A server that stamps pictures every 20 ms, and whose network stands still once, for `gap`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=b")
            self.end_headers()
            begun = time.monotonic()
            for i in range(pictures):
                sent_at = i if not steady <= i < steady + gap else steady + gap
                time.sleep(max(0, begun + 0.02 * sent_at - time.monotonic()))
                picture = jpeg(i)
                stamp = f"X-Timestamp: {1_700_000_000 + 0.02 * i:.6f}\r\n"
                head = f"--b\r\nContent-Length: {len(picture)}\r\n{stamp}\r\n"
                self.wfile.write(head.encode() + picture + b"\r\n")

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def test_a_burst_over_wifi_is_where_its_pictures_say():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), held_back(260, 100, 75))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with NetworkCamera(f"http://127.0.0.1:{server.server_address[1]}/") as camera:
            frames = [camera.read() for _ in range(170)]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    numbers = [read_mark(frame.data.tobytes())[0] for frame in frames]
    assert np.diff(numbers).tolist() == [1] * (len(numbers) - 1), "none is thrown away"
    settled = [frame.t_ns for frame in frames if read_mark(frame.data.tobytes())[0] > 60]
    assert np.diff(settled) == pytest.approx(20_000_000, abs=4_000_000)


def parts_of(kind: str, picture: bytes) -> bytes:
    return b"--frame\r\nContent-Type: %s\r\n\r\n%s\r\n" % (kind.encode(), picture)


PNG = cv2.imencode(".png", np.zeros((48, 64, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("head", "part", "words"),
    [
        (MIXED, parts_of("image/png", PNG), "sends image/png"),
        (MIXED, parts_of("image/jpeg", JPEGS[0][:-200]), "cut off"),
        (MIXED, b"\n", "no whole picture"),
        (MIXED[:40], b"a", "does not answer"),
        (b"", b"", "does not answer"),
    ],
    ids=["PNG", "cut off", "dripping", "dripping head", "silent"],
)
def test_a_stream_without_a_whole_picture_is_answered_in_time(head, part, words):
    """However long it goes on, and however slowly."""
    with serving([b""], head, lambda _: part) as url:
        before = time.monotonic()
        with pytest.raises(CameraError) as caught:
            open_jpegs(url, 1.0, 0.9)
        assert time.monotonic() - before < 5
    assert words in f"{caught.value.message}", caught.value.message


def test_a_camera_whose_first_pictures_are_smaller_has_the_size_of_the_rest():
    begun = [jpeg(i, (32, 24)) for i in range(3)] + [jpeg(i) for i in range(3, 90)]
    with serving(begun, *SERVERS["right"]) as url, open_source(url) as source:
        frames = [source.read() for _ in range(20)]
    assert source.mode.size_wh == (64, 48)
    assert {frame.size_wh for frame in frames} == {(64, 48)}
