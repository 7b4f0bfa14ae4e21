"""The deployment's settings: the only place that knows the names of environment variables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from handler.errors import BadConfig
from pipeline import models
from pipeline.errors import BadOptions
from pipeline.models import ModelSpec
from pipeline.options import Options

PREFIX = "HAIRLINE_"

REQUIRED = {
    "HAIRLINE_INPUT_BUCKET": "the bucket that pictures are dropped into; this function never writes there",
    "HAIRLINE_OUTPUT_BUCKET": "the bucket that cutouts and reports are written to; never the input bucket",
    "HAIRLINE_DEAD_LETTER_QUEUE_URL": "where a message goes that can never be worked on, with the reason",
}
OPTIONAL = {
    "HAIRLINE_MODEL": "the network's name, or auto; u2netp",
    "HAIRLINE_MODEL_DIR": "the folder of the weights; models/ beside the code",
    "HAIRLINE_MODEL_BUCKET": "the bucket that weights come from which are not in that folder; none",
    "HAIRLINE_FORMAT": "the format of a cutout; as in Options",
    "HAIRLINE_MARKETPLACES": "marketplaces that a listing is made for, with commas between them; none",
    "HAIRLINE_OPTIONS": 'more default options of a cutout as JSON, such as {"quality": 90}; none',
    "HAIRLINE_MAX_MEGAPIXELS": "the largest picture in millions of pixels; as in Options",
    "HAIRLINE_MAX_BYTES": "the largest file in bytes; as in Options",
    "HAIRLINE_EVENT_BUS": "the event bus that is told how pictures ended; nobody is told",
    "HAIRLINE_CALLBACK_QUEUE_URL": "where callbacks wait to be delivered, required with an event bus; none",
    "HAIRLINE_STATE_BUCKET": "the bucket of what has to be remembered, required with an event bus; none",
}
"""With the default after the semicolon. An empty value counts as none, since a template cannot leave one out."""


@dataclass(frozen=True, slots=True)
class NotificationTargets:
    """Whom to tell how pictures ended, and where to remember that it was done."""

    event_bus: str
    callback_queue_url: str
    state_bucket: str


@dataclass(frozen=True, slots=True)
class Network:
    """What tells the subject. folder: of weights that are there already. bucket: where others come from."""

    model: ModelSpec
    folder: Path
    bucket: str | None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises BadConfig for a model that there is not."""
        try:
            model = models.named(env.get("HAIRLINE_MODEL") or "u2netp")
        except BadOptions as error:
            raise BadConfig(f"HAIRLINE_MODEL: {error}") from error
        folder = Path(env.get("HAIRLINE_MODEL_DIR") or models.DEFAULT_FOLDER)
        return cls(model, folder, env.get("HAIRLINE_MODEL_BUCKET") or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A deployment's settings. Raises BadConfig when made with one bucket for both."""

    input_bucket: str
    output_bucket: str
    dead_letter_queue_url: str
    network: Network
    options: Options
    notify: NotificationTargets | None = None

    def __post_init__(self) -> None:
        if self.input_bucket == self.output_bucket:
            raise BadConfig(
                f"Input and output bucket are both {self.input_bucket!r}, so each cutout would be taken for a new "
                "picture. Give HAIRLINE_OUTPUT_BUCKET a bucket of its own."
            )

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from `env`, as `os.environ` is. Raises BadConfig, which names the variable."""
        given = {name: value.strip() for name, value in env.items() if name.startswith(PREFIX) and value.strip()}
        if unknown := given.keys() - REQUIRED.keys() - OPTIONAL.keys():
            raise BadConfig(f"There is no setting {', '.join(sorted(unknown))}. There are: {', '.join(names())}.")
        if missing := [name for name in REQUIRED if name not in given]:
            raise BadConfig(f"{', '.join(missing)} must be set.")
        try:
            return cls(
                input_bucket=given["HAIRLINE_INPUT_BUCKET"],
                output_bucket=given["HAIRLINE_OUTPUT_BUCKET"],
                dead_letter_queue_url=given["HAIRLINE_DEAD_LETTER_QUEUE_URL"],
                network=Network.from_env(given),
                options=default_options(given),
                notify=_telling(given),
            )
        except BadOptions as error:
            raise BadConfig(f"The settings ask for a wrong option. {error}") from error


def names() -> tuple[str, ...]:
    """Every variable that is read, required ones first."""
    return (*REQUIRED, *OPTIONAL)


def _telling(given: Mapping[str, str]) -> NotificationTargets | None:
    wanted = ("HAIRLINE_EVENT_BUS", "HAIRLINE_CALLBACK_QUEUE_URL", "HAIRLINE_STATE_BUCKET")
    if wanted[0] not in given:
        return None
    if missing := [name for name in wanted if name not in given]:
        raise BadConfig(f"With HAIRLINE_EVENT_BUS, {' and '.join(missing)} must be set too.")
    return NotificationTargets(*(given[name] for name in wanted))


def default_options(given: Mapping[str, str]) -> Options:
    """The options that the settings ask for. Raises BadConfig, BadOptions."""
    limits: dict[str, Any] = {}
    for name, field, kind in (
        ("HAIRLINE_MAX_MEGAPIXELS", "max_megapixels", float),
        ("HAIRLINE_MAX_BYTES", "max_bytes", int),
    ):
        if name in given:
            try:
                limits[field] = kind(given[name])
            except ValueError as error:
                raise BadConfig(f"{name} is {given[name]!r}, but must be a number.") from error
    shape: dict[str, Any] = {}
    if "HAIRLINE_FORMAT" in given:
        shape["format"] = given["HAIRLINE_FORMAT"]
    if "HAIRLINE_MARKETPLACES" in given:
        shape["marketplaces"] = tuple(name.strip() for name in given["HAIRLINE_MARKETPLACES"].split(","))
    # Laid over the defaults at once, since one may need the other, as JPEG needs a background.
    return Options(**limits).overlaid(shape | parse_options(given.get(name := "HAIRLINE_OPTIONS", "{}"), name))


def parse_options(text: str, where: str) -> dict[str, Any]:
    """A JSON object of options. where: its name for the reader. Raises BadOptions where it is anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadOptions(f"{where} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BadOptions(f'{where} must be a JSON object, such as {{"format": "webp"}}.')
    return value
