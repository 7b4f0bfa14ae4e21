"""Rules 4 to 9: rebinding, redirects, what is sent, slowness, size, kind, and what a stranger is told."""

import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from handler.errors import FetchError, FetchFailed, FetchRefused
from handler.untrusted.exchange import AGENT, resolve
from handler.untrusted.fetch import Fetched, Fetcher
from handler.untrusted.guard import Policy
from pipeline.errors import EmptyImage, ImageTooLarge, NotAnImage, UnsupportedFormat
from tests.handler.web import NAMES, PUBLIC, answer, bomb, endless, web

URL = "https://pictures.example/a.jpg"
HASTY = Policy(connect_s=5, read_s=5, total_s=0.3)


@pytest.fixture
def net(tmp_path):
    with web(tmp_path) as made:
        yield made


@pytest.fixture
def get(net):
    return lambda url=URL, policy=None, **more: Fetcher(policy or Policy(), net.wire).get(url, **more)


def test_a_download_has_type_etag_and_final_url(net, get, photo):
    net.serve("/a.jpg", photo, Content_Type="text/plain", ETag='"v1"')
    assert get() == Fetched(photo, "image/jpeg", '"v1"', URL)
    assert net.connections == [(PUBLIC, 443)]


def test_a_request_reveals_nothing_about_the_deployment(net, get, photo, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    net.serve("/a.jpg", photo, Set_Cookie="a=b")
    get()
    get()
    assert [request.headers for request in net.requests] == 2 * [
        {
            "host": "pictures.example",
            "user-agent": AGENT,
            "connection": "close",
            "accept": "image/*",
            "accept-encoding": "identity",
        }
    ]


# Names and connections


@pytest.mark.parametrize(
    "inner", ["127.0.0.1", "169.254.169.254", "100.64.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"]
)
def test_no_connection_is_made_to_a_private_address(net, get, inner):
    net.names["pictures.example"] = [[PUBLIC, inner]]
    with pytest.raises(FetchRefused):
        get()
    assert net.connections == []


def test_a_name_is_resolved_once_so_that_rebinding_fails(net, get, photo):
    net.serve("/a.jpg", photo)
    net.names["pictures.example"] = [[PUBLIC], ["127.0.0.1"]]
    assert get().data == photo
    assert net.connections == [(PUBLIC, 443)]
    with pytest.raises(FetchRefused):  # the second fetch resolves again, and sees what the first must not
        get()
    assert len(net.connections) == 1


def test_the_certificate_must_match_the_host(net, get, photo):
    net.serve("/a.jpg", photo)
    net.names["unknown.example"] = [[PUBLIC]]
    with pytest.raises(FetchRefused) as refused:
        get("https://unknown.example/a.jpg")
    assert "certificate" in refused.value.detail
    assert net.requests == []


def test_an_untrusted_certificate_is_refused(net, photo):
    net.serve("/a.jpg", photo)
    stranger = replace(net.wire, tls=type(net.wire)().tls)
    with pytest.raises(FetchRefused):
        Fetcher(Policy(), stranger).get(URL)


def test_the_next_address_is_tried_when_one_does_not_answer(net, photo):
    net.serve("/a.jpg", photo)
    net.names["pictures.example"] = [["93.184.215.13", PUBLIC]]

    def dial(address, port, seconds):
        if address != PUBLIC:
            raise ConnectionRefusedError
        return net.dial(address, port, seconds)

    assert Fetcher(Policy(), replace(net.wire, dial=dial)).get(URL).data == photo


def test_an_unknown_host_is_refused_and_a_failed_lookup_is_retried(net, get):
    with pytest.raises(FetchRefused):
        get("https://nowhere.example/a.jpg")

    def again(host, port):
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    with pytest.raises(FetchFailed):
        Fetcher(Policy(), replace(net.wire, resolve=again)).get(URL)


def test_the_systems_resolver_returns_every_address_once():
    assert set(resolve("localhost", 443)) <= {"127.0.0.1", "::1"}
    assert resolve("127.0.0.1", 443) == ["127.0.0.1"]


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_target_of_a_redirect_is_checked_like_any_url(net, get, photo, status):
    net.redirect("/a.jpg", "https://other.example/b.jpg?v=2", status)
    net.serve("/b.jpg", photo)
    assert get().url == "https://other.example/b.jpg?v=2"
    assert [request.headers["host"] for request in net.requests] == ["pictures.example", "other.example"]


def test_a_relative_redirect_stays_at_its_host(net, get, photo):
    net.redirect("/a.jpg", "../b.jpg")
    net.serve("/b.jpg", photo)
    assert get().url == "https://pictures.example/b.jpg"


def test_three_redirects_are_followed_and_no_fourth(net, get, photo):
    for n in range(4):
        net.redirect(f"/{n}", f"/{n + 1}")
    net.serve("/4", photo)
    assert get("https://pictures.example/1").data == photo
    net.requests.clear()
    with pytest.raises(FetchRefused):
        get("https://pictures.example/0")
    assert len(net.requests) == 4


@pytest.mark.parametrize(
    "to",
    [
        *("http://127.0.0.1:9001/2018-06-01/runtime/invocation/next", "https://127.0.0.1/", "https://[::1]/"),
        *("http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "https://user@other.example/"),
        *("http://other.example/a.jpg", "https://evil.example/a.jpg", "https://other.example:8443/", "//localhost/"),
    ],
)
def test_a_redirect_to_a_private_address_or_to_http_is_refused(net, get, to):
    net.redirect("/a.jpg", to)
    net.names["evil.example"] = [["10.0.0.1"]]
    with pytest.raises(FetchRefused):
        get()
    assert len(net.connections) == 1


def test_a_redirect_from_https_to_http_is_refused_also_where_http_is_allowed(net, get):
    net.redirect("/a.jpg", "http://other.example/a.jpg")
    with pytest.raises(FetchRefused) as refused:
        get(policy=Policy(http=True))
    assert "from https to http" in refused.value.detail
    assert len(net.connections) == 1


def test_a_redirect_must_stay_within_the_allowed_hosts(net, get, photo):
    net.redirect("/a.jpg", "https://other.example/b.jpg")
    net.serve("/b.jpg", photo)
    with pytest.raises(FetchRefused):
        get(hosts=["pictures.example"])
    assert get(hosts=NAMES).data == photo


# Time and size


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


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "deflate", "identity, gzip"])
def test_a_compressed_body_is_refused(net, get, encoding):
    net.serve("/a.jpg", bomb(100_000_000), Content_Encoding=encoding)
    with pytest.raises(FetchRefused) as refused:
        get()
    assert "encoded" in refused.value.detail


# Kind and status


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


# On this machine


def test_loopback_is_reached_only_if_the_policy_allows_it(tmp_path: Path, photo):
    with web(tmp_path, tls=False) as here:
        here.serve("/a.jpg", photo)
        url = f"http://127.0.0.1:{here.port}/a.jpg"
        assert Fetcher(Policy(loopback=True)).get(url, hosts=["cdn.example"]).data == photo
        with pytest.raises(FetchRefused):
            Fetcher(Policy()).get(url)
        assert len(here.requests) == 1
