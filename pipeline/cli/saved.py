"""The report as the command line writes it beside the results, with the fields by which a later run knows them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypedDict, cast, final

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
    if not all(isinstance(name, str) for name in read["files"]):
        return None
    return cast("SavedReport", read)
