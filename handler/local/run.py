"""`python -m handler.local run`: upload images to the input bucket, and copy the results to a folder."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from handler.local import samples
from handler.local.deployment import LOOK_S, FunctionCrashed, deployed, line
from handler.local.stack import Stack
from handler.local.watch import Watch
from handler.local.worker import Worker


def run(images: Sequence[Path], out: Path) -> int:
    """Return 0, or 1 if an image was rejected or failed. Raises FileNotFoundError, StartFailed, FunctionCrashed."""
    files = samples.keyed(images or samples.samples(), out)
    if not files:
        raise FileNotFoundError(f"There are no images in {', '.join(map(str, images))}.")
    print("Starting S3, SQS and the function on this machine ...", flush=True)
    with deployed(out) as (stack, watch, worker):
        # Empty objects, which some tools create as folder markers, are ignored and get no result.
        empty = [key for key, file in files.items() if file.stat().st_size == 0]
        for key in empty:
            print(f"{key}  rejected: the file is empty (0 bytes)", flush=True)
        _upload(stack, {key: file for key, file in files.items() if key not in empty})
        failed = _follow(watch, worker, files.keys() - set(empty), out)
    return 1 if failed or empty else 0


def _upload(stack: Stack, files: Mapping[str, Path]) -> None:
    for key, file in files.items():
        stack.client("s3").upload_file(str(file), stack.input_bucket, key)


def _follow(watch: Watch, worker: Worker, waiting: set[str], out: Path) -> int:
    """Print and copy the results until each key has one; return how many images were rejected or failed."""
    failed = 0
    while waiting:
        for key, report in watch.finished():
            watch.download(key, report, out)
            print(line(key, report, str(out)), flush=True)
            failed += report["status"] != "done"
            waiting.discard(key)
        for keys, reason in watch.dead_letters():
            print(f"{keys}  failed: {reason}", flush=True)
            failed += 1
            waiting -= set(keys.split(", "))
        if worker.failure is not None:
            raise worker.failure
        if worker.crashes:
            raise FunctionCrashed(f"The function's process ended while it worked. Its last lines:\n{_tail(out)}")
        time.sleep(LOOK_S if waiting else 0)
    return failed


def _tail(out: Path) -> str:
    lines = (out / "handler.log").read_text("utf-8", "replace").strip().splitlines()[-5:]
    return "\n".join(f"  {line}" for line in lines or ["(none)"])
