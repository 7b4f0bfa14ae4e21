"""Webhooks: who may send them, which are queued, and which were accepted before."""

import json
from dataclasses import replace

import pytest

from handler.errors import BadConfig, BadEvent, BadSignature, PayloadTooLarge, StoreUnavailable
from handler.hooks import intake
from handler.hooks.products import MAX_MESSAGE_BYTES, Product, ProductImage
from tests.handler.hooks.shops import NOW, signed, webhook

CREATED = webhook("shopify_products_create")


@pytest.fixture
def deps(world):
    return intake.Deps(world.registry, world.queue("fetch"), world.state)


def send(deps, name, sent, now=NOW, **changes):
    headers, body = sent
    return intake.accept(name, {**signed(name, headers, body), **changes}, body, deps, now)


@pytest.mark.parametrize(
    ("name", "file", "pictures"),
    [
        ("spring", "shopify_products_create", ["1", "2"]),
        ("woo", "woocommerce_product_updated", ["792"]),
        ("big", "bigcommerce_product_updated", None),
        ("own", "standard_product_updated", ["front", "back"]),
    ],
)
def test_a_signed_webhook_of_each_platform_is_queued_once(world, deps, name, file, pictures):
    assert send(deps, name, webhook(file)) == "queued"
    (message,) = world.messages("fetch")
    product = Product.from_message(message)
    assert product.source == name
    assert (product.images and [each.id for each in product.images]) == pictures
    # again, with another delivery id: the body is what counts
    assert send(deps, name, webhook(file), **{"x-shopify-webhook-id": ["another"]}) == "repeated"
    assert world.messages("fetch") == []


@pytest.mark.parametrize("file", ["shopify_products_delete", "shopify_products_create"])
def test_other_topics_are_accepted_and_ignored(world, deps, file):
    headers, body = webhook(file)
    assert send(deps, "spring", ({**headers, "X-Shopify-Topic": "orders/create"}, body)) == "ignored"
    assert send(deps, "spring", ({"X-Shopify-Shop-Domain": "spring.myshopify.com"}, body)) == "ignored"
    assert world.messages("fetch") == []


def test_a_product_without_images_or_with_cutouts_only_is_ignored(deps):
    headers, body = CREATED
    payload = json.loads(body)
    for images in ([], None, payload["images"][2:]):
        assert send(deps, "spring", (headers, json.dumps({**payload, "images": images}).encode())) == "ignored"


def test_an_unsigned_or_wrongly_signed_webhook_leaves_no_trace(world, deps):
    headers, body = CREATED
    plain = {key.lower(): [value] for key, value in headers.items()}
    for wrong in (plain, {**plain, "x-shopify-hmac-sha256": ["x"]}, signed("woo", headers, body)):
        with pytest.raises(BadSignature):
            intake.accept("spring", wrong, body, deps, NOW)
    with pytest.raises(BadSignature):  # nothing is parsed before the signature holds
        intake.accept("spring", plain, b"no JSON", deps, NOW)
    assert world.messages("fetch") == []
    assert world.s3.list_objects_v2(Bucket="state").get("Contents", []) == []


@pytest.mark.parametrize("name", ["", "nobody", "callbacks", "../spring", "x" * 5000])
def test_a_source_that_is_not_registered_is_a_bad_signature(deps, name):
    headers, body = CREATED
    with pytest.raises(BadSignature):
        intake.accept(name, signed("spring", headers, body), body, deps, NOW)


def test_a_source_without_secrets_accepts_no_webhooks(world, deps):
    world.entries.document["spring"]["secrets"] = []
    with pytest.raises(BadSignature):
        send(deps, "spring", CREATED)


def test_a_signed_webhook_for_another_shop_is_rejected(deps):
    headers, body = CREATED
    with pytest.raises(BadSignature):
        send(deps, "spring", ({**headers, "X-Shopify-Shop-Domain": "other.myshopify.com"}, body))


def test_a_source_with_several_shops_needs_the_shops_name(world, deps):
    world.entries.document["spring"]["shops"] = ["autumn.myshopify.com", "spring.myshopify.com"]
    headers, body = CREATED
    del headers["X-Shopify-Shop-Domain"]
    with pytest.raises(BadSignature):
        send(deps, "spring", (headers, body))
    assert send(deps, "spring", ({**headers, "X-Shopify-Shop-Domain": "autumn.myshopify.com"}, body)) == "queued"
    headers["X-Shopify-Shop-Domain"] = "spring.myshopify.com"


def test_an_old_webhook_with_a_signed_time_is_rejected(deps):
    with pytest.raises(BadSignature):
        send(deps, "own", webhook("standard_product_updated"), now=NOW + 301)


