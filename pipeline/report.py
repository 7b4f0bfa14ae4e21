"""What is told about a cutout, or about a refusal, as JSON values.

The schema's number grows when its readers must change.
"""

from collections.abc import Mapping
from typing import Any

from pipeline.errors import HairlineError, NoSubject
from pipeline.listings import Listing
from pipeline.models import ModelSpec
from pipeline.options import Options
from pipeline.quality import Quality, nothing
from pipeline.types import Canvas, Encoded, Facts, Picture
from pipeline.version import __version__

SCHEMA = 1


def completed(
    data: bytes,
    picture: Picture,
    spec: ModelSpec | None,
    options: Options,
    quality: Quality,
    stages: Mapping[str, Facts],
    canvas: Canvas,
    output: Encoded,
    listings: Mapping[str, Listing],
    ms: Mapping[str, int],
) -> dict[str, Any]:
    """The report of a cutout that was made; spec is of the network whose answer it is.

    Only milliseconds, `ms`, differ between two runs on the same input.
    """
    return {
        **_heading("done", spec, options),
        "source": _source(data, picture),
        "quality": quality.described(),
        **{stage: dict(facts) for stage, facts in stages.items()},
        **_outputs(canvas, output, listings),
        "ms": dict(ms),
    }


def applied(
    data: bytes,
    picture: Picture,
    options: Options,
    matting: Facts,
    canvas: Canvas,
    output: Encoded,
    listings: Mapping[str, Listing],
) -> dict[str, Any]:
    """The report of a cutout that was made by a matte given: no model, and nothing to judge."""
    return {
        **_heading("done", None, options),
        "source": _source(data, picture),
        "matting": dict(matting),
        **_outputs(canvas, output, listings),
    }


def rejection(error: HairlineError, spec: ModelSpec | None, options: Options) -> dict[str, Any]:
    """The report of a picture that was refused, with the reason as a word and as a sentence.

    spec: of the network that looks first, whether or not it came to that. Where the error is NoSubject, the picture was
    looked at and has a judgement as well.
    """
    told = {**_heading("rejected", spec, options), "reason": {"code": error.code, "message": str(error)}}
    return told | {"quality": nothing().described()} if isinstance(error, NoSubject) else told


def _source(data: bytes, picture: Picture) -> dict[str, Any]:
    height, width = picture.rgb.shape[:2]
    return {
        "format": picture.format,
        "width": width,
        "height": height,
        "bytes": len(data),
        "transparent": picture.alpha is not None,
        "notes": list(picture.notes),
    }


def _outputs(canvas: Canvas, output: Encoded, listings: Mapping[str, Listing]) -> dict[str, Any]:
    made = {
        "content_type": output.content_type,
        "width": canvas.size[0],
        "height": canvas.size[1],
        "bytes": len(output.data),
        "subject": list(canvas.subject) if canvas.subject else None,
    }
    return {
        "output": made,
        "listings": {name: listing.described() for name, listing in listings.items()},
        "compliance": {name: listing.compliance.described() for name, listing in listings.items()},
    }


def _heading(status: str, spec: ModelSpec | None, options: Options) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "hairline": __version__,
        "status": status,
        "model": {"name": spec.name, "sha256": spec.sha256, "licence": spec.licence} if spec else None,
        "options": options.described(),
        "options_digest": options.digest(),
    }
