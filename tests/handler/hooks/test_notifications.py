"""Notifications: one event and one callback for each result, with one id."""

import json
from dataclasses import replace

import pytest

from handler import notifications
from handler.errors import StoreUnavailable
from tests.handler.hooks.deliveries import REPORT


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "hairline.completed"),
        ({"quality": {"needs_review": True, "confidence": 0.1, "reasons": []}}, "hairline.needs_review"),
        ({"status": "rejected", "reason": {"code": "no_subject", "message": "m"}}, "hairline.rejected"),
        ({"status": "failed", "reason": {"code": "given_up", "message": "m"}}, "hairline.failed"),
    ],
)
def test_a_notification_is_sent_once_as_event_and_callback_with_one_id(world, changes, kind):
    notification = notifications.from_report({**REPORT, **changes}, "output", None)
    assert notification.kind == kind
    world.bus.publish(notification, first=True)
    world.bus.publish(notification, first=False)
    (event,) = world.messages("published")
    (message,) = world.messages("callbacks")
    assert (event["source"], event["detail-type"]) == ("hairline", kind)
    assert event["detail"] == {"id": message["id"], **notification.data}
    assert json.loads(message["body"])["data"] == notification.data


def test_each_result_has_one_id():
    first = notifications.from_report(REPORT, "output", None).id
    assert notifications.from_report({**REPORT, "mark": "m"}, "output", None).id == first
    assert notifications.from_report({**REPORT, "mark": "n"}, "output", None).id != first


def test_the_notification_of_an_api_job_names_it_and_its_path():
    object_ = {**REPORT["object"], "key": "api/tenant/0123"}
    data = notifications.from_report({**REPORT, "object": object_}, "output", None).data
    assert data["job"] == {"id": "0123", "path": "/v1/jobs/0123"}
    assert "shop" not in data


def test_an_image_without_shop_and_receiver_makes_no_callback(world):
    world.bus.publish(
        notifications.from_report({**REPORT, "object": {**REPORT["object"], "key": "a.jpg"}}, "o", None), first=True
    )
    assert len(world.messages("published")) == 1
    assert world.messages("callbacks") == []


def test_a_notification_that_failed_is_sent_at_the_retry(world):
    notification = notifications.from_report(REPORT, "output", None)
    broken = replace(world.bus, bus=replace(world.bus.bus, name="no-such-bus"))
    with pytest.raises(StoreUnavailable):
        broken.publish(notification, first=True)
    world.bus.publish(notification, first=False)
    assert len(world.messages("published")) == 1
