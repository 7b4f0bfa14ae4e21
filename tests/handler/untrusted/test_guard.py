"""Which URLs and addresses lead to the public internet."""

import pytest

from handler.errors import FetchRefused
from handler.untrusted.guard import Policy, check, is_public, target

STRICT, HERE = Policy(), Policy(loopback=True)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://pictures.example/a.jpg", "https://pictures.example/a.jpg"),
        ("HTTPS://Pictures.Example:443/a.jpg", "https://pictures.example/a.jpg"),
        ("https://pictures.example", "https://pictures.example/"),
        ("https://pictures.example/a.jpg?v=1&w=a%20b#top", "https://pictures.example/a.jpg?v=1&w=a%20b"),
        ("https://pictures.example/été 1.jpg?q=ü", "https://pictures.example/%C3%A9t%C3%A9%201.jpg?q=%C3%BC"),
        ("https://bücher.example/a.jpg", "https://xn--bcher-kva.example/a.jpg"),
        ("https://8.8.8.8/a.jpg", "https://8.8.8.8/a.jpg"),
        ("https://a_b.x-1.example/a.jpg", "https://a_b.x-1.example/a.jpg"),
    ],
)
def test_an_ordinary_url_is_parsed(url, meant):
    assert target(url, STRICT).url == meant


@pytest.mark.parametrize(
    "url",
    [
        *("http://pictures.example/a.jpg", "ftp://pictures.example/", "file:///etc/passwd", "gopher://x.example/"),
        *("data:image/png;base64,AA", "//pictures.example/a.jpg", "pictures.example/a.jpg", ""),
        *("https://pictures.example:80/", "https://pictures.example:22/", "https://pictures.example:9001/"),
        *("https://pictures.example:99999/", "https://pictures.example:x/"),
        *("https://user:pass@pictures.example/", "https://user@pictures.example/", "https://@pictures.example/"),
        *("https://pictures.example/a\nb", "https://pictures.example\t/a", "\x00https://pictures.example/"),
        *("https://pictures.example\\@other.example/", "https://pictures.example/\x7f"),
        *("https://pictures.example/\ud800", "https://pictures.example/?q=\udfff", "https://pict\ud800ures.example/"),
        *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0x7f.1/"),
        *("https://1.2.3.4.5/", "https://127.0.0.1./", "https://\uff11\uff12\uff17.0.0.1/", "https://example.0x10/"),
        *("https://[::ffff:127.0.0.1]/", "https://[::1]/", "https://[2606:4700::1111]/", "https://[fe80::1%25eth0]/"),
        *("https://localhost/", "https://intranet/", "https:///a.jpg", "https://.example/", "https://a..example/"),
        *("https://-a.example/", "https://" + "a" * 64 + ".example/", "https://" + "a." * 130 + "example/"),
        "https://pictures.example/" + "a" * 2048,
        *("https://127.0.0.1:9001/", "http://127.0.0.1/", "http://localhost:8000/"),
    ],
)
def test_an_unsafe_url_is_refused_before_its_name_is_resolved(url):
    with pytest.raises(FetchRefused) as refused:
        check(target(url, STRICT), ["127.0.0.1"], STRICT)
    assert str(refused.value) == FetchRefused.VAGUE
    assert refused.value.detail != str(refused.value)


def test_http_is_allowed_by_policy():
    assert target("http://pictures.example/a.jpg", Policy(http=True)).port == 80
    with pytest.raises(FetchRefused):
        target("http://pictures.example:8080/a.jpg", Policy(http=True))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/a.jpg", "http://localhost:8000/a.jpg", "https://127.0.0.1/"])
def test_the_local_policy_allows_loopback_and_nothing_else(url):
    check(found := target(url, HERE, hosts=["cdn.example"]), ["127.0.0.1"], HERE)
    assert found.host in ("127.0.0.1", "localhost")
    for other in (
        "http://pictures.example/",
        "https://pictures.example:8000/",
        "http://127.0.0.2/",
        "http://10.0.0.1/",
    ):
        with pytest.raises(FetchRefused):
            target(other, HERE)
    with pytest.raises(FetchRefused):
        check(target("https://pictures.example/", HERE), ["127.0.0.1"], HERE)


@pytest.mark.parametrize(
    ("hosts", "host", "allowed"),
    [
        (["cdn.example"], "cdn.example", True),
        (["cdn.example"], "CDN.example", True),
        (["cdn.example"], "a.cdn.example", False),
        (["cdn.example"], "cdn.example.evil.example", False),
        (["*.cdn.example"], "a.cdn.example", True),
        (["*.cdn.example"], "a.b.cdn.example", True),
        (["*.cdn.example"], "cdn.example", False),
        (["*.cdn.example"], "evilcdn.example", False),
        (["a.example", "b.example"], "b.example", True),
        ([], "cdn.example", False),
    ],
)
def test_a_list_of_hosts_allows_only_those(hosts, host, allowed):
    if allowed:
        target(f"https://{host}/a.jpg", STRICT, hosts)
    else:
        with pytest.raises(FetchRefused):
            target(f"https://{host}/a.jpg", STRICT, hosts)


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.0", "172.32.0.1", "223.255.255.254"),
        *("2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    ],
)
def test_public_addresses(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        # RFC 1918, loopback, this network, link-local with the metadata services, shared space, benchmarks
        *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.255.255.254", "0.0.0.0"),
        *("0.1.2.3", "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.127.255.255", "198.18.0.1"),
        # documentation, protocol assignments, relays, multicast, reserved, broadcast
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "192.0.0.1", "192.88.99.1", "224.0.0.1", "239.1.1.1"),
        *("240.0.0.1", "255.255.255.255"),
        # IPv6: unspecified, loopback, link-local, unique local (EC2's metadata), site-local, multicast, documentation
        *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "100::1"),
        # an IPv4 address within: mapped, compatible, translated, NAT64, NAT64 for local use, 6to4, Teredo both ways
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1", "::127.0.0.1"),
        *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::6440:1", "64:ff9b:1::808:808"),
        *(
            "2002:808:808::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "2002:a00:1::",
            "2001:0:808:808::80ff:fffe",
            "2001:0:7f00:1::f7f7:f7f7",
        ),
        *("no address", "", "127.1", "fe80::1%eth0"),
    ],
)
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("addresses", [[], ["8.8.8.8", "10.0.0.1"], ["::1", "8.8.8.8"]])
def test_every_address_of_a_name_must_be_public(addresses):
    with pytest.raises(FetchRefused):
        check(target("https://pictures.example/", STRICT), addresses, STRICT)
