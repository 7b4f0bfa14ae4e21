"""Compare Hairline's matting with PyMatting's, in the same run: `python -m bench.matting --data FOLDER`.

Sets with trimaps (alphamatting27, adobe_composites14) measure quality and speed; the methods alternate in one process.
Photographs with Hairline's own trimap measure speed and memory, each run in its own process. Writes the tables to
RESULTS.md and the plot to matting.png; with --sets or --quick it only prints the tables.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pymatting
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from bench import memory, results
from bench.plot import Run, draw
from pipeline import matting
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.segment import OnnxSegmenter
from pipeline.trimap import build
from pipeline.types import BACKGROUND, FOREGROUND, UNKNOWN, Picture, Trimap

PHOTOS = ("aim_s1.jpg", "u2net_bike.jpg", "hato.jpg", "fivek_a0002.jpg")
TRIMAPS = (("alphamatting27", "trimap1"), ("alphamatting27", "trimap2"), ("adobe_composites14", "trimap"))
REPEATS = 5
PATIENCE = 20.0
"""Seconds: a run that took longer is not repeated, because its noise no longer matters."""
PEER_MEGAPIXELS = 7.0
"""Above this size, PyMatting needs more memory than the benchmark's machine can spare."""

Alpha = NDArray[np.floating[Any]]


def peer(picture: Picture, trimap: Trimap) -> Alpha:
    """The alpha of `pymatting.estimate_alpha_cf` with its defaults."""
    values = np.select([trimap.values == FOREGROUND, trimap.values == UNKNOWN], [1.0, 0.5], 0.0)
    alpha: Alpha = pymatting.estimate_alpha_cf(picture.rgb / 255, values)
    return alpha


METHODS: dict[str, Callable[[Picture, Trimap], Alpha]] = {
    "PyMatting": peer,
    "pymatting": lambda picture, trimap: matting.solve(picture, trimap, method="pymatting").alpha,
    "exact": lambda picture, trimap: matting.solve(picture, trimap, method="exact").alpha,
    "fast": lambda picture, trimap: matting.solve(picture, trimap, method="fast").alpha,
}


class Case(NamedTuple):
    """An image with its trimap and its true alpha, float64 (H, W), 0..1."""

    group: str
    stem: str
    picture: Picture
    trimap: Trimap
    truth: Alpha


class Entry(NamedTuple):
    """The result of one method: median seconds, and, over unknown pixels, squared error and distance from PyMatting."""

    group: str
    stem: str
    method: str
    seconds: float
    error: float
    furthest: float
    distance: float


def cases(root: Path, wanted: Sequence[str], limit: int | None) -> Iterator[Case]:
    """All images whose trimap contains foreground and background."""
    for group, folder in TRIMAPS:
        if f"{group}/{folder}" not in wanted:
            continue
        for path in sorted((root / group / folder).glob("*.png"))[:limit]:
            grey = np.asarray(Image.open(path).convert("L"))
            values = np.where((grey == BACKGROUND) | (grey == FOREGROUND), grey, UNKNOWN).astype(np.uint8)
            if {BACKGROUND, FOREGROUND} <= set(np.unique(values).tolist()):
                rgb = np.array(Image.open(root / group / "image" / path.name).convert("RGB"))
                truth = np.asarray(Image.open(root / group / "alpha" / path.name).convert("L")) / 255
                yield Case(f"{group}/{folder}", path.stem, Picture(rgb), Trimap(values), truth)


def measure(case: Case, repeats: int) -> list[Entry]:
    """Measure all methods. They take turns, so that other work on the machine affects all of them alike."""
    seconds: dict[str, list[float]] = {method: [] for method in METHODS}
    alphas: dict[str, Alpha] = {}
    for _ in range(repeats):
        for method, solve in METHODS.items():
            if not seconds[method] or max(seconds[method]) < PATIENCE:
                start = time.perf_counter()
                alphas[method] = solve(case.picture, case.trimap)
                seconds[method].append(time.perf_counter() - start)
    unknown = case.trimap.values == UNKNOWN
    entries = []
    for method, alpha in alphas.items():
        error = float(np.mean((alpha - case.truth)[unknown] ** 2))
        away = abs(alpha - alphas["PyMatting"])[unknown]
        median = statistics.median(seconds[method])
        entries.append(Entry(case.group, case.stem, method, median, error, float(away.max()), float(away.mean())))
    return entries


def quality_rows(entries: Sequence[Entry]) -> list[list[str]]:
    """One row for each set and method."""
    rows = []
    for group, method in dict.fromkeys((entry.group, entry.method) for entry in entries):
        own = [e for e in entries if (e.group, e.method) == (group, method)]
        base = [e for e in entries if (e.group, e.method) == (group, "PyMatting")]
        speeds = [b.seconds / e.seconds for b, e in zip(base, own, strict=True)]
        error, base_error = (statistics.mean(e.error for e in part) for part in (own, base))
        total, base_total = (sum(e.seconds for e in part) for part in (own, base))
        each = statistics.median(e.error / b.error for e, b in zip(own, base, strict=True))
        rows.append(
            [
                *(group, method, str(len(own)), f"{1000 * error:.2f}", f"{error / base_error:.3f}", f"{each:.3f}"),
                *(f"{max(e.furthest for e in own):.1e}", f"{statistics.mean(e.distance for e in own):.1e}"),
                *(f"{total / len(own):.2f}", f"{statistics.median(speeds):.1f}", f"{min(speeds):.1f}"),
                f"{base_total / total:.1f}",
            ]
        )
    return rows