def test_woocommerces_ping_is_accepted_and_does_nothing(world, deps):
    assert (
        intake.accept("woo", {"content-type": ["application/x-www-form-urlencoded"]}, b"webhook_id=7", deps, NOW)
        == "ping"
    )
    assert world.messages("fetch") == []
    for name, headers, body in [
        ("spring", {}, b"webhook_id=7"),
        ("woo", {}, b"webhook_id=7&x=1"),
        ("woo", {}, b"webhook_id=seven"),
        ("woo", {"x-wc-webhook-signature": ["x"]}, b"webhook_id=7"),
    ]:
        with pytest.raises(BadSignature):
            intake.accept(name, headers, body, deps, NOW)


def test_the_body_is_limited_to_the_byte(deps):
    body = b'{"id": 1}' + b" " * (intake.MAX_BODY_BYTES - 9)
    assert send(deps, "spring", (CREATED[0], body)) == "ignored"
    with pytest.raises(PayloadTooLarge):
        intake.accept("spring", {}, body + b" ", deps, NOW)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"1", b"null", b'{"images": [1], "id": 1}', b'{"images": {}, "id": 1}', b"\xff"),
        *(b'{"images": [{"src": "https://a.example/"}], "id": 1}', b'{"images": [{"id": 1, "src": "x"}]}'),
        *(b'{"id": "../x", "images": [{"id": 1, "src": "x"}]}', b'{"id": 1, "images": [{"id": "a/b", "src": "x"}]}'),
        b'{"id": 1, "images": [{"id": 1, "src": "https://a.example/\\ud800.jpg"}]}',
        b"[" * 100_000,
    ],
)
def test_a_signed_body_without_a_valid_product_is_a_bad_event(world, deps, body):
    with pytest.raises(BadEvent):
        send(deps, "spring", (CREATED[0], body))
    assert world.messages("fetch") == []


@pytest.mark.parametrize(
    "data", [b"1", b"[]", b'{"images": []}', b'{"product": {"a": 1}, "images": [{"id": 1, "url": "x"}]}']
)
def test_invalid_data_is_a_bad_event(deps, data):
    headers, _ = webhook("standard_product_updated")
    with pytest.raises(BadEvent):
        send(deps, "own", (headers, b'{"type": "product.updated", "data": ' + data + b"}"))


@pytest.mark.parametrize("type_", [b"[]", b"{}"])
def test_a_topic_that_is_not_text_is_a_bad_event(deps, type_):
    headers, _ = webhook("standard_product_updated")
    with pytest.raises(BadEvent):
        send(deps, "own", (headers, b'{"type": ' + type_ + b', "data": {}}'))


def test_a_shop_whose_address_is_not_a_url_is_a_bad_event(deps):
    headers, body = webhook("woocommerce_product_updated")
    with pytest.raises(BadEvent):
        send(deps, "woo", ({**headers, "X-WC-Webhook-Source": "https://[woo.example/"}, body))


def test_a_webhook_that_was_not_queued_is_accepted_again(world, deps):
    broken = replace(deps, queue=type(deps.queue)(world.sqs, world.urls["fetch"] + "-gone"))
    with pytest.raises(StoreUnavailable):
        send(broken, "spring", CREATED)
    assert send(deps, "spring", CREATED) == "queued"
    assert len(world.messages("fetch")) == 1


def test_errors_of_the_registry_are_not_the_senders_fault(world, deps):
    world.entries.document["spring"]["platform"] = "shopware"
    with pytest.raises(BadConfig):
        send(deps, "spring", CREATED)
    assert send(deps, "woo", webhook("woocommerce_product_updated")) == "queued"  # others go on
    world.entries.document = "{"
    with pytest.raises(BadConfig):
        send(deps, "woo", webhook("woocommerce_product_updated"))


def test_an_image_that_fits_into_no_message_is_a_bad_event(world, deps):
    body = json.dumps({"id": 1, "images": [{"id": 1, "src": "data:image/png;base64," + "A" * MAX_MESSAGE_BYTES}]})
    with pytest.raises(BadEvent, match="image 1 is too long"):
        send(deps, "spring", (CREATED[0], body.encode()))
    assert world.messages("fetch") == []


def test_many_images_are_split_into_several_messages(world, deps):
    pictures = tuple(ProductImage(str(n), f"https://pictures.example/{'a' * 1900}{n}.jpg") for n in range(250))
    product = Product("own", "catalogue", "1", pictures)
    messages = list(product.messages())
    assert len(messages) > 1
    assert max(map(len, messages)) <= MAX_MESSAGE_BYTES + 1000
    read = [Product.from_message(json.loads(message)) for message in messages]
    assert tuple(picture for each in read for picture in each.images or ()) == pictures


@pytest.mark.parametrize("id_", ["", ".", "..", "a/b", ".hidden", "a b", "é", "x" * 129, "a.", 7])
def test_an_id_that_cannot_be_part_of_a_key_is_rejected(id_):
    with pytest.raises(BadEvent):
        ProductImage(id_, "https://a.example/")
    with pytest.raises(BadEvent):
        Product("own", "catalogue", id_, None)
