"""What three strokes make of the worst cutouts: `python -m bench.strokes --data FOLDER [--pictures FOLDER]`.

FOLDER holds sets of images with their true alpha, as bench/samples.py describes them; images that are not there are
left out. A scripted person uses the studio through its requests' functions: choose the image, draw each stroke and wait
for its preview, apply at full size and wait for the cutout. The seconds are the machine's, without the person's own.
The strokes were drawn by looking at the images, never at their truth. --pictures: write before and after side by side.
"""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from bench import results
from bench.metrics import Float32, Scores
from bench.samples import Sample, samples
from pipeline.models import DEFAULT_FOLDER, named
from pipeline.options import Options
from studio.studio import Studio
from studio.tasks import Model


class Drawn(NamedTuple):
    """A stroke. radius: as a share of the image's longest side. points: as shares of its width and height."""

    tool: str
    radius: float
    points: Sequence[tuple[float, float]]

    def of(self, width: int, height: int) -> dict[str, Any]:
        """The stroke in pixels of an image, as the studio takes it."""
        points = [[x * width, y * height] for x, y in self.points]
        return {"tool": self.tool, "radius": self.radius * max(width, height), "points": points}


STROKES = {
    "alphamatting27/GT13": (
        Drawn("keep", 0.03, [(0.35, 0.25), (0.6, 0.15), (0.85, 0.25)]),
        Drawn("keep", 0.03, [(0.4, 0.55), (0.6, 0.45), (0.85, 0.6)]),
        Drawn("keep", 0.02, [(0.25, 0.4), (0.35, 0.42)]),
    ),
    "alphamatting27/GT23": (
        Drawn("keep", 0.03, [(0.3, 0.75), (0.2, 0.9)]),
        Drawn("keep", 0.03, [(0.65, 0.95), (0.8, 0.8), (0.95, 0.8)]),
        Drawn("keep", 0.02, [(0.15, 0.95), (0.3, 0.97)]),
    ),
    "davis40/dance-twirl_00000": (
        Drawn("remove", 0.02, [(0.03, 0.5), (0.3, 0.35), (0.4, 0.4)]),
        Drawn("remove", 0.012, [(0.02, 0.62), (0.1, 0.55)]),
    ),
    "davis40/motocross-jump_00020": (
        Drawn("keep", 0.02, [(0.03, 0.45), (0.07, 0.42), (0.22, 0.55), (0.2, 0.85), (0.1, 0.95)]),
        Drawn("keep", 0.02, [(0.1, 0.1), (0.2, 0.35), (0.15, 0.7)]),
        Drawn("keep", 0.02, [(0.45, 0.05), (0.75, 0.1), (0.85, 0.25)]),
    ),
    "desk_products84/battery_11": (
        Drawn("keep", 0.03, [(0.45, 0.1), (0.35, 0.4), (0.28, 0.55)]),
        Drawn("keep", 0.03, [(0.6, 0.1), (0.55, 0.45)]),
        Drawn("keep", 0.03, [(0.8, 0.1), (0.72, 0.45)]),
    ),
    "desk_products84/glue_1": (Drawn("keep", 0.02, [(0.82, 0.5), (0.97, 0.5)]),),
    "desk_products84/padlock_2": (
        Drawn("keep", 0.012, [(0.36, 0.15), (0.2, 0.1), (0.06, 0.3), (0.07, 0.55), (0.2, 0.64), (0.36, 0.67)]),
    ),
    "products9/1": (
        Drawn("keep", 0.02, [(0.65, 0.42), (0.85, 0.25), (0.97, 0.12)]),
        Drawn("keep", 0.02, [(0.75, 0.55), (0.97, 0.53)]),
    ),
    "products9/3": (
        Drawn("keep", 0.02, [(0.3, 0.25), (0.5, 0.25)]),
        Drawn("keep", 0.02, [(0.25, 0.6), (0.35, 0.75), (0.55, 0.72)]),
        Drawn("keep", 0.02, [(0.75, 0.5), (0.9, 0.5)]),
    ),
    "pascal_s/171": (
        Drawn("keep", 0.03, [(0.75, 0.7), (0.85, 0.9)]),
        Drawn("keep", 0.02, [(0.9, 0.5), (0.92, 0.65)]),
    ),
}
"""By set and stem, at most three strokes an image."""
HEAD = ["image", "what is wrong", "strokes", "MAE", "after", "IoU", "after", "seconds"]
WRONG = {
    "alphamatting27/GT13": "a plant: only its pot is there",
    "alphamatting27/GT23": "a bear: its jacket and paws are lost",
    "davis40/dance-twirl_00000": "a dancer: the audience is kept",
    "davis40/motocross-jump_00020": "a motorbike: the front wheel and the frame are lost",
    "desk_products84/battery_11": "only its black end is there",
    "desk_products84/glue_1": "the black cap is lost",
    "desk_products84/padlock_2": "the shackle is lost",
    "products9/1": "gloves on hands: the arms are lost",
    "products9/3": "an orca: its white parts are lost before light blue",
    "pascal_s/171": "a horse: its neck and chest are lost",
}


