"""Fuzz the HTTP API with requests that its description allows, and with others: `python -m bench.fuzz`.

Schemathesis makes the requests, to a server on this machine. The exit status is 1 if a response is a 5xx, or has a
status, content type or schema that the description does not contain.
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

from handler.local import api, stack
from handler.local.emulator import emulator

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
OPERATIONS = 4
"""The number of operations that have parameters or a body to vary."""


def fuzz(url: str, key: str, calls: int) -> tuple[int, str]:
    """Make about `calls` requests. Returns schemathesis's exit status and its output."""
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/v1/openapi.json", "--url", url),
                *("--header", f"X-Api-Key: {key}", "--checks", CHECKS, "--phases", "fuzzing"),
                *("--max-examples", str(-(-calls // OPERATIONS)), "--continue-on-failure", "--request-timeout", "60"),
                *("--seed", "1", "--suppress-health-check", "all", "--no-color"),
            ],
            env=environment,
            cwd=folder,  # schemathesis writes files to its working directory
            capture_output=True,
            text=True,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


def answered(log: str) -> Counter[tuple[str, int]]:
    """How often each (route, status) is in the function's log."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith('{"') and '"message":"request"' in line]
    return Counter((line["route"], line["status"]) for line in lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="requests to make (default: %(default)s)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, emulator() as endpoint:
        log = Path(folder) / "api.log"
        plan = {"ApiRate": "100000", "ApiBurst": "100000"}
        with api.serving(stack.create(endpoint), log, parameters=plan) as site:
            status, output = fuzz(site.url, site.key, args.calls)
        print(output)
        print(answered(log.read_text()))
    return status


if __name__ == "__main__":
    sys.exit(main())
