"""`livecam check`: whether files are true Live or Motion Photos, and which programs take them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam import contract
from livecam.errors import ExitCode, InputError
from livecam.limits import FILES_ONLY, check_limits
from livecam.text import visible

if TYPE_CHECKING:
    import argparse

    from livecam.photos.pairs import Halves
    from livecam.photos.report import Report


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    check = commands.add_parser(
        "check",
        help="say whether files are true Live or Motion Photos, and which programs would take them",
    )
    check.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="either half of a pair, or a folder"
    )
    check.add_argument("--json", action="store_true", help="print one JSON event per pair")
    check.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a report a pair; 0 if all are true, 1 if some are not, 4 without a report."""
    check_limits(FILES_ONLY)
    from livecam.photos.check import check
    from livecam.photos.pairs import find_halves

    paths, as_json = args.paths, args.json
    named = {path.resolve() for path in paths}
    found = told = broken = defective = 0
    for halves in find_halves(paths):
        found += 1
        try:
            report = check(halves)
        except InputError as err:
            broken += 1
            _fail(halves, err, as_json=as_json)
            continue
        # A folder holds ordinary pictures too: these are reported only if they were named.
        if report.is_candidate or named & {path.resolve() for path in halves.files}:
            told += 1
            defective += not report.is_true
            print(event_of(halves, report).to_json() if as_json else describe(report), flush=True)
    if not found:
        raise InputError("there is no photo and no movie here")
    if not told:
        return int(ExitCode.NO_INPUT)
    return int(ExitCode.FAILURE if broken or defective else ExitCode.OK)


def _fail(halves: Halves, error: InputError, *, as_json: bool) -> None:
    if as_json:
        file = str(halves.files[0].resolve())
        event = contract.PickError(file, error.message, int(error.exit_code), error.hint)
        print(event.to_json(), flush=True)
    else:
        print(f"livecam: {visible(str(error))}", file=sys.stderr)


def event_of(halves: Halves, report: Report) -> contract.Checked:
    """A report as programs read it."""
    return contract.Checked(
        files=tuple(str(path.resolve()) for path in halves.files),
        kind=report.kind,
        is_true=report.is_true,
        identifier=report.identifier,
        still_s=report.still_s,
        duration_s=report.duration_s,
        defects=report.defects,
        programs=tuple(
            {"program": one.program, "takes": one.takes, "why": one.why} for one in report.verdicts
        ),
    )


def describe(report: Report) -> str:
    """A report as lines of text; one line for an ordinary photo or movie."""
    if not report.is_candidate:
        what = "photo" if report.defects == ("there is no movie",) else "movie"
        return visible(f"{report.name}: an ordinary {what}, no half of a Live Photo")
    lines = [f"{report.name}: {'a' if report.is_true else 'no'} true {report.kind}"]
    if report.identifier:
        lines.append(f"  identifier {report.identifier} in both halves")
    if report.still_s is not None:
        whole = "" if report.duration_s is None else f" of {report.duration_s:.3f} s"
        lines.append(f"  photo at {report.still_s:.3f} s{whole}")
    lines += [f"  defect: {defect}" for defect in report.defects]
    for verdict in report.verdicts:
        why = f": {verdict.why}" if verdict.why else ""
        lines.append(f"  {verdict.program:<19} {verdict.takes}{why}")
    return "\n".join(map(visible, lines))
