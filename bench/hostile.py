"""Decode files that ask for far more than they hold, and measure time and memory: `python -m bench.hostile`.

Each file is built by a rule of `bench.hostile_files`, with sizes drawn at random. The exit status is 1 if one of them
costs more than the limits, or ends in anything except an image or a rejection.
"""

import argparse
import ctypes
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from bench import memory
from bench.hostile_files import KINDS
from pipeline import decode
from pipeline.errors import InputError

MAX_BYTES, MAX_MEGAPIXELS = 40_000_000, 50.0
MAX_SECONDS, MAX_MEGABYTES = 10.0, 1500.0
"""Of a processor, and of memory beyond the image's own three bytes a pixel."""


class Cost(NamedTuple):
    """What decoding one file took. seconds: of a processor. megabytes: the peak, without the image's own.

    outcome: the image's size, the name of the error, or "" where the process ended without one.
    """

    seconds: float
    megabytes: float
    outcome: str

    @property
    def acceptable(self) -> bool:
        """Whether it keeps the limits, and ended as it should."""
        return self.seconds <= MAX_SECONDS and self.megabytes <= MAX_MEGABYTES and bool(self.outcome)


def cost(data: bytes) -> Cost:
    """Decode a file in a process of its own, which ends after six times the allowed time."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(data, theirs))
    process.start()
    theirs.close()
    try:
        return Cost(*ours.recv())
    except EOFError:
        return Cost(6 * MAX_SECONDS, MAX_MEGABYTES, "")
    finally:
        process.join()


def _measured(data: bytes, pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(6 * MAX_SECONDS), resource.RLIM_INFINITY))
    # Memory that the parent has used, or has freed but not returned, does not count.
    ctypes.CDLL(None).malloc_trim(0)
    memory.reset_peak()
    before, began = memory.peak(), time.process_time()
    own = 0
    try:
        image = decode.decode(data, max_bytes=MAX_BYTES, max_megapixels=MAX_MEGAPIXELS)
        own, outcome = image.rgb.nbytes, "{1} x {0}".format(*image.rgb.shape)
    except InputError as error:
        outcome = type(error).__name__
    pipe.send(Cost(time.process_time() - began, (memory.peak() - before - own) / 1e6, outcome))


def drawn(most: Sequence[int], chance: random.Random) -> tuple[int, ...]:
    """A whole number from 1 to each of `most`; small ones are as likely as large ones."""
    return tuple(min(round(limit ** chance.random()), limit) for limit in most)


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("--files", type=int, default=200, help="files to build (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="start of the random numbers (default: %(default)s)")
    args = parser.parse_args(argv)
    chance, bad = random.Random(args.seed), 0  # noqa: S311 - no secrets here
    for _ in range(args.files):
        name = chance.choice(sorted(KINDS))
        build, most = KINDS[name]
        sizes = drawn(most, chance)
        data = build(*sizes)
        found = cost(data)
        bad += not found.acceptable
        verdict = "" if found.acceptable else "  TOO MUCH"
        print(
            f"{name:16} {','.join(map(str, sizes)):14} {len(data) / 1e6:6.2f} MB {found.seconds:6.2f} s "
            f"{found.megabytes:6.0f} MB  {found.outcome}{verdict}",
            flush=True,
        )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
