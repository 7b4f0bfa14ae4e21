"""Download an image from an untrusted URL.

`handler.untrusted.guard` protects against private addresses and ambiguous names, `handler.untrusted.exchange` against
DNS rebinding, slow servers and large responses, and this module against redirects and anything that is not an image.
The roles of the functions that download permit little, because an attacker wants their credentials.
"""

import http
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urljoin

from handler.errors import FetchFailed, FetchRefused
from handler.untrusted import guard
from handler.untrusted.exchange import Deadline, Wire, exchange
from handler.untrusted.guard import Policy
from pipeline.sniff import sniff

_REDIRECTS = {301, 302, 303, 307, 308}
_TEMPORARY = {408, 425, 429}
"""Client errors that a retry may solve, as it may every 5xx."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """data: an encoded image. content_type: by its first bytes, whatever the server says. etag: the server's, or None.
    url: the last one, after redirects.
    """

    data: bytes
    content_type: str
    etag: str | None
    url: str


class Fetcher:
    """wire: access to the network, which tests replace."""

    def __init__(self, policy: Policy, wire: Wire | None = None) -> None:
        self._policy, self._wire = policy, wire or Wire()

    def get(self, url: str, *, hosts: Collection[str] | None = None) -> Fetched:
        """The image at `url`.

        hosts: the only ones allowed, also for redirects, as in `guard.target`; None allows all public ones.
        Raises FetchRefused, FetchFailed (with the same message; `detail` is for the log), ImageTooLarge,
        UnsupportedFormat (NotAnImage) and CorruptImage (EmptyImage, TruncatedImage) by the first bytes.
        """
        found = self.get_if_changed(url, None, hosts=hosts)
        assert found is not None
        return found

    def get_if_changed(self, url: str, etag: str | None, *, hosts: Collection[str] | None = None) -> Fetched | None:
        """As `get`, but None if the server still has the image with that etag."""
        deadline = Deadline(self._policy.total_s, self._wire.clock)
        headers = {"Accept": "image/*"} | ({"If-None-Match": etag} if etag else {})
        target = guard.target(url, self._policy, hosts)
        for _ in range(1 + self._policy.redirects):
            with exchange("GET", target, self._policy, self._wire, deadline, headers=headers) as reply:
                if reply.status == http.HTTPStatus.OK:
                    data = reply.read()
                    return Fetched(data, f"image/{sniff(data)}", reply.headers.get("etag"), target.url)
                if reply.status == http.HTTPStatus.NOT_MODIFIED and etag:
                    return None
                if reply.status not in _REDIRECTS or "location" not in reply.headers:
                    raise _refusal(reply.status)
                redirected = guard.target(urljoin(target.url, reply.headers["location"]), self._policy, hosts)
            if target.scheme == "https" and redirected.scheme != "https":
                raise FetchRefused(f"{target.host} redirects from https to {redirected.scheme}")
            target = redirected
        raise FetchRefused(f"more than {self._policy.redirects} redirects")


def _refusal(status: int) -> FetchRefused | FetchFailed:
    """The error for a response of an allowed server, whose status need not be hidden."""
    detail = f"HTTP status {status}"
    message = f"The server answered with HTTP status {status} instead of an image. Check the URL."
    return (FetchFailed if status in _TEMPORARY or status >= 500 else FetchRefused)(detail, message)
