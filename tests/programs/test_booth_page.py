"""The photo booth in a real Chromium: a guest's whole visit, and what a guest cannot do."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
import zipfile
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from PIL import Image

from livecam.photos.check import check
from livecam.photos.pairs import find_halves
from tests.programs.test_players import CHROMIUM, needs_chromium, needs_node
from tests.support.program import started
from tests.support.waiting import until

pytest.importorskip("uvicorn")
HERE = Path(__file__).parent
DEMO = ["--camera", "demo", "--size", "640x360", "--fps", "15", "--before", "0.5", "--after", "0.5"]


@pytest.fixture
def booth(tmp_path, own_trash):
    """A booth that guests can reach, its address, and where it puts photos and prints."""
    printed = tmp_path / "printed"
    printed.mkdir()
    with started(
        "booth", *DEMO, "--no-open", "--host", "127.0.0.1", "--print", f"cp {{strip}} {printed}",
        cwd=tmp_path, stdin=subprocess.PIPE,
    ) as livecam:  # fmt: skip
        for line in livecam.stdout:
            if (found := re.search(r"http://\S+", line)) is not None:
                break
        yield livecam, found[0], tmp_path
        livecam.send_signal(signal.SIGINT)
        livecam.communicate(timeout=30)


class Visitor:
    """A browser without a screen: keeps cookies, and opens addresses."""

    def __init__(self, address: str) -> None:
        self.root = address.split("?")[0]
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(jar)
        self.page = self._opener.open(address, timeout=20).read().decode()

    def get(self, path: str) -> bytes:
        return self._opener.open(self.root + path, timeout=60).read()

    def state(self) -> dict:
        return json.loads(self.get("state"))

    def status(self, path: str, **headers: str) -> int:
        """The answer to a change."""
        request = urllib.request.Request(self.root + path, b"", headers, method="POST")
        try:
            return self._opener.open(request, timeout=20).status
        except urllib.error.HTTPError as err:
            return err.code


def wait_for(visitor: Visitor, is_there) -> dict:
    def look() -> dict | None:
        state = visitor.state()
        return state if is_there(state) else None

    return until(look, "the booth's state")


@needs_node
@needs_chromium
def test_a_guests_whole_visit(booth):
    _, address, folder = booth
    command = ["node", str(HERE / "booth.mjs"), address, str(CHROMIUM)]
    if pictures := os.environ.get("LIVECAM_PICTURES"):
        command.append(pictures)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert found["axe"] == []
    assert found["live"] == found["photo"] == 640
    assert found["label"] == "Foto machen", "in the guest's language"
    assert found["played"]
    assert found["boomerang"]
    assert found["back"]
    assert "best of" in found["reason"], "printing said nothing else"
    assert found["photos"] == 1, "the one that was not liked is in the trash"
    strips = until(lambda: list((folder / "printed").iterdir()), "a print")
    with Image.open(strips[0]) as strip:
        assert strip.height > strip.width


def test_a_line_on_standard_input_is_a_photo_that_its_guests_take_home_and_no_more(booth):
    """GPIO and the like press through standard input; the photo's own address opens it alone."""
    livecam, address, folder = booth
    owner = Visitor(address)
    wait_for(owner, lambda state: state["is_armed"])
    livecam.stdin.write("\n")
    livecam.stdin.flush()
    (photo,) = wait_for(owner, lambda state: state["photos"])["photos"]
    code = owner.get(f"photos/{photo['id']}/code.svg")
    assert b"<svg" in code
    guest = Visitor(guests_address(owner, photo["id"]))
    (saved,) = (folder / "recordings").glob("*.JPG")
    assert guest.get("photo/photo") == saved.read_bytes() == guest.get("download/photo")
    with zipfile.ZipFile(io.BytesIO(guest.get("download/live-photo"))) as pair:
        pair.extractall(folder / "phone")
    (halves,) = find_halves([folder / "phone"])
    assert check(halves).defects == (), "a true Live Photo"
    for target, begins in (("motion-photo", b"\xff\xd8"), ("gif", b"GIF"), ("bounce", b"PK")):
        assert guest.get(f"download/{target}").startswith(begins)
    # And that is all a guest can do.
    for path in ("state", "live", "press", "photos/1/photo", "api/moments"):
        with pytest.raises(urllib.error.HTTPError):
            guest.get(path)
    for path in ("press", "photos/1/again", "automatic/1"):
        assert guest.status(path) == 403
        assert owner.status(path) == 403, "nor can another page in the same browser"
    token = re.search(r'livecam-token" content="([^"]+)"', owner.page)[1]
    origin = "/".join(address.split("/")[:3])
    headers = {"x-livecam-token": token, "Origin": origin}
    assert owner.status(f"photos/{photo['id']}/again", **headers) == 200
    assert list((folder / "recordings").glob("*.JPG")) == []
    with pytest.raises(urllib.error.HTTPError):
        guest.get("photo/photo")


def guests_address(owner: Visitor, number: int) -> str:
    """What the code says: read from the run itself, as a phone's camera is not at hand."""
    cv2 = pytest.importorskip("cv2")
    np = pytest.importorskip("numpy")
    svg = owner.get(f"photos/{number}/code.svg").decode()
    size = int(re.search(r'width="(\d+)"', svg)[1])
    side = int(size / 6)
    image = np.full((side, side), 255, np.uint8)
    x = y = 0.0
    for command, a, b in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", svg.split("d=")[-1]):
        if command == "M":
            x, y = float(a), float(b)
        elif command == "m":
            x, y = x + float(a), y + float(b)
        else:
            image[int(y), int(x) : int(x + float(a))] = 0
            x += float(a)
    # OpenCV misses one code in a few hundred at any one size; a phone looks more than once too.
    for times in (8, 5, 11):
        seen = cv2.resize(image, None, fx=times, fy=times, interpolation=cv2.INTER_NEAREST)
        if text := cv2.QRCodeDetectorAruco().detectAndDecode(seen)[0]:
            return text
    pytest.fail("the code cannot be read")


@pytest.mark.parametrize("args", [["--format", "heic"], ["--codec", "hevc"], ["--host", "0.0.0.0"]])
def test_what_a_booth_cannot_do_is_one_line(tmp_path, args):
    with started("booth", *DEMO, "--no-open", *args, cwd=tmp_path) as livecam:
        _, errors = livecam.communicate(timeout=60)
    assert livecam.returncode in (1, 2)
    assert len([line for line in errors.splitlines() if line.startswith("livecam:")]) == 1
