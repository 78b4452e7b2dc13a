"""Files held against programs that livecam does not install: Apple's LivePhotosKit in Chromium,
mp4box.js, exiftool 13, ffmpeg.

The JavaScript ones are looked for in the folder that LIVECAM_NODE names (`npm install` there with
the `package.json` beside this file).
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from livecam.formats.motion_photo import find_motion_movie
from livecam.formats.movie_facts import read_movie
from livecam.media.save_options import SaveOptions
from tests.support.files import saved
from tests.support.program import events, run

HERE = Path(__file__).parent
NODE_FOLDER = Path(os.environ.get("LIVECAM_NODE", "no-such-folder"))
MODULES = NODE_FOLDER / "node_modules"
CHROMIUM = shutil.which("chromium")

needs_node = pytest.mark.skipif(
    not MODULES.is_dir() or shutil.which("node") is None,
    reason="LIVECAM_NODE names no folder with the programs of tests/programs/package.json",
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="not installed: chromium")

PAGE = """<!doctype html><div id="p" style="width:640px;height:480px"></div>
<script src="/livephotoskit.js"></script><script>
const asked = new URLSearchParams(location.search);
const player = LivePhotosKit.Player(document.getElementById("p"));
player.addEventListener("error", (e) => { window.result = { error: String(e.detail.error) }; });
player.proactivelyLoadsVideo = true;  // or else it waits for a mouse
const wait = setInterval(() => {
  if (!player.canPlay) return;
  if (!player.isPlaying) player.play();
  if (!(player.currentTime > 0.2)) return;
  clearInterval(wait);
  window.result = { photoTime: player.photoTime, effect: player.effectType,
    size: [player.videoWidth, player.videoHeight] };
}, 50);
player.photoSrc = asked.get("photo");
player.videoSrc = asked.get("video");
</script>"""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder over HTTP on this machine."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def played(photo: Path, movie: Path, folder: Path) -> dict:
    """What LivePhotosKit makes of a pair."""
    shutil.copy(MODULES / "livephotoskit" / "livephotoskit.js", folder)
    (folder / "page.html").write_text(PAGE)
    for path in (photo, movie):
        if path.parent != folder:
            shutil.copy(path, folder)
    with served(folder) as address:
        url = f"{address}/page.html?{urlencode({'photo': photo.name, 'video': movie.name})}"
        command = ["node", str(HERE / "play.mjs"), url, str(CHROMIUM)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


FEW = ("--frames", "3")
"""Where the frame is named, the score of the others does not matter."""


def made(*args: str, cwd: Path) -> list[Path]:
    """The files that a command wrote."""
    done = run(*args, "--out", "made", "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    (event,) = events(done.stdout)
    return [Path(path) for path in event["outputs"]]


@needs_node
@needs_chromium
def test_livephotoskit_plays_a_moment_with_the_photo_at_its_time(out):
    files = saved(out)
    result = played(files.photo, files.movie, out)
    still_s = read_movie(files.movie.read_bytes()).still.time_s
    assert result["photoTime"] == pytest.approx(still_s, abs=1 / 600)
    assert (result["size"], result["effect"]) == ([320, 240], "live")


@needs_node
@needs_chromium
@pytest.mark.samples
@pytest.mark.parametrize("name", ["51F2BEF7.jpeg", "IMG_7943.HEIC"])
def test_livephotoskit_plays_an_iphones_pair_that_was_rekeyed(samples, tmp_path, name):
    paths = made(
        "pick", str(samples / "livephotos" / name), "--rekey", "--at", "0.6", *FEW, cwd=tmp_path
    )
    movie, photo = paths
    if photo.suffix == ".HEIC":  # which Chromium cannot show; the movie is what counts
        still = tmp_path / "still.jpg"
        from livecam.formats.heic import decode

        decode(photo.read_bytes(), 50_000_000).save(still)
        photo = still
    result = played(photo, movie, tmp_path)
    still_s = read_movie(movie.read_bytes()).still.time_s
    assert result["photoTime"] == pytest.approx(still_s, abs=1 / 600)
    assert still_s == pytest.approx(0.6, abs=0.05)


@needs_node
@needs_chromium
@pytest.mark.parametrize(
    ("target", "effect"), [("loop", "loop"), ("bounce", "bounce"), ("long-exposure", "exposure")]
)
def test_livephotoskit_knows_the_effects(out, tmp_path, target, effect):
    movie, photo = made("export", str(saved(out).movie), "--to", target, cwd=tmp_path)
    result = played(photo, movie, tmp_path)
    assert result["effect"] == effect
    still_s = read_movie(movie.read_bytes()).still.time_s
    assert result["photoTime"] == pytest.approx(still_s, abs=1 / 600)


def boxes(movie: Path) -> dict:
    """What mp4box.js reads."""
    command = ["node", str(HERE / "boxes.mjs"), str(movie)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@needs_node
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_mp4box_reads_the_still_track_of_a_moment(out, codec):
    files = saved(out, SaveOptions(codec=codec))
    found = boxes(files.movie)
    assert (found["timescale"], found["errors"]) == (600, [])
    (still,) = [track for track in found["tracks"] if track["codec"] == "mebx"]
    empty, shown = still["edits"]
    ticks = round(read_movie(files.movie.read_bytes()).still.time_s * 600)
    assert (empty["media_time"], empty["segment_duration"]) == (-1, ticks)
    assert (shown["media_time"], shown["segment_duration"]) == (0, 1)


@needs_node
@pytest.mark.samples
@pytest.mark.parametrize("name", ["51F2BEF7.jpeg", "IMG_4394.HEIC", "IMG_7943.HEIC"])
def test_mp4box_reads_every_track_of_an_iphones_rekeyed_movie(samples, tmp_path, name):
    source = samples / "livephotos" / name
    movie, _ = made("pick", str(source), "--rekey", "--at", "0.6", *FEW, cwd=tmp_path)
    original = next(source.parent.glob(f"{source.stem}.[mM]*"))
    before, after = boxes(original), boxes(movie)
    kinds = [(t["codec"], t["samples"], t["references"]) for t in before["tracks"]]
    assert sorted(map(str, kinds)) == sorted(
        str((t["codec"], t["samples"], t["references"])) for t in after["tracks"]
    )
    assert after["errors"] == before["errors"]


def exiftool(*args: str) -> subprocess.CompletedProcess[bytes]:
    """exiftool 13, which knows Motion Photos' movies."""
    program = MODULES / "exiftool-vendored.pl" / "bin" / "exiftool"
    return subprocess.run(["perl", str(program), *args], capture_output=True, check=False)


