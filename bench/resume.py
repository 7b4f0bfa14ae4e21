"""Cut a folder of many small images, kill the run again and again, and look at what is left: `python -m bench.resume`.

The command line runs with an ellipse in place of the model. Its processes are killed with SIGKILL, and it is started
again. At the end every image must have been cut once, with whole files and nothing else beside them, and the memory of
all processes together must be level. The exit status is 1 if something is wrong.
"""

import argparse
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

_SIDE, _EVERY = 40, 0.5
_WARM = 0.2
"""The share of a run's images before its memory counts: libraries load, and caches fill."""


MAX_GROWTH = 0.05


class Run(NamedTuple):
    """One run of the command. seconds: until it was killed or ended. cut, skipped: the lines that it printed.

    memory: (images cut, megabytes of all processes) from time to time.
    """

    seconds: float
    cut: list[str]
    skipped: int
    memory: list[tuple[int, float]]


def build(folder: Path, count: int) -> None:
    """Small images, no two alike, in folders of a thousand."""
    for number in range(count):
        pixels = np.full((_SIDE, _SIDE, 3), (number % 200, 90, 200 - number % 200), np.uint8)
        pixels[12:28, 12:28] = (220, number // 200 % 200, 20)
        path = folder / f"{number // 1000:03}" / f"{number:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


def run(source: Path, out: Path, jobs: int, *, stop: int | None) -> Run:
    """Run the command until it ends, or kill its processes after `stop` new images."""
    command = [sys.executable, "-m", "bench.standin", "cut", str(source), "-o", str(out), "--jobs", str(jobs)]
    began, next_look = time.perf_counter(), 0.0
    cut: list[str] = []
    skipped, memory = 0, []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        name, _, _ = line.partition("  ")
        skipped += "done before" in line
        if "done before" not in line:
            cut.append(name)
        if time.perf_counter() > next_look:
            memory.append((len(cut), _megabytes(process.pid)))
            next_look = time.perf_counter() + _EVERY
        if len(cut) == stop:
            for number in [process.pid, *_children(process.pid)]:
                os.kill(number, signal.SIGKILL)
            break
    process.communicate()
    return Run(time.perf_counter() - began, cut, skipped, memory)


def _children(process: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _megabytes(process: int) -> float:
    """Memory that a process and its children have allocated.

    Pages of files, such as libraries, are left out: their share of a process changes with the other processes that use
    the same files.
    """
    total = 0
    for number in [process, *_children(process)]:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))
    return total / 1000


def growth(memory: Sequence[tuple[int, float]], count: int) -> float:
    """The largest difference from the median, as a share of it, after the warm-up; 0 if it was not measured then."""
    level = [megabytes for cut, megabytes in memory if cut >= _WARM * count]
    if not level:
        return 0.0
    middle = float(np.median(level))
    return max(abs(megabytes - middle) for megabytes in level) / middle


def wrong(source: Path, out: Path, cut: Counter[str]) -> Iterator[str]:
    """What is not as it should be after the last run."""
    names = {path.relative_to(source).with_suffix("") for path in source.rglob("*.png")}
    reports = {path.relative_to(out) for path in out.rglob("*.report.json")}
    results = {path.relative_to(out) for path in out.rglob("*") if path.is_file()} - reports
    if {path.with_suffix(".png") for path in names} != results or len(reports) != len(names):
        yield f"{len(names)} images have {len(results)} other files and {len(reports)} reports"
    if twice := [name for name, times in cut.items() if times > 1]:
        yield f"{len(twice)} images were cut twice, such as {twice[0]}"
    for report in reports:
        data = json.loads((out / report).read_text())
        with Image.open(io.BytesIO((out / report).with_name(data["files"][0]).read_bytes())) as image:
            image.load()


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.resume", description=__doc__)
    parser.add_argument("--images", type=int, default=20_000, help="images to cut (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=3, help="times to kill the run (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="as of `hairline cut` (default: %(default)s)")
    args = parser.parse_args(argv)
    cut: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in"), Path(folder, "out")
        build(source, args.images)
        stops = [args.images // 8] * args.kills
        for stop in (*stops, None):
            done = run(source, out, args.jobs, stop=stop)
            cut.update(done.cut)
            print(f"{done.seconds:.0f} s: {len(done.cut)} cut, {done.skipped} done before", flush=True)
        faults = list(wrong(source, out, cut))
        level = growth(done.memory, len(done.cut))
        print(f"memory: {done.memory[-1][1]:.0f} MB at the end, within {level:.1%} of its median")
        looks = done.memory[:: len(done.memory) // 10 + 1]
        print("after so many images, MB:", ", ".join(f"{cut:,}: {megabytes:.1f}" for cut, megabytes in looks))
        faults += [f"memory is not level: {level:.1%}"] if level > MAX_GROWTH else []
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
