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
TEXTS = [base64.b64encode(image).decode() for image in IMAGES]

schemathesis.openapi.format("binary", strategies.sampled_from(IMAGES).map(Binary))
schemathesis.openapi.format("byte", strategies.sampled_from(TEXTS))
schemathesis.openapi.media_type("application/octet-stream", strategies.sampled_from(IMAGES))


@schemathesis.hook
def map_case(_context: HookContext, case: Case[Any]) -> Case[Any]:
    """Make a valid request likely to reach the cut, for which random values contradict one another too often."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return case
    if case.operation.path == "/v1.0/removebg" and isinstance(case.body, dict):
        case.body = _consistent(case.body)
    if case.query:
        # Many options need or exclude another.
        kept = sorted(case.query, key=lambda name: zlib.crc32(f"{name}{case.query[name]}".encode()))[:2]
        case.query = {name: case.query[name] for name in kept}
    return case


def _consistent(body: dict[str, Any]) -> dict[str, Any]:
    """One image, one background at most, and lengths and colours that an image of this size can have."""
    excluded = {name for names in EXCLUSIVE for name in [each for each in names if each in body][1:]}
    if body.get("channels") == "alpha":
        excluded |= {"format", "shadow_type", "add_shadow", *EXCLUSIVE[1]}
    kept = {name: value for name, value in body.items() if name not in excluded}
    if not kept.keys() & set(EXCLUSIVE[0]):
        kept["image_file_b64"] = TEXTS[0]
    plausible = {"roi": "0% 0% 90% 95%", "crop_margin": "10px 5%", "bg_color": "81d4fa"}
    return kept | {name: value for name, value in plausible.items() if name in kept}
