"""A stand-in for one Lambda container: a process that polls the queue and runs `handler.cutouts.app.on_queue`."""

import argparse
import importlib
import os
import signal
import sys
import threading
import traceback
from typing import IO

from botocore.exceptions import BotoCoreError, ClientError

from handler.cutouts import wiring
from handler.local.child import Child, when_told_to_stop
from handler.local.environment import client, sealed
from handler.local.poller import Poller
from handler.local.stack import Stack
from pipeline.errors import HairlineError


def start(stack: Stack, log: IO[bytes] | None = None) -> Child:
    """Start a worker on a stack, with the function's environment. log: for what the handler logs; None: standard error.

    It works until it is stopped. It ends by itself, with a message in the log, where the handler cannot start.
    """
    arguments = [
        f"--queue-url={stack.queue_url}",
        f"--batch-size={stack.batch_size}",
        f"--timeout={stack.timeout_s}",
        f"--memory={stack.memory_mb}",
    ]
    environment = {**sealed(os.environ), **stack.variables, "AWS_ENDPOINT_URL": stack.endpoint}
    return Child("handler.local.worker", arguments, environment=environment, output=log, errors=log)


def main() -> None:
    """The child: poll until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m handler.local.worker", description=__doc__)
    parser.add_argument("--queue-url", required=True)
    parser.add_argument("--batch-size", required=True, type=int)
    parser.add_argument("--timeout", required=True, type=float)
    parser.add_argument("--memory", required=True, type=int)
    args = parser.parse_args()

    told = threading.Event()
    when_told_to_stop(told.set)
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    app = importlib.import_module("handler.cutouts.app")  # by name, as Lambda does
    try:
        wiring.deps()
    except HairlineError as error:  # on Lambda each message would tell; here somebody waits
        sys.exit(str(error))
    poller = Poller(
        sqs=client("sqs", os.environ["AWS_ENDPOINT_URL"]),
        queue_url=args.queue_url,
        handler=app.on_queue,
        batch_size=args.batch_size,
        timeout_s=args.timeout,
        memory_mb=args.memory,
    )
    while not told.is_set():
        try:
            poller.poll(wait_s=1)
        except (BotoCoreError, ClientError):  # SQS had a fault; a mapping tries again as long as it is there
            traceback.print_exc()
            told.wait(1)


if __name__ == "__main__":
    main()
