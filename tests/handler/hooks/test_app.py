"""The entry points of the three functions."""

import base64
import json
import os
import time
from pathlib import Path

import boto3
import pytest

from handler import settings
from handler.config import CallbackConfig, FetchConfig, WebhookConfig
from handler.errors import BadConfig
from handler.hooks import app, registry, wiring
from handler.hooks.platforms import PLATFORMS
from handler.local.poller import Context
from tests.handler.hooks.shops import DOCUMENT, signed, webhook

ROOT = Path(__file__).parents[3]
FUNCTIONS = {
    "on_webhook": settings.Function.WEBHOOK,
    "on_fetch": settings.Function.FETCH,
    "on_callback": settings.Function.CALLBACK,
}
CONFIGS = {"on_webhook": WebhookConfig, "on_fetch": FetchConfig, "on_callback": CallbackConfig}


@pytest.fixture
def deployed(world, monkeypatch):
    """A function that sets up the environment of an entry point and returns it."""
    boto3.client("secretsmanager").create_secret(Name="registry", SecretString=json.dumps(DOCUMENT))
    values = {
        "HAIRLINE_REGISTRY": "registry",
        "HAIRLINE_STATE_BUCKET": "state",
        "HAIRLINE_ALLOW_LOOPBACK": "no",
        "HAIRLINE_FETCH_QUEUE_URL": world.urls["fetch"],
        "HAIRLINE_CALLBACK_QUEUE_URL": world.urls["callbacks"],
        "HAIRLINE_DEAD_LETTER_QUEUE_URL": world.urls["dead"],
        "HAIRLINE_INPUT_BUCKET": "input",
        "HAIRLINE_EVENT_BUS": "default",
        "HAIRLINE_MAX_BYTES": "1000000",
    }

    def _function(name):
        for built in (wiring.intake_deps, wiring.download_deps, wiring.callback_deps):
            built.cache_clear()
        for setting, value in values.items():
            monkeypatch.setenv(setting, value) if setting in settings.names(FUNCTIONS[name]) else monkeypatch.delenv(
                setting, False
            )
        return lambda event: getattr(app, name)(event, Context(10, 256))

    yield _function
    for built in (wiring.intake_deps, wiring.download_deps, wiring.callback_deps):
        built.cache_clear()


def request(name, headers, body):
    """API Gateway's event, format 1.0."""
    return {
        "version": "1.0",
        "resource": "/hooks/{source}",
        "path": f"/hooks/{name}",
        "httpMethod": "POST",
        "headers": {key: values[-1] for key, values in headers.items()},
        "multiValueHeaders": dict(headers),
        "pathParameters": {"source": name},
        "body": body.decode(),
        "isBase64Encoded": False,
    }


def batch(*bodies):
    """An event of SQS with these messages."""
    return {
        "Records": [
            {
                "messageId": str(n),
                "body": body,
                "eventSource": "aws:sqs",
                "attributes": {},
                "messageAttributes": {},
                "receiptHandle": "x",
            }
            for n, body in enumerate(bodies)
        ]
    }


def created(now=None):
    headers, body = webhook("shopify_products_create")
    return {
        **{key.title(): values for key, values in signed("spring", headers, body, now or time.time()).items()},
    }, body


def test_a_webhook_is_accepted_and_queued(world, deployed):
    on_webhook = deployed("on_webhook")
    headers, body = created()
    answer = on_webhook(request("spring", headers, body))
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "ok"})
    assert len(world.messages("fetch")) == 1
    encoded = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert on_webhook(request("spring", headers, b"") | encoded) == answer  # the same bytes, so the same webhook
    assert world.messages("fetch") == []