class Corrected(NamedTuple):
    """An image before and after the strokes. seconds: of all that the person asked for."""

    before: Scores
    after: Scores
    seconds: float
    pictures: tuple[bytes, bytes]


def corrected(sample: Sample, strokes: Sequence[Drawn]) -> Corrected:
    """Cut an image in a studio of its own, correct it there, and compare both with the truth."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / sample.image.name).write_bytes(sample.image.read_bytes())
        with closing(Studio(Path(folder), Model(named("u2netp"), DEFAULT_FOLDER), Options())) as studio:
            id_ = finished(studio)
            before = cutout(studio, id_)
            begin = time.perf_counter()
            record = studio.record(id_)
            for view in ("original", "cutout"):
                studio.picture(id_, view)
            drawn = [stroke.of(record["width"], record["height"]) for stroke in strokes]
            for number in range(1, len(drawn) + 1):
                studio.preview(id_, {"strokes": drawn[:number]})
            studio.edit(id_, {"revision": record["revision"], "strokes": drawn})
            finished(studio)
            seconds = time.perf_counter() - begin
            after = cutout(studio, id_)
    return Corrected(sample.scores(alpha(before)), sample.scores(alpha(after)), seconds, (before, after))


def finished(studio: Studio) -> str:
    """The id of the only image, as soon as it is cut."""
    while (entry := studio.list("all", None, None)["images"][0])["state"] != "done":
        if entry["state"] == "failed":
            raise RuntimeError(f"{entry['name']} was not cut out: {entry['message']}")
        time.sleep(0.02)
    return str(entry["id"])


def cutout(studio: Studio, id_: str) -> bytes:
    """The PNG."""
    content, _ = studio.picture(id_, "cutout")
    return content if isinstance(content, bytes) else content.read_bytes()


def alpha(png: bytes) -> Float32:
    """Its alpha, float32 (H, W), 0..1."""
    grey = np.asarray(Image.open(io.BytesIO(png)).getchannel("A"))
    return np.asarray(np.divide(grey, 255, dtype=np.float32))


def found(root: Path) -> Iterator[tuple[str, Sample]]:
    """The images of STROKES that are below `root`."""
    for group in sorted({name.partition("/")[0] for name in STROKES}):
        if (root / group / "split.csv").exists():
            for sample in samples(root, [group]):
                if (name := f"{group}/{sample.stem}") in STROKES:
                    yield name, sample


def picture(done: Corrected) -> Image.Image:
    """Before and after, side by side on purple."""
    cutouts = [Image.open(io.BytesIO(png)).convert("RGBA") for png in done.pictures]
    width, height = cutouts[0].size
    sheet = Image.new("RGBA", (2 * width, height), (200, 60, 200, 255))
    for number, image in enumerate(cutouts):
        sheet.alpha_composite(image, (number * width, 0))
    return sheet.convert("RGB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write it into bench/RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args(arguments)
    rows = []
    for name, sample in found(given.data):
        done = corrected(sample, STROKES[name])
        numbers = [f"{done.before.mae:.1f}", f"{done.after.mae:.1f}"]
        overlaps = [f"{done.before.iou:.3f}", f"{done.after.iou:.3f}"]
        rows.append([name, WRONG[name], str(len(STROKES[name])), *numbers, *overlaps, f"{done.seconds:.1f}"])
        print(*rows[-1], sep="\t", flush=True)
        if given.pictures is not None:
            picture(done).save(given.pictures / f"{name.replace('/', '-')}.png")
    if not rows:
        print(f"--data {given.data} holds none of the images that have strokes.", file=sys.stderr)
        return 1
    text = f"{results.table(HEAD, rows)}\n\nHairline; {results.machine()}."
    results.write_part("strokes", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