def photo_trimap(path: Path, scale: float) -> tuple[Picture, Trimap]:
    """The photograph, resized by `scale`, and the trimap that Hairline makes of it."""
    rgb = np.array(Image.open(path).convert("RGB"))
    if scale != 1:
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    picture = Picture(rgb)
    return picture, build(picture, OnnxSegmenter(named("u2netp"), DEFAULT_FOLDER).segment(picture))


def peak(method: str, folder: Path) -> dict[str, float]:
    """The seconds of one run in this process, and its peak memory in bytes above what was used before. Linux only."""
    saved = np.load(folder)
    picture, trimap = Picture(saved["rgb"]), Trimap(saved["trimap"])
    corner = Picture(picture.rgb[:32, :32]), Trimap(np.tile(np.array([0, 128, 128, 255], np.uint8), (32, 8)))
    METHODS[method](*corner)  # libraries load some of their parts at the first call
    memory.reset_peak()
    before = memory.resident()
    start = time.perf_counter()
    METHODS[method](picture, trimap)
    return {"seconds": time.perf_counter() - start, "bytes": float(memory.peak() - before)}


def photographs(root: Path, scratch: Path, sizes: Sequence[tuple[str, float]]) -> Iterator[Run]:
    """Run each method in its own process, on each photograph and scale."""
    for name, scale in sizes:
        picture, trimap = photo_trimap(root / "photos" / name, scale)
        np.savez(scratch, rgb=picture.rgb, trimap=trimap.values)
        megapixels = trimap.values.size / 1e6
        unknown = int(np.count_nonzero(trimap.values == UNKNOWN))
        for method in METHODS:
            if method.lower() == "pymatting" and megapixels > PEER_MEGAPIXELS:
                continue
            command = [sys.executable, "-m", "bench.matting", "--peak", method, str(scratch)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            found = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
            if not found:
                print(name, method, done.stderr.splitlines()[-1:], file=sys.stderr)
            yield Run(name, megapixels, unknown, method, found.get("seconds"), found.get("bytes"))


def photo_rows(runs: Sequence[Run]) -> list[list[str]]:
    """One row for each photograph and method."""
    return [
        [
            *(run.photo, run.method, f"{run.megapixels:.1f}", f"{run.unknown / run.megapixels / 1e4:.1f} %"),
            "refused" if run.seconds is None else f"{run.seconds:.2f}",
            "-" if run.peak is None else f"{run.peak / 1e6:.0f}",
            "-" if run.peak is None else f"{run.peak / run.megapixels / 1e6:.0f}",
        ]
        for run in runs
    ]


HEAD = [
    *("set", "method", "n", "MSE x 1000", "of PyMatting's", "median of it", "furthest", "mean distance"),
    *("seconds", "speed", "slowest", "of totals"),
]
PHOTO_HEAD = ["photograph", "method", "MP", "unknown", "seconds", "peak MB", "bytes a pixel"]
NOTE = """
"PyMatting" solves the whole image, "pymatting" is Hairline's option: PyMatting on the box around the unknown pixels.

Over the unknown pixels. MSE: mean over the set, that relative to PyMatting's mean, and the median of the ratio over the
images. Distance: from PyMatting's alpha. Seconds: mean over the set of the medians. Speed: how many times as fast as
PyMatting, median and minimum over the images, and by total time. All threads of the machine, which had other work
too, so trust ratios only.
"""
PHOTO_NOTE = """
With Hairline's own trimap, each run in its own process. Peak memory is above what image and imports take. PyMatting is
left out above 7 MP. The last two images are resized.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables. Write them and the plot if they cover all sets."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.matting", description="Compare Hairline's matting with PyMatting's."
    )
    names = ["/".join(pair) for pair in TRIMAPS]
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="contains the sets and photos/")
    parser.add_argument("--sets", nargs="*", choices=[*names, "photos"], default=[*names, "photos"])
    parser.add_argument("--quick", action="store_true", help="two images of each set, once")
    parser.add_argument("--repeats", type=int, default=REPEATS, metavar="N")
    parser.add_argument("--peak", nargs=2, metavar=("METHOD", "FILE"), help="internal: one run of a saved image")
    args = parser.parse_args(arguments)
    if args.peak:
        print(json.dumps(peak(args.peak[0], Path(args.peak[1]))))
        return 0
    if args.data is None:
        parser.error("--data is missing: give the folder of sets")
    entries: list[Entry] = []
    for case in tqdm(cases(args.data, args.sets, 2 if args.quick else None), unit="picture", disable=None):
        entries += measure(case, 1 if args.quick else args.repeats)
    sizes = [(name, 1.0) for name in PHOTOS] + [("aim_s1.jpg", 0.45), ("fivek_a0002.jpg", 2.0368)]
    if args.quick:
        sizes = sizes[:1]
    runs: list[Run] = []
    if "photos" in args.sets:
        scratch = Path("out") / "bench-matting.npz"
        scratch.parent.mkdir(exist_ok=True)
        runs = list(photographs(args.data, scratch, sizes))
        scratch.unlink()
    text = "\n".join(
        [
            *("## Matting compared with PyMatting", "", results.machine(), NOTE),
            results.table(HEAD, quality_rows(entries)),
            *(PHOTO_NOTE, results.table(PHOTO_HEAD, photo_rows(runs)), "", "![time and memory](matting.png)"),
        ]
    )
    print(text)
    if len(args.sets) == len(names) + 1 and not args.quick:
        results.write_part("matting", text)
        draw(runs, list(METHODS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
