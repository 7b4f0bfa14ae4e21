"""What a backfill costs and how long it takes: prices, limits, and a model of both.

Prices of us-east-1, November 2026: https://aws.amazon.com/lambda/pricing/ and https://aws.amazon.com/s3/pricing/
"""

from dataclasses import dataclass
from typing import NamedTuple

GB_SECOND, CALL = 0.0000166667, 0.20e-6
"""Lambda on x86."""
WRITE, READ = 0.005e-3, 0.0004e-3
"""S3: a PUT or LIST; a GET or HEAD."""
JOB, TASK, LISTED = 0.25, 1e-6, 0.015e-6
"""S3 Batch Operations: a job, an object of it, and an object of the bucket for a list that S3 makes."""
WRITES_A_SECOND, READS_A_SECOND = 3500, 5500
"""S3's limits for one prefix until it divides it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html"""
REPEATED_MS = 100
"""A call that finds the result there already."""
CUT_MS = 1000
"""A call that cuts an image of 1 megapixel on one core, by bench/RESULTS.md."""


class Requests(NamedTuple):
    """To S3, for one image. A LIST counts as a write in the price, and as a read in the limits."""

    puts: int
    lists: int
    reads: int


CUT, REPEATED, REJECTED = Requests(3, 1, 4), Requests(0, 1, 2), Requests(1, 1, 4)


@dataclass(frozen=True, slots=True)
class Work:
    """How many images there are of each kind. ms: milliseconds of a call that cuts."""

    cut: int
    repeated: int = 0
    rejected: int = 0
    ms: float = CUT_MS

    @property
    def images(self) -> int:
        """All of them."""
        return self.cut + self.repeated + self.rejected

    @property
    def seconds(self) -> float:
        """Of Lambda, all calls together. A rejected image is read and looked at, but not cut."""
        return (self.cut * self.ms + (self.repeated + self.rejected) * REPEATED_MS) / 1000

    def requests(self) -> Requests:
        """To S3, all together."""
        kinds = ((self.cut, CUT), (self.repeated, REPEATED), (self.rejected, REJECTED))
        puts, lists, reads = (sum(count * kind[n] for count, kind in kinds) for n in range(3))
        return Requests(puts, lists, reads)


class Estimate(NamedTuple):
    """hours: at one concurrency. bound: what limits them, "containers" or "S3"."""

    hours: float
    bound: str


def dollars(work: Work, memory_mb: int) -> dict[str, float]:
    """By service; storage, logs and traces come on top. They do not depend on the concurrency."""
    requests = work.requests()
    return {
        "Lambda": work.seconds * memory_mb / 1024 * GB_SECOND + work.images * CALL,
        "S3 requests": (requests.puts + requests.lists) * WRITE + requests.reads * READ,
        "S3 Batch Operations": JOB + work.images * (TASK + LISTED),
    }


def hours(work: Work, concurrency: int, prefixes: int = 1) -> Estimate:
    """How long it takes with so many containers, and images spread over so many prefixes."""
    requests = work.requests()
    s3 = max(requests.puts / WRITES_A_SECOND, (requests.reads + requests.lists) / READS_A_SECOND) / prefixes
    seconds = max(work.seconds / concurrency, s3)
    return Estimate(seconds / 3600, "S3" if s3 == seconds and s3 else "containers")
