"""An HTTP/1.1 server on the loopback interface, which passes requests to the gateway and keeps connections open.

http.server parses headers, and Werkzeug chunked bodies. Werkzeug's own server closes the connection after each
response, which API Gateway does not do.
"""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, TYPE_CHECKING, Any, cast

from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import DechunkedInput
from werkzeug.wsgi import LimitedStream

from handler.local.gateway import MAX_BODY, Answer, Gateway, Request

if TYPE_CHECKING:
    import io

HOST = "127.0.0.1"
LINGER_S = 1.0
"""How long a client that sent too much may take to read the response before its connection is closed."""


class PortTaken(Exception):
    """Another program uses the port."""


@contextmanager
def listening(gateway: Gateway, port: int = 0) -> Iterator[int]:
    """Serve for as long as the block lasts; yield the port. port: 0 for one that is free. Raises PortTaken."""
    handler = type("_Handler", (_RequestHandler,), {"gateway": gateway})
    try:
        server = _Server((HOST, port), handler)
    except OSError as error:
        raise PortTaken(f"--port {port} cannot be used: {error.strerror}. Choose another port.") from error
    with server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that has gone is routine
            super().handle_error(request, client_address)


class _RequestHandler(BaseHTTPRequestHandler):
    gateway: Gateway
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for headers and body, or the body would wait for an acknowledgement of the headers
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        """http.server looks up do_GET and so on. The gateway decides which methods exist."""
        if name.startswith("do_"):
            return self._respond
        raise AttributeError(name)

    def _respond(self) -> None:
        try:
            body = self._body()
        except (OSError, ValueError, ClientDisconnected):
            self.send_error(HTTPStatus.BAD_REQUEST, "The request's body is not as its headers say.")
            return
        self._send(self.gateway.answer(Request(self.command, self.path, list(self.headers.items()), body)))

    def _body(self) -> bytes:
        """The body, or the first MAX_BODY + 1 bytes of a larger one; the rest is read, so that the client reads too.

        Raises ValueError, OSError or ClientDisconnected if it does not match the headers.
        """
        sent = cast("IO[bytes]", self.rfile)  # typeshed's class lacks methods that nobody calls here
        coding, length = self.headers.get("Transfer-Encoding"), self.headers.get("Content-Length", "0")
        source: io.RawIOBase
        if coding is not None and coding.strip().lower() == "chunked":
            source = DechunkedInput(sent)
        elif coding is None and length.isascii() and length.isdecimal():
            source = LimitedStream(sent, int(length))
        else:
            raise ValueError(f"A body cannot be read by Transfer-Encoding {coding} and Content-Length {length}.")
        body = source.read(MAX_BODY + 1) or b""
        while source.read(1 << 20):
            pass
        return body

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, values in answer.headers.items():
            for value in values:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Send "100 Continue" at once: in the buffer, it would leave the client waiting."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Respond to a request that http.server cannot parse, in the form of the API's errors."""
        self.request_version = self.protocol_version  # not set if the first line is too long
        self.command = getattr(self, "command", None) or ""
        self.close_connection = True
        errors = {"errors": [{"title": message or HTTPStatus(code).phrase, "code": "invalid_request"}]}
        headers = {"Content-Type": ["application/json"], "Access-Control-Allow-Origin": ["*"]}
        self._send(Answer(code, headers, json.dumps(errors).encode()))
        # Closing a connection with unread data resets it, and the client may lose the response.
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(LINGER_S)
        with suppress(OSError):
            while self.connection.recv(1 << 16):
                pass

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as in the base class
        """Nothing: the functions log."""
