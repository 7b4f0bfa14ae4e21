"""`GET /v1/results`: what became of an API key's images in the last hours, from the output bucket alone."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from handler import keys
from handler.aws.bucket import S3Store
from handler.aws.listing import Listed
from handler.http.api_errors import ApiError
from handler.status import recent

MAX_HOURS = 24 * 365
MAX_S = 15.0
"""The counts are returned as they are by then, because API Gateway ends the request after 29 s."""
MOST = 1000
"""The most images that are named."""


def hours(query: Mapping[str, Sequence[str]] | None) -> float:
    """The query's `hours`. Raises ApiError."""
    texts = (query or {}).get("hours", ["24"])
    try:
        (text,) = texts
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= MAX_HOURS:
        raise ApiError("invalid_request", f"hours is {', '.join(texts)!r}, but must be one number, up to {MAX_HOURS}.")
    return found


def describe(tenant: str, past_hours: float, files: Iterator[Listed], store: S3Store, bucket: str) -> dict[str, Any]:
    """The response. files: the tenant's in the output bucket, in the order of their keys. Raises StoreUnavailable."""
    end, complete = time.monotonic() + MAX_S, True

    def in_time() -> Iterator[Listed]:
        nonlocal complete
        for listed in files:
            if time.monotonic() > end:
                complete = False
                return
            yield listed

    found = recent.summarise(in_time(), datetime.now(UTC) - timedelta(hours=past_hours), store, bucket)
    return {
        "hours": past_hours,
        "complete": complete,
        "done": found.done,
        "reasons": [{"outcome": outcome, "code": code, "count": count} for outcome, code, count in found.reasons()],
        "jobs": [
            {
                "id": each.key.removeprefix(keys.upload(tenant, "")),
                "status": each.outcome,
                "ended": int(each.written.timestamp()),
                "reason": {"code": each.code, "message": each.message},
            }
            for each in found.troubles[:MOST]
        ],
    }
