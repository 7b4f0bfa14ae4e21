"""Every knob of a cutout, with its default and why."""

import difflib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypedDict

from pipeline import geometry, marketplaces
from pipeline.errors import BadOptions

CHOICES: dict[str, tuple[Any, ...]] = {
    "matting": ("fast", "exact", "off"),
    "format": ("png", "webp", "jpeg", "tiff", "avif", "zip", "auto"),
    "channels": ("rgba", "alpha"),
    "depth": (8, 16),
    "blend": ("linear", "srgb"),
    "shadow": ("none", "drop", "contact"),
}
PLANES = ("probability", "trimap", "alpha")
"""What the stages hand on, as grey pictures of the source's size."""
STAGES = (*PLANES, "sheet")
LIMITS = ("max_megapixels", "max_bytes", "threads")
"""What belongs to whoever runs Hairline; a request may not set them."""


class Limits(TypedDict):
    """What `decode` must not exceed."""

    max_bytes: int
    max_megapixels: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a picture is cut out and what comes back. Checked when made: raises BadOptions, which names the option.

    Limits, decided from the header before anything is decoded:
      max_megapixels: 50, the largest camera in common use. max_bytes: 40 MB.
    Size:
      megapixels: the most of them that are worked on; a larger picture is shrunk first. None keeps its size.
    Matting:
      matting: "fast" (closed-form, coarse to fine), "exact" (the whole closed-form system), "off" (the network's
        probability as it is).
      trimap: an encoded grey picture of the source's upright size: 0 background, 255 foreground, anything else
        unknown. None lets the network decide.
      scribbles: the same, but 255 and 0 are sure strokes and anything else says nothing; laid over either trimap.
      roi: the part of the picture in which the subject is, "left top right bottom", each "10px" or "5%". The network
        sees nothing else, and nothing else can be foreground.
      shift: move the edge outwards by so many pixels, inwards if negative. feather: the sigma, in pixels, of a
        Gaussian blur of the matte. 0 leaves the matte as it was solved.
    Output:
      format: "auto" is JPEG for an opaque result, else PNG.
      quality: 1..100 for WebP, AVIF and JPEG; None is lossless WebP, AVIF at its best (colours within 2 of 255, alpha
        exact), and JPEG at 92.
      channels: "rgba" is the cutout, "alpha" the matte alone as a grey picture.
      depth: bits of a matte on its own, 8 or 16 (16 in PNG and TIFF only).
      background: a CSS colour name or #hex, or the bytes of a picture, which is centred and fills the canvas.
      blend: composite in "linear" light, as a lens would, or in plain "srgb" values, as older tools do.
      crop: cut away what lies outside the subject. margin: room around it then, "20px" or "5%" of the subject's side:
        one value, two (top and bottom, left and right) or four (top, right, bottom, left).
      scale: the subject's size in percent of the canvas (10..100); None leaves it.
      position: "original", "center", "x%" or "x% y%"; None is the centre where scale or canvas is given.
      canvas: (width, height) of the result in pixels.
      shadow: a soft one of the subject: "drop", as on a wall behind it, or "contact", as on the ground it stands on.
      shadow_opacity: its darkest, in percent.
      marketplaces: marketplaces, for each of which one more picture is made as `marketplaces.MARKETPLACES` says.
      stages: which pictures to return as well: "probability", "trimap", "alpha", and "sheet", a contact sheet of them
        with the cutout on black, white and checks.
    Machine, without influence on the result:
      threads: None takes as many as the process may use.
    """

    max_megapixels: float = 50
    max_bytes: int = 40_000_000
    megapixels: float | None = None
    matting: str = "fast"
    trimap: bytes | None = None
    scribbles: bytes | None = None
    roi: str | None = None
    shift: float = 0
    feather: float = 0
    format: str = "png"
    quality: int | None = None
    channels: str = "rgba"
    depth: int = 8
    background: str | bytes | None = None
    blend: str = "linear"
    crop: bool = False
    margin: str = "0"
    scale: float | None = None
    position: str | None = None
    canvas: tuple[int, int] | None = None
    shadow: str = "none"
    shadow_opacity: int = 50
    marketplaces: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, (accepts, form) in _RULES.items():
            value = getattr(self, name)
            if not accepts(value):
                raise BadOptions(f"{name} is {_short(value)}, but must be {form}.")
        for name in ("trimap", "scribbles"):
            if self.megapixels is not None and getattr(self, name) is not None:
                raise BadOptions(f"{name} is of the picture's own size, so megapixels must be left out.")
        if self.depth == 16 and (self.channels != "alpha" or self.format not in ("png", "tiff")):
            raise BadOptions("depth 16 needs channels=alpha and format png or tiff.")
        if self.channels == "alpha" and self.background is not None:
            raise BadOptions("channels=alpha has no colours, so it takes no background; leave one of the two out.")
        if self.channels == "alpha" and self.format == "zip":
            raise BadOptions("format zip holds colour and alpha; for alpha alone choose another format.")
        if self.format == "jpeg" and self.channels == "rgba" and self.background is None:
            raise BadOptions("format jpeg cannot be transparent: give a background, or choose png or webp.")
        if self.channels == "alpha" and self.shadow != "none":
            raise BadOptions("channels=alpha is the matte alone, so it takes no shadow; leave one of the two out.")
        self._check_marketplaces()

    def _check_marketplaces(self) -> None:
        if hint := marketplaces.unknown(self.marketplaces):
            raise BadOptions(f"marketplaces is {_short(self.marketplaces)}, and one of them does not exist. {hint}")
        for name in self.marketplaces:
            for option, silent in marketplaces.DECIDED.items():
                if (value := getattr(self, option)) not in silent:
                    raise BadOptions(
                        f"{option} {_short(value)} contradicts the marketplace {name}, which decides it itself. "
                        "Leave one of the two out."
                    )
            if self.shadow != "none" and not marketplaces.MARKETPLACES[name].shadows:
                raise BadOptions(
                    f"shadow {self.shadow} contradicts the marketplace {name}: that marketplace asks for exact white "
                    "around the product. Leave one of the two out."
                )

    def overlaid(self, request: Mapping[str, Any]) -> Self:
        """These options with a request's laid over them.

        request: names and values as JSON gives them; "canvas" also as "800x600", "stages" and "marketplaces" as lists,
            "marketplaces" also as words with commas between them.
        Raises BadOptions for an unknown name, for one of LIMITS, and for a bad value.
        """
        known = [field.name for field in fields(self) if field.name not in LIMITS]
        for name in request:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(known)}."
                raise BadOptions(f"There is no option {_short(name)}.{hint}")
        changes = dict(request)
        if "canvas" in changes:
            changes["canvas"] = geometry.parse_canvas(changes["canvas"]) or changes["canvas"]
        if isinstance(changes.get("marketplaces"), str):
            changes["marketplaces"] = [name.strip() for name in changes["marketplaces"].split(",")]
        for name in ("stages", "marketplaces"):
            if isinstance(changes.get(name), list):
                changes[name] = tuple(changes[name])
        return replace(self, **changes)

    def limits(self) -> Limits:
        """The two that `decode` takes."""
        return {"max_bytes": self.max_bytes, "max_megapixels": self.max_megapixels}

    def described(self) -> dict[str, Any]:
        """The options that shape the result, as JSON values; pictures by their sha256."""
        return {field.name: _json(getattr(self, field.name)) for field in fields(self) if field.name not in LIMITS}

    def digest(self) -> str:
        """sha256 hex of `described()`: equal for two Options exactly when they ask for the same result."""
        return hashlib.sha256(json.dumps(self.described(), sort_keys=True).encode()).hexdigest()


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return "sha256:" + hashlib.sha256(value).hexdigest()
    return list(value) if isinstance(value, tuple) else value


def _short(value: Any) -> str:
    text = f"{len(value)} bytes" if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


_Rule = tuple[Callable[[Any], bool], str]


def _one_of(choices: tuple[Any, ...]) -> _Rule:
    return lambda v: isinstance(v, type(choices[0])) and v in choices, "one of " + ", ".join(map(str, choices))


def _within(low: float, high: float, kind: type = float, *, optional: bool = False) -> _Rule:
    def accepts(value: Any) -> bool:
        if value is None:
            return optional
        number = type(value) in ((int,) if kind is int else (int, float))
        return number and low <= value <= high

    return accepts, f"a {'whole ' if kind is int else ''}number from {low:,} to {high:,}"


def _bytes_or_none(value: Any) -> bool:
    return value is None or (isinstance(value, bytes) and len(value) > 0)


_RULES: dict[str, _Rule] = {
    **{name: _one_of(choices) for name, choices in CHOICES.items()},
    "max_megapixels": _within(1e-6, 1000),
    "max_bytes": _within(1, 2**31, int),
    "megapixels": _within(0.01, 1000, optional=True),
    "trimap": (_bytes_or_none, "the bytes of a picture"),
    "scribbles": (_bytes_or_none, "the bytes of a picture"),
    "roi": (
        lambda v: v is None or (isinstance(v, str) and geometry.parse_roi(v) is not None),
        'left, top, right and bottom, such as "10px 5% 300px 95%"',
    ),
    "shift": _within(-50, 50),
    "feather": _within(0, 50),
    "quality": _within(1, 100, int, optional=True),
    "background": (
        lambda v: _bytes_or_none(v) or (isinstance(v, str) and geometry.parse_colour(v) is not None),
        "a colour name, a hex colour such as #ffffff, or the bytes of a picture",
    ),
    "crop": (lambda v: isinstance(v, bool), "true or false"),
    "margin": (
        lambda v: isinstance(v, str) and geometry.parse_margin(v) is not None,
        'one, two or four lengths, such as "20px", "5%" or "10px 5%"',
    ),
    "scale": _within(10, 100, optional=True),
    "position": (
        lambda v: v is None or (isinstance(v, str) and geometry.parse_position(v) is not None),
        'original, center, "50%" or "20% 80%"',
    ),
    "canvas": (
        lambda v: v is None or (isinstance(v, tuple) and geometry.parse_canvas(v) == v),
        f'two sides of 1 to {geometry.LARGEST_SIDE:,} pixels, such as "1600x1200"',
    ),
    "shadow_opacity": _within(0, 100, int),
    "marketplaces": (
        lambda v: isinstance(v, tuple) and all(isinstance(name, str) for name in v),
        "a list out of " + ", ".join(marketplaces.MARKETPLACES),
    ),
    "stages": (
        lambda v: isinstance(v, tuple) and all(stage in STAGES for stage in v),
        "a list out of " + ", ".join(STAGES),
    ),
    "threads": _within(1, 1024, int, optional=True),
}
