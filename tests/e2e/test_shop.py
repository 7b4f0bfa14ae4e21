"""A shop's webhook leads to cutouts, listing images, events and callbacks: API Gateway, queues, functions, S3."""

import base64
import hashlib
import hmac
import io
import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from standardwebhooks import Webhook

from handler.cutouts import app
from handler.hooks import app as hooks
from handler.hooks import wiring
from handler.local import api, mappings
from handler.local.poller import Context, Poller
from tests.e2e.conftest import Site, check_whole
from tests.handler.web import Request, Web, web

HOOK_SECRET = "hush"
CALLBACK_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SHOP = "spring.myshopify.com"


@dataclass(frozen=True)
class Shop:
    """A site with a registered shop, and the shop's own server with its images, on this machine."""

    site: Site
    server: Web

    def register(self, **changes: Any) -> None:
        """Register the shop. changes: to its entry in the registry."""
        entry = {
            "platform": "shopify",
            "secrets": [HOOK_SECRET],
            "shops": [SHOP],
            "callback": {"url": f"http://127.0.0.1:{self.server.port}/callbacks", "secrets": [CALLBACK_SECRET]},
            **changes,
        }
        self.site.made.client("secretsmanager").put_secret_value(
            SecretId=self.site.made.names["Registry"], SecretString=json.dumps({"spring": entry})
        )

    def product(self, number: int, names: list[str], version: int = 1, **more: Any) -> bytes:
        """The body of products/create. names: of images on the server; version: the ?v= of their URLs."""
        images = [
            {"id": 10 * number + n, "alt": None, "src": f"http://127.0.0.1:{self.server.port}/{name}?v={version}"}
            for n, name in enumerate(names)
        ]
        return json.dumps({"id": number, "title": "Shoe", "images": images, **more}).encode()

    def send(self, body: bytes, topic: str = "products/create") -> int:
        """Send a webhook. Returns the status of the response."""
        digest = hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()
        headers = {
            "X-Shopify-Hmac-Sha256": [base64.b64encode(digest).decode()],
            "X-Shopify-Topic": [topic],
            "X-Shopify-Shop-Domain": [SHOP],
        }
        event = {
            "pathParameters": {"source": "spring"},
            "multiValueHeaders": headers,
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        status: int = hooks.on_webhook(event, Context(10, 512))["statusCode"]
        return status

    def settle(self) -> None:
        """Run all functions until all queues are empty."""
        names = self.site.made.names
        lines = [
            (names["FetchQueue"], hooks.on_fetch, 1),
            (names["ShopQueue"], app.on_queue, 1),
            (names["CallbackQueue"], hooks.on_callback, 1),
        ]
        pollers = [
            Poller(sqs=self.site.sqs, queue_url=url, handler=run, batch_size=size, timeout_s=300, memory_mb=512)
            for url, run, size in lines
        ]
        while sum(poller.poll(wait_s=0) for poller in pollers):
            pass

    def events(self) -> list[dict[str, Any]]:
        """The events that Hairline has sent since the last call."""
        url = self.site.sqs.get_queue_url(QueueName="events")["QueueUrl"]
        found = []
        while messages := self.site.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.site.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def callbacks(self) -> list[dict[str, Any]]:
        """The callbacks that the shop received, verified with the package standardwebhooks."""
        requests = [request for request in self.server.requests if request.path == "/callbacks"]
        return [Webhook(CALLBACK_SECRET).verify(request.body, request.headers) for request in requests]

    def originals(self) -> list[str]:
        """The keys of all versions of all objects in the input bucket."""
        pages = self.site.s3.get_paginator("list_object_versions").paginate(Bucket=self.site.made.input_bucket)
        return sorted(item["Key"] for page in pages for item in page.get("Versions", []))

    def dead(self) -> int:
        """How many messages the dead-letter queues contain."""
        names = ["ApproximateNumberOfMessages"]
        return sum(
            int(self.site.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])
            for name, url in self.site.made.names.items()
            if name.endswith("DeadLetterQueue")
        )


