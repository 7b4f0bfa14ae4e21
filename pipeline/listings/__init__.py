"""Cutout, Matte -> a marketplace's listing picture and how it keeps that marketplace's rules."""

from dataclasses import dataclass, replace

import numpy as np

from pipeline import compose, encode
from pipeline.box import Box
from pipeline.compose.placement import VISIBLE, place
from pipeline.geometry import Position
from pipeline.listings.compliance import Compliance, check
from pipeline.marketplaces import MARKETPLACES, QUALITY, WHITE, Marketplace
from pipeline.options import Options
from pipeline.report import ListingFacts
from pipeline.types import Cutout, Encoded, Float32, Matte

_CUT_OFF = 0.5
"""Alpha from which a pixel at the source's edge means that the product goes on beyond it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """quality: of the JPEG, as found."""

    encoded: Encoded
    size: tuple[int, int]
    subject: Box | None
    quality: int
    compliance: Compliance

    def described(self) -> ListingFacts:
        """The file in the report, as JSON values."""
        return {
            "content_type": self.encoded.content_type,
            "width": self.size[0],
            "height": self.size[1],
            "bytes": len(self.encoded.data),
            "subject": self.subject.described() if self.subject else None,
            "quality": self.quality,
        }


def make(cutout: Cutout, matte: Matte, options: Options, name: str) -> Listing:
    """The listing of the marketplace `name`; of `options` those that it does not decide itself.

    A product that the source's edge cuts off lies against the same edge of the listing, rather than floating with a
    straight cut (of two opposite edges, against the one that cuts off more); compliance says that it is cut off.
    Residues of alpha that no eye sees are left out, so that white is exact. Raises NoSubject where nothing is visible.
    """
    marketplace = MARKETPLACES[name]
    own = _options(matte.alpha, options, marketplace)
    canvas = compose.compose(cutout, matte, own, None, least=VISIBLE)
    made, quality = encode.encode_within(
        canvas, format=own.format, most_bytes=marketplace.most_bytes(), least=QUALITY[0], best=QUALITY[1]
    )
    shape = replace(own, channels="alpha", background=None, format="png", shadow="none")
    alpha = compose.compose(cutout, matte, shape, None, least=VISIBLE).alpha
    assert alpha is not None  # for mypy: channels=alpha asks for it
    placed = place(matte.alpha, own)
    compliance = check(
        made,
        marketplace,
        alpha,
        touches_edge=float(np.concatenate(_edges(matte.alpha)).mean()),
        enlarged=placed.target.width / placed.source.width,
    )
    return Listing(made, canvas.size, canvas.subject, quality, compliance)


def _options(alpha: Float32, options: Options, marketplace: Marketplace) -> Options:
    top, bottom, left, right = (int(np.count_nonzero(edge)) for edge in _edges(alpha))
    across, down = (0.5 + 0.5 * float(np.sign(far - near)) for near, far in ((left, right), (top, bottom)))
    through = (top and bottom) or (left and right)  # cut off on both sides, it has to reach from one to the other
    return replace(
        options,
        marketplaces=(),
        format="jpeg",
        background=WHITE,
        canvas=marketplace.canvas,
        scale=100 if through else marketplace.fill,
        position=Position(across, down),
    )


def _edges(alpha: Float32) -> list[np.ndarray]:
    """Where the product meets the source's top, bottom, left and right."""
    return [edge > _CUT_OFF for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])]
