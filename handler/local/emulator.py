"""S3, SQS, EventBridge and Secrets Manager on the loopback interface: moto's server in a process of its own."""

import importlib.util
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import PIPE

from handler.local.child import Child, at_end_of_input
from handler.local.environment import sealed

HOST = "127.0.0.1"


class EmulatorMissing(Exception):
    """moto's server is not installed."""


@contextmanager
def emulator() -> Iterator[str]:
    """Yield the endpoint, such as "http://127.0.0.1:43215", of an empty emulator that stops with the block.

    Raises EmulatorMissing if moto is not installed.
    """
    with starting() as (endpoint, wait):
        wait()
        yield endpoint


@contextmanager
def starting() -> Iterator[tuple[str, Callable[[], None]]]:
    """Like `emulator`, but yield while it starts: the endpoint, and a function that waits until it responds."""
    if missing := [name for name in ("moto", "flask") if importlib.util.find_spec(name) is None]:
        raise EmulatorMissing(
            f"The local stack needs {' and '.join(missing)}, which are not installed. "
            "Run `make run` or `make serve`, which install them, or: pip install 'moto[server,s3,sqs]'"
        )
    with socket.create_server((HOST, 0), backlog=128) as listener:  # in the parent, so that the port is known at once
        port = listener.getsockname()[1]
        listener.set_inheritable(True)
        child = Child(
            "handler.local.emulator",
            [str(listener.fileno())],
            environment=sealed(os.environ),
            output=PIPE,
            inherited=[listener.fileno()],
        )

    def wait() -> None:
        if not child.line():
            raise RuntimeError("The emulator of S3 and SQS did not start; its own message is above.")

    with child:
        yield f"http://{HOST}:{port}", wait


def main(listener: int) -> None:
    """The child: serve on a socket until standard input ends; write a line to standard output when ready."""
    # Imported here, since it takes a second and the parent does not need it.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from handler.local.presigned import PresignedChecks

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    ended = threading.Event()
    at_end_of_input(ended.set)
    app = PresignedChecks(DomainDispatcherApplication(create_backend_app))
    server = make_server(HOST, 0, app, threaded=True, request_handler=MotoRequestHandler, fd=listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    ended.wait()  # nothing is kept, so nothing has to be closed


if __name__ == "__main__":
    import sys

    main(int(sys.argv[1]))
