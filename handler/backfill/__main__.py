"""The command line of a backfill: `python -m handler.backfill plan`, `start`, `status`, `stop`, `resume`, `report`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from handler.backfill import costs, planning, running, site
from handler.backfill.arguments import Arguments
from handler.backfill.planning import Wanted
from handler.backfill.survey import Filters
from handler.config import parse_options
from pipeline.errors import HairlineError


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 for success, 1 if images failed or nothing was started, 2 for a wrong argument."""
    given = _parser().parse_args(argv)
    try:
        return _run(given)
    except HairlineError as error:
        print(error, file=sys.stderr)
        return 2


def _run(given: argparse.Namespace) -> int:
    place = site.connect(given.stack)
    if given.command == "plan":
        wanted = _wanted(given)
        counts = planning.counted(planning.findings(place, wanted))
        tasks = planning.work(counts, wanted.only, given.ms)
        print(planning.text(counts, tasks, place.memory_mb, given.containers or [place.reserved or 100]))
        return 0
    if given.command == "start":
        arguments = Arguments(parse_options(given.options, "--options"), given.reuse_mattes)
        wanted = _wanted(given)
        return running.start(place, wanted, arguments, given.priority, dict(given.tag), given.ms, _confirmation(given))
    if given.command == "resume":
        return running.resume(place, given.job, given.ms, _confirmation(given))
    return {"status": running.status, "stop": running.stop, "report": running.report}[given.command](place, given.job)


def _wanted(given: argparse.Namespace) -> Wanted:
    filters = Filters(given.prefix, tuple(given.suffix), given.after, given.before, given.min_bytes, given.max_bytes)
    return Wanted(filters, given.only, given.list)


def _confirmation(given: argparse.Namespace) -> running.Confirm:
    if given.yes:
        return lambda question: print(question) is None
    return _agreed


def _agreed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:  # nobody can answer, as in a scheduled job
        print()
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m handler.backfill",
        description="Cut the images that are in the input bucket already. See docs/backfill.md.",
    )
    parser.add_argument("--stack", default="hairline", help="name of the deployment's stack (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    plan = commands.add_parser("plan", help="count the images, and estimate cost and hours; changes nothing")
    start = commands.add_parser("start", help="create a job, show what S3 counted, and run it after a yes")
    resume = commands.add_parser("resume", help="run a job that waits, or go on with one that was stopped")
    stop = commands.add_parser("stop", aliases=["pause"], help="stop a job; `resume` goes on with it")
    stop.set_defaults(command="stop")
    status = commands.add_parser("status", help="show progress, speed, cost so far and reasons")
    report = commands.add_parser("report", help="write a CSV of images that failed, were rejected or need review")
    for command in (plan, start):
        _add_filters(command)
    for command in (resume, stop, status, report):
        command.add_argument("job", nargs="?", help="id of the job (default: the stack's newest)")
    for command in (plan, start, resume):
        command.add_argument(
            "--ms", type=float, default=costs.CUT_MS, help="milliseconds that an image takes (default: %(default)s)"
        )
    for command in (start, resume):
        command.add_argument("--yes", action="store_true", help="run it without a question")
    plan.add_argument(
        "--containers",
        type=int,
        nargs="+",
        help="containers to estimate the hours for (default: those reserved)",
    )
    start.add_argument("--options", default="{}", help="options as JSON that override the deployment's defaults")
    start.add_argument(
        "--reuse-mattes", action="store_true", help="make files from an image's stored matte where it still holds"
    )
    start.add_argument("--priority", type=int, default=10, help="of the job, higher is sooner (default: %(default)s)")
    start.add_argument(
        "--tag", type=_tag, action="append", default=[], metavar="NAME=VALUE", help="a tag of the job; may be repeated"
    )
    return parser


def _add_filters(command: argparse.ArgumentParser) -> None:
    command.add_argument("--prefix", default="", help="only keys that begin with this")
    command.add_argument("--suffix", action="append", default=[], help="only keys that end with this; may be repeated")
    command.add_argument("--after", type=_date, metavar="DATE", help="only images uploaded after this day or time")
    command.add_argument("--before", type=_date, metavar="DATE", help="only images uploaded before this")
    command.add_argument("--min-bytes", type=int, metavar="N", help="only files of at least N bytes")
    command.add_argument("--max-bytes", type=int, metavar="N", help="only files of at most N bytes")
    command.add_argument(
        "--only",
        choices=("all", "missing", "outdated"),
        default="all",
        help="all images; those that have no result or failed; or also those whose result is of another version, "
        "model or options (default: %(default)s)",
    )
    command.add_argument(
        "--list", metavar="s3://BUCKET/KEY", help="an S3 Inventory's manifest.json or a manifest CSV, not the bucket"
    )


def _date(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day or time. Write it as 2026-11-01.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not a tag. Write it as NAME=VALUE.")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
