"""Check a finished listing image against a marketplace's rules, by measuring the decoded file.

The measures that `marketplaces.Rule` names:

| measure | meaning |
|---|---|
| format, mode | as Pillow names them: "JPEG", "RGB" |
| colour_space | "sRGB", "none" without a profile, else the profile's own name |
| bytes, megapixels, longest_side, shortest_side | of the file, and of the image in pixels |
| aspect | the longer side divided by the shorter |
| fill | the share of the frame that the product's longer side takes, as far as it differs from white |
| off_white | the number of pixels away from the product that are not exactly (255, 255, 255) |
| touches_edge | the share of the source's edge pixels at which the edge cuts the product off |
| enlarged | how many times larger the product is than in the source |
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageCms

from pipeline.marketplaces import Marketplace, rules
from pipeline.report import ComplianceFacts, RuleFacts
from pipeline.srgb import PROFILE
from pipeline.types import Encoded, Float32, UInt8

BLOCK = 8
"""The side, in pixels, of JPEG's blocks, within which an edge rings (ITU-T T.81, A.1.1; without subsampling)."""
JPEG_NOISE = 5
"""A pixel that is less than this below white, on the scale of 0 to 255, may be JPEG noise and not the product."""


@dataclass(frozen=True, slots=True)
class Compliance:
    """complies: whether all rules pass. rules: by measure, whether it passes, its value, the rule and its source."""

    complies: bool
    rules: Mapping[str, RuleFacts]

    def described(self) -> ComplianceFacts:
        """The facts for the report."""
        return {"complies": self.complies, "rules": dict(self.rules)}


def check(
    listing: Encoded, marketplace: Marketplace, alpha: Float32, *, touches_edge: float, enlarged: float
) -> Compliance:
    """Check `listing` against the marketplace's rules.

    alpha: float32 (H, W), 0..1, the product's alpha in the listing image. touches_edge, enlarged: the two measures that
    the file does not show.
    """
    measured = {**_measures(listing, alpha), "touches_edge": touches_edge, "enlarged": enlarged}
    facts: dict[str, RuleFacts] = {}
    for rule in rules(marketplace):
        value = measured[rule.measure]
        rounded = round(value, 4) if isinstance(value, float) else value
        facts[rule.measure] = {"passes": rule.passes(value), "value": rounded, **rule.described()}
    return Compliance(all(rule["passes"] for rule in facts.values()), facts)


def _measures(listing: Encoded, alpha: Float32) -> dict[str, float | str]:
    with Image.open(io.BytesIO(listing.data)) as image:
        form, mode, space = str(image.format), image.mode, _colour_space(image.info.get("icc_profile"))
        rgb = np.asarray(image.convert("RGB"))
    height, width = rgb.shape[:2]
    darkest = np.minimum(np.minimum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])  # rgb.min(axis=2) takes 20 times longer
    product = (alpha > 0).view(np.uint8)
    return {
        "format": form,
        "mode": mode,
        "colour_space": space,
        "bytes": len(listing.data),
        "megapixels": width * height / 1e6,
        "longest_side": max(width, height),
        "shortest_side": min(width, height),
        "aspect": max(width, height) / min(width, height),
        "fill": _fill(product & (darkest <= 255 - JPEG_NOISE)),
        "off_white": _off_white(darkest, product),
    }


def _colour_space(profile: bytes | None) -> str:
    if profile is None:
        return "none"
    if profile == PROFILE:
        return "sRGB"
    return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()


def _fill(visible: UInt8) -> float:
    _, _, width, height = cv2.boundingRect(visible)
    return float(max(width / visible.shape[1], height / visible.shape[0]))


def _off_white(darkest: UInt8, product: UInt8) -> int:
    near = cv2.dilate(product, np.ones((2 * BLOCK - 1, 2 * BLOCK - 1), np.uint8))
    return int(np.count_nonzero((darkest < 255) & (near == 0)))
