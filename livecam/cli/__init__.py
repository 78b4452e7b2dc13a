"""The command line: reads options, runs a command and turns errors into exit codes."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import TYPE_CHECKING

from livecam.errors import ExitCode, LivecamError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run livecam with these arguments; the exit code."""
    # NumPy's threads for large matrices, of which livecam has none, cost 0.3 s of processor time
    # at each start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # What is left at the end goes with the process: to look for cycles in it is a sixth of the
    # processor time of a command that has nothing to do.
    atexit.register(gc.freeze)
    try:
        return _run(argv)
    except OSError as err:  # from printing: a command's own errors are LivecamErrors
        from livecam.ui.streams import discard

        discard(sys.stdout)
        # The reader of our output has gone: end quietly.
        if not isinstance(err, BrokenPipeError):
            print(f"livecam: its output cannot be written: {err.strerror}", file=sys.stderr)
        return int(ExitCode.FAILURE)


def _tell(error: LivecamError, *, as_json: bool) -> None:
    from livecam.text import visible

    if as_json:
        from livecam import contract

        event = contract.Error(error.message, error.hint, int(error.exit_code))
        print(event.to_json(), flush=True)
    print(f"livecam: {visible(str(error))}", file=sys.stderr)


def _run(argv: Sequence[str] | None) -> int:
    # Nothing heavy above or here: `livecam --help` imports no cv2, numpy, av or mediapipe.
    from livecam.cli.options import parse

    given = sys.argv[1:] if argv is None else argv
    try:
        args = parse(given)
        return int(args.run(args))
    except LivecamError as err:
        _tell(err, as_json="--json" in given)
        return int(err.exit_code)
    except (MemoryError, ImportError) as err:  # a library may fail to load for lack of memory
        text = "there is not enough memory" if isinstance(err, MemoryError) else str(err)
        _tell(LivecamError(text, "livecam doctor says what is missing"), as_json="--json" in given)
        return int(ExitCode.FAILURE)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    finally:
        # Python's own flush at exit would show a failure as a traceback.
        sys.stdout.flush()
