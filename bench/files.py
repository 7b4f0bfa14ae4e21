"""Decode a folder of odd files and cut them: `python -m bench.files FOLDER`.

Each file is decoded, and its size, orientation and colours are compared with Pillow's. Then the command line cuts all
of them, with an ellipse in place of the model, and each cutout is compared with the decoded image. The exit status is 1
if something differs, takes too long, or ends in anything but an image or a rejection.
"""

import argparse
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from pipeline import decode, shrink
from pipeline.errors import InputError
from pipeline.options import Options
from pipeline.types import Picture

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "GIF", "MPO", "DIB")
"""Those of Pillow's that Hairline reads."""
_CELLS, _MAX_LEVELS, _MAX_SECONDS = 8, 3.0, 10.0
_SMALL = 0.02
"""Megapixels to which the command line shrinks, so that matting takes no time."""
_Image = NDArray[np.uint8]


def by_pillow(data: bytes) -> _Image | None:
    """Pillow's image, upright and in sRGB, uint8 (H, W, 3); None if Pillow cannot read it."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as file:
            icc = file.info.get("icc_profile")
            image = ImageOps.exif_transpose(file)
        if image.mode.startswith("I;16"):
            return np.repeat((np.asarray(image) // 257).astype(np.uint8)[..., None], 3, axis=2)
        if image.mode not in ("RGB", "L", "CMYK", "LAB"):
            image = image.convert("RGBA").convert("RGB")
        return np.asarray(_in_srgb(image, icc).convert("RGB"))
    except Exception:  # noqa: BLE001 - Pillow raises anything on damaged files
        return None


def _in_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc or b""))
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        done = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), intent, "RGB", flags=flags)
    except (OSError, ImageCms.PyCMSError):
        return image
    return done or image


def apart(ours: _Image, theirs: _Image, alpha: _Image | None = None) -> float:
    """The largest difference in levels between the means of cells of the two, where `alpha` is opaque."""
    height, width = ours.shape[:2]
    if theirs.shape != ours.shape:
        theirs = np.asarray(Image.fromarray(theirs).resize((width, height), Image.Resampling.BOX))
    seen = np.ones((height, width), bool) if alpha is None else alpha == 255
    worst = 0.0
    for rows in np.array_split(np.arange(height), min(_CELLS, height)):
        for columns in np.array_split(np.arange(width), min(_CELLS, width)):
            cell = np.ix_(rows, columns)
            if seen[cell].any():
                means = [image[cell][seen[cell]].mean(axis=0) for image in (ours, theirs)]
                worst = max(worst, float(np.abs(means[0] - means[1]).max()))
    return worst


def decoded(path: Path) -> tuple[str, Picture | None, list[str]]:
    """How decoding a file ended, the image, and what is wrong with that."""
    data, began = path.read_bytes(), time.perf_counter()
    try:
        image: Picture | None = decode.decode(data, **Options().limits())
        outcome = "decoded"
    except InputError as error:
        image, outcome = None, error.code
    except Exception as error:  # noqa: BLE001 - what must not happen is what this looks for
        return "failed", None, [f"{type(error).__name__}: {error}"]
    seconds = time.perf_counter() - began
    wrong = [f"took {seconds:.1f} s"] if seconds > _MAX_SECONDS else []
    if image is None or (theirs := by_pillow(data)) is None:
        return outcome, image, wrong
    if theirs.shape != image.rgb.shape:
        wrong.append("is {1} x {0} pixels".format(*image.rgb.shape) + ", by Pillow {1} x {0}".format(*theirs.shape))
    elif (levels := apart(image.rgb, theirs, image.alpha)) > _MAX_LEVELS:
        wrong.append(f"is {levels:.0f} levels off Pillow")
    return outcome, image, wrong


def cut(folder: Path, images: dict[str, Picture]) -> Iterator[str]:
    """Cut all files of a folder without subfolders by the command line; gives what is wrong."""
    with tempfile.TemporaryDirectory() as out:
        inputs = sorted(str(path) for path in folder.iterdir())
        command = [sys.executable, "-m", "bench.standin", "cut", "-o", out, "--jobs", "2"]
        command += ["--shrink-to-megapixels", str(_SMALL), "--max-megapixels", str(Options().max_megapixels)]
        done = subprocess.run([*command, "--", *inputs], capture_output=True, text=True, check=False)
        print(done.stderr.splitlines()[-1] if done.stderr else "")
        yield from (line for line in done.stderr.splitlines() if "failed" in line.split(": ")[:2] or "bug in" in line)
        reports = {}
        for path in Path(out).glob("*.report.json"):
            report = json.loads(path.read_text())
            reports[report["source"]["name"]] = report
        lines = len(done.stdout.splitlines()) + len(done.stderr.splitlines())
        if lines != len(inputs) + (len(inputs) > 1):
            yield f"the command line wrote {lines} lines for {len(inputs)} files"
        for name in (Path(path).name for path in inputs):
            yield from (f"{name}: {text}" for text in _differences(Path(out), reports.get(name), images.get(name)))


def _differences(out: Path, report: dict[str, list[str]] | None, image: Picture | None) -> Iterator[str]:
    if report is None:
        yield "has no report"
    elif not report["files"]:
        return
    elif image is None:
        yield "was cut, though decoding refuses it"
    else:
        cutout = np.asarray(Image.open(out / report["files"][0]).convert("RGBA"))
        levels = apart(cutout[..., :3], image.rgb, cutout[..., 3])
        # The foreground's colours are estimated along the edge, and shrunk images differ in their resampling.
        if levels > 4 * _MAX_LEVELS:
            yield f"its cutout is {levels:.0f} levels off the image"


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.files", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of files, searched with its subfolders")
    args = parser.parse_args(argv)
    pi_heif.register_heif_opener()
    warnings.simplefilter("ignore")
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    images: dict[str, Picture] = {}
    with tempfile.TemporaryDirectory() as flat:
        for number, path in enumerate(sorted(path for path in args.folder.rglob("*") if path.is_file())):
            name = f"{number:05} {path.name}"
            shutil.copyfile(path, Path(flat, name))
            outcome, image, texts = decoded(path)
            outcomes[outcome] += 1
            wrong += [f"{path}: {text}" for text in texts]
            if image is not None:
                images[name] = shrink.shrink(image, _SMALL)
        print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
        wrong += cut(Path(flat), images)
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
