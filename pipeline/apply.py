"""Apply a matte that was solved once to other sizes of the same image."""

import numpy as np

from pipeline import compose, decode, describe, encode, foreground, listings, option_images, raster, shrink
from pipeline.errors import AspectMismatch
from pipeline.listings import Listing
from pipeline.options import Options
from pipeline.report import AppliedReport, GivenMatteFacts
from pipeline.types import Cutout, Encoded, Float32, Matte, Picture, Result, UInt8

_DEFAULTS = Options()


def apply_matte(data: bytes, alpha: bytes, options: Options = _DEFAULTS) -> Result[AppliedReport]:
    """Cut the subject out of an image with the matte of another size of the same image.

    data: the image file. alpha: the file of a grey matte, or of a cutout, whose transparency is used. options: only
    those that shape the output have an effect. The subject's colours are estimated from this image, at its own size.
    Where the image is transparent itself, the smaller of the two alphas counts.
    Raises InputError if the image is at fault, BadOptions if the matte or the background is, and AspectMismatch if
    image and matte differ in shape.
    """
    source = decode.decode(data, **options.limits())
    picture = shrink.shrink(source, options.shrink_to_megapixels)
    known = _alpha(alpha, options)
    background = option_images.background(options)
    matte = Matte(_fitted(known, picture))
    cutout = _cutout(picture, matte)
    canvas = compose.compose(cutout, matte, options, background)
    output = encode.encode(canvas, format=options.format, quality=options.quality, depth=options.depth)
    listed = {name: listings.make(cutout, matte, options, name) for name in options.marketplaces}
    given: GivenMatteFacts = {"method": "given", "width": known.shape[1], "height": known.shape[0]}
    report = describe.applied(data, source, options, given, canvas, output, listed)
    return Result(output, {}, {name: listing.encoded for name, listing in listed.items()}, report)


def list_cutout(cutout: Encoded, options: Options) -> dict[str, Listing]:
    """The listing images that `options` ask for, by marketplace, of an image that was cut out before.

    cutout: a PNG as `cut_out` makes it without a background, shadow or placement, so that it holds the whole matte and
    the subject's own colours. They are the same files as of `apply_matte` with the image and this matte.
    """
    rgba = cutout.to_numpy()
    matte = Matte(raster.unit(np.ascontiguousarray(rgba[..., 3])))
    return {name: listings.make(Cutout(rgba), matte, options, name) for name in options.marketplaces}


def _alpha(data: bytes, options: Options) -> UInt8:
    """The matte in a file, uint8 (H, W): its transparency if it has any, else its grey values."""
    transparency = option_images.decoded("matte", decode.decode, data, options).alpha
    if transparency is not None:
        return transparency
    return option_images.decoded("matte", decode.decode_grey, data, options)


def _fitted(alpha: UInt8, picture: Picture) -> Float32:
    """`alpha` at the picture's size, limited by the picture's own, float32 (H, W) of 0..1. Raises AspectMismatch.

    The smaller of the two and not their product, because a matte of Hairline's includes the picture's own alpha.
    """
    (height, width), (rows, columns) = alpha.shape, picture.rgb.shape[:2]
    across, down = columns / width, rows / height
    # Sides are rounded to whole pixels, so one side's factor may be off by a pixel of the smaller image for the other.
    if min(abs(columns - down * width), abs(rows - across * height)) > max(1, across, down):
        raise AspectMismatch(
            f"The image is {columns} x {rows} pixels and the matte {width} x {height}, so their shapes differ. Use the "
            "matte made from this image, before any crop."
        )
    values = np.clip(raster.resampled(raster.unit(alpha), (columns, rows)), 0, 1)
    return values if picture.alpha is None else np.minimum(values, raster.unit(picture.alpha))


def _cutout(picture: Picture, matte: Matte) -> Cutout:
    if picture.alpha is None:
        return foreground.unmix(picture, matte)
    # The source's colours are straight, so its own alpha is divided out before the background's colour is removed.
    own = raster.unit(picture.alpha)
    without_own = np.divide(matte.alpha, own, out=np.zeros_like(own), where=own > 0)
    return foreground.faded(foreground.unmix(picture, Matte(np.minimum(without_own, 1))), matte)
