"""How long a stroke takes from its request to its pixels: `python -m bench.preview [IMAGE]`.

By default on scikit-image's "astronaut" (NASA, public domain), enlarged to 12 megapixels. The first preview decodes the
image and lets the model look; the others are what a person waits for. Processor time, so that other work on the machine
matters less, of all threads together.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bench import results
from handler.local.samples import samples
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.options import Options
from pipeline.strokes import Stroke
from pipeline.threads import usable
from studio import tasks

SIDE = 3464
"""Of the enlarged image, in pixels: 12 megapixels."""
STROKES = 8


def enlarged(folder: Path) -> Path:
    """The photograph that is measured by default, written into a folder."""
    path = folder / "astronaut.jpg"
    photograph = Image.open(samples()[0]).convert("RGB")
    photograph.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(path, quality=92)
    return path


def previewed(path: Path, strokes: Sequence[Stroke]) -> tuple[float, float]:
    """Seconds of the processor and of the clock for a preview with these strokes."""
    model = tasks.Model(named("u2netp"), DEFAULT_FOLDER)
    options = Options(strokes=tuple(strokes), threads=usable())
    processor, clock = time.process_time(), time.perf_counter()
    tasks.preview(path, model, options)
    return time.process_time() - processor, time.perf_counter() - clock


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the seconds, and write them into bench/RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.preview", description=__doc__)
    parser.add_argument("image", nargs="?", type=Path)
    given: Path | None = parser.parse_args(arguments).image
    with tempfile.TemporaryDirectory() as folder:
        path = given or enlarged(Path(folder))
        with Image.open(path) as image:
            width, height = image.size
        previewed(path, ())  # loads the kernels and the model
        tasks._analysed.cache_clear()  # noqa: SLF001 - the first preview of an image is measured with a warm process
        drawn = [
            Stroke("keep" if number % 2 else "remove", 40.0, ((width * (0.3 + 0.05 * number), height / 2),) * 2)
            for number in range(STROKES)
        ]
        taken = [previewed(path, drawn[:number]) for number in range(STROKES + 1)]
    first, later = taken[0], taken[1:]
    median = [statistics.median(seconds) for seconds in zip(*later, strict=True)]
    megapixels = f"{width * height / 1e6:.1f}"
    rows = [
        [name, megapixels, *(f"{value:.2f}" for value in seconds)]
        for name, seconds in (("first look at the image", first), ("each stroke, median", median))
    ]
    table = results.table(["preview", "megapixels", "processor s", "clock s"], rows)
    text = f"{table}\n\nHairline; {results.machine()}."
    print(text)
    results.write_part("preview", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
