"""Downloads: slow servers, large responses, other kinds of files, and what an error says."""

import threading
import tracemalloc
from dataclasses import replace

import pytest

from handler.errors import FetchError, FetchFailed, FetchRefused
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy
from pipeline.errors import EmptyImage, ImageTooLarge, NotAnImage, UnsupportedFormat
from tests.handler.untrusted.conftest import URL
from tests.handler.web import PUBLIC, answer, bomb, endless

HASTY = Policy(connect_s=5, read_s=5, total_s=0.3)


@pytest.mark.parametrize("where", ["body", "head", "before"])
def test_a_slow_server_is_cut_off_at_the_deadline(net, get, photo, where):
    pause = threading.Event()
    head = {"body": answer(200, {}) + photo[:100], "head": b"HTTP/1.1 200 OK\r\nX: ", "before": b""}[where]
    piece = b"HTTP/1.1 100 Continue\r\n\r\n" if where == "before" else b"x"
    net.routes["/a.jpg"] = endless(piece, net, head, pause, 0.02)
    with pytest.raises(FetchFailed):
        get(policy=HASTY)
    assert net.hung_up.wait(10)


def test_a_silent_server_times_out(net, get):
    gone = threading.Event()
    net.routes["/a.jpg"] = lambda _, sock: sock.recv(1) or gone.set()
    with pytest.raises(FetchFailed):
        get(policy=replace(HASTY, read_s=0.1, total_s=30))
    assert gone.wait(10)


def test_a_hanging_resolver_times_out(net):
    never = threading.Event()

    def resolve(host, port):
        never.wait(10)
        return [PUBLIC]

    with pytest.raises(FetchFailed):
        Fetcher(HASTY, replace(net.wire, resolve=resolve)).get(URL)
    never.set()
    assert net.connections == []


def test_redirects_share_one_deadline(net, photo):
    """Each step is quick by itself; the clock passes 20 s at each look."""
    now = iter(range(0, 10_000, 20))
    net.redirect("/a.jpg", "/b.jpg")
    net.serve("/b.jpg", photo)
    with pytest.raises(FetchFailed) as failed:
        Fetcher(Policy(total_s=100), replace(net.wire, clock=lambda: float(next(now)))).get(URL)
    assert "too long" in failed.value.detail


def test_an_endless_body_is_cut_off_at_the_limit(net, get, photo):
    net.routes["/a.jpg"] = endless(bytes(1 << 16), net, answer(200, {}) + photo[:100])
    with pytest.raises(ImageTooLarge):
        get(policy=Policy(max_bytes=1_000_000))
    assert net.hung_up.wait(10)


def test_a_body_may_be_as_large_as_the_limit(net, get, photo):
    net.serve("/a.jpg", photo)
    assert get(policy=Policy(max_bytes=len(photo))).data == photo
    with pytest.raises(ImageTooLarge):
        get(policy=Policy(max_bytes=len(photo) - 1))


def test_memory_holds_a_body_once(net, get, photo):
    data = photo + bytes(30_000_000)
    net.serve("/a.jpg", data)
    get(policy=Policy(max_bytes=len(data)))
    tracemalloc.start()
    try:
        assert get(policy=Policy(max_bytes=len(data))).data == data
        assert tracemalloc.get_traced_memory()[1] < 1.3 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", ["-1", "x", "10, 20"])
def test_an_invalid_content_length_is_ignored(net, get, photo, length):
    net.serve("/a.jpg", photo, Content_Length=length)
    with pytest.raises(ImageTooLarge):
        get(policy=Policy(max_bytes=100))


def test_a_longer_body_is_cut_off_and_a_shorter_one_fails(net, get, photo):
    net.serve("/a.jpg", photo + b"more", Content_Length=str(len(photo)))
    assert get().data == photo
    net.serve("/a.jpg", photo, Content_Length=str(len(photo) + 1))
    with pytest.raises(FetchFailed):
        get()


