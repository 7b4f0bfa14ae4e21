"""HTTP requests, and checks of their responses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import urllib3  # boto3's own HTTP client
from urllib3.exceptions import HTTPError

TIMEOUT_S = 40
"""Longer than API Gateway's 29 s."""


class Unexpected(Exception):
    """A deployment did not do what a step expects. The message says what it did."""


@dataclass(frozen=True, slots=True)
class Reply:
    """request: such as "GET https://…/v1/jobs/1". headers: by name in lower case."""

    request: str
    status: int
    headers: Mapping[str, str]
    data: bytes

    def check(self, status: int) -> "Reply":
        """This response. Raises Unexpected, which quotes the body, if it has another status."""
        if self.status != status:
            text = self.data[:300].decode("utf-8", "replace")
            raise Unexpected(f"{self.request} was answered with {self.status}, not {status}: {text}")
        return self

    def field(self, name: str) -> Any:
        """A field of the JSON object in the body. Raises Unexpected if there is none."""
        try:
            return json.loads(self.data)[name]
        except (ValueError, KeyError, TypeError) as error:
            text = self.data[:300].decode("utf-8", "replace")
            raise Unexpected(f"{self.request} was answered without {name!r}: {text}") from error


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    form: Sequence[tuple[str, str | tuple[str, bytes]]] | None = None,
) -> Reply:
    """Send one request. Redirects are not followed. form: the fields of a multipart body, files as (name, bytes).

    Raises Unexpected if there is no response.
    """
    request = f"{method} {url.partition('?')[0]}"  # without the signature of a link
    try:
        answer = urllib3.request(
            method, url, headers=headers, body=body, fields=form, redirect=False, retries=False, timeout=TIMEOUT_S
        )
    except HTTPError as error:
        raise Unexpected(f"{request} was not answered: {error}") from error
    return Reply(request, answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data)
