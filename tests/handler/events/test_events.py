"""Every file in events/ against what it must be read as; a file without an expectation fails.

sqs_*: what Lambda hands to `on_queue`, a list entry for each message. s3_*: what it hands to `on_s3`. batch_*: a task
of S3 Batch Operations. hook_*: what a shop sends, its headers and its payload. bus_*: a shop's event as EventBridge
puts it into the fetch queue. Of shops the keys are expected under which originals will lie, with ? where the shop has
to be asked for its pictures.
"""

import json
from pathlib import Path

import pytest

from handler.aws.registry_secret import Secret
from handler.errors import BadEvent
from handler.events import eventbridge, s3, s3_batch, sqs
from handler.hooks import intake, registry
from tests.handler.hooks.shops import ENTRIES, source

EVENTS = Path(__file__).parents[3] / "events"
BAD = BadEvent.code

EXPECTED = {
    "batch_schema_1": ["products/red shoe+1.jpg"],
    "batch_schema_2": ["products/été/100% wool.jpg"],
    "bus_bigcommerce_product": ["shops/big/abc123/205/?"],
    "bus_hairline_requested": ["shops/own/catalogue/sku-1/front", "shops/own/catalogue/sku-1/back"],
    "bus_shopify_product": [f"shops/spring/spring.myshopify.com/788032119674292922/{n}" for n in (1, 2)],
    "hook_bigcommerce_order_created": [],
    "hook_bigcommerce_product_updated": ["shops/big/abc123/205/?"],
    "hook_shopify_products_create": [f"shops/spring/spring.myshopify.com/788032119674292922/{n}" for n in (1, 2)],
    "hook_shopify_products_delete": [],
    "hook_shopify_products_update_media": ["shops/spring/spring.myshopify.com/788032119674292922/1"],
    "hook_standard_product_updated": ["shops/own/catalogue/sku-1/front", "shops/own/catalogue/sku-1/back"],
    "hook_woocommerce_product_deleted": [],
    "hook_woocommerce_product_updated": ["shops/woo/woo.example/794/792"],
    "s3_foreign_record": BAD,
    "s3_put_direct": ["products/shoe.jpg"],
    "s3_put_unversioned": ["red flower.jpg"],
    "s3_test_event": [],
    "sqs_batch_partial": [
        ["products/shoe.jpg"],
        ["products/notes.txt"],
        BAD,
        ["products/gone.jpg"],
        ["products/hat.jpg"],
    ],
    "sqs_eventbridge": [["products/shoe.jpg"]],
    "sqs_eventbridge_bad": [BAD, BAD],
    "sqs_eventbridge_nasty_keys": [["a+b %41.png"], ["red flower.jpg"], ["100% wool.jpg"], ["été/鞋 👟.jpg"]],
    "sqs_eventbridge_other_events": [["products/old.jpg"], [], []],
    "sqs_garbage": [BAD] * 8,
    "sqs_s3_bad_encoding": [BAD],
    "sqs_s3_copy": [["products/2026/shoe.jpg"]],
    "sqs_s3_empty_and_folder": [[], [], []],
    "sqs_s3_multipart": [["products/poster.tif"]],
    "sqs_s3_nasty_keys": [
        ["red flower.jpg"],
        ["a+b.jpg"],
        ["100% wool #41.png"],
        ["été/鞋 👟.jpg"],
        ["a//b.jpg"],
        ["../up.jpg"],
        ["&$@=;:,?.jpg"],
        ["%2B.jpg"],
        ["tab\tnew\nline.jpg"],
        ["MinIO/style.jpg"],
    ],
    "sqs_s3_next_major": [BAD],
    "sqs_s3_other_events": [[], []],
    "sqs_s3_output_bucket": [["products/shoe.jpg/cutout.png"]],
    "sqs_s3_post": [["uploads/form/shoe.jpg"]],
    "sqs_s3_put": [["products/shoe.jpg"]],
    "sqs_s3_removed": [[], []],
    "sqs_s3_several_records": [["products/left.jpg", "products/right.jpg"]],
    "sqs_s3_test_event": [[]],
    "sqs_s3_unversioned": [["products/shoe.jpg"]],
    "sqs_sns_confirmation": [BAD],
    "sqs_sns_other_message": [BAD],
    "sqs_sns_raw": [["products/shoe.jpg"]],
    "sqs_sns_test_event": [[]],
    "sqs_sns_wrapped": [["products/shoe.jpg"]],
}


def load(name):
    return json.loads((EVENTS / f"{name}.json").read_text("utf-8"))


def keys(parse, event):
    try:
        return [job.source.key for job in parse(event)]
    except BadEvent as error:
        return error.code


PLATFORM_OF = {"shopify": "spring", "woocommerce": "woo", "bigcommerce": "big", "standard": "own"}


def shop_keys(sender, words, payload):
    product = intake.read(sender, words, payload)
    if product is None:
        return []
    if product.images is None:
        return [f"shops/{product.source}/{product.shop}/{product.id}/?"]
    return [product.key(image) for image in product.images]


@pytest.mark.parametrize("name", sorted(path.stem for path in EVENTS.iterdir()))
def test_each_example_event_is_parsed_as_expected(name):
    event = load(name)
    if name.startswith("hook_"):
        words = {header.lower(): value for header, value in event["headers"].items()}
        sender = source(PLATFORM_OF[name.split("_")[1]])
        assert shop_keys(sender, words, event["payload"]) == EXPECTED[name]
    elif name.startswith("bus_"):
        event_source, words, payload = eventbridge.shop_payload(event)
        sender = registry.Registry(Secret(ENTRIES, "registry"), registry.Policy()).of_event_source(event_source)
        assert shop_keys(sender, words, payload) == EXPECTED[name]
    elif name.startswith("batch_"):
        assert keys(lambda task: [s3_batch.parse(task)[0]], event) == EXPECTED[name]
    elif name.startswith("s3_"):
        assert keys(s3.parse, event) == EXPECTED[name]
    else:
        assert [keys(sqs.parse, record["body"]) for record in event["Records"]] == EXPECTED[name]


def test_every_expectation_has_an_example():
    assert EXPECTED.keys() == {path.stem for path in EVENTS.iterdir()}


def test_a_job_has_the_events_version_and_etag():
    (versioned,) = s3.parse(load("s3_put_direct"))
    item = load("s3_put_direct")["Records"][0]["s3"]["object"]
    assert (versioned.version, versioned.etag) == (item["versionId"], item["eTag"])
    (unversioned,) = s3.parse(load("s3_put_unversioned"))
    assert unversioned.version is None
    assert unversioned.etag
