"""What the studio's worker processes do: each function is called in one of them, with arguments that can be pickled."""

import functools
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline import decode, encode, raster, run, segment
from pipeline.apply import apply_matte
from pipeline.geometry import Length, Region
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.segment import Segmenter
from pipeline.types import Canvas, Encoded, Picture

PREVIEW_MEGAPIXELS = 0.4
"""What a stroke is solved at while a person draws: about a screen, in about a quarter of a second."""
THUMBNAIL = 320
"""The longest side in pixels."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model and where its weights are."""

    spec: ModelSpec
    folder: Path

    def open(self) -> Segmenter:
        """The model, opened once a process."""
        return _opened(self.spec, self.folder)


@functools.cache
def _opened(spec: ModelSpec, folder: Path) -> Segmenter:
    return segment.open_model(spec, folder)


@functools.lru_cache(maxsize=3)
def _seen(path: Path, _modified: int, model: Model, options: Options) -> run.Seen:
    """What the model sees in the image, reduced: no stroke changes it. _modified: so that a new file is read again."""
    return run.see(path.read_bytes(), model.open(), options, run.Stopwatch(None))


def preview(path: Path, model: Model, options: Options) -> tuple[bytes, float]:
    """The cutout as a PNG of PREVIEW_MEGAPIXELS, and its confidence. Raises HairlineError, OSError."""
    small = replace(options, shrink_to_megapixels=PREVIEW_MEGAPIXELS, stages=())
    # What a stroke changes must not be part of what is remembered.
    plain = replace(small, strokes=(), shift=0.0, feather=0.0, roi=None)
    modified = path.stat().st_mtime_ns
    seen = _seen(path, modified, model, plain)
    scale = seen.picture.rgb.shape[1] / seen.source.rgb.shape[1]
    if small.roi is not None:
        seen = _seen(path, modified, model, replace(plain, roi=scaled(small.roi, scale)))
    edges = {"shift": small.shift * scale, "feather": small.feather * scale}
    result = run.finish(seen, replace(small, **edges, roi=None), None, run.Stopwatch(None))
    return result.data, result.report["quality"]["confidence"]


def scaled(region: Region, scale: float) -> Region:
    """A region of an image in one of another size."""
    return Region(*(side if side.percent else Length(round(side.value * scale, 3), False) for side in region.lengths))


def original(path: Path, options: Options) -> Encoded:
    """The image at full size, upright and in sRGB, in a format that browsers read. Raises InputError, OSError."""
    return _shown(decode.decode(path.read_bytes(), **options.limits()))


def thumbnail(path: Path, options: Options) -> Encoded:
    """A small JPEG of an image or a cutout, on white. Raises InputError, OSError."""
    return _small(decode.decode(path.read_bytes(), **options.limits()))


def _shown(picture: Picture) -> Encoded:
    alpha = None if picture.alpha is None else raster.unit(picture.alpha)
    form, quality = ("jpeg", 90) if alpha is None else ("png", None)
    return encode.encode(Canvas(picture.rgb, alpha), format=form, quality=quality)


def _small(picture: Picture) -> Encoded:
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None:
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=Image.fromarray(picture.alpha))
        image = white
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return Encoded(file.getvalue(), "image/jpeg", "jpg")


def download(path: Path, alpha: Path, options: Options) -> tuple[Encoded, dict[str, Any]]:
    """The image with its matte in another form, or the listing image of the first marketplace; and its compliance.

    Raises HairlineError, OSError.
    """
    data = path.read_bytes()
    picture = decode.decode(data, **options.limits())
    if picture.alpha is not None:  # the matte holds it already, and it must not count twice
        data = encode.encode(Canvas(picture.rgb, None), format="png").data
    result = apply_matte(data, alpha.read_bytes(), options)
    name = options.marketplaces[0] if options.marketplaces else ""
    file = result.listings[name] if name else result.output
    return file, dict(result.report["compliance"])
