"""Tell the world how a picture ended: an event on EventBridge, and a message for the callback where somebody asked.

Both happen before the picture's own message counts as done, and again where the worker died in between; the id stays
the same then, so that whoever listens can tell.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from handler.aws.documents import DocumentStore
from handler.aws.queue import Queue
from handler.errors import StoreUnavailable
from handler.hooks import products
from handler.jobs import ObjectRef

COMPLETED, REJECTED, NEEDS_REVIEW = "hairline.completed", "hairline.rejected", "hairline.needs_review"
EVENT_SOURCE = "hairline"


@dataclass(frozen=True, slots=True)
class Notification:
    """id: the same whenever it is told again. kind: one of the three. data: JSON, with names of files, never pictures.
    callback: a URL that the picture itself names, None where it does not.
    """

    id: str
    kind: str
    data: Mapping[str, Any]
    callback: str | None = None

    @property
    def key(self) -> str:
        """The picture's key in the input bucket."""
        return str(self.data["picture"]["key"])


def from_report(report: Mapping[str, Any], output_bucket: str, callback: str | None) -> Notification:
    """What a stored report says. callback: as in Notification."""
    source = report["object"]
    data: dict[str, Any] = {"picture": dict(source)}
    if report["status"] == "done":
        kind = NEEDS_REVIEW if report["quality"]["needs_review"] else COMPLETED
        data["output"] = {"bucket": output_bucket, "prefix": f"{source['key']}/", "files": sorted(report["files"])}
        data["quality"] = report["quality"]
        data["listings"] = {name: told["complies"] for name, told in report.get("compliance", {}).items()}
    else:
        kind = REJECTED
        data["reason"] = report["reason"]
    return _made(kind, data, str(report["mark"]), callback)


def from_refused_download(ref: ObjectRef, url: str, code: str, message: str) -> Notification:
    """That a picture could not be fetched from `url`, so nothing lies at `ref`."""
    data = {"picture": {"bucket": ref.bucket, "key": ref.key, "url": url}, "reason": {"code": code, "message": message}}
    return _made(REJECTED, data, url + code, None)


def _made(kind: str, data: dict[str, Any], mark: str, callback: str | None) -> Notification:
    picture = data["picture"]
    if (shop := products.split(picture["key"])) is not None:
        data["shop"] = shop
    digest = hashlib.sha256("\n".join((kind, picture["bucket"], picture["key"], mark)).encode()).hexdigest()
    return Notification(f"msg_{digest[:32]}", kind, data, callback)


class Publisher(Protocol):
    """Whoever passes notification on."""

    def publish(self, notification: Notification, *, first: bool) -> None:
        """Pass it on, unless that was done before; first: whether that cannot be. Raises StoreUnavailable."""
        ...


class NullPublisher:
    """Nobody listens."""

    def publish(self, notification: Notification, *, first: bool) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class EventBridgePublisher:
    """events: boto3's client for EventBridge. bus: the name of its bus. callbacks: the queue of what is to be delivered
    by `handler.hooks.callbacks`. memory: of what was told.
    """

    events: Any
    bus: str
    callbacks: Queue
    memory: DocumentStore

    def publish(self, notification: Notification, *, first: bool) -> None:
        """See Publisher."""
        told = f"told/{notification.id}"
        if not first and self.memory.read(told) is not None:
            return
        self._put_event(notification)
        if notification.callback is not None or "shop" in notification.data:
            self.callbacks.send(message(notification, datetime.now(UTC)))
        self.memory.create(told, {"kind": notification.kind})

    def _put_event(self, notification: Notification) -> None:
        entry = {
            "EventBusName": self.bus,
            "Source": EVENT_SOURCE,
            "DetailType": notification.kind,
            "Detail": json.dumps({"id": notification.id, **notification.data}),
        }
        try:
            answer = self.events.put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"Could not send to the event bus {self.bus}: {error}") from error
        if answer["FailedEntryCount"]:
            raise StoreUnavailable(f"The event bus {self.bus} did not take an event: {answer['Entries'][0]}")


def message(notification: Notification, now: datetime, *, again: bool = False) -> str:
    """The message that asks for a callback. again: also where it was delivered before, or its receiver turned off."""
    body = {"type": notification.kind, "timestamp": now.isoformat(), "data": notification.data}
    return json.dumps(
        {
            "id": notification.id,
            "key": notification.key,
            "url": notification.callback,
            "body": json.dumps(body),
            "attempt": 0,
            "due": 0,
        }
        | ({"again": True} if again else {})
    )
