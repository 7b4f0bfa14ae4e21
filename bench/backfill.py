"""Hours and dollars of a backfill: `python -m bench.backfill`.

It measures on this machine what a call of BackfillFunction takes: cutting an image of 1 megapixel, making new
listing images from its stored cutout, and finding that nothing is to be done. It checks the model of
`handler.backfill.costs` against that run, and writes its predictions for large buckets to RESULTS.md and backfill.png.
"""

import argparse
import io
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from bench import plot, results
from handler.backfill import costs
from handler.backfill.costs import Work
from handler.local import functions, stack
from handler.local.container import Container, Pool
from handler.local.emulator import emulator
from handler.local.samples import samples
from handler.local.stack import Stack

IMAGES = (100_000, 5_000_000, 1_000_000_000)
CONCURRENCIES = (50, 200, 1000, 5000)
SECONDS = {"1 MP": 1.0, "12 MP": 4.9}
"""Of one core for an image on u2netp, by docs/deploy.md."""
MEMORY_MB = 3008
SIDE = 1000
"""Of the images that are cut here, in pixels: 1 megapixel."""
LISTED = {"options": json.dumps({"marketplaces": ["ebay"]}), "mattes": "reuse"}


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over all images. ms: the mean of its calls. predicted: seconds, from the first third of its calls."""

    name: str
    ms: float
    seconds: float
    predicted: float


def measure(endpoint: str, folder: Path, count: int, containers: int) -> list[Pass]:
    """Cut `count` images, find them done, make listing images from their cutouts, and cut them again with these."""
    made = stack.create(endpoint)
    for number in range(count):
        made.client("s3").put_object(Bucket=made.input_bucket, Key=f"{number}.jpg", Body=_photo(number))
    function = functions.function(made, "BackfillFunction", folder / "backfill.log")
    pool = Pool(lambda: Container(function), containers)
    try:
        for number in range(containers):  # both containers have started, and loaded the model
            _pass("", made, pool, [number] * containers, {})
        _forget(made, count)
        cut = _pass("cut an image of 1 MP", made, pool, range(count), {})
        found = _pass("find the result there", made, pool, range(count), {})
        again = _pass("make new listing images from the stored cutout", made, pool, range(count), LISTED)
        _forget(made, count)
        whole = _pass("cut the same image with that listing image", made, pool, range(count), LISTED)
    finally:
        pool.stop()
    return [cut, found, again, whole]


def _pass(name: str, made: Stack, pool: Pool, numbers: Sequence[int], arguments: dict[str, str]) -> Pass:
    def call(number: int) -> float:
        begin = time.perf_counter()
        reply = pool.call(_event(made.input_bucket, f"{number}.jpg", arguments))
        assert reply["results"][0]["resultCode"] == "Succeeded", reply
        return 1000 * (time.perf_counter() - begin)

    begin = time.perf_counter()
    with ThreadPoolExecutor(pool.most) as threads:
        times = list(threads.map(call, numbers))
    seconds = time.perf_counter() - begin
    pilot = times[: max(1, len(times) // 3)]
    work = Work(cut=len(numbers), ms=sum(pilot) / len(pilot))
    return Pass(name, sum(times) / len(times), seconds, 3600 * costs.hours(work, pool.most).hours)


def _event(bucket: str, key: str, arguments: dict[str, str]) -> dict[str, Any]:
    return {
        "invocationSchemaVersion": "2.0",
        "invocationId": key,
        "job": {"id": "bench", "userArguments": arguments},
        "tasks": [{"taskId": key, "s3Key": quote(key), "s3VersionId": None, "s3Bucket": bucket}],
    }


def _photo(number: int) -> bytes:
    paths = samples()
    picture = Image.open(paths[number % len(paths)]).convert("RGB").resize((SIDE, SIDE))
    picture.putpixel((0, 0), (number % 256, 0, 0))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _forget(made: Stack, count: int) -> None:
    """Delete the reports, so that the next pass cuts."""
    for number in range(count):
        made.client("s3").delete_object(Bucket=made.output_bucket, Key=f"{number}.jpg/report.json")


def section(passes: Sequence[Pass], count: int, containers: int) -> str:
    """The section of RESULTS.md."""
    measured = [[p.name, f"{p.ms:,.0f}", f"{p.seconds:.1f}", f"{p.predicted:.1f}"] for p in passes]
    predicted = []
    for images in IMAGES:
        for size, seconds in SECONDS.items():
            work = Work(images, ms=1000 * seconds)
            hours = [costs.hours(work, concurrency) for concurrency in CONCURRENCIES]
            shown = [f"{each.hours:,.1f}{' *' if each.bound == 'S3' else ''}" for each in hours]
            price = sum(costs.dollars(work, MEMORY_MB).values())
            predicted.append([f"{images:,}", size, f"${price:,.0f}", *shown])
    repeated = sum(costs.dollars(Work(0, repeated=5_000_000), MEMORY_MB).values())
    return f"""## Backfill

`python -m bench.backfill`. No backfill has run on AWS yet; these are predictions from measured milliseconds,
prices and documented limits. Hours for so many containers at the same time, and dollars, which do not depend on that:

{results.table(["images", "size", "dollars", *(f"{c:,}" for c in CONCURRENCIES)], predicted)}

\\* S3's limits for one prefix decide, until S3 has divided it. To find 5,000,000 images done costs ${repeated:,.0f}.

![Hours against containers](backfill.png)

| assumption | value |
| --- | --: |
| seconds of an image, 1 MP and 12 MP | {" and ".join(str(each) for each in SECONDS.values())} |
| seconds of a finished image | {costs.REPEATED_MS / 1000} |
| memory of BackfillFunction | {MEMORY_MB:,} MB |
| GB-second and call of Lambda | ${costs.GB_SECOND:.10f} and ${costs.CALL * 1e6:.2f} a million |
| PUT or LIST, GET or HEAD | ${costs.WRITE * 1000:g} and ${costs.READ * 1000:g} for 1,000 |
| requests of an image: PUT, LIST, GET or HEAD | {", ".join(map(str, costs.CUT))} |
| S3 Batch Operations: a job | ${costs.JOB} |
| S3 Batch Operations: an object, and one of its list | ${costs.TASK * 1e6:.2f} and ${costs.LISTED * 1e6:g} a million |
| PUT, and GET with HEAD and LIST, a second and prefix | {costs.WRITES_A_SECOND:,} and {costs.READS_A_SECOND:,} |
| rate of S3 Batch Operations itself | not published, so no limit |

The model against a run here: {count} images, {containers} containers, the local S3, wall-clock. Each pass is predicted
from the first third of its calls:

{results.table(["a call that has to", "ms", "seconds measured", "seconds predicted"], measured)}

{results.machine()}, shared with other work."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.backfill", description="Predict a backfill's hours and dollars."
    )
    parser.add_argument("--images", type=int, default=12, help="images to cut here (default: %(default)s)")
    parser.add_argument("--containers", type=int, default=2, help="at the same time (default: %(default)s)")
    given = parser.parse_args(arguments)
    with emulator() as endpoint, tempfile.TemporaryDirectory() as folder:
        passes = measure(endpoint, Path(folder), given.images, given.containers)
    text = section(passes, given.images, given.containers)
    print(text)
    results.write_part("backfill", text)
    lines = {f"{images:,} images of 1 MP": images for images in IMAGES}
    plot.hours(
        {name: [costs.hours(Work(n), c).hours for c in CONCURRENCIES] for name, n in lines.items()}, CONCURRENCIES
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
