"""S3 and SQS on the loopback interface: moto's server in a process of its own."""

import importlib.util
import logging
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from handler.local.child import Child, when_told_to_stop
from handler.local.environment import sealed


class EmulatorMissing(Exception):
    """moto's server is not installed."""


@contextmanager
def emulator() -> Iterator[str]:
    """Yield the endpoint, such as "http://127.0.0.1:43215", of an empty emulator that stops with the block.

    The port is one that was free. Raises EmulatorMissing where moto is not installed.
    """
    if missing := [name for name in ("moto", "flask") if importlib.util.find_spec(name) is None]:
        raise EmulatorMissing(
            f"The local stack needs {' and '.join(missing)}, which are not installed here. "
            "Run it by `make run` or `make serve`, which install them, or do: pip install 'moto[server,s3,sqs]'"
        )
    with Child("handler.local.emulator", environment=sealed(os.environ), output=subprocess.PIPE) as child:
        port = child.line().strip()
        if not port:
            raise RuntimeError("The emulator of S3 and SQS did not start; its own message is above.")
        yield f"http://127.0.0.1:{int(port)}"


def main() -> None:
    """The child: serve until told to stop. The port goes to standard output."""
    from moto.server import ThreadedMotoServer  # here, since importing it takes a second and the parent needs it not

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    told = threading.Event()
    when_told_to_stop(told.set)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)  # port 0: the system picks a free one
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    told.wait()
    server.stop()


if __name__ == "__main__":
    main()
