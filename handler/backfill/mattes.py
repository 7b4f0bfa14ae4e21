"""Make an image's files again from its stored matte: new marketplaces, background or format, without a new matte.

A matte is used only where cutting the image again would give the same one: the same object, model, version of Hairline
and options that shape a matte. All other images are cut as usual. The stored matte has 8 bits, so a colour of an edge
may differ by a few levels of 255 from that of a new cut. The report says `reused`.
"""

import time
from collections.abc import Mapping
from typing import TypeGuard

import pipeline
from handler import observability
from handler.aws import reports
from handler.aws.bucket import ObjectHead
from handler.aws.edits import StoredEdits
from handler.cutouts import results, work
from handler.cutouts.work import Clock, Deps, Made
from handler.errors import SourceChanged, SourceMissing
from handler.jobs import ObjectRef
from pipeline import describe
from pipeline.apply import apply_matte
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.report import StoredCutReport, StoredReport
from pipeline.types import Encoded

_ALPHA = "alpha.png"
_SHAPING_GROUPS = ("Subject", "Matte")
"""Groups of options that shape the matte; of the others only `shrink_to_megapixels` does, by its size."""


def cut(source: ObjectHead, deps: Deps, seconds_left: Clock, edited: StoredEdits) -> Made:
    """As `work.cut`, but from the stored matte where that still holds."""
    try:
        report = reports.stored(deps.store, deps.config.output_bucket, source.ref.key)
    except (SourceMissing, ValueError):  # no result yet, or a file that is not Hairline's
        return work.cut(source, deps, seconds_left, edited)
    options = work.options_of(source, edited, deps.config)
    folder = ObjectRef(deps.config.output_bucket, source.ref.key)
    if not _holds(report, source, options, deps):
        return work.cut(source, deps, seconds_left, edited)
    try:
        alpha = deps.store.get(results.file_ref(folder, _ALPHA), report["files"][_ALPHA]).data
    except (SourceMissing, SourceChanged):  # another worker is writing a new result
        return work.cut(source, deps, seconds_left, edited)
    begin = time.perf_counter()
    with observability.span("download"):
        data = deps.store.get(source.ref, source.etag).data
    with observability.span("apply_matte"):
        result = apply_matte(data, alpha, options)
    outputs = {**work.named(result), _ALPHA: Encoded(alpha, "image/png", "png")}
    return outputs, describe.remade(result.report, report, {"apply": round(1000 * (time.perf_counter() - begin))})


def _holds(report: StoredReport, source: ObjectHead, options: Options, deps: Deps) -> TypeGuard[StoredCutReport]:
    """Whether cutting the source would give the matte that is stored, and would store nothing else with it."""
    return (
        isinstance(report, dict)
        and "status" in report
        and report["status"] == "done"
        and report["object"] == results.described(source)
        and report["hairline"] == pipeline.__version__
        and _is_of(report, deps.model)
        and _shaping(report["options"]) == _shaping(options.described())
        and options.stages == ("alpha",)
        and _ALPHA in report["files"]
        # Its own transparency is part of the matte already, and would count twice.
        and not report["source"]["transparent"]
    )


def _is_of(report: StoredCutReport, model: ModelSpec) -> bool:
    """Whether this model gave the result; `auto` says how many networks it asked."""
    asked = report["model"]
    known = asked is not None and asked["sha256"] in [spec.sha256 for spec in model.parts]
    return known and ("networks" in report["segment"]) == (len(model.parts) > 1)


def _shaping(described: Mapping[str, object]) -> dict[str, object]:
    rows = Options.table().items()
    names = [name for name, row in rows if row.group in _SHAPING_GROUPS or name == "shrink_to_megapixels"]
    return {name: described.get(name) for name in names}
