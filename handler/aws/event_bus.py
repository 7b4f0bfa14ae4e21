"""Sends notifications: as events on EventBridge, and as callbacks to the queue that CallbackFunction reads."""

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
class EventBus:
    """client: boto3's for EventBridge. name: of the bus."""

    client: Any
    name: str

    def send(self, notification: Notification) -> None:
        """Send it as an event. Raises StoreUnavailable."""
        entry = {
            "EventBusName": self.name,
            "Source": EVENT_SOURCE,
            "DetailType": notification.kind,
            "Detail": json.dumps({"id": notification.id, **notification.data}),
        }
        with translated(f"send to the event bus {self.name}"):
            answer = self.client.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise StoreUnavailable(f"The event bus {self.name} rejected an event: {answer['Entries'][0]}")


@dataclass(frozen=True, slots=True)
class EventBridgePublisher:
    """A Publisher. callbacks: the queue that `handler.hooks.callbacks` delivers from. state: has a mark for each
    notification that was sent.
    """

    bus: EventBus
    callbacks: Queue
    state: DocumentStore

    def publish(self, notification: Notification, *, first: bool) -> None:
        """See `handler.notifications.Publisher`."""
        published = keys.published(notification.id)
        if not first and self.state.read(published) is not None:
            return
        self.bus.send(notification)
        if notification.may_have_callback:
            self.callbacks.send(Delivery.of(notification, datetime.now(UTC)).message())
        self.state.create(published, {"kind": notification.kind})
