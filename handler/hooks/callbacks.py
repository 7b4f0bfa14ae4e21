"""Deliver news to whoever registered for it, as Standard Webhooks says, and again until it was taken.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

A delivery is one message in a queue. What could not be delivered goes back into the queue with the time at which it is
due; as a queue holds a message back for a quarter of an hour at most, it passes through several times until then. What
failed for the last time lies in the dead-letter queue, ready to begin anew.
"""

import http
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from handler import keys
from handler.aws.dead_letters import DeadLetters
from handler.aws.documents import DocumentStore
from handler.aws.queue import MAX_DELAY_S, Queue
from handler.errors import BadSignature, CallbackFailed, NotFetched
from handler.hooks.registry import Callback, Registry
from handler.hooks.signatures import SCHEMES, signature
from handler.notifications import Delivery
from handler.untrusted import guard
from handler.untrusted.exchange import Deadline, Wire, exchange
from handler.untrusted.guard import Policy

WAITS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds until the second, third ... try: those that the specification suggests, three days and a half together."""
_BUSY = {429, 502, 503, 504}
_REST_S, _LONGEST_REST_S = 60, 3600
"""How long a receiver is left alone that is busy: at least and at most, whatever it asks for."""
POLICY = Policy(redirects=0, read_s=15, total_s=20)


@dataclass(frozen=True, slots=True)
class Deps:
    """What delivering needs of the world. queue: the one that messages come from. jitter: 0 to 1, by chance."""

    registry: Registry
    queue: Queue
    dead_letters: DeadLetters
    memory: DocumentStore
    policy: Policy
    wire: Wire
    jitter: Callable[[], float] = random.random


def deliver(delivery: Delivery, deps: Deps, now: float) -> str:
    """Try once, if it is due; return how it ended: delivered, waiting, repeated, unwanted, off, busy, failed or dead.

    Raises StoreUnavailable and BadConfig, after which the same message is to be tried again.
    """
    if delivery.due > now:
        return _later(delivery, delivery.due, now, deps, "waiting")
    callback = _callback(delivery, deps.registry)
    if callback is None:
        return "unwanted"
    done = keys.callback(delivery.id)
    if not delivery.again and deps.memory.read(done) is not None:
        return "repeated"
    place = keys.receiver(callback.url)
    held = deps.memory.read(place)
    receiver = {} if held is None else held.value
    if receiver.get("off") and not delivery.again:
        return "off"
    if (until := receiver.get("until", 0)) > now:
        return _later(delivery, until + _REST_S * deps.jitter(), now, deps, "waiting")
    try:
        status, rest = _post(delivery, callback, deps, now)
    except NotFetched as error:
        return _failed(delivery, error.detail, 0, deps, now)
    if 200 <= status < 300:
        deps.memory.create(done, {"status": status, "attempt": delivery.attempt + 1})
        if receiver.get("off"):
            _remember(deps.memory, place, {})  # a person asked it anew, and it listens again
        return "delivered"
    if status == http.HTTPStatus.GONE:
        _remember(deps.memory, place, {"off": True})
        return "off"
    if status in _BUSY:
        rest = min(_LONGEST_REST_S, max(_REST_S, rest))
        _remember(deps.memory, place, {"until": now + rest})
        return _failed(delivery, f"status {status}", rest, deps, now)
    return _failed(delivery, f"status {status}", 0, deps, now)


def _callback(delivery: Delivery, registry: Registry) -> Callback | None:
    if delivery.url is not None:
        return Callback(delivery.url, registry.signing_secrets())
    original = keys.split_original(delivery.key)
    try:
        return registry.named(original.source).callback if original is not None else None
    except BadSignature:  # the source was taken out of the registry, and its callback with it
        return None


def _post(delivery: Delivery, callback: Callback, deps: Deps, now: float) -> tuple[int, float]:
    """(status, seconds that the receiver asks to be left alone for). Raises NotFetched."""
    body = delivery.body.encode()
    headers = {"Content-Type": "application/json", **signed(delivery.id, body, callback.secrets, now)}
    target = guard.target(callback.url, deps.policy)
    deadline = Deadline(deps.policy.total_s, deps.wire.clock)
    with exchange("POST", target, deps.policy, deps.wire, deadline, headers=headers, body=body) as reply:
        return reply.status, _seconds(reply.headers)


def signed(id_: str, body: bytes, secrets: tuple[str, ...], now: float) -> dict[str, str]:
    """The three headers. secrets: each of them signs. now: of this try, or a late one would pass for a replay."""
    scheme, before = SCHEMES["standard"], (id_, str(int(now)))
    signatures = " ".join(signature(scheme, before, body, secret) for secret in secrets)
    return {**dict(zip(scheme.before, before, strict=True)), scheme.header: signatures}


def _seconds(headers: Mapping[str, Any]) -> float:
    """Of Retry-After, where it is a number; a date is no more than a wish to wait."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 9 else 0


def _remember(memory: DocumentStore, place: str, receiver: Mapping[str, Any]) -> None:
    """Of several who come at once any one may have the last word: they all have just heard the receiver."""
    held = memory.read(place)
    if held is None:
        memory.create(place, receiver)
    else:
        memory.replace(place, receiver, held.etag)


def _failed(delivery: Delivery, reason: str, rest: float, deps: Deps, now: float) -> str:
    if delivery.attempt >= len(WAITS_S):
        # As it was at first, so that a redrive of the queue begins anew.
        fresh = replace(delivery, attempt=0, due=0)
        deps.dead_letters.send(fresh.message(), [CallbackFailed(f"After {delivery.attempt + 1} tries: {reason}.")])
        return "dead"
    wait = WAITS_S[delivery.attempt] * (1 + 0.2 * deps.jitter())
    due = now + max(wait, rest + _REST_S * deps.jitter() if rest else 0)
    return _later(replace(delivery, attempt=delivery.attempt + 1), due, now, deps, "busy" if rest else "failed")


def _later(delivery: Delivery, due: float, now: float, deps: Deps, word: str) -> str:
    deps.queue.send(replace(delivery, due=due).message(), min(due - now, MAX_DELAY_S))
    return word
