"""One HTTP exchange with a server that a stranger named: by a checked address, within a time, up to a size."""

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
_MOST_ADDRESSES = 4
"""How many addresses of a host are tried before it counts as unreachable."""

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) -> all its addresses as text. Raises OSError, as the system's own does."""
Dial = Callable[[str, int, float], socket.socket]
"""(address, port, seconds) -> a connected TCP socket. Raises OSError."""


def resolve(host: str, port: int) -> list[str]:
    """The system's own answer, IPv4 first, as functions outside a VPC have no way out by IPv6."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    found.sort(key=lambda row: row[0] != socket.AF_INET)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection to an address; no name is looked up."""
    return socket.create_connection((address, port), seconds)


@dataclass(frozen=True, slots=True)
class Wire:
    """What an exchange needs of the world. tls: checks certificates and names against the system's authorities."""

    resolve: Resolver = resolve
    dial: Dial = dial
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    clock: Callable[[], float] = time.monotonic


class Deadline:
    """A moment by which everything has to be done, by a clock that nobody can set."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock, self._end = clock, clock() + seconds

    def left(self, at_most: float) -> float:
        """Seconds left, `at_most` where there are more. Raises TimeoutError when none are."""
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError("the whole took too long")
        return min(left, at_most)


class Reply:
    """An answer of which only the head was read. headers: names in lower case, the first of several."""

    def __init__(self, response: http.client.HTTPResponse, max_bytes: int) -> None:
        self._response, self._max_bytes = response, max_bytes
        self.status = response.status
        self.headers = {name.lower(): value for name, value in reversed(response.getheaders())}

    def read(self) -> bytes:
        """The body. Bytes are counted as they come, whatever the head said.

        Raises ImageTooLarge, FetchRefused for one compressed though nobody asked, FetchFailed for one cut short.
        """
        if (encoding := self.headers.get("content-encoding", "identity").strip().lower()) not in ("identity", ""):
            raise FetchRefused(f"the answer is encoded as {encoding}")
        data = bytearray()
        while piece := self._response.read(_PIECE):
            data += piece
            if len(data) > self._max_bytes:
                raise ImageTooLarge(f"The address gives more than {self._max_bytes:,} bytes.")
        if self._response.length:  # what Content-Length promised beyond what came
            raise FetchFailed(f"the answer ended {self._response.length} bytes early")
        return bytes(data)


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
    """Ask once. Redirects are answers like others; proxies, cookies and credentials play no part.

    The name is looked up once and the connection goes to an address that was checked, so that an answer which changes
    between check and use (DNS rebinding) changes nothing. Raises FetchRefused, FetchFailed, also within the block.
    """
    try:
        addresses = _resolved(target, policy, wire, deadline)
        guard.check(target, addresses, policy)
        with _connected(target, addresses, policy, wire, deadline) as plain, _secured(plain, target, wire) as sock:
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = _Clocked(sock, deadline, policy.read_s)
            ours = {"Host": target.authority, "User-Agent": AGENT, "Connection": "close"}
            connection.request(method, target.path, body, {**headers, **ours})
            yield Reply(connection.getresponse(), policy.max_bytes)
    except ssl.SSLCertVerificationError as error:
        raise FetchRefused(f"{target.host} shows a certificate that is not its own: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(f"{target.host} did not answer: {error!r}") from error


def _resolved(target: Target, policy: Policy, wire: Wire, deadline: Deadline) -> Sequence[str]:
    """All addresses of the target's host. The system's resolver knows no timeout, so it is left behind when late."""
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
        raise FetchRefused(f"there is no host {target.host}") from answer
    if isinstance(answer, OSError):
        raise answer
    return answer


def _connected(
    target: Target, addresses: Sequence[str], policy: Policy, wire: Wire, deadline: Deadline
) -> socket.socket:
    failed: OSError | None = None
    for address in addresses[:_MOST_ADDRESSES]:
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
    # The socket's timeout is still that of connecting, and OpenSSL's handshake has to be done within it as a whole.
    with wire.tls.wrap_socket(plain, server_hostname=target.host) as secured:
        yield secured


class _Clocked:
    """The little of a socket that http.client uses, with the deadline looked at before every step.

    A socket's own timeout begins anew with each byte, so that a server which drips them could hold us for ever.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, step_s: float) -> None:
        self._sock, self._deadline, self._step_s = sock, deadline, step_s

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left(self._step_s))
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._sock, self._deadline, self._step_s), _PIECE)

    def close(self) -> None:
        """The socket is closed where it was opened."""


class _Incoming(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline, step_s: float) -> None:
        self._sock, self._deadline, self._step_s = sock, deadline, step_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._deadline.left(self._step_s))
        return self._sock.recv_into(buffer)
