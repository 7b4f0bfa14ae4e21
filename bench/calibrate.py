"""Calibrate the confidence, and measure how well it finds bad cutouts: `python -m bench.calibrate --data FOLDER`.

`bench.samples` describes the layout of FOLDER. A cutout is bad if its intersection over union with the truth is below
0.8. Writes the coefficients to pipeline/quality/coefficients.py, and the results to RESULTS.md and review.png. Takes
about two minutes of processor time.

The results are cross-validated: each image is judged by coefficients fitted to other scenes, in ten random divisions
into five parts. A rejected image without a subject counts as bad and flagged, so one row leaves such images out.
"""

import argparse
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from bench import plot, results
from bench.calibration import Bools, Floats, Model, area_under_roc, cross_validated, fit
from bench.samples import Sample, groups, samples
from pipeline import __version__
from pipeline.errors import NoSubject
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.options import Options
from pipeline.quality import coefficients
from pipeline.quality.confidence import log_odds
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter, Segmenter

BAD = 0.8
FLAGGED = 0.22
"""The share of the good cutouts that the threshold may flag."""

HEAD = ["images", "", "n", "bad", "area under ROC", "bad ones flagged", "good ones flagged"]
NOTE = """How well `needs_review` finds bad cutouts: those whose intersection over union with the truth is below 0.8.
Each is judged with coefficients fitted to other scenes (five-fold, ten times). Rejected images count as bad and
flagged; "all except rejected" leaves them out. The single sets are small.

![Bad ones caught against good ones flagged](review.png)
"""


class Case(NamedTuple):
    """A cutout with its scene and set, its overlap with the truth, and its signals (None if it was rejected).

    Images belong to one scene if their file names are the same up to the first underscore: frames of one video, and
    the same photograph in two sets.
    """

    scene: str
    group: str
    iou: float
    signals: Mapping[str, float] | None


def collect(pictures: Sequence[Sample], segmenter: Segmenter) -> Iterator[Case]:
    """Cut out every image, and yield its case."""
    for sample in tqdm(pictures, unit="picture", disable=None):
        scene = sample.stem.partition("_")[0]
        try:
            result = cut_out(sample.image.read_bytes(), segmenter, Options(channels="alpha"))
        except NoSubject:
            yield Case(scene, sample.group, 0.0, None)
            continue
        grey = np.asarray(Image.open(io.BytesIO(result.output.data)))
        iou = sample.scores(np.divide(grey, 255, dtype=np.float32)).iou
        yield Case(scene, sample.group, iou, result.report["quality"]["signals"])


def _write(model: Model, threshold: float) -> None:
    weights = ", ".join(
        f'"{name}": {weight:.3f}' for name, weight in zip(coefficients.WEIGHTS, model.weights, strict=True)
    )
    text = f'''"""Written by `python -m bench.calibrate --data FOLDER`, which see; never by hand."""

INTERCEPT = {model.intercept:.3f}
WEIGHTS = {{{weights}}}
"""Of each signal's log odds."""
REVIEW_BELOW = {threshold:.3f}
"""The confidence from which on nobody need look."""
'''
    Path(coefficients.__file__).write_text(text)


def _row(name: str, confidence: Floats, bad: Bools, threshold: float) -> list[str]:
    flagged = confidence < threshold
    rates = [f"{100 * flagged[which].mean():.0f} %" if which.any() else "" for which in (bad, ~bad)]
    area = f"{area_under_roc(confidence, bad):.3f}" if bad.any() and not bad.all() else ""
    return [name, "", str(len(bad)), str(int(bad.sum())), area, *rates]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit the coefficients, cross-validate them, and write both results."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibrate", description="Calibrate the confidence.")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="contains the sets")
    parser.add_argument("--model", default="u2netp", metavar="NAME", help="the model (default: %(default)s)")
    args = parser.parse_args(arguments)
    pictures = samples(args.data, groups(args.data))
    cases = list(collect(pictures, OnnxSegmenter(named(args.model), DEFAULT_FOLDER)))
    refused = np.array([c.signals is None for c in cases])
    bad = np.array([c.iou < BAD for c in cases])
    odds = np.array([[log_odds(c.signals[name]) for name in coefficients.WEIGHTS] for c in cases if c.signals])
    scenes = [c.scene for c in cases if c.signals]

    model = fit(odds, ~bad[~refused])
    tested, fitted = np.zeros(len(cases)), np.zeros(len(cases))
    tested[~refused] = cross_validated(odds, ~bad[~refused], scenes)
    fitted[~refused] = model.confidence(odds)
    threshold = float(np.floor(np.quantile(tested[~bad], FLAGGED) * 1000) / 1000)
    _write(model, threshold)
    plot.roc(tested, bad, threshold)

    parts = {"all": np.full(len(cases), True), "all except rejected": ~refused}
    parts |= {group: np.array([c.group == group for c in cases]) for group in dict.fromkeys(c.group for c in cases)}
    rows = [_row(name, tested[part], bad[part], threshold) for name, part in parts.items()]
    rows.append(_row("all, with coefficients fitted to them", fitted, bad, threshold))
    text = f"{results.table(HEAD, rows)}\n\n{NOTE}\n{args.model}; Hairline {__version__}; {results.machine()}."
    print(text)
    results.PATH.write_text(results.replace_part(results.PATH.read_text(), "review", text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