@pytest.fixture
def shop(build: Callable[..., Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    site = build()
    # Each function gets its own environment, as the template says, but may also send requests to this machine.
    cutting = {name: value for name, value in os.environ.items() if name.startswith("HAIRLINE_")}
    for function, built in (
        ("WebhookFunction", wiring.intake_deps),
        ("FetchFunction", wiring.download_deps),
        ("CallbackFunction", wiring.callback_deps),
    ):
        for name in [name for name in os.environ if name.startswith("HAIRLINE_")]:
            monkeypatch.delenv(name)
        for name, value in {**site.made.environment(function), "HAIRLINE_ALLOW_LOOPBACK": "yes"}.items():
            monkeypatch.setenv(name, value)
        built.cache_clear()
        built()
    for name in [name for name in os.environ if name.startswith("HAIRLINE_")]:
        monkeypatch.delenv(name)
    for name, value in cutting.items():
        monkeypatch.setenv(name, value)

    events, sqs = site.made.client("events"), site.sqs
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="events", EventPattern=json.dumps({"source": ["hairline"]}))
    events.put_targets(Rule="events", Targets=[{"Id": "events", "Arn": arn}])
    with web(tmp_path, tls=False) as server:
        server.serve("/callbacks", b"")
        made = Shop(site, server)
        made.register()
        yield made
    for built in (wiring.intake_deps, wiring.download_deps, wiring.callback_deps):
        built.cache_clear()


def drawn(kind: str) -> bytes:
    """A mug, a ball or a shoe on a plain background, large and sharp enough for a listing image."""
    image = Image.new("RGB", (420, 420), (225, 224, 222))
    draw = ImageDraw.Draw(image)
    match kind:
        case "mug":
            draw.rounded_rectangle((80, 60, 300, 360), 30, fill=(170, 30, 40))
            draw.arc((270, 120, 380, 280), -90, 90, fill=(150, 25, 35), width=26)
        case "ball":
            draw.ellipse((50, 50, 350, 350), fill=(20, 70, 160))
            draw.ellipse((110, 100, 190, 170), fill=(120, 160, 220))
        case "shoe":
            upper = [(20, 300), (40, 160), (200, 150), (280, 230), (400, 280), (400, 330), (20, 330)]
            draw.polygon(upper, fill=(40, 40, 45))
            draw.rectangle((20, 320, 405, 350), fill=(240, 120, 20))
    buffer = io.BytesIO()
    image.resize((1260, 1260), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def keys(product: int, count: int) -> list[str]:
    return [f"shops/spring/{SHOP}/{product}/{10 * product + n}" for n in range(count)]


def test_a_product_becomes_cutouts_listings_events_and_callbacks_once(shop: Shop) -> None:
    names = ["mug", "ball", "shoe"]
    for name in names:
        shop.server.serve(f"/{name}", drawn(name), ETag=f'"{name}"')
    shop.register(options={"marketplaces": ["amazon-main"]})
    hook = shop.product(7, names)
    assert shop.send(hook) == 200
    shop.settle()

    made = keys(7, 3)
    assert shop.originals() == made
    check_whole(shop.site)
    for key in made:
        report = shop.site.report(key)
        assert report["status"] == "done"
        assert set(report["files"]) == {"cutout.png", "alpha.png", "amazon-main.jpg"}
        cutout = Image.open(io.BytesIO(shop.site.read(f"{key}/cutout.png")))
        assert np.ptp(np.asarray(cutout)[..., 3]) == 255
        listing = Image.open(io.BytesIO(shop.site.read(f"{key}/amazon-main.jpg")))
        assert (listing.mode, listing.format) == ("RGB", "JPEG")
        assert report["compliance"]["amazon-main"]["complies"], report["compliance"]["amazon-main"]

    events, callbacks = shop.events(), shop.callbacks()
    assert sorted(each["detail"]["image"]["key"] for each in events) == made
    assert sorted(each["data"]["image"]["key"] for each in callbacks) == made
    ids = {each["detail"]["id"] for each in events}
    assert {r.headers["webhook-id"] for r in shop.server.requests if r.path == "/callbacks"} == ids
    assert {each["detail-type"] for each in events} <= {"hairline.completed", "hairline.needs_review"}
    assert shop.dead() == 0

    # The same webhook again changes nothing. Neither does one in which only other fields than the images changed.
    before, count = shop.site.listing(), len(shop.server.requests)
    assert shop.send(hook) == 200
    assert shop.send(shop.product(7, names, version=2, title="Shoe, now cheaper"), "products/update") == 200
    shop.settle()
    assert shop.site.listing() == before
    assert len(shop.server.requests) == count
    assert shop.originals() == made
    assert shop.events() == []
    assert shop.dead() == 0


def test_hairlines_own_images_in_the_shop_are_not_processed_again(shop: Shop, small: bytes) -> None:
    shop.server.serve("/front.jpg", small)
    shop.server.serve("/hairline-front.png", small)
    assert shop.send(shop.product(7, ["front.jpg", "hairline-front.png"])) == 200
    shop.settle()
    assert shop.originals() == keys(7, 1)
    assert len(shop.events()) == 1


def test_an_image_that_cannot_be_downloaded_is_reported_and_does_not_block_others(shop: Shop, small: bytes) -> None:
    shop.server.serve("/front.jpg", small)
    shop.server.serve("/page.jpg", b"<!doctype html>")
    assert shop.send(shop.product(7, ["gone.jpg", "page.jpg", "front.jpg"])) == 200
    shop.settle()
    callbacks = {each["data"]["shop"]["image"]: each for each in shop.callbacks()}
    assert callbacks["70"]["data"]["reason"]["code"] == "download_failed"
    assert callbacks["71"]["data"]["reason"]["code"] == "not_an_image"
    assert callbacks["72"]["type"] in ("hairline.completed", "hairline.needs_review")
    assert shop.dead() == 0


def test_a_request_on_the_event_bus_is_processed_in_the_same_way(shop: Shop, small: bytes) -> None:
    shop.server.serve("/front.jpg", small)
    shop.register(platform="standard", secrets=[], shops=["catalogue"], event_source="my.catalogue", callback=None)
    detail = {"product": "sku-1", "images": [{"id": "front", "url": f"http://127.0.0.1:{shop.server.port}/front.jpg"}]}
    request = {"Source": "my.catalogue", "DetailType": "hairline.requested", "Detail": json.dumps(detail)}
    assert shop.site.made.client("events").put_events(Entries=[request])["FailedEntryCount"] == 0
    shop.settle()
    assert shop.originals() == ["shops/spring/catalogue/sku-1/front"]
    assert [each["detail"]["shop"]["product"] for each in shop.events()] == ["sku-1"]


def test_a_burst_of_webhooks_loses_nothing_and_cuts_out_each_image_once(shop: Shop, small: bytes) -> None:
    """Four products with two images, each sent four times with changes; bench/storm.py is larger."""
    shop.server.serve("/a.jpg", small)
    storm = [
        shop.product(number, 2 * ["a.jpg"], version, title=f"{turn}")
        for number in range(1, 5)
        for version in (1, 2)
        for turn in (1, 2)
    ]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(shop.send, storm))
    assert set(statuses) == {200}
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(shop.settle) for _ in range(3)]:
            done.result()
    shop.settle()
    expected = sorted(key for number in range(1, 5) for key in keys(number, 2))
    assert shop.originals() == expected
    assert sorted(each["detail"]["image"]["key"] for each in shop.events()) == expected
    assert sorted({each["data"]["image"]["key"] for each in shop.callbacks()}) == expected
    check_whole(shop.site)
    assert shop.dead() == 0


