"""What the cameras send, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import guest


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.conftest import SAMPLES

    folder = tmp_path_factory.mktemp("frames")
    for size_wh in ((1280, 720), (640, 480), (1920, 1080)):
        guest.make_frames(folder, SAMPLES / "faces" / "d9.mp4", size_wh)
    return folder
