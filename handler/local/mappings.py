"""Event source mappings of FetchFunction, CallbackFunction and DeadLetterFunction."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from handler.local import functions, template
from handler.local.container import Container
from handler.local.stack import Stack
from handler.local.worker import Worker

FUNCTIONS = ("FetchFunction", "CallbackFunction", "DeadLetterFunction")


@contextmanager
def polling(stack: Stack, log: Path, *, workers: int = 1, names: Sequence[str] = FUNCTIONS) -> Iterator[None]:
    """Process the queues of these functions for as long as the block lasts.

    log: the file to append the functions' output to. workers: how many for each queue. names: of the functions.
    """
    described = template.load()
    urls = {f"{name}.Arn": url for name, url in stack.names.items()}  # a mapping names its queue by ARN
    with ExitStack() as opened:
        for name in [*names] * workers:
            (mapping,) = template.properties(described, name)["Events"].values()
            opened.enter_context(
                Worker(
                    stack.client("sqs"),
                    [template.resolve(mapping["Properties"]["Queue"], urls, described)],
                    mapping["Properties"]["BatchSize"],
                    Container(functions.function(stack, name, log)),
                )
            )
        yield
