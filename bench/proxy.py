"""A small proxy in front of an S3 endpoint. It injects faults, in the ways that S3 and networks fail."""

import http.client
import socket
import struct
import threading
from collections.abc import Callable
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


class Fault(Enum):
    """A fault of one request. The values are texts for RESULTS.md."""

    BUSY = "answered 503"
    RESET = "reset before it was passed on"
    LOST_ANSWER = "carried out, then reset before the answer"
    CUT_SHORT = "answered by half"


Decide = Callable[[str, str], Fault | None]
"""(method, path) -> the fault of a request, or None. Called once for each request, in the request's own thread."""

_BUSY = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>'
)
_TIMEOUT_S = 60
_ONE_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "expect")


class Proxy:
    """Listens on a free port of the loopback interface until the block ends. Always forwards requests to SQS."""

    def __init__(self, target: str, decide: Decide) -> None:
        self._server = _Server(target, decide)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that keeps its connection open would block the end

    def __init__(self, target: str, decide: Decide) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target)
        self.decide = decide

    def shutdown_request(self, request: Any) -> None:
        """Close without the shutdown that would end the connection properly before a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print no traceback: clients that are killed during a request are part of the test."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        to_sqs = self.headers.get("X-Amz-Target", "").startswith("AmazonSQS")
        match None if to_sqs else self.server.decide(self.command, self.path):
            case None:
                self._answer(*self._forward(body))
            case Fault.BUSY:
                self._answer(503, [("Content-Type", "application/xml")], _BUSY)
            case Fault.RESET:
                self._reset()
            case Fault.LOST_ANSWER:
                self._forward(body)
                self._reset()
            case Fault.CUT_SHORT:
                status, headers, data = self._forward(body)
                self._answer(status, headers, data, data[: len(data) // 2])
                self._reset()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815  the names that http.server looks for

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        target = http.client.HTTPConnection(
            str(self.server.target.hostname), self.server.target.port, timeout=_TIMEOUT_S
        )
        try:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _ONE_HOP}
            target.request(self.command, self.path, body, kept | {"Content-Length": str(len(body))})
            answer = target.getresponse()
            # The response to a HEAD has a Content-Length but no body, so its length is forwarded.
            data = answer.read()
            length = answer.headers.get("Content-Length") if self.command == "HEAD" else str(len(data))
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _ONE_HOP]
            return answer.status, [*headers, ("Content-Length", length or "0")], data
        finally:
            target.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, sent: bytes | None = None) -> None:
        """Send a response. sent: what to send instead of `data`; Content-Length still announces all of `data`."""
        self.send_response_only(status)
        if not any(name == "Content-Length" for name, _ in headers):
            headers = [*headers, ("Content-Length", str(len(data)))]
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if sent is None else sent)

    def _reset(self) -> None:
        """Close the connection so that the other side sees a reset (RST)."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Log nothing."""
