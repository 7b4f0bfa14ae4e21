"""Hairline under load and faults: `python -m bench.load`.

Many small images go through the local S3, the three queues and the handler. Meanwhile events arrive twice and out of
order, images are replaced, workers are killed, S3 fails for a while, and one image kills every worker that reads it. At
the end, every key must have one complete result, of its newest image.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bench import memory, results, verdict
from bench.crew import Crew
from bench.pictures import small
from bench.proxy import Fault
from handler.local import mappings, stack
from handler.local.emulator import emulator
from handler.local.stack import Stack

FOLDERS = ("products", "shop 1", "été", "api/a1b2c3", "shops/spring/spring.example/7", "x.y", "100%")
"""Of good images, so that all three queues have some."""
DEADLY = "deadly"
"""The key of the image that kills its worker."""
LATE = 10
"""How many events are repeated at the end."""
FIRST, LAST = 20, 200
"""A worker's peak memory is measured around these two images, counted from the start."""
PATIENCE_S = 3600
"""Stops a run that hangs."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The load and the faults of a run.

    images: good ones; every tenth is replaced once before it is processed. rejected: files that are not images.
    repeats: events that arrive twice. kills: workers killed at a random request, in addition to those that the deadly
    image kills. outage_s: how long S3 fails. visibility_s: after how long an unfinished message is retried.
    compared: cutouts that must be the same, byte for byte, as the library's.
    """

    images: int = 1000
    rejected: int = 20
    repeats: int = 200
    workers: int = 4
    kills: int = 12
    outage_s: float = 30
    visibility_s: int = 30
    compared: int = 20
    seed: int = 1


@dataclass
class Figures:
    """The results of a run.

    seconds: until the queue was empty. kills: workers killed. outcomes: of the tries, from the workers' logs; a killed
    try has none. faults: of S3. load: the machine's load average before and after. wrong: every violation, in words.
    """

    seconds: float = 0
    kills: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    load: tuple[float, float] = (0, 0)
    wrong: list[str] = field(default_factory=list)


def run(scenario: Scenario, endpoint: str) -> Figures:
    """Run the scenario in an empty emulator."""
    made = stack.create(endpoint, visibility_s=scenario.visibility_s)
    chance = random.Random(scenario.seed)  # noqa: S311  no secret
    good = {f"{FOLDERS[number % 7]}/{number}+ü.png": small(number) for number in range(scenario.images)}
    rejected = {
        f"rejected/{number}.jpg": b"<html>not an image %d</html>" % number for number in range(scenario.rejected)
    }
    deadly = {DEADLY: small(0)}
    for number, key in enumerate(good):
        if number % 10 == 0:
            _upload(made, {key: small(number, width=80)})
    _upload(made, {**good, **rejected, **deadly})
    events = _receive_all(made)
    # Repeats arrive anywhere, and an old image's event may arrive after its successor's.
    again = [event for event in events if DEADLY not in event.body]
    events += chance.sample(again, scenario.repeats)
    chance.shuffle(events)
    _send(made, events)

    figures, begin = Figures(load=(os.getloadavg()[0], 0)), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        with (
            Crew(made, scenario.workers, log=Path(folder), deadly=DEADLY, seed=scenario.seed) as crew,
            mappings.polling(made, Path(folder) / "dead-letters.log", names=["DeadLetterFunction"]),
        ):
            _work(crew, scenario, len(events))
            figures.seconds = time.monotonic() - begin
            before = verdict.listing(made)
            _send(made, chance.sample(again, LATE))
            _until_empty(crew)
            if verdict.listing(made) != before:
                figures.wrong.append("repeated events at the end changed the output")
        figures.outcomes = verdict.logged(Path(folder))
    figures.kills, figures.faults = crew.kills, crew.faults
    figures.load = figures.load[0], os.getloadavg()[0]
    figures.wrong += verdict.faults(made, good=good, rejected=rejected, deadly=deadly)
    figures.wrong += verdict.different(made, good, scenario.compared)
    return figures


def _upload(made: Stack, pictures: Mapping[str, bytes]) -> None:
    for key, data in pictures.items():
        made.client("s3").put_object(Bucket=made.input_bucket, Key=key, Body=data)


class _Event(NamedTuple):
    queue_url: str
    body: str


def _receive_all(made: Stack) -> list[_Event]:
    """Remove all messages from the queues of images, and return them."""
    sqs, events = made.client("sqs"), []
    for url in made.image_queue_urls:
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            events += [_Event(url, message["Body"]) for message in found]
            handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(found)]
            sqs.delete_message_batch(QueueUrl=url, Entries=handles)
    return events


def _send(made: Stack, events: Sequence[_Event]) -> None:
    for event in events:
        made.client("sqs").send_message(QueueUrl=event.queue_url, MessageBody=event.body)


