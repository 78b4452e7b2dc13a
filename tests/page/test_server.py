"""The page's server: who may ask, and what for."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np
import pytest

from livecam.errors import InputError
from livecam.media.save_options import SaveOptions
from livecam.page.cache import Cache
from livecam.page.index import Index
from livecam.page.serving import _names
from livecam.page.views import Views
from tests.support.files import FRAMES, numbered_movie, saved
from tests.support.program import run, started
from tests.support.sync import offsets_s
from tests.support.waiting import until

pytest.importorskip("uvicorn")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")


ADDRESS = re.compile(r"http://([\d.]+):(\d+)/([\w-]+)/\?token=(\S+)")


class Served:
    """A server, and how to ask it."""

    def __init__(self, line: str, folder) -> None:
        """`line` is what it printed."""
        self.host, port, self.path, self.token = ADDRESS.search(line).groups()
        self.port, self.folder = int(port), folder
        self.secret = ""
        page = self.ask("/")[1].decode()
        self.secret = re.search(r'livecam-token" content="([^"]*)"', page)[1]

    def ask(self, path, method="GET", body=None, *, below=True, **headers):
        """The answer and its content; with all that the page itself sends, unless told otherwise.

        A header that is None is left out.
        """
        own = {
            "Host": f"{self.host}:{self.port}",
            "Cookie": f"livecam={self.token}",
            "Origin": f"http://{self.host}:{self.port}",
            "X-Livecam-Token": self.secret,
        }
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        connection.putrequest(method, f"/{self.path}{path}" if below else path, skip_host=True)
        data = None if body is None else json.dumps(body).encode()
        for name, value in own.items():
            if value is not None:
                connection.putheader(name, value)
        if data is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def moments(self):
        """The list, once it is whole."""

        def look() -> dict | None:
            listing = json.loads(self.ask("/api/moments")[1])
            return None if listing["is_looking"] else listing

        found = until(look, "the whole list")["moments"]
        return [{"id": m[0], "stamp": m[1], "kind": m[2], "name": m[3]} for m in found]


@contextlib.contextmanager
def page_of(tmp_path, **env):
    """Serve a folder with one moment, and everything else of the test's own: program and page."""
    folder = tmp_path / "photos"
    saved(folder, is_scored=True)
    own = {name: str(tmp_path / name) for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME")}
    env = {**os.environ, **own, **env}
    with started("review", str(folder), "--no-open", cwd=tmp_path, env=env) as livecam:
        yield livecam, Served(livecam.stdout.readline(), folder)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A server for a test that changes something."""
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    with page_of(tmp_path) as (_, server):
        yield server


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """One server for all tests that change nothing."""
    with page_of(tmp_path_factory.mktemp("looked-at")) as (_, server):
        yield server


def test_the_printed_address_leads_to_the_page_and_shows_no_token(looked_at):
    answer, _ = looked_at.ask(f"/?token={looked_at.token}", Cookie=None)
    assert answer.status == 303
    assert answer.headers["Location"] == f"/{looked_at.path}/"
    cookie = answer.headers["Set-Cookie"]
    assert f"Path=/{looked_at.path}/" in cookie, "no other server of this machine is sent it"
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    answer, page = looked_at.ask("/")
    assert answer.status == 200
    assert b"<title>livecam</title>" in page
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/", "/app.js", "/api/moments", "/files/x/0"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": None},
        {"Cookie": "livecam=guessed"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Host": "evil.example:{port}"},
    ],
)
def test_who_has_no_token_or_another_name_for_us_gets_nothing(looked_at, path, headers):
    headers = {k: v and v.format(port=looked_at.port) for k, v in headers.items()}
    answer, content = looked_at.ask(path, **headers)
    assert answer.status == 403
    assert len(content) < 100


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"X_Livecam_Token": None},
        {"X_Livecam_Token": "guessed"},
        {"X_Livecam_Token": "{token}"},
    ],
)
def test_nothing_is_changed_for_another_page(looked_at, headers):
    headers = {k: v and v.format(token=looked_at.token) for k, v in headers.items()}
    (moment,) = looked_at.moments()
    before = sorted(looked_at.folder.iterdir())
    for path in ("trash", "key"):
        answer, _ = looked_at.ask(
            f"/api/moments/{moment['id']}/{path}", "POST", {"frame": 1}, **headers
        )
        assert answer.status == 403
    assert sorted(looked_at.folder.iterdir()) == before


def test_nothing_is_answered_elsewhere_than_under_the_path(looked_at):
    for path in ("/", "/api/moments", "/app.js", f"/x{looked_at.path}/", f"//{looked_at.path}/"):
        assert looked_at.ask(path, below=False)[0].status == 403, path


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_do_nothing(looked_at, method):
    assert looked_at.ask("/api/moments", method)[0].status == 405


def test_nothing_outside_the_folder_is_served(looked_at):
    (looked_at.folder.parent / "secret.txt").write_text("secret")
    (moment,) = looked_at.moments()
    name = moment["id"]
    for path in (
        "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/etc/passwd", "//etc/passwd",
        f"/media/{name}/x/..%2f..%2fsecret.txt", f"/files/{name}/-1", f"/files/{name}/2",
        f"/files/{name}/..%2f0", "/files/../0", f"/media/{name}/x/frame-99999999.jpg",
        f"/media/{name}/x/frame--1.jpg", f"/media/{name}/x/frame-0.png",
        f"/media/{name}/x/face-99.jpg",
        f"/export/{name}/everything", "/page/index.html", "/index.html", "/server.py",
    ):  # fmt: skip
        answer, content = looked_at.ask(path)
        assert answer.status in (404, 405), path
        assert b"secret" not in content
        assert b"Traceback" not in content


@posix
def test_a_file_that_was_put_in_a_moments_place_is_not_followed_outside(served, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (moment,) = served.moments()
    photo = next(served.folder.glob("*.JPG"))
    photo.unlink()
    photo.symlink_to(tmp_path / "secret.txt")
    answer, content = served.ask(f"/files/{moment['id']}/0")
    assert answer.status == 404
    assert b"secret" not in content


def test_a_moment_is_told_whole(looked_at):
    (moment,) = looked_at.moments()
    facts = json.loads(looked_at.ask(f"/api/moments/{moment['id']}")[1])
    assert len(facts["frames"]) == FRAMES
    assert facts["cells"] == list(range(FRAMES))
    assert facts["size_wh"] == facts["photo_wh"] == [320, 240]
    assert all(frame["why"] for frame in facts["frames"])
    for name in ("thumb.jpg", "photo.jpg", "strip.jpg", "frame-3.jpg"):
        answer, content = looked_at.ask(f"/media/{moment['id']}/{moment['stamp']}/{name}")
        assert answer.status == 200, name
        assert content.startswith(b"\xff\xd8")
        assert "immutable" in answer.headers["Cache-Control"]


def test_a_movie_is_served_in_parts(looked_at):
    (moment,) = looked_at.moments()
    path = f"/media/{moment['id']}/{moment['stamp']}/movie"
    whole = next(looked_at.folder.glob("*.MOV")).read_bytes()
    answer, content = looked_at.ask(path, Range="bytes=10-19")
    assert answer.status == 206
    assert content == whole[10:20]
    assert answer.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"


def test_a_key_photo_is_made_removed_and_brought_back(served):
    def content():
        return {p.name: p.read_bytes() for p in served.folder.glob("[!.]*")}

    before = content()
    (moment,) = served.moments()
    answer, _ = served.ask(f"/api/moments/{moment['id']}/key", "POST", {"frame": 3})
    assert answer.status == 200
    after = content()
    assert after.keys() == before.keys()
    assert after != before
    record = json.loads(next(served.folder.glob("*.json")).read_text())
    assert record["key"]["index"] == 3
    (moment,) = served.moments()
    assert served.ask(f"/api/moments/{moment['id']}/trash", "POST", {})[0].status == 200
    assert content() == {}
    assert served.moments() == []
    assert can_undo(served), "after a reload, too"
    assert served.ask("/api/undo", "POST", {})[0].status == 200
    assert content() == after
    assert served.ask("/api/undo", "POST", {})[0].status == 200
    assert content() == before
    assert not can_undo(served)
    answer, told = served.ask("/api/undo", "POST", {})
    assert answer.status == 404
    assert json.loads(told)["message"] == "there is nothing to undo"


def can_undo(served: Served) -> bool:
    return json.loads(served.ask("/api/moments")[1])["can_undo"]


def test_the_files_themselves_are_downloaded(looked_at):
    (moment,) = looked_at.moments()
    for number, suffix in enumerate((".JPG", ".MOV")):
        answer, content = looked_at.ask(f"/files/{moment['id']}/{number}")
        assert content == next(looked_at.folder.glob(f"*{suffix}")).read_bytes()
        assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "asked", [{}, {"frame": "3"}, {"frame": -1}, {"frame": 10**9}, [1], "x" * 20_000]
)
def test_what_makes_no_sense_changes_nothing(looked_at, asked):
    (moment,) = looked_at.moments()
    before = sorted(p.stat().st_mtime_ns for p in looked_at.folder.iterdir())
    answer, _ = looked_at.ask(f"/api/moments/{moment['id']}/key", "POST", asked)
    assert answer.status == 404
    assert sorted(p.stat().st_mtime_ns for p in looked_at.folder.iterdir()) == before


def test_exports_are_downloaded_and_leave_nothing(looked_at):
    (moment,) = looked_at.moments()
    before = sorted(looked_at.folder.iterdir())
    answer, content = looked_at.ask(f"/export/{moment['id']}/gif")
    assert answer.status == 200
    assert content.startswith(b"GIF8")
    assert "attachment" in answer.headers["Content-Disposition"]
    answer, content = looked_at.ask(f"/export/{moment['id']}/loop")
    assert content.startswith(b"PK"), "two files come as one"
    assert sorted(looked_at.folder.iterdir()) == before


def test_what_no_browser_plays_comes_as_h264(tmp_path, monkeypatch, served):
    saved(served.folder / "hevc", SaveOptions(codec="hevc"))
    numbered_movie(served.folder / "small.avi", [i / 30 for i in range(20)])
    with started("review", str(served.folder), "--no-open", cwd=tmp_path) as livecam:
        other = Served(livecam.stdout.readline(), served.folder)
        found = other.moments()
        assert len(found) == 3
        for moment in found:
            _, content = other.ask(f"/media/{moment['id']}/{moment['stamp']}/movie")
            (tmp_path / "got.mp4").write_bytes(content)
            with av.open(str(tmp_path / "got.mp4")) as movie:
                assert movie.streams.video[0].codec_context.name == "h264"
                count = FRAMES if moment["kind"] == "live-photo" else 20
                assert sum(1 for _ in movie.decode(video=0)) == count
            if moment["name"].endswith(".JPG"):
                with av.open(str(tmp_path / "got.mp4")) as movie:
                    assert movie.streams.audio, "it is heard, too"


def test_where_there_is_no_trash_nothing_is_lost(served, tmp_path):
    (moment,) = served.moments()
    before = {path.name: path.read_bytes() for path in served.folder.iterdir()}
    (tmp_path / "XDG_DATA_HOME").write_text("no folder can be made here")
    answer, told = served.ask(f"/api/moments/{moment['id']}/trash", "POST", {})
    assert answer.status == 500
    assert "cannot be put into the trash" in json.loads(told)["message"]
    assert {path.name: path.read_bytes() for path in served.folder.iterdir()} == before


def test_sound_stays_with_its_picture_in_a_copy_for_browsers(tmp_path):
    done = run(
        "--camera", "demo:flash", "--size", "320x180", "--shots", "1", "--codec", "hevc", "--json",
        "--out", "made", cwd=tmp_path,
    )  # fmt: skip
    movie = Path(next(json.loads(line)["movie"] for line in done.stdout.splitlines()
                      if '"saved"' in line))  # fmt: skip
    views = Views(Cache(tmp_path / "cache"))
    library = Index(tmp_path / "made", tmp_path / "index")
    library.refresh()
    copy = views.movie(library.entries[0])
    views.close()
    assert copy != movie
    assert offsets_s(copy) == pytest.approx(offsets_s(movie), abs=0.002)


def test_sound_whose_times_are_not_in_order_is_heard(tmp_path):
    """MP3 in AVI, whose times FFmpeg only guesses."""
    path = tmp_path / "old.avi"
    with av.open(str(path), "w") as out:
        picture = out.add_stream("mpeg4", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("libmp3lame", rate=44_100)
        sound.layout = "stereo"
        for i in range(50):
            image = np.full((48, 64, 3), 20 + 4 * i, np.uint8)
            out.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        for i in range(77):
            tone = np.sin(np.arange(1152) + 1152 * i).astype(np.float32)
            block = av.AudioFrame.from_ndarray(np.stack([tone, tone]), "fltp", "stereo")
            block.sample_rate, block.pts = 44_100, 1152 * i
            out.mux(sound.encode(block))
        out.mux(picture.encode(None))
        out.mux(sound.encode(None))
    views = Views(Cache(tmp_path / "cache"))
    library = Index(tmp_path, tmp_path / "index")
    library.refresh()
    with av.open(str(views.movie(library.entries[0]))) as movie:
        heard = sum(block.samples for block in movie.decode(audio=0)) / 44_100
    views.close()
    assert heard == pytest.approx(2.0, abs=0.1)


def test_a_long_movie_is_looked_at_in_part_and_not_made_playable(tmp_path):
    numbered_movie(tmp_path / "long.avi", [float(i) for i in range(150)])
    views = Views(Cache(tmp_path / "cache"))
    library = Index(tmp_path, tmp_path / "index")
    library.refresh()
    (entry,) = library.entries
    try:
        assert len(views.facts(entry)["frames"]) == 48
        with pytest.raises(InputError, match="too long to be made playable"):
            views.movie(entry)
    finally:
        views.close()


@posix
def test_ctrl_c_ends_it_quietly(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    with started("review", "photos", "--no-open", cwd=tmp_path) as livecam:
        livecam.stdout.readline()
        livecam.send_signal(signal.SIGINT)
        assert livecam.wait(20) == 130
        assert livecam.stderr.read() == ""


@posix
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals_tidy_up_too(tmp_path, monkeypatch, name, code):
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    folder = tmp_path / "photos"
    saved(folder, is_scored=True)
    with started("review", str(folder), "--no-open", cwd=tmp_path) as livecam:
        server = Served(livecam.stdout.readline(), folder)
        (moment,) = server.moments()
        server.ask(f"/api/moments/{moment['id']}/trash", "POST", {})
        assert list(folder.glob(".livecam-undo-*"))
        livecam.send_signal(getattr(signal, name))
        assert livecam.wait(30) == code
    assert not list(folder.glob(".livecam-undo-*"))


def test_new_files_are_noticed_while_it_is_open(served):
    assert len(served.moments()) == 1
    saved(served.folder / "new")
    until(lambda: len(served.moments()) == 2, "the new moment")


def test_a_record_that_is_odd_breaks_nothing(served):
    path = next(served.folder.glob("*.json"))
    record = json.loads(path.read_text())
    path.write_text(
        json.dumps({**record, "camera": "x", "composed": 7, "duration_s": float("nan")})
    )
    (moment,) = served.moments()
    answer, _ = served.ask(f"/api/moments/{moment['id']}")
    assert answer.status == 200


def test_an_address_that_means_all_of_them_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    done = run("review", "photos", "--host", "0.0.0.0", cwd=tmp_path)
    assert done.returncode == 2
    assert "name one of your own" in done.stderr


@pytest.mark.parametrize(
    ("host", "port", "names"),
    [
        ("127.0.0.1", 8000, {"127.0.0.1:8000", "localhost:8000", "[::1]:8000"}),
        ("10.0.0.5", 80, {"10.0.0.5:80", "10.0.0.5"}),
        ("fd00::5", 8000, {"[fd00::5]:8000"}),
    ],
)
def test_what_a_browser_calls_it(host, port, names):
    assert _names(host, port) == names


@posix
def test_no_program_is_given_the_token(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    os.mkfifo(tmp_path / "asked")
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/asked\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s &")
    with started("review", "photos", cwd=tmp_path) as livecam:
        token = re.search(r"token=(\S+)", livecam.stdout.readline())[1]
        asked = (tmp_path / "asked").read_text().strip()  # waits for the browser to be started
        assert token not in asked
        door = Path(asked.removeprefix("file://"))
        assert door.stat().st_mode & 0o777 == 0o600
        assert token in door.read_text()
        livecam.send_signal(signal.SIGINT)
        livecam.wait(30)
    assert not door.exists()


def test_a_port_that_is_taken_is_said(served, tmp_path):
    done = run("review", ".", "--no-open", "--port", str(served.port), cwd=tmp_path)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{served.port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_guests_have_an_address_of_their_own_and_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    saved(folder, is_scored=True)
    with started("review", "photos", "--host", "127.0.0.2", cwd=tmp_path) as livecam:
        told = ""
        while "it is the owner's" not in told:
            line = livecam.stdout.readline()
            assert line
            told += line
        first, second = (match[0] for match in ADDRESS.finditer(told))
        owner, guest = Served(first, folder), Served(second, folder)
        assert "▀" in told or "█" in told
        assert guest.secret == ""
        assert (owner.path, owner.token) != (guest.path, guest.token)
        (moment,) = guest.moments()
        before = sorted(folder.iterdir())
        for path in (f"/api/moments/{moment['id']}/trash", "/api/undo"):
            for secret in ("", owner.secret):
                answer, _ = guest.ask(path, "POST", {}, X_Livecam_Token=secret)
                assert answer.status == 403
        assert sorted(folder.iterdir()) == before
        name = f"{moment['id']}/{moment['stamp']}"
        for path in (
            f"/media/{name}/movie",
            f"/files/{moment['id']}/0",
            f"/media/{name}/photo.jpg",
        ):
            assert guest.ask(path)[0].status == 200
        assert guest.ask("/", Cookie=f"livecam={owner.token}")[0].status == 403, "each its own"
        assert owner.ask(f"/api/moments/{moment['id']}/trash", "POST", {})[0].status == 200
        livecam.send_signal(signal.SIGINT)
        livecam.wait(30)


def test_an_export_leaves_nothing_behind_whatever_part_of_it_is_asked_for(tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with page_of(tmp_path, TMPDIR=str(temporary)) as (livecam, server):
        (moment,) = server.moments()
        path = f"/export/{moment['id']}/muted"
        for asked in ("bytes=999999999-", "bytes=zz", "furlongs=1-2", "bytes=0-10", "bytes=5-1"):
            answer, content = server.ask(path, Range=asked)
            assert answer.status == 200
            assert len(content) == int(answer.headers["Content-Length"])
        assert server.ask(path, "HEAD")[0].status == 200
        until(
            lambda: not any(list(made.iterdir()) for made in temporary.iterdir()),
            "the end of the copies of the photos",
        )
        livecam.send_signal(signal.SIGINT)
        livecam.wait(30)
    assert list(temporary.iterdir()) == []


def test_whoever_reads_nothing_keeps_nobody_else_waiting_and_nothing_behind(tmp_path):
    """Twenty ask for exports and read none of them; the page ends by a signal meanwhile."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with page_of(tmp_path, TMPDIR=str(temporary)) as (livecam, server):
        (moment,) = server.moments()
        path = f"/export/{moment['id']}/webp"
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: server.ask(path)[0].status, range(20)))
        assert set(answers) == {200, 503}
        assert server.ask(path)[0].status == 200
        livecam.send_signal(signal.SIGTERM)
        assert livecam.wait(30) == 143
    assert list(temporary.iterdir()) == []


