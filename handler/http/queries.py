"""Options in a query: texts into the values that Options takes. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from handler.http.parameters import truth
from pipeline.errors import BadOptions
from pipeline.marketplaces import MARKETPLACES
from pipeline.options import CHOICES

_TEXT: dict[str, Any] = {"type": "string"}
QUERIES: dict[str, tuple[Callable[[str], Any], dict[str, Any]]] = {
    "format": (str, {"type": "string", "enum": list(CHOICES["format"])}),
    "quality": (int, {"type": "integer", "minimum": 1, "maximum": 100}),
    "channels": (str, {"type": "string", "enum": list(CHOICES["channels"])}),
    "depth": (int, {"type": "integer", "enum": list(CHOICES["depth"])}),
    "megapixels": (float, {"type": "number", "minimum": 0.01, "maximum": 1000}),
    "matting": (str, {"type": "string", "enum": list(CHOICES["matting"])}),
    "background": (str, _TEXT),
    "blend": (str, {"type": "string", "enum": list(CHOICES["blend"])}),
    "crop": (truth, {"type": "boolean"}),
    "margin": (str, _TEXT),
    "scale": (float, {"type": "number", "minimum": 10, "maximum": 100}),
    "position": (str, _TEXT),
    "canvas": (str, _TEXT),
    "roi": (str, _TEXT),
    "shift": (float, {"type": "number", "minimum": -50, "maximum": 50}),
    "feather": (float, {"type": "number", "minimum": 0, "maximum": 50}),
    "shadow": (str, {"type": "string", "enum": list(CHOICES["shadow"])}),
    "shadow_opacity": (int, {"type": "integer", "minimum": 0, "maximum": 100}),
    "marketplace": (str, {"type": "string", "enum": list(MARKETPLACES)}),
}
"""Option to its reader, and its schema. `marketplace` is the one listing picture to answer with."""
UNASKED = ("trimap", "scribbles", "marketplaces", "stages")
"""Options that a query cannot hold: more than one picture in or out. A job takes the last two."""


def changes(query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What a query asks to change, as `Options.overlaid` takes it. Raises BadOptions, which names the option."""
    made: dict[str, Any] = {}
    for name, texts in query.items():
        if name not in QUERIES:
            raise BadOptions(f"There is no option {name[:80]!r} here. There are: {', '.join(QUERIES)}.")
        if len(texts) != 1:
            raise BadOptions(f"{name} is given {len(texts)} times.")
        reader, schema = QUERIES[name]
        try:
            made[name] = reader(texts[0])
        except ValueError as error:
            raise BadOptions(f"{name} is {texts[0][:80]!r}, but must be of the type {schema['type']}.") from error
    if "marketplace" in made:
        made["marketplaces"] = (made.pop("marketplace"),)
    return made
