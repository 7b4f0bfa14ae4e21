"""The settings of each function as typed values, checked at start-up."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from handler import settings
from handler.errors import BadConfig
from handler.settings import Function
from pipeline import models
from pipeline.errors import BadOptions
from pipeline.models import ModelSpec
from pipeline.models.choice import AUTO, FORM, SMALL
from pipeline.options import Options

_MB_PER_PROCESSOR = 1769

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The model that finds the subject.

    name: of a model, or a combination that `pipeline.models.choice.chosen` resolves by the weights that there are.
    folder: of weights that need no download. bucket: to download others from, or None.
    """

    name: str
    folder: Path
    bucket: str | None

    @property
    def known(self) -> ModelSpec | None:
        """The row of the model that runs first; None for a model of your own, whose row is stored with its weights."""
        return models.MODELS.get(SMALL if self.name == AUTO else self.name.partition("+")[0])

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Raises BadConfig for what cannot be a model's name."""
        name = given.get("HAIRLINE_MODEL", SMALL)
        if FORM.fullmatch(name) is None:
            raise BadConfig(
                f"HAIRLINE_MODEL is {name!r}, but must be a model's name, or two names such as u2netp+isnet."
            )
        folder = Path(given.get("HAIRLINE_MODEL_DIR", models.DEFAULT_FOLDER))
        return cls(name, folder, given.get("HAIRLINE_MODEL_BUCKET"))


@dataclass(frozen=True, slots=True)
class NotificationConfig:
    """Where notifications are sent, and the bucket with a mark for each one that was."""

    event_bus: str
    callback_queue_url: str
    state_bucket: str

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Raises BadConfig."""
        wanted = ("HAIRLINE_EVENT_BUS", "HAIRLINE_CALLBACK_QUEUE_URL", "HAIRLINE_STATE_BUCKET")
        if missing := [name for name in wanted if name not in given]:
            raise BadConfig(f"With HAIRLINE_EVENT_BUS, {' and '.join(missing)} must be set too.")
        return cls(*(given[name] for name in wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketConfig:
    """Settings of the functions that cut images from one bucket to another. Raises BadConfig if both are the same.

    delete_outputs: whether the outputs of an image are deleted when it is.
    """

    input_bucket: str
    output_bucket: str
    model: ModelConfig
    options: Options
    delete_outputs: bool = False

    def __post_init__(self) -> None:
        if self.input_bucket == self.output_bucket:
            raise BadConfig(
                f"Input and output bucket are both {self.input_bucket!r}, so each cutout would be processed as a new "
                "image. Give HAIRLINE_OUTPUT_BUCKET a bucket of its own."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoutConfig(BucketConfig):
    """Settings of CutoutFunction."""

    FUNCTION: ClassVar = Function.CUTOUT

    dead_letter_queue_url: str
    notifications: NotificationConfig | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """env: such as `os.environ`. Raises BadConfig, which names the variable."""
        given = settings.read(cls.FUNCTION, env)
        return cls(
            **bucket_fields(given, env),
            dead_letter_queue_url=given["HAIRLINE_DEAD_LETTER_QUEUE_URL"],
            delete_outputs=switch(given, "HAIRLINE_DELETE_OUTPUTS"),
            notifications=NotificationConfig.of(given) if "HAIRLINE_EVENT_BUS" in given else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterConfig(CutoutConfig):
    """Settings of DeadLetterFunction, which reports the images that CutoutFunction could not. It loads no weights."""

    FUNCTION: ClassVar = Function.DEAD_LETTER


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig:
    """Settings of WebhookFunction. registry: the name of a secret."""

    registry: str
    state_bucket: str
    fetch_queue_url: str
    allow_loopback: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """env: such as `os.environ`. Raises BadConfig, which names the variable."""
        given = settings.read(Function.WEBHOOK, env)
        return cls(
            registry=given["HAIRLINE_REGISTRY"],
            state_bucket=given["HAIRLINE_STATE_BUCKET"],
            fetch_queue_url=given["HAIRLINE_FETCH_QUEUE_URL"],
            allow_loopback=allow_loopback(given),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchConfig:
    """Settings of FetchFunction. registry: the name of a secret. max_bytes: of a download."""

    registry: str
    input_bucket: str
    fetch_queue_url: str
    dead_letter_queue_url: str
    max_bytes: int
    allow_loopback: bool
    notifications: NotificationConfig

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """env: such as `os.environ`. Raises BadConfig, which names the variable."""
        given = settings.read(Function.FETCH, env)
        return cls(
            registry=given["HAIRLINE_REGISTRY"],
            input_bucket=given["HAIRLINE_INPUT_BUCKET"],
            fetch_queue_url=given["HAIRLINE_FETCH_QUEUE_URL"],
            dead_letter_queue_url=given["HAIRLINE_DEAD_LETTER_QUEUE_URL"],
            max_bytes=default_options(given).max_bytes,
            allow_loopback=allow_loopback(given),
            notifications=NotificationConfig.of(given),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackConfig:
    """Settings of CallbackFunction. registry: the name of a secret."""

    registry: str
    state_bucket: str
    callback_queue_url: str
    dead_letter_queue_url: str
    allow_loopback: bool

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """env: such as `os.environ`. Raises BadConfig, which names the variable."""
        given = settings.read(Function.CALLBACK, env)
        return cls(
            registry=given["HAIRLINE_REGISTRY"],
            state_bucket=given["HAIRLINE_STATE_BUCKET"],
            callback_queue_url=given["HAIRLINE_CALLBACK_QUEUE_URL"],
            dead_letter_queue_url=given["HAIRLINE_DEAD_LETTER_QUEUE_URL"],
            allow_loopback=allow_loopback(given),
        )


def parse_options(text: str, where: str) -> dict[str, Any]:
    """A JSON object of options. where: its name, for messages. Raises BadOptions."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadOptions(f"{where} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BadOptions(f'{where} must be a JSON object, such as {{"format": "webp"}}.')
    return value


