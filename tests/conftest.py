"""Fixtures that every test shares."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import guest

os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as livecam has it: see livecam.cli
# livecam is run as users run it: what is printed to nobody must not fail at the very end either.
os.environ.pop("PYTHONUNBUFFERED", None)
# Nor is each program that a test starts to compile livecam anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parents[1]
# What tests start is this checkout, wherever they start it, not the livecam that is installed.
os.environ["PYTHONPATH"] = str(ROOT)

SAMPLES = Path(os.environ.get("LIVECAM_SAMPLES", Path(__file__).parents[2] / "shared" / "samples"))
QUICK = frozenset(
    """
    capture/test_address capture/test_arena capture/test_authorization capture/test_devices
    capture/test_modes capture/test_packet_decoder capture/test_ring capture/test_sound_ring
    capture/test_source_clock capture/test_v4l2 capture/test_warmup cli/test_hook cli/test_options
    cli/test_self_timer demo/test_script disk/test_own disk/test_trash faces/test_model
    formats/test_boxes formats/test_exif_edit formats/test_files formats/test_jpeg
    formats/test_live_photo formats/test_motion_photo formats/test_motion_photo_new
    formats/test_still_edit formats/test_structure library/test_batch live/test_encoders
    live/test_feed live/test_losses live/test_shots live/test_spool media/test_movie
    media/test_photo photos/test_bursts photos/test_frames photos/test_inputs quality/test_choice
    quality/test_measures quality/test_parts quality/test_score test_contract test_frame
    test_layers test_moment test_paths ui/test_graphics ui/test_half_blocks ui/test_keys
    ui/test_screen
    """.split()  # noqa: SIM905 - a list of so many words reads better
)
"""Files whose tests need no camera, no network model and no program, and wait for nothing."""
FIRST = (
    "cameras/test_faults", "cameras/test_modes", "library", "capture", "system", "cli",
    "cameras/test_which", "faults", "page", "ui", "edit",
)  # fmt: skip
"""What takes longest: begun first, and quick files last, so that at the end no worker is left alone
with a long one. Each guest kernel keeps a processor busy: never more than two side by side."""
PROGRAMS = ("ffmpeg", "ffprobe", "exiftool", "tmux")


def pytest_xdist_auto_num_workers() -> int:
    """Twice the cores: most tests wait for real seconds to pass."""
    return 2 * (os.cpu_count() or 1)


def name_of(item: pytest.Item) -> str:
    """A test's file as QUICK names it."""
    return item.path.relative_to(ROOT / "tests").with_suffix("").as_posix()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    quick = {item: name_of(item) in QUICK for item in items}

    def place(item: pytest.Item) -> int:
        name = name_of(item)
        return next((at for at, part in enumerate(FIRST) if name.startswith(part)), len(FIRST))

    items.sort(key=lambda item: (quick[item], place(item)))
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    for item in items:
        if quick[item]:
            item.add_marker(pytest.mark.quick)
        if "samples" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.samples)  # who asks for the folder needs it
        if item.get_closest_marker("samples") and not SAMPLES.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"no samples at {SAMPLES}"))
        if item.get_closest_marker("cameras") and (problem := guest.problem()):
            item.add_marker(pytest.mark.skip(reason=problem))
        if item.get_closest_marker("programs") and missing:
            item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(missing)}"))


@pytest.fixture
def samples() -> Path:
    """The folder of real files beside the checkout."""
    return SAMPLES


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Whatever a test starts must have ended with it."""
    before = set(threading.enumerate())
    yield
    # Daemons (a read from a pipe, say) end with the program by design.
    left = [t for t in threading.enumerate() if t not in before and not t.daemon and t.is_alive()]
    assert not left, f"threads left running: {left}"


@pytest.fixture
def own_trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trash of the test's own, here and in what it starts: nobody finds test files in theirs."""
    data = tmp_path / "own-data"
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    return data


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder to save into."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder
