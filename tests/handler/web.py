"""A small internet on this machine: names, addresses, certificates, and one server behind all of them.

A table resolves the names, and every address leads to the one server. So a test sees which addresses were connected to,
and public ones need no network.
"""

import datetime as dt
import functools
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from handler.untrusted.exchange import Wire

PUBLIC = "93.184.215.14"
NAMES = (
    *("pictures.example", "other.example", "evil.example"),
    *("cdn.shopify.com", "cdn11.bigcommerce.com", "api.bigcommerce.com"),
)
Route = Callable[["Request", socket.socket], None]


@dataclass(frozen=True)
class Request:
    """A request that the server received. headers: names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@functools.cache
def _authority() -> tuple[bytes, bytes]:
    """(certificate, key) in PEM, of an authority for all of NAMES."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a small internet")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), private


@dataclass
class Web:
    """routes: by path, functions that write the response. names: by host, the addresses that each look-up returns in
    turn; the last ones are repeated. connections: every (address, port) that was connected to. requests: all that were
    received. hung_up: set when the client has closed the connection of an endless response.
    """

    port: int
    trusted: ssl.SSLContext
    routes: dict[str, Route] = field(default_factory=dict)
    names: dict[str, list[list[str]]] = field(default_factory=lambda: {name: [[PUBLIC]] for name in NAMES})
    connections: list[tuple[str, int]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def wire(self) -> Wire:
        return Wire(resolve=self.resolve, dial=self.dial, tls=self.trusted)

    def resolve(self, host: str, port: int) -> list[str]:  # noqa: ARG002  as a Resolver is called
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answers = self.names[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def dial(self, address: str, port: int, seconds: float) -> socket.socket:
        self.connections.append((address, port))
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def serve(self, path: str, data: bytes, status: int = 200, **headers: str) -> None:
        """Respond to requests of `path`. headers: with _ for -."""
        head = {"Content_Length": str(len(data)), **headers}
        self.raw(path, answer(status, head) + data)

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.serve(path, b"", status, Location=to)

    def raw(self, path: str, data: bytes) -> None:
        self.routes[path] = lambda _, sock: sock.sendall(data)


def answer(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} x", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


def endless(piece: bytes, web: Web, head: bytes, pause: threading.Event | None = None, every: float = 0) -> Route:
    """A route that writes `head` and then `piece` again and again until the other end hangs up."""

    def write(_: Request, sock: socket.socket) -> None:
        try:
            sock.sendall(head)
            while True:
                sock.sendall(piece)
                if pause is not None:
                    pause.wait(every)
        except OSError:
            web.hung_up.set()

    return write


def bomb(size: int) -> bytes:
    """A small gzip file that expands to `size` zeros."""
    return gzip.compress(bytes(size), mtime=0)  # the same at each call, since it is part of a test's name


@contextmanager
def web(folder: Path, *, tls: bool = True) -> Iterator[Web]:
    """A server, and a `Wire` by which all names lead to it. tls=False: plain HTTP."""
    certificate, key = _authority()
    (folder / "authority.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "authority.pem", folder / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    made = Web(listener.getsockname()[1], ssl.create_default_context(cafile=str(folder / "authority.pem")))
    threads: list[threading.Thread] = []

    def one(plain: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError), plain:  # many tests hang up on purpose
            plain.settimeout(10)
            with context.wrap_socket(plain, server_side=True) if tls else plain as sock:
                request = _read(sock)
                made.requests.append(request)
                route = made.routes.get(request.path.partition("?")[0])
                if route is None:
                    sock.sendall(answer(404, {"Content_Length": "0"}))
                else:
                    route(request, sock)

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=one, args=(plain,)))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield made
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def _read(sock: socket.socket) -> Request:
    with sock.makefile("rb") as file:
        method, path, _ = file.readline().decode().split(" ", 2)
        headers = {}
        while line := file.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = file.read(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)
