"""The originals of shops' images in the input bucket. Each is downloaded if it changed, and stored once.

An object's metadata says where it came from, so image and record are written at the same moment. Two workers with the
same image cannot both store it: each writes on the condition that the object has not changed since it looked.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from handler.aws.bucket import ObjectHead, S3Store
from handler.errors import FetchRefused, SourceChanged, SourceMissing
from handler.hooks.registry import Source
from handler.jobs import METADATA, ObjectRef
from handler.untrusted.fetch import Fetched, Fetcher

_URL, _ETAG = "hairline-url", "hairline-etag"
_MAX_ETAG_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Originals:
    """bucket: the input bucket."""

    store: S3Store
    bucket: str
    fetcher: Fetcher

    def ensure_stored(self, key: str, url: str, source: Source) -> bool:
        """Store the image at `url` under `key`, unless it is there already. Returns whether it was stored now.

        An image from the same URL, apart from the version, is unchanged; so is one with the same ETag. Raises what
        Fetcher does, StoreUnavailable, and SourceChanged if another worker stored another image meanwhile.
        """
        ref = ObjectRef(self.bucket, key)
        origin = _origin(url, source.platform.version)
        stored = self._stored(ref)
        if stored is not None and stored.metadata.get(_URL) == origin:
            return False
        etag = stored.metadata.get(_ETAG) if stored is not None else None
        fetched = self.fetcher.get_if_changed(url, etag, hosts=source.hosts)
        if fetched is None or (etag and fetched.etag == etag):
            return False
        metadata = {_URL: origin, METADATA: source.options} | _etag(fetched)
        try:
            self._put(ref, fetched, metadata, stored)
        except SourceChanged:
            # Another worker was faster, probably with the same image.
            stored = self._stored(ref)
            if stored is None or stored.metadata.get(_URL) != origin:
                raise
            return False
        return True

    def _stored(self, ref: ObjectRef) -> ObjectHead | None:
        try:
            return self.store.head(ref)
        except SourceMissing:
            return None

    def _put(self, ref: ObjectRef, fetched: Fetched, metadata: Mapping[str, str], seen: ObjectHead | None) -> None:
        condition = {"if_none_match": "*"} if seen is None else {"if_match": seen.etag}
        self.store.put(ref, fetched.data, fetched.content_type, metadata=metadata, **condition)


def _origin(url: str, version: str | None) -> str:
    """sha256 in hex of the URL without its version. Raises FetchRefused for text that is not a URL."""
    try:
        return hashlib.sha256(without_version(url, version).encode()).hexdigest()
    except ValueError as error:
        raise FetchRefused(f"{url!r} is not a URL: {error}") from error


def without_version(url: str, name: str | None) -> str:
    """`url` without its query parameter `name`, and without its fragment."""
    parts = urlsplit(url)
    query = urlencode([pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _etag(fetched: Fetched) -> dict[str, str]:
    """The server's etag, if it can be sent in a header again."""
    etag = fetched.etag or ""
    return {_ETAG: etag} if etag and len(etag) <= _MAX_ETAG_LENGTH and etag.isascii() and etag.isprintable() else {}
