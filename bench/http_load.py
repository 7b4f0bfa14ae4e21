"""Requests a second of the routes that make no cutout: `python -m bench.http_load`. Needs wrk.

Measures on the loopback interface, where client, server, function and the S3 emulator share this machine's processors.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import requests

from handler.local import api, stack
from handler.local.emulator import emulator


def load(url: str, key: str, connections: int, seconds: int) -> str:
    """The output of wrk for one route."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", f"X-Api-Key: {key}", url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def row(name: str, output: str) -> str:
    """One row of the table, from the output of wrk."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    latencies = dict(re.findall(r"(\d+)%\s+([\d.]+\w+)", output))
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    assert rate is not None, output
    return f"| {name} | {float(rate[1]):.0f} | {latencies['50']} | {latencies['99']} | {errors[1] if errors else 0} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.http_load", description=__doc__)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=10)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, emulator() as endpoint:
        plan = {"ApiRate": "100000", "ApiBurst": "100000"}
        with api.serving(stack.create(endpoint), Path(folder) / "api.log", parameters=plan) as site:
            made = requests.post(f"{site.url}/v1/jobs", headers={"X-Api-Key": site.key}, timeout=30).json()
            routes = {"GET /v1.0/account": "/v1.0/account", "GET /v1/jobs/{id}": f"/v1/jobs/{made['id']}"}
            print("| route | requests a second | median | p99 | errors |\n| --- | --: | --: | --: | --: |")
            for name, path in routes.items():
                print(row(name, load(site.url + path, site.key, args.connections, args.seconds)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
