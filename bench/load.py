"""Pictures under load and faults: `python -m bench.load`.

Many small pictures go through the local S3, queue and handler, while everything goes wrong that may: events come twice
and out of order, pictures are replaced, workers are killed, S3 fails for a while, one picture kills whoever reads it.
At the end every key must hold one whole result, of its newest picture, as if nothing had happened.
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

from bench import results, verdict
from bench.crew import Crew
from bench.pictures import small
from bench.proxy import Fault
from handler.local import mappings, stack
from handler.local.emulator import emulator
from handler.local.stack import Stack

DEADLY = "deadly"
"""In the key of the picture that kills its worker."""
LATE = 10
"""Events that come once more when all is done."""
FIRST, LAST = 20, 200
"""Pictures around which a worker's memory is looked at."""
PATIENCE_S = 3600
"""Only so that a run that hangs ends."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is asked of the workers.

    pictures: good ones; each tenth is replaced once before it is worked on. refused: files that are no pictures.
    repeats: events that come a second time. kills: workers killed at a random request, beside those that the deadly
    picture kills. outage_s: how long S3 fails. visibility_s: how soon an unfinished message is tried again.
    compared: results that are compared, byte for byte, with what the library gives directly.
    """

    pictures: int = 1000
    refused: int = 20
    repeats: int = 200
    workers: int = 4
    kills: int = 12
    outage_s: float = 30
    visibility_s: int = 30
    compared: int = 20
    seed: int = 1


@dataclass
class Figures:
    """What came of it.

    seconds: until the queue was empty. kills: workers killed. outcomes: of tries, as the workers logged them; one that
    was killed logged none. faults: of S3. load: the machine's, before and after. wrong: what is not as it should be.
    """

    seconds: float = 0
    kills: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    load: tuple[float, float] = (0, 0)
    wrong: list[str] = field(default_factory=list)


def run(scenario: Scenario, endpoint: str) -> Figures:
    """Play the scenario in an empty emulator."""
    made = stack.create(endpoint, visibility_s=scenario.visibility_s)
    chance = random.Random(scenario.seed)  # noqa: S311  no secret
    good = {f"shop {number % 7}/{number}+ü.png": small(number) for number in range(scenario.pictures)}
    refused = {f"refused/{number}.jpg": b"<html>no picture %d</html>" % number for number in range(scenario.refused)}
    deadly = {DEADLY: small(0)}
    for number, key in enumerate(good):
        if number % 10 == 0:
            _drop(made, {key: small(number, width=80)})
    _drop(made, {**good, **refused, **deadly})
    events = _taken(made)
    # A repeat may come at any place, and an old picture's event after its successor's.
    again = [event for event in events if DEADLY not in event]
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
                figures.wrong.append("late repeats changed something")
        figures.outcomes = verdict.logged(Path(folder))
    figures.kills, figures.faults = crew.kills, crew.faults
    figures.load = figures.load[0], os.getloadavg()[0]
    figures.wrong += verdict.faults(made, good=good, refused=refused, deadly=deadly)
    figures.wrong += verdict.different(made, good, scenario.compared)
    return figures


def _drop(made: Stack, pictures: Mapping[str, bytes]) -> None:
    for key, data in pictures.items():
        made.client("s3").put_object(Bucket=made.input_bucket, Key=key, Body=data)


def _taken(made: Stack) -> list[str]:
    """The bodies of all messages of the queue, which is empty then."""
    sqs, bodies = made.client("sqs"), []
    while found := sqs.receive_message(QueueUrl=made.queue_url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in found]
        handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(found)]
        sqs.delete_message_batch(QueueUrl=made.queue_url, Entries=handles)
    return bodies


def _send(made: Stack, bodies: Sequence[str]) -> None:
    for body in bodies:
        made.client("sqs").send_message(QueueUrl=made.queue_url, MessageBody=body)


