"""The parts of a report: facts about the source, each stage and each product."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NotRequired, TypedDict

Box = Annotated[Sequence[int], "[left, top, width, height], in pixels"]


class ModelFacts(TypedDict):
    """The model that found the subject; with `auto`, the one whose output was used."""

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

    looks: Annotated[int, "how often the model ran: on the whole image, then perhaps on parts of it"]
    box: Annotated[Box, "the part of the image that the output comes from"]
    rival: Annotated[float, "highest probability, 0 to 1, that the first look gave to anything beside the subject"]
    networks: Annotated[int, "how many models ran, 1 or 2; only with the model auto"]


class BackdropFacts(TypedDict):
    """What a plain backdrop showed that the model had not seen, or that is not in the cutout."""

    added_share: Annotated[float, "share of the image that was added to the subject, 0 to 1"]
    holes: Annotated[int, "holes in the subject that were cut"]
    holes_rejected: Annotated[int, "pockets like the backdrop that stay: the model's subject, or too many to look at"]
    pockets_judged: Annotated[int, "pockets like the backdrop that the model had to judge: hole or subject"]
    pocket_box: Annotated[Box | None, "the largest of these pockets, in the image as it was cut"]
    left_out: Annotated[float, "share of all that stands out from the backdrop that is not in the subject, 0 to 1"]
    left_out_box: Annotated[Box | None, "the largest part of that, in the image as it was cut"]


class TrimapFacts(TypedDict, total=False):
    """The trimap that matting started from."""

    origin: Annotated[Literal["model", "user"], "who made the trimap: the model, or the option trimap"]
    unknown_share: Annotated[float, "share of the image that the trimap leaves unknown, 0 to 1"]
    backdrop: Annotated[BackdropFacts, "only where the backdrop is plain and showed something"]
    roi: Annotated[Box, "the option roi in pixels; only where it was given"]
    scribbled_share: Annotated[float, "share of the image under scribbles and strokes, 0 to 1; only if there are any"]


class SolvedFacts(TypedDict):
    """A system of equations that matting solved."""

    width: Annotated[int, "width of the image part it was solved on, in pixels, after halving"]
    height: Annotated[int, "height of that part, in pixels, after halving"]
    unknown: Annotated[int, "pixels that it solved for"]
    cycles: Annotated[int, "multigrid cycles"]
    residual: Annotated[float, "relative residual at the end"]


class IslandFacts(TypedDict):
    """Small islands in the matte that refinement removed."""

    count: Annotated[int, "number of islands"]
    pixels: Annotated[int, "pixels in all of them"]


class MattingFacts(TypedDict, total=False):
    """How alpha was solved and refined."""

    method: Annotated[str, "the option matting: fast, exact, pymatting or off"]
    unknown_share: Annotated[float, "share of the image that was unknown, 0 to 1; not with matting off"]
    solved: Annotated[
        Sequence[SolvedFacts], "empty where nothing had to be solved, and with matting pymatting; not with matting off"
    ]
    ms: Annotated[int, "milliseconds; not with matting off"]
    specks: Annotated[IslandFacts, "weak specks in the background, removed"]
    pinholes: Annotated[IslandFacts, "weak pinholes in the subject, filled"]
    source_alpha: Annotated[bool, "whether the image's own transparency was applied"]
    reused: Annotated[bool, "true if a backfill used the stored matte of the image's last result; else absent"]
    shift: Annotated[float, "the option shift, in pixels"]
    feather: Annotated[float, "the option feather, in pixels"]


class GivenMatteFacts(TypedDict):
    """The matte that was passed to `hairline apply`."""

    method: Annotated[Literal["given"], "no system was solved"]
    width: Annotated[int, "of the matte's file, in pixels"]
    height: Annotated[int, "of the matte's file, in pixels"]


class ReasonFacts(TypedDict):
    """One reason for doubt."""

    code: Annotated[str, "one of the reasons of docs/report.md"]
    value: Annotated[float, "the measured number, described there"]
    advice: Annotated[str, "what to check or do"]
    box: Annotated[Box | None, "where to look, in pixels of the source; null for a reason about the whole image"]


class QualityFacts(TypedDict):
    """How far the cutout may be trusted."""

    version: Annotated[int, "version of the judgement; compare confidences of one version only"]
    confidence: Annotated[float, "chance, 0 to 1, that the outline is right (intersection over union of 0.8 or more)"]
    needs_review: Annotated[bool, "whether a person should check the cutout"]
    reasons: Annotated[Sequence[ReasonFacts], "most serious first, often none"]
    signals: Annotated[Mapping[str, float], "what the confidence is computed from, each 0 to 1"]


class OutputFacts(TypedDict):
    """The file of the result."""

    content_type: Annotated[str, "media type, such as image/png"]
    width: Annotated[int, "pixels"]
    height: Annotated[int, "pixels"]
    bytes: Annotated[int, "size of the file"]
    subject: Annotated[Box | None, "the box of the subject's visible part, in the result; null if there is none"]


class ListingFacts(TypedDict):
    """A marketplace's listing image."""

    content_type: Annotated[str, "media type"]
    width: Annotated[int, "pixels"]
    height: Annotated[int, "pixels"]
    bytes: Annotated[int, "size of the file"]
    subject: Annotated[Box | None, "the box of the subject's visible part, in the listing image"]
    quality: Annotated[int, "JPEG quality, 1 to 100: the highest that fits the marketplace's size limit"]


class RequiredFacts(TypedDict):
    """The requirement of one rule of a marketplace, and its source."""

    least: NotRequired[Annotated[float, "the smallest value that passes"]]
    most: NotRequired[Annotated[float, "the largest value that passes"]]
    among: NotRequired[Annotated[Sequence[str], "the values that pass"]]
    source: Annotated[str, "where the rule is published"]
    read: Annotated[str, "the day it was read there"]


class RuleFacts(RequiredFacts):
    """One rule of a marketplace, and the value that was measured on a listing image."""

    passes: Annotated[bool, "whether the value meets the rule"]
    value: Annotated[float | str, "the value measured on the finished file"]


class ComplianceFacts(TypedDict):
    """A listing image checked against its marketplace's rules."""

    complies: Annotated[bool, "whether it passes all rules listed here; the marketplace itself may have others"]
    rules: Annotated[Mapping[str, RuleFacts], "by measure, described in docs/listings.md"]


class RejectionFacts(TypedDict):
    """Why an image was rejected, or failed."""

    code: Annotated[str, "the error's code, such as no_subject; never changes"]
    message: Annotated[str, "what is wrong and what to do"]


class ObjectFacts(TypedDict):
    """The image's object in the input bucket."""

    bucket: Annotated[str, "name of the input bucket"]
    key: Annotated[str, "key of the object"]
    version: Annotated[str | None, "its version, null in a bucket without versions"]
    etag: Annotated[str, "its ETag"]
    name: NotRequired[Annotated[str, "the file's name, where the sender gave one"]]
