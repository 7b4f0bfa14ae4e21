"""The settings of the functions for hooks and callbacks: which each of them reads from its environment."""

from collections.abc import Mapping

from handler.errors import BadConfig

PREFIX = "HAIRLINE_"

SETTINGS = {
    "HAIRLINE_REGISTRY": "the name of the secret in Secrets Manager with the sources and their callbacks",
    "HAIRLINE_STATE_BUCKET": "the bucket of what has to be remembered",
    "HAIRLINE_FETCH_QUEUE_URL": "where products wait whose pictures are to be fetched",
    "HAIRLINE_CALLBACK_QUEUE_URL": "where news wait that are to be delivered",
    "HAIRLINE_DEAD_LETTER_QUEUE_URL": "where a message goes that can never be worked on, with the reason",
    "HAIRLINE_INPUT_BUCKET": "the bucket that shops' originals are put into, below shops/",
    "HAIRLINE_EVENT_BUS": "the event bus that is told how pictures ended",
    "HAIRLINE_MAX_BYTES": "the largest file that is fetched, in bytes",
    "HAIRLINE_ALLOW_LOOPBACK": "yes on the local stack alone: whether this machine itself may be asked, without TLS",
}

_COMMON = ("HAIRLINE_REGISTRY", "HAIRLINE_STATE_BUCKET", "HAIRLINE_ALLOW_LOOPBACK")
READ = {
    "on_webhook": (*_COMMON, "HAIRLINE_FETCH_QUEUE_URL"),
    "on_fetch": (
        *_COMMON,
        "HAIRLINE_FETCH_QUEUE_URL",
        "HAIRLINE_CALLBACK_QUEUE_URL",
        "HAIRLINE_DEAD_LETTER_QUEUE_URL",
        "HAIRLINE_INPUT_BUCKET",
        "HAIRLINE_EVENT_BUS",
        "HAIRLINE_MAX_BYTES",
    ),
    "on_callback": (*_COMMON, "HAIRLINE_CALLBACK_QUEUE_URL", "HAIRLINE_DEAD_LETTER_QUEUE_URL"),
}
"""Function to what it reads; HAIRLINE_ALLOW_LOOPBACK may be missing, nothing else may."""


def read(env: Mapping[str, str], function: str) -> dict[str, str]:
    """The settings of a function. env: as `os.environ` is. Raises BadConfig, which names the variables."""
    given = {name: value.strip() for name, value in env.items() if name.startswith(PREFIX) and value.strip()}
    wanted = READ[function]
    if unknown := given.keys() - set(wanted):
        raise BadConfig(f"There is no setting {', '.join(sorted(unknown))}. There are: {', '.join(wanted)}.")
    if missing := [name for name in wanted if name not in given and name != "HAIRLINE_ALLOW_LOOPBACK"]:
        raise BadConfig(f"{', '.join(missing)} must be set.")
    if given.get("HAIRLINE_ALLOW_LOOPBACK", "no") not in ("yes", "no"):
        raise BadConfig("HAIRLINE_ALLOW_LOOPBACK must be yes or no.")
    return given
