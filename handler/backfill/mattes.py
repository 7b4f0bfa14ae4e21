"""Make an image's files again from its stored matte: new marketplaces, background or format, without a new matte.

A matte is used only where cutting the image again would give the same one: the same object, model, version of Hairline
and options that shape a matte. All other images are cut as usual. The stored matte has 8 bits, so a colour of an edge
may differ by a few levels of 255 from that of a new cut. The report says `reused`.

Where only the marketplaces are others, the cutout stays as it is. It holds the subject's own colours, so its listing
images are made without the source.
"""

import time
from collections.abc import Mapping
from typing import TypeGuard

import pipeline
from handler import keys, observability
from handler.aws.bucket import ObjectHead
from handler.cutouts import results, work
from handler.cutouts.results import Found
from handler.cutouts.work import Clock, Deps, Made
from handler.errors import SourceChanged, SourceMissing
from handler.jobs import ObjectRef, parse_stored
from pipeline import describe
from pipeline.apply import apply_matte, list_cutout
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.report import StoredCutReport, StoredReport
from pipeline.types import Encoded

_ALPHA, _CUTOUT = "alpha.png", f"{keys.CUTOUT}.png"
_SHAPING_GROUPS = ("Subject", "Matte")
"""Groups of options that shape the matte; of the others only `shrink_to_megapixels` does, by its size."""


def cut(source: ObjectHead, deps: Deps, seconds_left: Clock, found: Found) -> Made:
    """As `work.cut`, but from the stored matte where that still holds."""
    try:
        report = parse_stored(found.report.data) if found.report is not None else None
    except ValueError:  # it is not Hairline's
        report = None
    options = work.options_of(source, found.edits, deps.config)
    if report is None or not _holds(report, source, options, deps):
        return work.cut(source, deps, seconds_left, found)
    try:
        return (
            _relisted(report, options, deps) if _only_lists(report, options) else _remade(report, source, options, deps)
        )
    except (SourceMissing, SourceChanged):  # another worker is writing a new result, or the source has changed
        return work.cut(source, deps, seconds_left, found)


def _relisted(report: StoredCutReport, options: Options, deps: Deps) -> Made:
    """The stored files with other listing images."""
    kept = {name: Encoded(_stored(report, name, deps), "image/png", "png") for name in (_CUTOUT, _ALPHA)}
    begin = time.perf_counter()
    with observability.span("list_cutout"):
        listings = list_cutout(kept[_CUTOUT], options)
    made = {f"{name}.{listing.encoded.extension}": listing.encoded for name, listing in listings.items()}
    return {**kept, **made}, describe.relisted(report, options, listings, _ms(begin))


def _remade(report: StoredCutReport, source: ObjectHead, options: Options, deps: Deps) -> Made:
    """All files except the matte."""
    alpha = _stored(report, _ALPHA, deps)
    begin = time.perf_counter()
    with observability.span("download"):
        data = deps.store.get(source.ref, source.etag).data
    with observability.span("apply_matte"):
        result = apply_matte(data, alpha, options)
    outputs = {**work.named(result), _ALPHA: Encoded(alpha, "image/png", "png")}
    return outputs, describe.remade(result.report, report, _ms(begin))


def _ms(begin: float) -> dict[str, int]:
    return {"apply": round(1000 * (time.perf_counter() - begin))}


def _stored(report: StoredCutReport, name: str, deps: Deps) -> bytes:
    """A file that the report names. Raises SourceMissing, SourceChanged, StoreUnavailable."""
    folder = ObjectRef(deps.config.output_bucket, report["object"]["key"])
    return deps.store.get(results.file_ref(folder, name), report["files"][name]).data


def _only_lists(report: StoredCutReport, options: Options) -> bool:
    """Whether only the marketplaces differ. Of the options that change a cutout, a marketplace allows only a shadow."""
    before = {**options.described(), "marketplaces": report["options"].get("marketplaces")}
    return bool(options.marketplaces) and options.shadow == "none" and report["options"] == before


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
