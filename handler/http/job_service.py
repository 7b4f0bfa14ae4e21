"""JobService: pictures that are put into the input bucket, and go the way of all pictures there.

A job is a record in the state bucket, "jobs/<tenant>/<id>", and what lies under the key "api/<tenant>/<id>" in the
other two buckets. Nobody keeps its status: it follows from what is there, so that it cannot be wrong.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler import keys
from handler.aws.bucket import S3Store
from handler.aws.documents import DocumentStore
from handler.config import ApiConfig
from handler.errors import FetchError, SourceMissing, StoreUnavailable
from handler.http.api_errors import ApiError, from_fetch_error
from handler.jobs import CALLBACK, METADATA, ObjectRef
from handler.untrusted.fetch import Fetcher
from pipeline.errors import HairlineError
from pipeline.formats import CONTENT_TYPES

UPLOAD_S, LINK_S = 3600, 3600
"""How long an upload may wait, and how long links to results work, in seconds."""
GIVEN_UP_S = 8 * 3600
"""After so long a picture is in the dead-letter queue: each try keeps it hidden for six timeouts at most."""
PATIENCE_S = 60
"""After so long, whoever was to fetch a job's picture is taken for dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What a job is asked for. options: as JSON, checked already. content_type: of the upload."""

    options: Mapping[str, Any]
    image_url: str | None = None
    callback_url: str | None = None
    content_type: str = CONTENT_TYPES[0]

    def digest(self) -> str:
        """Equal for two wishes exactly when they ask for the same."""
        facts = [self.options, self.image_url, self.callback_url, self.content_type]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def metadata(self) -> dict[str, str]:
        """Of the object that the picture becomes."""
        told = {METADATA: json.dumps(self.options, sort_keys=True)} if self.options else {}
        return told | ({CALLBACK: self.callback_url} if self.callback_url else {})


@dataclass(frozen=True, slots=True)
class JobService:
    """state: jobs' records. store: the input and output bucket."""

    state: DocumentStore
    store: S3Store
    fetcher: Fetcher
    config: ApiConfig

    def submit(self, tenant: str, request: JobRequest, idempotency_key: str | None) -> dict[str, Any]:
        """Make a job, or find the one that was made with that key; return its status, and where to upload.

        Raises ApiError where the key belongs to another request, or the picture could not be fetched.
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
                raise StoreUnavailable(f"The record of job {id_} is there and not there.")
            record, etag = found.value, found.etag
            if record["request"] != request.digest():
                raise ApiError("idempotency_key_reused", "Another request came with it. Send a new key.")
            fresh = False
        else:
            fresh = True
        if request.image_url and (fresh or self._abandoned(tenant, record)):
            self._fetch(tenant, request, record, etag)
        told = self.status(tenant, id_)
        return told if request.image_url else told | {"upload": self._upload(tenant, id_, request)}

    def accept(self, tenant: str, data: bytes, content_type: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Make a job of a picture that is here already."""
        request = JobRequest(options=options, content_type=content_type)
        id_ = uuid.uuid4().hex
        record = {"id": id_, "created": int(time.time()), "request": request.digest(), "callback_url": None}
        self.state.create(keys.job(tenant, id_), record)
        self._put(tenant, id_, data, content_type, request)
        return self.status(tenant, id_)

    def status(self, tenant: str, id_: str) -> dict[str, Any]:
        """{"id", "created", "status"} with "files" or "reason". Raises ApiError where the tenant has no such job.

        queued: nothing was uploaded yet. working: the picture waits its turn or is being cut. done. rejected: it cannot
        be cut. failed: it was given up, or nothing came.
        """
        found = self.state.read(keys.job(tenant, id_))
        if found is None:
            raise ApiError("not_found", "You have no such job.")
        record = found.value
        told = {"id": id_, "created": record["created"]}
        if "reason" in record:
            return told | {"status": "rejected", "reason": record["reason"]}
        key = keys.upload(tenant, id_)
        report = self._report(key)
        if report is not None and report["status"] == "done":
            files = {name: self._link(key, name) for name in (*report["files"], keys.REPORT)}
            return told | {"status": "done", "quality": report["quality"], "files": files}
        if report is not None:
            return told | {"status": "rejected", "reason": report["reason"]}
        age = time.time() - record["created"]
        if self._is_there(tenant, id_):
            if age > UPLOAD_S + GIVEN_UP_S:
                return told | {"status": "failed", "reason": _GIVEN_UP}
            return told | {"status": "working"}
        if age > UPLOAD_S:
            return told | {"status": "failed", "reason": _NOTHING_CAME}
        return told | {"status": "queued"}

    def _abandoned(self, tenant: str, record: Mapping[str, Any]) -> bool:
        old = time.time() - record["created"] > PATIENCE_S
        return old and "reason" not in record and not self._is_there(tenant, record["id"])

    def _is_there(self, tenant: str, id_: str) -> bool:
        try:
            self.store.head(ObjectRef(self.config.input_bucket, keys.upload(tenant, id_)))
        except SourceMissing:
            return False
        return True

    def _fetch(self, tenant: str, request: JobRequest, record: Mapping[str, Any], etag: str) -> None:
        try:
            picture = self.fetcher.get(str(request.image_url))
        except HairlineError as error:
            refusal = from_fetch_error(error, "failed_image_download")
            message = refusal.detail or str(error)
            reason = {"code": error.code, "message": message if isinstance(error, FetchError) else str(error)}
            self.state.replace(keys.job(tenant, record["id"]), {**record, "reason": reason}, etag)
            raise refusal from error
        self._put(tenant, record["id"], picture.data, picture.content_type, request)

    def _put(self, tenant: str, id_: str, data: bytes, content_type: str, request: JobRequest) -> None:
        ref = ObjectRef(self.config.input_bucket, keys.upload(tenant, id_))
        self.store.put(ref, data, content_type, metadata=request.metadata())

    def _upload(self, tenant: str, id_: str, request: JobRequest) -> dict[str, Any]:
        """The form to upload the job's image to S3 with."""
        ref = ObjectRef(self.config.input_bucket, keys.upload(tenant, id_))
        max_bytes = self.config.options.max_bytes
        form = self.store.upload_form(ref, request.content_type, request.metadata(), max_bytes, UPLOAD_S)
        return {**form, "max_bytes": max_bytes, "expires_in": UPLOAD_S}

    def _report(self, key: str) -> dict[str, Any] | None:
        ref = ObjectRef(self.config.output_bucket, keys.output(key, keys.REPORT))
        try:
            report: dict[str, Any] = json.loads(self.store.get(ref).data)
        except SourceMissing:
            return None
        return report

    def _link(self, key: str, name: str) -> str:
        return self.store.link(ObjectRef(self.config.output_bucket, keys.output(key, name)), LINK_S)


_GIVEN_UP = {"code": "given_up", "message": "It was tried too often without success; its operator can look for it."}
_NOTHING_CAME = {"code": "no_upload", "message": "No picture was uploaded in time. Make a new job."}
