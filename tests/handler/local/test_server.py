"""The HTTP server, by raw sockets: bodies of every framing, connections that stay open, and requests that are wrong."""

import json
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from handler.local import server
from handler.local.gateway import MAX_BODY, Answer, Gateway, Request

CHUNKED = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Echo(Gateway):
    """Responds with the request; /slow responds late."""

    def __init__(self) -> None:
        pass

    def answer(self, request: Request) -> Answer:
        if request.target == "/slow":
            time.sleep(1)
        facts = [request.method, request.target, len(request.body), request.body[:100].decode("latin-1")]
        return Answer(200, {"Set-Cookie": ["a=1", "b=2"]}, json.dumps(facts).encode())


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with server.listening(Echo()) as port:
        yield port


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        yield client


def response(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One response, without any bytes after it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(1)
        assert more, data
        data += more
    first, *lines = data.decode().rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    body = b""
    while len(body) < int(headers["Content-Length"]):
        body += client.recv(int(headers["Content-Length"]) - len(body))
    return int(first.split()[1]), headers, body


def chunks(data: bytes, size: int) -> bytes:
    parts = [data[n : n + size] for n in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def error(body: bytes) -> str:
    (found,) = json.loads(body)["errors"]
    assert found["title"]
    code: str = found["code"]
    return code


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
def test_a_chunked_body_arrives_whole(port: int, size: int) -> None:
    data = bytes(range(256)) * 40
    with connected(port) as client:
        client.sendall(CHUNKED + chunks(data, size))
        assert json.loads(response(client)[2]) == ["POST", "/echo", len(data), data[:100].decode("latin-1")]


def test_a_connection_stays_open_for_a_second_request(port: int) -> None:
    plain = b"POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    with connected(port) as client:
        client.sendall(CHUNKED + chunks(b"first", 2) + plain + b"GET /last?a=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        answers = [json.loads(response(client)[2]) for _ in range(3)]
    assert answers == [["POST", "/echo", 5, "first"], ["POST", "/plain", 3, "abc"], ["GET", "/last?a=1", 0, ""]]


def test_any_method_reaches_the_gateway_and_head_has_no_body(port: int) -> None:
    with connected(port) as client:
        for method in (b"OPTIONS", b"DELETE", b"BREW"):
            client.sendall(method + b" / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert json.loads(response(client)[2])[0] == method.decode()
        client.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b"".join(iter(lambda: client.recv(1000), b""))
    assert data.startswith(b"HTTP/1.1 200")
    assert data.endswith(b"\r\n\r\n")


def test_a_client_that_waits_for_100_continue_gets_it(port: int) -> None:
    with connected(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 100")
        client.sendall(b"abc")
        assert json.loads(response(client)[2])[2] == 3


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 70_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(101)), 431),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x", 414),
        (b"GARBAGE", 400),
        (b"GET / HTTP/9.9", 505),
        (b"POST / HTTP/1.1\r\nContent-Length: many", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnot a length", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0", 400),
    ],
    ids=[
        "long header",
        "101 headers",
        "long url",
        "garbage",
        "version",
        "length",
        "negative length",
        "chunk",
        "coding",
    ],
)
def test_an_unreadable_request_gets_json_that_a_page_may_read(port: int, head: bytes, status: int) -> None:
    with connected(port) as client:
        client.sendall(head + b"\r\n\r\n")
        found, headers, body = response(client)
        assert client.recv(1) == b""  # what follows cannot be told from the rest of this request
    assert (found, headers["Content-Type"], headers["Access-Control-Allow-Origin"]) == (status, "application/json", "*")
    assert error(body) == "invalid_request"


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_beyond_the_limit_is_read_but_not_kept(port: int, chunked: bool) -> None:
    data = b"x" * (MAX_BODY + 3_000_000)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(data)
    with connected(port) as client:
        client.sendall(CHUNKED + chunks(data, 1_000_000) if chunked else head + data)
        assert json.loads(response(client)[2])[2] == MAX_BODY + 1
        client.sendall(b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        assert json.loads(response(client)[2])[1] == "/next"


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize(
    "sent",
    [b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nx", CHUNKED + b"5\r\nab"],
    ids=["before the response", "in the body", "in a chunk"],
)
def test_a_client_that_resets_its_connection_leaves_no_traceback(
    port: int, sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with connected(port) as client:
        client.sendall(sent)
        time.sleep(0.1)
        reset(client)
    time.sleep(1.2)
    assert capfd.readouterr() == ("", "")
    with connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert response(client)[0] == 200


def test_requests_do_not_wait_for_one_another(port: int) -> None:
    with connected(port) as slow, connected(port) as fast:
        slow.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        begin = time.monotonic()
        fast.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert response(fast)[0] == 200
        assert time.monotonic() - begin < 0.9
        assert response(slow)[0] == 200


def test_curl_sends_a_chunked_form_and_a_chunked_file(port: int, tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"y" * 2_000_000)
    url, chunked = f"http://127.0.0.1:{port}/curl", ("-H", "Transfer-Encoding: chunked")
    for arguments, least in ((("--data-binary", f"@{file}"), 2_000_000), (("-F", f"image_file=@{file}"), 2_000_100)):
        done = subprocess.run(["curl", "-sf", *chunked, *arguments, url], capture_output=True, check=True, timeout=60)
        assert json.loads(done.stdout)[2] >= least


def test_a_port_that_is_taken_is_named(port: int) -> None:
    with pytest.raises(server.PortTaken, match=f"--port {port} "), server.listening(Echo(), port):
        pass
