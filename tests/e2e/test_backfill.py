"""A backfill of which a tenth is wrong in ten ways, stopped at half, with killed containers.

Every object is accounted for once, the completion report says what the buckets hold, and a second run changes nothing.
The environment variable BACKFILL_OBJECTS says how many objects there are: 400 by default.
"""

import io
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handler.aws.bucket import S3Store
from handler.aws.documents import DocumentStore
from handler.aws.event_bus import EventBus
from handler.backfill import completion, end_app
from handler.backfill.completion import Line, Tally
from handler.backfill.end_wiring import Deps
from handler.jobs import ObjectRef
from handler.keys import backfill_report
from handler.local import functions, stack
from handler.local.container import Container
from tests.e2e.backfill_function import DEADLY, EMPTY
from tests.e2e.conftest import Site, check_whole
from tests.e2e.s3_batch import Function, Job

OBJECTS = int(os.environ.get("BACKFILL_OBJECTS", "400"))
CONTAINERS, THREADS = 2, 4
KILL_EVERY = 100
"""After so many tasks, a container is killed."""
EACH = OBJECTS // 90
"""Objects of each wrong kind, except those that kill a container."""
WRONG = {
    "html": (EACH, "rejected not_an_image"),
    "truncated": (EACH, "rejected truncated_image"),
    "bytes": (EACH, "rejected image_too_large"),
    "megapixels": (EACH, "rejected image_too_large"),
    "options": (EACH, "rejected bad_options"),
    "empty": (EACH, "rejected no_subject"),
    "missing": (EACH, "rejected source_missing"),
    "elsewhere": (EACH, "failed bad_event"),
    "long": (EACH, "failed bad_event"),
    "deadly": (2, "failed no_answer"),
}
"""How many objects there are of each kind, and what must become of them."""


