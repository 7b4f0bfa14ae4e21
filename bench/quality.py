"""Compare whole cutouts with the truth, for Hairline with and without matting, and rembg.

`python -m bench.quality --data FOLDER`; `bench.samples` describes the layout of FOLDER. Prints the table, and writes it
to RESULTS.md unless --sets or --limit restricts it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from bench import results
from bench.methods import ROOT, Hairline, Method, Rembg
from bench.metrics import Scores
from bench.samples import Sample, groups, samples
from pipeline import __version__
from pipeline.options import Options

HEAD = [
    "set",
    "method",
    "n",
    "MAE",
    "MAE median",
    "MSE",
    "SAD",
    "Grad",
    "IoU",
    "IoU < 0.5",
    "rejected",
    "stopped",
    "CPU s",
]

NOTE = """
Means over each set, of whole cutouts. A rejected image counts as an empty matte. MAE and MSE are x 1000, SAD and Grad
/ 1000, as Rhemann et al. 2009 define them. IoU is at alpha > 0.5. Lower is better, except for IoU. All methods use the
same u2netp weights. CPU s: processor seconds for an image, from the file's bytes to the PNG's, all threads together,
warm. Stopped: images that took rembg more than 60 processor seconds; its other numbers leave them out.
"""


class Entry(NamedTuple):
    """The result of one method for one image."""

    group: str
    method: str
    scores: Scores
    seconds: float
    rejected: bool
    stopped: bool


def measure(methods: Sequence[Method], pictures: Sequence[Sample]) -> list[Entry]:
    """Cut out every image with every method. They alternate, so that other work on the machine affects all alike."""
    entries = []
    for sample in tqdm(pictures, unit="picture", disable=None):
        for method in methods:
            measurement = method.measure(sample)
            scores = sample.scores(measurement.alpha)
            entries.append(
                Entry(sample.group, method.name, scores, measurement.seconds, measurement.rejected, measurement.stopped)
            )
    return entries


def rows(entries: Sequence[Entry]) -> list[list[str]]:
    """The table's rows, one for each set and method, in the order of first appearance."""
    keys = dict.fromkeys((entry.group, entry.method) for entry in entries)
    return [
        _row(group, method, [e for e in entries if (e.group, e.method) == (group, method)]) for group, method in keys
    ]


def _row(group: str, method: str, entries: Sequence[Entry]) -> list[str]:
    done = [entry for entry in entries if not entry.stopped]
    row = [group, method, str(len(done))]
    stopped = str(len(entries) - len(done))
    if not done:
        return [*row, *[""] * 8, stopped, ""]
    values = np.array([entry.scores for entry in done])
    mae, mse, sad, grad, iou = values.mean(axis=0)
    return [
        *row,
        f"{mae:.1f}",
        f"{np.median(values[:, 0]):.1f}",
        f"{mse:.1f}",
        f"{sad:.2f}",
        f"{grad:.3f}",
        f"{iou:.3f}",
        str(int((values[:, 4] < 0.5).sum())),
        str(sum(entry.rejected for entry in done)),
        stopped,
        f"{np.mean([entry.seconds for entry in done]):.2f}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write it if it covers all sets."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality", description="Compare whole cutouts with the truth."
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="contains the sets")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="only these")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images of each set")
    parser.add_argument("--fresh", action="store_true", help="run rembg again instead of using its cached results")
    args = parser.parse_args(arguments)
    known = groups(args.data)
    names = args.sets or known
    if not names or not set(names) <= set(known):
        parser.error(f"{args.data} holds the sets {', '.join(known) or 'of no kind'}")
    with Rembg(ROOT / "build" / "bench" / "rembg", fresh=args.fresh) as rembg:
        methods: list[Method] = [
            Hairline("Hairline", Options()),
            Hairline("Hairline, matting off", Options(matting="off")),
            rembg,
        ]
        entries = measure(methods, samples(args.data, names, args.limit))
    part = f"{results.table(HEAD, rows(entries))}\n{NOTE}\nHairline {__version__}; {results.machine()}."
    print(part)
    if not args.sets and args.limit is None:
        results.write_part("quality", part)
    return 0


if __name__ == "__main__":
    sys.exit(main())
