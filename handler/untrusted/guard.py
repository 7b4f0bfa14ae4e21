"""Which URLs Hairline may send requests to: those whose host is an unambiguous public name or address.

This prevents server-side request forgery: others name a URL, and Hairline requests it from inside AWS. OWASP's advice:
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

from handler.errors import FetchRefused

_MAX_LENGTH = 2048
"""Characters of a URL."""
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
"""Control characters, which parsers drop or stop at, the backslash, which some read as a slash, and lone surrogates,
which JSON can hold and UTF-8 cannot."""
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*\Z")
"""A host name of two or more labels, the last of which is not a number: resolvers read "0x7f.1" and "2130706433" as
addresses (https://url.spec.whatwg.org/#ends-in-a-number-checker)."""
_SAFE = "%/:=&?~+!$,;'@()*[]"
"""Characters that stay as they are in a path and a query. Others are encoded, since shops may not encode theirs."""
_LOOPBACK_NAMES = ("127.0.0.1", "localhost")

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which URLs are allowed, how large the answer may be, and how long it may take.

    http: whether port 80 without TLS is allowed too. loopback: whether 127.0.0.1 and localhost are, on any port and
    without TLS; only for tests and the local stack. max_bytes: of an answer. redirects: how many are followed.
    connect_s, read_s: seconds for one step of the exchange. total_s: for all of it, redirects included.
    """

    http: bool = False
    loopback: bool = False
    max_bytes: int = 40_000_000
    redirects: int = 3
    connect_s: float = 3
    read_s: float = 10
    total_s: float = 30


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, parsed. host: in lower-case ASCII. path: with the query, percent-encoded. url: put together again."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        is_default = self.port == {"https": 443, "http": 80}[self.scheme]
        return self.host if is_default else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """An equivalent URL."""
        return f"{self.scheme}://{self.authority}{self.path}"


def target(url: str, policy: Policy, hosts: Collection[str] | None = None) -> Target:
    """Parse a URL, and check everything except the addresses of its host.

    hosts: the only ones allowed besides what `loopback` allows, each a name or "*.name" for all its subdomains; None
    allows every public host. Raises FetchRefused.
    """
    if len(url) > _MAX_LENGTH:
        raise FetchRefused(f"the URL has {len(url)} characters")
    if _FORBIDDEN.search(url):
        raise FetchRefused(f"the URL {url!r} contains a control character, a backslash or a lone surrogate")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode().lower()
    except ValueError as error:  # UnicodeError is one
        raise FetchRefused(f"{url!r} is not a URL: {error}") from error
    if "@" in parts.netloc:
        raise FetchRefused(f"{url!r} names a user")
    is_loopback = policy.loopback and host in _LOOPBACK_NAMES
    if parts.scheme != "https" and not (parts.scheme == "http" and (policy.http or is_loopback)):
        raise FetchRefused(f"{url!r} has the scheme {parts.scheme!r}")
    default_port = {"https": 443, "http": 80}[parts.scheme]
    if port not in (None, default_port) and not is_loopback:
        raise FetchRefused(f"{url!r} names port {port}")
    if not (is_loopback or _is_plain(host)):
        raise FetchRefused(f"{url!r} has no host that is a full name or a plain IPv4 address")
    if hosts is not None and not is_loopback and not any(_matches(each, host) for each in hosts):
        raise FetchRefused(f"{host} is not one of the hosts {', '.join(sorted(hosts))}")
    path = quote(parts.path or "/", _SAFE) + (f"?{quote(parts.query, _SAFE)}" if parts.query else "")
    return Target(parts.scheme, host, port or default_port, path)


def check(target: Target, addresses: Sequence[str], policy: Policy) -> None:
    """Raise FetchRefused unless all of the addresses that the target's name resolves to are public."""
    if not addresses:
        raise FetchRefused(f"{target.host} has no address")
    if policy.loopback and target.host in _LOOPBACK_NAMES:
        return
    for address in addresses:
        if not is_public(address):
            raise FetchRefused(f"{target.host} has the address {address}, which is not public")


def is_private(target: Target, policy: Policy) -> bool:
    """Whether the host is an address that is not public. Of a name, `check` decides."""
    if policy.loopback and target.host in _LOOPBACK_NAMES:
        return False
    return _NAME.match(target.host) is None and not is_public(target.host)


def is_public(address: str) -> bool:
    """Whether it is an address on the public internet, and any IPv4 address that it embeds is one too.

    False for private, loopback, link-local (cloud metadata), shared (100.64.0.0/10), multicast, documentation and
    reserved addresses, and for text that is not an address. https://www.iana.org/assignments/iana-ipv4-special-registry
    """
    try:
        return all(_is_global(each) for each in _embedded(ip_address(address)))
    except ValueError:
        return False


def _embedded(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """The address, or those that it embeds, to which a gateway or the kernel would forward packets."""
    if isinstance(address, IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64:
        yield IPv4Address(address.packed[-4:])
    else:
        yield address
        if address.teredo is not None:
            yield from address.teredo


_WITHDRAWN = (IPv4Network("192.88.99.0/24"), IPv6Network("2002::/16"))
"""6to4 and its relays, deprecated by RFC 7526. Python versions disagree on whether they are global."""


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    usable = address.is_global and not (address.is_multicast or address.is_reserved)
    return usable and not any(address in network for network in _WITHDRAWN)


def _is_plain(host: str) -> bool:
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return _NAME.match(host) is not None


def _matches(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
