"""The table of environment variables: what each means, its default, and which functions read it.

docs/settings.md shows it. `handler.config` turns them into typed values.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from handler.errors import BadConfig

PREFIX = "HAIRLINE_"


class Function(StrEnum):
    """The functions, by their names in template.yaml."""

    CUTOUT = "CutoutFunction"
    API_CUTOUT = "ApiCutoutFunction"
    API_JOB = "ApiJobFunction"
    WEBHOOK = "WebhookFunction"
    FETCH = "FetchFunction"
    CALLBACK = "CallbackFunction"
    DEAD_LETTER = "DeadLetterFunction"
    BACKFILL = "BackfillFunction"
    BACKFILL_END = "BackfillEndFunction"


CUTOUT, API_CUTOUT, API_JOB, WEBHOOK, FETCH, CALLBACK, DEAD_LETTER, BACKFILL, BACKFILL_END = Function
_CUTTING, _API, _HOOKS = (CUTOUT, API_CUTOUT, BACKFILL), (API_CUTOUT, API_JOB), (WEBHOOK, FETCH, CALLBACK)
_QUEUE = (CUTOUT, DEAD_LETTER)
_BUCKETS = (*_QUEUE, BACKFILL, *_API)


class Setting(NamedTuple):
    """required, optional: the functions that read it. default: what its absence means, as docs/settings.md says it."""

    meaning: str
    required: tuple[Function, ...] = ()
    optional: tuple[Function, ...] = ()
    default: str = "none"


_WITH_EVENT_BUS = "required with `HAIRLINE_EVENT_BUS`"
SETTINGS = {
    "HAIRLINE_INPUT_BUCKET": Setting("bucket that images are uploaded to", (*_BUCKETS, FETCH)),
    "HAIRLINE_OUTPUT_BUCKET": Setting("bucket for cutouts and reports; not the input bucket", _BUCKETS),
    "HAIRLINE_STATE_BUCKET": Setting(
        "bucket for job records and delivery state", (*_API, *_HOOKS, BACKFILL_END), _QUEUE, _WITH_EVENT_BUS
    ),
    "HAIRLINE_DEAD_LETTER_QUEUE_URL": Setting(
        "queue for messages that can never succeed, with the reason", (*_QUEUE, FETCH, CALLBACK)
    ),
    "HAIRLINE_FETCH_QUEUE_URL": Setting("queue of products whose images are to be downloaded", (WEBHOOK, FETCH)),
    "HAIRLINE_JOB_QUEUE_URL": Setting("queue of images of API jobs", (API_JOB,)),
    "HAIRLINE_CALLBACK_QUEUE_URL": Setting("queue of callbacks to deliver", (FETCH, CALLBACK), _QUEUE, _WITH_EVENT_BUS),
    "HAIRLINE_EVENT_BUS": Setting(
        "EventBridge bus for notifications", (FETCH, BACKFILL_END), _QUEUE, "no events and no callbacks"
    ),
    "HAIRLINE_REGISTRY": Setting("name of the secret that lists webhook sources and callbacks", (API_JOB, *_HOOKS)),
    "HAIRLINE_MODEL": Setting("name of the model, or `auto`", (), (*_CUTTING, DEAD_LETTER), "u2netp"),
    "HAIRLINE_MODEL_DIR": Setting("folder with the weights of models", (), _CUTTING, "models/ beside the code"),
    "HAIRLINE_MODEL_BUCKET": Setting("bucket to download weights from that are not in that folder", (), _CUTTING),
    "HAIRLINE_OPTIONS": Setting(
        'default options of a cutout as JSON, such as `{"format": "webp"}`', (), _BUCKETS, "docs/options.md"
    ),
    "HAIRLINE_DELETE_OUTPUTS": Setting(
        "`yes` or `no`: whether the outputs of an image are deleted when it is", (), (CUTOUT,), "no"
    ),
    "HAIRLINE_MAX_MEGAPIXELS": Setting("reject images with more megapixels", (), _BUCKETS, "50"),
    "HAIRLINE_MAX_BYTES": Setting("reject files with more bytes", (), (*_BUCKETS, FETCH), "40000000"),
    "HAIRLINE_CORS_ORIGIN": Setting("origin of the web pages that may read the HTTP API's responses", (), _API, "*"),
    "HAIRLINE_API_RATE": Setting(
        "requests per second that the usage plan allows an API key, for `X-RateLimit-*`", (), _API, "no such headers"
    ),
    "HAIRLINE_API_BURST": Setting("requests that an API key may send in one burst", (), _API, "no such headers"),
    "HAIRLINE_ALLOW_LOOPBACK": Setting(
        "`yes` or `no`: whether URLs may lead to this machine; for the local stack", (), (*_API, *_HOOKS), "no"
    ),
}


def names(function: Function) -> tuple[str, ...]:
    """The variables that a function reads."""
    return tuple(name for name, row in SETTINGS.items() if function in (*row.required, *row.optional))


def read(function: Function, env: Mapping[str, str]) -> dict[str, str]:
    """The settings of a function that are not empty: a template cannot leave one out. env: as `os.environ` is.

    Raises BadConfig, which names the variables that are unknown or missing.
    """
    given = {name: value.strip() for name, value in env.items() if name.startswith(PREFIX) and value.strip()}
    if unknown := given.keys() - set(names(function)):
        raise BadConfig(f"Unknown setting {', '.join(sorted(unknown))}. {function} reads {', '.join(names(function))}.")
    if missing := [name for name, row in SETTINGS.items() if function in row.required and name not in given]:
        raise BadConfig(f"{', '.join(missing)} must be set for {function}.")
    return given


def documented() -> list[tuple[str, str, str, str]]:
    """The rows of docs/settings.md: variable, meaning, default, functions."""
    rows = []
    for name, row in SETTINGS.items():
        readers = [each for each in Function if each in (*row.required, *row.optional)]
        default = row.default if row.optional else "required"
        if row.required and row.optional:
            default = f"required; {', '.join(row.optional)}: {row.default}"
        rows.append((f"`{name}`", row.meaning, default, ", ".join(readers)))
    return rows