def picture(seed: int, colour: tuple[int, int, int] | None = None, size: int = 20) -> bytes:
    pixels = np.random.default_rng(seed).integers(100, 140, (size, size, 3), np.uint8)
    pixels[size // 4 : -size // 4, size // 4 : -size // 4] += 90
    buffer = io.BytesIO()
    (Image.fromarray(pixels) if colour is None else Image.new("RGB", (size, size), colour)).save(buffer, "PNG")
    return buffer.getvalue()


def contents(kind: str, number: int) -> dict[str, Any] | None:
    """What `put_object` is given, None for an object that is not there."""
    match kind:
        case "html":
            return {"Body": b"<html>"}
        case "truncated":
            return {"Body": picture(number)[:-100]}
        case "bytes":
            return {"Body": picture(number, size=100)}
        case "megapixels":
            return {"Body": picture(number, (9, 9, 9), size=1200)}
        case "options":
            return {"Body": picture(number), "Metadata": {"hairline": '{"format": "psd"}'}}
        case "empty" | "deadly":
            return {"Body": picture(number, EMPTY if kind == "empty" else DEADLY)}
        case "missing":
            return None
    return {"Body": picture(number)}


@dataclass
class Backfill:
    """A bucket of objects, and a function with containers that can be killed."""

    site: Site
    function: Function
    state: str
    manifest: list[tuple[str, str]]
    expected: dict[str, str]
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    kills: int = 0

    def job(self, name: str, **more: Any) -> Job:
        return Job(name, self.site.s3, self.state, "backfills", self.function, {"options": "{}"}, self.kill, **more)

    def lines(self, job: str) -> list[Line]:
        return list(completion.lines(S3Store(self.site.s3), self.state, job))

    def kill(self, ended: int) -> None:
        """Now and then, end a container in the middle of whatever it does; Lambda starts another."""
        if ended % KILL_EVERY == 0:
            self.chance.choice(self.function.containers).child.process.kill()
            self.kills += 1


@pytest.fixture
def backfill(endpoint: str, weights: object, tmp_path: Path) -> Iterator[Backfill]:
    made = stack.create(endpoint, parameters={"MaxBytes": "20000", "MaxMegapixels": "1"})
    site = Site(made)
    kinds = [kind for kind, (count, _) in WRONG.items() for _ in range(count)]
    kinds += ["good"] * (OBJECTS - len(kinds))
    random.Random(1).shuffle(kinds)
    manifest, expected = [], {}
    for number, kind in enumerate(kinds):
        key = f"products/{kind} {number}+é.png" if kind != "long" else f"{number}/" + "x" * 1010
        manifest.append(("elsewhere" if kind == "elsewhere" else made.input_bucket, key))
        expected[key] = WRONG[kind][1] if kind in WRONG else "done"
        if (given := contents(kind, number)) is not None and kind != "elsewhere":
            site.s3.put_object(Bucket=made.input_bucket, Key=key, **given)
    described = functions.function(made, "BackfillFunction", tmp_path / "backfill.log")
    function = replace(described, handler="tests.e2e.backfill_function.on_batch")
    containers = [Container(function) for _ in range(CONTAINERS)]
    try:
        yield Backfill(site, Function(containers), made.names["StateBucket"], manifest, expected)
    finally:
        for container in containers:
            container.stop()


def check(backfill: Backfill, lines: list[Line]) -> None:
    """Every object once, with the outcome that it must have, which is also what the buckets say."""
    assert Counter(line.key for line in lines) == Counter(backfill.expected.keys())
    with_files = {key.rpartition("/")[0] for key in backfill.site.listing()}
    for line in lines:
        expected = backfill.expected[line.key]
        if expected == "done":
            report = backfill.site.report(line.key)
            assert report["status"] == "done"
            assert line.outcome in ("done", "repeated")
            assert line.confidence == pytest.approx(report["quality"]["confidence"], abs=0.0051)
            assert line.needs_review == report["quality"]["needs_review"]
        elif expected.startswith("failed") or expected.endswith("source_missing"):
            assert (line.outcome, line.code) == tuple(expected.split())
            assert line.key not in with_files
        else:
            report = backfill.site.report(line.key)
            assert line.outcome in ("rejected", "repeated")
            assert f"{report['status']} {report['reason']['code']}" == expected == f"rejected {line.code}"


def test_every_object_is_accounted_for_whatever_happens(backfill: Backfill) -> None:
    # The first job is stopped at half.
    first = backfill.job("first", duplicates=0.02, seed=1)
    first.run(backfill.manifest, THREADS, cancel_after=OBJECTS // 2)
    assert first.status == "Cancelled"
    assert OBJECTS // 2 <= len(backfill.lines("first")) <= OBJECTS // 2 + THREADS
    check_whole(backfill.site)

    second = backfill.job("second", duplicates=0.02, seed=2)
    second.run(backfill.manifest, THREADS)
    assert second.status == "Complete"
    lines = backfill.lines("second")
    check(backfill, lines)
    check_whole(backfill.site)
    # What the first job finished, the second only found.
    finished = {line.key for line in backfill.lines("first") if line.outcome == "done"}
    assert {line.key for line in lines if line.outcome == "repeated" and line.confidence} >= finished
    assert sum(container.crashes for container in backfill.function.containers) >= 4  # by two images, at each try

    # The notification has the same sums.
    state = S3Store(backfill.site.s3)
    events: list[dict[str, Any]] = []

    class Bus:
        def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            events.extend(Entries)
            return {"FailedEntryCount": 0}

    deps = Deps(state, DocumentStore(state, backfill.state), EventBus(Bus(), "default"))
    end_app.announce(ObjectRef(backfill.state, backfill_report("second")), deps)
    (event,) = events
    assert json.loads(event["Detail"]).items() >= Tally.of(lines).described().items()

    # Another run writes nothing.
    before = backfill.site.listing()
    third = backfill.job("third", seed=3)
    third.run(backfill.manifest, THREADS)
    check(backfill, again := backfill.lines("third"))
    assert backfill.site.listing() == before
    assert {line.outcome for line in again if backfill.expected[line.key] == "done"} == {"repeated"}