def _work(crew: Crew, scenario: Scenario, messages: int) -> None:
    """Let the crew work until the queue is empty, with the kills spread over the work and the outage in its middle."""
    dooms = [messages * (kill + 1) // (scenario.kills + 1) for kill in range(scenario.kills)]
    outage_end: float | None = None

    def meanwhile(left: int) -> None:
        nonlocal outage_end
        while dooms and messages - left >= dooms[0]:
            dooms.pop(0)
            crew.doom()
        if outage_end is None and left <= messages // 2:
            outage_end = time.monotonic() + scenario.outage_s
            crew.outage.set()
        if outage_end is not None and time.monotonic() > outage_end:
            crew.outage.clear()

    _until_empty(crew, meanwhile)


def _until_empty(crew: Crew, meanwhile: Callable[[int], None] = lambda _: None) -> None:
    """Wait with a crew at work; `meanwhile` gets the number of messages that are left."""
    end = time.monotonic() + PATIENCE_S
    while left := verdict.waiting(crew.stack):
        if time.monotonic() > end:
            raise TimeoutError(f"{left} messages are left after {PATIENCE_S} s.")
        meanwhile(left)
        time.sleep(0.1)


def memory(endpoint: str, *, first: int, last: int) -> tuple[int, int]:
    """The most that one worker held, in kB, over the pictures up to the `first`, and over as many up to the `last`.

    The peak resident set (VmHWM) of the second half of `first` pictures each time; Linux only. Peaks, because what lies
    between two looks depends on when the kernel takes back what is free.
    """
    made = stack.create(endpoint)
    _drop(made, {f"{number}.png": small(number, width=64 + 32 * (number % 3)) for number in range(last)})
    begun: set[int] = set()
    peak: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as folder, Crew(made, 1, log=Path(folder), deadly=DEADLY, seed=0) as crew:
        status = Path(f"/proc/{crew.pids[0]}/status")

        def look(left: int) -> None:
            for end in (first, last):
                if end not in begun and last - left >= end - first // 2:
                    begun.add(end)
                    status.with_name("clear_refs").write_text("5", "ascii")  # VmHWM begins anew
            if first not in peak and last - left >= first:
                peak[first] = _peak_kb(status)

        _until_empty(crew, look)
        peak[last] = _peak_kb(status)
    return peak[first], peak[last]


def _peak_kb(status: Path) -> int:
    return int(status.read_text("ascii").partition("VmHWM:")[2].split()[0])


def told(figures: Figures, scenario: Scenario) -> str:
    """What RESULTS.md says of a run."""
    tries = ", ".join(f"{count} {outcome}" for outcome, count in sorted(figures.outcomes.items()))
    faults = ", ".join(f"{count} {fault.value}" for fault, count in figures.faults.most_common())
    return f"""## Under load and faults

{scenario.pictures:,} images of 96 x 96 pixels and {scenario.refused} files that are not images went through the
local S3, the queue and {scenario.workers} workers (`python -m bench.load`). A tenth was replaced before its turn.
{scenario.repeats} events came twice, all in random order. S3 failed for {scenario.outage_s:.0f} s. {figures.kills}
workers were killed (SIGKILL) during a request, eight of them by one image that kills every worker that reads it.

- Wrong at the end: {"; ".join(figures.wrong) or "nothing"}. Expected: one whole result for every key, made from
  its newest image, {scenario.compared} of them the same byte for byte as the library's; the deadly image, and
  nothing else, in the dead-letter queue; no change by {LATE} events that were repeated at the end.
- {figures.seconds:.0f} s, {scenario.pictures / figures.seconds:.1f} images a second, all stops included, at a load
  average of {figures.load[0]:.1f} before and {figures.load[1]:.1f} after: the machine had other work too.
- Outcomes in the logs: {tries}. S3's responses during the outage: {faults}.

{results.machine()}."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play it, print the figures and write them. Returns 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description="Pictures under load and faults.")
    parser.add_argument("--pictures", type=int, default=Scenario.pictures, help="only the default is written down")
    scenario = Scenario(pictures=parser.parse_args(arguments).pictures)
    with emulator() as endpoint:
        figures = run(scenario, endpoint)
    _write("load", told(figures, scenario), kept=scenario == Scenario())
    with emulator() as endpoint:
        early, late = memory(endpoint, first=FIRST, last=LAST)
    text = (
        f"The peak memory of a worker was {early / 1024:.0f} MiB around its {FIRST}th image and "
        f"{late / 1024:.0f} MiB around its {LAST}th ({100 * (late / early - 1):+.1f} %)."
    )
    _write("memory", text, kept=True)
    return bool(figures.wrong)


def _write(name: str, text: str, *, kept: bool) -> None:
    print(text, flush=True)
    if kept:
        results.PATH.write_text(results.replace_part(results.PATH.read_text("utf-8"), name, text), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
