"""A Dask cluster on this machine: a scheduler and workers, each a process."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator

Program = subprocess.Popen[str]


@contextlib.contextmanager
def cluster(workers: int = 2) -> Iterator[tuple[str, list[Program]]]:
    """The scheduler's address, and processes: workers of one thread each, the scheduler last."""
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
         "--port", "0", "--no-dashboard"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    address = ""
    assert scheduler.stderr is not None
    for line in scheduler.stderr:
        found = re.search(r"Scheduler at:\s+(tcp://\S+)", line)
        if found:
            address = found[1]
            break
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nworkers", "1",
             "--nthreads", "1", "--no-dashboard", "--no-nanny", "--host", "127.0.0.1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )
        for _ in range(workers)
    ]  # fmt: skip
    try:
        yield address, [*programs, scheduler]
    finally:
        for program in (*programs, scheduler):
            program.kill()
            program.wait()
        scheduler.stderr.close()
