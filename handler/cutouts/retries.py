"""When a message whose image failed is received again.

Without this, it would stay hidden for the queue's whole visibility timeout, which is meant for a function that hangs: a
fault of S3 that lasts seconds would cost half an hour. A function that is killed cannot shorten it.
"""

WAITS_S = (15, 60, 240, 900, 900, 900, 900)
"""Seconds between a failed try and the next."""
MAX_TRIES = len(WAITS_S) + 1
"""The queue's maxReceiveCount in template.yaml."""


def wait_s(attempt: int) -> int:
    """Seconds to wait after a try that failed. attempt: its number, from 1.

    After the last try SQS moves the message to the dead-letter queue at once, when it is received again.
    """
    return WAITS_S[attempt - 1] if attempt < MAX_TRIES else 0
