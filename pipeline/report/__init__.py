"""The report: every field of `report.json`, as types that mypy checks and that docs/report.schema.json is written from.

A report holds JSON values only. Between two runs on the same input it differs in milliseconds alone. Its `schema`
increases when a reader must change; new fields do not change it. Boxes are [left, top, width, height] in whole pixels.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict, final

from pipeline.report.facts import (
    BackdropFacts,
    Box,
    ComplianceFacts,
    GivenMatteFacts,
    IslandFacts,
    ListingFacts,
    MattingFacts,
    ModelFacts,
    ObjectFacts,
    OutputFacts,
    QualityFacts,
    ReasonFacts,
    RejectionFacts,
    RequiredFacts,
    RuleFacts,
    SegmentFacts,
    SolvedFacts,
    SourceFacts,
    TrimapFacts,
)

__all__ = [
    "SCHEMA",
    "Applied",
    "AppliedReport",
    "BackdropFacts",
    "Box",
    "ComplianceFacts",
    "Cut",
    "CutReport",
    "Files",
    "GivenMatteFacts",
    "Heading",
    "IslandFacts",
    "ListingFacts",
    "MattingFacts",
    "ModelFacts",
    "ObjectFacts",
    "OutputFacts",
    "QualityFacts",
    "ReasonFacts",
    "Rejected",
    "RejectedReport",
    "RejectionFacts",
    "Report",
    "RequiredFacts",
    "RuleFacts",
    "SegmentFacts",
    "SolvedFacts",
    "SourceFacts",
    "Stored",
    "StoredCutReport",
    "StoredFailedReport",
    "StoredRejectedReport",
    "StoredReport",
    "TrimapFacts",
]

SCHEMA = 1


class Heading(TypedDict):
    """The first fields of every report."""

    schema: Annotated[int, "version of the report's format; increases when readers must change"]
    hairline: Annotated[str, "Hairline's version"]
    model: Annotated[ModelFacts | None, "the model whose output was used; null if no model ran"]
    options: Annotated[Mapping[str, Any], "every option that shapes the result; see docs/options.md"]
    options_digest: Annotated[str, "sha256 of the options, in hex: equal options have equal digests"]


class Files(TypedDict):
    """The image file and the results."""

    source: SourceFacts
    output: OutputFacts
    listings: Annotated[Mapping[str, ListingFacts], "listing images by marketplace; empty if none was requested"]
    compliance: Annotated[Mapping[str, ComplianceFacts], "by marketplace, whether its listing image meets the rules"]


class Cut(Heading, Files):
    """The fields of a report of an image that was cut out."""

    status: Annotated[Literal["done"], "done: the cutout was made"]
    quality: QualityFacts
    segment: SegmentFacts
    trimap: TrimapFacts
    matting: MattingFacts
    ms: Annotated[Mapping[str, int], "milliseconds by stage"]


@final
class CutReport(Cut):
    """An image that was cut out."""


class Applied(Heading, Files):
    """The fields of a report of an image that was cut out with the matte of another size of it."""

    status: Annotated[Literal["done"], "done: the cutout was made"]
    matting: GivenMatteFacts


@final
class AppliedReport(Applied):
    """An image that was cut out with the matte of another size of it, by `hairline apply`."""


class Rejected(Heading):
    """The fields of a report of an image that was rejected."""

    status: Annotated[Literal["rejected"], "rejected: no cutout was made"]
    reason: RejectionFacts
    quality: NotRequired[Annotated[QualityFacts, "only if the model ran and found no subject"]]


@final
class RejectedReport(Rejected):
    """An image that was rejected: the image or its options are at fault."""


class Stored(TypedDict):
    """The further fields of a report in the output bucket."""

    object: ObjectFacts
    mark: Annotated[
        str, "sha256, in hex, of all that the result depends on; an image with an equal mark is not cut again"
    ]
    edits: Annotated[
        str | None, "sha256, in hex, of the strokes and options that a person set for this image; null where none are"
    ]
    files: Annotated[Mapping[str, str], "the files beside this report, by name, with their ETags"]
    sha256: Annotated[Mapping[str, str], "the sha256 of each of these files, in hex"]


@final
class StoredCutReport(Cut, Stored):
    """`report.json` in the output bucket, of an image that was cut out."""


@final
class StoredRejectedReport(Rejected, Stored):
    """`report.json` in the output bucket, of an image that was rejected."""


@final
class StoredFailedReport(Heading, Stored):
    """`report.json` in the output bucket, of an image that failed at every try. A later try may replace it."""

    status: Annotated[Literal["failed"], "no cutout was made, and the image is not at fault"]
    reason: RejectionFacts


Report = CutReport | AppliedReport | RejectedReport
StoredReport = StoredCutReport | StoredRejectedReport | StoredFailedReport
"""`status` distinguishes them: "done", "rejected" or "failed"."""
