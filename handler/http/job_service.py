"""JobService: images that are stored in the input bucket, and processed like all others there.

A job is a record in the state bucket, an image in the input bucket, and its outputs; `handler.keys` has their keys. Its
status is not stored: it is derived from what is in the buckets, so it cannot be wrong.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from handler import keys
from handler.aws import reports
from handler.aws.bucket import S3Store
from handler.aws.documents import DocumentStore
from handler.errors import SourceMissing, StoreUnavailable
from handler.http.api_errors import ApiError, from_fetch_error
from handler.http.config import ApiConfig
from handler.jobs import CALLBACK, METADATA, NAME, ObjectRef
from handler.untrusted.fetch import Fetcher
from pipeline.errors import HairlineError
from pipeline.formats import CONTENT_TYPES
from pipeline.report import StoredReport

UPLOAD_S, LINK_S = 3600, 3600
"""How long the upload form and links to results work, in seconds."""
GIVEN_UP_S = 10 * 24 * 3600
"""The queue's retention, after which the image's message is gone. Usually a report with the failure comes earlier."""
DOWNLOAD_S = 60
"""The time after which a request that has not downloaded its job's image no longer will."""


JobStatus = Literal["queued", "working", "done", "rejected", "failed"]
"""queued: nothing was uploaded yet. working: the image is in the queue or being cut. rejected: the image or its options
are at fault. failed: it was given up, or nothing was uploaded in time.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What a client asks for. options: as JSON, already checked. content_type: of the upload. name: of the file."""

    options: Mapping[str, Any]
    image_url: str | None = None
    callback_url: str | None = None
    content_type: str = CONTENT_TYPES[0]
    name: str | None = None

    def digest(self) -> str:
        """Equal for two requests exactly if they ask for the same job."""
        facts = [self.options, self.image_url, self.callback_url, self.content_type, self.name]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def metadata(self) -> dict[str, str]:
        """The metadata of the image's object."""
        options = {METADATA: json.dumps(self.options, sort_keys=True)} if self.options else {}
        callback = {CALLBACK: self.callback_url} if self.callback_url else {}
        return options | callback | ({NAME: quote(self.name, errors="replace")} if self.name else {})


