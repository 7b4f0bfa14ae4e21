"""A deployment on this machine, with the real model."""

import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PIL import Image

from bench import verdict
from handler.cutouts import app, wiring
from handler.local import stack
from handler.local.poller import Poller
from handler.local.stack import Stack


@dataclass(frozen=True)
class Site:
    """A stack, with the operations of users and of Lambda."""

    made: Stack

    @property
    def s3(self) -> Any:
        return self.made.client("s3")

    @property
    def sqs(self) -> Any:
        return self.made.client("sqs")

    def drop(self, key: str, data: bytes, **more: Any) -> Any:
        """Put an object into the input bucket; return S3's answer."""
        return self.s3.put_object(Bucket=self.made.input_bucket, Key=key, Body=data, **more)

    def settle(self) -> None:
        """Run the function on all messages in the queues of images."""
        pollers = [
            Poller(
                sqs=self.sqs,
                queue_url=url,
                handler=app.on_queue,
                batch_size=self.made.batch_size,
                timeout_s=self.made.timeout_s,
                memory_mb=self.made.memory_mb,
            )
            for url in self.made.image_queue_urls
        ]
        while sum(poller.poll(wait_s=0) for poller in pollers):
            pass

    def listing(self, prefix: str = "") -> dict[str, tuple[str, Any]]:
        """Key to (ETag, time) of everything in the output bucket below a prefix."""
        return {key: entry for key, entry in verdict.listing(self.made).items() if key.startswith(prefix)}

    def read(self, key: str) -> bytes:
        """An object of the output bucket."""
        data: bytes = self.s3.get_object(Bucket=self.made.output_bucket, Key=key)["Body"].read()
        return data

    def report(self, key: str) -> dict[str, Any]:
        """The report of the image with that key."""
        found: dict[str, Any] = json.loads(self.read(f"{key}/report.json"))
        return found

    def send(self, body: str) -> None:
        """Put a message into the queue of uploads."""
        self.sqs.send_message(QueueUrl=self.made.names["UploadQueue"], MessageBody=body)

    def waiting(self) -> int:
        """How many messages the queues of images contain, visible or not."""
        return verdict.waiting(self.made)

    def dead(self) -> list[dict[str, Any]]:
        """The messages in the dead-letter queue."""
        answer = self.sqs.receive_message(
            QueueUrl=self.made.dead_letter_queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageAttributeNames=["All"],
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found


def check_whole(site: Site) -> None:
    """Every report is complete: it lists exactly the files beside it, with their ETags."""
    folders: dict[str, dict[str, str]] = defaultdict(dict)
    for key, (etag, _) in site.listing().items():
        folder, _, name = key.rpartition("/")
        folders[folder][name] = etag
    for folder, beside in folders.items():
        if beside.pop("report.json", None) is None:
            continue
        report = site.report(folder)
        assert report["files"] == beside, folder
        assert report["status"] in ("done", "rejected", "failed")
        assert bool(beside) == (report["status"] == "done")


@pytest.fixture
def build(endpoint: str, weights: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    """Creates a site, with the arguments of `stack.create`. The function runs in this process."""

    def _build(**more: Any) -> Site:
        made = stack.create(endpoint, **more)
        for name, value in {**made.variables, "AWS_ENDPOINT_URL": endpoint}.items():
            monkeypatch.setenv(name, value)
        wiring.deps.cache_clear()  # a new container
        return Site(made)

    yield _build
    wiring.deps.cache_clear()


@pytest.fixture
def site(build: Callable[..., Site]) -> Site:
    """A site with the settings of template.yaml."""
    return build()


@pytest.fixture(scope="session")
def small(photo: bytes) -> bytes:
    """The photograph at 96x96: a cutout of it takes a fraction of a second."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((96, 96)).save(buffer, "PNG")
    return buffer.getvalue()
