"""`livecam booth`: a page for the guests of a photo booth, fed by the same run as the photos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livecam.cli import capture
from livecam.cli.values import port
from livecam.errors import UsageError
from livecam.limits import check_limits

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    booth = commands.add_parser(
        "booth",
        help="a photo booth in the browser, for guests",
        description="The live picture, a shutter, and each photo with a code by which its guests "
        "take it home (with --host), on a page in your browser (extra 'review'). Everything else "
        "is as without `booth`: keys, lines on standard input and SIGUSR1 take photos too.",
        allow_abbrev=False,
    )
    group = booth.add_argument_group("the booth")
    group.add_argument(
        "--host", metavar="ADDRESS",
        help="an address of yours that guests' phones can reach: each photo shows a code for it",
    )  # fmt: skip
    group.add_argument("--port", type=port, default=0, metavar="N", help="of the page (any free)")
    group.add_argument("--no-open", action="store_true", help="do not open the browser")
    group.add_argument(
        "--print", metavar="CMD",
        help="a command that prints, such as 'lp -d photos {photo}'; {strip} is a strip of the "
        "four best pictures",
    )  # fmt: skip
    capture.add_options(booth)
    booth.set_defaults(run=run, check=check)


def check(args: argparse.Namespace) -> None:
    """Raise UsageError for what browsers cannot show."""
    capture.check(args)
    if args.format == "heic" or args.codec == "hevc" or args.motion_photo == "only":
        raise UsageError("browsers show the booth's guests a JPEG and H.264 only")


def run(args: argparse.Namespace) -> int:
    """Run the booth until the owner ends it; the exit code."""
    check_limits()
    from livecam.cli.program import run_program
    from livecam.cli.running_booth import RunningBooth
    from livecam.page.serving import require_extra

    require_extra()
    args.plain = not args.json  # the picture is on the page
    return run_program(args, RunningBooth)
