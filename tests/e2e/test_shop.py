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
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handler.hooks import wiring
from handler.local import api, mappings
from tests.e2e.conftest import Site, check_whole
from tests.e2e.shops import HOOK_SECRET, SHOP, Shop, drawn, keys
from tests.handler.web import Request, web


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
