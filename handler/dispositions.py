"""THE table: what follows from each error, and the word for it on each wire."""

from enum import StrEnum
from typing import NamedTuple

from handler import errors as ours
from pipeline import errors


class Disposition(StrEnum):
    """REJECT: the input is at fault, so it is acknowledged. RETRY: it may pass. ALARM: a person must look at it."""

    REJECT = "rejected"
    RETRY = "retry"
    ALARM = "alarm"


class Rule(NamedTuple):
    """batch: the result code of S3 Batch Operations. http: the status. reported: whether a report.json tells of it."""

    disposition: Disposition
    batch: str
    http: int
    reported: bool = False


REJECT, RETRY, ALARM = Disposition.REJECT, Disposition.RETRY, Disposition.ALARM
_PERMANENT, _TEMPORARY = "PermanentFailure", "TemporaryFailure"

RULES: dict[type[Exception], Rule] = {
    errors.BadOptions: Rule(REJECT, _PERMANENT, 400, reported=True),
    errors.UnsupportedFormat: Rule(REJECT, _PERMANENT, 415, reported=True),
    errors.CorruptImage: Rule(REJECT, _PERMANENT, 422, reported=True),
    errors.ImageTooLarge: Rule(REJECT, _PERMANENT, 413, reported=True),
    errors.NoSubject: Rule(REJECT, _PERMANENT, 422, reported=True),
    # The newer object, if there is one, has an event of its own; a report now would be of the wrong picture.
    ours.SourceMissing: Rule(REJECT, _PERMANENT, 404),
    ours.SourceChanged: Rule(REJECT, _PERMANENT, 409),
    ours.StoreUnavailable: Rule(RETRY, _TEMPORARY, 503),
    errors.OutOfTime: Rule(RETRY, _TEMPORARY, 503),
    errors.OutOfMemory: Rule(RETRY, _TEMPORARY, 503),
    errors.MattingFailed: Rule(ALARM, _PERMANENT, 500),
    ours.BadEvent: Rule(ALARM, _PERMANENT, 400),
    ours.BadSignature: Rule(REJECT, _PERMANENT, 401),
    ours.TooMuch: Rule(REJECT, _PERMANENT, 413),
    ours.FetchRefused: Rule(REJECT, _PERMANENT, 400),
    ours.FetchFailed: Rule(RETRY, _TEMPORARY, 400),
    ours.CallbackFailed: Rule(ALARM, _PERMANENT, 500),
    # Faults of the deployment, found at start-up: the queue keeps the pictures until it is mended.
    errors.ModelUnavailable: Rule(RETRY, _TEMPORARY, 503),
    ours.BadConfig: Rule(RETRY, _TEMPORARY, 500),
    # Whatever nobody thought of. The queue gives it some more chances and then moves it to the dead letters.
    Exception: Rule(RETRY, _TEMPORARY, 500),
}


def of(error: Exception) -> Rule:
    """The rule of the error's class, or of the nearest class above it that has one."""
    return next(RULES[cls] for cls in type(error).__mro__ if cls in RULES)
