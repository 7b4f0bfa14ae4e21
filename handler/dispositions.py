"""What follows from each error, in the queue and over HTTP: one table."""

from enum import StrEnum
from typing import NamedTuple

from handler import errors
from pipeline import errors as library


class Disposition(StrEnum):
    """REJECT: the input is at fault; final. RETRY: it may work later. ALARM: a person must look at it; final."""

    REJECT = "rejected"
    RETRY = "retry"
    ALARM = "alarm"


class Rule(NamedTuple):
    """http: the status code. reported: whether a report.json in the output bucket names the error."""

    disposition: Disposition
    http: int
    reported: bool = False


REJECT, RETRY, ALARM = Disposition.REJECT, Disposition.RETRY, Disposition.ALARM

RULES: dict[type[Exception], Rule] = {
    library.BadOptions: Rule(REJECT, 400, reported=True),
    library.UnsupportedFormat: Rule(REJECT, 415, reported=True),
    library.CorruptImage: Rule(REJECT, 422, reported=True),
    library.ImageTooLarge: Rule(REJECT, 413, reported=True),
    library.NoSubject: Rule(REJECT, 422, reported=True),
    # The newer object, if there is one, has an event of its own; a report now would describe the wrong image.
    errors.SourceMissing: Rule(REJECT, 404),
    errors.SourceChanged: Rule(REJECT, 409),
    errors.StoreUnavailable: Rule(RETRY, 503),
    library.OutOfTime: Rule(RETRY, 503),
    library.OutOfMemory: Rule(RETRY, 503),
    library.MattingFailed: Rule(ALARM, 500),
    errors.BadEvent: Rule(ALARM, 400),
    errors.BadSignature: Rule(REJECT, 401),
    errors.PayloadTooLarge: Rule(REJECT, 413),
    errors.FetchRefused: Rule(REJECT, 400),
    errors.FetchFailed: Rule(RETRY, 400),
    errors.GivenUp: Rule(ALARM, 500),
    errors.CallbackFailed: Rule(ALARM, 500),
    # Faults of the deployment, found at start-up: images wait in the queue until they are fixed.
    library.ModelUnavailable: Rule(RETRY, 503),
    errors.BadConfig: Rule(RETRY, 500),
    # Unforeseen: a bug. The queue retries it, then moves it to the dead-letter queue.
    Exception: Rule(RETRY, 500),
}


def of(error: Exception) -> Rule:
    """The rule of the error's class, or of its nearest base class that has one."""
    return next(RULES[cls] for cls in type(error).__mro__ if cls in RULES)
