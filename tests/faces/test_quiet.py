"""A program that imports livecam gets nothing on its standard error that is not its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def errors_of(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_scoring_from_python_prints_nothing():
    code = (
        "import livecam\n"
        "from tests.support.frames import moment\n"
        "livecam.score(moment([i / 30 for i in range(5)]))\n"
    )
    assert errors_of(code) == ""


def test_what_others_print_meanwhile_comes_through():
    code = (
        "import os, sys\n"
        "from livecam.faces.quiet import quiet\n"
        "try:\n"
        "    with quiet():\n"
        "        os.write(2, b'W0000 00:00:17 graph.cc:174] Sets acceleration\\n')\n"
        "        os.write(2, b'E0000 00:00:17 graph.cc:174] cannot\\n')\n"
        "        print('mine', file=sys.stderr, flush=True)\n"
        "        raise RuntimeError('stop')\n"
        "except RuntimeError as err:\n"
        "    print(err, file=sys.stderr)\n"
    )
    assert errors_of(code) == "E0000 00:00:17 graph.cc:174] cannot\nmine\nstop\n"


def test_without_a_standard_error_it_works_too():
    code = "import os; os.close(2)\nfrom livecam.faces.quiet import quiet\nwith quiet(): pass\n"
    assert errors_of(code) == ""
