"""The report: every field of `report.json`, as types that mypy checks and that docs/report.schema.json is written from.

A report holds JSON values only. Between two runs on the same input it differs in milliseconds alone. Its `schema`
increases when a reader must change; new fields do not change it. Boxes are [left, top, width, height] in whole pixels.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict, final

SCHEMA = 1

Box = Annotated[Sequence[int], "[left, top, width, height], in pixels"]


class ModelFacts(TypedDict):
    """The model that found the subject; of `auto`, the one whose answer was used."""

    name: Annotated[str, "the model's name, such as u2netp"]
    sha256: Annotated[str, "checksum of its weights, in hex"]
    licence: Annotated[str, "SPDX identifier of the weights' licence"]


class SourceFacts(TypedDict):
    """The image file as it was decoded, before any shrinking."""

    format: Annotated[str, "file format in lower case, such as jpeg"]
    width: Annotated[int, "pixels, upright"]
    height: Annotated[int, "pixels, upright"]
    bytes: Annotated[int, "size of the file"]
    transparent: Annotated[bool, "whether the file has transparency of its own"]
    notes: Annotated[Sequence[str], "what decoding left out or changed, such as 'first of 12 frames'"]
    name: NotRequired[Annotated[str, "the file's name; from the command line only"]]
    sha256: NotRequired[Annotated[str, "checksum of the file, in hex; from the command line only"]]


class SegmentFacts(TypedDict, total=False):
    """How the model looked at the image."""

    looks: Annotated[int, "how often the model ran: once on the whole image, then on closer parts"]
    box: Annotated[Box, "the part of the image that the answer comes from"]
    networks: Annotated[int, "models asked, 1 or 2; only with the model auto"]


class BackdropFacts(TypedDict):
    """What a plain backdrop showed that the model had not seen."""

    added_share: Annotated[float, "share of the image that was added to the subject, 0 to 1"]
    holes: Annotated[int, "holes in the subject that were cut"]
    holes_rejected: Annotated[int, "pockets that look like the backdrop, but that the model takes for the subject"]


class TrimapFacts(TypedDict, total=False):
    """What was known before matting."""

    origin: Annotated[Literal["model", "user"], "who made the trimap: the model, or the option trimap"]
    unknown_share: Annotated[float, "share of the image that the trimap leaves unknown, 0 to 1"]
    backdrop: Annotated[BackdropFacts, "only where the backdrop is plain and showed something"]
    roi: Annotated[Box, "the option roi in pixels; only where it was given"]
    scribbled_share: Annotated[float, "share of the image under scribbles, 0 to 1; only where they were given"]


class SolvedFacts(TypedDict):
    """A system of equations that matting solved."""

    width: Annotated[int, "width of the image part it was solved on, in pixels, after halving"]
    height: Annotated[int, "height of that image, in pixels"]
    unknown: Annotated[int, "pixels that it solved for"]
    cycles: Annotated[int, "multigrid cycles"]
    residual: Annotated[float, "relative residual that is left"]


class IslandFacts(TypedDict):
    """Small islands that refinement removed."""

    count: Annotated[int, "number of islands"]
    pixels: Annotated[int, "pixels in all of them"]


class MattingFacts(TypedDict, total=False):
    """How alpha was solved and refined."""

    method: Annotated[str, "the option matting: fast, exact or off"]
    unknown_share: Annotated[float, "share of the image that was unknown, 0 to 1; not with matting off"]
    solved: Annotated[Sequence[SolvedFacts], "empty where nothing had to be solved; not with matting off"]
    ms: Annotated[int, "milliseconds; not with matting off"]
    specks: Annotated[IslandFacts, "weak specks in the background, removed"]
    pinholes: Annotated[IslandFacts, "weak pinholes in the subject, filled"]
    source_alpha: Annotated[bool, "whether the image's own transparency was applied"]
    shift: Annotated[float, "the option shift, in pixels"]
    feather: Annotated[float, "the option feather, in pixels"]


class GivenMatteFacts(TypedDict):
    """The matte that `hairline apply` was given."""

    method: Annotated[Literal["given"], "no system was solved"]
    width: Annotated[int, "of the matte's file, in pixels"]
    height: Annotated[int, "of the matte's file, in pixels"]


class ReasonFacts(TypedDict):
    """One reason for doubt."""

    code: Annotated[str, "one of the reasons of docs/report.md"]
    value: Annotated[float, "the number behind it, described there"]
    advice: Annotated[str, "what to check or to do"]


class QualityFacts(TypedDict):
    """How far the cutout may be trusted."""

    version: Annotated[int, "version of the judgement; compare confidences of one version only"]
    confidence: Annotated[float, "chance, 0 to 1, that the outline is right (intersection over union of 0.8 or more)"]
    needs_review: Annotated[bool, "whether a person should check the cutout"]
    reasons: Annotated[Sequence[ReasonFacts], "most serious first, often none"]
    signals: Annotated[Mapping[str, float], "what the confidence is computed from, each 0 to 1"]


class OutputFacts(TypedDict):
    """The result's file."""

    content_type: Annotated[str, "media type, such as image/png"]
    width: Annotated[int, "pixels"]
    height: Annotated[int, "pixels"]
    bytes: Annotated[int, "size of the file"]
    subject: Annotated[Box | None, "the subject's visible part, in the result"]