@dataclass(frozen=True, slots=True)
class JobService:
    """state: jobs' records. store: the input and output bucket."""

    state: DocumentStore
    store: S3Store
    fetcher: Fetcher
    config: ApiConfig

    def submit(self, tenant: str, request: JobRequest, idempotency_key: str | None) -> dict[str, Any]:
        """Create a job, or find the one that was created with that key; return its status, and the upload form.

        Raises ApiError if the key belongs to another request, or the image could not be downloaded.
        """
        name = idempotency_key or str(uuid.uuid4())
        id_ = hashlib.sha256(f"{tenant}\n{name}".encode()).hexdigest()[:32]
        record = {
            "id": id_,
            "created": int(time.time()),
            "request": request.digest(),
            "callback_url": request.callback_url,
        }
        etag = self.state.create(keys.job(tenant, id_), record)
        if etag is None:
            found = self.state.read(keys.job(tenant, id_))
            if found is None:
                raise StoreUnavailable(
                    f"Job {id_} was created but its record could not be read back. Repeat the request."
                )
            record, etag = found.value, found.etag
            if record["request"] != request.digest():
                raise ApiError(
                    "idempotency_key_reused", "This Idempotency-Key was used for a different request. Use a new key."
                )
            fresh = False
        else:
            fresh = True
        if request.image_url and (fresh or self._may_download(tenant, record)):
            self._download(tenant, request, record, etag)
        job = self.status(tenant, id_)
        return job if request.image_url else job | {"upload": self._upload_form(tenant, id_, request)}

    def accept(self, tenant: str, data: bytes, content_type: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Create a job of an image that is here already."""
        request = JobRequest(options=options, content_type=content_type)
        id_ = uuid.uuid4().hex
        record = {"id": id_, "created": int(time.time()), "request": request.digest(), "callback_url": None}
        self.state.create(keys.job(tenant, id_), record)
        self._put(tenant, id_, data, content_type, request)
        return self.status(tenant, id_)

    def status(self, tenant: str, id_: str) -> dict[str, Any]:
        """{"id", "created", "status"} with "files" or "reason". Raises ApiError if the tenant has no such job.

        The status is a JobStatus.
        """
        found = self.state.read(keys.job(tenant, id_))
        if found is None:
            raise ApiError("not_found", "There is no job with this id for your API key.")
        record = found.value

        def job(status: JobStatus, **more: Any) -> dict[str, Any]:
            return {"id": id_, "created": record["created"], "status": status, **more}

        if "reason" in record:
            return job("rejected", reason=record["reason"])
        key = keys.upload(tenant, id_)
        report = self._report(key)
        if report is not None and report["status"] == "done":
            files = {name: self._link(key, name) for name in (*report["files"], keys.REPORT)}
            return job("done", quality=report["quality"], files=files)
        if report is not None:
            return job(report["status"], reason=report["reason"])
        age = time.time() - record["created"]
        if self._is_uploaded(tenant, id_):
            return job("failed", reason=GIVEN_UP) if age > UPLOAD_S + GIVEN_UP_S else job("working")
        return job("failed", reason=_NO_UPLOAD) if age > UPLOAD_S else job("queued")

    def delete(self, tenant: str, id_: str) -> None:
        """Delete a job's record, image and results, in every version; nothing happens if there are none.

        In this order, nothing comes back: a request that downloads the image looks for the record after it has stored
        the image, and CutoutFunction looks for the image after it has written the results. Each deletes what it wrote
        if that is gone.
        """
        key = keys.upload(tenant, id_)
        self.store.erase(ObjectRef(self.config.state_bucket, keys.job(tenant, id_)))
        self.store.erase(ObjectRef(self.config.input_bucket, key))
        self.store.erase(ObjectRef(self.config.output_bucket, key))

    def origins(self) -> list[str]:
        """Where upload forms and links lead to: what a page must be allowed to call."""
        buckets = (self.config.input_bucket, self.config.output_bucket, self.config.state_bucket)
        urls = (urlsplit(self.store.link(ObjectRef(bucket, "key"), LINK_S)) for bucket in buckets)
        forms = (urlsplit(self.store.upload_form(ObjectRef(self.config.input_bucket, "key"), "", {}, 1, 1)["url"]),)
        return sorted({f"{url.scheme}://{url.netloc}" for url in (*urls, *forms)})

    def _may_download(self, tenant: str, record: Mapping[str, Any]) -> bool:
        """Whether an earlier request with the same key did not download the image, and no longer tries to."""
        ended = "reason" in record or time.time() - record["created"] > DOWNLOAD_S
        return ended and not self._is_uploaded(tenant, record["id"])

    def _is_uploaded(self, tenant: str, id_: str) -> bool:
        try:
            self.store.head(ObjectRef(self.config.input_bucket, keys.upload(tenant, id_)))
        except SourceMissing:
            return False
        return True

    def _download(self, tenant: str, request: JobRequest, record: Mapping[str, Any], etag: str) -> None:
        try:
            image = self.fetcher.get(str(request.image_url))
        except HairlineError as error:
            rejection = from_fetch_error(error, "failed_image_download")
            reason = {"code": error.code, "message": str(error)}
            self.state.replace(keys.job(tenant, record["id"]), {**record, "reason": reason}, etag)
            raise rejection from error
        if "reason" in record:
            self.state.replace(
                keys.job(tenant, record["id"]), {name: record[name] for name in record if name != "reason"}, etag
            )
        self._put(tenant, record["id"], image.data, image.content_type, request)
        if self.state.read(keys.job(tenant, record["id"])) is None:  # the job was deleted meanwhile
            self.store.erase(ObjectRef(self.config.input_bucket, keys.upload(tenant, record["id"])))

    def _put(self, tenant: str, id_: str, data: bytes, content_type: str, request: JobRequest) -> None:
        ref = ObjectRef(self.config.input_bucket, keys.upload(tenant, id_))
        self.store.put(ref, data, content_type, metadata=request.metadata())

    def _upload_form(self, tenant: str, id_: str, request: JobRequest) -> dict[str, Any]:
        """The form to upload the job's image to S3 with."""
        ref = ObjectRef(self.config.input_bucket, keys.upload(tenant, id_))
        max_bytes = self.config.options.max_bytes
        form = self.store.upload_form(ref, request.content_type, request.metadata(), max_bytes, UPLOAD_S)
        return {**form, "max_bytes": max_bytes, "expires_in": UPLOAD_S}

    def _report(self, key: str) -> StoredReport | None:
        try:
            return reports.stored(self.store, self.config.output_bucket, key)
        except SourceMissing:
            return None

    def _link(self, key: str, name: str) -> str:
        return self.store.link(ObjectRef(self.config.output_bucket, keys.output(key, name)), LINK_S)


GIVEN_UP = {
    "code": "given_up",
    "message": "Processing failed repeatedly. The operator finds the message in the dead-letter queue.",
}
_NO_UPLOAD = {"code": "no_upload", "message": "No image was uploaded within an hour. Create a new job."}
