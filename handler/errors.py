"""What can go wrong outside the pipeline, hung into the pipeline's tree.

    HairlineError
    ├── BadEvent            not an event that this trigger sends, or one that names what we may not touch
    ├── SourceMissing       the picture was removed before we came to it
    ├── SourceChanged       the picture was replaced; the newer one has, or had, an event of its own
    ├── BadSignature        a hook that its sender did not sign, or not so that we can tell
    ├── TooMuch             a request with a larger body than is taken
    ├── StoreUnavailable    S3 or SQS did not do what was asked: a fault, a throttle, a missing permission
    ├── NotFetched          a URL did not give what was asked of it; the words are the same for all that could tell a
    │   │                   stranger what stands in our network
    │   ├── FetchRefused    it never will: not allowed, not there, redirected too often
    │   └── FetchFailed     it may another time: no answer, too slow, the server's own fault
    ├── CallbackFailed      whoever wanted to be told did not listen, time and again
    └── BadConfig           the deployment's settings are incomplete or contradict one another

What follows from each is in `handler.dispositions`.
"""

from pipeline.errors import HairlineError


class BadEvent(HairlineError):
    """The event cannot be understood, or names what we may not touch; sending it again changes nothing."""

    code = "bad_event"


class SourceMissing(HairlineError):
    """The object, or that version of it, is no longer there."""

    code = "source_missing"


class SourceChanged(HairlineError):
    """The object was replaced after the event was sent."""

    code = "source_changed"


class BadSignature(HairlineError):
    """Nobody is told more than that: the message is for our own log."""

    code = "bad_signature"


class TooMuch(HairlineError):
    """The body of a request is larger than its kind can have reason to be."""

    code = "too_much"


class StoreUnavailable(HairlineError):
    """S3 or SQS did not do what was asked. The message holds its own words."""

    code = "store_unavailable"


class NotFetched(HairlineError):
    """A URL could not be fetched. detail: why, for our own log and never for whoever named the URL."""

    code = "not_fetched"
    UNREACHABLE = "The address could not be fetched. Make sure that it is public and begins with https://."

    def __init__(self, detail: str, message: str = UNREACHABLE) -> None:
        super().__init__(message)
        self.detail = detail


class FetchRefused(NotFetched):
    """Asking again changes nothing."""


class FetchFailed(NotFetched):
    """Another try may do."""


class CallbackFailed(HairlineError):
    """The last try to deliver a callback came to nothing. The message says what the receiver did."""

    code = "callback_failed"


class BadConfig(HairlineError):
    """A setting is missing, unknown or wrong. The message names it. Raised at start-up only."""

    code = "bad_config"