class ListingFacts(TypedDict):
    """A marketplace's listing image."""

    content_type: Annotated[str, "media type"]
    width: Annotated[int, "pixels"]
    height: Annotated[int, "pixels"]
    bytes: Annotated[int, "size of the file"]
    quality: Annotated[int, "JPEG quality, 1 to 100: the best that fits the marketplace's limit"]


class RequiredFacts(TypedDict):
    """What one rule of a marketplace requires, and where it says so."""

    least: NotRequired[Annotated[float, "the smallest value that passes"]]
    most: NotRequired[Annotated[float, "the largest value that passes"]]
    among: NotRequired[Annotated[Sequence[str], "the values that pass"]]
    source: Annotated[str, "where the rule is published"]
    read: Annotated[str, "the day it was read there"]


class RuleFacts(RequiredFacts):
    """One rule of a marketplace, and what a listing image measures."""

    passes: Annotated[bool, "whether the value meets the rule"]
    value: Annotated[float | str, "as measured on the finished file"]


class ComplianceFacts(TypedDict):
    """A listing image checked against its marketplace's rules."""

    complies: Annotated[bool, "whether it passes all rules listed here; the marketplace itself may have others"]
    rules: Annotated[Mapping[str, RuleFacts], "by measure, described in docs/listings.md"]


class RejectionFacts(TypedDict):
    """Why an image was rejected, or failed."""

    code: Annotated[str, "stable, such as no_subject"]
    message: Annotated[str, "what is wrong and what to do"]


class ObjectFacts(TypedDict):
    """The image's object in the input bucket."""

    bucket: Annotated[str, "name of the input bucket"]
    key: Annotated[str, "key of the object"]
    version: Annotated[str | None, "its version, null in a bucket without versions"]
    etag: Annotated[str, "its ETag"]


class Heading(TypedDict):
    """What every report begins with."""

    schema: Annotated[int, "version of the report's format; increases when readers must change"]
    hairline: Annotated[str, "Hairline's version"]
    model: Annotated[ModelFacts | None, "the model whose answer was used; null where none was asked"]
    options: Annotated[Mapping[str, Any], "every option that shapes the result, described in docs/options.md"]
    options_digest: Annotated[str, "sha256 of the options, in hex: equal options have equal digests"]


class Files(TypedDict):
    """What came in and what came out."""

    source: SourceFacts
    output: OutputFacts
    listings: Annotated[Mapping[str, ListingFacts], "listing images by marketplace; empty where none was requested"]
    compliance: Annotated[Mapping[str, ComplianceFacts], "by marketplace, how its listing image meets the rules"]


class Cut(Heading, Files):
    """What is said of an image that was cut out."""

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
    """What is said of an image that was cut out by the matte of another size of it."""

    status: Annotated[Literal["done"], "done: the cutout was made"]
    matting: GivenMatteFacts


@final
class AppliedReport(Applied):
    """An image that was cut out by the matte of another size of it, with `hairline apply`."""


class Rejected(Heading):
    """What is said of an image that was rejected."""

    status: Annotated[Literal["rejected"], "rejected: no cutout was made"]
    reason: RejectionFacts
    quality: NotRequired[Annotated[QualityFacts, "only where the image was looked at and has no subject"]]


@final
class RejectedReport(Rejected):
    """An image that was rejected: the image or its options are at fault."""


class Stored(TypedDict):
    """What a report in the output bucket also says."""

    object: ObjectFacts
    mark: Annotated[str, "sha256, in hex, of all that the result depends on: the same mark is not cut again"]
    files: Annotated[Mapping[str, str], "the files beside this report, by name, with their ETags"]


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
"""`status` tells which: "done", "rejected" or "failed"."""
