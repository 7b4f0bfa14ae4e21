"""Calibrate the confidence, and measure how well it finds bad cutouts: `python -m bench.calibrate --data FOLDER`.

`bench.samples` describes the layout of FOLDER. A cutout is bad if its intersection over union with the truth is below
0.8. Writes the coefficients to pipeline/quality/coefficients.py, and the results to RESULTS.md and review.png. Takes
about two seconds of processor time for an image.

The results are cross-validated: each image is judged by coefficients fitted to other scenes, in ten random divisions
into five parts. Two rows say how the halves of the sets do with coefficients and a threshold that were fitted to the
other half alone. A rejected image without a subject counts as bad and flagged, so one row leaves such images out.
"""

import argparse
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from pipeline.quality.reasons import RULES
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter, Segmenter

BAD = 0.8
FLAGGED = 0.17
"""The share of the good cutouts that the threshold may flag. The reasons of plain backdrops flag 2 % more."""
KINDS = {
    "ccp800": "people",
    "leeds_butterfly": "animals",
    "desk_products84": "products",
    "products9": "products",
    "web_products107": "products",
}
"""What the sets show; the others are of scenes."""

HEAD = ["images", "", "n", "bad", "area under ROC", "bad ones flagged", "good ones flagged"]
NOTE = """How well `needs_review` finds bad cutouts: those whose intersection over union with the truth is below 0.8.
Each is judged with coefficients fitted to other scenes (five-fold, ten times), and the halves, which are every other
image of each set, with coefficients and a threshold fitted to the other half. Flagged: by the confidence or by
another reason of `needs_review`. The area is that of the confidence alone. Rejected images count as bad and flagged;
"all except rejected" leaves them out. Most sets are small.

![Bad ones caught against good ones flagged](review.png)
"""


class Case(NamedTuple):
    """A cutout with its scene and set, its overlap with the truth, and its signals (None if it was rejected).

    reason: whether a reason other than the confidence asks for a review.

    Images belong to one scene if their file names are the same up to the first underscore: frames of one video, and
    the same photograph in two sets.
    """

    scene: str
    group: str
    iou: float
    signals: Mapping[str, float] | None
    reason: bool


def collect(pictures: Sequence[Sample], segmenter: Segmenter) -> Iterator[Case]:
    """Cut out every image, and yield its case."""
    for sample in tqdm(pictures, unit="picture", disable=None):
        scene = sample.stem.partition("_")[0]
        try:
            result = cut_out(sample.image.read_bytes(), segmenter, Options(channels="alpha"))
        except NoSubject:
            yield Case(scene, sample.group, 0.0, None, reason=True)
            continue
        grey = np.asarray(Image.open(io.BytesIO(result.output.data)))
        iou = sample.scores(np.divide(grey, 255, dtype=np.float32)).iou
        quality = result.report["quality"]
        yield Case(scene, sample.group, iou, quality["signals"], reasoned(r["code"] for r in quality["reasons"]))


def reasoned(codes: Iterable[str]) -> bool:
    """Whether one of these reasons, other than the confidence, asks for a review."""
    return not {rule.code for rule in RULES if rule.review and rule.code != "uncertain_subject"}.isdisjoint(codes)


def _write(model: Model, threshold: float) -> None:
    weights = ", ".join(
        f'"{name}": {weight:.3f}' for name, weight in zip(coefficients.WEIGHTS, model.weights, strict=True)
    )
    text = f'''"""Written by `python -m bench.calibrate --data FOLDER`, which see; never by hand."""

INTERCEPT = {model.intercept:.3f}
WEIGHTS = {{{weights}}}
"""Of each signal's log odds."""
REVIEW_BELOW = {threshold:.3f}
"""Cutouts of a lower confidence need a review."""
'''
    Path(coefficients.__file__).write_text(text)


def second_of_two(groups: Sequence[str]) -> Bools:
    """For each image, given its set: whether it is the second, fourth, sixth ... of that set."""
    return np.array([groups[:i].count(group) % 2 == 1 for i, group in enumerate(groups)])


def _threshold(confidence: Floats, bad: Bools) -> float:
    return float(np.floor(np.quantile(confidence[~bad], FLAGGED) * 1000) / 1000)


def _row(name: str, confidence: Floats, bad: Bools, flagged: Bools) -> list[str]:
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
    rejected = np.array([c.signals is None for c in cases])
    bad = np.array([c.iou < BAD for c in cases])
    reason = np.array([c.reason for c in cases])
    names = np.array([c.group for c in cases])
    odds = np.array([[log_odds((c.signals or {}).get(name, 0)) for name in coefficients.WEIGHTS] for c in cases])

    model, fitted = fit(odds[~rejected], ~bad[~rejected]), np.zeros(len(cases))
    fitted[~rejected] = model.confidence(odds[~rejected])
    tested = np.zeros(len(cases))
    scenes = [c.scene for c in cases if c.signals]
    tested[~rejected] = cross_validated(odds[~rejected], ~bad[~rejected], scenes)
    threshold = _threshold(tested, bad)
    _write(model, threshold)
    plot.roc(tested, bad, threshold)

    flagged = (tested < threshold) | reason
    parts = {"all": np.full(len(cases), True), "all except rejected": ~rejected}
    kinds = np.array([KINDS.get(name, "scenes") for name in names])
    parts |= {kind: kinds == kind for kind in dict.fromkeys(kinds)}
    parts |= {group: names == group for group in dict.fromkeys(names)}
    rows = [_row(name, tested[part], bad[part], flagged[part]) for name, part in parts.items()]
    halves = second_of_two([c.group for c in cases])
    for name, here in (("first halves", ~halves), ("second halves", halves)):
        there = ~here & ~rejected
        other = fit(odds[there], ~bad[there]).confidence(odds)
        other[rejected] = 0
        stopped = (other < _threshold(other[~here], bad[~here])) | reason
        rows.insert(2, _row(f"{name}, by the others", other[here], bad[here], stopped[here]))
    rows.append(_row("all, with coefficients fitted to them", fitted, bad, (fitted < threshold) | reason))
    text = f"{results.table(HEAD, rows)}\n\n{NOTE}\n{args.model}; Hairline {__version__}; {results.machine()}."
    print(text)
    results.write_part("review", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
