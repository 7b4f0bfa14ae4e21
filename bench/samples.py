"""Images with their true alpha, from a folder of sets: <set>/image/, <set>/alpha/<stem>.png and <set>/split.csv."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench.metrics import Float32, Scores, score

UNDECIDED = {"grabcut35": (20, 235)}
"""Sets whose truth leaves some pixels undecided. The scores leave out these grey values (both included): 128, and a
margin for the blur of a resized mask."""
NONE = (256, 256)
"""A range that contains no grey value."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An image of a set, and the path of its true alpha."""

    group: str
    stem: str
    image: Path
    truth: Path

    def scores(self, alpha: Float32) -> Scores:
        """How far alpha, float32 (H, W), 0..1, is from the truth. Resizes alpha to the truth's size."""
        grey = np.asarray(Image.open(self.truth).convert("L"))
        if alpha.shape != grey.shape:
            alpha = np.asarray(cv2.resize(alpha, grey.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
        low, high = UNDECIDED.get(self.group, NONE)
        return score(alpha, np.divide(grey, 255, dtype=np.float32), (grey < low) | (grey > high))


def groups(root: Path) -> list[str]:
    """The names of the sets below `root`, sorted."""
    return sorted(path.parent.name for path in root.glob("*/split.csv"))


def samples(root: Path, names: Sequence[str], limit: int | None = None) -> list[Sample]:
    """The images that split.csv marks as fit for whole cutouts, at most `limit` of each set.

    Raises FileNotFoundError if split.csv names an image that does not exist.
    """
    found = []
    for group in names:
        with (root / group / "split.csv").open(newline="") as file:
            stems = [row["stem"] for row in csv.DictReader(file) if row["end_to_end_ok"] == "1"]
        for stem in stems[:limit]:
            images = [path for path in (root / group / "image").iterdir() if path.stem == stem]
            truth = root / group / "alpha" / f"{stem}.png"
            if len(images) != 1 or not truth.exists():
                raise FileNotFoundError(f"{root / group} must have one file in image/ and one in alpha/ for {stem}.")
            found.append(Sample(group, stem, images[0], truth))
    return found
