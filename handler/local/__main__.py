"""Run Hairline on this machine: images go through an emulated S3 and SQS and the real Lambda handlers."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from handler.local import run, serve
from handler.local.container import StartFailed
from handler.local.deployment import FolderInUse, FunctionCrashed
from handler.local.emulator import EmulatorMissing
from handler.local.environment import sealed
from handler.local.server import PortTaken


class Stopped(BaseException):
    """The user or the system stops the program: SIGINT or SIGTERM."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 success, 1 an image was rejected or failed, 2 nothing could start, 128 + a signal."""
    args = _parser().parse_args(argv)
    # Nothing below can find the user's AWS account.
    clean = sealed(os.environ)
    os.environ.clear()
    os.environ.update(clean)
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # a shell ignores it for what it starts in the background
        signal.signal(signal.SIGINT, _stop)
    try:
        if args.command == "run":
            return run.run(args.images, args.out)
        return serve.serve(args.out, port=args.port, keys=tuple(args.key), custom_domain=args.custom_domain)
    except (EmulatorMissing, FileNotFoundError, FolderInUse, FunctionCrashed, PortTaken, StartFailed) as error:
        print(error, file=sys.stderr)
        return 2
    except Stopped as stopped:
        print("\nStopped.", file=sys.stderr)
        return 0 if args.command == "serve" else 128 + stopped.number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m handler.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    of_run = commands.add_parser("run", help="process images and copy the results to a folder")
    of_run.add_argument(
        "images", nargs="*", type=Path, help="files and folders (default: four photographs from scikit-image)"
    )
    of_serve = commands.add_parser("serve", help="process what arrives in the bucket or by HTTP, until Ctrl-C")
    for command in (of_run, of_serve):
        command.add_argument("--out", type=Path, default=Path("out"), help="folder for results and logs (default: out)")
    of_serve.add_argument("--port", type=_port, default=0, help="port of the HTTP API (default: one that is free)")
    of_serve.add_argument(
        "--key", type=_key, action="append", default=[], help="API key, may be repeated (default: a random one)"
    )
    of_serve.add_argument(
        "--custom-domain",
        action="store_true",
        help="serve at /, as at a custom domain (default: below /live, as the stack's ApiUrl)",
    )
    return parser


def _port(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: use a number from 1 to 65535")


def _key(text: str) -> str:
    if text and text.isascii() and text.isprintable() and " " not in text:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is not an API key: use printable ASCII characters without spaces")


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(number)


if __name__ == "__main__":
    sys.exit(main())
