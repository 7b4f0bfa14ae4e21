"""One HTTP exchange with an untrusted server: a checked address, a deadline, a size limit."""

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from handler.errors import FetchFailed, FetchRefused
from handler.untrusted import guard
from handler.untrusted.guard import Policy, Target
from pipeline import __version__
from pipeline.errors import ImageTooLarge

AGENT = f"Hairline/{__version__}"
_PIECE = 1 << 16
_MAX_ADDRESSES = 4
"""How many addresses of a host to try before it counts as unreachable."""

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) -> all its addresses as text. Raises OSError, as the system's own does."""
Dial = Callable[[str, int, float], socket.socket]
"""(address, port, seconds) -> a connected TCP socket. Raises OSError."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses that the system finds, IPv4 first, since functions outside a VPC cannot connect by IPv6."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    found.sort(key=lambda row: row[0] != socket.AF_INET)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection to an address; no name is resolved."""
    return socket.create_connection((address, port), seconds)


@dataclass(frozen=True, slots=True)
class Wire:
    """Access to the network, which tests replace.

    tls: checks certificates and names against the system's authorities.
    """

    resolve: Resolver = resolve
    dial: Dial = dial
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    clock: Callable[[], float] = time.monotonic


class Deadline:
    """A moment by which an exchange must be complete, on a monotonic clock."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock, self._end = clock, clock() + seconds

    def left(self, at_most: float) -> float:
        """Seconds left, but not more than `at_most`. Raises TimeoutError if none are left."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError("the whole exchange took too long")
        return min(left, at_most)


class Reply:
    """A response whose body has not been read.

    headers: by name in lower case; of several with the same name, the first.
    """

    def __init__(self, response: http.client.HTTPResponse, max_bytes: int) -> None:
        self._response, self._max_bytes = response, max_bytes
        self.status = response.status
        self.headers = {name.lower(): value for name, value in reversed(response.getheaders())}

    def read(self) -> bytes:
        """The body. Its bytes are counted as they arrive, whatever Content-Length says.

        Raises ImageTooLarge, FetchRefused for a compressed body, FetchFailed for one that ends early.
        """
        if (encoding := self.headers.get("content-encoding", "identity").strip().lower()) not in ("identity", ""):
            raise FetchRefused(f"the response is encoded as {encoding}, which Hairline does not accept")
        data = io.BytesIO()  # whose value is its own buffer, so that memory holds the body once
        # Unlike read, read1 never waits for a whole chunk. One of size -1 would have no end.
        while piece := self._response.read1(_PIECE):
            data.write(piece)
            if data.tell() > self._max_bytes:
                raise ImageTooLarge.of_file(None, self._max_bytes)
        if self._response.length:  # bytes that Content-Length announced and that did not arrive
            raise FetchFailed(f"the response ended {self._response.length} bytes early")
        return data.getvalue()


@contextmanager
def exchange(
    method: str,
    target: Target,
    policy: Policy,
    wire: Wire,
    deadline: Deadline,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Iterator[Reply]:
    """Send one request. It does not follow redirects, and uses no proxies, cookies or credentials.

    The name is resolved once and the connection goes to an address that was checked, so a name that changes between
    check and use (DNS rebinding) changes nothing. Raises FetchRefused, FetchFailed, also within the block.
    """
    try:
        addresses = _resolved(target, policy, wire, deadline)
        guard.check(target, addresses, policy)
        with _connected(target, addresses, policy, wire, deadline) as plain, _secured(plain, target, wire) as sock:
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = _Clocked(sock, deadline, policy.read_s)
            own = {"Host": target.authority, "User-Agent": AGENT, "Connection": "close"}
            connection.request(method, target.path, body, {**headers, **own})
            yield Reply(connection.getresponse(), policy.max_bytes)
    except ssl.SSLCertVerificationError as error:
        raise FetchRefused(f"the certificate of {target.host} is not valid: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(f"{target.host} did not answer: {error!r}") from error


def _resolved(target: Target, policy: Policy, wire: Wire, deadline: Deadline) -> Sequence[str]:
    """All addresses of the target's host. The system's resolver has no timeout, so a thread runs it."""
    answers: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(wire.resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=look_up, daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left(policy.read_s))
    except queue.Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(answer, socket.gaierror) and answer.errno == socket.EAI_NONAME:
        raise FetchRefused(f"the host {target.host} does not exist") from answer
    if isinstance(answer, OSError):
        raise answer
    return answer


def _connected(
    target: Target, addresses: Sequence[str], policy: Policy, wire: Wire, deadline: Deadline
) -> socket.socket:
    failed: OSError | None = None
    for address in addresses[:_MAX_ADDRESSES]:
        try:
            return wire.dial(address, target.port, deadline.left(policy.connect_s))
        except OSError as error:
            failed = error
    raise failed or OSError("no address")


@contextmanager
def _secured(plain: socket.socket, target: Target, wire: Wire) -> Iterator[socket.socket]:
    if target.scheme == "http":
        yield plain
        return
    # The socket still has the timeout for connecting, within which OpenSSL's handshake must be complete.
    with wire.tls.wrap_socket(plain, server_hostname=target.host) as secured:
        yield secured


class _Clocked:
    """The part of a socket that http.client uses, with the deadline checked before every step.

    A socket's own timeout starts again with each byte, so a slow server could keep the function busy forever.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, step_s: float) -> None:
        self._sock, self._deadline, self._step_s = sock, deadline, step_s

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left(self._step_s))
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._sock, self._deadline, self._step_s), _PIECE)

    def close(self) -> None:
        """Do nothing: the code that opened the socket closes it."""


class _Incoming(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline, step_s: float) -> None:
        self._sock, self._deadline, self._step_s = sock, deadline, step_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._deadline.left(self._step_s))
        return self._sock.recv_into(buffer)
