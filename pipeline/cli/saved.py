"""The report as the command line writes it beside the results, with the fields by which a later run knows them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypedDict, cast, final

from pipeline.report import Applied, AppliedReport, Cut, CutReport, Rejected, RejectedReport


class NamedFacts(TypedDict):
    """The file of an image that was rejected."""

    name: Annotated[str, "the file's name"]
    sha256: Annotated[str, "its checksum, in hex"]


class Saved(TypedDict):
    """The further fields of a report on disk."""

    mark: Annotated[str, "sha256 in hex of all that the result depends on: an equal mark is not cut again"]
    files: Annotated[Sequence[str], "the results beside this report, the cutout first; empty after a rejection"]


@final
class SavedCutReport(Cut, Saved):
    """`.report.json` of `hairline cut`, of an image that was cut out."""


@final
class SavedAppliedReport(Applied, Saved):
    """`.report.json` of `hairline apply`."""


@final
class SavedRejectedReport(Rejected, Saved):
    """`.report.json` of an image that was rejected."""

    source: NamedFacts


SavedDoneReport = SavedCutReport | SavedAppliedReport
SavedReport = SavedDoneReport | SavedRejectedReport


def saved(
    report: CutReport | AppliedReport | RejectedReport, source: NamedFacts, mark: str, files: Sequence[Path]
) -> SavedReport:
    """The report as it is written beside the files."""
    more: Saved = {"mark": mark, "files": [path.name for path in files]}
    if report["status"] == "rejected":
        return {**report, **more, "source": source}
    if "quality" in report:  # both branches are equal, but mypy cannot unpack a union of typed dictionaries
        return {**report, **more, "source": {**report["source"], **source}}
    return {**report, **more, "source": {**report["source"], **source}}


def parse(data: bytes) -> SavedReport | None:
    """A `.report.json` as the command line wrote it, None if it is something else. Raises ValueError if not JSON."""
    read = json.loads(data)
    if not isinstance(read, dict) or not {"hairline", "status", "source", "mark", "files"} <= read.keys():
        return None
    if not isinstance(read["source"], dict) or not isinstance(read["files"], list):
        return None
    if not all(isinstance(name, str) for name in (read["mark"], *read["files"])):
        return None
    return cast("SavedReport", read) if _has_parts(read) else None


_PARTS: Mapping[str, Mapping[str, type]] = {
    "reason": {"code": str, "message": str},
    "quality": {"confidence": float, "needs_review": bool, "reasons": list},
}
"""The parts of a report that are shown, and the types of their fields."""


def _has_parts(read: Mapping[str, Any]) -> bool:
    """Whether the parts that a report has are as Hairline writes them, and a rejection has its reason."""
    if read["status"] == "rejected" and "reason" not in read:
        return False
    return all(
        isinstance(read[part], dict) and all(isinstance(read[part].get(name), kind) for name, kind in fields.items())
        for part, fields in _PARTS.items()
        if part in read
    )
