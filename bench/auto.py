"""How much of isnet's gain the model `auto` keeps, and what it costs: `python -m bench.auto --data FOLDER`.

`bench.samples` describes the layout of FOLDER. The weights of both models must be downloaded. Prints a table.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bench import results
from bench.methods import Hairline
from bench.samples import samples
from pipeline.options import Options

SETS = ("davis40", "grabcut35", "sod300")
NAMES = ("u2netp", "isnet", "auto")
HEAD = ["model", "asks isnet", "n", "MAE", "IoU", "share of isnet's gain in MAE", "CPU s"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Cut out every image with each model, and print one line a model."""
    parser = argparse.ArgumentParser(prog="python -m bench.auto", description="Compare u2netp, isnet and auto.")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="contains the sets " + ", ".join(SETS)
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images of each set")
    args = parser.parse_args(arguments)
    methods = [Hairline(name, Options(), name) for name in NAMES]
    # For each image and model: MAE, IoU, seconds, and whether both networks ran; they do for every rejected image.
    measured = []
    for sample in tqdm(samples(args.data, SETS, args.limit), unit="picture", disable=None):
        measurements = [method.measure(sample) for method in methods]
        scores = [sample.scores(one.alpha) for one in measurements]
        measured.append(
            [(s.mae, s.iou, one.seconds, one.networks != 1) for s, one in zip(scores, measurements, strict=True)]
        )
    means = np.mean(measured, axis=0)
    gains = means[0, 0] - means[:, 0]
    shares = ["0%", "100%", f"{means[2, 3]:.0%}"]
    rows = [
        [name, share, str(len(measured)), f"{mae:.1f}", f"{iou:.3f}", f"{gain / gains[1]:.0%}", f"{seconds:.2f}"]
        for name, gain, share, (mae, iou, seconds, _) in zip(NAMES, gains, shares, means, strict=True)
    ]
    print(f"{results.table(HEAD, rows)}\n\n{results.machine()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
