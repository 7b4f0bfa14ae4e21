"""The options that an image brings with it, in its object's metadata."""

from handler.aws.bucket import ObjectHead
from handler.config import parse_options
from handler.jobs import METADATA
from pipeline.options import Options


def own(source: ObjectHead, defaults: Options) -> Options:
    """The deployment's defaults, overridden by the object's own options. Raises BadOptions."""
    text = source.metadata.get(METADATA)
    if not text:
        return defaults
    return defaults.overridden_by(parse_options(text, f"The object's metadata x-amz-meta-{METADATA}"))