def test_a_webhook_over_http_leads_to_a_callback_through_separate_processes(
    build: Callable[..., Site], small: bytes, tmp_path: Path
) -> None:
    """As in `make serve`: the gateway, and each function in its own process and environment."""
    site = build()
    with (
        web(tmp_path, tls=False) as server,
        api.serving(site.made, tmp_path / "api.log") as served,
        mappings.polling(site.made, tmp_path / "webhooks.log"),
    ):
        server.serve("/front.jpg", small)
        received = threading.Event()

        def receive(_: Request, sock: socket.socket) -> None:
            sock.sendall(b"HTTP/1.1 204 x\r\n\r\n")
            received.set()

        server.routes["/callbacks"] = receive
        shop = Shop(site, server)
        shop.register()
        body = shop.product(7, ["front.jpg"])
        digest = base64.b64encode(hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()).decode()
        headers = {"X-Shopify-Hmac-SHA256": digest, "X-Shopify-Topic": "products/create", "X-Shopify-Shop-Domain": SHOP}
        request = urllib.request.Request(f"{served.url}/hooks/spring", body, headers)
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
        request.add_header("X-Shopify-Topic", "products/update")
        request.data = body + b" "
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert (refused.value.code, refused.value.read()) == (401, b'{"error": "bad_signature"}')
        refused.value.close()
        for _ in range(1200):
            if shop.originals():
                break
            time.sleep(0.1)
        site.settle()
        assert received.wait(60), (tmp_path / "webhooks.log").read_text()
        assert [each["data"]["image"]["key"] for each in shop.callbacks()] == keys(7, 1)