@needs_node
def test_exiftool_13_finds_the_movie_of_a_motion_photo_byte_for_byte(out, tmp_path):
    photo = saved(out, SaveOptions(motion="only")).photo
    (rekeyed,) = made("pick", str(photo), "--rekey", "--at", "0.3", *FEW, cwd=tmp_path)
    for path in (photo, rekeyed):
        data = path.read_bytes()
        movie = find_motion_movie(data)
        assert exiftool("-b", "-MotionPhotoVideo", str(path)).stdout == data[movie.start :]
        listed = json.loads(exiftool("-j", "-struct", str(path)).stdout)[0]
        assert listed["MotionPhotoPresentationTimestampUs"] == round(movie.still_s * 1e6)


@needs_node
@pytest.mark.samples
def test_exiftool_13_finds_the_movie_of_a_pixels_rekeyed_motion_photo(samples, tmp_path):
    source = samples / "motionphotos" / "PXL_20200710_061629144.MP.jpg"
    (path,) = made("pick", str(source), "--rekey", "--at", "0.3", *FEW, cwd=tmp_path)
    assert exiftool("-b", "-MotionPhotoVideo", str(path)).stdout == source.read_bytes()[-1_317_283:]


@needs_node
@pytest.mark.parametrize(
    "form", [SaveOptions(), SaveOptions(still="heic", codec="hevc")], ids=["jpeg", "heic"]
)
def test_exiftool_13_finds_nothing_wrong_with_a_pair(out, form):
    if form.still == "heic":
        pytest.importorskip("pillow_heif")
    files = saved(out, form)
    for path in (files.photo, files.movie):
        done = exiftool("-validate", "-warning", "-error", "-s3", str(path))
        assert done.stdout.split() == [b"OK"], done.stdout


@pytest.mark.programs
@pytest.mark.samples
@pytest.mark.parametrize("name", ["51F2BEF7", "IMG_4394_edited", "IMG_7943"])
def test_ffmpeg_decodes_every_frame_of_a_rekeyed_movie(samples, tmp_path, name):
    source = next((samples / "livephotos").glob(f"{name}.[jhJH]*"))
    original = next(source.parent.glob(f"{name}.[mM]*"))
    movie, _ = made("pick", str(source), "--rekey", "--at", "0.6", *FEW, cwd=tmp_path)

    def pictures(path: Path) -> str:
        command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-map", "0:v", "-map",
                   "0:a", "-f", "md5", "-"]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert pictures(movie) == pictures(original)