def _work(crew: Crew, scenario: Scenario, messages: int) -> None:
    """Let the crew work until the queue is empty. Spread the kills over the run, and start the outage in the middle."""
    kills = [messages * (kill + 1) // (scenario.kills + 1) for kill in range(scenario.kills)]
    outage_end: float | None = None

    def meanwhile(left: int) -> None:
        nonlocal outage_end
        while kills and messages - left >= kills[0]:
            kills.pop(0)
            crew.kill_soon()
        if outage_end is None and left <= messages // 2:
            outage_end = time.monotonic() + scenario.outage_s
            crew.outage.set()
        if outage_end is not None and time.monotonic() > outage_end:
            crew.outage.clear()

    _until_empty(crew, meanwhile)


def _until_empty(crew: Crew, meanwhile: Callable[[int], None] = lambda _: None) -> None:
    """Wait until the queue is empty. Calls `meanwhile` with the number of messages left, ten times a second."""
    end = time.monotonic() + PATIENCE_S
    while left := verdict.waiting(crew.stack):
        if time.monotonic() > end:
            raise TimeoutError(f"{left} messages are left after {PATIENCE_S} s.")
        meanwhile(left)
        time.sleep(0.1)


def peaks(endpoint: str, *, first: int, last: int) -> tuple[int, int]:
    """The peak memory of one worker in bytes, before the image number `first` and before the number `last`.

    Each is the largest resident set over `first` / 2 images, on Linux only. It measures peaks, because the memory
    at one moment depends on when the kernel reclaims freed pages.
    """
    made = stack.create(endpoint)
    _upload(made, {f"{number}.png": small(number, width=64 + 32 * (number % 3)) for number in range(last)})
    begun: set[int] = set()
    peak: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as folder, Crew(made, 1, log=Path(folder), deadly=DEADLY, seed=0) as crew:
        (process,) = crew.pids

        def look(left: int) -> None:
            for end in (first, last):
                if end not in begun and last - left >= end - first // 2:
                    begun.add(end)
                    memory.reset_peak(process)
            if first not in peak and last - left >= first:
                peak[first] = memory.peak(process)

        _until_empty(crew, look)
        peak[last] = memory.peak(process)
    return peak[first], peak[last]


def section(figures: Figures, scenario: Scenario) -> str:
    """The section of RESULTS.md about a run."""
    tries = ", ".join(f"{count} {outcome}" for outcome, count in sorted(figures.outcomes.items()))
    faults = ", ".join(f"{count} {fault.value}" for fault, count in figures.faults.most_common())
    return f"""## Under load and faults

{scenario.images:,} images of 96 x 96 pixels and {scenario.rejected} files that are not images went through the
local S3, the queue and {scenario.workers} workers (`python -m bench.load`). A tenth was replaced before its turn.
{scenario.repeats} events came twice, all in random order. S3 failed for {scenario.outage_s:.0f} s. {figures.kills}
workers were killed (SIGKILL) during a request, eight of them by one image that kills every worker that reads it.

- Wrong at the end: {"; ".join(figures.wrong) or "nothing"}. Expected: one whole result for every key, made from
  its newest image, {scenario.compared} of them the same byte for byte as the library's; the deadly image, and
  nothing else, in the dead-letter queue; no change by {LATE} events that were repeated at the end.
- {figures.seconds:.0f} s, {scenario.images / figures.seconds:.1f} images a second, all stops included, at a load
  average of {figures.load[0]:.1f} before and {figures.load[1]:.1f} after: the machine had other work too.
- Outcomes in the logs: {tries}. S3's responses during the outage: {faults}.

{results.machine()}."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenario, print the results and write them. Returns 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description="Run Hairline under load and faults.")
    parser.add_argument(
        "--images",
        type=int,
        default=Scenario.images,
        help="number of images; only the default writes RESULTS.md (default: %(default)s)",
    )
    scenario = Scenario(images=parser.parse_args(arguments).images)
    with emulator() as endpoint:
        figures = run(scenario, endpoint)
    _write("load", section(figures, scenario), kept=scenario == Scenario())
    with emulator() as endpoint:
        early, late = peaks(endpoint, first=FIRST, last=LAST)
    text = (
        f"The peak memory of a worker was {early / 2**20:.0f} MiB around its {FIRST}th image and "
        f"{late / 2**20:.0f} MiB around its {LAST}th ({100 * (late / early - 1):+.1f} %)."
    )
    _write("memory", text, kept=True)
    return bool(figures.wrong)


def _write(name: str, text: str, *, kept: bool) -> None:
    print(text, flush=True)
    if kept:
        results.write_part(name, text)


if __name__ == "__main__":
    sys.exit(main())
