"""Where the system gives less than livecam needs: one line, never silence or a crash."""

from __future__ import annotations

import pytest

from tests.support.program import SMALL_DEMO, run

resource = pytest.importorskip("resource")


def limited(megabytes: int):
    def limit() -> None:
        size = megabytes * 1_000_000
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    return limit


@pytest.mark.parametrize("megabytes", [700, 150])
@pytest.mark.parametrize(
    "args",
    [
        [*SMALL_DEMO, "--shots", "1", "--plain"],
        ["pick", "clip.mp4"],
        ["review", "clip.mp4"],
        ["recover"],
        ["doctor"],
        ["export", "--to", "gif", "clip.mp4", "--out", "made"],
        ["check", "clip.mp4"],
    ],
    ids=lambda args: args[0],
)
def test_too_little_address_space_is_one_line_with_what_to_do(tmp_path, args, megabytes):
    (tmp_path / "clip.mp4").write_bytes(b"")
    (tmp_path / "recordings").mkdir()
    done = run(*args, cwd=tmp_path, preexec_fn=limited(megabytes))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"limited to {megabytes} MB" in line
    assert "ulimit -v" in line
    assert list((tmp_path / "recordings").iterdir()) == []
