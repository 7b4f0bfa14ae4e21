"""Notifications as events on EventBridge, and as callbacks in the queue of those to deliver."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handler import keys
from handler.aws.documents import DocumentStore
from handler.aws.faults import translated
from handler.aws.queue import Queue
from handler.errors import StoreUnavailable
from handler.notifications import Delivery, Notification

EVENT_SOURCE = "hairline"


@dataclass(frozen=True, slots=True)
class EventBridgePublisher:
    """A Publisher. events: boto3's client for EventBridge. bus: the name of its bus. callbacks: the queue that
    `handler.hooks.callbacks` delivers from. state: remembers what was published.
    """

    events: Any
    bus: str
    callbacks: Queue
    state: DocumentStore

    def publish(self, notification: Notification, *, first: bool) -> None:
        """See `handler.notifications.Publisher`."""
        published = keys.published(notification.id)
        if not first and self.state.read(published) is not None:
            return
        self._put_event(notification)
        if notification.may_have_callback:
            self.callbacks.send(Delivery.of(notification, datetime.now(UTC)).message())
        self.state.create(published, {"kind": notification.kind})

    def _put_event(self, notification: Notification) -> None:
        entry = {
            "EventBusName": self.bus,
            "Source": EVENT_SOURCE,
            "DetailType": notification.kind,
            "Detail": json.dumps({"id": notification.id, **notification.data}),
        }
        with translated(f"send to the event bus {self.bus}"):
            answer = self.events.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise StoreUnavailable(f"The event bus {self.bus} rejected an event: {answer['Entries'][0]}")
