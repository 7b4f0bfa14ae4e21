"""Writes the image at the top of the README, docs/before-after.jpg: `python -m bench.before_after`.

From left to right: the photograph, the cutout on a checkerboard, and an enlarged part of its edge on dark and light.
The photograph is scikit-image's "astronaut" (NASA, public domain), cut out with the default options.
"""

import importlib.util
import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.models import DEFAULT_FOLDER, named
from pipeline.run import cut_out
from pipeline.segment import open_model

TARGET = Path(__file__).resolve().parent.parent / "docs" / "before-after.jpg"
PART = (60, 0, 400, 300)
"""The part of the photograph that is shown: head and shoulders. Left, top, right, bottom, in pixels."""
EDGE = (96, 12, 181, 87)
"""The enlarged part, relative to PART: flyaway strands of hair."""
ZOOM = 4
SQUARE = 10
"""Side of the checkerboard's squares, in pixels."""
GAP = 10
"""White between the panels, in pixels."""
DARK, LIGHT = (34, 34, 38), (244, 244, 244)


def main() -> int:
    """Write the image. Print how long the second, warm run took, and the confidence in its report."""
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        print("scikit-image, which contains the photograph, is not installed. Run `make setup`.", file=sys.stderr)
        return 1
    source = Image.open(Path(found.origin).parent / "data" / "astronaut.png").convert("RGB").crop(PART)
    file = io.BytesIO()
    source.save(file, "PNG")
    segmenter = open_model(named("u2netp"), DEFAULT_FOLDER)
    cut_out(file.getvalue(), segmenter)
    begin = time.perf_counter()
    result = cut_out(file.getvalue(), segmenter)
    seconds = time.perf_counter() - begin
    cutout = Image.open(io.BytesIO(result.output.data))
    panels = [source, over(cutout, checks(cutout.size)), *(enlarged(cutout, colour) for colour in (DARK, LIGHT))]
    width = sum(panel.width for panel in panels) + GAP * (len(panels) - 1)
    sheet = Image.new("RGB", (width, source.height), "white")
    left = 0
    for panel in panels:
        sheet.paste(panel, (left, 0))
        left += panel.width + GAP
    sheet.save(TARGET, quality=92, subsampling="4:4:4")
    print(f"{TARGET.name}: {seconds:.1f} s, confidence {result.report['quality']['confidence']}")
    return 0


def over(cutout: Image.Image, ground: Image.Image) -> Image.Image:
    """The cutout on an opaque background, composited in sRGB, as browsers do it."""
    return Image.alpha_composite(ground.convert("RGBA"), cutout).convert("RGB")


def checks(size: tuple[int, int]) -> Image.Image:
    """A grey checkerboard. size: width and height in pixels."""
    rows, columns = np.indices(size[::-1]) // SQUARE
    return Image.fromarray(np.where((rows + columns) % 2, 204, 250).astype(np.uint8))


def enlarged(cutout: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """The edge on one colour, enlarged by ZOOM after compositing, so that colours under alpha 0 do not bleed in."""
    flat = over(cutout, Image.new("RGB", cutout.size, colour)).crop(EDGE)
    return flat.resize((flat.width * ZOOM, flat.height * ZOOM), Image.Resampling.BICUBIC)


if __name__ == "__main__":
    sys.exit(main())
