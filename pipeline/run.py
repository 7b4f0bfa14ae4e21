"""Bytes -> Result: the stages of a cutout, one after the other."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

import numpy as np

from pipeline import (
    backdrop,
    compose,
    decode,
    describe,
    encode,
    foreground,
    listings,
    matting,
    option_images,
    quality,
    raster,
    refine,
    shrink,
    spread,
    trimap,
)
from pipeline.box import Box
from pipeline.doubt import doubt
from pipeline.errors import BadOptions, OutOfTime
from pipeline.listings import Listing
from pipeline.options import Options
from pipeline.report import CutReport
from pipeline.segment import Segmenter
from pipeline.types import (
    UNKNOWN,
    Canvas,
    Cutout,
    Encoded,
    Float32,
    Matte,
    Picture,
    ProbabilityMap,
    Result,
    Trimap,
    UInt8,
)

_Args = ParamSpec("_Args")
_Made = TypeVar("_Made")

_DEFAULTS = Options()


@dataclass(frozen=True, slots=True)
class Analysis:
    """An image and what the model sees in it: the slowest part of a cutout, and one that no stroke changes.

    It can be reused with other options, as long as these are the same: `limits()`, shrink_to_megapixels, roi, holes,
    and whether there is a trimap.

    source: the decoded image. picture: the source, shrunk if the options ask for it; all other fields have its size.
    box: the roi. probability: as revised by `evidence`, which is None where the backdrop shows nothing.
    """

    data: bytes
    source: Picture
    picture: Picture
    box: Box | None
    probability: ProbabilityMap
    evidence: backdrop.Evidence | None


def cut_out(
    data: bytes, segmenter: Segmenter, options: Options = _DEFAULTS, *, deadline: float | None = None
) -> Result[CutReport]:
    """Cut the subject out of an image.

    data: an image file. deadline: seconds from now after which the result is useless; None for no limit.
    The same data, segmenter and options give the same files, to the byte.
    Raises InputError if the image or an option is at fault, OutOfTime or OutOfMemory if it cannot finish,
    MattingFailed, and ModelUnavailable from a segmenter that loads its weights late.
    """
    lap = Stopwatch(deadline)
    background = option_images.background(options)
    return finish(analyse(data, segmenter, options, lap), options, background, lap)


def analyse(data: bytes, segmenter: Segmenter, options: Options, lap: "Stopwatch") -> Analysis:
    """The first part of `cut_out`, which raises the same errors."""
    source = lap("decode", decode.decode, data, **options.limits())
    picture = lap("shrink", shrink.shrink, source, options.shrink_to_megapixels)
    probability = lap("segment", _probability, picture, segmenter, box := _roi(picture, options))
    evidence = lap("backdrop", _evidence, picture, probability, segmenter, options)
    if evidence is not None:
        probability = backdrop.revised(probability, evidence)
    return Analysis(data, source, picture, box, probability, evidence)


def finish(analysis: Analysis, options: Options, background: Picture | None, lap: "Stopwatch") -> Result[CutReport]:
    """The second part of `cut_out`, which raises the same errors.

    background: the decoded image of `options.background`; None if that is not an image.
    """
    picture = analysis.picture
    strokes, probability = _strokes(analysis, options), analysis.probability
    if strokes is not None:
        probability = lap("strokes", spread.revised, picture, probability, strokes)
    known = lap("trimap", _trimap, analysis, probability, strokes, options)
    solved = lap("matting", _matte, picture, probability, known, options, lap.left())
    refined = lap("refine", refine.refine, picture, known, solved)
    matte = lap("edge", refine.edged, refine.with_source_alpha(picture, refined), options.shift, options.feather)
    judged = lap("quality", quality.judge, picture, probability, known, matte)
    cutout = lap("foreground", _cutout, picture, refined, matte, options)
    canvas = lap("compose", compose.compose, cutout, matte, options, background)
    output = lap("encode", encode.encode, canvas, format=options.format, quality=options.quality, depth=options.depth)
    stages = lap("stages", _stages, probability, known, matte, options)
    if "sheet" in options.stages:
        from pipeline import sheet  # here, since it loads a font engine that few runs need

        drawn = lap("sheet", sheet.draw, picture, probability, known, matte, cutout, judged)
        stages["sheet"] = encode.encode(drawn, format="jpeg")
    listed = lap("listings", _listings, cutout, matte, options)
    report = describe.cut(
        analysis.data, analysis.source, options, probability, known, matte, judged, canvas, output, listed, lap.ms
    )
    return Result(output, stages, {name: listing.encoded for name, listing in listed.items()}, report)


def _roi(picture: Picture, options: Options) -> Box | None:
    if options.roi is None:
        return None
    height, width = picture.rgb.shape[:2]
    box = options.roi.box(width, height)
    if box is None:
        raise BadOptions(
            f"roi {str(options.roi)!r} contains no pixel of this image, which is {width} x {height} pixels. Give left, "
            "top, right and bottom."
        )
    return box


def _probability(picture: Picture, segmenter: Segmenter, box: Box | None) -> ProbabilityMap:
    if box is None:
        return segmenter.segment(picture)
    part = segmenter.segment(Picture(picture.rgb[box.slices]))
    values = np.zeros(picture.rgb.shape[:2], np.float32)
    values[box.slices] = part.values
    facts = part.facts.copy()
    if "box" in facts:
        facts["box"] = Box(*facts["box"]).moved(box.left, box.top).described()
    return replace(part, values=values, facts=facts)


def _evidence(
    picture: Picture, probability: ProbabilityMap, segmenter: Segmenter, options: Options
) -> backdrop.Evidence | None:
    if options.trimap is not None:
        return None
    return backdrop.examine(picture, probability, lambda part: segmenter.segment(part).values, options.holes)


def _strokes(analysis: Analysis, options: Options) -> UInt8 | None:
    """The user's scribbles and strokes, uint8 (H, W), as `trimap.drawn` gives them; None where there are none."""
    if options.scribbles is None and not options.strokes:
        return None
    shape = analysis.probability.values.shape
    grey = None
    if options.scribbles is not None:
        grey = option_images.decoded("scribbles", decode.decode_grey, options.scribbles, options)
    return trimap.drawn(options.strokes, shape, shape[1] / analysis.source.rgb.shape[1], grey)


