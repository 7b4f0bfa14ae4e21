"""Every option of a cutout, in one table. The checks, the command line, the HTTP query and the docs follow from it.

A new option is a row here, and code in the stage that reads it.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict, get_args

from pipeline import marketplaces
from pipeline.geometry import Colour, Margin, Position, Region, Size
from pipeline.options import contradictions, installed, kinds
from pipeline.options.brushes import StrokeList
from pipeline.options.kinds import Choice, ColourOrFile, File, Names, Number, Switch, Whole
from pipeline.options.row import Option, Where
from pipeline.options.table import Table
from pipeline.strokes import Stroke

Holes = Literal["auto", "keep", "cut"]
Matting = Literal["fast", "exact", "pymatting", "off"]
Format = Literal["png", "webp", "jpeg", "tiff", "avif", "zip", "auto"]
Channels = Literal["rgba", "alpha"]
Depth = Literal[8, 16]
Blend = Literal["linear", "srgb"]
Shadow = Literal["none", "drop", "contact"]
Place = Position | Literal["original"]

PLANES = ("probability", "trimap", "alpha")
"""Intermediate results: grey images of the size at which the image is cut."""
STAGES = (*PLANES, "sheet")


class Limits(TypedDict):
    """The limits that `decode` enforces."""

    max_bytes: int
    max_megapixels: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Options(Table):
    """How an image is cut out, and which results are returned.

    Each field is a row: it accepts text as users write it ("5%", "#ffffff", "800x600") or a parsed value, and holds the
    parsed value. Its `help` says what it does; docs/options.md describes all of them.
    Raises BadOptions, which names the option, for a wrong value and for options that contradict each other.
    """

    roi: Option[Region | str | None, Region | None] = Option(
        kinds.REGION,
        None,
        "where the subject is: left, top, right and bottom, in pixels or percent; the rest is background",
        group="Subject",
        unset="the whole image",
    )
    trimap: Option[bytes | None, bytes | None] = Option(
        File(metavar="FILE"),
        None,
        "grey image of the source's size: 255 marks subject, 0 marks background, Hairline solves the rest",
        group="Subject",
        where=Where.CLI,
        unset="made with the model",
        instead="trimap is an image file. Give it on the command line or in Python.",
    )
    scribbles: Option[bytes | None, bytes | None] = Option(
        File(metavar="FILE"),
        None,
        "grey image of the source's size with strokes: 255 marks subject, 0 marks background",
        group="Subject",
        where=Where.CLI,
        unset="none",
        instead="scribbles is an image file. Give it on the command line or in Python.",
    )
    holes: Option[Holes, Holes] = Option(
        Choice(get_args(Holes)),
        "auto",
        "holes that show a plain backdrop, such as handles: auto (cut where the model agrees), keep, or cut (all)",
        group="Subject",
    )
    strokes: Option[bytes | list[dict[str, Any]] | tuple[Stroke, ...], tuple[Stroke, ...]] = Option(
        StrokeList(metavar="FILE"),
        (),
        "brush strokes of a person, which correct the model: keep, remove, matting (solve alpha here) and erase",
        group="Subject",
        where=Where.CLI | Where.JSON,
        unset="none",
        instead="A query cannot hold strokes. Use a job for them.",
    )
    matting: Option[Matting, Matting] = Option(
        Choice(get_args(Matting)),
        "fast",
        "how alpha is solved: fast, exact (slower), pymatting (slowest, for comparison, not on Lambda) or off (the "
        "model's probability as it is)",
        group="Matte",
    )
    shift: Option[float, float] = Option(
        Number(-50, 50, metavar="PIXELS"),
        0.0,
        "pixels to move the edge outwards, or inwards if negative",
        group="Matte",
    )
    feather: Option[float, float] = Option(
        Number(0, 50, metavar="PIXELS"),
        0.0,
        "blur of the matte: the standard deviation of a Gaussian in pixels",
        group="Matte",
    )
    format: Option[Format, Format] = Option(
        Choice(get_args(Format)),
        "png",
        "file format: png, webp, jpeg, tiff, avif, zip (colour and alpha apart) or auto (JPEG if opaque, else PNG)",
        group="Output",
    )
    quality: Option[int | None, int | None] = Option(
        Whole(1, 100, metavar="1..100"),
        None,
        "quality of WebP, AVIF and JPEG",
        group="Output",
        needs="format webp, avif, jpeg or zip",
        unset="lossless WebP, best AVIF, JPEG 92",
    )
    channels: Option[Channels, Channels] = Option(
        Choice(get_args(Channels)),
        "rgba",
        "what to return: rgba for the cutout, alpha for the matte alone",
        group="Output",
    )
    depth: Option[Depth, Depth] = Option(
        Choice(get_args(Depth)),
        8,
        "bits of a matte on its own, 8 or 16; 16 in PNG and TIFF only",
        group="Output",
        needs="channels alpha",
    )
    background: Option[Colour | str | bytes | None, Colour | bytes | None] = Option(
        ColourOrFile(metavar="COLOUR|IMAGE"),
        None,
        "colour or image to put behind the subject; an image is centred and fills the canvas",
        group="Output",
        unset="transparent",
    )
    blend: Option[Blend, Blend] = Option(
        Choice(get_args(Blend)),
        "linear",
        "how edges mix with the background: linear (in linear light, as in a camera) or srgb (as in older tools)",
        group="Output",
        needs="background",
    )
    crop: Option[bool, bool] = Option(Switch(), False, "crop to the subject", group="Output")
    margin: Option[Margin | str, Margin] = Option(
        kinds.MARGIN,
        "0px",
        "space around the subject, in pixels or percent of its side: one length, two (top and bottom, left and right) "
        "or four (top, right, bottom, left)",
        group="Output",
        needs="crop",
    )
    scale: Option[float | None, float | None] = Option(
        Number(10, 100, metavar="10..100"),
        None,
        "size of the subject in percent of the canvas",
        group="Output",
        unset="unchanged",
    )
    position: Option[Place | str | None, Place | None] = Option(
        kinds.PLACE,
        None,
        "where the subject goes on the canvas: original, center, or percents from the left and the top",
        group="Output",
        unset="center with scale or canvas, else original",
    )
    canvas: Option[Size | str | tuple[int, int] | None, Size | None] = Option(
        kinds.CANVAS,
        None,
        "width and height of the result in pixels",
        group="Output",
        unset="the size of the image, or of the crop",
    )
    shadow: Option[Shadow, Shadow] = Option(
        Choice(get_args(Shadow)),
        "none",
        "soft shadow: drop (on a wall behind) or contact (on the floor)",
        group="Output",
    )
    shadow_opacity: Option[int, int] = Option(
        Whole(0, 100, metavar="0..100"), 50, "darkest point of the shadow in percent", group="Output", needs="shadow"
    )
    stages: Option[tuple[str, ...] | list[str] | str, tuple[str, ...]] = Option(
        Names(dict.fromkeys(STAGES), "stage"),
        (),
        "intermediate images to return as well: probability, trimap, alpha, and sheet, a contact sheet of them all",
        group="Output",
        where=Where.JSON,
        unset="none",
        instead="A query returns one image. Use a job for stages.",
    )
    matte: Option[bool, bool] = Option(
        Switch(),
        True,
        "keep the matte as alpha.png beside the cutout in the output bucket",
        group="Output",
        where=Where.JSON,
        instead="Only cutouts in a bucket have a matte beside them. Here, choose channels alpha.",
    )
    marketplaces: Option[tuple[str, ...] | list[str] | str, tuple[str, ...]] = Option(
        Names(marketplaces.MARKETPLACES, "marketplace", metavar="NAME,..."),
        (),
        "marketplaces to make a listing image for as well: " + ", ".join(marketplaces.MARKETPLACES),
        group="Marketplace",
        unset="none",
        flag="marketplace",
    )
    shrink_to_megapixels: Option[float | None, float | None] = Option(
        Number(0.01, 1000, metavar="N"),
        None,
        "shrink images over N megapixels before cutting",
        group="Limits",
        unset="keep the size",
    )
    max_megapixels: Option[float, float] = Option(
        Number(1e-6, 1000, metavar="N"),
        50.0,
        "reject images over N megapixels, before anything is decoded",
        group="Limits",
        where=Where.CLI,
        operator=True,
        instead="To shrink large images, use shrink_to_megapixels.",
    )
    max_bytes: Option[int, int] = Option(
        Whole(1, 2**31, metavar="N"),
        40_000_000,
        "reject files over N bytes",
        group="Limits",
        where=Where.CLI,
        operator=True,
    )
    threads: Option[int | None, int | None] = Option(
        Whole(1, 1024),
        None,
        "threads to solve with; the result does not depend on it",
        group="Limits",
        where=Where.PYTHON,
        operator=True,
        unset="all that the process may use",
    )

    def __post_init__(self) -> None:
        contradictions.check(self)
        installed.check(self)

    def limits(self) -> Limits:
        """The limits, as arguments of `decode`."""
        return {"max_bytes": self.max_bytes, "max_megapixels": self.max_megapixels}
