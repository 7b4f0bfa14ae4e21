"""A finished listing held to a marketplace's rules. What is measured is the file, as a reader decodes it.

The measures, which `marketplaces.Rule` names:

| measure | of the file |
|---|---|
| format, mode | as Pillow calls them: "JPEG", "RGB" |
| colour_space | "sRGB", "none" without a profile, else the profile's own name |
| bytes, megapixels, longest_side, shortest_side, aspect | the last is the longer side through the shorter |
| fill | the share of the frame that the product's longer side takes, as far as it can be told from the ground |
| off_white | pixels away from the product that are not exactly (255, 255, 255) |

and of how it was made: `touches_edge`, the share of the source's edge that the product is cut off by, and `enlarged`,
how many times larger than in the source it is.
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
"""The side, in pixels, of JPEG's blocks, within which an edge spreads (ITU-T T.81, A.1.1; without subsampling)."""
TOLD_APART = 5
"""Of 255, how far a pixel has to differ from white to be seen as the product's rather than as JPEG's noise."""


@dataclass(frozen=True, slots=True)
class Compliance:
    """complies: whether all rules pass. rules: by measure, "passes", "value", what is asked, and on whose word."""

    complies: bool
    rules: Mapping[str, RuleFacts]

    def described(self) -> ComplianceFacts:
        """As JSON values."""
        return {"complies": self.complies, "rules": dict(self.rules)}


def check(
    listing: Encoded, marketplace: Marketplace, alpha: Float32, *, touches_edge: float, enlarged: float
) -> Compliance:
    """Hold `listing` to the marketplace's rules.

    alpha: float32 (H, W) 0..1 of the listing, where the product is. touches_edge, enlarged: see above.
    """
    measured = {**_measures(listing, alpha), "touches_edge": touches_edge, "enlarged": enlarged}
    judged: dict[str, RuleFacts] = {}
    for rule in rules(marketplace):
        value = measured[rule.measure]
        shown = round(value, 4) if isinstance(value, float) else value
        judged[rule.measure] = {"passes": rule.passes(value), "value": shown, **rule.described()}
    return Compliance(all(rule["passes"] for rule in judged.values()), judged)


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
        "fill": _fill(product & (darkest <= 255 - TOLD_APART)),
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
