"""Notifications of finished images: an event for each, and a callback if the image or its shop has a receiver.

Both are sent before the image's message is deleted, and again if the worker dies in between. They then have the same
id, so subscribers can recognise duplicates.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, Self

from handler import keys
from handler.errors import BadEvent
from handler.jobs import ObjectRef
from pipeline.report import StoredReport

Kind = Literal[
    "hairline.completed", "hairline.needs_review", "hairline.rejected", "hairline.failed", "hairline.backfilled"
]


@dataclass(frozen=True, slots=True)
class Notification:
    """id: the same when it is sent again. data: JSON, with the names of files, never images. callback: the receiver
    that the image's metadata names, or None.
    """

    id: str
    kind: Kind
    data: Mapping[str, Any]
    callback: str | None = None

    @property
    def key(self) -> str:
        """The image's key in the input bucket."""
        return str(self.data["image"]["key"])

    @property
    def may_have_callback(self) -> bool:
        """Whether the image names a receiver, or is a shop's, whose source may have one."""
        return self.callback is not None or "shop" in self.data


def from_report(report: StoredReport, output_bucket: str, callback: str | None) -> Notification:
    """The notification of a stored report. callback: as in Notification."""
    source = report["object"]
    data: dict[str, Any] = {"image": dict(source)}
    kind: Kind
    if report["status"] == "done":
        kind = "hairline.needs_review" if report["quality"]["needs_review"] else "hairline.completed"
        data["output"] = {"bucket": output_bucket, "prefix": f"{source['key']}/", "files": sorted(report["files"])}
        data["quality"] = report["quality"]
        data["listings"] = {name: checked["complies"] for name, checked in report["compliance"].items()}
    else:
        kind = "hairline.rejected" if report["status"] == "rejected" else "hairline.failed"
        data["reason"] = report["reason"]
    return _notification(kind, data, report["mark"], callback)


def from_refused_download(ref: ObjectRef, url: str, code: str, message: str) -> Notification:
    """The image at `url` could not be downloaded, so there is no object at `ref`."""
    data = {"image": {"bucket": ref.bucket, "key": ref.key, "url": url}, "reason": {"code": code, "message": message}}
    return _notification("hairline.rejected", data, url + code, None)


def from_backfill(job: str, data: Mapping[str, Any]) -> Notification:
    """A backfill has ended. job: its id in S3 Batch Operations. data: its counts, and where its report is."""
    digest = hashlib.sha256(f"hairline.backfilled\n{job}".encode()).hexdigest()
    return Notification(f"msg_{digest[:32]}", "hairline.backfilled", {"job": job, **data})


def _notification(kind: Kind, data: dict[str, Any], mark: str, callback: str | None) -> Notification:
    image = data["image"]
    if (original := keys.split_original(image["key"])) is not None:
        data["shop"] = original._asdict()
    if (upload := keys.split_upload(image["key"])) is not None:
        data["job"] = {"id": upload.job, "path": f"/v1/jobs/{upload.job}"}
    digest = hashlib.sha256("\n".join((kind, image["bucket"], image["key"], mark)).encode()).hexdigest()
    return Notification(f"msg_{digest[:32]}", kind, data, callback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A callback in its queue.

    key: of its image. url: the receiver that the image's metadata names; None for the receiver of its source. body:
    JSON, the same bytes at each attempt. attempt: how many have failed. due: seconds since 1970. again: deliver it even
    if it was delivered before or its receiver is off.
    """

    id: str
    key: str
    url: str | None
    body: str
    attempt: int = 0
    due: float = 0
    again: bool = False

    @classmethod
    def of(cls, notification: Notification, now: datetime, *, again: bool = False) -> Self:
        """The callback of a notification, before its first attempt."""
        body = {"type": notification.kind, "timestamp": now.isoformat(), "data": notification.data}
        return cls(
            id=notification.id, key=notification.key, url=notification.callback, body=json.dumps(body), again=again
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `message`. Raises BadEvent."""
        try:
            return cls(**json.loads(text))
        except (ValueError, RecursionError, TypeError) as error:
            raise BadEvent(f"The message is not a callback to deliver: {error}.") from error

    def message(self) -> str:
        """The body of the message in the queue."""
        return json.dumps(asdict(self))


class Publisher(Protocol):
    """Sends notifications."""

    def publish(self, notification: Notification, *, first: bool) -> None:
        """Send it, unless it was sent before. first: skip that check, for a new result. Raises StoreUnavailable."""
        ...


class NullPublisher:
    """Sends nothing: the deployment has no event bus."""

    def publish(self, notification: Notification, *, first: bool) -> None:
        """Do nothing."""
