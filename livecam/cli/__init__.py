"""The command line. Thin: it reads options, runs a command and turns errors into exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from livecam.errors import ExitCode, LivecamError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run livecam with these arguments; the exit code."""
    # Nothing heavy above or here: `livecam --help` imports no cv2, numpy, av or mediapipe.
    from livecam.cli.options import parse

    try:
        args = parse(sys.argv[1:] if argv is None else argv)
        return int(args.run(args))
    except LivecamError as err:
        print(f"livecam: {err}", file=sys.stderr)
        return int(err.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Who read our output has gone: so do we, quietly.
        sys.stderr.close()
        return int(ExitCode.FAILURE)
