"""Measure the time of each stage of a cutout: `python -m bench.stages --photo FILE`.

Resizes FILE to 1, 4 and 12 MP, and writes the table to RESULTS.md.
"""

import argparse
import io
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bench import results
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.run import cut_out
from pipeline.segment import OnnxSegmenter

MEGAPIXELS = (1, 4, 12)
REPEATS = 3
NOTE = "Median milliseconds of three warm runs, and their share, from the bytes of a JPEG to those of a PNG."


def resized(source: Image.Image, megapixels: float) -> bytes:
    """The image as a JPEG of about that many megapixels."""
    scale = (megapixels * 1e6 / (source.width * source.height)) ** 0.5
    file = io.BytesIO()
    size = round(source.width * scale), round(source.height * scale)
    source.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=95)
    return file.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and write it."""
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description="Milliseconds of each stage.")
    parser.add_argument("--photo", type=Path, required=True, metavar="FILE")
    source = Image.open(parser.parse_args(arguments).photo).convert("RGB")
    segmenter = OnnxSegmenter(named("u2netp"), DEFAULT_FOLDER)
    columns: list[dict[str, float]] = []
    for megapixels in MEGAPIXELS:
        file = resized(source, megapixels)
        runs = [cut_out(file, segmenter).report["ms"] for _ in range(REPEATS + 1)][1:]
        columns.append({stage: statistics.median(run[stage] for run in runs) for stage in runs[0]})
    rows = [
        [stage, "", *(f"{ms[stage]:.0f} ({100 * ms[stage] / sum(ms.values()):.0f} %)" for ms in columns)]
        for stage in columns[0]
    ]
    rows.append(["all", "", *(f"{sum(ms.values()):.0f}" for ms in columns)])
    head = ["stage", "", *(f"{megapixels} MP" for megapixels in MEGAPIXELS)]
    text = "\n\n".join(["## Where the time goes", results.machine(), NOTE, results.table(head, rows)])
    print(text)
    results.write_part("stages", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
