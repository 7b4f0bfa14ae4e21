"""A request's body, as API Gateway hands it on."""

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
def test_the_bytes_are_those_that_were_sent(event, body):
    assert api_gateway.body(event) == body


def test_what_is_no_base64_is_no_body():
    with pytest.raises(BadEvent, match="base64") as raised:
        api_gateway.body({"body": "A!", "isBase64Encoded": True})
    assert (from_error(raised.value).code, from_error(raised.value).http) == ("invalid_request", 400)
