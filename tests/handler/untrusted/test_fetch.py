"""Downloads: what is sent, names that change their address, and redirects."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from handler.errors import FetchFailed, FetchRefused
from handler.untrusted.exchange import AGENT, resolve
from handler.untrusted.fetch import Fetched, Fetcher
from handler.untrusted.guard import Policy
from tests.handler.untrusted.conftest import URL
from tests.handler.web import NAMES, PUBLIC, web


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


def test_loopback_is_reached_only_if_the_policy_allows_it(tmp_path: Path, photo):
    with web(tmp_path, tls=False) as here:
        here.serve("/a.jpg", photo)
        url = f"http://127.0.0.1:{here.port}/a.jpg"
        assert Fetcher(Policy(loopback=True)).get(url, hosts=["cdn.example"]).data == photo
        with pytest.raises(FetchRefused):
            Fetcher(Policy()).get(url)
        assert len(here.requests) == 1
