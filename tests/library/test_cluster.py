"""Picking on a cluster: a scheduler and two workers of their own, one of which is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from livecam.media.save_options import SaveOptions
from tests.support import cluster as support
from tests.support.files import numbered_movie, saved
from tests.support.program import events, run

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    files = saved(folder, SaveOptions(motion="beside"), frames=18)
    for i in range(2):
        for path in (files.photo, files.movie):
            (folder / f"IMG_{i}{path.suffix}").write_bytes(path.read_bytes())
        numbered_movie(folder / f"clip-{i}.mp4", [k / 10 for k in range(12)])
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x10ftypisom")
    return folder


@pytest.fixture(scope="module")
def cluster():
    """The scheduler's address, and its two workers and itself as processes."""
    with support.cluster() as found:
        yield found


def told(stdout: str) -> list[dict]:
    return sorted(events(stdout), key=lambda event: event.get("file", ""))


def test_the_results_are_those_of_the_local_run(library, cluster, tmp_path):
    address, _ = cluster
    local = run("pick", str(library), "--frames", "4", "--json", cwd=tmp_path)
    far = run("pick", str(library), "--frames", "4", "--json", "--dask", address, cwd=tmp_path)
    assert far.returncode == local.returncode == 1, far.stderr
    assert told(far.stdout) == told(local.stdout)


def test_a_cluster_that_is_not_there_is_one_line(library, tmp_path):
    done = run("pick", str(library), "--dask", "tcp://127.0.0.1:9", cwd=tmp_path)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("livecam:")]
    assert "cannot be reached" in line


def test_a_cluster_without_workers_is_one_line(library, tmp_path):
    with support.cluster(workers=0) as (address, _):
        done = run("pick", str(library), "--dask", address, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("livecam:")]
    assert "has no workers" in line


def test_workers_and_a_scheduler_that_are_killed_lose_nothing(library, cluster, tmp_path):
    """First a worker on the way, then the scheduler: the next run goes on in each case."""
    address, (worker, *_, scheduler) = cluster
    done = interrupted(library, address, "worker.jsonl", worker, tmp_path)
    assert done.returncode == 1, "one file is broken"
    picked = [e for e in events(done.stdout) if e["event"] == "picked"]
    assert len(picked) == len({e["file"] for e in picked})
    report = (tmp_path / "worker.jsonl").read_text().splitlines()
    assert sum(not json.loads(line)["error"] for line in report) == len(picked) > 3
    again = run("pick", str(library), "--json", "--report", "worker.jsonl", "--dask", address,
                cwd=tmp_path)  # fmt: skip
    kinds = [event["event"] for event in events(again.stdout)]
    assert kinds.count("skipped") == len(picked)
    assert "picked" not in kinds
    done = interrupted(library, address, "scheduler.jsonl", scheduler, tmp_path)
    assert done.returncode == 1
    assert "is gone" in done.stderr
    assert "Traceback" not in done.stderr
    again = run("pick", str(library), "--json", "--report", "scheduler.jsonl", cwd=tmp_path)
    assert any(event["event"] == "skipped" for event in events(again.stdout))


def interrupted(library, address, report, victim, cwd) -> subprocess.CompletedProcess[str]:
    """A run whose cluster loses a process once the first result is there."""
    command = [sys.executable, "-m", "livecam", "pick", str(library), "--json", "--report",
               report, "--dask", address]  # fmt: skip
    with subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        first = program.stdout.readline()
        victim.send_signal(signal.SIGKILL)
        rest, errors = program.communicate(timeout=120)
    return subprocess.CompletedProcess(command, program.returncode, first + rest, errors)
