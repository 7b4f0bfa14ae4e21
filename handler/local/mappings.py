"""The queues of shops and of callbacks, each with its function at work on it."""

import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from handler.local import template
from handler.local.container import Container
from handler.local.environment import sealed
from handler.local.poller import Handler, Poller
from handler.local.stack import Stack

FUNCTIONS = ("FetchFunction", "CallbackFunction")


@contextmanager
def polling(stack: Stack, out: Path, *, functions: int = 1) -> Iterator[None]:
    """Work on both queues for as long as the block lasts.

    out: the folder in which the functions' output is added to shops.log. functions: how many of each kind.
    """
    described = template.load()
    told = threading.Event()
    with ExitStack() as opened:
        threads = []
        for name in FUNCTIONS * functions:
            function = template.properties(described, name)
            (mapping,) = function["Events"].values()
            environment = {**sealed(os.environ), **stack.environment(name), "AWS_ENDPOINT_URL": stack.endpoint}
            environment["HAIRLINE_ALLOW_LOOPBACK"] = "yes"  # pictures and receivers may be on this machine
            container = Container(function["Handler"], function["Timeout"], environment, out / "shops.log")
            opened.callback(container.close)
            poller = Poller(
                sqs=stack.client("sqs"),
                queue_url=template.resolve(mapping["Properties"]["Queue"], _urls(stack), described),
                handler=_function(container),
                batch_size=mapping["Properties"]["BatchSize"],
                timeout_s=function["Timeout"],
                memory_mb=function["MemorySize"],
            )
            threads.append(threading.Thread(target=_poll, args=(poller, told)))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            told.set()
            for thread in threads:
                thread.join()


def _function(container: Container) -> Handler:
    return lambda event, _: container.call(event)  # it has a context of its own


def _urls(stack: Stack) -> dict[str, str]:
    """What a mapping names by its ARN, by the URL that receivers need."""
    return {f"{name}.Arn": url for name, url in stack.names.items()}


def _poll(poller: Poller, told: threading.Event) -> None:
    while not told.is_set():
        try:
            poller.poll(wait_s=1)
        except (BotoCoreError, ClientError):  # SQS had a fault; a mapping tries again as long as it is there
            traceback.print_exc()
            told.wait(1)
