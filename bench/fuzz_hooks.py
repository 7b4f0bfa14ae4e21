"""What schemathesis sends as images, for `bench.fuzz`: it loads this module by the variable SCHEMATHESIS_HOOKS."""

import base64
import io
import zlib
from typing import Any

import schemathesis
from hypothesis import strategies
from PIL import Image, ImageDraw
from schemathesis import Case, GenerationMode, HookContext
from schemathesis.transport.serialization import Binary

EXCLUSIVE = (("image_file", "image_file_b64", "image_url"), ("bg_image_file", "bg_color", "bg_image_url"))
"""Fields of which a form may have one; the first is the best."""


def _image(form: str, size: tuple[int, int]) -> bytes:
    """A red disc on grey, which is quick to cut out."""
    image, buffer = Image.new("RGB", size, (225, 225, 220)), io.BytesIO()
    ImageDraw.Draw(image).ellipse([side // 5 for side in size] + [side * 4 // 5 for side in size], fill=(180, 40, 30))
    image.save(buffer, form)
    return buffer.getvalue()


IMAGES = [_image("JPEG", (96, 96)), _image("PNG", (64, 96)), _image("WEBP", (128, 64))]

schemathesis.openapi.format("binary", strategies.sampled_from(IMAGES).map(Binary))
schemathesis.openapi.format("byte", strategies.sampled_from([base64.b64encode(image).decode() for image in IMAGES]))
schemathesis.openapi.media_type("application/octet-stream", strategies.sampled_from(IMAGES))


@schemathesis.hook
def map_case(_context: HookContext, case: Case[Any]) -> Case[Any]:
    """Make a valid request likely to reach the cut, for which it is too random in three ways.

    Of several images or backgrounds in a form it keeps one. A region lies inside the image. A query has at most three
    options, since many of them need or exclude another.
    """
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return case
    if isinstance(case.body, dict):
        for names in EXCLUSIVE:
            for other in [name for name in names if name in case.body][1:]:
                del case.body[other]
        if "roi" in case.body:
            case.body["roi"] = "0% 0% 90% 95%"
    if case.query:
        kept = sorted(case.query, key=lambda name: zlib.crc32(f"{name}{case.query[name]}".encode()))[:3]
        case.query = {name: case.query[name] for name in kept}
    return case