def test_a_chunked_body_is_limited_and_must_be_complete(net, get, photo):
    head = answer(200, {"Transfer_Encoding": "chunked", "Content_Length": "5"})
    chunk = b"%x\r\n%b\r\n" % (len(photo), photo)
    net.raw("/a.jpg", head + chunk + b"0\r\n\r\n")
    assert get().data == photo
    with pytest.raises(ImageTooLarge):
        get(policy=Policy(max_bytes=100))
    for broken in (chunk, chunk[:-100], b"zz\r\n"):
        net.raw("/a.jpg", head + broken)
        with pytest.raises(FetchFailed):
            get()


@pytest.mark.parametrize("size", [b"-1", b"-5"])
def test_a_chunk_of_negative_size_is_not_read_to_its_end(net, get, photo, size):
    head = answer(200, {"Transfer_Encoding": "chunked"}) + size + b"\r\n" + photo[:100]
    net.routes["/a.jpg"] = endless(bytes(1 << 16), net, head)
    with pytest.raises(ImageTooLarge):
        get(policy=Policy(max_bytes=1_000_000, total_s=5))
    assert net.hung_up.wait(10)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "deflate", "identity, gzip"])
def test_a_compressed_body_is_refused(net, get, encoding):
    net.serve("/a.jpg", bomb(100_000_000), Content_Encoding=encoding)
    with pytest.raises(FetchRefused) as refused:
        get()
    assert "encoded" in refused.value.detail


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<!doctype html><title>Sign in</title>", NotAnImage),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', NotAnImage),
        (b'<?xml version="1.0"?><a/>', NotAnImage),
        (b'{"error": "not found"}', NotAnImage),
        (b"8BPS" + bytes(20), UnsupportedFormat),
        (b"", EmptyImage),
        (bomb(10_000), NotAnImage),
    ],
)
def test_only_images_are_accepted_whatever_their_content_type(net, get, body, error):
    net.serve("/a.jpg", body, Content_Type="image/jpeg")
    with pytest.raises(error):
        get()


@pytest.mark.parametrize(
    ("status", "error"),
    [(s, FetchRefused) for s in (201, 204, 206, 304, 400, 401, 403, 404, 410, 418)]
    + [(s, FetchFailed) for s in (408, 425, 429, 500, 502, 503, 504, 599)],
)
def test_the_status_decides_whether_to_retry(net, get, photo, status, error):
    net.serve("/a.jpg", photo, status)
    with pytest.raises(error, match=str(status)):
        get()


@pytest.mark.parametrize("garbage", [b"", b"\x16\x03\x01", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-x\r\n", b"H" * 70_000])
def test_a_malformed_response_is_a_failure(net, get, garbage):
    net.raw("/a.jpg", garbage)
    with pytest.raises(FetchFailed):
        get()


def test_a_redirect_without_location_is_refused(net, get):
    net.raw("/a.jpg", answer(302, {"Content_Length": "0"}))
    with pytest.raises(FetchRefused):
        get()


def test_an_unchanged_image_is_not_downloaded_again(net, photo):
    fetcher = Fetcher(Policy(), net.wire)
    net.serve("/a.jpg", b"", 304)
    assert fetcher.get_if_changed(URL, '"v1"') is None
    assert net.requests[0].headers["if-none-match"] == '"v1"'
    net.serve("/a.jpg", photo)
    changed = fetcher.get_if_changed(URL, '"v1"')
    assert changed is not None
    assert changed.data == photo


def test_every_failure_to_connect_has_the_same_message(net, get):
    def refused(address, port, seconds):
        raise ConnectionRefusedError

    net.names["evil.example"] = [["10.0.0.1"]]
    net.routes["/slow"] = lambda _, sock: sock.recv(1)
    said = []
    for attempt in (
        lambda: get("https://evil.example/"),
        lambda: get("https://nowhere.example/"),
        lambda: get("http://127.0.0.1:9001/"),
        lambda: Fetcher(Policy(), replace(net.wire, dial=refused)).get(URL),
        lambda: get("https://pictures.example/slow", policy=HASTY),
    ):
        with pytest.raises(FetchError) as error:
            attempt()
        said.append((str(error.value), error.value.code))
    assert len(set(said)) == 1
