"""A burst of webhooks: `python -m bench.storm`.

A shop sends one product with 250 images, and then 500 webhooks within 10 s for 100 other products: five for each, every
time with something changed. They go by HTTP to the local gateway, and through all functions for webhooks. At the end,
every image must be stored, cut out and reported to the callback once. No message may be left in a queue, dead-letter
queues included.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench import results
from bench.pictures import small
from handler.local import api, mappings, stack, worker
from handler.local.emulator import emulator
from handler.local.stack import Stack

SHOP = "spring.myshopify.com"
HOOK_SECRET = "bench"  # noqa: S105  of a shop that exists only in this run
CALLBACK_KEY = "whsec_" + base64.b64encode(bytes(32)).decode()
PATIENCE_S = 3600
"""Stops a run that hangs."""


class _Server(ThreadingHTTPServer):
    """Serves the shop's images, /{number}.png, and receives its callbacks, /callbacks."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Shop)
        self.fetched: Counter[str] = Counter()
        self.callbacks: Counter[str] = Counter()


class _Shop(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.fetched[path] += 1
        self._answer(small(int(path[1:].removesuffix(".png"))))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.callbacks[body["data"]["image"]["key"]] += 1
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as in the base class
        """Log nothing."""


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 if every image was processed exactly once."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.storm", description="Send a burst of webhooks to the local stack."
    )
    parser.add_argument("--images", type=int, default=250, help="images of the large product (default: %(default)s)")
    parser.add_argument("--hooks", type=int, default=500, help="webhooks to send (default: %(default)s)")
    parser.add_argument(
        "--products",
        type=int,
        default=100,
        help="products in these webhooks, with one image each (default: %(default)s)",
    )
    parser.add_argument("--seconds", type=float, default=10, help="time in which they arrive (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="workers that make cutouts (default: %(default)s)")
    args = parser.parse_args(argv)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        made = stack.create(opened.enter_context(emulator()), visibility_s=120)
        server = _Server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened.callback(server.shutdown)
        _register(made, server.server_address[1])
        for _ in range(args.workers):
            opened.enter_context(worker.start(made, folder / "handler.log"))
        site = opened.enter_context(api.serving(made, folder / "api.log"))
        opened.enter_context(mappings.polling(made, folder / "webhooks.log", workers=2))

        url = f"{site.url}/hooks/spring"
        port = server.server_address[1]
        _send(url, _hook(port, 0, range(args.images), 0))
        began = time.perf_counter()
        with ThreadPoolExecutor(64) as pool:
            sent = [
                pool.submit(_at, began + n * args.seconds / args.hooks, url, _body(port, n, args))
                for n in range(args.hooks)
            ]
            answers = [each.result() for each in sent]
        lasted = time.perf_counter() - began
        expected = {f"shops/spring/{SHOP}/0/{n}" for n in range(args.images)}
        expected |= {f"shops/spring/{SHOP}/{n + 1}/{args.images + n}" for n in range(args.products)}
        finished = _settle(made, server, len(expected))
        return _print_results(made, server, expected, answers, lasted, time.perf_counter() - began, finished=finished)


def _register(made: Stack, port: int) -> None:
    callback = {"url": f"http://127.0.0.1:{port}/callbacks", "secrets": [CALLBACK_KEY]}
    entry = {"platform": "shopify", "secrets": [HOOK_SECRET], "shops": [SHOP], "callback": callback}
    made.client("secretsmanager").put_secret_value(
        SecretId=made.names["Registry"], SecretString=json.dumps({"spring": entry})
    )


def _body(port: int, n: int, args: argparse.Namespace) -> bytes:
    product = n % args.products
    return _hook(port, product + 1, range(args.images + product, args.images + product + 1), n)


def _hook(port: int, product: int, pictures: range, turn: int) -> bytes:
    images = [{"id": n, "alt": None, "src": f"http://127.0.0.1:{port}/{n}.png?v={turn}"} for n in pictures]
    return json.dumps({"id": product, "title": f"Shoe {turn}", "images": images}).encode()


def _at(moment: float, url: str, body: bytes) -> tuple[int, float]:
    """Send a webhook at `moment`. Returns (status, seconds until the response)."""
    time.sleep(max(0, moment - time.perf_counter()))
    begin = time.perf_counter()
    status = _send(url, body)
    return status, time.perf_counter() - begin


def _send(url: str, body: bytes) -> int:
    digest = base64.b64encode(hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"X-Shopify-Hmac-Sha256": digest, "X-Shopify-Topic": "products/update", "X-Shopify-Shop-Domain": SHOP}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=120) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _settle(made: Stack, server: _Server, expected: int) -> bool:
    """Wait until every image was reported and no message is left. Returns False after PATIENCE_S."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if len(server.callbacks) >= expected and not _left(made, "Queue"):
            return True
        time.sleep(1)
    return False


def _left(made: Stack, ending: str) -> int:
    """Messages in the queues whose names end with `ending`; dead-letter queues only if `ending` names them."""
    names = ["", "NotVisible", "Delayed"]
    attributes = [f"ApproximateNumberOfMessages{name}" for name in names]
    total = 0
    for name, url in made.names.items():
        if name.endswith(ending) and (ending != "Queue" or "DeadLetter" not in name):
            answer = made.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=attributes)
            total += sum(map(int, answer["Attributes"].values()))
    return total


def _print_results(
    made: Stack,
    server: _Server,
    expected: set[str],
    answers: list[tuple[int, float]],
    lasted: float,
    whole: float,
    *,
    finished: bool,
) -> int:
    statuses, waits = Counter(status for status, _ in answers), sorted(wait for _, wait in answers)
    s3 = made.client("s3")
    versions = [
        item["Key"]
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=made.input_bucket)
        for item in page.get("Versions", [])
    ]
    reports = [
        item["Key"].removesuffix("/report.json")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=made.output_bucket)
        for item in page.get("Contents", [])
        if item["Key"].endswith("/report.json")
    ]
    dead = _left(made, "DeadLetterQueue")
    once = finished and sorted(versions) == sorted(reports) == sorted(expected) and set(server.callbacks) == expected
    median, late, longest = (f"{waits[min(int(q * len(waits)), len(waits) - 1)]:.2f}" for q in (0.5, 0.99, 1))
    counts = ", ".join(str(len(each)) for each in (expected, versions, reports, server.callbacks))
    twice = sum(count > 1 for count in [*Counter(versions).values(), *server.callbacks.values()])
    rows = [
        ["webhooks, and in how many seconds", f"{len(answers)} in {lasted:.1f}"],
        ["responses", ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))],
        ["until the response, median / p99 / longest, s", f"{median} / {late} / {longest}"],
        ["images expected, stored, cut out, reported", counts],
        ["images stored or reported more than once", str(twice)],
        ["downloads of images", str(server.fetched.total())],
        ["messages in dead-letter queues", str(dead)],
        ["seconds until all was done", f"{whole:.0f}"],
    ]
    print(results.table(["", ""], rows))
    print(results.machine())
    return 0 if once and not dead and set(statuses) == {200} and max(server.callbacks.values()) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