def _trimap(analysis: Analysis, probability: ProbabilityMap, strokes: UInt8 | None, options: Options) -> Trimap:
    """probability: the analysis's, corrected by the strokes, uint8 (H, W)."""
    picture = analysis.picture
    if options.trimap is None:
        by_hand = bool(options.strokes) and not trimap.likely(probability)
        # The doubt is that of the uncorrected map, so a stroke does not change what is unknown far away from it.
        bits = doubt(analysis.probability.values)
        known = trimap.blank(picture) if by_hand else trimap.build(picture, probability, bits)
        if analysis.evidence is not None:
            known = backdrop.marked(known, backdrop.confirmed(analysis.evidence, probability))
    else:
        known = trimap.from_grey(option_images.decoded("trimap", decode.decode_grey, options.trimap, options), picture)
    if analysis.box is not None:
        known = trimap.within(known, analysis.box)
    return known if strokes is None else trimap.marked(known, strokes)


def _matte(picture: Picture, probability: ProbabilityMap, known: Trimap, options: Options, left: float | None) -> Matte:
    if options.matting == "off":
        sure = raster.unit(known.values)
        return Matte(np.where(known.values == UNKNOWN, probability.values, sure), {"method": "off"})
    return matting.solve(picture, known, method=options.matting, threads=options.threads, deadline=left)


def _cutout(picture: Picture, refined: Matte, matte: Matte, options: Options) -> Cutout:
    if picture.alpha is None:
        return foreground.unmix(picture, matte)
    # The source's own transparent pixels have straight colours, through which no background shines. So the colours are
    # estimated with the matte that leaves the source's alpha out.
    without_own = refine.edged(refined, options.shift, options.feather)
    return foreground.faded(foreground.unmix(picture, without_own), matte)


def _stages(probability: ProbabilityMap, known: Trimap, matte: Matte, options: Options) -> dict[str, Encoded]:
    # The trimap's 0, 128 and 255 survive the conversion to 0..1 and back exactly.
    planes: dict[str, Float32] = {
        "probability": probability.values,
        "trimap": raster.unit(known.values),
        "alpha": matte.alpha,
    }
    return {
        name: encode.encode(Canvas(None, planes[name]), format="png", quality=None, depth=8)
        for name in options.stages
        if name in planes
    }


def _listings(cutout: Cutout, matte: Matte, options: Options) -> dict[str, Listing]:
    return {name: listings.make(cutout, matte, options, name) for name in options.marketplaces}


class Stopwatch:
    """Calls each stage, records its milliseconds, and raises OutOfTime instead of starting one after the deadline."""

    def __init__(self, deadline: float | None = None) -> None:
        self._start, self._deadline = time.perf_counter(), deadline
        self.ms: dict[str, int] = {}

    def left(self) -> float | None:
        """Seconds until the deadline, None where there is none."""
        return None if self._deadline is None else self._deadline - (time.perf_counter() - self._start)

    def __call__(
        self, stage: str, function: Callable[_Args, _Made], *args: _Args.args, **kwargs: _Args.kwargs
    ) -> _Made:
        left = self.left()
        if left is not None and left <= 0:
            raise OutOfTime(
                f"Time ran out before {stage} (limit {self._deadline:.1f} s). Send a smaller image, or allow more time."
            )
        begin = time.perf_counter()
        made = function(*args, **kwargs)
        self.ms[stage] = round(1000 * (time.perf_counter() - begin))
        return made
