"""Send callbacks again: those in the dead-letter queue, or those of images that you name by their keys.

Like the AWS CLI, it uses the account and region of its environment. It also sends to receivers that are switched off.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from handler import notifications
from handler.aws import reports
from handler.aws.bucket import S3Store
from handler.aws.clients import Patience, client
from handler.aws.dead_letters import DeadLetters
from handler.aws.queue import Queue
from handler.errors import BadEvent, SourceMissing, StoreUnavailable
from handler.jobs import CALLBACK, ObjectRef
from handler.notifications import Delivery


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 if all callbacks were queued, 1 if some could not be, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m handler.hooks.resend", description=__doc__)
    parser.add_argument("--queue", required=True, help="the stack's output CallbackQueueUrl")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dead", help="the stack's output CallbackDeadLetterQueueUrl: resend all its callbacks")
    source.add_argument(
        "--output", help="the stack's output OutputBucket: resend the callbacks of the keys that follow"
    )
    parser.add_argument("keys", nargs="*", help="keys of images in the input bucket, with --output")
    args = parser.parse_args(argv)
    if bool(args.keys) != bool(args.output):
        parser.error("give keys together with --output, and only then")
    sqs = client("sqs", Patience.QUEUE)
    queue = Queue(sqs, args.queue)
    try:
        if args.dead:
            return _dead_letters(DeadLetters(sqs, args.dead), queue)
        store = S3Store(client("s3", Patience.QUEUE))
        return max(_image(store, args.output, key, queue) for key in args.keys)
    except StoreUnavailable as error:
        print(error, file=sys.stderr)
        return 1


def _dead_letters(dead_letters: DeadLetters, queue: Queue) -> int:
    status = 0
    for letter in dead_letters.receive():
        try:
            delivery = Delivery.parse(letter.body)
        except BadEvent as error:
            print(f"left in the dead-letter queue: {error}", file=sys.stderr)
            status = 1
            continue
        queue.send(replace(delivery, attempt=0, due=0, again=True).message())
        # Only now: an interruption here sends it twice, which the receiver recognises by the id.
        dead_letters.delete(letter)
        print(f"{delivery.id}  {delivery.key}")
    return status


def _image(store: S3Store, output: str, key: str, queue: Queue) -> int:
    try:
        report = reports.stored(store, output, key)
    except SourceMissing:
        print(f"{key}: the bucket {output} has no report of it", file=sys.stderr)
        return 1
    original = ObjectRef(report["object"]["bucket"], key)
    try:
        callback = store.head(original).metadata.get(CALLBACK)
    except SourceMissing:
        callback = None
    notification = notifications.from_report(report, output, callback)
    queue.send(Delivery.of(notification, datetime.now(UTC), again=True).message())
    print(f"{notification.id}  {key}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
