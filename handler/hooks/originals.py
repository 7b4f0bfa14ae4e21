"""The originals of shops' pictures in the input bucket: fetched where they changed, put there once.

An object bears in its metadata where it came from, so it is its own record of what was fetched, written in the same
moment as the picture. Two workers with one picture cannot both put it, because each puts it only if what lies there is
still what it saw.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from handler.aws.bucket import ObjectHead, S3Store
from handler.errors import SourceChanged, SourceMissing
from handler.hooks.registry import Source
from handler.jobs import METADATA, ObjectRef
from handler.untrusted.fetch import Fetched, Fetcher

_URL, _ETAG = "hairline-url", "hairline-etag"
_LONGEST_ETAG = 256


@dataclass(frozen=True, slots=True)
class Originals:
    """bucket: the input bucket."""

    store: S3Store
    bucket: str
    fetcher: Fetcher

    def ensure_stored(self, key: str, url: str, source: Source) -> bool:
        """See to it that the picture at `url` lies under `key`; whether it had to be put there.

        It is taken for unchanged where it came from the same URL, leaving its version aside, or where its server says
        so. Raises what Fetcher does, StoreUnavailable, and SourceChanged where others keep changing it.
        """
        ref = ObjectRef(self.bucket, key)
        mark = hashlib.sha256(without_version(url, source.platform.version).encode()).hexdigest()
        held = self._held(ref)
        if held is not None and held.metadata.get(_URL) == mark:
            return False
        etag = held.metadata.get(_ETAG) if held is not None else None
        fetched = self.fetcher.get_if_changed(url, etag, hosts=source.hosts)
        if fetched is None or (etag and fetched.etag == etag):
            return False
        metadata = {_URL: mark, METADATA: source.options} | _etag(fetched)
        try:
            self._put(ref, fetched, metadata, held)
        except SourceChanged:
            # Another worker was quicker, most likely with the very same picture.
            held = self._held(ref)
            if held is None or held.metadata.get(_URL) != mark:
                raise
            return False
        return True

    def _held(self, ref: ObjectRef) -> ObjectHead | None:
        try:
            return self.store.head(ref)
        except SourceMissing:
            return None

    def _put(self, ref: ObjectRef, fetched: Fetched, metadata: Mapping[str, str], seen: ObjectHead | None) -> None:
        condition = {"if_none_match": "*"} if seen is None else {"if_match": seen.etag}
        self.store.put(ref, fetched.data, fetched.content_type, metadata=metadata, **condition)


def without_version(url: str, name: str | None) -> str:
    """`url` without the part of its query called `name`, and without its fragment."""
    parts = urlsplit(url)
    query = urlencode([pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _etag(fetched: Fetched) -> dict[str, str]:
    """Only one that can stand in a header again."""
    etag = fetched.etag or ""
    return {_ETAG: etag} if etag and len(etag) <= _LONGEST_ETAG and etag.isascii() and etag.isprintable() else {}
