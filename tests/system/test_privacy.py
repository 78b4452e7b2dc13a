"""No socket but those of a network camera that the user named."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.support.program import LIVECAM, SMALL_DEMO

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def test_a_run_opens_no_network_connection(tmp_path):
    trace = tmp_path / "trace.txt"
    command = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(trace)]
    subprocess.run(
        [*command, *LIVECAM, *SMALL_DEMO, "--shots", "2", "--json"],
        cwd=tmp_path, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    assert re.findall(r"AF_INET6?", trace.read_text()) == []
