"""What a person sees of an image while reviewing it, and what comes out: thumbnail, original, preview, downloads."""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PIL import Image

from pipeline import decode, encode, raster, run
from pipeline.apply import apply_matte
from pipeline.errors import BadOptions
from pipeline.geometry import Length, Region
from pipeline.marketplaces import required
from pipeline.options import Options
from pipeline.run import Analysis, Stopwatch
from pipeline.segment import Segmenter
from pipeline.types import Canvas, Encoded

PREVIEW_MEGAPIXELS = 0.4
"""What a stroke is solved at while a person draws: about a screen, in about a quarter of a second."""
THUMBNAIL = 320
"""The longest side in pixels."""
FORMS = {"format": "format", "background": "background", "marketplace": "marketplaces"}
"""The parameters of a download, and the options that they set."""
MEASURES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "format": ("File format", str),
    "mode": ("Colour mode", str),
    "colour_space": ("Colour profile", str),
    "bytes": ("File size", lambda value: f"{value / 1e6:.3g} MB"),
    "megapixels": ("Size", lambda value: f"{value:.3g} megapixels"),
    "longest_side": ("Longest side", lambda value: f"{value:,} pixels"),
    "shortest_side": ("Shortest side", lambda value: f"{value:,} pixels"),
    "aspect": ("Longer side divided by the shorter", lambda value: f"{value:.4g}"),
    "fill": ("Product's share of the frame", lambda value: f"{100 * value:.4g} %"),
    "off_white": ("Background pixels that are not white", lambda value: f"{value:,}"),
    "touches_edge": ("Product cut off along the photo's edge", lambda value: f"{100 * value:.3g} %"),
    "enlarged": ("Enlargement", lambda value: f"{value:.3g} times"),
}
"""The measures of `pipeline.listings.compliance`, as people read them: what is measured, and its value."""


def analyse(data: bytes, segmenter: Segmenter, options: Options, deadline: float | None = None) -> Analysis:
    """What the model sees in an image. deadline: in seconds. Raises what `run.analyse` does."""
    return run.analyse(data, segmenter, options, Stopwatch(deadline))


def preview(analysed: Callable[[Options], Analysis], options: Options) -> tuple[bytes, float]:
    """The cutout as a PNG of PREVIEW_MEGAPIXELS, and its confidence. Raises HairlineError.

    analysed: gives the image's `analyse`. All previews of an image that agree in `roi` and `holes` call it with the
    same options, so it should cache its results.
    """
    small = replace(options, shrink_to_megapixels=PREVIEW_MEGAPIXELS, stages=())
    # Without the options that a person changes while drawing, so that one cached analysis serves all previews.
    plain = replace(small, strokes=(), shift=0.0, feather=0.0, roi=None)
    analysis = analysed(plain)
    scale = analysis.picture.rgb.shape[1] / analysis.source.rgb.shape[1]
    if small.roi is not None:
        analysis = analysed(replace(plain, roi=scaled(small.roi, scale)))
    edges = {"shift": small.shift * scale, "feather": small.feather * scale}
    result = run.finish(analysis, replace(small, **edges, roi=None), None, Stopwatch(None))
    return result.data, result.report["quality"]["confidence"]


def scaled(region: Region, scale: float) -> Region:
    """A region of an image in one of another size."""
    return Region(*(side if side.percent else Length(round(side.value * scale, 3), False) for side in region.lengths))


def original(data: bytes, options: Options) -> Encoded:
    """The image at full size, upright and in sRGB, in a format that browsers read. Raises InputError."""
    picture = decode.decode(data, **options.limits())
    alpha = None if picture.alpha is None else raster.unit(picture.alpha)
    form, quality = ("jpeg", 90) if alpha is None else ("png", None)
    return encode.encode(Canvas(picture.rgb, alpha), format=form, quality=quality)


def thumbnail(data: bytes, options: Options) -> Encoded:
    """A small JPEG of an image or a cutout, on white. Raises InputError."""
    picture = decode.decode(data, **options.limits())
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None:
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=Image.fromarray(picture.alpha))
        image = white
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return Encoded(file.getvalue(), "image/jpeg", "jpg")


def form(query: Mapping[str, str], base: Options) -> Options:
    """The options of a download. query: of FORMS. Raises BadOptions, which names the parameter."""
    for name in query:
        if name not in FORMS:
            raise BadOptions(f"{name[:40]} is not a parameter of a download. Use {', '.join(FORMS)}.")
    return replace(base, stages=()).overridden_by({FORMS[name]: value for name, value in query.items()})


def download(data: bytes, alpha: bytes, options: Options) -> tuple[Encoded, dict[str, Any]]:
    """The image with its matte in another form, or the listing image of the first marketplace; and its compliance.

    data: the image's file. alpha: the matte's. Raises HairlineError.
    """
    picture = decode.decode(data, **options.limits())
    if picture.alpha is not None:  # the matte holds it already, and it must not count twice
        data = encode.encode(Canvas(picture.rgb, None), format="png").data
    result = apply_matte(data, alpha, options)
    name = options.marketplaces[0] if options.marketplaces else ""
    file = result.listings[name] if name else result.output
    return file, dict(result.report["compliance"])


def rules(compliance: Mapping[str, Any]) -> dict[str, Any]:
    """How a listing image meets its marketplace's rules, in words. compliance: of `download`, for that marketplace."""
    found = []
    for measure, rule in compliance["rules"].items():
        name, show = MEASURES[measure]
        words = {"measure": name, "value": show(rule["value"]), "required": required(rule, show)}
        found.append({**words, "passes": rule["passes"]})
    return {"complies": compliance["complies"], "rules": found}
