"""Cold starts: run `make layer`, then `python -m bench.cold --photo FILE --interpreter PYTHON3.13`.

Measures the imports, the AWS clients and the ONNX session from the layer. Then measures the first and the second
response for FILE at 1 MP, under Lambda's own runtime and in this environment. Writes the table to RESULTS.md.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from bench import results
from bench.lambda_runtime import ROOT, Deployed, LambdaRuntime, deploy, environment
from bench.stages import resized
from handler.local import poller, stack, worker
from handler.local.emulator import emulator
from handler.local.stack import Stack

STARTS = 7
ROUNDS = 3
HANDLER = "handler.cutouts.app.on_queue"
START = """
import time
begin = time.perf_counter()
import handler.cutouts.app
imported = time.perf_counter()
from handler.cutouts import wiring
wiring.deps()
print(imported - begin, time.perf_counter() - begin, time.process_time())
"""
HEAD = ["seconds", "", "median", "least", "most"]


def starts(command: Sequence[str | Path], env: Mapping[str, str], folder: Path) -> list[list[float]]:
    """Seconds of the imports, of the imports with clients and session, and of processor time for all of it.

    Each is one list, of STARTS new processes with a warm page cache. The processor time includes Python's own start.
    """
    found = []
    for _ in range(STARTS + 1):
        done = subprocess.run([*command, "-c", START], cwd=folder, env=dict(env), stdout=subprocess.PIPE, check=True)
        found.append([float(word) for word in done.stdout.split()])
    return [list(column) for column in zip(*found[1:], strict=True)]


def answers(call: Callable[[Any], Any], made: Stack, picture: bytes, name: str) -> list[float]:
    """Seconds from the event to the response, for two images. Raises RuntimeError if one gets no cutout."""
    seconds = []
    for key in (f"{name}/first.jpg", f"{name}/second.jpg"):
        made.client("s3").put_object(Bucket=made.input_bucket, Key=key, Body=picture)
        sqs, url = made.client("sqs"), made.names["UploadQueue"]
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageSystemAttributeNames=["All"])[
            "Messages"
        ]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        begin = time.perf_counter()
        answer = call(poller.event([message], url))
        seconds.append(time.perf_counter() - begin)
        report = made.client("s3").get_object(Bucket=made.output_bucket, Key=f"{key}/report.json")["Body"].read()
        if json.loads(report)["status"] != "done":
            raise RuntimeError(f"{key} has no cutout: {answer}")
    return seconds


def measure(deployed: Deployed, made: Stack, picture: bytes, folder: Path) -> dict[str, list[float]]:
    """Row name to seconds. The two kinds of container take turns."""
    imports, session, processor = starts(
        [deployed.interpreter, "-S"], environment(deployed, made, folder), deployed.function
    )
    rows = {
        "imports": imports,
        "imports, clients and session": session,
        "the same and Python, processor time": processor,
    }
    for turn in range(ROUNDS):
        with (folder / "log").open("ab") as log, LambdaRuntime(deployed, HANDLER, made, folder, log) as runtime:
            pairs = {"Lambda's runtime": answers(runtime.call, made, picture, f"layer/{turn}")}
        container = worker.prepare(made, folder / "log")
        pairs["this environment"] = answers(container.call, made, picture, f"here/{turn}")
        container.stop()
        for where, seconds in pairs.items():
            for which, value in zip(("first", "second"), seconds, strict=True):
                rows.setdefault(f"{which} answer, {where}", []).append(value)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and write it."""
    parser = argparse.ArgumentParser(prog="python -m bench.cold", description="Measure the cold start of a container.")
    parser.add_argument("--photo", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--interpreter", type=Path, required=True, metavar="FILE", help="a Python of the layer's version"
    )
    parser.add_argument(
        "--layer",
        type=Path,
        default=ROOT / "build" / "layer" / "python3.13-x86_64" / "DependenciesLayer",
        metavar="FOLDER",
    )
    args = parser.parse_args(arguments)
    picture = resized(Image.open(args.photo).convert("RGB"), 1)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, emulator() as endpoint:
        folder = Path(name)
        deployed = deploy(folder / "task", args.layer / "layer", args.layer / "tools", args.interpreter)
        made = stack.create(endpoint)
        made.client("sqs").purge_queue(QueueUrl=made.names["UploadQueue"])  # removes S3's test event
        rows = measure(deployed, made, picture, folder)
    note = (
        f"{STARTS} new processes; {ROUNDS} new containers of each kind in turn; a 1 MP JPEG. Load average {load:.0f}."
    )
    body = [[name, "", *(f"{of(s):.2f}" for of in (statistics.median, min, max))] for name, s in rows.items()]
    text = "\n\n".join(["## Cold start", results.machine(), note, results.table(HEAD, body)])
    print(text)
    results.write_part("cold", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
