"""What can go wrong outside the pipeline, as part of the pipeline's tree.

    HairlineError
    ├── BadEvent            not an event that this trigger sends, or one that names an object that is off limits
    ├── SourceMissing       the image was deleted before it was processed
    ├── SourceChanged       the image was replaced; the new one has an event of its own
    ├── BadSignature        a webhook that its sender did not sign, or not verifiably
    ├── PayloadTooLarge     a request whose body is over its limit
    ├── StoreUnavailable    an AWS service failed: an outage, a throttle, a missing permission
    ├── FetchError          a URL could not be downloaded; the message is deliberately vague, so that callers cannot
    │   │                   probe the network that this runs in
    │   ├── FetchRefused    final: not allowed, not found, too many redirects
    │   └── FetchFailed     a retry may work: no answer, too slow, a fault of the server
    ├── GivenUp             an image could not be processed in all its tries; the cause is not for customers
    ├── CallbackFailed      the receiver failed every delivery attempt
    └── BadConfig           the deployment's settings are incomplete or contradict one another

What follows from each is in `handler.dispositions`.
"""

from pipeline.errors import HairlineError


class BadEvent(HairlineError):
    """The event cannot be understood, or names an object that is off limits. A retry changes nothing."""

    code = "bad_event"


class SourceMissing(HairlineError):
    """The object, or that version of it, no longer exists."""

    code = "source_missing"


class SourceChanged(HairlineError):
    """The object was replaced after the event was sent."""

    code = "source_changed"


class BadSignature(HairlineError):
    """The sender of the webhook gets only the code; the message is for the log."""

    code = "bad_signature"


class PayloadTooLarge(HairlineError):
    """The body of a request is over its limit. The message says what the limit is."""

    code = "payload_too_large"


class StoreUnavailable(HairlineError):
    """An AWS service failed. The message quotes it."""

    code = "store_unavailable"


class FetchError(HairlineError):
    """A URL could not be downloaded. detail: why, for the log and never for the sender of the URL."""

    code = "download_failed"
    VAGUE = "The URL could not be downloaded. Check that it is public and begins with https://."

    def __init__(self, detail: str, message: str = VAGUE) -> None:
        super().__init__(message)
        self.detail = detail


class FetchRefused(FetchError):
    """A retry changes nothing."""


class FetchFailed(FetchError):
    """A retry may work."""


class GivenUp(HairlineError):
    """An image could not be processed. The message gives no reason, since reports and notifications leave the
    account.
    """

    code = "given_up"

    def __init__(
        self,
        message: str = "The image could not be processed. The operator finds the reason in the dead-letter queue.",
    ) -> None:
        super().__init__(message)


class CallbackFailed(HairlineError):
    """The last attempt to deliver a callback failed. The message says what the receiver did."""

    code = "callback_failed"


class BadConfig(HairlineError):
    """A setting is missing, unknown or wrong. The message names it. Raised at start-up only."""

    code = "bad_config"


def code(error: Exception) -> str:
    """The name of an error in logs and dead letters: its code, or its class if it is not Hairline's."""
    return error.code if isinstance(error, HairlineError) else type(error).__name__
