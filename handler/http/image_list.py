"""ImageList: an API key's images as a person reviews them, read from the buckets."""

import concurrent.futures
import contextlib
import functools
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from handler import keys
from handler.aws import edits
from handler.aws.bucket import S3Store
from handler.aws.edits import StoredEdits
from handler.aws.listing import Listed
from handler.errors import SourceMissing
from handler.http.api_errors import ApiError
from handler.http.config import ApiConfig
from handler.http.job_service import GIVEN_UP, GIVEN_UP_S
from handler.jobs import NAME, ObjectRef, parse_stored
from pipeline import review
from pipeline.edits import Edits
from pipeline.errors import BadOptions
from pipeline.review import Reviewed

MOST = 5_000
"""The most images that a list reads."""
MAX_S = 15.0
"""A list leaves out what is not read by then, because API Gateway ends the request after 29 s."""
_READERS = 10
"""As many threads as boto3 keeps connections."""
_KEPT = ("status", "mark", "edits", "object", "source", "quality", "reason")
"""The fields of a report that a list or a page shows."""

Listing = Callable[[str], Iterator[Listed]]


@dataclass(frozen=True, slots=True)
class ImageList:
    """inputs, outputs: list the two buckets below a prefix."""

    store: S3Store
    inputs: Listing
    outputs: Listing
    config: ApiConfig

    def page(self, tenant: str, state: str, form: str | None, after: str | None, prefix: str = "") -> dict[str, Any]:
        """One page of the images whose names begin with `prefix`; see `review.page`.

        Raises BadOptions, StoreUnavailable.
        """
        images, complete = self.all(tenant)
        named = (image for image in images if image.name.startswith(prefix))
        return {**review.page(named, state, form, after), "complete": complete}

    def all(self, tenant: str) -> tuple[list[Reviewed], bool]:
        """All images, and whether these are all of them. Raises StoreUnavailable."""
        return self._reviewed(keys.upload(tenant, ""))

    def one(self, tenant: str, id_: str) -> tuple[Reviewed, StoredEdits]:
        """An image, and its edits as they are stored. Raises ApiError, StoreUnavailable."""
        key = keys.upload(tenant, id_)
        images, _ = self._reviewed(key)
        if not images:
            raise ApiError("not_found", "There is no image with this id for your API key.")
        stored = edits.stored(self.store, edits.ref(self.config.output_bucket, key))
        with contextlib.suppress(BadOptions):  # the report of the image says what is wrong
            images[0].edits = stored.edits()
        return images[0], stored

    def _reviewed(self, prefix: str) -> tuple[list[Reviewed], bool]:
        """The images whose keys begin with `prefix`, and whether these are all of them."""
        listed = list(itertools.islice(self.inputs(prefix), MOST + 1))
        complete, listed = len(listed) <= MOST, listed[:MOST]
        files = self._files(prefix, listed[-1].key) if listed else {}
        with ThreadPoolExecutor(_READERS) as pool:
            reading = [pool.submit(self._read, each, files.get(each.key, {})) for each in listed]
            read, late = concurrent.futures.wait(reading, timeout=MAX_S)
            for each in late:
                each.cancel()
        return [each.result() for each in reading if each in read], complete and not late

    def _files(self, prefix: str, last: str) -> dict[str, dict[str, str]]:
        """From the key of each image up to `last` to the names and ETags of its outputs."""
        found: dict[str, dict[str, str]] = {}
        for listed in self.outputs(prefix):
            key, _, name = listed.key.rpartition("/")
            if key > last:
                break
            found.setdefault(key, {})[name] = listed.etag
        return found

    def _read(self, source: Listed, files: Mapping[str, str]) -> Reviewed:
        def output(name: str) -> ObjectRef:
            return ObjectRef(self.config.output_bucket, keys.output(source.key, name))

        report = _report(self.store, output(keys.REPORT), files[keys.REPORT]) if keys.REPORT in files else None
        edited, digest = Edits(), None
        if keys.EDITS in files:
            edited, digest = _edits(self.store, output(keys.EDITS), files[keys.EDITS])
        name = (
            report["object"].get("name")
            if report is not None
            else _name(self.store, ObjectRef(self.config.input_bucket, source.key), source.etag)
        )
        id_ = source.key.rpartition("/")[2]
        state, message = _state(source, report, digest)
        return Reviewed(id=id_, name=name or id_, state=state, message=message, report=report, edits=edited)


def _state(source: Listed, report: Mapping[str, Any] | None, digest: str | None) -> tuple[str, str | None]:
    """The state, and why it failed. An image that the report is not of, or not with its edits, waits to be cut."""
    if report is None or (report["object"]["etag"], report["edits"]) != (source.etag, digest):
        given_up = report is None and time.time() - source.modified.timestamp() > GIVEN_UP_S
        return ("failed", GIVEN_UP["message"]) if given_up else ("waiting", None)
    return ("done", None) if report["status"] == "done" else ("failed", report["reason"]["message"])


# Each is read once in a container for as long as its ETag stays the same.


@functools.lru_cache(maxsize=2 * MOST)
def _report(store: S3Store, ref: ObjectRef, _etag: str) -> Mapping[str, Any] | None:
    """What is shown of a report; None where it was deleted meanwhile or is not Hairline's."""
    try:
        read: Any = parse_stored(store.get(ref).data)
    except (SourceMissing, ValueError):
        return None
    if not isinstance(read, dict) or not {"status", "mark", "edits", "object"} <= read.keys():
        return None
    return {name: read[name] for name in _KEPT if name in read}


@functools.lru_cache(maxsize=2 * MOST)
def _edits(store: S3Store, ref: ObjectRef, _etag: str) -> tuple[Edits, str | None]:
    """The edits without strokes, which may be large, and their digest. Edits that cannot be used count as none."""
    stored = edits.stored(store, ref)
    try:
        return replace(stored.edits(), strokes=()), stored.digest()
    except BadOptions:
        return Edits(), stored.digest()


@functools.lru_cache(maxsize=2 * MOST)
def _name(store: S3Store, ref: ObjectRef, _etag: str) -> str | None:
    """The name of an image's file, None where its sender gave none."""
    try:
        return unquote(store.head(ref).metadata.get(NAME, "")) or None
    except SourceMissing:
        return None
