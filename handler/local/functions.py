"""The template's functions on this machine: handlers, limits, and the environment of their containers."""

import os
from pathlib import Path

from handler import settings
from handler.local import template
from handler.local.container import Function
from handler.local.environment import sealed
from handler.local.stack import Stack

CUTOUT = "CutoutFunction"


def function(stack: Stack, name: str, log: Path | None = None) -> Function:
    """A function by its logical id. log: the file to append its output to, or None for standard error."""
    described = template.load()
    properties = template.properties(described, name)
    environment = {**sealed(os.environ), "AWS_ENDPOINT_URL": stack.endpoint}
    if name == CUTOUT:
        environment |= stack.variables
        timeout_s, memory_mb = stack.timeout_s, stack.memory_mb
    else:
        # Images, receivers and shops may be on this machine.
        environment |= stack.environment(name)
        if "HAIRLINE_ALLOW_LOOPBACK" in settings.names(settings.Function(name)):
            environment["HAIRLINE_ALLOW_LOOPBACK"] = "yes"
        rows = [properties["Timeout"], properties["MemorySize"]]
        timeout_s, memory_mb = map(int, template.resolve(rows, stack.names, described))
    return Function(
        handler=properties["Handler"], timeout_s=timeout_s, memory_mb=memory_mb, environment=environment, log=log
    )