def test_every_bad_webhook_gets_the_same_response(deployed):
    on_webhook = deployed("on_webhook")
    headers, body = created()
    responses = set()
    for wrong in (
        request("nobody", headers, body),
        request("spring", {}, body),
        request("spring", headers, body + b" "),
        request("spring", {**headers, "X-Shopify-Hmac-Sha256": 2 * headers["X-Shopify-Hmac-Sha256"]}, body),
        request("spring", {**headers, "X-Shopify-Shop-Domain": ["other.myshopify.com"]}, body),
        {**request("spring", headers, body), "multiValueHeaders": None, "pathParameters": None, "body": None},
    ):
        answer = on_webhook(wrong)
        responses.add((answer["statusCode"], answer["body"]))
    assert responses == {(401, '{"error": "bad_signature"}')}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"body": "!", "isBase64Encoded": True}, 400),
        ({"body": "x" * 1_000_001}, 413),
        ({"body": "\ud800"}, 401),
    ],
)
def test_other_rejections_have_their_status(deployed, change, status):
    headers, body = created()
    assert deployed("on_webhook")(request("spring", headers, body) | change)["statusCode"] == status


def test_our_failure_is_a_5xx_so_that_the_sender_retries(world, deployed):
    on_webhook = deployed("on_webhook")
    headers, body = created()
    world.sqs.delete_queue(QueueUrl=world.urls["fetch"])
    assert on_webhook(request("spring", headers, body))["statusCode"] == 503
    boto3.client("secretsmanager").put_secret_value(SecretId="registry", SecretString="[]")
    assert deployed("on_webhook")(request("spring", headers, body))["statusCode"] == 500


def test_secrets_signatures_and_products_are_not_logged(deployed, caplog):
    headers, body = created()
    deployed("on_webhook")(request("spring", headers, body))
    deployed("on_webhook")(request("spring", headers, body + b" "))
    logged = [vars(record) for record in caplog.records]
    assert [record.get("outcome") for record in logged] == ["queued", None]
    for word in ("hush", headers["X-Shopify-Hmac-Sha256"][0], "Example T-Shirt"):
        assert word not in str(logged)


def test_an_invalid_message_goes_to_the_dead_letter_queue(world, deployed):
    assert deployed("on_fetch")(batch("{", "[]", '"x"')) == {"batchItemFailures": []}
    assert deployed("on_callback")(batch("{}")) == {"batchItemFailures": []}
    found = world.sqs.receive_message(
        QueueUrl=world.urls["dead"], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    assert [m["MessageAttributes"]["ReasonCode"]["StringValue"] for m in found["Messages"]] == 4 * ["bad_event"]


def test_only_the_message_that_may_succeed_later_is_retried(world, deployed):
    on_fetch = deployed("on_fetch")
    nowhere = {"source": "own", "shop": "catalogue", "id": "1", "images": [{"id": "a", "url": "https://127.0.0.1/"}]}
    boto3.client("secretsmanager").delete_secret(SecretId="registry", ForceDeleteWithoutRecovery=True)
    assert on_fetch(batch(json.dumps(nowhere), "{")) == {"batchItemFailures": [{"itemIdentifier": "0"}]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_missing_and_unknown_settings_are_errors(deployed, monkeypatch, function):
    call = deployed(function)
    monkeypatch.setenv("HAIRLINE_TYPO", "x")
    event = request("spring", {}, b"") if function == "on_webhook" else batch("{}")
    if function == "on_webhook":
        assert call(event)["statusCode"] == 500
    else:
        with pytest.raises(BadConfig, match="HAIRLINE_TYPO"):
            call(event)
    monkeypatch.delenv("HAIRLINE_TYPO")
    monkeypatch.delenv("HAIRLINE_REGISTRY")
    with pytest.raises(BadConfig, match="HAIRLINE_REGISTRY"):
        CONFIGS[function].from_env(os.environ)
    monkeypatch.setenv("HAIRLINE_REGISTRY", "r")
    monkeypatch.setenv("HAIRLINE_ALLOW_LOOPBACK", "maybe")
    with pytest.raises(BadConfig, match="yes or no"):
        CONFIGS[function].from_env(os.environ)


def test_the_documentation_names_every_field_platform_and_topic():
    text = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
    topics = [topic for each in PLATFORMS.values() for topic in each.topics if not topic.startswith("product.")]
    for word in (*registry._FIELDS, *PLATFORMS, *topics):
        assert f"`{word}`" in text
