"""The settings of the HTTP API's two functions, from their environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from handler.errors import BadConfig
from handler.settings import PREFIX, default_options
from pipeline.errors import BadOptions
from pipeline.options import Options

REQUIRED = {
    "HAIRLINE_INPUT_BUCKET": "the bucket that pictures of jobs are put into, below api/",
    "HAIRLINE_OUTPUT_BUCKET": "the bucket that their cutouts and reports appear in",
    "HAIRLINE_STATE_BUCKET": "the bucket of jobs' records, and of answers that are too large to be sent",
}
OPTIONAL = {
    "HAIRLINE_FORMAT": "the format of a cutout; as in Options",
    "HAIRLINE_OPTIONS": 'more default options of a cutout as JSON, such as {"quality": 90}; none',
    "HAIRLINE_MAX_MEGAPIXELS": "the largest picture in millions of pixels; as in Options",
    "HAIRLINE_MAX_BYTES": "the largest file in bytes; as in Options",
    "HAIRLINE_ALLOW_LOOPBACK": "yes on the local stack alone: whether image_url may be on this machine; no",
}
_COMMON = (*REQUIRED, *OPTIONAL)
READ = {
    "on_cutout_request": (*_COMMON, "HAIRLINE_MODEL", "HAIRLINE_MODEL_DIR", "HAIRLINE_MODEL_BUCKET"),
    "on_job_request": _COMMON,
}
"""Function to what it reads; the network's are as in `handler.settings`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A deployment's settings, as far as the HTTP API needs them."""

    input_bucket: str
    output_bucket: str
    state_bucket: str
    options: Options
    loopback: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from `env`, as `os.environ` is. Raises BadConfig, which names the variable."""
        given = {name: value.strip() for name, value in env.items() if name.startswith(PREFIX) and value.strip()}
        names = READ["on_cutout_request"]
        if unknown := given.keys() - set(names):
            raise BadConfig(f"There is no setting {', '.join(sorted(unknown))}. There are: {', '.join(names)}.")
        if missing := [name for name in REQUIRED if name not in given]:
            raise BadConfig(f"{', '.join(missing)} must be set.")
        if given.get("HAIRLINE_ALLOW_LOOPBACK", "no") not in ("yes", "no"):
            raise BadConfig("HAIRLINE_ALLOW_LOOPBACK must be yes or no.")
        try:
            options = default_options(given)
        except BadOptions as error:
            raise BadConfig(f"The settings ask for a wrong option. {error}") from error
        return cls(
            input_bucket=given["HAIRLINE_INPUT_BUCKET"],
            output_bucket=given["HAIRLINE_OUTPUT_BUCKET"],
            state_bucket=given["HAIRLINE_STATE_BUCKET"],
            options=options,
            loopback=given.get("HAIRLINE_ALLOW_LOOPBACK") == "yes",
        )
