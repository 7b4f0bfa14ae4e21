"""The HTTP API on this machine: a server, a gateway and the functions."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from handler.local import functions, server, template
from handler.local.container import Container, Pool
from handler.local.gateway import Gateway
from handler.local.stack import Stack

FUNCTIONS = ("ApiCutoutFunction", "ApiJobFunction", "WebhookFunction")
MAX_CONTAINERS = 4
"""Of each function, so that an image_url that does not respond holds up one container only."""


@dataclass(frozen=True, slots=True)
class Site:
    """url: such as "http://127.0.0.1:8080/live". keys: the API keys. disabled: as `Gateway` has them."""

    url: str
    keys: tuple[str, ...]
    disabled: set[str]

    @property
    def key(self) -> str:
        """The first key."""
        return self.keys[0]


@contextmanager
def serving(
    stack: Stack,
    log: Path | None = None,
    *,
    keys: tuple[str, ...] = (),
    parameters: Mapping[str, str] = MappingProxyType({}),
    port: int = 0,
    custom_domain: bool = False,
) -> Iterator[Site]:
    """Serve the API on a stack for as long as the block lasts.

    log: the file to append the functions' output to, or None for standard error. keys: the API keys, by default a
    random one. parameters: override the template's defaults for ApiRate and ApiBurst. port: 0 for one that is free.
    custom_domain: as for Gateway. Raises StartFailed, PortTaken.
    """
    plan = template.defaults(template.load()) | dict(parameters)
    ids = {key: secrets.token_hex(5) for key in keys or (secrets.token_urlsafe(24),)}
    with ExitStack() as opened:
        pools = {}
        for name in FUNCTIONS:
            pools[name] = Pool(partial(Container, functions.function(stack, name, log)), MAX_CONTAINERS)
            opened.callback(pools[name].stop)
        for pool in pools.values():
            pool.ready()
        calls = {name: pool.call for name, pool in pools.items()}
        rate, burst = float(plan["ApiRate"]), float(plan["ApiBurst"])
        gateway = Gateway(calls, ids, rate=rate, burst=burst, custom_domain=custom_domain)
        bound = opened.enter_context(server.listening(gateway, port))
        yield Site(f"http://{server.HOST}:{bound}{gateway.base}", tuple(ids), gateway.disabled)
