"""Images as a person reviews them: their states, their order, and what a list and a page show of each.

Both back ends use this, a folder's and a deployment's: docs/studio-api.md.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.edits import Edits
from pipeline.errors import BadOptions
from pipeline.marketplaces import MARKETPLACES
from pipeline.options import PLANES, Options
from pipeline.version import __version__

STATES = ("all", "working", "review", "ready", "approved", "rejected", "failed")
"""What the list can be filtered by."""
VIEWS = ("thumbnail", "original", "cutout", *PLANES)
"""What can be seen of an image."""
PAGE = 200
"""Images of one response."""
_PLAIN = {"roi": None, "holes": "auto", "shift": 0, "feather": 0}


@dataclass(slots=True, kw_only=True)
class Reviewed:
    """An image. state: waiting, working, done or failed. message: why it failed. report: None before it is cut."""

    id: str
    name: str
    state: str = "waiting"
    message: str | None = None
    report: Mapping[str, Any] | None = None
    edits: Edits = field(default_factory=Edits)

    @property
    def quality(self) -> dict[str, Any] | None:
        """The judgement of the report, None before there is one."""
        return dict(self.report["quality"]) if self.report is not None and "quality" in self.report else None

    @property
    def source(self) -> Mapping[str, Any]:
        """The report's part on the source, empty before there is one."""
        return self.report.get("source", {}) if self.report is not None else {}

    @property
    def format(self) -> str | None:
        """The source's file format, such as jpeg; None before it was read, and where it is not an image."""
        return self.source.get("format")

    @property
    def filters(self) -> set[str]:
        """Those of STATES that the image is in."""
        if self.state in ("waiting", "working"):
            return {"all", "working"}
        if self.state == "failed":
            return {"all", "failed"}
        review = self.quality is not None and self.quality["needs_review"]
        return {"all", self.edits.decision or ("review" if review else "ready")}

    @property
    def order(self) -> tuple[int, float, str]:
        """Failed images first, then those to decide with the least confident first, decided ones, and what waits."""
        group = {"failed": 0, "done": 2 if self.edits.decision else 1}.get(self.state, 3)
        return group, self.quality["confidence"] if self.quality is not None else 0.0, self.id

    def entry(self) -> dict[str, Any]:
        """What the list shows."""
        quality = self.quality
        mark = self.report["mark"][:16] if self.report is not None else ""
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "format": self.format,
            "message": self.message,
            "decision": self.edits.decision,
            "confidence": quality and quality["confidence"],
            "needs_review": quality and quality["needs_review"],
            "revision": self.edits.revision,
            "version": f"{self.state}-{mark}",
        }

    def record(self) -> dict[str, Any]:
        """What the page shows of one image."""
        reasons = self.quality["reasons"] if self.quality is not None else ()
        described = self.edits.described()
        return self.entry() | {
            "width": self.source.get("width"),
            "height": self.source.get("height"),
            "strokes": described["strokes"],
            "options": _PLAIN | described["options"],
            "reasons": [{"code": reason["code"], "text": reason["advice"], "box": reason["box"]} for reason in reasons],
        }


def session(name: str, options: Options, *, local: bool) -> dict[str, Any]:
    """What the page needs to know before it begins. name: of the folder or the key. options: the defaults."""
    return {
        "name": name,
        "version": __version__,
        "local": local,
        "marketplaces": [{"name": known, "title": row.title} for known, row in MARKETPLACES.items()],
        "max_bytes": options.max_bytes,
        "max_megapixels": options.max_megapixels,
    }


def page(images: Iterable[Reviewed], state: str, form: str | None, after: str | None) -> dict[str, Any]:
    """One page of the list.

    state: of STATES. form: the file format of the images, None for all. after: the token that the page before gave.
    The counts, by state and by format, are of all images. Raises BadOptions.
    """
    if state not in STATES:
        raise BadOptions(f"state is {state[:40]!r}, but must be one of {', '.join(STATES)}.")
    if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 10):
        raise BadOptions("after is not a token of this list. Leave it out.")
    everything = list(images)
    chosen = [image for image in everything if state in image.filters and form in (None, image.format)]
    chosen.sort(key=lambda image: image.order)
    start = int(after or 0)
    more = start + PAGE < len(chosen)
    return {
        "images": [image.entry() for image in chosen[start : start + PAGE]],
        "next": str(start + PAGE) if more else None,
        "counts": _counts(everything),
        "formats": dict(sorted(Counter(image.format for image in everything if image.format).items())),
    }


def _counts(images: Iterable[Reviewed]) -> dict[str, int]:
    """How many images are in each of STATES."""
    found = dict.fromkeys(STATES, 0)
    for image in images:
        for state in image.filters:
            found[state] += 1
    return found
