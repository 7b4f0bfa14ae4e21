"""The marketplaces' rules for listing images: one table, each number with its source and the day it was read.

A row says what Hairline makes (canvas and fill, chosen within the rules) and which rules the finished file must pass.
If a marketplace changes its rules, only this table changes. Some numbers are second-hand: Amazon's own page is behind
a login, so its numbers come from guides that quote it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.geometry import Colour, Size
from pipeline.report import RequiredFacts

WHITE = Colour(255, 255, 255)
QUALITY = (70, 95)
"""The lowest and the highest JPEG quality to try so that a file fits; below 70, blocks show on plain surfaces."""
ENLARGED = 2.0
"""The largest enlargement of a subject that complies; beyond it, edges and texture look soft."""


@dataclass(frozen=True, slots=True)
class Source:
    """where: the page, or "Hairline" for Hairline's own rules. read: the day it was read, as an ISO date."""

    where: str
    read: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The values that one measure of a listing image may have: numbers from `least` to `most`, or words of `among`.

    measure: one of the table in `pipeline.listings.compliance`.
    """

    measure: str
    source: Source
    least: float | None = None
    most: float | None = None
    among: tuple[str, ...] = ()

    def passes(self, value: float | str) -> bool:
        """Whether the value complies."""
        if isinstance(value, str):
            return value in self.among
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def described(self) -> RequiredFacts:
        """The rule and its source, as JSON values."""
        facts: RequiredFacts = {"source": self.source.where, "read": self.source.read}
        if self.least is not None:
            facts["least"] = self.least
        if self.most is not None:
            facts["most"] = self.most
        if self.among:
            facts["among"] = self.among
        return facts


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A marketplace's listing image: an opaque JPEG with the subject in the middle of white.

    title: its name, as people write it. canvas: its size. fill: the size of the subject in percent of the canvas, as
    the option scale has it. shadows: whether a shadow is allowed; it is not if the marketplace requires exact white
    around the product.
    """

    title: str
    canvas: Size
    fill: float
    shadows: bool
    rules: tuple[Rule, ...]

    def most_bytes(self) -> float:
        """The largest file that the rules allow, in bytes."""
        return min((rule.most for rule in self.rules if rule.measure == "bytes" and rule.most), default=float("inf"))


_DAY = "2026-11-24"
_AMAZON = Source("changethisfile.com/blog/convert-images-for-amazon-seller-central, quoting Seller Central", _DAY)
_GOOGLE = Source("support.google.com/merchants/answer/6324350", _DAY)
_GOOGLE_2027 = Source("emberfeed.com/specs/google-merchant-image-requirements-2026: enforced from 2027-01-31", _DAY)
_EBAY = Source("ebay.com, picture policy 4370", _DAY)
_WALMART = Source("marketplacelearn.walmart.com, image guidelines and requirements, of 2025-07-15", _DAY)
_SHOPIFY = Source("klaraimg.com/blog/image-optimization-for-ecommerce; Shopify's own pages say 4472 or 5000", _DAY)
_ETSY = Source("hauld.app/blog/etsy-listing-photo-checklist and other guides", _DAY)
_HAIRLINE = Source("Hairline", _DAY)

_EVERYWHERE = (
    Rule("format", _HAIRLINE, among=("JPEG",)),
    Rule("mode", _HAIRLINE, among=("RGB",)),
    Rule("colour_space", _HAIRLINE, among=("sRGB",)),
    Rule("touches_edge", _HAIRLINE, most=0),
    Rule("enlarged", _HAIRLINE, most=ENLARGED),
)

MARKETPLACES: dict[str, Marketplace] = {
    "amazon-main": Marketplace(
        "Amazon, main image",
        Size(2000, 2000),
        90,
        shadows=False,  # guides differ on natural shadows, and agree on exact white
        rules=(
            Rule("format", _AMAZON, among=("JPEG", "PNG", "TIFF", "GIF")),
            Rule("colour_space", _AMAZON, among=("sRGB",)),
            Rule("longest_side", _AMAZON, least=1600, most=10_000),
            Rule("fill", _AMAZON, least=0.85, most=1),
            Rule("off_white", _AMAZON, most=0),
            Rule("bytes", _AMAZON, most=10_000_000),
        ),
    ),
    "google-shopping": Marketplace(
        "Google Shopping",
        Size(1500, 1500),
        85,
        shadows=True,
        rules=(
            Rule("format", _GOOGLE, among=("JPEG", "WEBP", "PNG", "GIF", "BMP", "TIFF")),
            Rule("shortest_side", _GOOGLE_2027, least=500),
            Rule("fill", _GOOGLE, least=0.75, most=0.9),
            Rule("megapixels", _GOOGLE, most=64),
            Rule("bytes", _GOOGLE, most=16_000_000),
        ),
    ),
    "ebay": Marketplace(
        "eBay",
        Size(1600, 1600),
        90,
        shadows=True,
        rules=(
            Rule("longest_side", _EBAY, least=500),
            Rule("bytes", _EBAY, most=12_000_000),
        ),
    ),
    "walmart": Marketplace(
        "Walmart",
        Size(2200, 2200),
        90,
        shadows=False,
        rules=(
            Rule("format", _WALMART, among=("JPEG", "PNG", "BMP")),
            Rule("mode", _WALMART, among=("RGB",)),
            Rule("shortest_side", _WALMART, least=1500),
            Rule("aspect", _WALMART, most=1),
            Rule("off_white", _WALMART, most=0),
            Rule("bytes", _WALMART, most=5_000_000),
        ),
    ),
    "shopify": Marketplace(
        "Shopify",
        Size(2048, 2048),
        85,
        shadows=True,
        rules=(
            Rule("longest_side", _SHOPIFY, most=4472),
            Rule("bytes", _SHOPIFY, most=20_000_000),
        ),
    ),
    "etsy": Marketplace(
        "Etsy",
        Size(2000, 2000),
        85,
        shadows=True,
        rules=(
            Rule("format", _ETSY, among=("JPEG", "PNG", "GIF")),
            Rule("shortest_side", _ETSY, least=2000),
            Rule("bytes", _ETSY, most=10_000_000),
        ),
    ),
}


def rules(marketplace: Marketplace) -> tuple[Rule, ...]:
    """The marketplace's rules, and Hairline's for the measures that it does not mention; each measure once."""
    mentioned = {rule.measure for rule in marketplace.rules}
    return (*marketplace.rules, *(rule for rule in _EVERYWHERE if rule.measure not in mentioned))


DECIDED: dict[str, tuple[Any, ...]] = {
    "format": ("auto",),
    "quality": (),
    "channels": (),
    "background": (),
    "crop": (),
    "margin": (),
    "scale": (),
    "position": (),
    "canvas": (),
}
"""The options that a marketplace sets itself. Each may only have its default or one of these values."""


def shown(value: object) -> str:
    """A measured value, as people read it."""
    return f"{value:.12g}" if isinstance(value, int | float) else str(value)


def required(rule: Mapping[str, Any], show: Callable[[Any], str] = shown) -> str:
    """What a rule requires, in words. show: how a number is written."""
    bounds = [f"at least {show(rule['least'])}"] if "least" in rule else []
    bounds += [f"at most {show(rule['most'])}"] if "most" in rule else []
    bounds += [f"one of {', '.join(rule['among'])}"] if "among" in rule else []
    return " and ".join(bounds)
