"""Translates the errors of boto3 into Hairline's. No other module catches them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError

from handler.errors import StoreUnavailable
from pipeline.errors import HairlineError

MISSING = ("404", "NoSuchKey")
"""No such object. A HEAD has no body, so its code is the bare status. NoSuchBucket is a 404 too, but a fault."""
CONFLICT = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
"""The condition of a request does not hold; 409 is S3's answer to two writes at the same moment.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""


@contextmanager
def translated(task: str, expected: Mapping[str, HairlineError] | None = None) -> Iterator[None]:
    """Turn every error of boto3 within the block into one of Hairline's.

    task: what the block does, such as "read bucket/key". expected: AWS's error code to the error that it means here.
    Raises StoreUnavailable for all others: a throttle, a broken connection, a missing permission or bucket.
    """
    try:
        yield
    except (ClientError, BotoCoreError, RetriesExceededError, S3DownloadFailedError) as error:
        code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
        if expected is not None and code in expected:
            raise expected[code] from error
        raise StoreUnavailable(f"Could not {task}: {error}") from error


def was_repeated(error: HairlineError) -> bool:
    """Whether boto3 sent the request more than once. error: as `translated` raised it."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and cause.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0


def meaning(codes: Iterable[str], error: HairlineError) -> dict[str, HairlineError]:
    """`expected` of `translated` for codes that all mean the same."""
    return dict.fromkeys(codes, error)
