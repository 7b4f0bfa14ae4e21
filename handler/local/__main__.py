"""`python -m handler.local run` and `serve`: the whole path, from a bucket through the handler to a bucket, here."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handler.local import api, mappings, samples, stack, worker
from handler.local.child import Child
from handler.local.emulator import EmulatorMissing, emulator
from handler.local.environment import sealed
from handler.local.watch import Watch

RETRY_S = 60
"""The queue's visibility timeout here: nobody who watches wants to wait for a second try as long as a deployment."""
LOOK_S = 0.2
"""How often to look for news."""


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 all went well, 1 a picture was refused or failed, 2 it could not be tried."""
    parser = argparse.ArgumentParser(prog="python -m handler.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="drop pictures into the input bucket and fetch what comes out")
    run.add_argument("images", nargs="*", type=Path, help="files and folders; scikit-image's photographs if none")
    serve = commands.add_parser("serve", help="work on whatever is dropped, until Ctrl-C")
    for command in (run, serve):
        command.add_argument("--out", type=Path, default=Path("out"), help="for results and handler.log (default: out)")
    args = parser.parse_args(argv)
    # A program of its own, so its own environment: nothing below can find the user's account.
    clean = sealed(os.environ)
    os.environ.clear()
    os.environ.update(clean)
    try:
        return _run(args.images, args.out) if args.command == "run" else _serve(args.out)
    except (EmulatorMissing, FileNotFoundError, _WorkerEnded) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 0 if args.command == "serve" else 130


class _WorkerEnded(Exception):
    """The handler could not start, or crashed."""


@contextmanager
def _working(out: Path) -> Iterator[tuple[stack.Stack, Watch, Child]]:
    """A stack with a worker on it, for as long as the block lasts."""
    out.mkdir(parents=True, exist_ok=True)
    print("Starting S3 and SQS on this machine ...", flush=True)
    with emulator() as endpoint, (out / "handler.log").open("wb") as log:
        made = stack.create(endpoint, visibility_s=RETRY_S)
        with worker.start(made, log) as child:
            yield made, Watch(made), child


def _run(images: Sequence[Path], out: Path) -> int:
    files = samples.keyed(images or samples.samples(), out)
    if not files:
        raise FileNotFoundError(f"There are no pictures in {', '.join(map(str, images))}.")
    with _working(out) as (made, watch, child):
        s3 = made.client("s3")
        waiting = set()
        failed = 0
        for key, file in files.items():
            if file.stat().st_size == 0:  # as for the marks of folders that some tools make, no message is worked on
                print(f"{key}  refused: the file is empty", flush=True)
                failed += 1
                continue
            s3.upload_file(str(file), made.input_bucket, key)
            waiting.add(key)
        while waiting:
            for key, report in watch.finished():
                watch.fetch(key, report, out)
                print(_line(key, report, str(out)), flush=True)
                failed += report["status"] != "done"
                waiting.discard(key)
            for source, reason in watch.dead_letters():
                print(f"{source}  failed: {reason}", flush=True)
                failed += 1
                waiting -= set(source.split(", "))
            _check(child, out)
            time.sleep(LOOK_S if waiting else 0)
    return 1 if failed else 0


def _serve(out: Path) -> int:
    with _working(out) as (made, watch, child), api.serving(made, out / "api.log") as site, mappings.polling(made, out):
        aws = (
            f"AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws --region us-east-1 --endpoint-url {made.endpoint}"
        )
        print(
            f"Endpoint       {made.endpoint}\n"
            f"Input bucket   {made.input_bucket}\n"
            f"Output bucket  {made.output_bucket}\n"
            f"HTTP API       {site.url}\n"
            f"API key        {site.key}\n"
            f"Shops' hooks   {site.url}/hooks/SOURCE, registered in the secret {made.names['Registry']}\n"
            f"Logs           {out / 'handler.log'}, {out / 'api.log'}, {out / 'shops.log'}\n\n"
            f"Drop a picture:\n  {aws} s3 cp photo.jpg s3://{made.input_bucket}/\n"
            f"Cut one out by HTTP:\n  curl -H 'X-Api-Key: {site.key}' --data-binary @photo.jpg -o cutout.png "
            f"{site.url}/v1/cutouts\n"
            f"Fetch all results:\n  {aws} s3 sync s3://{made.output_bucket}/ results/\n\n"
            "Ctrl-C ends it; what is in the buckets then is gone.",
            flush=True,
        )
        while True:
            for key, report in watch.finished():
                print(_line(key, report, f"s3://{made.output_bucket}"), flush=True)
            for source, reason in watch.dead_letters():
                print(f"{source}  failed: {reason}", flush=True)
            _check(child, out)
            time.sleep(LOOK_S)


def _line(key: str, report: Mapping[str, Any], place: str) -> str:
    if report["status"] != "done":
        return f"{key}  refused: {report['reason']['message']}"
    quality = report["quality"]
    seconds = sum(report["ms"].values()) / 1000
    cutout = next(name for name in report["files"] if name.startswith("cutout."))
    reasons = ", ".join(str(reason["code"]).replace("_", " ") for reason in quality["reasons"])
    doubt = f"  please look: {reasons}" if quality["needs_review"] else ""
    return f"{key}  {seconds:.1f} s  confidence {quality['confidence']:.2f}  {place}/{key}/{cutout}{doubt}"


def _check(child: Child, out: Path) -> None:
    if not child.running:
        told = (out / "handler.log").read_text("utf-8", "replace").strip().splitlines()[-5:]
        raise _WorkerEnded("The handler stopped working:\n  " + "\n  ".join(told or ["it said nothing"]))


if __name__ == "__main__":
    sys.exit(main())
