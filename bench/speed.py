"""Compare time and memory of the whole path with rembg's, alpha matting included: `python -m bench.speed --photo FILE`.

Resizes FILE to 0.3, 1, 4 and 12 MP. At each size both run in processes of their own and take turns, from the bytes of a
JPEG to those of a PNG. Writes the table to RESULTS.md if all sizes are measured. Linux only.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from PIL import Image

from bench import memory, results
from bench.stages import resized
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter

ROOT = Path(__file__).resolve().parent.parent
MEGAPIXELS = (0.3, 1.0, 4.0, 12.0)
REPEATS = 3
PATIENCE = 3_600
"""Processor seconds after which rembg is stopped."""
COMMANDS = {
    "Hairline": [sys.executable, "-m", "bench.speed", "--worker"],
    "rembg": [str(ROOT / ".venv-rembg" / "bin" / "python"), str(ROOT / "bench" / "rembg_worker.py")],
}
HEAD = ["megapixels", "", "Hairline, s", "rembg, s", "ratio", "Hairline, MB", "rembg, MB", "ratio"]
NOTE = """
Processor seconds of all threads, the median of {repeats} runs after a warm-up, and peak resident memory of the process.
Hairline cuts with its defaults, rembg 2.0.86 with alpha matting, both with u2netp. Load average {load:.0f}.
"""


class Worker:
    """A process that cuts one image after the other. It speaks as `bench/rembg_worker.py` says."""

    def __init__(self, command: Sequence[str]) -> None:
        environment = os.environ | {"U2NET_HOME": str(DEFAULT_FOLDER)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment, cwd=ROOT
        )

    def seconds(self, source: Path, target: Path) -> float:
        """Processor seconds for one image. Raises RuntimeError if the process ended; its stderr says why."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(source), str(target), PATIENCE]) + "\n")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._process.args!r} ended on {source}. Its error is above.")
        return float(json.loads(answer))

    def peak(self) -> float:
        """Peak resident memory so far, in MB."""
        return memory.peak(self._process.pid) / 1e6

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its stdin, which ends it


def work() -> None:
    """Hairline's worker."""
    segmenter = OnnxSegmenter(named("u2netp"), DEFAULT_FOLDER)
    for line in sys.stdin:
        source, target, _ = json.loads(line)
        data = Path(source).read_bytes()
        begin = time.process_time()
        cutout = cut_out(data, segmenter).data
        seconds = time.process_time() - begin
        Path(target).write_bytes(cutout)
        print(json.dumps(seconds), flush=True)


def measured(photo: Image.Image, megapixels: float, repeats: int, folder: Path) -> list[str]:
    """The row of one size."""
    small, source = folder / "small.jpg", folder / "source.jpg"
    small.write_bytes(resized(photo, 0.1))
    source.write_bytes(resized(photo, megapixels))
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with Worker(COMMANDS["Hairline"]) as ours, Worker(COMMANDS["rembg"]) as theirs:
        workers = {"Hairline": ours, "rembg": theirs}
        for worker in workers.values():
            worker.seconds(small, folder / "out.png")
        for _ in range(repeats):
            for name, worker in workers.items():
                seconds[name].append(worker.seconds(source, folder / "out.png"))
        peaks = [worker.peak() for worker in workers.values()]
    medians = [statistics.median(taken) for taken in seconds.values()]
    return [
        *(f"{megapixels:g}", "", *(f"{median:.2f}" for median in medians), f"{medians[0] / medians[1]:.3f}"),
        *(*(f"{peak:.0f}" for peak in peaks), f"{peaks[0] / peaks[1]:.3f}"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write it if it has all sizes."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description="Time and memory against rembg.")
    parser.add_argument("--photo", type=Path, metavar="FILE")
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS, metavar="N")
    parser.add_argument("--repeats", type=int, default=REPEATS, metavar="N")
    parser.add_argument("--worker", action="store_true", help="internal: cut the images that standard input names")
    args = parser.parse_args(arguments)
    if args.worker:
        work()
        return 0
    if args.photo is None:
        parser.error("--photo is missing: give a photograph")
    photo = Image.open(io.BytesIO(args.photo.read_bytes())).convert("RGB")
    with tempfile.TemporaryDirectory() as folder:
        rows = [measured(photo, megapixels, args.repeats, Path(folder)) for megapixels in args.megapixels]
    note = NOTE.strip().format(repeats=args.repeats, load=os.getloadavg()[0])
    text = "\n\n".join(["## The whole path compared with rembg", results.machine(), note, results.table(HEAD, rows)])
    print(text)
    if tuple(args.megapixels) == MEGAPIXELS:
        results.write_part("speed", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
