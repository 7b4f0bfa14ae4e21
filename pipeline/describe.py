"""Results and rejections -> Report."""

from collections.abc import Mapping

from pipeline.errors import HairlineError, NoSubject
from pipeline.listings import Listing
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.quality import Quality, nothing
from pipeline.report import (
    SCHEMA,
    AppliedReport,
    CutReport,
    Files,
    GivenMatteFacts,
    Heading,
    OutputFacts,
    RejectedReport,
    SourceFacts,
    Stored,
    StoredCutReport,
    StoredFailedReport,
    StoredReport,
)
from pipeline.types import Canvas, Encoded, Matte, Picture, ProbabilityMap, Trimap
from pipeline.version import __version__


def cut(
    data: bytes,
    source: Picture,
    options: Options,
    probability: ProbabilityMap,
    trimap: Trimap,
    matte: Matte,
    quality: Quality,
    canvas: Canvas,
    output: Encoded,
    listings: Mapping[str, Listing],
    ms: Mapping[str, int],
) -> CutReport:
    """The report of an image that was cut out. data: the image file. ms: milliseconds by stage."""
    return {
        "status": "done",
        **_heading(probability.spec, options),
        "quality": quality.described(source.rgb.shape[1] / matte.alpha.shape[1]),
        "segment": probability.facts,
        "trimap": trimap.facts,
        "matting": matte.facts,
        **_files(_source(data, source), _output(canvas, output), listings),
        "ms": dict(ms),
    }


def applied(
    data: bytes,
    source: Picture,
    options: Options,
    matte: GivenMatteFacts,
    canvas: Canvas,
    output: Encoded,
    listings: Mapping[str, Listing],
) -> AppliedReport:
    """The report of an image that was cut out with an existing matte. No model ran, so it has no quality judgement."""
    return {
        "status": "done",
        **_heading(None, options),
        "matting": matte,
        **_files(_source(data, source), _output(canvas, output), listings),
    }


def remade(applied: AppliedReport, before: StoredCutReport, ms: Mapping[str, int]) -> CutReport:
    """The report of an image that was composed again with the matte of its last result.

    applied: the report of the new result. before: the report of the last one.
    """
    return {
        **applied,
        "model": before["model"],
        "quality": before["quality"],
        "segment": before["segment"],
        "trimap": before["trimap"],
        "matting": {**before["matting"], "reused": True},
        "ms": dict(ms),
    }


def relisted(
    before: StoredCutReport, options: Options, listings: Mapping[str, Listing], ms: Mapping[str, int]
) -> CutReport:
    """The report of an image that got other listing images, and keeps all else of its last result, `before`."""
    output = before["output"]
    applied: AppliedReport = {
        "status": "done",
        **_heading(None, options),
        "matting": {"method": "given", "width": output["width"], "height": output["height"]},
        **_files(before["source"], output, listings),
    }
    return remade(applied, before, ms)


def rejected(error: HairlineError, spec: ModelSpec | None, options: Options) -> RejectedReport:
    """The report of an image that was rejected.

    spec: the model that runs first, even if the image was rejected before it ran. Only NoSubject has a quality
    judgement, because only then did the model run.
    """
    report: RejectedReport = {
        "status": "rejected",
        **_heading(spec, options),  # type: ignore[typeddict-item] # mypy assumes that a heading may have a "quality" of another type
        "reason": {"code": error.code, "message": str(error)},
    }
    if isinstance(error, NoSubject):
        report["quality"] = nothing().described()
    return report


def failed(error: HairlineError, spec: ModelSpec | None, options: Options, facts: Stored) -> StoredFailedReport:
    """The report of an image that failed, as it is stored in the output bucket."""
    return {
        "status": "failed",
        **_heading(spec, options),
        "reason": {"code": error.code, "message": str(error)},
        **facts,
    }


def stored(report: CutReport | RejectedReport, facts: Stored) -> StoredReport:
    """The report as it is stored in the output bucket."""
    if report["status"] == "done":  # both branches are equal, but mypy cannot unpack a union of typed dictionaries
        return {**report, **facts}
    return {**report, **facts}


def _heading(spec: ModelSpec | None, options: Options) -> Heading:
    return {
        "schema": SCHEMA,
        "hairline": __version__,
        "model": {"name": spec.name, "sha256": spec.sha256, "licence": spec.licence} if spec else None,
        "options": options.described(),
        "options_digest": options.digest(),
    }


def _files(source: SourceFacts, output: OutputFacts, listings: Mapping[str, Listing]) -> Files:
    return {
        "source": source,
        "output": output,
        "listings": {name: listing.described() for name, listing in listings.items()},
        "compliance": {name: listing.compliance.described() for name, listing in listings.items()},
    }


def _source(data: bytes, source: Picture) -> SourceFacts:
    height, width = source.rgb.shape[:2]
    return {
        "format": source.format,
        "width": width,
        "height": height,
        "bytes": len(data),
        "transparent": source.alpha is not None,
        "notes": list(source.notes),
    }


def _output(canvas: Canvas, output: Encoded) -> OutputFacts:
    return {
        "content_type": output.content_type,
        "width": canvas.size[0],
        "height": canvas.size[1],
        "bytes": len(output.data),
        "subject": canvas.subject.described() if canvas.subject else None,
    }
