"""Fuzz the HTTP API with requests that its description allows, and with others: `python -m bench.fuzz`.

Schemathesis makes the requests, to a server on this machine: the limits of each field, random values, and jobs that are
created, looked up and deleted. `bench.fuzz_hooks` gives it small images to send. Writes a table to RESULTS.md. The exit
status is 1 if one of schemathesis's checks fails, or if less than a fifth of the requests for cutouts give one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench import results
from handler.local import api, stack
from handler.local.emulator import emulator

CUTTING = ("/v1.0/removebg", "/v1/cutouts")
SUCCESSES, LEAST_SUCCESSES = (200, 202, 303), 0.2
ROOT = Path(__file__).parent.parent
OPERATIONS = 10
"""The number of operations that have parameters or a body to vary."""
CONFIG = """
# A schema cannot say which URL leads to an image, what an image shows, which Idempotency-Key was used before, or which
# revision an image has.
[checks]
enabled = true
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 404, 409, 422]
# What a schema forbids is for the coverage phase. A form holds text alone, so there schemathesis takes a number for a
# violation even in a request that it made to be valid.
[phases.fuzzing.generation]
mode = "positive"
[phases.fuzzing.checks.negative_data_rejection]
enabled = false
# What an earlier request uploaded may not be an image.
[[operations]]
include-path-regex = "^/v1/images/"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 404, 409, 415, 422]
"""


def fuzz(url: str, key: str, calls: int, phases: str = "coverage,fuzzing,stateful") -> tuple[int, str]:
    """Make about `calls` random requests in the phase fuzzing, and those of the other phases.

    Returns schemathesis's exit status and its output.
    """
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(CONFIG)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", config),
                *("run", f"{url}/v1/openapi.json", "--url", url),
                *("--header", f"X-Api-Key: {key}", "--suppress-health-check", "all"),
                *("--phases", phases),
                *("--max-examples", str(-(-calls // OPERATIONS)), "--continue-on-failure", "--request-timeout", "60"),
                *("--seed", "1", "--no-color", "--warnings", "off"),
            ],
            env=environment | {"SCHEMATHESIS_HOOKS": "bench.fuzz_hooks", "PYTHONPATH": str(ROOT)},
            cwd=folder,  # schemathesis writes files to its working directory
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


def responses(log: str) -> Counter[tuple[str, int]]:
    """How often each (route, status) is in the functions' log."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith('{"') and '"message":"request"' in line]
    return Counter((line["route"], line["status"]) for line in lines if "status" in line)


def successes(counts: Counter[tuple[str, int]]) -> float:
    """The share of requests for cutouts that gave one, 0 to 1."""
    total = sum(n for (route, _), n in counts.items() if route in CUTTING)
    good = sum(n for (route, status), n in counts.items() if route in CUTTING and status in SUCCESSES)
    return good / total if total else 0.0


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--calls", type=int, default=1500, help="random requests to make (default: %(default)s)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, emulator() as endpoint:
        log = Path(folder) / "api.log"
        plan = {"ApiRate": "100000", "ApiBurst": "100000"}
        with api.serving(stack.create(endpoint), log, parameters=plan) as site:
            status, output = fuzz(site.url, site.key, args.calls)
        counts = responses(log.read_text())
    print(output)
    share = successes(counts)
    verdict = "All of schemathesis's checks passed" if status == 0 else "Some of schemathesis's checks FAILED"
    statuses = sorted({status for _, status in counts})
    rows = [
        [route, str(sum(n for (each, _), n in counts.items() if each == route))]
        + [str(counts[route, each]) for each in statuses]
        for route in sorted({route for route, _ in counts})
    ]
    part = f"""{results.table(["route", "requests", *map(str, statuses)], rows)}

{counts.total():,} requests reached a function. {verdict}. {share:.0%} of the requests for cutouts gave one.

{results.machine()}."""
    print(part)
    results.write_part("fuzz", part)
    return 1 if status or share < LEAST_SUCCESSES else 0


if __name__ == "__main__":
    sys.exit(main())
