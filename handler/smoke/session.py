"""One run of the check: its images, its requests, and the objects that it deletes at the end."""

import io
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urljoin

from PIL import Image, ImageDraw

from handler import keys
from handler.errors import SourceMissing
from handler.jobs import ObjectRef, parse_stored
from handler.smoke import web
from handler.smoke.deployment import Deployment
from handler.smoke.web import Reply, Unexpected
from pipeline.report import StoredReport

PATIENCE_S = 180
"""How long to wait for a result. A new container needs some seconds, and SQS's counts may be a minute old."""
PAUSE_S = 1
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Job:
    """url: of its status. key: of its image in the input bucket. form: of S3, to upload the image with."""

    url: str
    key: str
    form: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """callback: the URL of a receiver, or None. id: a part of the keys of this run's images."""

    deployment: Deployment
    callback: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    created: list[str] = field(default_factory=list)
    """The keys of all images that this run uploads."""

    def output(self, name: str) -> str:
        """An output of the stack. Raises Unexpected if it has none of that name."""
        try:
            return self.deployment.outputs[name]
        except KeyError:
            raise Unexpected(f"the stack {self.deployment.stack} has no output {name}") from None

    def upload(self, name: str, data: bytes) -> str:
        """Put an object into the input bucket; return its key, which KeyPatterns lets through. Raises Unexpected."""
        patterns = (self.deployment.parameters.get("KeyPatterns") or "*").split(",")
        pattern = next((pattern for pattern in patterns if "*" in pattern), None)
        if pattern is None:  # each pattern is one key, which may be an image of yours
            raise Unexpected(f"KeyPatterns {','.join(patterns)} lets no other image through")
        key = pattern.replace("*", f"smoke-test/{self.id}/{name}", 1).replace("*", "")
        self.created.append(key)
        self.deployment.store.put(ObjectRef(self.output("InputBucket"), key), data, "image/jpeg")
        return key

    def report(self, key: str) -> StoredReport:
        """The report of an image, once it exists. Raises Unexpected."""
        report = keys.output(key, keys.REPORT)
        return parse_stored(until(report, lambda: self.read("OutputBucket", report)))

    def read(self, bucket: str, key: str) -> bytes | None:
        """An object in one of the stack's buckets; None if it does not exist. bucket: the name of the output."""
        try:
            return self.deployment.store.get(ObjectRef(self.output(bucket), key)).data
        except SourceMissing:
            return None

    def call(self, method: str, path: str, **more: Any) -> Reply:
        """Send a request with the API key. path: such as "/v1/jobs". more: as for `web.send`."""
        headers = {"X-Api-Key": self.deployment.api_key, **more.pop("headers", {})}
        return web.send(method, self.output("ApiUrl") + path, headers=headers, **more)

    def create_job(self, request: Mapping[str, Any]) -> Job:
        """Create a job whose image is uploaded by a form. Raises Unexpected."""
        created = self.call("POST", "/v1/jobs", body=json.dumps(request).encode()).check(202)
        form = created.field("upload")
        self.created.append(form["fields"]["key"])
        url = urljoin(self.output("ApiUrl"), created.headers.get("location", ""))
        return Job(url, form["fields"]["key"], form)

    def submit(self, job: Job, content_type: str = "image/jpeg") -> Reply:
        """Upload an image by a job's form, as this content type."""
        fields = {**job.form["fields"], "Content-Type": content_type}
        return web.send("POST", job.form["url"], form=[*fields.items(), ("file", ("image.jpg", image()))])

    def call_job(self, method: str, job: Job) -> Reply:
        """Send a request to a job's Location, with the API key."""
        return web.send(method, job.url, headers={"X-Api-Key": self.deployment.api_key})

    def finished(self, job: Job) -> Reply:
        """The status of a job, once the job has ended. Raises Unexpected."""

        def look() -> Reply | None:
            found = self.call_job("GET", job).check(200)
            return None if found.field("status") in ("queued", "working") else found

        return until(f"the end of the job {job.url}", look)

    def leftovers(self) -> Iterable[ObjectRef]:
        """Objects and folders that this run may have left, except marks of notifications, which expire."""
        for key in self.created:
            yield ObjectRef(self.output("InputBucket"), key)
            yield ObjectRef(self.output("OutputBucket"), key)
            if (upload := keys.split_upload(key)) is not None:
                yield ObjectRef(self.output("StateBucket"), keys.job(upload.tenant, upload.job))


def until(what: str, look: Callable[[], _T | None]) -> _T:
    """The first result of `look` that is not None. Raises Unexpected after PATIENCE_S."""
    end = time.monotonic() + PATIENCE_S
    while (found := look()) is None:
        if time.monotonic() > end:
            raise Unexpected(f"{what} did not come within {PATIENCE_S} s")
        time.sleep(PAUSE_S)
    return found


def image() -> bytes:
    """A JPEG of 640 x 480 pixels with one clear subject, a red jar."""
    drawn = Image.new("RGB", (640, 480), (225, 228, 230))
    pen = ImageDraw.Draw(drawn)
    pen.rounded_rectangle((220, 120, 420, 400), 40, fill=(178, 44, 38))
    pen.rectangle((285, 60, 355, 125), fill=(120, 30, 28))
    pen.rectangle((220, 220, 420, 310), fill=(240, 232, 210))
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=90)
    return file.getvalue()


def described(data: bytes) -> str:
    """The kind and size of an image, for people. Raises Unexpected if it is not one."""
    try:
        opened = Image.open(io.BytesIO(data))
    except OSError as error:
        raise Unexpected(f"the result of {len(data):,} bytes is not an image: {error}") from error
    return f"{opened.format} {opened.mode} of {opened.width} x {opened.height} pixels"
