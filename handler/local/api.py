"""The HTTP API on the loopback interface: a server, the gateway behind it, and the functions behind that."""

import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

from handler.local import template
from handler.local.container import Container
from handler.local.environment import sealed
from handler.local.gateway import Gateway, Request
from handler.local.stack import Stack
from pipeline.models import DEFAULT_FOLDER

FUNCTIONS = ("ApiCutoutFunction", "ApiJobFunction", "WebhookFunction")


@dataclass(frozen=True, slots=True)
class Site:
    """url: such as "http://127.0.0.1:8080/live". keys: those that are let in, the first one is `key`."""

    url: str
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """The first key."""
        return self.keys[0]


@contextmanager
def serving(
    stack: Stack, log: Path | None = None, *, keys: int = 1, parameters: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Site]:
    """Serve the API on a stack for as long as the block lasts, on a port that was free.

    log: for what the functions print; None: standard output. keys: how many there are. parameters: of the template,
    where its defaults for the plan (ApiRate, ApiBurst) are not meant.
    """
    described = template.load()
    plan = template.defaults(described) | dict(parameters)
    made = {secrets.token_urlsafe(24): secrets.token_hex(5) for _ in range(keys)}
    with ExitStack() as opened:
        containers = {}
        for name in FUNCTIONS:
            function = template.properties(described, name)
            environment = {**sealed(os.environ), **stack.environment(name), "AWS_ENDPOINT_URL": stack.endpoint}
            # Pictures' addresses may be on this machine, and so are the weights, which have no layer here.
            environment |= {"HAIRLINE_ALLOW_LOOPBACK": "yes"}
            if "HAIRLINE_MODEL_DIR" in environment:
                environment["HAIRLINE_MODEL_DIR"] = str(DEFAULT_FOLDER)
            containers[name] = Container(function["Handler"], float(function["Timeout"]), environment, log)
            opened.callback(containers[name].close)
        for started in [container.start() for container in containers.values()]:
            started.result()
        functions = {name: container.call for name, container in containers.items()}
        gateway = Gateway(functions, made, rate=float(plan["ApiRate"]), burst=float(plan["ApiBurst"]))
        server = _Server(("127.0.0.1", 0), _handler(gateway))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened.callback(server.server_close)
        opened.callback(server.shutdown)
        yield Site(f"http://127.0.0.1:{server.server_address[1]}{gateway.base}", tuple(made))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    """A request handler for http.server that asks the gateway."""

    class _Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body at once: by themselves, the second would wait for the first to be acknowledged
        disable_nagle_algorithm = True

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            answer = gateway.answer(Request(self.command, self.path, list(self.headers.items()), self._body()))
            self.send_response_only(answer.status)
            for name, values in answer.headers.items():
                for value in values:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            try:
                self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):  # whoever asked has gone
                self.close_connection = True

        def _body(self) -> bytes:
            length = self.headers.get("Content-Length", "0")
            size = int(length) if length.isdecimal() else 0
            # What is beyond the limit is read as well, or the client would never come to hear the answer.
            return self.rfile.read(size)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as in the base class
            """Nothing: the functions log."""

    return _Handler
