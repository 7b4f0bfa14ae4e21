"""Fetch a picture from a URL that a stranger named.

Who guards against what: `handler.untrusted.guard` against private addresses and ambiguous names;
`handler.untrusted.exchange` against DNS rebinding, slow servers and large answers; this module against redirects and
anything that is not an image. A function that downloads has a role with few permissions, because its own runtime and
credentials are what an attacker wants.
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
_PASSING = {408, 425, 429}
"""Client errors that say "not now"; every 5xx says so too."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """data: an encoded picture. content_type: by its first bytes, whatever the server said.
    etag: the server's, None where it gave none. url: where it was in the end, redirects followed.
    """

    data: bytes
    content_type: str
    etag: str | None
    url: str


class Fetcher:
    """wire: how the world is reached; tests have one of their own."""

    def __init__(self, policy: Policy, wire: Wire | None = None) -> None:
        self._policy, self._wire = policy, wire or Wire()

    def get(self, url: str, *, hosts: Collection[str] | None = None) -> Fetched:
        """The picture at `url`.

        hosts: the only ones that may be asked, also by redirects, as in `guard.target`; None allows all public ones.
        Raises FetchRefused, FetchFailed (their words are the same; `detail` is for the log), ImageTooLarge,
        UnsupportedFormat (NotAnImage) and CorruptImage (EmptyImage, TruncatedImage) by the first bytes.
        """
        found = self.get_if_changed(url, None, hosts=hosts)
        assert found is not None
        return found

    def get_if_changed(self, url: str, etag: str | None, *, hosts: Collection[str] | None = None) -> Fetched | None:
        """As `get`, but None where the server still has the picture with that etag."""
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
                onward = guard.target(urljoin(target.url, reply.headers["location"]), self._policy, hosts)
            if target.scheme == "https" and onward.scheme != "https":
                raise FetchRefused(f"{target.host} redirects from https to {onward.scheme}")
            target = onward
        raise FetchRefused(f"more than {self._policy.redirects} redirects")


def _refusal(status: int) -> FetchRefused | FetchFailed:
    """For an answer of a server that may be asked, so its status is no secret."""
    detail = f"HTTP status {status}"
    message = f"The address answered with the HTTP status {status} instead of a picture."
    return (FetchFailed if status in _PASSING or status >= 500 else FetchRefused)(detail, message)
