"""Delivers callbacks as Standard Webhooks describes, with retries for three and a half days.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

A delivery is one message in a queue. If it fails, a new message says when the next attempt is due. SQS delays a message
for 15 minutes at most, so a message that is not due yet is sent again with another delay. After the last attempt, the
message goes to the dead-letter queue, in the form that it had before the first one.
"""

import http
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from handler import keys
from handler.aws.dead_letters import DeadLetters
from handler.aws.documents import DocumentStore
from handler.aws.queue import MAX_DELAY_S, Queue
from handler.errors import BadSignature, CallbackFailed, FetchError
from handler.hooks.registry import Callback, Registry
from handler.hooks.signatures import SCHEMES, signature
from handler.notifications import Delivery
from handler.untrusted import guard
from handler.untrusted.exchange import Deadline, Wire, exchange
from handler.untrusted.guard import Policy

WAITS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds until the second, third ... attempt, as the specification suggests: three and a half days in total."""
_BUSY_STATUSES = {429, 502, 503, 504}
_MIN_PAUSE_S, _MAX_PAUSE_S = 60, 3600
"""Shortest and longest pause for a busy receiver, whatever its Retry-After says."""
Outcome = Literal["delivered", "waiting", "repeated", "unwanted", "off", "busy", "failed", "dead"]
"""busy: the receiver is overloaded. off: it answered 410, now or before. unwanted: no receiver is registered.
repeated: it was delivered before. waiting: it is not due, or its receiver is busy. dead: its last attempt failed.
"""
POLICY = Policy(redirects=0, read_s=15, total_s=20)


@dataclass(frozen=True, slots=True)
class Deps:
    """What `deliver` depends on. queue: of callbacks. jitter: returns a random number from 0 to 1."""

    registry: Registry
    queue: Queue
    dead_letters: DeadLetters
    state: DocumentStore
    policy: Policy
    wire: Wire
    jitter: Callable[[], float] = random.random


def deliver(delivery: Delivery, deps: Deps, now: float) -> Outcome:
    """Make one attempt, if it is due.

    now: seconds since 1970. Raises StoreUnavailable and BadConfig, after which the queue retries the same message.
    """
    if delivery.due > now:
        return _later(delivery, delivery.due, now, deps, "waiting")
    callback = _callback(delivery, deps.registry)
    if callback is None:
        return "unwanted"
    done = keys.callback(delivery.id)
    if not delivery.again and deps.state.read(done) is not None:
        return "repeated"
    receiver_key = keys.receiver(callback.url)
    known = deps.state.read(receiver_key)
    receiver = {} if known is None else known.value
    if receiver.get("off") and not delivery.again:
        return "off"
    if (until := receiver.get("until", 0)) > now:
        return _later(delivery, until + _MIN_PAUSE_S * deps.jitter(), now, deps, "waiting")
    try:
        status, pause = _post(delivery, callback, deps, now)
    except FetchError as error:
        return _failed(delivery, error.detail, 0, deps, now)
    if 200 <= status < 300:
        deps.state.create(done, {"status": status, "attempt": delivery.attempt + 1})
        if receiver.get("off"):
            _remember(deps.state, receiver_key, {})  # somebody resent it, and the receiver works again
        return "delivered"
    if status == http.HTTPStatus.GONE:
        _remember(deps.state, receiver_key, {"off": True})
        return "off"
    if status in _BUSY_STATUSES:
        pause = min(_MAX_PAUSE_S, max(_MIN_PAUSE_S, pause))
        _remember(deps.state, receiver_key, {"until": now + pause})
        return _failed(delivery, f"status {status}", pause, deps, now)
    return _failed(delivery, f"status {status}", 0, deps, now)


def _callback(delivery: Delivery, registry: Registry) -> Callback | None:
    if delivery.url is not None:
        return Callback(delivery.url, registry.signing_secrets())
    original = keys.split_original(delivery.key)
    try:
        return registry.named(original.source).callback if original is not None else None
    except BadSignature:  # the source was removed from the registry, and its callback with it
        return None


def _post(delivery: Delivery, callback: Callback, deps: Deps, now: float) -> tuple[int, float]:
    """(status, seconds of Retry-After). Raises FetchError."""
    body = delivery.body.encode()
    headers = {"Content-Type": "application/json", **signed(delivery.id, body, callback.secrets, now)}
    target = guard.target(callback.url, deps.policy)
    deadline = Deadline(deps.policy.total_s, deps.wire.clock)
    with exchange("POST", target, deps.policy, deps.wire, deadline, headers=headers, body=body) as reply:
        return reply.status, _seconds(reply.headers)


def signed(id_: str, body: bytes, secrets: tuple[str, ...], now: float) -> dict[str, str]:
    """The three headers of Standard Webhooks. secrets: each of them signs. now: of this attempt, since receivers reject
    old timestamps as replays.
    """
    scheme, values = SCHEMES["standard"], (id_, str(int(now)))
    signatures = " ".join(signature(scheme, values, body, secret) for secret in secrets)
    return {**dict(zip(scheme.signed_headers, values, strict=True)), scheme.header: signatures}


def _seconds(headers: Mapping[str, Any]) -> float:
    """Of Retry-After, if it is a number; a date counts as 0, which becomes a pause of _MIN_PAUSE_S."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 9 else 0


def _remember(state: DocumentStore, key: str, receiver: Mapping[str, Any]) -> None:
    """Store what is known of a receiver. Of concurrent writers any may win: each has a recent response."""
    known = state.read(key)
    if known is None:
        state.create(key, receiver)
    else:
        state.replace(key, receiver, known.etag)


def _failed(delivery: Delivery, reason: str, pause: float, deps: Deps, now: float) -> Outcome:
    if delivery.attempt >= len(WAITS_S):
        # As before the first attempt, so that a redrive of the dead-letter queue starts again.
        fresh = replace(delivery, attempt=0, due=0)
        deps.dead_letters.send(
            fresh.message(),
            [CallbackFailed(f"The receiver failed all {delivery.attempt + 1} attempts; the last: {reason}.")],
        )
        return "dead"
    wait = WAITS_S[delivery.attempt] * (1 + 0.2 * deps.jitter())
    due = now + max(wait, pause + _MIN_PAUSE_S * deps.jitter() if pause else 0)
    return _later(replace(delivery, attempt=delivery.attempt + 1), due, now, deps, "busy" if pause else "failed")


def _later(delivery: Delivery, due: float, now: float, deps: Deps, outcome: Outcome) -> Outcome:
    deps.queue.send(replace(delivery, due=due).message(), min(due - now, MAX_DELAY_S))
    return outcome
