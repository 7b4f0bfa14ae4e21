"""Signatures: vectors by another implementation, and everything that must not pass."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from handler.errors import BadConfig, BadSignature
from handler.hooks.signatures import SCHEMES, TOLERANCE_S, Scheme, verify

NOW = 1_700_000_000.0
STAMP = str(int(NOW))
BODY = '{"id": 1, "title": "Été"}'.encode()
STANDARD_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()


def standard(body=BODY, id_="msg_1", when=NOW, secret=STANDARD_SECRET):
    """Headers as the package `standardwebhooks` signs them."""
    made = Webhook(secret).sign(id_, datetime.fromtimestamp(when, UTC), body.decode())
    return {"webhook-id": [id_], "webhook-timestamp": [str(int(when))], "webhook-signature": [made]}


# Made with OpenSSL: printf '%s' TEXT | openssl dgst -sha256 -hmac SECRET -binary | base64
VECTORS = {
    "shopify": ("hush", {"x-shopify-hmac-sha256": ["9kxG7CcN/GTm6DbpGomUlJiMA8EaZw8BrduXuR84am0="]}),
    "woocommerce": ("a&amp;b &lt;c&gt;", {"x-wc-webhook-signature": ["NAyBY11Y/aGCRCJFq0JnmUsD3GMJdLCmKMNVJs2FLZ0="]}),
    "bigcommerce": (
        "hush",
        {
            "webhook-id": ["msg_1"],
            "webhook-timestamp": [STAMP],
            "webhook-signature": ["v1,njfEoFj0z9Dzous+eSkzpqyyFg7Xo0/9ldQZNKsg3mU="],
        },
    ),
    "standard": (
        STANDARD_SECRET,
        {
            "webhook-id": ["msg_1"],
            "webhook-timestamp": [STAMP],
            "webhook-signature": ["v1,sH9Y56vBPZSNGW01Bp61e9m6vH/IGppLEwPzzAD4h7E="],
        },
    ),
}


def check(scheme, headers, body=BODY, secrets=None, now=NOW):
    secret, _ = VECTORS[scheme]
    verify(SCHEMES[scheme], headers, body, [secret] if secrets is None else secrets, now)


def refused(scheme, headers, body=BODY, **more):
    try:
        check(scheme, headers, body, **more)
    except BadSignature:
        return True
    return False


def vector(scheme):
    return {name: list(values) for name, values in VECTORS[scheme][1].items()}


def test_every_scheme_has_a_vector():
    assert VECTORS.keys() == SCHEMES.keys()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_openssls_signature_passes(scheme):
    check(scheme, vector(scheme))


def test_a_signature_by_the_standardwebhooks_package_passes():
    check("standard", standard())


def test_woocommerces_key_is_the_unescaped_secret():
    signed = base64.b64encode(hmac.new(b"""a&b <c> "d" 'e' &copy;""", BODY, hashlib.sha256).digest()).decode()
    for secret in ("a&amp;b &lt;c&gt; &quot;d&quot; &#039;e&#039; &copy;", """a&b <c> "d" 'e' &copy;"""):
        check("woocommerce", {"x-wc-webhook-signature": [signed]}, secrets=[secret])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_changed_bit_of_the_body_fails(scheme):
    for at in range(8 * len(BODY)):
        changed = bytearray(BODY)
        changed[at // 8] ^= 1 << at % 8
        assert refused(scheme, vector(scheme), bytes(changed)), at


@pytest.mark.parametrize(("scheme", "name"), [(scheme, name) for scheme in SCHEMES for name in VECTORS[scheme][1]])
def test_a_changed_bit_of_a_header_fails(scheme, name):
    text = vector(scheme)[name][0].encode()
    for at in range(8 * len(text)):
        changed = bytearray(text)
        changed[at // 8] ^= 1 << at % 8
        assert refused(scheme, {**vector(scheme), name: [changed.decode("latin-1")]}), at


@pytest.mark.parametrize(("scheme", "name"), [(scheme, name) for scheme in SCHEMES for name in VECTORS[scheme][1]])
@pytest.mark.parametrize(
    "values",
    [lambda _: [], lambda _: [""], lambda v: [v, v], lambda v: [v, "x"], lambda v: [" " + v], lambda v: [v + "\n"]],
)
def test_a_missing_empty_doubled_or_padded_header_fails(scheme, name, values):
    changed = {**vector(scheme), name: values(vector(scheme)[name][0])}
    if name == "webhook-signature" and len(changed[name]) == 1 and changed[name][0].startswith(" "):
        check(scheme, changed)  # an empty entry in the list beside the right one
    else:
        assert refused(scheme, changed)
    del changed[name]
    assert refused(scheme, changed)


@pytest.mark.parametrize("scheme", ["bigcommerce", "standard"])
def test_a_signed_time_that_is_too_old_or_too_new_fails(scheme):
    check(scheme, vector(scheme), now=NOW + TOLERANCE_S)
    check(scheme, vector(scheme), now=NOW - TOLERANCE_S)
    assert refused(scheme, vector(scheme), now=NOW + TOLERANCE_S + 1)
    assert refused(scheme, vector(scheme), now=NOW - TOLERANCE_S - 1)


@pytest.mark.parametrize("stamp", ["", "x", "1e9", "-1", "1700000000.0", "\u0661\u0667", "9" * 400, "nan"])
def test_a_time_that_is_not_a_number_fails(stamp):
    key = base64.b64decode(STANDARD_SECRET[6:])
    digest = hmac.new(key, f"msg_1.{stamp}.".encode() + BODY, hashlib.sha256).digest()
    signed = "v1," + base64.b64encode(digest).decode()
    headers = {"webhook-id": ["msg_1"], "webhook-timestamp": [stamp], "webhook-signature": [signed]}
    assert refused("standard", headers)


def test_one_valid_signature_of_the_right_version_is_enough():
    headers = standard()
    (good,) = headers["webhook-signature"]
    (other,) = standard(secret=OTHER_SECRET)["webhook-signature"]
    check("standard", {**headers, "webhook-signature": [f"v1a,AAAA {other} {good}"]})
    assert refused("standard", {**headers, "webhook-signature": [f"v1a,AAAA {other}"]})
    assert refused("standard", {**headers, "webhook-signature": [good.replace("v1,", "v2,")]})
    assert refused("standard", {**headers, "webhook-signature": [good.removeprefix("v1,")]})
    assert refused("standard", {**headers, "webhook-signature": [f"{other},{good}"]})  # as a proxy may join two headers


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_the_registered_secrets_pass(scheme):
    secret, headers = VECTORS[scheme]
    another = OTHER_SECRET if scheme == "standard" else "another"
    check(scheme, headers, secrets=[another, secret])
    check(scheme, headers, secrets=[secret, another])
    assert refused(scheme, headers, secrets=[another])
    assert refused(scheme, headers, secrets=[])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_empty_secret_is_an_error(scheme):
    signed = base64.b64encode(hmac.new(b"", BODY, hashlib.sha256).digest()).decode()
    with pytest.raises(BadConfig):
        check(scheme, {**vector(scheme), SCHEMES[scheme].header: [SCHEMES[scheme].version + signed]}, secrets=[""])


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_AAAA", "whsec_!", "whsk_" + "A" * 44, "whsec_" + "A" * 200, "short"]
)
def test_a_secret_in_the_wrong_form_is_rejected(secret):
    with pytest.raises(BadConfig) as error:
        check("standard", standard(), secrets=[secret])
    assert secret.removeprefix("whsec_") == "" or secret not in str(error.value)


def test_a_header_that_is_not_text_is_a_bad_signature():
    assert refused("shopify", {"x-shopify-hmac-sha256": ["\ud800"]})
    assert refused("standard", {**standard(), "webhook-id": ["\ud800"]})


def test_a_scheme_is_data():
    assert all(isinstance(scheme, Scheme) for scheme in SCHEMES.values())
