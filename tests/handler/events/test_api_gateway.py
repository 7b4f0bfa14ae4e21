"""The body of a request in API Gateway's event."""

import pytest

from handler.errors import BadEvent
from handler.events import api_gateway
from handler.http.api_errors import from_error


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ({"body": "a=ü"}, "a=ü".encode()),
        ({"body": "AP8=", "isBase64Encoded": True}, b"\x00\xff"),
        ({"body": None}, b""),
        ({}, b""),
    ],
)
def test_the_body_has_the_bytes_that_were_sent(event, body):
    assert api_gateway.body(event) == body


def test_a_body_that_is_not_base64_is_a_bad_event():
    with pytest.raises(BadEvent, match="base64") as raised:
        api_gateway.body({"body": "A!", "isBase64Encoded": True})
    assert (from_error(raised.value).code, from_error(raised.value).http) == ("invalid_request", 400)
