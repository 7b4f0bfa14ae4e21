"""Messages of the fetch queue become originals in the input bucket."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from handler.aws.bucket import S3Store
from handler.errors import FetchFailed, SourceChanged, StoreUnavailable
from handler.hooks import downloads
from handler.hooks.originals import Originals, without_version
from handler.hooks.products import Product, ProductImage
from tests.handler.hooks.conftest import INPUT
from tests.handler.hooks.functions import download_deps, process_all
from tests.handler.hooks.shops import example, source

FRONT = "https://pictures.example/front.jpg"


@pytest.fixture
def deps(world, net):
    return download_deps(world, net)


def one(url=FRONT, id_="front", name="own", shop="catalogue"):
    """A message with one image."""
    (message,) = Product(name, shop, "1", (ProductImage(id_, url),)).messages()
    return message


def test_an_image_is_stored_with_its_origin_and_options(world, net, deps, photo):
    world.entries.document["own"]["options"] = {"format": "webp"}
    net.serve("/front.jpg", photo, ETag='"v1"')
    assert process_all(world, deps, one()) == ["stored"]
    ((key, held),) = world.originals().items()
    assert key == "shops/own/catalogue/1/front"
    assert held["ContentType"] == "image/jpeg"
    assert held["Metadata"]["hairline-etag"] == '"v1"'
    assert json.loads(held["Metadata"]["hairline"]) == {"format": "webp"}
    assert world.s3.get_object(Bucket=INPUT, Key=key)["Body"].read() == photo
    assert world.messages("published") == []  # the image is not finished yet


def test_a_product_is_split_into_a_message_for_each_image(world, net, deps, photo):
    net.serve("/1.jpg", photo)
    net.serve("/2.jpg", photo)
    pictures = tuple(ProductImage(str(n), f"https://pictures.example/{n}.jpg") for n in (1, 2))
    (message,) = Product("own", "catalogue", "1", pictures).messages()
    assert process_all(world, deps, message) == ["split", "stored", "stored"]
    assert set(world.originals()) == {"shops/own/catalogue/1/1", "shops/own/catalogue/1/2"}


def test_an_unchanged_url_is_not_requested(world, net, deps, photo):
    net.serve("/s/front.jpg", photo)
    url = "https://cdn.shopify.com/s/front.jpg?v=1&width=10"
    newer = url.replace("v=1", "v=2")
    spring = {"name": "spring", "shop": "spring.myshopify.com"}
    assert process_all(world, deps, one(url, **spring), one(url, **spring), one(newer, **spring)) == [
        *("stored", "unchanged", "unchanged")
    ]
    assert len(net.requests) == 1
    other = url.replace("width=10", "width=20")
    assert process_all(world, deps, one(other, **spring)) == ["stored"]


@pytest.mark.parametrize("polite", [True, False])
def test_an_image_at_a_new_url_with_the_same_etag_is_unchanged(world, net, deps, photo, polite):
    net.serve("/front.jpg", photo, ETag='"v1"')
    net.serve("/moved.jpg", b"" if polite else photo, 304 if polite else 200, ETag='"v1"')
    assert process_all(world, deps, one(), one("https://pictures.example/moved.jpg")) == ["stored", "unchanged"]
    assert net.requests[1].headers["if-none-match"] == '"v1"'
    net.serve("/changed.jpg", photo + b" ", ETag='"v2"')
    assert process_all(world, deps, one("https://pictures.example/changed.jpg")) == ["stored"]
    versions = world.s3.list_object_versions(Bucket=INPUT)["Versions"]
    assert len(versions) == 2


def test_an_etag_that_cannot_be_sent_as_a_header_is_not_stored(world, net, deps, photo):
    for n, etag in enumerate(['"' + "x" * 300 + '"', '"\xe9"']):
        net.raw(f"/{n}", b"HTTP/1.1 200 x\r\nETag: " + etag.encode("latin-1") + b"\r\n\r\n" + photo)
        assert process_all(world, deps, one(f"https://pictures.example/{n}", id_=str(n))) == ["stored"]
    assert all("hairline-etag" not in held["Metadata"] for held in world.originals().values())


def test_concurrent_workers_store_an_image_once(world, net, deps, photo):
    net.serve("/front.jpg", photo)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: downloads.process(one(), deps), range(8)))
    assert outcomes.count("stored") == 1
    assert outcomes.count("unchanged") == 7
    assert len(world.s3.list_object_versions(Bucket=INPUT)["Versions"]) == 1


def test_an_image_is_retried_if_another_worker_stores_another_one_meanwhile(world, net, deps, photo):
    def serve_late(_, sock):
        world.s3.put_object(Bucket=INPUT, Key="shops/own/catalogue/1/front", Body=b"other")
        sock.sendall(b"HTTP/1.1 200 x\r\nContent-Length: %d\r\n\r\n" % len(photo) + photo)

    net.routes["/front.jpg"] = serve_late
    with pytest.raises(SourceChanged):
        downloads.process(one(), deps)
    assert world.messages("published") == []
    net.serve("/front.jpg", photo)
    assert downloads.process(one(), deps) == "stored"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://cdn.shopify.com/gone.jpg", "download_failed"),
        ("https://evil.example/a.jpg", "download_failed"),  # none of the source's hosts
        ("https://127.0.0.1/a.jpg", "download_failed"),
        ("file:///etc/passwd", "download_failed"),
        ("https://[cdn.shopify.com/a.jpg", "download_failed"),
        ("https://cdn.shopify.com/page", "not_an_image"),
        ("https://cdn.shopify.com/empty", "empty_image"),
    ],
)
def test_an_image_that_cannot_be_downloaded_is_published_once_as_rejected(world, net, deps, url, code):
    net.serve("/page", b"<html>")
    net.serve("/empty", b"")
    message = one(url, name="spring", shop="spring.myshopify.com")
    assert process_all(world, deps, message, message) == ["rejected", "rejected"]
    (event,) = world.messages("published")  # once, however often the shop sends it
    assert event["detail-type"] == "hairline.rejected"
    assert event["detail"]["reason"]["code"] == code
    assert event["detail"]["shop"] == {
        "source": "spring",
        "shop": "spring.myshopify.com",
        "product": "1",
        "image": "front",
    }
    assert event["detail"]["image"]["url"] == url
    (callback,) = world.messages("callbacks")
    assert callback["id"] == event["detail"]["id"]
    assert world.originals() == {}
    assert world.messages("dead") == []


def test_a_temporary_failure_is_retried(world, net, deps, photo):
    net.serve("/front.jpg", b"", 503)
    with pytest.raises(FetchFailed):
        downloads.process(one(), deps)
    assert world.messages("published") == []
    net.serve("/front.jpg", photo)
    assert downloads.process(one(), deps) == "stored"


def test_a_missing_bucket_is_a_failure(net, deps, photo, world):
    net.serve("/front.jpg", photo)
    gone = Originals(S3Store(world.s3), "no-such-bucket", deps.originals.fetcher)
    with pytest.raises(StoreUnavailable):
        gone.ensure_stored("shops/own/catalogue/1/front", FRONT, source("own"))


@pytest.mark.parametrize(
    "body",
    [
        *(
            "{",
            "[]",
            "{}",
            '{"source": "own"}',
            '{"source": "own", "shop": "catalogue", "id": "1", "images": [1]}',
        ),
        '{"source": "own", "shop": "catalogue", "id": "../1", "images": null}',
        '{"source": "nobody", "shop": "catalogue", "id": "1", "images": [{"id": "1", "url": "x"}]}',
        '{"detail-type": "hairline.requested", "source": "my.catalogue", "detail": 1}',
        '{"detail-type": "hairline.requested", "source": "your.catalogue", "detail": {"product": "1", "images": []}}',
        '{"detail-type": "shopifyWebhook", "source": 1, "detail": {}}',
        '{"detail-type": "shopifyWebhook", "source": "my.catalogue", "detail": {"payload": 1}}',
    ],
)
def test_an_invalid_message_becomes_a_dead_letter_with_the_reason(world, deps, body):
    assert downloads.process(body, deps) == "dead"
    answer = world.sqs.receive_message(QueueUrl=world.urls["dead"], MessageAttributeNames=["All"])
    (message,) = answer["Messages"]
    assert message["Body"] == body
    assert message["MessageAttributes"]["ReasonCode"]["StringValue"] in ("bad_event", "bad_signature")


# Events


def test_shopifys_event_is_processed_like_its_webhook(world, net, deps, photo):
    net.serve("/s/files/1/0262/4071/2726/files/front.jpg", photo)
    net.serve("/s/files/1/0262/4071/2726/files/back.jpg", photo)
    assert process_all(world, deps, example("bus_shopify_product")) == ["split", "stored", "stored"]
    assert len(world.originals()) == 2


def test_a_requested_event_is_processed_like_a_webhook(world, net, deps, photo):
    net.serve("/front.jpg", photo)
    net.serve("/back.jpg", photo)
    assert process_all(world, deps, example("bus_hairline_requested")) == ["split", "stored", "stored"]
    assert set(world.originals()) == {"shops/own/catalogue/sku-1/front", "shops/own/catalogue/sku-1/back"}


def test_an_event_of_another_topic_does_nothing(world, deps):
    other = json.loads(example("bus_shopify_product"))
    other["detail"]["metadata"]["X-Shopify-Topic"] = "orders/create"
    assert process_all(world, deps, json.dumps(other)) == ["nothing"]


@pytest.mark.parametrize(
    ("url", "name", "bare"),
    [
        ("https://a.example/b.jpg?v=1", "v", "https://a.example/b.jpg"),
        ("https://a.example/b.jpg?v=1&w=2#x", "v", "https://a.example/b.jpg?w=2"),
        ("https://a.example/b.jpg?v=1", None, "https://a.example/b.jpg?v=1"),
        ("https://a.example/b.jpg?version=1&v", "v", "https://a.example/b.jpg?version=1"),
    ],
)
def test_the_version_is_removed_from_a_url(url, name, bare):
    assert without_version(url, name) == bare