def bucket_fields(given: Mapping[str, str], env: Mapping[str, str]) -> dict[str, Any]:
    """The fields of `BucketConfig`. Raises BadConfig."""
    return {
        "input_bucket": given["HAIRLINE_INPUT_BUCKET"],
        "output_bucket": given["HAIRLINE_OUTPUT_BUCKET"],
        "model": ModelConfig.of(given),
        "options": with_threads(default_options(given), env),
    }


def default_options(given: Mapping[str, str]) -> Options:
    """The deployment's default options and limits. Raises BadConfig."""
    limits: dict[str, Any] = {}
    for name, option, kind in (
        ("HAIRLINE_MAX_MEGAPIXELS", "max_megapixels", float),
        ("HAIRLINE_MAX_BYTES", "max_bytes", int),
    ):
        if name in given:
            limits[option] = number(given, name, kind)
    try:
        return Options(**limits).overridden_by(parse_options(given.get("HAIRLINE_OPTIONS", "{}"), "HAIRLINE_OPTIONS"))
    except BadOptions as error:
        raise BadConfig(f"A default option is wrong. {error}") from error


def number(given: Mapping[str, str], name: str, kind: Callable[[str], _Number]) -> _Number:
    """A setting as a number, of the type `kind`. Raises BadConfig."""
    try:
        return kind(given.get(name, ""))
    except ValueError as error:
        raise BadConfig(f"{name} is {given.get(name, '')!r}, but must be a number.") from error


def with_threads(options: Options, env: Mapping[str, str]) -> Options:
    """The options with one thread for each processor that Lambda grants, which may be fewer than the system shows.

    Outside Lambda they are unchanged. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    """
    if options.threads is not None or "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" not in env:
        return options
    return replace(options, threads=max(1, round(int(env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) / _MB_PER_PROCESSOR)))


def allow_loopback(given: Mapping[str, str]) -> bool:
    """Whether URLs may lead to this machine. Raises BadConfig."""
    return switch(given, "HAIRLINE_ALLOW_LOOPBACK")


def switch(given: Mapping[str, str], name: str) -> bool:
    """A setting that is yes or no; no if it is absent. Raises BadConfig."""
    text = given.get(name, "no")
    if text not in ("yes", "no"):
        raise BadConfig(f"{name} is {text!r}, but must be yes or no.")
    return text == "yes"
