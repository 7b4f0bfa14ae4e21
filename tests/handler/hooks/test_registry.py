"""The entries of the registry, and that no message quotes its secrets."""

import copy
import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.aws.registry_secret import Secret, secret
from handler.errors import BadConfig, StoreUnavailable
from handler.hooks import registry
from handler.hooks.registry import Registry
from handler.untrusted.guard import Policy
from tests.handler.hooks.shops import CALLBACK_SECRET, DOCUMENT, Entries, source


def test_a_source_may_use_hosts_of_its_platform_its_shop_and_its_entry():
    assert source("spring").hosts == ("cdn.shopify.com",)
    assert source("woo").hosts == ("woo.example", "cdn.woo.example")
    assert source("big").hosts == ("*.bigcommerce.com", "*.mybigcommerce.com")
    assert source("own").hosts is None


def test_secrets_sign_callbacks_of_sources_and_of_images():
    callback = source("own").callback
    assert callback is not None
    assert (callback.url, callback.secrets) == ("https://pictures.example/callback", (CALLBACK_SECRET,))
    assert Registry(Secret(Entries(DOCUMENT), "r"), Policy()).signing_secrets() == (CALLBACK_SECRET,)
    for missing in ({}, {"callbacks": {}}, {"callbacks": {"secrets": []}}):
        with pytest.raises(BadConfig):
            Registry(Secret(Entries(missing), "r"), Policy()).signing_secrets()


WRONG: dict[tuple[str, str], list[Any]] = {
    ("spring", "platform"): [None, "", "magento", 1],
    ("spring", "secrets"): ["hush", [""], [1], []],
    ("own", "secrets"): [["hush"], ["whsec_"]],
    ("spring", "shops"): [[], ["a/b"], "spring.myshopify.com", [None]],
    ("spring", "hosts"): ["cdn.example", [1]],
    ("spring", "token"): ["", 1],
    ("spring", "options"): [[], "x", {"x": "y" * 2000}],
    ("spring", "shop"): ["a"],
    ("own", "callback"): [
        "https://a.example",
        {"url": "https://a.example", "secrets": []},
        {"url": "http://a.example", "secrets": [CALLBACK_SECRET]},
        {"url": "https://a.example/", "secrets": ["hush"]},
        {"url": "https://localhost/", "secrets": [CALLBACK_SECRET]},
        {"url": "https://a.example", "secrets": [CALLBACK_SECRET], "also": 1},
    ],
}


@pytest.mark.parametrize(
    ("name", "field", "value"), [(*where, value) for where, values in WRONG.items() for value in values]
)
def test_a_wrong_entry_is_rejected_without_revealing_a_secret(name, field, value):
    entry = copy.deepcopy(DOCUMENT[name]) | {field: value}
    if field == "secrets":
        entry.pop("event_source", None)
    with pytest.raises(BadConfig, match=name) as refused:
        registry.source(name, entry, Policy())
    assert "hush" not in str(refused.value)
    assert CALLBACK_SECRET not in str(refused.value)


@pytest.mark.parametrize("entry", [None, [], "x"])
def test_an_entry_must_be_an_object(entry):
    with pytest.raises(BadConfig):
        registry.source("spring", entry, Policy())


@pytest.mark.parametrize("document", ["", "[]", "{", "[" * 100_000, '{"whsec_": '])
def test_an_invalid_document_is_rejected_without_being_quoted(document):
    with pytest.raises(BadConfig) as refused:
        Registry(Secret(Entries(document), "the-registry"), Policy()).named("spring")
    assert "the-registry" in str(refused.value)
    assert "whsec_" not in str(refused.value)


def test_the_secret_is_read_once_and_a_failed_read_is_retried(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "local")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        read = Registry(secret(client, "registry"), Policy())
        with pytest.raises(StoreUnavailable):
            read.named("spring")
        client.create_secret(Name="registry", SecretString=json.dumps(DOCUMENT))
        assert read.named("spring").shops == ("spring.myshopify.com",)
        client.put_secret_value(SecretId="registry", SecretString="{}")
        assert read.named("spring").shops == ("spring.myshopify.com",)