HOSTILE = {
    "deep": '{"kind": "moment", "x": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "no number": '{"kind": "moment", "duration_s": NaN}',
    "infinite": '{"kind": "moment", "duration_s": 1e999}',
    "large": '{"kind": "moment", "x": [' + "{}," * 6_000_000 + "{}]}",
}


def test_hostile_records_cost_themselves_only(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    saved(folder, is_scored=True)
    for name, text in HOSTILE.items():
        saved(folder / name, frames=6, is_scored=True)
        next((folder / name).glob("*.json")).write_text(text)
    with started("review", str(folder), "--no-open", cwd=tmp_path) as livecam:
        server = Served(livecam.stdout.readline(), folder)
        moments = server.moments()
        assert len(moments) == 1 + len(HOSTILE)
        for moment in moments:
            assert server.ask(f"/api/moments/{moment['id']}")[0].status == 200
        peak = Path(f"/proc/{livecam.pid}/status")
        if peak.exists():
            assert int(re.search(r"VmHWM:\s+(\d+)", peak.read_text())[1]) < 600_000
        livecam.send_signal(signal.SIGINT)
        livecam.wait(30)
    done = run("review", str(folder), "--static", "page", cwd=tmp_path)
    assert f"page holds {1 + len(HOSTILE)} moments" in done.stdout, done.stderr


def test_the_page_is_written_as_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "photos"
    saved(folder, is_scored=True)
    shutil.copy(next(folder.glob("*.JPG")), folder / "broken.mov")
    done = run("review", "photos", "--static", "page", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "page holds 1 moment;" in done.stdout
    made = {
        path.relative_to(tmp_path / "page").parts[-1] for path in (tmp_path / "page").rglob("*")
    }
    assert {"index.html", "app.js", "data.js", "facts.js", "movie.mp4", "strip.jpg"} <= made
    (kept,) = (tmp_path / "page").rglob("files")
    originals = {path.name: path.read_bytes() for path in folder.glob("livecam-*.[JM]*")}
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == originals
    again = run("review", "photos", "--static", "page", cwd=tmp_path)
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_without_the_extra_it_says_what_to_install(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "uvicorn.py").write_text("raise ImportError('no', name='uvicorn')\n")
    code = (
        "import sys; sys.path.insert(0, '.'); from livecam.cli import main;"
        " sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "review", "photos"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "pip install 'segno" in done.stderr
