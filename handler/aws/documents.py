"""State that must survive between calls, as small JSON documents in a bucket of their own: no database to run.

S3's conditional writes decide between concurrent writers. Of several that create the same document, one wins. A change
is rejected if the document was changed after it was read. Nothing is deleted here; the bucket's lifecycle rules expire
documents by their prefix. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import json
from dataclasses import dataclass
from typing import Any

from handler.aws.bucket import S3Store
from handler.errors import SourceChanged, SourceMissing
from handler.jobs import ObjectRef


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON value that was read. etag: changes whenever the value does."""

    value: Any
    etag: str


class DocumentStore:
    """Every method raises StoreUnavailable if S3 fails. `handler.keys` has the keys."""

    def __init__(self, store: S3Store, bucket: str) -> None:
        self._store, self._bucket = store, bucket

    def read(self, key: str) -> Document | None:
        """The document; None if there is none."""
        try:
            found = self._store.get(ObjectRef(self._bucket, key))
        except SourceMissing:
            return None
        return Document(json.loads(found.data), found.etag)

    def create(self, key: str, value: Any) -> str | None:
        """Create the document and return its etag; None, and nothing changes, if it exists already."""
        return self._put(key, value, if_none_match="*")

    def replace(self, key: str, value: Any, etag: str) -> str | None:
        """Change the document read with `etag` and return the new etag; None if it was changed or deleted since."""
        return self._put(key, value, if_match=etag)

    def _put(
        self, key: str, value: Any, *, if_match: str | None = None, if_none_match: str | None = None
    ) -> str | None:
        body = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        try:
            return self._store.put(
                ObjectRef(self._bucket, key), body, "application/json", if_match=if_match, if_none_match=if_none_match
            )
        except SourceChanged:
            return None
