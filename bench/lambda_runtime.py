"""Runs a function under Lambda's own runtime: AWS's runtime interface emulator and awslambdaric.

https://github.com/aws/aws-lambda-runtime-interface-emulator. Its binary comes with aws-sam-cli.
"""

import json
import os
import platform
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

from bench.readonly import readonly
from handler.local.environment import sealed
from handler.local.stack import Stack

ROOT = Path(__file__).resolve().parents[1]
SAM = ROOT / ".venv-sam"
START_S = 20.0
WATCHED = """
import sys, isolated
isolated.watch(sys.argv.pop(1))
from awslambdaric.__main__ import main
main(sys.argv)
"""
"""Starts awslambdaric as `python -m awslambdaric` does, but rejects writes outside the folder in the first argument."""


class EmulatorMissing(Exception):
    """aws-sam-cli is not installed in .venv-sam, or contains no emulator for this machine."""


def emulator() -> Path:
    """The emulator's binary for this machine. Raises EmulatorMissing."""
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    for found in SAM.glob(f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}"):
        return found
    raise EmulatorMissing("Lambda's runtime interface emulator is not installed. Run `make .venv-sam/stamp-synced`.")


class Deployed(NamedTuple):
    """The folders of a deployed function, and its Python.

    function: filled by `make build-CutoutFunction`. layer: what Lambda mounts at /opt. tools: contains awslambdaric.
    interpreter: a Python of the layer's version.
    """

    function: Path
    layer: Path
    tools: Path
    interpreter: Path


def deploy(function: Path, layer: Path, tools: Path, interpreter: Path) -> Deployed:
    """Fill the new folder `function` with the function's code, as `sam build` does, and make it read-only."""
    function.mkdir()
    command = ["make", "--silent", "build-CutoutFunction", f"ARTIFACTS_DIR={function}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for path in function.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return Deployed(function, layer, tools, interpreter)


def environment(deployed: Deployed, stack: Stack, temporary: Path) -> dict[str, str]:
    """The function's environment variables, without those of this machine."""
    packages = (deployed.layer / "python", deployed.tools, ROOT / "tests" / "layers")
    return {
        **sealed({"PATH": os.defpath, "LANG": "en_US.UTF-8"}),
        **stack.variables,
        "HAIRLINE_MODEL_DIR": str(deployed.layer / "models"),
        "AWS_ENDPOINT_URL": stack.endpoint,
        "AWS_LAMBDA_FUNCTION_NAME": "hairline-cutout",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(stack.timeout_s),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(stack.memory_mb),
        "HOME": "/proc/none",  # cannot be made, not even by root
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": ":".join(map(str, (deployed.function, *packages))),
    }


class LambdaRuntime:
    """One container of a function. It starts at the first call, and handles one event at a time.

    handler: such as "handler.cutouts.app.on_queue". temporary: the only folder that its Python can write to, like
    /tmp on Lambda. log: gets the output of the function and the emulator. variables: override the stack's environment.
    """

    def __init__(
        self,
        deployed: Deployed,
        handler: str,
        stack: Stack,
        temporary: Path,
        log: IO[bytes],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._port, runtime_port = _free_ports()
        self._timeout_s = stack.timeout_s
        # -S hides the packages that are installed for the interpreter.
        runtime: list[str | Path] = [deployed.interpreter, "-S", "-c", WATCHED, temporary, handler]
        command: list[str | Path] = [
            emulator(),
            f"--runtime-interface-emulator-address=127.0.0.1:{self._port}",
            f"--runtime-api-address=127.0.0.1:{runtime_port}",
            *runtime,
        ]
        self._process = subprocess.Popen(
            readonly(temporary, command),
            cwd=deployed.function,
            env={**environment(deployed, stack, temporary), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def call(self, event: Any) -> Any:
        """The function's response, from JSON; after an error, its `errorMessage` and `errorType`.

        Raises OSError if the emulator does not respond.
        """
        self._wait()
        address = f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations"
        request = urllib.request.Request(address, json.dumps(event).encode(), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=self._timeout_s + START_S) as answer:
            return json.loads(answer.read())

    def _wait(self) -> None:
        """Wait until the emulator listens."""
        end = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]
