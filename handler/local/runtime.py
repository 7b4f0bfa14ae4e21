"""The program in a container. Like Lambda's runtime, it loads a function and calls it with each event.

It reads events from standard input, one JSON line each, and writes a line for each to standard output: {"reply": ...}
or {"error": "..."}. The first line is {"ready": true} or {"error": "..."}. The function's own output and tracebacks go
to standard error.
"""

import argparse
import importlib
import json
import os
import sys
import traceback
from typing import IO, Any

import snapshot_restore_py

from handler.local.poller import Context
from pipeline.errors import HairlineError


def main() -> None:
    """Process events until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m handler.local.runtime", description=__doc__)
    parser.add_argument("handler", help='such as "handler.cutouts.app.on_queue"')
    parser.add_argument("--timeout", required=True, type=float, help="of the function, in seconds")
    parser.add_argument("--memory", required=True, type=int, help="of the function, in MB")
    args = parser.parse_args()
    with os.fdopen(os.dup(1), "wb") as replies, os.fdopen(os.dup(0), "rb") as events:
        os.dup2(2, 1)
        try:
            function = _load(args.handler)
        except HairlineError as error:  # such as a wrong setting, or weights that are missing
            print(error, file=sys.stderr)
            _write(replies, {"error": str(error)})
            sys.exit(1)
        _write(replies, {"ready": True})
        for line in events:
            _write(replies, _answer(function, json.loads(line), Context(args.timeout, args.memory)))


def _load(handler: str) -> Any:
    """The function, after its hooks for the moment before a snapshot (SnapStart) have run."""
    module, _, name = handler.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    hooks = snapshot_restore_py.get_before_snapshot()
    while hooks:
        hook, arguments, keywords = hooks.pop()
        hook(*arguments, **keywords)
    return function


def _answer(function: Any, event: Any, context: Context) -> dict[str, Any]:
    try:
        reply = function(event, context)
        json.dumps(reply)
    except Exception as error:  # noqa: BLE001  Lambda's runtime catches whatever a function raises, logs it and goes on
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}
    return {"reply": reply}


def _write(replies: IO[bytes], value: dict[str, Any]) -> None:
    replies.write(json.dumps(value).encode() + b"\n")
    replies.flush()


if __name__ == "__main__":
    main()
