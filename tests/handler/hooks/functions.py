"""What FetchFunction and CallbackFunction depend on, in moto and on the small internet of this machine."""

import json

from handler.aws.bucket import S3Store
from handler.hooks import callbacks, downloads
from handler.hooks.originals import Originals
from handler.untrusted.fetch import Fetcher
from handler.untrusted.guard import Policy
from tests.handler.hooks.conftest import INPUT


def download_deps(world, net):
    policy = Policy()
    return downloads.Deps(
        world.registry,
        world.queue("fetch"),
        world.dead_letters,
        Originals(S3Store(world.s3), INPUT, Fetcher(policy, net.wire)),
        world.bus,
        policy,
        net.wire,
    )


def callback_deps(world, net):
    return callbacks.Deps(
        world.registry,
        world.queue("callbacks"),
        world.dead_letters,
        world.state,
        callbacks.POLICY,
        net.wire,
        jitter=lambda: 0.5,
    )


def process_all(world, deps, *bodies):
    """Process the messages and those that follow from them; return the outcomes."""
    outcomes = [downloads.process(body, deps) for body in bodies]
    while messages := world.messages("fetch"):
        outcomes += [downloads.process(json.dumps(message), deps) for message in messages]
    return outcomes
