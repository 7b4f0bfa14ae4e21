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

from handler.errors import StoreUnavailable
from handler.hooks import products
from handler.jobs import ObjectRef
from handler.queues import Queue
from handler.state import State

COMPLETED, REJECTED, NEEDS_REVIEW = "hairline.completed", "hairline.rejected", "hairline.needs_review"
EVENT_SOURCE = "hairline"


@dataclass(frozen=True, slots=True)
class News:
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


def of_report(report: Mapping[str, Any], output_bucket: str, callback: str | None) -> News:
    """What a stored report says. callback: as in News."""
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


def of_refusal(ref: ObjectRef, url: str, code: str, message: str) -> News:
    """That a picture could not be fetched from `url`, so nothing lies at `ref`."""
    data = {"picture": {"bucket": ref.bucket, "key": ref.key, "url": url}, "reason": {"code": code, "message": message}}
    return _made(REJECTED, data, url + code, None)


def _made(kind: str, data: dict[str, Any], mark: str, callback: str | None) -> News:
    picture = data["picture"]
    if (shop := products.split(picture["key"])) is not None:
        data["shop"] = shop
    digest = hashlib.sha256("\n".join((kind, picture["bucket"], picture["key"], mark)).encode()).hexdigest()
    return News(f"msg_{digest[:32]}", kind, data, callback)


class Herald(Protocol):
    """Whoever passes news on."""

    def tell(self, news: News, *, first: bool) -> None:
        """Pass it on, unless that was done before; first: whether that cannot be. Raises StoreUnavailable."""
        ...


class Silence:
    """Nobody listens."""

    def tell(self, news: News, *, first: bool) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Bus:
    """events: boto3's client for EventBridge. bus: the name of its bus. callbacks: the queue of what is to be delivered
    by `handler.hooks.callbacks`. memory: of what was told.
    """

    events: Any
    bus: str
    callbacks: Queue
    memory: State

    def tell(self, news: News, *, first: bool) -> None:
        """See Herald."""
        told = f"told/{news.id}"
        if not first and self.memory.read(told) is not None:
            return
        self._publish(news)
        if news.callback is not None or "shop" in news.data:
            self.callbacks.send(message(news, datetime.now(UTC)))
        self.memory.create(told, {"kind": news.kind})

    def _publish(self, news: News) -> None:
        entry = {
            "EventBusName": self.bus,
            "Source": EVENT_SOURCE,
            "DetailType": news.kind,
            "Detail": json.dumps({"id": news.id, **news.data}),
        }
        try:
            answer = self.events.put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(f"Could not send to the event bus {self.bus}: {error}") from error
        if answer["FailedEntryCount"]:
            raise StoreUnavailable(f"The event bus {self.bus} did not take an event: {answer['Entries'][0]}")


def message(news: News, now: datetime, *, again: bool = False) -> str:
    """The message that asks for a callback. again: also where it was delivered before, or its receiver turned off."""
    body = {"type": news.kind, "timestamp": now.isoformat(), "data": news.data}
    return json.dumps(
        {"id": news.id, "key": news.key, "url": news.callback, "body": json.dumps(body), "attempt": 0, "due": 0}
        | ({"again": True} if again else {})
    )
