"""Options that cannot be set together."""

from typing import TYPE_CHECKING

from pipeline import marketplaces
from pipeline.errors import BadOptions
from pipeline.options.row import shortened

if TYPE_CHECKING:
    from pipeline.options import Options


def check(options: "Options") -> None:
    """Raise BadOptions if two options contradict each other; the message names both."""
    alone = options.channels == "alpha"
    for name in ("trimap", "scribbles"):
        if options.shrink_to_megapixels is not None and getattr(options, name) is not None:
            raise BadOptions(f"{name} has the size of the source, so leave out shrink_to_megapixels.")
    if options.depth == 16 and not (alone and options.format in ("png", "tiff")):
        raise BadOptions("depth 16 needs channels=alpha and format png or tiff.")
    if alone and options.background is not None:
        raise BadOptions("channels=alpha has no colours, so it takes no background. Leave one of the two out.")
    if alone and options.format == "zip":
        raise BadOptions("format zip holds colour and alpha. For channels=alpha choose another format.")
    if options.format == "jpeg" and not alone and options.background is None:
        raise BadOptions("format jpeg cannot be transparent. Give a background, or choose png or webp.")
    if alone and options.shadow != "none":
        raise BadOptions("channels=alpha is the matte alone, so it takes no shadow. Leave one of the two out.")
    for marketplace in options.marketplaces:
        _check_marketplace(options, marketplace)


def _check_marketplace(options: "Options", marketplace: str) -> None:
    table = options.table()
    for name, harmless in marketplaces.DECIDED.items():
        value = getattr(options, name)
        if value != table[name].default and value not in harmless:
            raise BadOptions(
                f"{name} {shortened(table[name].described(value))} contradicts the marketplace {marketplace}, which "
                f"sets {name} itself. Leave one of the two out."
            )
    if options.shadow != "none" and not marketplaces.MARKETPLACES[marketplace].shadows:
        raise BadOptions(
            f"shadow {options.shadow} contradicts the marketplace {marketplace}, which requires exact white around the "
            "product. Leave one of the two out."
        )
