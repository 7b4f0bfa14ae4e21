"""A callback of an image that was cut."""

from dataclasses import replace
from datetime import UTC, datetime

from handler import notifications
from handler.notifications import Delivery
from tests.handler.hooks.shops import NOW

KEY = "shops/own/catalogue/1/front"
REPORT = {
    "status": "done",
    "object": {"bucket": "input", "key": KEY, "version": "v", "etag": '"e"'},
    "mark": "m",
    "quality": {"needs_review": False, "confidence": 0.9, "reasons": []},
    "compliance": {"amazon-main": {"complies": True, "rules": {}}},
    "files": {"cutout.png": "1", "alpha.png": "2"},
}


def delivery(key=KEY, url=None, **changes):
    notification = notifications.from_report({**REPORT, "object": {**REPORT["object"], "key": key}}, "output", url)
    return replace(Delivery.of(notification, datetime.fromtimestamp(NOW, UTC)), **changes)
